"""Other names in the texts of a JSON document: of subjects, and of UIDs that lead to a hospital."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

_UID: Final = re.compile(r"(?<![\w.])(?:[0-2](?:\.\d+){5,}|2\.25\.\d{15,})(?![\w.])")
"""A UID of an instance; those that the standard itself gives out begin with `STANDARD`."""

LONG_NUMBER: Final = 5
"""Digits from which on a name that is a number is looked for within texts."""

STANDARD: Final = "1.2.840.10008."


def renamed_text(document: str, names: Mapping[str, str], uid: Callable[[str], str]) -> str:
    """Return JSON with names, as whole words of its texts, and UIDs replaced; keys stay.

    Parameters
    ----------
    names
        What stands for each name. One that is a short number is replaced only where it is all of
        a text: within one it may be any number.
    uid
        Gives what stands for a UID.
    """
    longest_first = sorted(filter(None, names), key=len, reverse=True)
    within = [one for one in longest_first if not (one.isdigit() and len(one) < LONG_NUMBER)]
    alternatives = "|".join(map(re.escape, within)) or r"(?!)"
    whole = re.compile(rf"(?<![^\W_])(?:{alternatives})(?![^\W_])")

    def replaced(data: object) -> object:
        if isinstance(data, str):
            if data in names:
                return names[data]
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
