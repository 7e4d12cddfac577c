"""Entry point of ``sbrt-qa``: the commands, and what becomes of an error."""

from __future__ import annotations

import gc
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from sbrt_qa import __version__
from sbrt_qa.cli import (
    audit,
    check,
    checks,
    compare,
    curves,
    deidentify,
    desk,
    dvh,
    exit_codes,
    export,
    inspect,
    protocol,
    report,
    sample,
    schema,
    selftest,
    serve,
    trial_commands,
    warm,
)
from sbrt_qa.cli import backup as backups
from sbrt_qa.cli import close as closing
from sbrt_qa.cli import letter as letters
from sbrt_qa.cli import query as querying
from sbrt_qa.cli import regrade as regrading
from sbrt_qa.cli import verify as verifying
from sbrt_qa.cli.output import tell
from sbrt_qa.errors import OwnFault, SbrtQaError, own_fault, visible

app = typer.Typer(
    name="sbrt-qa",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(check.check)
app.command()(report.report)
app.command()(audit.audit)
app.command()(verifying.verify)
app.command()(regrading.regrade)
app.command()(querying.query)
app.command()(letters.letter)
app.command()(closing.close)
app.command()(compare.compare)
app.command()(dvh.dvh)
app.command()(export.export)
app.command()(deidentify.deidentify)
app.command()(inspect.inspect)
app.command()(curves.curves)
app.add_typer(protocol.app, name="protocol")
app.add_typer(checks.app, name="checks")
app.command()(schema.schema)
app.add_typer(trial_commands.app, name="trial")
app.command()(sample.sample)
app.command()(selftest.selftest)
app.command()(warm.warm)
app.command()(desk.desk)
app.command()(serve.serve)
app.command()(backups.backup)
app.command()(backups.restore)
app.add_typer(serve.app, name="account")


@app.callback(invoke_without_command=True)
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


GARBAGE_THRESHOLD = 100_000
"""New objects between two searches for garbage. Reading a large case makes many and drops few."""


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
    try:
        app(list(arguments), prog_name="sbrt-qa")
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
