"""Errors about a part of a protocol, with its path, and what one row can be told by itself.

The path lets the loader name the line of the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic_core import PydanticCustomError

Path = tuple[str | int, ...]

Problems = Iterator[PydanticCustomError]
"""What a rule between parts yields, each with its path."""


def problem(path: Path, message: str) -> PydanticCustomError:
    """Return a pydantic error about the part at `path`, relative to the validated model."""
    return PydanticCustomError("protocol", "{message}", {"message": message, "path": path})


def raise_all(*found: PydanticCustomError) -> None:
    """Raise one error that holds all that were found; do nothing if there is none.

    Raises
    ------
    PydanticCustomError
        There is one.
    """
    if not found:
        return
    parts = [
        (context["path"], context["message"]) for one in found if (context := one.context or {})
    ]
    raise PydanticCustomError(
        "protocol", "{message}", {"message": parts[0][1], "path": parts[0][0], "parts": parts}
    )


def check_bounds(op: str, per_protocol: float | None, minor: float | None, at: Path = ()) -> None:
    """Refuse bounds that are missing, that a report has, or that stand in the wrong order."""
    if op == "report":
        if per_protocol is not None or minor is not None:
            raise problem((*at, "op"), "a limit that is only reported has no bounds")
        return
    if per_protocol is None:
        raise problem((*at, "per_protocol"), f"op {op} needs a per-protocol bound")
    if minor is None or minor == per_protocol:
        return
    if op == "==" or (minor < per_protocol) != (op in (">=", ">")):
        raise problem(
            (*at, "minor"),
            f"the minor bound {minor:g} is stricter than the per-protocol bound {per_protocol:g}",
        )


def check_volumes(between_rows: str, volumes_cc: Sequence[float | None]) -> None:
    """Refuse a table whose target volumes do not rise; only steps may end without a volume."""
    for i, volume_cc in enumerate(volumes_cc):
        at = ("table", i, "ptv_cc")
        if volume_cc is None:
            if between_rows != "step" or i + 1 < len(volumes_cc) or i == 0:
                raise problem(at, "only the last of several steps may be without a volume")
        elif i > 0 and volume_cc <= (volumes_cc[i - 1] or 0):
            raise problem(at, f"{volume_cc:g} does not rise above the row before")
