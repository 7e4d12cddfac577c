"""A metric expression, read: which metric of what, in which unit."""

from __future__ import annotations

from dataclasses import dataclass

from sbrt_qa.dosimetry.radiobiology import Conversion
from sbrt_qa.units import Unit


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric expression, read.

    Parameters
    ----------
    text
        As written, without blanks: ``D95%[Gy]``.
    kind
        Registered name: ``D``.
    argument, argument_unit
        ``95`` and ``%``; None and empty where the metric takes none. cGy is already Gy. The unit
        of a plain number, as in ``gEUD_8``, is ``1``.
    unit
        Unit of the result.
    relative_to
        Structure whose volume is 100 %, as in ``V105%[%PTV]``; empty for the structure itself.
    conversion
        Scale to which doses are converted before the metric is taken; None for physical dose.
    """

    text: str
    kind: str
    argument: float | None
    argument_unit: str
    unit: Unit
    relative_to: str = ""
    conversion: Conversion | None = None

    @property
    def amount(self) -> float:
        """The argument of a metric that must have one.

        Raises
        ------
        ValueError
            There is none; the grammar prevents it.
        """
        if self.argument is None:
            msg = f"{self.text} has no argument"
            raise ValueError(msg)
        return self.argument
