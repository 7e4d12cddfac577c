"""Whether the numbers of a case make sense together."""

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, Untold, check
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, Severity


@check(
    "DOSE_MAX_BELOW_PRESCRIPTION",
    title="Dose maximum reaches the prescription",
    group=Group.PRESCRIPTION,
    severity=Severity.BLOCK,
)
def dose_below_prescription(context: CheckContext, least_part: float = 1.0) -> Iterator[Outcome]:
    """Find a dose whose maximum does not reach the prescription: a wrong file, or a part of one.

    Parameters
    ----------
    least_part
        Part of the prescription that the maximum must reach.
    """
    known, where = context.doses.metric_context, say("dose")
    if isinstance(known.prescription_gy, Reason):
        yield Untold(where, known.prescription_gy.detail)
        return
    if known.prescription_gy is None or known.dose_max_gy is None:
        return
    found = say(
        "maximum {0} Gy of {1} Gy prescribed",
        f"{known.dose_max_gy:.2f}",
        f"{known.prescription_gy:g}",
    )
    if known.dose_max_gy < least_part * known.prescription_gy:
        yield Found(where, found, say("Check that this is the dose of the whole plan."))
    else:
        yield Passed(where, found)
