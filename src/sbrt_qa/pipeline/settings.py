"""What a user keeps in a file ``sbrt-qa.yaml``, and where such a file is obeyed.

It is read from the user's configuration folder, from the working directory, or where ``--config``
says, and from nowhere else: one that lies inside a submission was written by somebody else and
decides nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from sbrt_qa.errors import ProtocolError, UsageError, quoted
from sbrt_qa.i18n.phrase import say

NAME: Final = "sbrt-qa.yaml"
KEYS: Final = (
    "rx", "map", "protocol", "dose_is", "site", "far", "not_a_target", "course", "alternatives",
    "height_cm", "weight_kg",
)  # fmt: skip
LISTS: Final = {
    "rx": "texts such as PTV=50Gy/5", "map": "names such as Leber=Liver", "far": "names of organs",
    "not_a_target": "names, or texts such as PTV_old=treated last year",
}  # fmt: skip
"""Keys with several values, and what they are."""

MOST_BYTES: Final = 64_000
"""Largest file of settings that is read."""

MOST_LISTED: Final = 5
"""Files inside a submission that are listed."""


@dataclass(frozen=True, slots=True)
class UserSettings:
    """What was taken from files, by key.

    ``rx``, ``map``, ``far`` and ``not_a_target`` are texts as the command line takes them; so is
    ``alternatives``, yes or nothing, and ``height_cm`` and ``weight_kg``, numbers. ``taken``
    says of each key where it is from; ``refused`` which files were not obeyed, and why.
    """

    rx: tuple[str, ...] = ()
    map: tuple[str, ...] = ()
    protocol: str = ""
    dose_is: str = ""
    site: str = ""
    far: tuple[str, ...] = ()
    not_a_target: tuple[str, ...] = ()
    course: str = ""
    alternatives: str = ""
    height_cm: str = ""
    weight_kg: str = ""
    taken: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    @property
    def competes(self) -> bool:
        """Whether plans beside each other are alternatives."""
        return self.alternatives == "yes"

    def told(self, given: Sequence[str]) -> tuple[str, ...]:
        """Return one sentence for each key that was taken; not for keys of the command line."""
        return tuple(
            say("{0}: taken from {1} in {2}", key, NAME, place)
            for key, place in self.taken.items()
            if key not in given
        )


def settings_for(
    cases: Sequence[Path], config: Path | None = None, *, trusted: bool = True
) -> UserSettings:
    """Read the settings that hold for cases.

    A key of the working directory goes before the same key of the user's folder; `config` takes the
    place of both.

    Parameters
    ----------
    cases
        Files and folders to be read; what lies inside them is never obeyed.
    trusted
        False for untrusted files: then no settings are obeyed.

    Raises
    ------
    UsageError
        A file cannot be read, has an unknown key, or `config` lies inside a case.
    """
    refused = tuple(_inside(cases))
    if config is not None and (not trusted or _lies_in(config, cases)):
        why = "it lies inside the submission" if trusted else "not with --untrusted"
        raise UsageError("--config is not read", got=quoted(config.name), expected=why)
    values: dict[str, object] = {}
    taken: dict[str, str] = {}
    for place, path in [("--config", config)] if config else _places():
        if config is None and not os.path.lexists(path):
            continue
        if not trusted:
            refused += (say("{0} in {1} is ignored: untrusted input", NAME, place),)
        elif _lies_in(path, cases):
            refused += (say("{0} in {1} is ignored: it lies inside the case", NAME, place),)
        else:
            read = _read(path)
            values |= read
            taken |= dict.fromkeys(read, place)
    return UserSettings(**values, taken=taken, refused=tuple(dict.fromkeys(refused)))  # type: ignore[arg-type]


def _places() -> list[tuple[str, Path]]:
    """Return where settings are looked for, the one that goes before the other last."""
    home = Path.home()
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    user = (say("the user's configuration folder"), folder / "sbrt-qa" / NAME)
    return [user, (say("the working directory"), Path.cwd() / NAME)]


def _lies_in(path: Path, cases: Sequence[Path]) -> bool:
    """Tell whether a file, or what it is a link to, lies inside one of the cases."""
    places = {path.resolve(), path.parent.resolve() / path.name}
    folders = [c.resolve() for c in cases]
    return any(f in (p, *p.parents) for p in places for f in folders)


def _inside(cases: Sequence[Path]) -> Iterator[str]:
    """Tell of files of this name inside the cases."""
    found = (
        file
        for case in cases
        if case.is_dir()
        for file in case.rglob("*")
        if file.name.casefold() in (NAME, NAME.replace(".yaml", ".yml"))
    )
    for file in islice(found, MOST_LISTED):
        yield say("{0} lies inside the case and is ignored", quoted(file.name))


def _read(path: Path) -> dict[str, object]:
    from sbrt_qa.protocol.protocol_files import read_settings

    if not path.is_file():
        raise UsageError("the settings are no file", where=quoted(path.name))
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        got = error.strerror or type(error).__name__
        raise UsageError("the settings cannot be read", where=quoted(path.name), got=got) from None
    if len(content) > MOST_BYTES:
        raise UsageError(
            "the file of settings is too large",
            where=quoted(path.name),
            expected=f"at most {MOST_BYTES} bytes",
        )
    try:
        data, lines = read_settings(content, path.name)
    except ProtocolError as error:
        what = error.what.replace("a protocol file does", "settings do")
        raise UsageError(what, where=error.where, got=error.got, advice=error.advice) from None
    return {key: _value(key, data[key], f"{path.name}:{lines.get(key, 1)}") for key in data}


def _value(key: str, value: object, where: str) -> object:
    """Return a value in the form of the command line."""
    if key not in KEYS:
        raise UsageError(
            "unknown key", where=where, got=quoted(key), expected=f"one of {', '.join(KEYS)}"
        )
    if key == "alternatives" and isinstance(value, bool):
        return "yes" if value else ""
    if key == "alternatives":
        raise UsageError(f"{key} of a wrong kind", where=where, expected="true or false")
    if key in LISTS:
        if isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
            return tuple(f"{name}={said}" for name, said in value.items())
        if isinstance(value, list) and all(isinstance(v, str) for v in value):
            return tuple(value)
        if isinstance(value, str):
            return (value,)
        raise UsageError(f"{key} of a wrong kind", where=where, expected=LISTS[key])
    if key in ("height_cm", "weight_kg"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{key} of a wrong kind", where=where, expected="a number")
        return f"{value:g}"
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise UsageError(f"{key} of a wrong kind", where=where, expected="a text")
    return str(value)
