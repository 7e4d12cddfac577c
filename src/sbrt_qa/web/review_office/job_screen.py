"""Jobs of the office, and who looked at what: two lists."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from sbrt_qa.i18n.words import msg
from sbrt_qa.office.roles import Right
from sbrt_qa.office.trail_view import refuse_part_of_trail
from sbrt_qa.web.doors import Door
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, screen, utc_text, whole_number
from sbrt_qa.web.visits import Visit, see_other
from sbrt_qa.web.working.job_rows import DONE, FAILED, RUNNING, WAITING, Jobs

JOB_STATES: Final = {
    WAITING: msg("waiting"), RUNNING: msg("running"), DONE: msg("done"), FAILED: msg("failed"),
}  # fmt: skip
JOB_KINDS: Final = {
    "take in": msg("take in new submissions"), "verify": msg("verify the records"),
    "check queue": msg("hold the queue against the records"),
    "retention": msg("delete originals whose time is over"),
    "review": msg("automatic review"), "sort": msg("sort what arrived"),
    "release": msg("de-identify and release"),
}  # fmt: skip
ACTIONS: Final = {
    "read": msg("looked at"), "download": msg("downloaded"), "export": msg("exported"),
    "view PHI": msg("looked at who a patient is"),
}  # fmt: skip
"""What the access log tells that somebody did."""

MOST_JOBS: Final = 200
LONGEST_FILTER: Final = 64


def show_jobs(app: OfficeApp, visit: Visit) -> Response:
    """Show the newest jobs, what failed first."""
    found = sorted(Jobs(app.store).all()[:MOST_JOBS], key=lambda one: one.state != FAILED)
    rows = [(one, utc_text(one.changed)) for one in found]
    return screen(app, visit, "office_jobs.j2", jobs=rows, job_states=JOB_STATES,
                  job_kinds=JOB_KINDS, failed=FAILED)  # fmt: skip


def try_again(app: OfficeApp, visit: Visit) -> Response:
    """Open a failed job once more."""
    Jobs(app.store).try_again(whole_number(visit.said("job")))
    return see_other("/jobs")


@refusing
def show_access(app: OfficeApp, visit: Visit) -> Response:
    """Show who looked at what, newest first."""
    refuse_part_of_trail(app.engine, app.acting(visit), Right.SEE_ACCESS_LOG)
    subject, account = (visit.asked(n).strip()[:LONGEST_FILTER] for n in ("subject", "account"))
    app.access.flush()
    rows = app.access.log.rows(subject, account)
    asked = {"subject": subject, "account": account}
    return screen(app, visit, "office_access.j2", rows=rows, asked=asked, actions=ACTIONS)


DOORS: Final = (
    Door("GET", "/jobs", Right.MANAGE_ACCOUNTS, show_jobs),
    Door("POST", "/jobs/again", Right.MANAGE_ACCOUNTS, try_again),
    Door("GET", "/access", Right.SEE_ACCESS_LOG, show_access),
)
