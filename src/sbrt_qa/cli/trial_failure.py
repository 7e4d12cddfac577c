"""``sbrt-qa trial failure``: where a recurrence lies in the dose of the treated plan."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.options import Out, PlanOption
from sbrt_qa.cli.output import emit, refuse_overwriting, row_format, unless_stated
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.i18n.phrase import phrases_in
from sbrt_qa.model.outcome import Reason

if TYPE_CHECKING:
    from sbrt_qa.model.case import Case
    from sbrt_qa.trial.failure_case import FailureAnswer, FailureQuestion
    from sbrt_qa.trial.failure_pattern import FailurePattern

FORMATS: Final = ("text", "json")


def failure(
    treated: Annotated[
        Path, typer.Argument(metavar="TREATED", help="Folder with the plan that was treated.")
    ],
    follow_up: Annotated[
        Path, typer.Argument(metavar="FOLLOW_UP", help="Structure set with the recurrence.")
    ],
    registration: Annotated[
        list[Path] | None,
        typer.Option(
            "--registration", metavar="REG", help="Spatial Registration file; repeatable."
        ),
    ] = None,
    structure: Annotated[
        list[str] | None,
        typer.Option(
            "--structure", "-s", metavar="NAME", help="Structure of a recurrence; repeatable."
        ),
    ] = None,
    bed: Annotated[
        str, typer.Option("--bed", metavar="NAME", help="Resection or ablation bed in the plan.")
    ] = "",
    site: Annotated[
        str,
        typer.Option(
            "--site", metavar="SITE", help="Where it lies: MARGIN, LIVER_OTHER, LUNG, ..."
        ),
    ] = "",
    scheme: Annotated[
        str, typer.Option("--scheme", help="Scheme that decides: dawson, lee or centre.")
    ] = "dawson",
    error_mm: Annotated[
        float, typer.Option("--error", metavar="MM", help="Error of the registration.")
    ] = 5.0,
    days: Annotated[
        int | None,
        typer.Option("--days-since-scan", metavar="N", help="Days since the scan before."),
    ] = None,
    subject: Annotated[
        str,
        typer.Option("--subject", metavar="CODE", help="Subject code in the data of the trial."),
    ] = "",
    rec: Annotated[
        list[int] | None,
        typer.Option(
            "--rec",
            metavar="N",
            min=1,
            help="Number of the recurrence in these data; one per structure.",
        ),
    ] = None,
    plan: PlanOption = None,
    output_format: Annotated[
        str,
        typer.Option("--format", "-f", callback=unless_stated, help="text or json."),
    ] = "text",
    out: Out = None,
) -> None:
    """Say whether a recurrence lies in the field, at its margin or outside, and how surely.

    The contour of the recurrence is taken onto the treated plan by a rigid registration (DICOM
    Spatial Registration). All three published schemes are shown; --scheme decides. The class is
    computed again with the registration moved by its error. A deformable registration is refused.

    Exit code: 0; 10 where the class is uncertain; 30 where it is not evaluable.
    """
    from sbrt_qa.trial.failure_case import FailureQuestion, failure_of_files
    from sbrt_qa.trial.failure_schemes import Scheme

    output_format = row_format(output_format, out, FORMATS)
    if scheme not in list(Scheme):
        raise UsageError("unknown --scheme", got=quoted(scheme), expected=", ".join(Scheme))
    if not 0.0 <= error_mm <= _LARGEST_ERROR_MM:
        expected = f"0 to {_LARGEST_ERROR_MM:g} mm"
        raise UsageError("no error of a registration", got=f"{error_mm:g}", expected=expected)
    refuse_overwriting(out, [treated, follow_up, *(registration or [])])
    question = FailureQuestion(
        tuple(structure or ()), bed, site.strip().upper(), Scheme(scheme), error_mm, days
    )
    answer = failure_of_files(_case(treated, plan), follow_up, registration or [], question)
    told = as_json(answer, question, subject, rec or ())
    emit(
        json.dumps(told, indent=2, ensure_ascii=True) + "\n"
        if output_format == "json"
        else as_text(answer, question),
        out,
    )
    raise typer.Exit(exit_codes.of_verdicts([answer.verdict]))


_LARGEST_ERROR_MM: Final = 50.0


def _case(folder: Path, plan: str | None) -> Case:
    from sbrt_qa.dicom.load import load_cases

    cases = load_cases(folder)
    if plan is not None:
        cases = tuple(one for one in cases if one.label == plan)
    if len(cases) != 1:
        raise UsageError(
            "one treated plan is needed",
            got=", ".join(quoted(one.label) for one in cases) or "none",
            advice="Choose with --plan LABEL.",
        )
    return cases[0]


def as_json(
    answer: FailureAnswer, question: FailureQuestion, subject: str = "", recs: Sequence[int] = ()
) -> dict[str, Any]:
    """Return the answer as plain values; what has none is null beside a reason.

    Raises
    ------
    UsageError
        There are not as many numbers of recurrences as structures.
    """
    if recs and len(recs) != len(answer.patterns):
        got, expected = str(len(recs)), str(len(answer.patterns))
        raise UsageError("one --rec for each recurrence", got=got, expected=expected)
    slices = dict(answer.slices)
    return {
        "schema": "sbrt_qa.failure/1",
        "subject": subject or None,
        "verdict": str(answer.verdict),
        "registration": answer.registration or None,
        "scheme": str(question.scheme),
        "error_mm": question.error_mm,
        "findings": [_finding(one) for one in answer.findings],
        "recurrences": [
            {
                "structure": name, "rec": recs[number] if recs else None, **_pattern(one),
                "slice": slices[name].as_json() if name in slices else None,
            }
            for number, (name, one) in enumerate(answer.patterns)
        ],
    }  # fmt: skip


def _finding(one: Any) -> dict[str, Any]:  # noqa: ANN401 - a Finding, imported late
    verdict = None if one.verdict is None else str(one.verdict)
    said = {"message": one.message}
    return {"code": one.code, "verdict": verdict, "message": str(one.message),
            "phrases": phrases_in(said)}  # fmt: skip


def _pattern(one: FailurePattern | Reason) -> dict[str, Any]:
    if isinstance(one, Reason):
        phrases = phrases_in({"detail": one.detail})
        reason = {"code": str(one.code), "detail": str(one.detail), "phrases": phrases}
        return {"class": None, "reason": reason}
    return {
        "class": str(one.failure_class),
        "reason": None,
        "classes": {str(scheme): str(told) for scheme, told in one.classes.items()},
        "stability": {
            str(scheme): {
                "stable": told.is_stable,
                "counts": {str(name): count for name, count in told.counts},
            }
            for scheme, told in one.stability.items()
        },
        "volume_cc": one.volume_cc,
        "inside_isodose": {f"{level:g}%": share for level, share in one.inside_percent.items()},
        "dose_gy": dict(one.doses_gy),
        "eqd2_gy": dict(one.eqd2_gy),
        "distance_mm": {
            name: None if isinstance(value, Reason) else value
            for name, value in one.distances_mm.items()
        },
        "overlap": dict(one.overlap),
        "outside_grid": one.outside_grid,
        "findings": [_finding(each) for each in one.findings],
    }


def as_text(answer: FailureAnswer, question: FailureQuestion) -> str:
    """Return the answer to read."""
    from sbrt_qa.trial.failure_schemes import SOURCES

    lines = []
    for name, one in answer.patterns:
        if isinstance(one, Reason):
            lines.append(f"{visible(name)}: no class: {one.detail}")
            continue
        lines.append(f"{visible(name)}: {one.stability[one.decisive].sentence}")
        lines.append(f"  {one.volume_cc:.2f} cc; inside the isodoses of " + ", ".join(
            f"{level:g} %: {share:.1%}" for level, share in one.inside_percent.items()
        ))  # fmt: skip
        lines.append("  dose " + _numbers(one.doses_gy, "Gy"))
        lines.append("  EQD2 " + _numbers(one.eqd2_gy, "Gy"))
        lines.append("  distances " + _numbers(
            {k: v for k, v in one.distances_mm.items() if not isinstance(v, Reason)}, "mm"
        ))  # fmt: skip
        for scheme, told in one.stability.items():
            mark = "*" if scheme is one.decisive else " "
            lines.append(f"  {mark} {scheme}: {told.sentence}  [{SOURCES[scheme]}]")
        lines += [f"  {each.code}: {each.message}" for each in one.findings]
    lines += [f"{each.code}: {each.message}" for each in answer.findings]
    used = visible(answer.registration) if answer.registration else "none"
    lines.append(
        f"registration: {used}, error {question.error_mm:g} mm; the dose is the planned one"
    )
    return "\n".join(lines) + "\n"


def _numbers(told: dict[str, float] | Any, unit: str) -> str:  # noqa: ANN401 - any mapping
    return ", ".join(f"{name} {value:.1f} {unit}" for name, value in told.items())
