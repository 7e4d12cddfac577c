"""Files from outside, for a page: what is there, and one plan's report, made in children with caps.

The process that calls these reads none of the files. A child answers in JSON; a report comes as the
text of a file, which whoever shows it must take for foreign: it was made where foreign files were
read.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa import pipeline
from sbrt_qa.errors import ResultError, visible
from sbrt_qa.i18n.phrase import said, say
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL, Progress, ReviewRequest, ReviewStage

if TYPE_CHECKING:
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.sandbox import Limits, Outcome

LANGUAGES: Final = ("en", "zh")
MOST_NAMES: Final = 2_000
MOST_LINES: Final = 200
MOST_CHARACTERS: Final = 400
MOST_REPORT_CHARACTERS: Final = 12_000_000
CPU_SECONDS: Final = 400
"""A child may take: the review with its bands, and the report in every language."""


@dataclass(frozen=True, slots=True)
class PlanSeen:
    """One plan or course that was found: facts by language, names of structures, what was said."""

    label: str = ""
    facts: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    structures: tuple[str, ...] = ()
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    complete: bool = False
    """Whether plan, structures and dose are all there."""


@dataclass(frozen=True, slots=True)
class PartsSeen:
    """What lies among files, as a child told it; empty with a `failure` that says why.

    Parameters
    ----------
    kinds
        Number of objects by modality.
    unused
        Files that are not used, by the name they lie under, with why, by language.
    """

    kinds: Mapping[str, int] = field(default_factory=dict)
    plans: tuple[PlanSeen, ...] = ()
    unused: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    failure: str = ""

    @classmethod
    def of(cls, value: Any) -> PartsSeen:  # noqa: ANN401 - whatever a process sent
        """Return what a process sent, cut to size; what is no answer is left out."""
        found = value if isinstance(value, dict) else {}
        kinds = found.get("kinds")
        counts = kinds.items() if isinstance(kinds, dict) else ()
        plans = found.get("plans")
        return cls(
            {_text(k): n for k, n in counts if isinstance(n, int)},
            tuple(map(_plan_of, plans[:MOST_LINES])) if isinstance(plans, list) else (),
            _by_language(found.get("unused"), _pairs),
            _by_language(found.get("notes"), _texts),
            _text(found.get("failure", "")),
        )

    def form(self) -> dict[str, Any]:
        """Return it as JSON that `of` reads back."""
        from dataclasses import asdict

        return asdict(self)


@dataclass(frozen=True, slots=True)
class ReportJob:
    """What a child does: review the plan at a place, tell its stages in a file, make reports."""

    request: ReviewRequest
    case: int
    told: Path


@dataclass(frozen=True, slots=True)
class ReportMade:
    """The review of one plan and its report by language; neither, and why, where it failed."""

    review: CaseReview | None = None
    pages: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""


def look_untrusted(paths: Sequence[Path], limits: Limits | None = None) -> PartsSeen:
    """Return what lies among files, found by a child with caps."""
    from sbrt_qa.sandbox import run_isolated

    job = tuple(path.absolute() for path in paths)
    outcome = run_isolated(look_here, (job,), limits, prepare=pipeline.warm_up)
    if outcome.error is None and not outcome.failure:
        return PartsSeen.of(outcome.value)
    return PartsSeen(failure=_why(outcome))


def report_untrusted(
    paths: Sequence[Path],
    case: int,
    told: Path,
    protocol: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    limits: Limits | None = None,
) -> ReportMade:
    """Review one of the plans among files, and make its report, in a child with caps.

    Parameters
    ----------
    case
        Place of the plan among those that `look_untrusted` found.
    told
        File in which the child says what it does, see `stage_in`.
    protocol, mapping
        As for `sbrt_qa.pipeline.check`.
    """
    from sbrt_qa.pipeline.one_plan import citing_self_test
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.sandbox import Limits, run_isolated

    request = ReviewRequest(tuple(paths), protocol, dict(mapping or {}), evidence=True).absolute()
    caps = limits or Limits(cpu_seconds=CPU_SECONDS)
    job = ReportJob(request, case, told.absolute())
    outcome = run_isolated(report_here, (job,), caps, prepare=pipeline.warm_up)
    value = outcome.value if isinstance(outcome.value, dict) else {}
    pages = value.get("pages")
    try:
        review = CaseReview.from_json(value.get("review", ""))
    except (ResultError, TypeError):
        return ReportMade(failure=_why(outcome))
    found = pages if isinstance(pages, dict) else {}
    kept = {k: v for k, v in found.items() if k in LANGUAGES and isinstance(v, str)}
    kept = {k: v for k, v in kept.items() if len(v) <= MOST_REPORT_CHARACTERS}
    return ReportMade(citing_self_test(review), kept)


def stage_in(told: Path) -> Progress | None:
    """Return what a child says that it does; None where it says nothing that is known."""
    try:
        with told.open(encoding="ascii") as file:
            stage, number, plans = file.read(80).split("\t")
        return Progress(ReviewStage(stage), "", int(number), int(plans))
    except (OSError, ValueError):
        return None


# --- in the child -----------------------------------------------------------------------------


def look_here(paths: tuple[Path, ...]) -> dict[str, Any]:
    """List what is among files; what is written in them stays text."""
    from collections import Counter

    from sbrt_qa.i18n.words import Words

    found = pipeline.inspect(paths)
    words = {language: Words(language) for language in LANGUAGES}
    unused = found.ignored[:MOST_LINES]
    seen = PartsSeen(
        dict(Counter(file.modality for file in found.files)),
        tuple(_seen(case, words) for case in found.cases),
        {k: tuple((i.name, say.sentence(i.why)) for i in unused) for k, say in words.items()},
        {k: tuple(map(say.sentence, found.notes)) for k, say in words.items()},
    )
    return seen.form()


def _seen(case: Any, words: Mapping[str, Any]) -> PlanSeen:  # noqa: ANN401 - start-up
    from sbrt_qa.model.outcome import Reason
    from sbrt_qa.reports.compose.facts import part_facts
    from sbrt_qa.review.summaries import (
        dose_summary,
        image_summary,
        plan_summary,
        structure_set_label,
    )

    kept = case.structures
    names = () if isinstance(kept, Reason) else tuple(s.name for s in kept.structures)
    facts, lines = {}, {}
    for language, told_in in words.items():
        told = part_facts(
            plan_summary(case.plan), dose_summary(case.dose), structure_set_label(kept),
            len(names), image_summary(case.image), told_in, course=case.course,
        )  # fmt: skip
        facts[language] = tuple((fact.label, fact.text) for fact in told)
        source = case.provenance
        said = (*source.unread_files, *source.notes, *(r.detail for r in source.repairs))
        lines[language] = tuple(told_in.sentence(line) for line in said[:MOST_LINES])
    parts = (case.plan, kept, case.dose)
    whole = not any(isinstance(part, Reason) for part in parts)
    return PlanSeen(case.label, facts, names[:MOST_NAMES], lines, whole)


def report_here(job: ReportJob) -> dict[str, Any]:
    """Review one plan and make its report in every language."""
    import datetime as dt

    from sbrt_qa.pipeline.reviewing import open_request
    from sbrt_qa.reports.registry import render_report

    tell = _teller(job.told)
    opened = open_request(job.request, tell)
    found = opened.review(opened.cases[job.case], tell, job.case + 1, len(opened.cases))
    found = replace(found, occasion=replace(found.occasion, written=dt.date.today()))
    pages = {k: render_report("html", found, k).decode() for k in LANGUAGES}
    return {"review": found.review.to_json(), "pages": pages}


def _teller(told: Path) -> Callable[[Progress], None]:
    def tell(step: Progress) -> None:
        with contextlib.suppress(OSError):  # nobody sees how far it is; the work goes on
            told.write_text(f"{step.stage}\t{step.number}\t{step.plans}", encoding="ascii")

    return tell


# --- what a child sent ------------------------------------------------------------------------


def _why(outcome: Outcome) -> str:
    told = said(outcome.error) if outcome.error is not None else outcome.failure
    told = told or say("gave an answer that cannot be read")
    return told if len(told) <= MOST_CHARACTERS and visible(told) == told else _text(told)


def _text(value: object) -> str:
    return visible(str(value))[:MOST_CHARACTERS]


def _texts(value: Any) -> tuple[str, ...]:  # noqa: ANN401
    listed = value if isinstance(value, list | tuple) else ()
    return tuple(_text(one) for one in listed[:MOST_NAMES])


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401
    listed = value if isinstance(value, list | tuple) else ()
    two = (one for one in listed[:MOST_LINES] if isinstance(one, list | tuple) and len(one) == 2)
    return tuple((_text(a), _text(b)) for a, b in two)


def _by_language(value: Any, read: Callable[[Any], Any]) -> dict[str, Any]:  # noqa: ANN401
    found = value if isinstance(value, dict) else {}
    return {language: read(found.get(language)) for language in LANGUAGES}


def _plan_of(value: Any) -> PlanSeen:  # noqa: ANN401
    found = value if isinstance(value, dict) else {}
    return PlanSeen(
        _text(found.get("label", "")),
        _by_language(found.get("facts"), _pairs),
        tuple(
            str(name) for name in (found.get("structures") or ())[:MOST_NAMES]
            if len(str(name)) <= MOST_CHARACTERS
        ),
        _by_language(found.get("lines"), _texts),
        found.get("complete") is True,
    )  # fmt: skip
