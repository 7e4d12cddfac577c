"""An audit for REDCap: a record for each subject, an instance for each plan of each submission.

``redcap_dictionary.csv`` is the data dictionary to upload first, ``redcap.csv`` the data. A value
that is not known is blank, with its reason beside it. Codes of the trial go out, and nothing that
people wrote: no names of sites, structures, plans or approvers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sbrt_qa.audit.audit_exports import audit_export
from sbrt_qa.audit.what_can_be_asked import Row
from sbrt_qa.reports.as_csv import safe_cell

SUBJECT_FORM: Final = "sbrt_qa_subject"
PLAN_FORM: Final = "sbrt_qa_plan"
"""Instruments; the second one repeats."""

DICTIONARY: Final = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note",
    "Text Validation Type OR Show Slider Number", "Text Validation Min", "Text Validation Max",
    "Identifier?", "Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment",
    "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
)  # fmt: skip
"""Columns of a data dictionary of REDCap."""

VERDICTS: Final = (
    "per_protocol, per protocol | minor, minor deviation | major, major deviation | "
    "not_evaluable, not evaluable"
)
YES_NO: Final = "1, yes | 0, no"
LONGEST_NAME: Final = 60
"""REDCap takes 100 letters for a name; the endings need some."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    form: str
    kind: str
    label: str
    choices: str = ""
    validation: str = ""
    note: str = ""

    @property
    def row(self) -> dict[str, str]:
        """The field as a row of the dictionary."""
        cells = (self.name, self.form, "", self.kind, self.label, self.choices, self.note)
        return dict(zip(DICTIONARY, (*cells, self.validation), strict=False))


_HEAD: Final = (
    _Field("record_id", SUBJECT_FORM, "text", "Code of the subject"),
    _Field("subjects_site", SUBJECT_FORM, "text", "Code of the site"),
    _Field("qa_code", PLAN_FORM, "text", "Submission: site/subject/version"),
    _Field("qa_version", PLAN_FORM, "text", "Number of the submission", validation="integer"),
    _Field("qa_revision", PLAN_FORM, "text", "Revision of its files", validation="integer"),
    _Field("qa_received", PLAN_FORM, "text", "Received on", validation="date_ymd"),
    _Field("qa_latest", PLAN_FORM, "radio", "No later submission is there", YES_NO),
    _Field("qa_outcome", PLAN_FORM, "text", "Whether it was reviewed, cannot be used, or is open"),
    _Field("qa_verdict", PLAN_FORM, "radio", "Verdict of the submission", VERDICTS),
    _Field("qa_minor", PLAN_FORM, "text", "Minor deviations", validation="integer"),
    _Field("qa_major", PLAN_FORM, "text", "Major deviations", validation="integer"),
    _Field("qa_not_evaluable", PLAN_FORM, "text", "Limits and checks without an answer",
           validation="integer"),
    _Field("qa_plan", PLAN_FORM, "text", "Number of the plan", validation="integer"),
    _Field("qa_protocol", PLAN_FORM, "text", "Protocol and version of its limits"),
)  # fmt: skip

_Key = tuple[str, str, str, str]


@audit_export("redcap", "a data dictionary and a data import file of REDCap")
def write_redcap(submissions: Sequence[Row], metrics: Sequence[Row]) -> Mapping[str, str]:
    """Return the data and the dictionary of an audit, by file name."""
    names = _names(metrics)
    fields = (*_HEAD, *(one for key, name in names.items() for one in _limit_fields(key, name)))
    header = ["record_id", "redcap_repeat_instrument", "redcap_repeat_instance"]
    header += [one.name for one in fields if one.name != "record_id"]
    data = _csv(header, _records(submissions, metrics, names))
    return {
        "redcap.csv": data,
        "redcap_dictionary.csv": _csv(DICTIONARY, (one.row for one in fields)),
    }


def _csv(header: Sequence[str], rows: Iterator[dict[str, str]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, header, lineterminator="\r\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _key(row: Row) -> _Key:
    return row["limit"], row["structure"], row["metric"], row["unit"]


def _names(metrics: Sequence[Row]) -> dict[_Key, str]:
    """Return the name of the field of each limit: lower case, and each once.

    A limit that changed its structure, metric or unit between protocols has a field for each.
    """
    names: dict[_Key, str] = {}
    for key in dict.fromkeys(map(_key, metrics)):
        plain = re.sub(r"[^a-z0-9]+", "_", key[0].lower()).strip("_")[:LONGEST_NAME]
        name, number = f"qa_{plain}", 1
        while name in names.values() or any(name == one.name for one in _HEAD):
            number += 1
            name = f"qa_{plain}_{number}"
        names[key] = name
    return names


def _limit_fields(key: _Key, name: str) -> tuple[_Field, ...]:
    limit, structure, metric, unit = key
    label = f"{limit} {structure} {metric}"
    why = f"{label}: why there is no value"
    return (
        _Field(f"{name}_value", PLAN_FORM, "text", label, validation="number",
               note="" if unit == "1" else unit),
        _Field(f"{name}_verdict", PLAN_FORM, "radio", f"{label}: verdict", VERDICTS),
        _Field(f"{name}_reason", PLAN_FORM, "text", why),
    )  # fmt: skip


def _records(
    submissions: Sequence[Row], metrics: Sequence[Row], names: Mapping[_Key, str]
) -> Iterator[dict[str, str]]:
    by_code: dict[str, dict[int, list[Row]]] = {}
    for row in metrics:
        by_code.setdefault(row["code"], {}).setdefault(row["plan"], []).append(row)
    by_subject: dict[str, list[Row]] = {}
    for row in submissions:
        by_subject.setdefault(row["subject"], []).append(row)
    for subject, sent in by_subject.items():
        yield {"record_id": subject, "subjects_site": sent[-1]["site"]}
        instance = 0
        for one in sorted(sent, key=lambda row: (row["version"], row["revision"])):
            for plan, rows in by_code.get(one["code"], {None: []}).items():
                instance += 1
                head = {"record_id": subject, "redcap_repeat_instrument": PLAN_FORM,
                        "redcap_repeat_instance": str(instance)}  # fmt: skip
                yield head | _of_submission(one) | _of_plan(plan, rows, names)


def _of_submission(row: Row) -> dict[str, str]:
    names = ("code", "version", "revision", "outcome", "verdict", "minor", "major", "not_evaluable")
    cells = {f"qa_{name}": _cell(row[name]) for name in names}
    return cells | {
        "qa_received": _cell(row["received"])[:10], "qa_latest": _cell(row["latest"]),
    }  # fmt: skip


def _of_plan(plan: int | None, rows: Sequence[Row], names: Mapping[_Key, str]) -> dict[str, str]:
    cells = {"qa_plan": _cell(plan), "qa_protocol": _cell(rows[0]["protocol"] if rows else None)}
    for row in rows:
        name = names[_key(row)]
        cells[f"{name}_value"] = _cell(row["value"])
        cells[f"{name}_verdict"] = _cell(row["verdict"])
        cells[f"{name}_reason"] = _cell(row["reason"])
    return cells


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return str(safe_cell(value)) if isinstance(value, str) else repr(value)
