"""From a request to reviews: what ``check``, ``report``, children with caps and a server call.

What a request says wrongly is told before any file of the case is opened: a protocol that names a
plan check there is not, site values that cannot be read, an unknown metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.pipeline.requests import Progress, ReviewStage, tell_nobody

if TYPE_CHECKING:
    from sbrt_qa.evidence.evidence import Reviewed
    from sbrt_qa.model.case import Case
    from sbrt_qa.pipeline.one_plan import Asked
    from sbrt_qa.pipeline.requests import DvhRequest, ReviewRequest, Tell
    from sbrt_qa.protocol.versions import ProtocolFamily
    from sbrt_qa.review.dvh_table import DvhTable
    from sbrt_qa.second_opinion.site_csv import SiteValue

MAX_SITE_CHARACTERS: Final = 1_000_000
"""Of a file of site values; a longer one is refused."""


def review(request: ReviewRequest, tell: Tell = tell_nobody) -> tuple[Reviewed, ...]:
    """Review every plan that a request names, each on the one path of a plan.

    Parameters
    ----------
    request
        What and how.
    tell
        Is told each step as it begins; what it raises ends the work.

    Returns
    -------
    tuple of Reviewed
        One for each plan or course, in the order of the files; with evidence where it is asked for.

    Raises
    ------
    DicomError
        Nothing that can be reviewed is there.
    ProtocolError
        The protocol breaks its schema, or names a plan check that there is not.
    UsageError
        The site's values cannot be read, the second engine is not installed, or one plan is wanted
        and nothing says which.
    """
    opened = open_request(request, tell)
    count = len(opened.cases)
    return tuple(
        opened.review(case, tell, number, count) for number, case in enumerate(opened.cases, 1)
    )


@dataclass(frozen=True, slots=True, eq=False)
class OpenedRequest:
    """A request whose files are read: the plans there, and what they are held against."""

    request: ReviewRequest
    rules: ProtocolFamily
    asked: Asked
    cases: tuple[Case, ...]

    def review(
        self, case: Case, tell: Tell = tell_nobody, number: int = 1, plans: int = 1
    ) -> Reviewed:
        """Review one of the plans; `number` and `plans` are told."""
        from sbrt_qa.evidence.evidence import Reviewed
        from sbrt_qa.pipeline.one_plan import review_and_gather, review_plan
        from sbrt_qa.review.submission import occasion_of

        def told(stage: ReviewStage) -> None:
            tell(Progress(stage, case.label, number, plans))

        if self.request.evidence:
            found = review_and_gather(case, self.rules, self.asked, tell=told)
        else:
            one = review_plan(case, self.rules, self.asked, tell=told)
            found = Reviewed(one, occasion=occasion_of(case))
        told(ReviewStage.DONE)
        return found


def open_request(request: ReviewRequest, tell: Tell = tell_nobody) -> OpenedRequest:
    """Read what a request names: first what it is held against, then the files of the case.

    Raises
    ------
    DicomError, ProtocolError, UsageError
        As :func:`review`.
    """
    from sbrt_qa.pipeline.one_plan import Asked
    from sbrt_qa.pipeline.protocol_loading import protocol_family
    from sbrt_qa.protocol.map_names import refuse_unknown_maps

    rules = protocol_family(request.protocol)
    sent = () if request.site_values is None else read_sent(request.site_values)
    second = request.paths if request.cross_check else ()
    asked = Asked(dict(request.mapping), sent, request.bands, second, request.shifts)
    cases = _read(request, tell)
    read = (one for case in cases for one in (case, *case.parts))
    refuse_unknown_maps(request.mapping, [case.structures for case in read])
    if request.single:
        cases = (choose(cases, request.plan),)
    return OpenedRequest(request, rules, asked, cases)


def dvh(request: DvhRequest, tell: Tell = tell_nobody) -> DvhTable:
    """Compute the DVH statistics that a request asks for, of its one plan.

    Raises
    ------
    UsageError
        There are several plans and the request does not say which; the message lists them. Or a
        structure is not known.
    MetricError
        A metric is not known.
    DicomError
        Nothing readable is there.
    """
    from sbrt_qa.dosimetry.metric_names import parse_metric
    from sbrt_qa.pipeline.one_plan import dvh_of_plan

    for text in request.metrics:
        parse_metric(text)  # a typing error is told before anything is read
    case = choose(_read(request, tell), request.plan)
    told = partial(Progress, plan=case.label, number=1, plans=1)
    tell(told(ReviewStage.REVIEWING))
    table = dvh_of_plan(case, request)
    tell(told(ReviewStage.DONE))
    return table


def _read(request: ReviewRequest | DvhRequest, tell: Tell) -> tuple[Case, ...]:
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.model.free_memory import give_back_memory

    tell(Progress(ReviewStage.READING))
    cases = tuple(load_cases(request.paths, request.stated))
    give_back_memory(after_reading=True)
    return cases


def read_sent(path: Path) -> tuple[SiteValue, ...]:
    """Read a file of the site's own values; raise UsageError where it cannot be read."""
    from sbrt_qa.second_opinion.site_csv import read_site_values

    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read(MAX_SITE_CHARACTERS + 1)
    except FileNotFoundError as error:
        raise UsageError("there is no such file of site values", where=quoted(path.name)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "the site values cannot be read",
            where=quoted(path.name),
            expected="a CSV file in UTF-8",
        ) from error
    if len(text) > MAX_SITE_CHARACTERS:
        raise UsageError("the file of site values is too large", where=quoted(path.name))
    return read_site_values(text)


def choose(cases: Sequence[Case], wanted: str | None) -> Case:
    """Return the one case, or the one whose label or plan UID is `wanted`.

    Raises
    ------
    UsageError
        There are several and `wanted` does not say which, or it names none or several.
    """
    if wanted is None and len(cases) == 1:
        return cases[0]
    chosen = [case for case in cases if wanted is not None and wanted in _names(case)]
    if len(chosen) == 1:
        return chosen[0]
    listed = "; ".join(" = ".join(quoted(name) for name in _names(case)) for case in cases)
    if wanted is None:
        what = "there are several plans"
    else:
        what = "several plans have this name" if chosen else "no such plan"
    raise UsageError(
        what,
        got=quoted(wanted) if wanted else "",
        expected=f"one of {listed}",
        advice="Choose with --plan LABEL or --plan UID.",
    )


def _names(case: Case) -> tuple[str, ...]:
    """Return what a case can be chosen by: its label, and the UID of its plan."""
    if len(case.parts) > 1:
        return (case.label, *dict.fromkeys(name for part in case.parts for name in _names(part)))
    uid = getattr(case.plan, "sop_instance_uid", "")
    return (case.label, uid) if uid else (case.label,)
