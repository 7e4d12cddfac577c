"""Other names in the texts of a JSON document: of subjects, and of UIDs that lead to a hospital."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

_UID: Final = re.compile(r"(?<![\w.])(?:[0-2](?:\.\d+){5,}|2\.25\.\d{15,})(?![\w.])")
"""A UID of an instance; those that the standard itself gives out begin with `STANDARD`."""

STANDARD: Final = "1.2.840.10008."


def renamed_text(document: str, names: Mapping[str, str], uid: Callable[[str], str]) -> str:
    """Return JSON with names, as whole words of its texts, and UIDs replaced; keys stay.

    Parameters
    ----------
    names
        What stands for each name.
    uid
        Gives what stands for a UID.
    """
    longest_first = sorted(filter(None, names), key=len, reverse=True)
    alternatives = "|".join(map(re.escape, longest_first)) or r"(?!)"
    whole = re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")

    def replaced(data: object) -> object:
        if isinstance(data, str):
            text = whole.sub(lambda found: names[found[0]], data)
            return _UID.sub(lambda found: _replaced_uid(found[0], uid), text)
        if isinstance(data, list):
            return [replaced(one) for one in data]
        if isinstance(data, dict):
            return {key: replaced(value) for key, value in data.items()}
        return data

    return json.dumps(replaced(json.loads(document)), ensure_ascii=False)


def _replaced_uid(found: str, uid: Callable[[str], str]) -> str:
    return found if found.startswith(STANDARD) else uid(found)
