"""What ``inspect`` found, for the terminal: files, cases, links, repairs and notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from sbrt_qa.errors import visible
from sbrt_qa.i18n.phrase import counted, say, stated
from sbrt_qa.i18n.words import Words
from sbrt_qa.model.outcome import Reason
from sbrt_qa.protocol.roi_standings import RoiStanding, RoiStandings, roi_standings
from sbrt_qa.protocol.structure_names import EXACT
from sbrt_qa.reports.compose.facts import part_facts
from sbrt_qa.reports.registry import Page
from sbrt_qa.reports.terminal import label_grid, plain_table, plain_text, print_to_text, section
from sbrt_qa.review.summaries import (
    dose_summary,
    image_summary,
    plan_summary,
    structure_set_label,
)

if TYPE_CHECKING:
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.model.case import Case
    from sbrt_qa.protocol.definition import Protocol

TARGET_TYPES: Final = ("GTV", "CTV", "ITV", "PTV")

SHOWN_IGNORED = 20
"""Ignored files listed by name; the others are counted by reason."""


def render_inventory(
    inventory: Inventory, page: Page, protocol: Protocol, mapping: Mapping[str, str]
) -> str:
    """Return files by kind, then one block per case, then what was ignored and why.

    Raises
    ------
    UsageError
        The mapping leads to a name that the protocol does not have.
    """
    words = Words(page.language)
    kinds = Counter(file.modality for file in inventory.files)
    listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    objects = counted(len(inventory.files), "DICOM object")
    parts: list[RenderableType] = [plain_text(f"{words.value(objects)}: {listed}")]
    parts += [Text(f"· {words.sentence(note)}") for note in inventory.notes]
    for number, case in enumerate(inventory.cases, 1):
        title = say("Case {0}: {1}", number, case.label or say("(no label)"))
        parts += [Text(), Text(words.value(title), "bold")]
        parts += [_facts(case, words)]
        if not isinstance(case.structures, Reason):
            parts += _rois(roi_standings(protocol, case.structures, mapping), protocol.id, words)
        parts += _provenance(case, words)
    parts += section(words.value(say("Not used")), _ignored(inventory, words))
    return print_to_text(parts, page)


def _facts(case: Case, words: Words) -> RenderableType:
    structures = case.structures
    facts = part_facts(
        plan_summary(case.plan),
        dose_summary(case.dose),
        structure_set_label(structures),
        0 if isinstance(structures, Reason) else len(structures.structures),
        image_summary(case.image),
        words,
        course=case.course,
        all_beams=True,
    )
    return Padding(label_grid(facts), (0, 0, 0, 2))


def _rois(known: RoiStandings, protocol: str, words: Words) -> Iterable[RenderableType]:
    heads = (say("No."), say("ROI"), say("type"), say("contours"), say("in the protocol"))
    table = plain_table(*map(words.value, heads))
    for roi in known.rois:
        names = [n if rule == EXACT else say("{0} ({1})", n, rule) for n, rule in roi.stands_for]
        names += [say("part of {0}", name) for name in roi.part_of]
        table.add_row(
            str(roi.roi_number),
            plain_text(roi.key),
            plain_text(roi.interpreted_type),
            str(roi.contours),
            plain_text("; ".join(map(words.value, names)) or words.value(_no_name(roi))),
        )
    yield Padding(table, (0, 0, 0, 2))
    unsettled = [say("{0}: {1}", name, why) for name, why in known.unsettled]
    yield from _listed(words.value(say("not settled by names")), list(map(words.value, unsettled)))
    title = words.value(say("names of {0} that no ROI has", protocol))
    yield from _listed(title, [", ".join(known.missing)] if known.missing else [])


def _no_name(roi: RoiStanding) -> str:
    """Say of an ROI without a name of the protocol what it may be; targets need the dose."""
    if roi.interpreted_type in TARGET_TYPES:
        return say("perhaps a target: a review tells")
    return say("not asked for")


def _provenance(case: Case, words: Words) -> Iterable[RenderableType]:
    source = case.provenance
    links = [
        say("{0} → {1}: {2}", k.source, k.target, _kind(str(k.kind), k.note)) for k in source.links
    ]
    repairs = [say("{0} · {1}: {2}", r.quirk, r.where, r.detail) for r in source.repairs]
    for title, lines in (
        (say("links"), links),
        (say("repairs"), repairs),
        (say("notes"), source.notes),
    ):
        yield from _listed(words.value(title), [words.sentence(line) for line in lines])


def _kind(kind: str, note: str) -> str:
    return say("{0} ({1})", stated(kind), note) if note else stated(kind)


def _listed(title: str, lines: Sequence[str]) -> Iterable[RenderableType]:
    if lines:
        yield Padding(Text(title, "dim"), (0, 0, 0, 2))
        yield from (Padding(Text(line), (0, 0, 0, 4)) for line in lines)


def _ignored(inventory: Inventory, words: Words) -> list[Text]:
    lines = [
        words.sentence(i.why)
        if i.why.startswith(i.name)
        else f"{visible(i.name)}: {words.sentence(i.why)}"
        for i in inventory.ignored[:SHOWN_IGNORED]
    ]
    hidden = Counter(i.why for i in inventory.ignored[SHOWN_IGNORED:])
    lines += [words.value(say("{0} more: {1}", n, why)) for why, n in hidden.most_common()]
    return list(map(Text, lines))
