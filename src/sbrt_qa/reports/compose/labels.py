"""Headings and heads of columns, in the language of the report."""

from __future__ import annotations

from typing import Final

from sbrt_qa.i18n.words import Words, msg

LABELS: Final = {
    "wrong": msg("What is out of protocol"),
    "nothing_wrong": msg("No limit that decides is missed."),
    "nothing_known": msg("No limit that could be judged is missed."),
    "limits": msg("Limits"),
    "plan_facts": msg("Plan, dose and images"),
    "checks": msg("Plan checks"),
    "checks_appendix": msg("Checks that found nothing stand in the appendix."),
    "appendix": msg("Appendix"),
    "checks_decide": msg("What the checks of the plan found"),
    "checks_found": msg("Found"),
    "checks_passed": msg("Checked, nothing found"),
    "checks_not_told": msg("Checks that do not apply to these files"),
    "no_findings": msg("The plan checks found nothing."),
    "structures": msg("Structures"),
    "targets": msg("Targets"),
    "beside": msg("Beside the limits"),
    "curves": msg("Dose-volume histograms"),
    "curves_note": msg(
        "Volume receiving at least the dose. Colours and dashes as in the legend; triangles are "
        "limits."
    ),
    "unknown": msg("What could not be judged"),
    "organs": msg("Contours in question"),
    "coverage": msg("Coverage of the targets"),
    "unsure": msg("What is borderline"),
    "by_convention": msg("What depends on the convention"),
    "site_values": msg("Comparison with the site's own values"),
    "cross_check": msg("Comparison with a second engine"),
    "names": msg("Names"),
    "repairs": msg("Repairs"),
    "notes": msg("Notes on the files"),
    "methods": msg("Method"),
    "inputs": msg("Input files"),
    "signatures": msg("Sign-off"),
    "name": msg("Name"),
    "date": msg("Date"),
    "signature": msg("Signature"),
    "agree": msg("I agree with the verdict"),
    "disagree": msg("I do not, because"),
    "page": msg("page {page} of {pages}"),
    "subject": msg("subject {code}"),
    "why": msg("Why it matters"),
    "actions": msg("What may resolve it"),
    "verdict": msg("verdict"),
    "structure": msg("structure"),
    "metric": msg("metric"),
    "value": msg("value"),
    "glance": msg("At a glance"),
    "off": msg("off by"),
    "proposal": msg("Proposal for the plan as a whole"),
    "stop": msg(". "),
    "colon": msg(": "),
    "settle": msg("what may resolve it"),
    "limit": msg("limit"),
    "minor": msg("minor"),
    "margin": msg("margin"),
    "priority": msg("P"),
    "source": msg("source"),
    "protocol_name": msg("in the protocol"),
    "kind": msg("type"),
    "volume": msg("volume (cc)"),
    "slices": msg("slices"),
    "gaps": msg("gaps"),
    "outside": msg("outside grid"),
    "minimum": msg("min (Gy)"),
    "mean": msg("mean (Gy)"),
    "maximum": msg("max (Gy)"),
    "check": msg("check"),
    "found": msg("found"),
    "expected": msg("expected"),
    "borderline": msg("borderline"),
    "convention": msg("depends on the convention"),
    "intervals": msg("uncertainty, spread"),
    "all_plans": msg("All plans"),
    "gets": msg("what it gets, and its limit"),
    "where": msg("where"),
    "tolerance": msg("tolerance"),
    "limit_notes": msg("Notes on limits"),
    "aside": msg("patient aside"),
    "rose": msg("What verdicts become with the patient aside, by direction"),
    "attached": msg("The review as JSON is attached to this file."),
}


def labels(language: str) -> dict[str, str]:
    """Return every label in one language; fields such as ``{page}`` are still open."""
    words = Words(language)
    return {key: words(text) for key, text in LABELS.items()}
