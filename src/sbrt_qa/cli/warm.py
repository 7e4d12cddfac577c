"""``sbrt-qa warm``: compile every kernel now, so that no later run waits for it."""

from __future__ import annotations

from sbrt_qa.cli.output import tell
from sbrt_qa.pipeline import first_look


def warm() -> None:
    """Compile the kernels into the cache, for a container image or a first run without a wait.

    Says on stderr what is compiled. A second run compiles nothing.
    """
    compiled = first_look.warm(tell)
    tell(f"{compiled} kernels compiled" if compiled else "all kernels were in the cache")
