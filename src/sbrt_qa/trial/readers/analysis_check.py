"""Times that came ready-made (ADTTE): never imported, but held against the deaths in the data.

``CNSR`` is 0 for an event, the opposite of the status of R; who mixes them up turns every survivor
into a death.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sbrt_qa.i18n.phrase import say
from sbrt_qa.trial.problem import Problem
from sbrt_qa.trial.readers.source_table import SourceTable

INVERTED_SHARE: Final = 0.9
NAMES: Final = ("adtte", "adsl", "adae", "adtl")


def analysis_problems(sources: Sequence[SourceTable]) -> tuple[Problem, ...]:
    """Return what is told of ready-made analysis data sets: noted, and whether CNSR is inverted."""
    problems = []
    alive = {
        cells.get("subject", "").strip(): cells.get("alive", "").strip() == "Y"
        for one in sources if one.name == "status" for _, cells in one.rows
    }  # fmt: skip
    for one in sources:
        if one.name not in NAMES:
            continue
        what = say("analysis data are not imported: endpoints are derived here")
        problems.append(Problem("ANALYSIS_DATA", "I", what, "", one.file))
        if one.name == "adtte" and _is_inverted(one, alive):
            what = say("CNSR looks inverted: most who are alive have 0, which is an event")
            problems.append(Problem("CNSR_INVERTED", "W", what, "", one.file, 1, "CNSR"))
    return tuple(problems)


def _is_inverted(table: SourceTable, alive: dict[str, bool]) -> bool:
    against = known = 0
    for _, cells in table.rows:
        row = {name.lower(): text.strip() for name, text in cells.items()}
        subject = row.get("usubjid", row.get("subject", ""))
        if not row.get("paramcd", "").startswith("OS") or subject not in alive:
            continue
        if row.get("cnsr", "") in ("0", "1"):
            known += 1
            against += (row["cnsr"] == "0") == alive[subject]
    return known > 0 and against > INVERTED_SHARE * known
