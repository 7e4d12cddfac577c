"""``sbrt-qa export``: derived structures, isodoses and rings as a structure set."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli.audit import Database
from sbrt_qa.cli.options import Inputs, MapOption, MaskOption, PlanOption
from sbrt_qa.cli.output import (
    emit,
    refuse_overwriting,
    refuse_wrong_suffix,
    tell,
    tell_compiled,
    tell_compiling,
)
from sbrt_qa.cli.query import Latest, export_audit
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.i18n.phrase import counted
from sbrt_qa.model.stated import read_mapping
from sbrt_qa.pipeline import exporting as flow
from sbrt_qa.pipeline.requests import DEFAULT_PROTOCOL

if TYPE_CHECKING:
    from sbrt_qa.review.derived_structures import Derived


VOXELS: Final = (".nii", ".nii.gz", ".mha", ".mhd")
"""Ends of names that ask for voxels; which of them can be written the writer says."""


def export(
    case: Inputs,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="To write: .dcm, or voxels as .nii.gz or .mha; of an audit, a folder.",
        ),
    ],
    structure: Annotated[
        list[str] | None,
        typer.Option(
            "--structure", "-s", metavar="NAME|EXPR", help='Such as "Liver-GTV"; repeatable.'
        ),
    ] = None,
    isodose: Annotated[
        list[str] | None,
        typer.Option("--isodose", metavar="DOSE", help="Such as 50Gy or 80%; repeatable."),
    ] = None,
    ring: Annotated[
        list[str] | None,
        typer.Option("--ring", metavar="[NAME:]MM", help="Such as 20mm or GTV:10mm; repeatable."),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            "-p",
            metavar="NAME|FILE",
            help="Protocol whose structure names may be used.",
        ),
    ] = DEFAULT_PROTOCOL,
    mapping: MapOption = None,
    plan: PlanOption = None,
    mask: MaskOption = None,
    audit_format: Annotated[
        str, typer.Option("--format", "-f", help="CASE is an audit: csv, parquet, json or redcap.")
    ] = "",
    latest: Latest = False,  # noqa: FBT002
    database: Database = "",
) -> None:
    """Write derived structures, isodoses and rings for import on the same CT.

    The file names patient and study as the CT does. Not for treatment: check it before any use.
    Where references, frames, dates or patients of its sources do not fit together, the file says so
    in its label and descriptions, and so does a warning.

    A file named .nii.gz or .mha holds voxels of the planning image instead: one label a structure.

    With --format, write what an audit holds as files for statistics: submissions, metrics (one row
    a value), deviations, completeness, queries, rates, and what every column holds; as redcap, a
    data dictionary and a data import file of REDCap.
    """
    if audit_format:
        export_audit(case[0], audit_format, out, latest=latest, database=database)
        return
    from sbrt_qa.audit.folder import SETTINGS  # start-up: numpy and pydantic, here and below
    from sbrt_qa.review.derived_structures import Wanted

    if any((one / SETTINGS).is_file() for one in case):
        raise UsageError(
            "an audit is exported as tables",
            got=quoted(case[0].name),
            advice="Say as which: --format csv, parquet, json or redcap",
        )

    names = read_mapping(mapping or [])
    refuse_overwriting(out, case)
    if not out.name.lower().endswith(VOXELS):
        refuse_wrong_suffix(out, "dcm", ("dcm", "nii.gz", "mha"))
    pipeline.start_kernels_fast()
    pipeline.when_compiling(tell_compiling, tell_compiled)
    wanted = Wanted(tuple(structure or ()), tuple(isodose or ()), tuple(ring or ()))
    done = flow.export(
        case, wanted, out, protocol, names, plan=plan, when=datetime.now(UTC), masks=mask or ()
    )
    emit("".join(f"{line}\n" for d in done.made for line in _lines(d)))
    emit("".join(f"{visible(line)}\n" for line in done.labels))
    for one in done.doubts:
        told = f"WARNING: {one.code}: {one.where}: {one.message}. {one.advice}"
        tell(visible(f"{told.rstrip('. ')}."))


def _lines(made: Derived) -> list[str]:
    planes = len({c.z_mm for c in made.structure.contours})
    source = "" if made.made_from_cc is None else f" of {made.made_from_cc:.2f} cc"
    lines = [
        f"{made.structure.name}: {made.volume_cc:.2f} cc{source} on {counted(planes, 'slice')}; "
        f"{made.description}"
    ]
    return [visible(line) for line in (*lines, *([f"  {made.note}"] if made.note else []))]
