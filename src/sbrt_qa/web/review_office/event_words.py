"""What events of the trail are called, in the reader's language; the records keep the English."""

from __future__ import annotations

from typing import Final

from sbrt_qa.i18n.words import msg

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
