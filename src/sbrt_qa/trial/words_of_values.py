"""What coded values of the trial's tables are called where people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sbrt_qa.i18n.phrase import Phrase, say

FAIL_REASONS: Final[Mapping[str, Phrase]] = {
    "no_crlm": say("no colorectal liver metastasis"),
    "age": say("age"),
    "ecog": say("performance status (ECOG)"),
    "child_pugh": say("liver function (Child-Pugh)"),
    "labs": say("laboratory values"),
    "liver_volume": say("volume of the liver"),
    "prior_rt": say("earlier radiotherapy"),
    "timing": say("time since surgery"),
    "progression": say("progression"),
    "consent": say("no consent"),
    "other": say("another reason"),
}
"""Why somebody who was screened was not eligible."""

SCAN_RESULTS: Final[Mapping[str, Phrase]] = {
    "NED": say("no evidence of disease"),
    "EQUIVOCAL": say("equivocal"),
    "RECURRENCE": say("recurrence"),
    "NE": say("not evaluable"),
}
"""What a reader found on a scan."""
