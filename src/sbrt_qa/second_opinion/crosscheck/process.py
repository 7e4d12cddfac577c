"""Starts the process of the second engine and reads its answer."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.second_opinion.crosscheck.child import MISSING

TIMEOUT_S: Final = 900
CHILD: Final = Path(__file__).with_name("child.py")
Request = tuple[str, float, str]
"""``dose`` or ``volume``, its argument and the argument's unit."""

Asked = tuple[Any, Sequence[Request]]
"""A ROI number, or several combined as ``[sign, left, right]``, and what is asked of them."""


Answers = Mapping[str, Mapping[str, Any]]
"""What the second engine says by key: statistics and curve, or ``error``."""


def ask(structures: Path, dose: Path, subjects: Mapping[str, Asked]) -> Answers:
    """Return the answers of dicompyler-core, with the keys of `subjects`.

    Raises
    ------
    UsageError
        dicompyler-core is not installed.
    InputError
        The process fails or takes too long.
    """
    request = {
        "structures": str(structures.resolve()), "dose": str(dose.resolve()),
        "subjects": dict(subjects),
    }  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - our own script, by the interpreter that runs
            [sys.executable, "-I", str(CHILD)],
            input=json.dumps(request), capture_output=True, text=True, timeout=TIMEOUT_S,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise InputError("the second engine took too long", got=f"over {TIMEOUT_S} s") from error
    if done.returncode == MISSING:
        raise UsageError(
            "--cross-check needs the package dicompyler-core",
            advice='Install the extra: pip install "sbrt-qa[crosscheck]"',
        )
    try:
        found = json.loads(done.stdout)["subjects"]
        return {key: answer for key, answer in found.items() if _sound(answer)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        got = f"exit code {done.returncode}"
        raise InputError("the second engine gave no answer", got=got) from error


def _sound(answer: dict[str, Any]) -> bool:
    numbers = ("volume_cc", "min_gy", "mean_gy", "max_gy")
    return "error" in answer or all(math.isfinite(answer[name]) for name in numbers)
