"""Reports of a trial as tests read them: each is made once."""

from __future__ import annotations

from pathlib import Path

from sbrt_qa.audit.trial_reports import TrialRequest, report
from sbrt_qa.reports.outcome.outcome_roles import role_of
from sbrt_qa.testing.outcomes.form_writers import as_csv
from sbrt_qa.testing.outcomes.sample_outcomes import sample_trial

KEPT: dict[tuple[Path, str, str, str], bytes] = {}


def page_of(request: TrialRequest, role: str, form: str = "html", language: str = "en") -> bytes:
    """Return the report of a role, the first one made of this audit."""
    key = (request.audit, role, form, language)
    if key not in KEPT:
        KEPT[key] = new_page(request, role, form, language)
    return KEPT[key]


def new_page(request: TrialRequest, role: str, form: str = "html", language: str = "en") -> bytes:
    """Return the report of a role, made anew; labels and failures lie beside the audit."""
    folder = request.audit.parent
    failures = folder / "failures"
    return report(
        request, role_of(role), output_format=form, language=language, site="A01",
        key_file=folder / "labels.json", failures=failures if failures.exists() else None,
    )  # fmt: skip


def write_csv(folder: Path) -> Path:
    """Write the sample as canonical CSV alone; return its folder."""
    for name, content in as_csv(sample_trial().tables).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / "csv"
