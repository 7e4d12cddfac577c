"""A copy of a broken protocol in which broken rows are replaced, to see what else is wrong.

It is never used for a plan: it only lets one look at a file tell what several would have told.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from typing import Any, Final

from sbrt_qa.protocol.protocol_rows import ProtocolFields
from sbrt_qa.protocol.structure_def import StructureDef
from sbrt_qa.protocol.yaml_exact import Location

_STAND_INS: Final[dict[str, object]] = {
    "schema": "sbrt_qa.protocol/1", "id": "mended", "version": "1", "effective": "2000-01-01",
    "title": "mended", "statement": "mended", "prescriptions": [],
}  # fmt: skip
"""Values of keys that must be there, and on which nothing else depends."""


_LIMITS: Final = ("options", "targets", "conformity")
"""Keys of the top under which limits stand."""

_OF_STRUCTURES: Final = frozenset(StructureDef.model_fields)

_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def mended(data: dict[str, Any], broken: Iterable[Location]) -> dict[str, Any] | None:
    """Return a copy in which what stands at the broken places is replaced; None if it cannot be."""
    made = copy.deepcopy(data)
    for at in dict.fromkeys(map(_row, broken)):
        if at == ():
            return None
        if len(at) == 1:
            if not _mend_key(made, str(at[0])):
                return None
        else:
            _mend_row(made, at)
    return made


def of_mending(at: Location) -> bool:
    """Tell whether a problem at a place may come of the replacement alone."""
    return not at or at[0] in ("decisions", "liver_rule") or at[:2] == ("targets", "cover")


def _row(at: Location) -> Location:
    """Return the row or key of the top that a place belongs to."""
    steps = list(at)
    depth = {"options": 4, "targets": 3 if at[1:2] == ("limits",) else 2}
    wanted = depth.get(str(at[0]), 2) if at else 0
    if at[:1] == ("options",) and at[2:3] != ("constraints",):
        wanted = 1
    return tuple(steps[:wanted]) if len(steps) >= wanted else tuple(steps[:1])


def _mend_key(made: dict[str, Any], key: str) -> bool:
    if key in _STAND_INS:
        made[key] = _STAND_INS[key]
        return True
    field = ProtocolFields.model_fields.get(key)
    if field is not None and field.is_required():
        return False  # sources, structures, limits: all else is about them
    made.pop(key, None)
    return True


def _mend_row(made: dict[str, Any], at: Location) -> None:
    parent: Any = made
    for step in at[:-1]:
        parent = parent[step]
    if at[-1] not in (range(len(parent)) if isinstance(parent, list) else parent):
        return
    old = parent[at[-1]]
    new = _stand_in(str(at[0]), old if isinstance(old, dict) else {}, at)
    if isinstance(new, dict) and at[0] in _LIMITS:
        new = {"source": list(made["sources"])[:1], **new}
        new.setdefault("confidence", next(iter(made["confidence_terms"]), "mended"))
    if new is None and isinstance(parent, dict):
        del parent[at[-1]]
    elif new is not None:
        parent[at[-1]] = new


def _stand_in(key: str, old: dict[str, Any], at: Location) -> object:
    """Return a row of the same kind that is valid by itself, with the names of the old one."""
    if key == "structures":
        kept = {k: old[k] for k in ("name", "derive") if k in old}
        kind = old.get("kind") if old.get("kind") in ("target", "external") else "organ"
        other = (v for k, v in old.items() if k not in _OF_STRUCTURES and isinstance(v, str))
        named: dict[str, object] = {"name": next(other, f"mended{at[-1]}")}  # a misspelt key
        return named | kept | {"kind": kind, "required": False}
    if key == "sources":
        return {"citation": "mended", "read_as": "mended"}
    if key == "confidence_terms":
        return "mended"
    if key == "prescriptions":
        return {"id": f"mended{at[-1]}", "total_gy": 50, "fractions": 5}
    if key in _LIMITS:
        return _stand_in_limit(key, old, at)
    return None


def _stand_in_limit(key: str, old: dict[str, Any], at: Location) -> dict[str, Any]:
    names = ("id", "structure", "metric", "source", "confidence", "otherwise")
    kept = {k: old[k] for k in names if _is_sound(k, old.get(k))}
    made = {"id": f"mended{'-'.join(map(str, at))}", "metric": "Mean[Gy]", **kept}
    if key == "conformity":
        made.pop("structure", None)
        made["meaning"] = "mended"
    return made | {"op": "report", "priority": 4}


def _is_sound(key: str, value: object) -> bool:
    """Tell whether a name of a limit can be kept as it is."""
    if key == "source":
        return isinstance(value, list) and bool(value) and all(map(_is_word, value))
    if key in ("id", "confidence"):
        return _is_word(value)
    return isinstance(value, str) and 0 < len(value.strip()) <= 64


def _is_word(value: object) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None
