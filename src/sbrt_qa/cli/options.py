"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from sbrt_qa.cli.output import (
    refuse_wrong_suffix,
    row_format,
    tell,
    unless_standard_output,
)
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.model.body_size import BodySize
from sbrt_qa.model.setup_errors import Shifts, read_radii, read_setup
from sbrt_qa.model.stated import (
    UserStatements,
    read_dose_is,
    read_not_targets,
)
from sbrt_qa.model.stated_rx import read_rx
from sbrt_qa.pipeline.settings import UserSettings, settings_for
from sbrt_qa.reports.registry import (
    format_names,
    format_of,
    formats_offering,
    offers,
    own_format_names,
)

Inputs = Annotated[
    list[Path],
    typer.Argument(metavar="CASE...", help="DICOM files or folders; read, never changed."),
]


def _format_help(*functions: str) -> str:
    """Return the help of --format with the formats that can do one of these things."""
    names = (name for name in own_format_names() if any(offers(name, one) for one in functions))
    return f"One of: {', '.join(names)}; else by the suffix of --out."  # start-up: no extensions


Format = Annotated[
    str,
    typer.Option(
        "--format", "-f", metavar="NAME", help=_format_help("render_reviews", "render_report")
    ),
]
DvhFormat = Annotated[
    str, typer.Option("--format", "-f", metavar="NAME", help=_format_help("render_dvh"))
]
ProtocolName = Annotated[
    str, typer.Option("--protocol", "-p", metavar="NAME|FILE", help="Protocol, or NAME@VERSION.")
]
Site = Annotated[
    str,
    typer.Option("--site", metavar="CODE", help="The site's code, for the head of the report."),
]
Submission = Annotated[
    str,
    typer.Option(
        "--submission",
        metavar="NUMBER",
        help="Number of the submission, for the head of the report.",
    ),
]
Due = Annotated[
    str, typer.Option("--due", metavar="YYYY-MM-DD", help="Day by which an answer is due.")
]
Question = Annotated[
    str, typer.Option("--question", metavar="WORDS", help="What the site is asked, for page one.")
]
SiteValues = Annotated[
    Path | None,
    typer.Option(
        "--site-values",
        metavar="FILE.csv",
        help="The site's own values (structure,metric,value,unit), shown beside ours.",
    ),
]
CrossCheck = Annotated[
    bool, typer.Option("--cross-check", help="Compute every metric with dicompyler-core as well.")
]
Bands = Annotated[
    bool,
    typer.Option(
        "--bands/--no-bands",
        help="Say where each value may lie, and which verdicts are borderline.",
    ),
]
ShiftsOption = Annotated[
    str | None,
    typer.Option(
        "--shifts",
        metavar="3mm,5mm",
        help="Evaluate every limit with the patient shifted by so much in 26 directions; none "
        "turns off the shifts that the protocol asks for.",
    ),
]
SetupOption = Annotated[
    str | None,
    typer.Option(
        "--setup",
        metavar='"AP,SI,RL/AP,SI,RL"',
        help="Probability that each limit is met under setup errors: standard deviations in mm, "
        "systematic/random, each AP,SI,RL: 1.6,3.1,1.5/2.7,3.6,1.8.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write to FILE, not the terminal.",
                 callback=unless_standard_output),
]  # fmt: skip
PlanOption = Annotated[
    str | None,
    typer.Option("--plan", metavar="LABEL|UID", help="Which plan, where there are several."),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="A=B",
        help="Use structure A of the plan as structure B of the protocol; repeatable.",
    ),
]

DoseIsOption = Annotated[
    str,
    typer.Option(
        "--dose-is",
        metavar="plan|fraction",
        help="State what the dose holds: the whole course, or one fraction.",
    ),
]


