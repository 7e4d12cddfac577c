"""What a desk has in work: one check after the other, each in children with caps."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from sbrt_qa.errors import SbrtQaError, own_fault
from sbrt_qa.i18n.phrase import said
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.pipeline.requests import Progress
from sbrt_qa.pipeline.untrusted_report import (
    PlanSeen,
    ReportMade,
    look_untrusted,
    report_untrusted,
    stage_in,
)
from sbrt_qa.sandbox import end_all
from sbrt_qa.web.desk.desk_checks import CheckState, DeskCheck, DeskChecks, PlanDone

TOLD: Final = "told"
"""File in which a child says what it does."""


class DeskWork:
    """Does what was asked, in order.

    Parameters
    ----------
    checks
        Where checks are kept.
    """

    def __init__(self, checks: DeskChecks) -> None:
        self._checks = checks
        self._pool = ThreadPoolExecutor(1, "desk")
        self._closed = False

    def look(self, check: DeskCheck) -> DeskCheck:
        """Begin to look what lies among the files of a check."""
        changed = self._checks.change(check, state=CheckState.LOOKING)
        self._pool.submit(self._guarded, self._look, changed)
        return changed

    def review(self, check: DeskCheck) -> DeskCheck:
        """Begin to review the plans of a check."""
        changed = self._checks.change(check, state=CheckState.REVIEWING, plans=(), failure="")
        self._pool.submit(self._guarded, self._review, changed)
        return changed

    def progress(self, check: DeskCheck) -> Progress | None:
        """Return what is being done for a check."""
        return stage_in(self._checks.home(check.id) / TOLD)

    def close(self) -> None:
        """End what is in work."""
        self._closed = True
        end_all()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _guarded(self, work: object, check: DeskCheck) -> None:
        """Do it; whatever goes wrong is told on the page of the check."""
        try:
            if not self._closed:
                work(check)  # type: ignore[operator]
        except SbrtQaError as error:
            self._fail(check, said(error))
        except Exception as error:  # noqa: BLE001 - a thread's last line of defence
            self._fail(check, own_fault(error).what)

    def _fail(self, check: DeskCheck, why: str) -> None:
        if self._checks.find(check.id) is not None:  # it may have been removed meanwhile
            self._checks.change(check, state=CheckState.FAILED, failure=why)

    def _look(self, check: DeskCheck) -> None:
        seen = look_untrusted([self._checks.files(check)])
        if seen.failure or not seen.plans:
            self._fail(check, seen.failure)
        else:
            self._checks.change(check, state=CheckState.SEEN, seen=seen)

    def _review(self, check: DeskCheck) -> None:
        done: list[PlanDone] = []
        for number, plan in enumerate(check.seen.plans):
            if self._closed or self._checks.find(check.id) is None:
                return
            made = report_untrusted(
                [self._checks.files(check)], number, self._checks.home(check.id) / TOLD,
                check.protocol, check.mapping,
            )  # fmt: skip
            done.append(_outcome(plan, made))
            self._keep(check, number, made)
        if self._checks.find(check.id) is None:
            return
        failed = all(one.failure for one in done)
        self._checks.change(
            check,
            state=CheckState.FAILED if failed else CheckState.DONE,
            plans=tuple(done),
            failure=done[0].failure if failed else "",
        )

    def _keep(self, check: DeskCheck, number: int, made: ReportMade) -> None:
        if made.review is None:
            return
        self._checks.keep_report(check, number, "json", made.review.to_json())
        for language, text in made.pages.items():
            self._checks.keep_report(check, number, f"{language}.html", text)


def _outcome(plan: PlanSeen, made: ReportMade) -> PlanDone:
    """Return what a page says of a plan: the verdict, and of how many limits which."""
    review = made.review
    if review is None:
        return PlanDone(plan.label, failure=made.failure)
    counts = Counter(limit.verdict for limit in review.constraints)
    listed = {verdict.value: counts[verdict] for verdict in Verdict}
    return PlanDone(review.case, review.verdict.value, listed)
