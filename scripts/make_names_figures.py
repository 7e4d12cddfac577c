"""Write into docs/audit.md how many planted names are found, and the number of false alarms."""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "tests" / "audit"), str(ROOT / "tests" / "dicom")]

from invented_names import patients, ways  # noqa: E402 - found by the paths above
from structure_names import NAMES  # noqa: E402

from sbrt_qa.audit.privacy import Texts, scan  # noqa: E402

PAGE = ROOT / "docs" / "audit.md"
PATIENTS, FOR_ALARMS = 500, 100


def main() -> None:
    """Scan every label of every patient, and sound names beside the headers of some."""
    planted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for patient in patients(PATIENTS):
        for _, text in ways(patient):
            planted[patient.language] += 1
            found[patient.language] += bool(scan(patient.header, Texts((text,))).replacements)
    sound = [name for names in NAMES.values() for name in names]
    alarms = sum(
        len(scan(patient.header, Texts(tuple(sound))).replacements)
        for patient in patients(FOR_ALARMS)
    )
    tried = FOR_ALARMS * len(sound)
    rows = [
        f"| {language} | {planted[language]:,} | {found[language]:,} | "
        f"{100 * found[language] / planted[language]:.2f} % |"
        for language in planted
    ]
    table = "\n".join(
        [
            f"Labels that hold a name, number or date of birth of {PATIENTS} invented patients:\n",
            "| names | planted | found | recall |\n|---|---|---|---|",
            *rows,
            f"\nOf {tried:,} sound names of structures beside such headers, {alarms} raised an "
            f"alarm ({1000 * alarms / tried:.2f} in 1,000; at most 1 is wanted).",
        ]
    )
    text = PAGE.read_text(encoding="utf-8")
    block = f"<!-- names -->\n{table}\n<!-- /names -->"
    PAGE.write_text(re.sub(r"<!-- names -->.*<!-- /names -->", lambda _: block, text, flags=re.S))
    print(table)


if __name__ == "__main__":
    main()
