"""What events of the trail are called, in the reader's language; the records keep the English."""

from __future__ import annotations

import re
from typing import Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.i18n.words import Words, msg
from sbrt_qa.reports.decision.decision_words import OUTCOME_WORDS
from sbrt_qa.web.review_office.role_words import ROLE_WORDS
from sbrt_qa.web.review_office.screen_words import KIND_WORDS, STATE_WORDS

EVENT_KINDS: Final = (
    msg("account added"), msg("account locked"), msg("account opened again"),
    msg("account tied to an identity"), msg("account tied to no identity"),
    msg("arm labels unlocked"), msg("assignment ended"), msg("case decided"),
    msg("case reopened"), msg("clock went back"), msg("closed report opened"),
    msg("comment written"), msg("conflict of interest declared"),
    msg("conflict of interest ended"), msg("contour checklist set"), msg("data cut analysed"),
    msg("data cut frozen"), msg("due date set"), msg("engine at work in the office"),
    msg("failure ended"), msg("grant confirmed"), msg("grant ended"), msg("known as"),
    msg("letter written"), msg("message added"), msg("not reviewed"), msg("office founded"),
    msg("office option set"), msg("older store accepted"), msg("page written"),
    msg("protocol added"), msg("query answered"), msg("query closed"), msg("query opened"),
    msg("question answered"), msg("question asked"), msg("question closed"),
    msg("reader assigned"), msg("reading changed"), msg("reading opened"), msg("reading signed"),
    msg("reference contours recorded"), msg("regraded"), msg("reports written"),
    msg("review planned"), msg("reviewed"), msg("role granted"), msg("signing begun"),
    msg("signing refused"), msg("site named"), msg("store brought up to date"),
    msg("submission moved"), msg("submission sent"), msg("submissions taken in"),
    msg("trial data imported"), msg("audit begun"), msg("audit ended"), msg("lost"),
    msg("places"), msg("arrival decided"), msg("receipt given"), msg("originals deleted"),
    msg("upload token made"), msg("upload token ended"), msg("link for a password made"),
    msg("sign-in slowed"), msg("end of the access log"),
)  # fmt: skip
"""Every kind of event that a user may meet; another is shown as it is recorded."""

VALUE_WORDS: Final[dict[str, str]] = {
    "waits": msg("waits for confirmation"), "active": msg("active"), "locked": msg("locked"),
    "True": msg("yes"), "False": msg("no"), **OUTCOME_WORDS, **STATE_WORDS,
    **{one.value: word for one, word in ROLE_WORDS.items()},
}  # fmt: skip
"""What may stand before or after a change, as recorded, in words."""

_PLANNED: Final = re.compile(r"(.+), (\d+) readers?, (blind|open)")
_GRANTED: Final = re.compile(r"(.+) from (\S+?)(?: until (\S+))?")


ABOUT_ACCOUNTS: Final = ("account added", "reader assigned", "assignment ended")
"""Events whose change is the code of an account, which may be spelled as a word is."""


def change_text(kind: str, value: str, words: Words) -> str:
    """Return what an event records before or after a change, in the reader's language.

    What is none of the known words or sentences is shown as it is recorded; nothing is a dash.
    """
    if not value:
        return "–"
    if kind in ABOUT_ACCOUNTS:
        return visible(value)
    if (known := VALUE_WORDS.get(value)) is not None:
        return words(known)
    plan = _PLANNED.fullmatch(value)
    if plan and plan[1] in KIND_WORDS:
        seen = words(msg("blind") if plan[3] == "blind" else msg("open to each other"))
        readers = words.value(counted(int(plan[2]), "reader"))
        return words(msg(", ")).join((words(KIND_WORDS[plan[1]]), readers, seen))
    grant = _GRANTED.fullmatch(value)
    if grant and grant[1] in VALUE_WORDS:
        told = {"role": words(VALUE_WORDS[grant[1]]), "start": _minute(grant[2])}
        if not grant[3]:
            return words(msg("{role} from {start}"), **told)
        return words(msg("{role} from {start} until {end}"), **told, end=_minute(grant[3]))
    return visible(value)


def _minute(time: str) -> str:
    return visible(time[:16].replace("T", " "))
