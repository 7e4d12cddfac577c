"""RT Beams Treatment Record to a session: what was delivered, when, and how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sbrt_qa.dicom.read.headers import stamp
from sbrt_qa.dicom.text.elements import Item
from sbrt_qa.errors import DicomError
from sbrt_qa.model.delivery import BeamDelivered, Session
from sbrt_qa.model.header import Stamp

_SESSIONS: Final = ("TreatmentSessionBeamSequence", "TreatmentSessionIonBeamSequence")


def read_session(root: Item) -> Session:
    """Read one treatment record.

    Raises
    ------
    DicomError
        It has no session of beams, or the sequence cannot be read.
    """
    items = [item for name in _SESSIONS for item in root.items(name)]
    if not items:
        raise DicomError("the treatment record has no session of beams", where=root.where)
    return Session(root.where, _began(root), tuple(_beam(item) for item in items))


def in_time(sessions: Sequence[Session]) -> tuple[Session, ...]:
    """Return sessions by the time they began; those without a time come last."""
    return tuple(sorted(sessions, key=lambda s: (s.began is None, _key(s.began))))


def _began(root: Item) -> Stamp | None:
    return stamp(root, "Treatment")


def _key(began: Stamp | None) -> tuple[str, str]:
    if began is None:
        return "", ""
    return began.date.isoformat(), began.time.isoformat() if began.time else ""


def _beam(item: Item) -> BeamDelivered:
    kind = item.code("TreatmentDeliveryType")
    return BeamDelivered(
        beam_number=item.integer("ReferencedBeamNumber"),
        fraction=item.integer("CurrentFractionNumber"),
        meterset_specified=item.number("SpecifiedPrimaryMeterset"),
        meterset_delivered=item.number("DeliveredPrimaryMeterset"),
        termination=item.code("TreatmentTerminationStatus"),
        is_setup=kind not in ("", "TREATMENT", "CONTINUATION"),
    )
