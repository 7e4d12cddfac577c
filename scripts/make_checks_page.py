#!/usr/bin/env python3
"""Write docs/checks.md: what the registry of plan checks says of itself."""

from __future__ import annotations

import sys
from pathlib import Path

from sbrt_qa.checks.registry import CHECKS, Check, Group
from sbrt_qa.checks.run_checks import configured
from sbrt_qa.reports.checks_table import either, shown

PAGE = Path(__file__).resolve().parents[1] / "docs" / "checks.md"

ROWS = {
    1: "One frame of reference for image, structures, plan and dose",
    2: "References from dose to plan to structures to image",
    3: "Dose in Gy, physical, of the whole plan; one dose for a plan; a scaling above 0",
    4: "Dose not older than plan and structures",
    5: "Approval of the plan",
    6: "Prescription and fractions allowed; dose of a fraction times fractions is the total",
    7: "Beam doses times fractions against prescription and dose grid",
    8: "Meterset above 0 for all beams; all beams in the fraction group",
    9: "Radiation, energy, flattening filter",
    10: "One isocentre, inside the body, near the target",
    11: "One machine, one technique",
    12: "Beams through the other side of the body",
    13: "Patient position of image and plan",
    14: "Heterogeneity correction",
    15: "Spacing of the dose grid, even planes",
    16: "Dose grid holds the target with a margin, and every organ with a limit",
    17: "Slice spacing from positions, missing slices, gantry tilt",
    18: "Image holds the liver whole",
    19: "Required structures there, not empty, closed, with three points",
    20: "Contours missing on slices between; stray contours",
    21: "Duplicate names, names not after TG-263, doses in target names",
    22: "GTV in CTV in ITV in PTV; margins",
    23: "Liver-GTV is the liver without the GTV",
    24: "Left and right organs; PRV margin",
    25: "Organs inside the body; couch; organs that overlap the target",
    26: "Plausible volumes",
    27: "Density overrides",
    28: "Bolus, wedge, compensator, block",
    29: "Respiratory technique",
    30: "DVHs stored with the dose against ours",
    31: "Fractions, dates and metersets of treatment records",
    32: "De-identification",
    33: "Control points, small fields, meterset per Gy",
}
"""What a physicist looks at before signing, after AAPM TG-275 and MPPG 11.a, in 33 rows."""

INTRODUCTION = """# Plan checks

Limits of dose are half of a plan check. The other half is whether the plan, the dose and the
structures can be trusted at all. Every check here is made with every review (`sbrt-qa check`);
`sbrt-qa checks list` and `sbrt-qa checks show CODE` tell the same as this page, which
`scripts/make_checks_page.py` makes from the checks themselves. `tests/test_checks_page.py` fails
when it is not current.

## What a check says

For each object it looks at, a check **passes** and says what it saw, **finds** something, or says
that it **cannot be told** and why. Where there is nothing to look at (no image, no treatment
record) it is silent. Findings stand in the report with what was found, what was expected, what is
tolerated and what to do; passed ones are counted by group, and listed with `sbrt-qa check
--all-checks`. JSON and CSV hold all of them.

| a finding is | verdict of the case |
|---|---|
| info | not touched |
| minor | minor at least |
| major | major |
| block | not evaluable: whatever the limits say, the case cannot be judged |

A finding may be less than the check's worst; each page says which it can be. Not to be told counts
as not evaluable where the check could find something major, and as information otherwise. A check
that breaks off is a finding of its own, not evaluable, and stops nothing.

## What a protocol may set

```yaml
checks:
  DOSE_GRID_SPACING:
    severity: major                    # what a finding means at worst
    parameters: {per_protocol_mm: 2.0, minor_mm: 3.0}
    note: TG-101 recommends 2 mm or less
  BREATHING:
    applies: false                     # not made at all
```

`sbrt-qa checks list -p PROTOCOL` and `checks show CODE -p PROTOCOL` tell what a protocol has set,
and whether it wants the check at all. A severity caps what a check says: with `minor`, nothing it
finds is worse than minor. A higher one raises what the check finds at worst, not what it finds
milder. A code or parameter that there is not is an error. Required structures that are missing make
a case not evaluable rather than a deviation, because nothing is known about their dose.

What DICOM does not hold is not checked and needs a form: the name of the algorithm, the amplitude
of motion, image guidance, contrast phase, quality of registration, dates of systemic therapy.

## The list, and which checks cover it

| row | what | checks |
|---|---|---|
"""


def page() -> str:
    """Return the page."""
    checks = [one.check for one in configured(None)]
    parts = [INTRODUCTION]
    parts += [f"| {row} | {what} | {_codes(checks, row)} |\n" for row, what in ROWS.items()]
    for group in Group:
        parts.append(f"\n## {group.capitalize()}\n")
        parts += [_section(one) for one in checks if one.group is group]
    return "".join(parts)


def _codes(checks: list[Check], row: int) -> str:
    return ", ".join(f"`{one.code}`" for one in checks if row in one.rows)


def _section(one: Check) -> str:
    rows = f" · row {', '.join(map(str, one.rows))}" if one.rows else ""
    severities = either(f"**{s}**" for s in one.severities(one.severity))
    facts = f"{one.title}. A finding is {severities}{rows} · {one.source}"
    text = f"\n### {one.code}\n\n{facts}\n\n{one.page}\n"
    if one.parameters:
        text += "\n| parameter | default | meaning |\n|---|---|---|\n"
        text += "".join(
            f"| `{p.name}` | {shown(p.default)} | {p.meaning} |\n" for p in one.parameters
        )
    return text


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(f"{PAGE.name}: {len(CHECKS)} checks")


if __name__ == "__main__":
    sys.exit(main())
