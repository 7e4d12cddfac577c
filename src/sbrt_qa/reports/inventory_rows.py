"""What ``inspect`` found, for other programs: ROIs as rows, and all of it as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.roi_standings import RoiStanding, roi_standings
from sbrt_qa.review.summaries import dose_summary, image_summary, plan_summary

if TYPE_CHECKING:
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.model.case import Case
    from sbrt_qa.protocol.definition import Protocol

FORM: Final = "sbrt_qa.inventory/1"
ROI_COLUMNS: Final = {
    "case": "text", "roi_number": "count", "roi": "text", "type": "text", "contours": "count",
    "stands_for": "text", "rule": "text", "part_of": "text",
}  # fmt: skip
"""Of a row per ROI; several names, and the rules that found them, are separated by ``; ``."""


def roi_rows(
    inventory: Inventory, protocol: Protocol, mapping: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return one row per ROI of every case, with `ROI_COLUMNS`; a case without ROIs has none.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """
    return [
        {
            "case": case.label,
            **_roi(roi),
            "stands_for": "; ".join(name for name, _ in roi.stands_for),
            "rule": "; ".join(str(rule) for _, rule in roi.stands_for),
            "part_of": "; ".join(roi.part_of),
        }
        for case in inventory.cases
        if not isinstance(case.structures, Reason)
        for roi in roi_standings(protocol, case.structures, mapping).rois
    ]


def inventory_json(inventory: Inventory, protocol: Protocol, mapping: Mapping[str, str]) -> str:
    """Return files, cases with their ROIs, links, repairs and notes, and what was not used.

    What a case lacks is an object with ``code`` and ``detail`` that say why.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """
    found = {
        "form": FORM,
        "protocol": {"id": protocol.id, "version": protocol.version},
        "files": [{"name": file.name, "modality": file.modality} for file in inventory.files],
        "notes": list(inventory.notes),
        "cases": [_case(case, protocol, mapping) for case in inventory.cases],
        "not_used": [
            {"name": one.name, "why": one.why, "broken": one.broken} for one in inventory.ignored
        ],
    }
    return json.dumps(found, indent=2, ensure_ascii=True, default=str) + "\n"


def _case(case: Case, protocol: Protocol, mapping: Mapping[str, str]) -> dict[str, Any]:
    source = case.provenance
    return {
        "label": case.label,
        "plan": _known(plan_summary(case.plan)),
        "dose": _known(dose_summary(case.dose)),
        "image": _known(image_summary(case.image)),
        "structures": _structures(case, protocol, mapping),
        "links": [asdict(link) for link in source.links],
        "repairs": [asdict(repair) for repair in source.repairs],
        "notes": list(source.notes),
    }


def _structures(case: Case, protocol: Protocol, mapping: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(case.structures, Reason):
        return asdict(case.structures)
    known = roi_standings(protocol, case.structures, mapping)
    return {
        "label": case.structures.label,
        "rois": [
            {
                **_roi(roi),
                "stands_for": [{"name": name, "rule": rule} for name, rule in roi.stands_for],
                "part_of": list(roi.part_of),
            }
            for roi in known.rois
        ],
        "unsettled": [{"name": name, "why": why} for name, why in known.unsettled],
        "missing": list(known.missing),
    }


def _roi(roi: RoiStanding) -> dict[str, Any]:
    return {
        "roi_number": roi.roi_number,
        "roi": roi.key,
        "type": roi.interpreted_type,
        "contours": roi.contours,
    }


def _known(part: object) -> dict[str, Any] | None:
    """Return a summary, or the reason why there is none, as plain values; None for no part."""
    return asdict(part) if is_dataclass(part) and not isinstance(part, type) else None
