"""The columns of every answer: names in their order, what each holds, and its kind."""

from __future__ import annotations

from typing import Final

from sbrt_qa.audit.column_kinds import count as _count
from sbrt_qa.audit.column_kinds import flag as _flag
from sbrt_qa.audit.column_kinds import number as _number
from sbrt_qa.audit.column_kinds import text as _text
from sbrt_qa.audit.office_columns import OFFICE_COLUMNS, OFFICE_MEANINGS
from sbrt_qa.compare.reference_measures import MEASURES

MEANINGS: Final = {
    "CT": _count("CT images of the submission"),
    "RTDOSE": _count("RTDOSE files"),
    "RTPLAN": _count("RTPLAN files"),
    "RTSTRUCT": _count("RTSTRUCT files"),
    "SEG": _count("DICOM SEG files; one of them stands in for a missing RTSTRUCT"),
    "after": _text("the resubmission; of a difference, how it is now"),
    "age_days": _count("whole days from opening to closing, or to now"),
    "alarm_high_percent": _number("upper end of where 99.8 % lie if all are alike; exact binomial"),
    "alarm_low_percent": _number("lower end of the same"),
    "answer": _text("what the site answered, or the code of the submission that came since"),
    "answered": _text("when the site answered; UTC"),
    "approved_with_submission": _text("1 for the first, 2 for the second...; or not yet"),
    "attempts": _count("how often it was tried"),
    "before": _text("the submission before; of a difference, how it was"),
    "area": _text("what a change is about: plan, structures, dose and so on"),
    "begin": _text("date on which the first of the group was received"),
    "borderline": _count("limits that count whose verdict changes within the band"),
    "centre": _number("mean of all values of the limit"),
    "chance": _number("part of drawn courses that meet the limit; of setup errors only"),
    "chance_error": _number("standard error of that part"),
    "closed": _text("when the query was closed; UTC"),
    "code": _text("the submission: site/subject/v2, v2.3 for a revision of its files"),
    "complete": _flag("plan, structure set, dose and CT are all there"),
    "counts": _flag("the limit takes part in the verdict of the case"),
    "course": _text("how several plans of a submission belong together; empty for a plan alone"),
    "dose_gy": _number("dose in Gy"),
    "decided_at": _text("when it was decided; UTC"),
    "decided_by": _text("account whose signature brought the decision about"),
    "decided_verdict": _text(
        "verdict of the office, which rates and analyses use; empty where verdict is used: nothing "
        "was decided, the decision does not count, or it says nothing of this"
    ),
    "decision": _text("accepted, accepted with deviation or rejected; empty where not decided"),
    "decision_state": _text("valid, or why the decision does not count (any more)"),
    "draft": _text("whether the limits are a draft, or who approved them and when"),
    "doses": _count("RTDOSE files"),
    "drawn_as": _text("what the plan calls the structure"),
    "due": _text("by when an answer is asked for; UTC"),
    "end": _text("date on which the last of the group was received"),
    "entries": _count("files and folders that the row stands for"),
    "error_of_bound": _number(
        "90th percentile of the excess, each plan left out in turn; empty below 15 plans"
    ),
    "excess": _number("value less what was reached, in the unit of the limit"),
    "feature": _text("what of an organ is told, see docs/contours.md"),
    "first_pass_approved": _count("subjects approved with their first submission"),
    "first_pass_high_percent": _number("upper end of the exact 95 % interval of that rate"),
    "first_pass_low_percent": _number("lower end of the same"),
    "first_pass_percent": _number("part of subjects approved with their first submission"),
    "flips": _count("of 26 shifts, those under which the verdict is another than as planned"),
    "fractionation": _text("dose and fractions of the plan"),
    "high": _number("mean plus three standard deviations (from the mean moving range)"),
    "high_percent": _number("upper end of the exact (Clopper-Pearson) 95 % interval"),
    "images": _count("CT images"),
    "item": _text("which beam, structure or other thing"),
    "judged": _text("what was found, or that it cannot be judged yet: see docs/audit.md"),
    "kind": _text("limit, finding, handling, contour or grade; of a failure, what kind it is"),
    "latest": _flag("no later submission of the subject is there"),
    "limit": _text("id of the limit in the protocol"),
    "low": _number("mean minus three standard deviations"),
    "low_percent": _number("lower end of the exact (Clopper-Pearson) 95 % interval"),
    "major": _count("limits that count and plan checks (each by its worst) that are major"),
    "margin": _number("distance to the per-protocol limit, in its unit; negative outside"),
    "median": _number("median of all values of the limit"),
    "median_of_trial": _number("median of all plans of the trial; empty below 15"),
    "metric": _text("metric of the limit in TG-263 notation"),
    "minor": _count("limits that count and plan checks (each by its worst) that are minor"),
    "minor_limit": _number("bound of a minor deviation, in the unit of the limit"),
    "missing": _text("modalities of which there is no file"),
    "nearer": _count("plans of other subjects whose organ lay no farther from the targets"),
    "nominal": _number("the value as planned; empty where none is relied on"),
    "not_evaluable": _count("limits that count without a value; plan checks that cannot be judged"),
    "not_met": _count("results that are not per protocol"),
    "notices": _count("findings of the submission and its plans"),
    "of": _count("how many there are"),
    "organ": _text("name in the protocol, else in the plan"),
    "op": _text("operator of the limit"),
    "opened": _text("when the letter was written; UTC"),
    "outcome": _text(
        "of a submission reviewed, site (it cannot be used) or open (still to be reviewed); of a "
        "place submission, not taken or system file"
    ),
    "overdue": _flag("the answer came, or is still to come, after it was due"),
    "p25": _number("volume in percent that 25 % of the plans stay below; empty below 4 plans"),
    "p5": _number("the same for 5 %; empty below 20 plans"),
    "p50": _number("median volume in percent"),
    "p75": _number("the same for 75 %; empty below 4 plans"),
    "p95": _number("the same for 95 %; empty below 20 plans"),
    "passed": _count("submissions that are per protocol"),
    "per_protocol_limit": _number("bound of per protocol, in the unit of the limit"),
    "percent": _number("the rate in percent"),
    "period": _text("month of receipt"),
    "place": _text("structure or object concerned; or where below the submissions"),
    "plan": _count("number of the plan within its submission; 0 for the submission as a whole"),
    "plans": _count("plans"),
    "priority": _count("priority of the limit"),
    "protocol": _text("id and version of the protocol of the review"),
    "query": _text("state of the newest letter, or its number"),
    "reached": _number("least value among the plans whose organ lay no farther away"),
    "reached_by": _text("code of that plan"),
    "reason": _text(
        "why there is no value, as a code; why a query was closed; why a place is not taken, or "
        "still to be reviewed; why kappa is undefined"
    ),
    "received": _text("when the submission was received; date, or time in UTC"),
    "recorded": _text("when it was recorded; UTC"),
    "revision": _count("1, or more where files of a version were exchanged"),
    "score": _number("modified z-score: distance from the median in robust standard deviations"),
    "signal": _text(
        "empty, watch (outside 95 %) or alarm (outside 99.8 %); of a value true or false"
    ),
    "since": _text("when it could not be reviewed for the first time; UTC"),
    "site": _text("code of the site"),
    "site_score": _number("distance of the median of the site from that of the trial, as score"),
    "site_name": _text("what the site is called; empty where nobody said"),
    "state": _text("of a query open, answered or closed; else where the office has it"),
    "structure": _text("structure of the protocol"),
    "structure_sets": _count("RTSTRUCT files"),
    "subject": _text("the trial's code of the subject"),
    "subjects": _count("subjects"),
    "submissions": _count("submissions; in a chart the numbers of the first and the last"),
    "text": _text("what is not as the protocol wants it, or what was found"),
    "trial": _text("code of the trial"),
    "unit": _text("unit of value, limits and margin; 1 for none"),
    "usual_excess": _number("median of the excess of all plans of the fractionation"),
    "value": _number("the value, in its unit; empty when there is none"),
    "value_after": _number("value of the resubmission"),
    "value_before": _number("value of the submission before"),
    "verdict": _text("per_protocol, minor, not_evaluable or major; empty for information"),
    "verdict_after": _text("verdict of the resubmission"),
    "verdict_before": _text("verdict of the submission before"),
    "version": _count("number of the submission of its subject"),
    "watch_high_percent": _number("upper end of where 95 % lie if all are alike; exact binomial"),
    "watch_low_percent": _number("lower end of the same"),
    "what": _text("id of the limit or code of the finding"),
    "actor": _text("who recorded it, by name"),
    "added_path_mm": _number("outline of the reference farther than 1 mm from the plan's, mm"),
    "at": _text("when it was recorded; UTC"),
    "change_score": _number(
        "distance of the change from the version before from the median of all such changes, as "
        "score; empty under 15 of them"
    ),
    "changes": _flag("the verdict depends on who drew; empty in rows of structures"),
    "dice": _number("twice the common volume over the sum of both, 0 to 1"),
    "hausdorff95_mm": _number("95th percentile of the distance of the surfaces, mm"),
    "hausdorff_mm": _number("largest distance of the surfaces, mm"),
    "mean_mm": _number("mean distance of the surfaces, mm"),
    "path_mm": _number("all outlines of the reference, mm"),
    "reference": _count("number of the recorded contours"),
    "reference_cc": _number("volume of the reference's structure, cc"),
    "reference_value": _number("the value with the contours of the reference"),
    "reference_verdict": _text("the verdict with the contours of the reference"),
    "role": _text("what the person is in the trial"),
    "surface_dice_1mm": _number("part of both surfaces within 1 mm of the other one, 0 to 1"),
    "surface_dice_2mm": _number("the same for 2 mm"),
    "surface_dice_3mm": _number("the same for 3 mm"),
    "volume_cc": _number("volume of the plan's structure, cc"),
    "why": _text("why it was recorded, in the person's words"),
    "radius_mm": _number("length of the shifts; empty in the row of setup errors"),
    "towards": _text("the shift that does the worst: how far, and to which side of the patient"),
    "unknown": _count("shifts or draws without a value"),
    "verdict_planned": _text("the verdict as planned"),
    "worst": _number("the worst value of all shifts"),
    **OFFICE_MEANINGS,
}
"""What each column holds, by its name."""

