"""Entry point of ``sbrt-qa``: the commands, and what becomes of an error."""

from __future__ import annotations

import gc
import logging
import os
import sys
import traceback
from collections.abc import Callable, Collection, Sequence
from typing import Annotated

import typer

from sbrt_qa import __version__
from sbrt_qa.cli import (
    audit,
    check,
    checks,
    compare,
    completion,
    curves,
    decision_print,
    deidentify,
    desk,
    dvh,
    exit_codes,
    export,
    inspect,
    protocol,
    receive,
    report,
    sample,
    schema,
    selftest,
    send,
    serve,
    submit,
    trial_commands,
    warm,
    work,
)
from sbrt_qa.cli import backup as backups
from sbrt_qa.cli import close as closing
from sbrt_qa.cli import letter as letters
from sbrt_qa.cli import query as querying
from sbrt_qa.cli import regrade as regrading
from sbrt_qa.cli import verify as verifying
from sbrt_qa.cli.output import tell
from sbrt_qa.errors import OwnFault, SbrtQaError, own_fault, visible

COMMANDS: dict[str, Callable[..., None] | typer.Typer] = {
    "check": check.check,
    "report": report.report,
    "audit": audit.audit,
    "verify": verifying.verify,
    "regrade": regrading.regrade,
    "query": querying.query,
    "letter": letters.letter,
    "decision": decision_print.decision,
    "close": closing.close,
    "compare": compare.compare,
    "dvh": dvh.dvh,
    "export": export.export,
    "deidentify": deidentify.deidentify,
    "submit": submit.submit,
    "inspect": inspect.inspect,
    "curves": curves.curves,
    "schema": schema.schema,
    "sample": sample.sample,
    "selftest": selftest.selftest,
    "warm": warm.warm,
    "completion": completion.completion,
    "desk": desk.desk,
    "serve": serve.serve,
    "work": work.work,
    "receive": receive.receive,
    "send": send.send,
    "backup": backups.backup,
    "restore": backups.restore,
    "protocol": protocol.app,
    "checks": checks.app,
    "trial": trial_commands.app,
    "account": serve.app,
    "receipt": submit.app,
}
"""Every command, or group of commands, by the name that a user types."""


def top(
    *,
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    """SBRT plan quality assurance: DICOM in, protocol deviations out.

    Not for treatment decisions.
    """
    if version:
        print(f"sbrt-qa {__version__}")
        raise typer.Exit


def application(wanted: Collection[str] = tuple(COMMANDS)) -> typer.Typer:
    """Return the command line, in which the wanted commands can be run and the others are named.

    Reading the options of all commands takes longer than the rest of showing what there is.
    """
    made = typer.Typer(
        name="sbrt-qa",
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    made.callback(invoke_without_command=True)(top)
    for name, command in COMMANDS.items():
        if isinstance(command, typer.Typer):
            made.add_typer(
                command if name in wanted else _named_only(command.info.help or ""), name=name
            )
        elif name in wanted:
            made.command(name)(command)
        else:
            made.command(name, help=command.__doc__)(_without_options)
    return made


def _named_only(text: str) -> typer.Typer:
    """Return a group of commands of which only the help is known."""
    return typer.Typer(help=text, rich_markup_mode=None)


def _without_options() -> None:
    """Stand for a command that is named and not run."""


GARBAGE_THRESHOLD = 400_000
"""New objects between two searches for garbage. Reading a case makes many and drops few."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    # structures are computed side by side: threads of the matrix library would fight over the cores
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.exit(run(sys.argv[1:]))


class _ToldOnce(logging.Handler):
    """Tells what a store waits for."""

    def emit(self, record: logging.LogRecord) -> None:
        """Tell a message."""
        tell(visible(record.getMessage()))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; an error becomes one message, never a traceback.

    A traceback of an unexpected error is shown when the environment variable SBRT_QA_DEBUG is set.
    """
    logging.getLogger("pydicom").addHandler(logging.NullHandler())  # findings say it, once
    logging.getLogger("sbrt_qa.audit.store").addHandler(_ToldOnce())
    wanted = COMMANDS.keys() & set(arguments)
    if completion.is_asked():
        completion.prepare()
        wanted = set(COMMANDS)
    try:
        application(wanted)(list(arguments), prog_name="sbrt-qa")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except SbrtQaError as error:
        return _told(error)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence of a command-line program
        return _told(own_fault(error), error)
    return 0


def _told(error: SbrtQaError, cause: BaseException | None = None) -> int:
    """Tell of an error and return its exit code; one of ours with a traceback where asked for."""
    if isinstance(error, OwnFault) and os.environ.get("SBRT_QA_DEBUG"):
        traceback.print_exception(cause or error)
    tell("\n".join(visible(line) for line in str(error).split("\n")))
    return exit_codes.of_error(error)
