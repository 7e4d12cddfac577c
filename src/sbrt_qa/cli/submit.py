"""``sbrt-qa submit`` and ``receipt``: from a site to its office, and what the site holds."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.audit import Database
from sbrt_qa.cli.deidentify import HELD, release_lines
from sbrt_qa.cli.output import emit, tell, tell_compiled, tell_compiling, write_whole
from sbrt_qa.errors import UsageError, quoted, visible

if TYPE_CHECKING:
    from sbrt_qa.pipeline.sending import OfficeAddress

SET_ASIDE: Final = 10

app = typer.Typer(no_args_is_help=True, help="Receipts of a review office.", rich_markup_mode=None)


def submit(
    case: Annotated[Path, typer.Argument(metavar="FOLDER", help="The files of one case.")],
    to: Annotated[str, typer.Option("--to", metavar="URL", help="Address of the office.")] = "",
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="File with a site's token.")
    ] = None,
    subject: Annotated[
        str, typer.Option("--subject", metavar="CODE", help="Subject code, such as S01-017.")
    ] = "",
    site: Annotated[str, typer.Option("--site", metavar="CODE", help="Site code.")] = "",
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE",
            help="The trial's key at this site; else the user's own. Made if missing.",
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option("--protocol", "-p", metavar="NAME|FILE", help="Protocol to check against."),
    ] = pipeline.DEFAULT_PROTOCOL,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FOLDER", help="Keep what is, or would be, sent here."),
    ] = None,
    dry_run: Annotated[  # noqa: FBT002
        bool, typer.Option("--dry-run", help="Do everything but send; needs --out.")
    ] = False,
    identified: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--identified", help="Send the files as they are; the office has to allow it."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send without asking.")] = False,  # noqa: FBT002
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="Write the receipt here (JSON)."),
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0.0, help="Wait for the review.")
    ] = 900.0,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca-file", metavar="FILE", help="Certificate authority of the office."),
    ] = None,
) -> None:
    """Check a case, de-identify it, show what changed, ask, send it, and print the receipt.

    Files leave only de-identified, unless --identified is given and the office allows it. The key
    and what it hides stay at the site. Over a network it speaks https only, and always checks the
    certificate. Exits with 0 (sent; or made ready, with --dry-run), 10 (held for a person, here or
    at the office), 1 (refused), 2 (usage).
    """
    if dry_run and (out is None or identified):
        raise UsageError("--dry-run needs --out FOLDER, and no --identified")
    if not subject:
        raise UsageError("whose case this is has to be said", expected="--subject CODE")
    office = None if dry_run else _office(to, token_file, ca_file)
    pipeline.start_kernels_fast()
    pipeline.when_compiling(tell_compiling, tell_compiled)
    _check(case, protocol)
    with _ready(case, out, key, (subject, site), protocol, identified=identified) as folder:
        if office is None:
            tell("nothing was sent")
            return
        paths = sorted(p for p in folder.rglob("*") if p.is_file())
        if not yes:
            _ask(len(paths), identified=identified)
        _send(office, paths, (subject, site), identified=identified, receipt=receipt, wait=wait)


def _office(to: str, token_file: Path | None, ca_file: Path | None) -> OfficeAddress:
    from sbrt_qa.pipeline.sending import OfficeAddress

    if not to or token_file is None:
        expected = "--to URL --token-file FILE, or --dry-run --out FOLDER"
        raise UsageError("where to, and with which token, has to be said", expected=expected)
    try:
        token = token_file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise UsageError("the token cannot be read", got=quoted(token_file.name)) from None
    return OfficeAddress.read(to, token, ca_file)


def _check(case: Path, protocol: str) -> None:
    """Look at the case as the office will, and say in short what it finds."""
    for review in pipeline.check([case], protocol):
        tell(f"checked here: {visible(review.case)}: {review.verdict.value}")


@contextlib.contextmanager
def _ready(
    case: Path,
    out: Path | None,
    key: Path | None,
    codes: tuple[str, str],
    protocol: str,
    *,
    identified: bool,
) -> Iterator[Path]:
    """Give the folder of what is to be sent."""
    if identified:
        tell("--identified: the files go as they are, with all that names the patient")
        yield case
        return
    key = own_key() if key is None else key
    from sbrt_qa.deid.release import ReleaseAsked
    from sbrt_qa.pipeline.deidentifying import deidentify

    with tempfile.TemporaryDirectory(prefix="sbrt-qa-") as made:
        folder = Path(made) / "released" if out is None else out
        asked = ReleaseAsked(codes[0], codes[1], "", "", (), protocol)
        report: dict[str, Any] = deidentify([case], folder, key, asked)
        tell(release_lines(report).rstrip("\n"))
        if report["refused"] or not (report["released"] or report["held"]):
            raise typer.Exit(exit_codes.UNREADABLE)
        if report["held"]:
            raise typer.Exit(HELD)
        yield folder


def own_key() -> Path:
    """Return the key of this site where none is named; its folder is made, and only for its user.

    It lies where the XDG base directory specification says.
    """
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    base = given if given.is_absolute() else Path.home() / ".local" / "share"
    path = base / "sbrt_qa" / "site.key"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    tell(f"key of this site: {visible(str(path))}; keep a copy of it and of what lies beside it")
    return path


def _ask(files: int, *, identified: bool) -> None:
    what = "IDENTIFIED files" if identified else "de-identified files"
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", advice="Look with --dry-run, then say --yes")
    if not typer.confirm(f"Send {files} {what}?", err=True):
        tell("nothing was sent")
        raise typer.Exit(exit_codes.UNREADABLE)


def _send(
    office: OfficeAddress,
    paths: list[Path],
    codes: tuple[str, str],
    *,
    identified: bool,
    receipt: Path | None,
    wait: float,
) -> None:
    from sbrt_qa.pipeline.sending import send, what_became

    upload = send(office, paths, codes[0], site=codes[1], identified=identified)
    tell(f"all {len(paths)} files are at the office; upload {upload}")
    became = what_became(office, upload, wait)
    given = became.get("receipt")
    if given:
        text = json.dumps(given, indent=2, ensure_ascii=False) + "\n"
        emit(text)
        if receipt is not None:
            write_whole(receipt, text.encode())
        return
    if became.get("state") == "withdrawn":
        tell(visible(str(became.get("why"))))
        return
    if became.get("state") == "quarantined":
        tell(f"a person of the office looks at it first: {visible(str(became.get('why')))}")
        raise typer.Exit(SET_ASIDE)
    tell("it is not reviewed yet; the receipt will be on the page of your site")


@app.command("verify")
def verify(
    receipt: Annotated[Path, typer.Argument(metavar="FILE", help="A receipt (JSON).")],
    audit: Annotated[
        Path | None, typer.Option("--audit", metavar="AUDIT", help="Hold it against these records.")
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option("--files", metavar="FOLDER", help="Hold it against what was sent."),
    ] = None,
    database: Database = "",
) -> None:
    """Tell whether a receipt is whole, fits what was sent, and is borne out by the records.

    Exits with 0 when everything that was asked for holds, 1 otherwise.
    """
    from sbrt_qa.pipeline.receipt_check import missing_in, receipt_in

    held = receipt_in(receipt)
    emit(f"{visible(held.submission)}: {len(held.files)} files received {visible(held.received)}\n")
    problem = ""
    if files is not None and (missing := missing_in(held, files)):
        problem = f"{missing} of the files that the receipt names are not in the folder"
    if audit is not None and not problem:
        from sbrt_qa.audit.folder import open_audit
        from sbrt_qa.office.receipts import refuted

        engine = open_audit(audit).engine(database)
        try:
            problem = refuted(engine, held)
        finally:
            engine.dispose()
    emit(f"{problem}\n" if problem else "the receipt holds\n")
    if problem:
        raise typer.Exit(exit_codes.UNREADABLE)
