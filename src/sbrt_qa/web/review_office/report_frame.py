"""The report of a plan as it was written, in a frame of the pages of its case."""

from __future__ import annotations

from typing import Final

from starlette.responses import HTMLResponse, Response

from sbrt_qa.office.acting import Acting, RightsError
from sbrt_qa.office.roles import Right
from sbrt_qa.office.stored_reports import KeptReport, kept_report, kept_reports
from sbrt_qa.web.doors import Door
from sbrt_qa.web.page_templates import shown
from sbrt_qa.web.response_headers import REPORT_POLICY
from sbrt_qa.web.review_office.office_app import OfficeApp
from sbrt_qa.web.review_office.screen_frame import refusing, row_of, whole_number
from sbrt_qa.web.visits import Visit, download


def reports_for(app: OfficeApp, by: Acting, submission: int) -> list[KeptReport]:
    """Return the reports that somebody may see of a submission; none where it may see none."""
    try:
        return kept_reports(app.audit.folder, app.engine, by, submission)[1]
    except RightsError:
        return []


@refusing
def show_report(app: OfficeApp, visit: Visit) -> Response:
    """Show a report byte for byte, or give it as a file to keep."""
    by, submission = app.acting(visit), row_of(app, visit, "case")
    plan = whole_number(visit.places["plan"])
    code, report = kept_report(app.audit.folder, app.engine, by, submission, plan)
    if report.content is None:
        return shown(visit, "office_no_report.j2", why=report.why)
    if visit.asked("keep"):
        name = f"{code.replace('/', '-')}-{plan}.html"
        return download(report.content, name, "text/html; charset=utf-8")
    return HTMLResponse(report.content, headers={"content-security-policy": REPORT_POLICY})


DOORS: Final = (
    Door("GET", "/cases/{case}/report/{plan}", Right.SEE_AUTOMATIC_REVIEW, show_report),
)
