"""``sbrt-qa dvh --format json`` in a process of its own, with the caps of ``--untrusted``.

`guards.py` starts it; alone it reads the large case.

    python benchmarks/isolated_dvh.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from sbrt_qa import pipeline
from sbrt_qa.reports.registry import Page, render_dvh
from sbrt_qa.sandbox import preload, run_isolated


def dvh_as_json(folder: str) -> str:
    """Compute all structures of a case and render them: what the child does."""
    return render_dvh("json", pipeline.dvh([Path(folder)]), Page())


def main(folder: str) -> None:
    preload(["sbrt_qa.pipeline", "sbrt_qa.dicom.load", "sbrt_qa.review.review"])
    outcome = run_isolated(dvh_as_json, (folder,), prepare=pipeline.warm_up)
    if outcome.value is None:
        sys.exit(f"no answer: {outcome.failure or outcome.error}")
    print(outcome.value)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        from large_case import case_folder

        main(str(case_folder("large")))
