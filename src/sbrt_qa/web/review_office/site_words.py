"""States of a submission and of an upload as a site reads them."""

from __future__ import annotations

from typing import Final

from sbrt_qa.i18n.words import msg
from sbrt_qa.office.states import AT_OFFICE, State
from sbrt_qa.web.desk.desk_checks import CheckState

_CHECKED: Final = msg("being checked")
_REVIEWED: Final = msg("in review at the office")

SITE_STATES: Final = {
    State.RECEIVED.value: _CHECKED,
    State.INCOMPLETE.value: msg("parts are missing: send it again as a whole"),
    State.QUARANTINED.value: msg("held back; the office will write to you"),
    State.AUTOMATIC_REVIEW.value: _CHECKED,
    **dict.fromkeys((one.value for one in AT_OFFICE), _REVIEWED),
    State.QUERIED.value: msg("waits for your answer"),
    State.RESUBMITTED.value: msg("replaced by a newer version"),
    State.ACCEPTED.value: msg("accepted"),
    State.ACCEPTED_WITH_DEVIATION.value: msg("accepted with deviation"),
    State.REJECTED.value: msg("rejected: please correct it and send it again"),
    State.WITHDRAWN.value: msg("withdrawn"),
}  # fmt: skip
"""What a site reads; it does not tell how many readers there are, nor whether they agree."""

UPLOAD_STATES: Final = {
    CheckState.RECEIVING: msg("Files are coming in"),
    CheckState.LOOKING: msg("Finding out what the files are"),
    CheckState.SEEN: msg("Waits for you to send it"),
    CheckState.REVIEWING: msg("Being reviewed and recorded"),
    CheckState.DONE: msg("Sent"),
    CheckState.FAILED: msg("Not sent"),
    CheckState.HELD: msg("Sent, and set aside for a person of the office"),
}
