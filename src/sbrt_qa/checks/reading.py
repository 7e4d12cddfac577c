"""How the files were joined, and what had to be repaired to read them."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, check
from sbrt_qa.i18n.phrase import counted, joined, say, stated
from sbrt_qa.model.case import LinkKind
from sbrt_qa.model.outcome import Severity

SHOWN = 5
"""Files that are told one by one; of more, only the number."""


@check("LINK_GUESSED", title="Objects joined by a guess", group=Group.LINKS, rows=(2,))
def guessed_link(context: CheckContext) -> Iterator[Found]:
    """Find objects joined by their frame of reference only, not by a reference."""
    for link in context.case.provenance.links:
        if link.kind is LinkKind.BY_FRAME_OF_REFERENCE:
            where = f"{link.source} → {link.target}"
            yield Found(
                where,
                say("linked {0}: {1}", stated(link.kind), link.note),
                say("Check that they belong together."),
            )


@check("LINK_MISSING", title="Objects that are not joined", group=Group.LINKS, rows=(2,))
def missing_link(context: CheckContext) -> Iterator[Found]:
    """Find objects of the case that are not joined at all."""
    for link in context.case.provenance.links:
        if link.kind is LinkKind.UNLINKED:
            yield Found(f"{link.source} → {link.target}", link.note or say("not linked"))


@check(
    "FILE_UNREAD",
    title="Files that cannot be used",
    group=Group.LINKS,
    severity=Severity.MINOR,
)
def unread_files(context: CheckContext) -> Iterator[Found]:
    """Find files among those given that are damaged, empty, or contradict each other.

    Whatever such a file held, a structure set or a whole plan, is missing from the review, and
    nobody can say what it was. Two files with one SOP Instance UID and different content are not
    used either. Counted are files that hold DICOM, and others named ``.dcm``.
    """
    unread = context.case.provenance.unread_files
    told = [*map(stated, unread[:SHOWN])]
    if len(unread) > SHOWN:
        told.append(counted(len(unread) - SHOWN, "more such file"))
    for why in told:
        advice = say("Send it again.")
        if why in context.case.provenance.clashing_files:
            advice = say(
                "Send only the one that is meant, or export them again so that each file has an "
                "identifier of its own; a copy that was changed must not keep the first one's."
            )
        yield Found(say("files"), why, advice, say("not usable"), say("usable"))


@check("REPAIRED", title="Repairs made while reading", group=Group.LINKS)
def repaired(context: CheckContext) -> Iterator[Found]:
    """Tell every kind of repair that reading the files took, and where."""
    repairs = context.case.provenance.repairs
    for quirk in dict.fromkeys(r.quirk for r in repairs):
        same = [r for r in repairs if r.quirk == quirk]
        details = joined("; ", dict.fromkeys(r.detail for r in same))
        yield Found(
            joined(", ", dict.fromkeys(r.where for r in same)), joined(": ", (quirk, details))
        )
