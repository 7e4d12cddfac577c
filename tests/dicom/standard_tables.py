"""The tables of the DICOM standard for dicom-validator, from those of highdicom: no network.

They say which modules an object has and which attributes each module has, with their types. The
conditions of types 1C and 2C are not among them, so an attribute under a condition is optional.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from pydicom.datadict import DicomDictionary, tag_for_keyword


def tables() -> Any:
    """Return dicom-validator's DicomInfo, None where highdicom is not installed."""
    from dicom_validator.validator.dicom_info import DicomInfo

    found = importlib.util.find_spec("highdicom")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "_standard"
    iods, attributes, classes = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("iod_module_map", "module_attribute_map", "sop_class_iod_map")
    )
    modules = {name: _nested(rows) for name, rows in attributes.items()}
    objects = {
        uid: {
            "title": name,
            "group_macros": {},
            "modules": {
                row["key"]: {"ref": row["key"], "use": "M" if row["usage"] == "M" else "U"}
                for row in iods.get(name, ())
                if row["key"] in modules
            },
        }
        for uid, name in classes.items()
    }
    dictionary = {
        _written(tag): {"name": name, "vr": vr, "vm": vm}
        for tag, (vr, vm, name, _, _) in DicomDictionary.items()
    }
    return DicomInfo(dictionary, objects, modules)


def _nested(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return attributes by tag, those of a sequence as its items."""
    root: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda r: len(r["path"])):
        level = root
        for keyword in row["path"]:
            parent = level.setdefault(_tag(keyword), {"name": keyword, "type": "3"})
            level = parent.setdefault("items", {})
        kind = row["type"] if row["type"] in ("1", "2") else "3"
        level.setdefault(_tag(row["keyword"]), {}).update({"name": row["keyword"], "type": kind})
    return root


def _tag(keyword: str) -> str:
    tag = tag_for_keyword(keyword)
    return _written(tag) if tag is not None else f"(unknown {keyword})"


def _written(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
