"""Contours exported twice, in 200 random mixtures of forms: no value and no verdict moves unsaid.

    scripts/bench doubled_contours [--seeds 200] [--case major]

Each mixture doubles or trebles some contours of some structures of a sample plan; copies are
reversed, rotated, closed, rounded to 0.1 mm, thinned, densified, moved by up to 0.1 mm and along z
by up to 0.05 mm. Told are values farther than 1 % from those of the sound plan, and verdicts that
are better than those without a finding of at least minor.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from sbrt_qa import load_cases
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.protocol.protocol_files import load_protocol
from sbrt_qa.review.case_review import CaseReview
from sbrt_qa.review.review import review_case
from sbrt_qa.testing.phantoms.doubled import doubled_case

SAMPLES = Path(__file__).resolve().parent.parent / "sample_dicom"
SAYING = {"CONTOUR_TWICE", "CONTOUR_NEARLY_TWICE", "CONTOURS_CROSS"}
SAID = {Verdict.MINOR, Verdict.MAJOR, Verdict.NOT_EVALUABLE}
NEAR = 0.01
LEAST = 0.02
"""Smallest value that is held to `NEAR`; printed values have two decimals."""


def values(review: CaseReview) -> dict[str, float]:
    """Return the values of all limits that have one."""
    return {c.id: c.value for c in review.constraints if c.value is not None}


def wrong(sound: CaseReview, found: CaseReview) -> list[str]:
    """Say what moved without being said."""
    there, known = values(found), values(sound)
    reasons = {c.id for c in found.constraints if c.reason is not None}
    far = [
        f"{key}: {there[key]:.4g} instead of {value:.4g}"
        for key, value in known.items()
        if key in there and abs(there[key] - value) > NEAR * max(abs(value), LEAST)
    ]
    lost = [f"{key}: no value" for key in known if key not in there and key not in reasons]
    told = {f.code for f in found.findings if f.verdict in SAID} & SAYING
    better = found.verdict.rank < sound.verdict.rank and not told
    worse = [f"verdict {found.verdict}"] if better else []
    hidden = [
        f"{c.id}: {c.verdict} instead of {s.verdict}"
        for c, s in zip(found.constraints, sound.constraints, strict=True)
        if s.verdict is Verdict.MAJOR and c.verdict is not Verdict.MAJOR
    ]
    return far + lost + worse + hidden


def main() -> None:
    """Review the sound plan once, then every mixture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--case", default="major")
    options = parser.parse_args()
    (case,) = load_cases(SAMPLES / options.case)
    protocol = load_protocol("liver_sbrt")
    sound = review_case(case, protocol, bands=False)
    failed, began = 0, time.process_time()
    for seed in range(options.seeds):
        found = review_case(doubled_case(case, seed), protocol, bands=False)
        if problems := wrong(sound, found):
            failed += 1
            print(f"seed {seed}: {'; '.join(problems)}")
    spent = time.process_time() - began
    print(f"{failed} of {options.seeds} mixtures wrong; {spent / options.seeds:.2f} s each")


if __name__ == "__main__":
    main()
