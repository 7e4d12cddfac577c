"""What was delivered, as treatment records tell it."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.model.header import Stamp


@dataclass(frozen=True, slots=True)
class BeamDelivered:
    """One beam of one session.

    Parameters
    ----------
    beam_number
        Of the plan; None where the record does not say.
    fraction
        Current Fraction Number.
    meterset_specified, meterset_delivered
        In the unit of the machine, as written.
    termination
        Treatment Termination Status in capitals; NORMAL when nothing happened.
    is_setup
        True for imaging, which delivers no treatment.
    """

    beam_number: int | None
    fraction: int | None
    meterset_specified: float | None = None
    meterset_delivered: float | None = None
    termination: str = ""
    is_setup: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """One RT Beams Treatment Record: what one session delivered, and when it began."""

    name: str
    began: Stamp | None
    beams: tuple[BeamDelivered, ...] = ()
