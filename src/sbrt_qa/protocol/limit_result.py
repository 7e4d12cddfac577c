"""The evaluation of one dose limit as it stands in a review: its values, and what they say."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import computed_field

from sbrt_qa.protocol import wording
from sbrt_qa.protocol.evaluated_limit import Ends, EvaluatedLimit, ends_of


@dataclass(frozen=True, slots=True)
class ConstraintResult(EvaluatedLimit):
    """One dose limit held against one case.

    Parameters
    ----------
    id, structure, metric, op, priority, source, confidence
        From the protocol. ``op`` is ``<=``, ``<``, ``>=``, ``>``, ``==`` or ``report``.
    match
        The structures used; None when none could be found.
    value, unit
        The metric; ``value`` is None when ``reason`` is given, unless that says that the value
        is not relied on.
    reason
        Why there is no value, or why it is not relied on.
    per_protocol_limit, minor_limit
        Bounds, in ``unit``. Without a minor limit see ``beyond``.
    beyond
        Verdict beyond the last bound.
    margin
        Distance to the per-protocol limit in ``unit``: positive inside, negative outside.
    verdict
        Never per protocol without a value.
    counts
        Whether the verdict takes part in the verdict of the case.
    note
        One sentence for the reader, possibly empty.
    band
        Its uncertainty: where the true value may lie, given the file, in ``unit``; None when
        intervals were not asked for or there is none.
    borderline
        Whether the verdict changes within the uncertainty.
    spread
        What other planning systems would print, the uncertainty included; None as `band`.
    depends_on_convention
        Whether the verdict changes within the spread and not within the uncertainty.
    target
        Display key of the target that this row is about where a limit has a row for each of several
        targets; ``structure`` is the same then. Empty for all other rows.
    undrawn
        Why there is no contour, where the value is the highest that the structure could have
        wherever it lies; None for all other rows.
    doubtful_contour
        What is asked of the contours that the row rests on, by a check of the group ``contours``;
        empty where nothing is. The verdict stays what it is.
    """

    @computed_field  # type: ignore[prop-decorator]
    @property
    def uncertainty(self) -> Ends | None:
        """Where the true value may lie and what widens that most: `band` under its own name."""
        return ends_of(self.band)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def borderline_text(self) -> str:
        """One sentence on a verdict that changes within its uncertainty; empty for any other."""
        return wording.borderline_text(self)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def convention_text(self) -> str:
        """One sentence on a verdict that depends on the convention; empty for any other."""
        return wording.convention_text(self)