_RATE: Final = ("percent", "low_percent", "high_percent")
_LIMITS: Final = (
    "watch_low_percent", "watch_high_percent", "alarm_low_percent", "alarm_high_percent", "signal",
)  # fmt: skip

_COLUMNS: Final = {
    "submissions": (
        "code", "trial", "site", "subject", "version", "revision", "received", "recorded", "plans",
        "structure_sets", "doses", "images", "verdict", "minor", "major", "not_evaluable",
        "borderline", "notices", "latest", "query", "complete", "outcome",
    ),
    "metrics": (
        "code", "site", "subject", "version", "revision", "received", "latest", "plan", "limit",
        "structure", "metric", "op", "value", "unit", "reason", "per_protocol_limit", "minor_limit",
        "margin", "verdict", "borderline", "priority", "counts", "protocol",
    ),
    "deviations": (
        "code", "site", "subject", "version", "revision", "received", "latest", "plan", "kind",
        "what", "verdict", "place", "text",
    ),
    "completeness": (
        "code", "site", "subject", "latest", "RTPLAN", "RTSTRUCT", "RTDOSE", "CT", "missing",
        "place", "outcome", "reason", "SEG",
    ),
    "reference": (
        "code", "site", "subject", "latest", "plan", "reference", "at", "actor", "role", "why",
        "structure", *MEASURES, "limit", "metric", "unit", "value", "reference_value", "verdict",
        "reference_verdict", "changes", "reason",
    ),
    "queries": (
        "query", "state", "code", "site", "subject", "latest", "opened", "due", "answered",
        "answer", "closed", "reason", "age_days", "overdue",
    ),
    "changes": (
        "site", "subject", "before", "after", "plan", "limit", "value_before", "value_after",
        "verdict_before", "verdict_after",
    ),
    "differences": (
        "code", "site", "subject", "plan", "area", "item", "what", "before", "after",
        "verdict_before", "verdict_after",
    ),
    "places": ("place", "site", "subject", "outcome", "reason", "entries"),
    "unreviewed": ("place", "site", "subject", "kind", "reason", "since", "attempts"),
    "sites": (
        "site", "submissions", "passed", *_RATE, "subjects", "first_pass_approved",
        "first_pass_percent", "first_pass_low_percent", "first_pass_high_percent", *_LIMITS,
    ),
    "limits": ("limit", "not_met", "of", *_RATE),
    "periods": ("period", "passed", "of", *_RATE),
    "approvals": ("approved_with_submission", "subjects"),
    "outliers": ("code", "limit", "value", "median", "score"),
    "contours": (
        "code", "site", "subject", "latest", "plan", "organ", "feature", "value", "plans",
        "median_of_trial", "score", "site_score", "value_before", "judged",
        "change_score", "drawn_as",
    ),
    "robustness": (
        "code", "site", "subject", "latest", "plan", "limit", "structure", "metric", "unit",
        "radius_mm", "nominal", "worst", "towards", "verdict_planned", "verdict", "flips",
        "unknown", "chance", "chance_error", "reason",
    ),
    "reachable": (
        "code", "site", "subject", "latest", "plan", "limit", "structure", "metric", "unit",
        "value", "fractionation", "plans", "nearer", "reached", "reached_by", "excess",
        "usual_excess", "error_of_bound", "judged",
    ),
    "charts": ("limit", "received", "code", "value", "centre", "low", "high", "signal"),
    "pass-chart": ("submissions", "begin", "end", "passed", "of", "percent", *_LIMITS),
    **OFFICE_COLUMNS,
    "dvh-bands": ("structure", "plans", "dose_gy", "p5", "p25", "p50", "p75", "p95"),
}  # fmt: skip
_LAST: Final = (
    "course", "draft", "decision", "decision_state", "decided_verdict", "decided_by", "decided_at",
)  # fmt: skip
COLUMNS: Final = {
    about: (
        *names,
        *(("site_name",) if "site" in names else ()),
        *(_LAST if about in ("submissions", "metrics", "deviations") else ()),
    )
    for about, names in _COLUMNS.items()
}
"""The columns of each answer, in their order; they stay, new ones come at the end."""

_OWN_KIND: Final = {
    ("pass-chart", "submissions"): "text", ("charts", "signal"): "flag",
    ("queries", "query"): "count", ("metrics", "borderline"): "flag",
}  # fmt: skip
"""Columns that are of another kind than elsewhere."""


def kinds(about: str) -> dict[str, str]:
    """Return the kind of every column of an answer, in their order."""
    return {name: _OWN_KIND.get((about, name), MEANINGS[name].kind) for name in COLUMNS[about]}


def dictionary(answers: tuple[str, ...]) -> list[dict[str, str]]:
    """Return what the columns of some answers hold, one row each."""
    return [
        {"table": about, "column": name, "kind": kind, "meaning": MEANINGS[name].meaning}
        for about in answers
        for name, kind in kinds(about).items()
    ]
