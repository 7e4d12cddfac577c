"""``sbrt-qa completion``: what a shell needs to complete commands, options and files."""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer

from sbrt_qa.cli.output import emit
from sbrt_qa.errors import UsageError, did_you_mean, quoted

SHELLS: Final = ("bash", "zsh", "fish", "powershell")

VARIABLE: Final = "_SBRT_QA_COMPLETE"
"""Set by the script of a shell when it asks what may follow."""


def completion(
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")],
) -> None:
    """Print the script that lets a shell complete commands and options.

    Bash: ``sbrt-qa completion bash > ~/.local/share/bash-completion/completions/sbrt-qa``.
    """
    from typer._completion_shared import get_completion_script

    if shell not in SHELLS:
        raise UsageError(
            "no such shell", got=quoted(shell), expected=f"one of {', '.join(SHELLS)}",
            advice=did_you_mean(shell, SHELLS),
        )  # fmt: skip
    script = get_completion_script(prog_name="sbrt-qa", complete_var=VARIABLE, shell=shell)
    emit(f"{script}\n")


def is_asked() -> bool:
    """Tell whether a shell asks what may follow, instead of a person for a command."""
    return VARIABLE in os.environ


def prepare() -> None:
    """Let the classes that answer a shell be known."""
    from typer._completion_classes import completion_init

    completion_init()
