"""Which values may stay as they are: said once, for who writes a file and for who verifies it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement

from sbrt_qa.deid.date_shifts import capped_age, moved_date, moved_moment, plain_time
from sbrt_qa.deid.dates_in_texts import holds_a_date
from sbrt_qa.deid.policy import Policy
from sbrt_qa.deid.recognised import RULES

NUMBERS: Final = re.compile(rb"[0-9+\-.eE \\\0]*")
BYTES_OF: Final = {
    "US": 2, "SS": 2, "US or SS": 2, "UL": 4, "SL": 4, "FL": 4, "AT": 4, "FD": 8, "UV": 8, "SV": 8,
    "OB": 0, "OW": 0, "OB or OW": 0,
}  # fmt: skip
"""Value representations that are binary, with the bytes of one value; 0 where there is no such."""

_CODED: Final = re.compile(r"M-[0-9a-f]{10}")
_OURS: Final = re.compile(r"2\.25\.\d{20,39}")


def is_recognised(policy: Policy, keyword: str, text: str) -> bool:
    """Tell whether a text may stay: of words of the field, by the rule of its element, undated."""
    keep = RULES.get(policy.texts[keyword].kept)
    return keep is not None and keep(text) and not holds_a_date(text)


def is_generated(policy: Policy, keyword: str, text: str) -> bool:
    """Tell whether a text is one that stands for whatever was there."""
    rule = policy.texts[keyword]
    if rule.otherwise == "coded":
        return bool(_CODED.fullmatch(text))
    fixed = "".join(
        r"\d{1,6}" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", rule.otherwise)
    )
    return bool(re.fullmatch(fixed, text))


def is_plain(policy: Policy, keyword: str, vr: str, values: Sequence[str]) -> bool:
    """Tell whether a UID, date, time, age or term has a form in which it says nothing else."""
    if vr == "UI":
        return all(v in UID_dictionary or _OURS.fullmatch(v) for v in values)
    if vr == "CS":
        terms = policy.terms.get(keyword, frozenset())
        return all(v in terms for v in values)
    if len(values) > 1:
        return False
    kept = {"DA": lambda v: moved_date(v, 0), "DT": lambda v: moved_moment(v, 0),
            "TM": plain_time, "AS": capped_age}.get(vr)  # fmt: skip
    return kept is not None and all(kept(v) == v for v in values)


def is_sized(keyword: str, raw: RawDataElement | DataElement, bulk: frozenset[str]) -> bool:
    """Tell whether a binary element has no more values than the standard gives it."""
    if keyword in bulk:
        return True
    one, most = BYTES_OF[dictionary_VR(keyword)], dictionary_VM(keyword).split("-")[-1]
    if one == 0:
        return False
    values = len(raw.value or b"") / one if isinstance(raw, RawDataElement) else raw.VM
    return values <= (1 if most.endswith("n") else int(most))
