"""``sbrt-qa inspect``: what is there, how it links, what was repaired, what ROIs stand for."""

from __future__ import annotations

from sbrt_qa import pipeline
from sbrt_qa.cli.options import Inputs, Language, MapOption, Out, ProtocolName
from sbrt_qa.cli.output import emit, page_for, refuse_overwriting, refuse_wrong_suffix
from sbrt_qa.model.stated import read_mapping


def inspect(
    case: Inputs,
    protocol: ProtocolName = "liver_sbrt",
    mapping: MapOption = None,
    out: Out = None,
    language: Language = "en",
) -> None:
    """List the DICOM objects in CASE, the cases they form, their ROIs, the links and the repairs.

    Beside each ROI stands what it is in the protocol, by its name or by --map.
    """
    pipeline.start_kernels_fast()
    from sbrt_qa.reports.inventory import render_inventory  # start-up: rich only when it prints

    refuse_overwriting(out, case)
    refuse_wrong_suffix(out, "table", ("table",))
    rules, names = pipeline.protocol(protocol), read_mapping(mapping or [])
    emit(render_inventory(pipeline.inspect(case), page_for(out, language), rules, names), out)
