"""The columns of answers about the review office."""

from __future__ import annotations

from typing import Final

from sbrt_qa.audit.column_kinds import count, number, text

MEASURES: Final = {
    "raw": "part of the cases on which both say the same",
    "kappa": "Cohen's kappa",
    "linear": "kappa with linear weights, from best to worst",
    "quadratic": "kappa with quadratic weights",
    "ac1": "Gwet's AC1",
}

OFFICE_MEANINGS: Final = {
    "asked": text("when the site was first asked something; UTC"),
    "assigned": text("when a reader was assigned, for the first time; UTC"),
    "comments": count("comments of the reader that stand"),
    "content_sha256": text("hash of exactly what was on the screen when it was signed"),
    "decided": count("submissions that were decided"),
    "first_read": text("when a reading was opened; of a submission, the first; UTC"),
    "first_signed": text("when the first reader signed; UTC"),
    "grade": text("accepted, accepted with deviation, rejected or cannot judge; or nothing yet"),
    "gross_hours": number("hours open, from receipt to decision or now"),
    "justification": text("why, in the reader's words"),
    "last_signed": text("when the last reader signed; UTC"),
    "local_at": text("time of the machine that served the office, with its zone"),
    "meaning": text("the sentence that was signed"),
    "median_gross_hours": number("median of the gross hours of what was decided"),
    "median_hours_to_sign": number("median of the hours from assignment to signature"),
    "median_net_hours": number("median of the net hours of what was decided"),
    "median_working_hours": number("median of the working hours of what was decided"),
    "missing_pairs": count("cases that not both judged"),
    "net_hours": number("gross hours without those in which the site had the next word"),
    "oldest_days": number("whole days since the oldest of them was assigned"),
    "open": count("submissions that are still to be decided"),
    "other_reader": text("account of the other reader; program for what the program says"),
    "override_count": count("items of which the reader says something else than the program"),
    "overdue_open": count("of these, those past their due date"),
    "p90_gross_hours": number("ninth decile of the gross hours"),
    "p90_net_hours": number("ninth decile of the net hours"),
    "p90_working_hours": number("ninth decile of the working hours"),
    "pairs": count("cases that both judged"),
    "part": text("reader or adjudicator"),
    "proof": text("how the signer proved just then who it is"),
    "questions": count("questions to the site"),
    "reader": text("code of the reader's account"),
    "reader_name": text("name of the reader"),
    "reader_verdict": text("verdict of the reader"),
    "readings": count("readings that were begun"),
    "reason_code": text("why, as one of a list"),
    "review_kind": text("type of review: pre-treatment, timely retrospective and so on"),
    "role": text("role in which somebody read or signed"),
    "round": count("1, and one more with each reopening"),
    "signature_sha256": text("hash of the signed document: what was shown, who, when, meaning"),
    "signature_state": text("valid, not signed, or by what it is superseded"),
    "signed": count("readings that were signed"),
    "signed_at": text("when it was signed; UTC"),
    "site_answered": text("when the site last answered a question; UTC"),
    "site_hours": number("hours in which the site had the next word"),
    "to_read": count("submissions that wait for this reader"),
    "working_hours": number("net hours on working days: Monday to Friday (UTC), no holiday"),
    **{name: number(f"{told}; empty where undefined") for name, told in MEASURES.items()},
    **{f"{n}_low": number(f"lower end of the 95 % interval of {n}") for n in MEASURES},
    **{f"{n}_high": number(f"upper end of the 95 % interval of {n}") for n in MEASURES},
}  # fmt: skip
"""What each column holds that no other answer has."""

_CASE: Final = ("code", "site", "subject", "latest")
_HOURS: Final = tuple(
    f"{part}_{name}_hours" for name in ("gross", "net", "working") for part in ("median", "p90")
)

OFFICE_COLUMNS: Final = {
    "turnaround": (
        *_CASE, "review_kind", "state", "received", "assigned", "first_read", "first_signed",
        "last_signed", "decided_at", "questions", "asked", "site_answered", "due", "overdue",
        "gross_hours", "site_hours", "net_hours", "working_hours",
    ),
    "turnaround-by-type": (
        "review_kind", "submissions", "decided", "open", "overdue_open", *_HOURS,
    ),
    "workload": (
        "reader", "reader_name", "to_read", "oldest_days", "readings", "signed", "override_count",
        "median_hours_to_sign",
    ),
    "readings": (
        *_CASE, "round", "part", "reader", "reader_name", "role", "assigned", "first_read", "grade",
        "override_count", "comments", "signed_at", "signature_state",
    ),
    "overrides": (
        *_CASE, "plan", "kind", "what", "verdict", "reader_verdict", "reason_code",
        "justification", "round", "part", "reader", "signature_state",
    ),
    "signatures": (
        *_CASE, "round", "part", "reader", "reader_name", "role", "meaning", "signed_at",
        "local_at", "proof", "grade", "content_sha256", "signature_sha256", "signature_state",
    ),
    "agreement": (
        "reader", "other_reader", "kind", "what", "pairs", "missing_pairs",
        *(f"{name}{end}" for name in MEASURES for end in ("", "_low", "_high")), "reason",
    ),
}  # fmt: skip
