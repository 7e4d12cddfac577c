"""``sbrt-qa inspect``: what is there, how it links, what was repaired, what ROIs stand for."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli.language_options import Language
from sbrt_qa.cli.options import Inputs, MapOption, Out, ProtocolName
from sbrt_qa.cli.output import (
    emit,
    emit_rows,
    page_for,
    refuse_overwriting,
    row_format,
    unless_stated,
)
from sbrt_qa.model.stated import read_mapping

FORMATS: Final = ("table", "csv", "json", "xlsx")


def inspect(
    case: Inputs,
    protocol: ProtocolName = "liver_sbrt",
    mapping: MapOption = None,
    output_format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            callback=unless_stated,
            help=f"One of: {', '.join(FORMATS)}. JSON has all; csv and xlsx one row per ROI.",
        ),
    ] = "table",
    out: Out = None,
    language: Language = "en",
) -> None:
    """List the DICOM objects in CASE, the cases they form, their ROIs, the links and the repairs.

    Beside each ROI stands what it is in the protocol, by its name or by --map.
    """
    from sbrt_qa.protocol.map_names import refuse_unknown_maps  # start-up

    output_format = row_format(output_format, out, FORMATS)
    refuse_overwriting(out, case)
    rules, names = pipeline.protocol(protocol), read_mapping(mapping or [])
    pipeline.start_kernels_fast()
    found = pipeline.inspect(case)
    refuse_unknown_maps(names, [one.structures for one in found.cases])
    if output_format == "table":
        from sbrt_qa.reports.inventory import render_inventory  # start-up: rich only when it prints

        emit(render_inventory(found, page_for(out, language), rules, names), out)
        return
    from sbrt_qa.reports.inventory_rows import ROI_COLUMNS, inventory_json, roi_rows

    if output_format == "json":
        emit(inventory_json(found, rules, names), out)
    else:
        emit_rows(roi_rows(found, rules, names), output_format, out, ROI_COLUMNS)
