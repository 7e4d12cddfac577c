"""Whether a protocol is a draft or was approved: the first line of every output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import say

if TYPE_CHECKING:
    from sbrt_qa.protocol.definition import Protocol

DRAFT: Final = say("Draft limits from publications, not approved by the trial.")


def standing_of(protocol: Protocol) -> str:
    """Return that a protocol is a draft, or who approved it and when."""
    if not protocol.approved_by or protocol.approved_on is None:
        return DRAFT
    by, on = visible(protocol.approved_by), protocol.approved_on.isoformat()
    return say("Limits approved for the trial by {0} on {1}.", by, on)