RxOption = Annotated[
    list[str] | None,
    typer.Option(
        "--rx",
        metavar="TARGET=DOSE/N",
        help='State a prescription, such as "PTV=50Gy/5" or "PTV=5000cGy/5"; repeatable.',
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings (rx, map, protocol, dose_is, site, far, not_a_target, course, alternatives, "
        "height_cm, weight_kg) "
        "instead of those of sbrt-qa.yaml in the working directory and in your configuration "
        "folder.",
    ),
]
NotATarget = Annotated[
    list[str] | None,
    typer.Option(
        "--not-a-target",
        metavar="NAME[=REASON]",
        help="State that a structure of the plan is not a target; repeatable.",
    ),
]
Far = Annotated[
    list[str] | None,
    typer.Option(
        "--far",
        metavar="NAME",
        help="State that an organ that is not contoured lies far from the beams; repeatable.",
    ),
]


def was_given(context: typer.Context, name: str) -> bool:
    """Tell whether a parameter of the running command stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def read_settings(
    context: typer.Context, cases: Sequence[Path], config: Path | None, *, trusted: bool = True
) -> tuple[UserSettings, tuple[str, ...]]:
    """Return the settings that hold for cases, and what a review says of them.

    Raises
    ------
    UsageError
        A file of settings cannot be used.
    """
    found = settings_for(cases, config, trusted=trusted)
    for text in found.refused:
        tell(visible(text))
    names = {"mapping": "map", "not_a_target": "not_a_target", "alternatives": "alternatives"}
    names |= dict.fromkeys(
        ("protocol", "rx", "dose_is", "far", "course", "site", "height_cm", "weight_kg"), ""
    )
    given = [key or name for name, key in names.items() if was_given(context, name)]
    if {"course", "alternatives"} & {*given}:
        given += ["course", "alternatives"]
    return found, (*found.told(given), *found.refused)


def read_shifts(shifts: str | None, setup: str | None) -> Shifts | None:
    """Read how far the patient may lie elsewhere; None where the protocol has the word.

    Raises
    ------
    UsageError
        A text cannot be read.
    """
    if shifts is None and setup is None:
        return None
    radii = "" if shifts is None or shifts.strip().lower() == "none" else shifts
    return Shifts(read_radii(radii), read_setup(setup or ""))


def read_statements(
    kept: UserSettings,
    taken: tuple[str, ...] = (),
    *,
    dose_is: str = "",
    not_targets: list[str] | None = None,
    far: list[str] | None = None,
    rx: list[str] | None = None,
    course: str = "",
    alternatives: bool = False,
    masks: list[str] | None = None,
    height_cm: float | None = None,
    weight_kg: float | None = None,
) -> UserStatements:
    """Read what the user states by hand, on the command line or else in the settings.

    Raises
    ------
    UsageError
        A value is none that can be stated, or two contradict each other.
    """
    of_plans = (course, alternatives) if course or alternatives else (kept.course, kept.competes)
    return UserStatements(
        dose_is=read_dose_is(dose_is or kept.dose_is),
        not_targets=read_not_targets(not_targets or kept.not_a_target),
        far=tuple(dict.fromkeys(name.strip() for name in far or kept.far)),
        rx=read_rx(rx or kept.rx),
        taken=taken,
        course=of_plans[0],
        alternatives=of_plans[1],
        masks=tuple(masks or ()),
        body=BodySize(
            height_cm if height_cm is not None else _number(kept.height_cm),
            weight_kg if weight_kg is not None else _number(kept.weight_kg),
        ),
    )


MaskOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mask",
        metavar="FILE[=NAMES]",
        help="Structures as voxels (.nii, .nii.gz, .mha, .mhd): liver.nii.gz=Liver, "
        "organs.mha=1:Liver,2:GTV; repeatable.",
    ),
]


def _number(text: str) -> float | None:
    return float(text) if text else None


HeightOption = Annotated[
    float | None,
    typer.Option(
        "--height-cm",
        metavar="CM",
        help="Height of the patient, for the standard liver volume; else that of the header.",
    ),
]
WeightOption = Annotated[
    float | None,
    typer.Option(
        "--weight-kg",
        metavar="KG",
        help="Weight of the patient, for the standard liver volume; else that of the header.",
    ),
]


CourseOption = Annotated[
    str,
    typer.Option(
        "--course",
        metavar='"A+B"',
        help="State which plans are one course; no other plan then counts.",
    ),
]
AlternativesOption = Annotated[
    bool,
    typer.Option(
        "--alternatives",
        help="State that the plans are alternatives: only one of them is used for treatment.",
    ),
]


def choose_format(
    name: str, out: Path | None, usual: str = "table", function: str = "render_reviews"
) -> str:
    """Return the format asked for, else the one that the suffix of `out` names, else the usual.

    Parameters
    ----------
    function
        What a format must be able to do, unless it makes a document of reviews.

    Raises
    ------
    UsageError
        There is no such format, it cannot do that, or the suffix promises another one.
    """
    chosen = name or (format_of(out) if out else "") or usual
    if chosen not in format_names():
        raise UsageError("unknown --format", got=quoted(chosen), expected=", ".join(format_names()))
    functions = [function, *(["render_report"] if function == "render_reviews" else [])]
    offered = sorted({f for one in functions for f in formats_offering(one)})
    if any(offers(chosen, one) for one in functions):
        refuse_wrong_suffix(out, chosen, offered, asked=bool(name))
        return chosen
    raise UsageError(
        "this format cannot show that result", got=quoted(chosen), expected=", ".join(offered)
    )


def check_language(name: str, known: tuple[str, ...]) -> str:
    """Return a language of reports.

    Raises
    ------
    UsageError
        There is no such language.
    """
    if name not in known:
        raise UsageError("unknown --lang", got=quoted(name), expected=", ".join(known))
    return name


def read_day(text: str) -> dt.date | None:
    """Return a day, None for empty text.

    Raises
    ------
    UsageError
        It is no day in ISO 8601.
    """
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError("not a day", got=quoted(text), expected="YYYY-MM-DD") from None


def is_json(output_format: str, out: Path | None = None) -> bool:
    """Tell whether a command that writes tables and JSON only is to write JSON.

    Raises
    ------
    UsageError
        There is no such format, or it contradicts the suffix of `out`.
    """
    return row_format(output_format, out, ("table", "json")) == "json"
