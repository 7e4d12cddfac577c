"""``sbrt-qa deidentify``: a case without anything of the patient, for who may not know them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli import exit_codes
from sbrt_qa.cli.options import Inputs, is_json
from sbrt_qa.cli.output import emit, tell_compiled, tell_compiling, unless_stated
from sbrt_qa.errors import UsageError, quoted, visible
from sbrt_qa.i18n.phrase import counted

HELD = 10


def deidentify(
    case: Inputs,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="New folder for released files.")
    ],
    key: Annotated[
        Path,
        typer.Option(
            "--key", metavar="FILE", help="The trial's key at this site; made when not there."
        ),
    ],
    subject: Annotated[
        str, typer.Option("--subject", metavar="CODE", help="Subject code; else by the key.")
    ] = "",
    site: Annotated[str, typer.Option("--site", metavar="CODE", help="Site code to write.")] = "",
    trial: Annotated[
        str, typer.Option("--trial", metavar="CODE", help="Protocol code to write.")
    ] = "",
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol",
            "-p",
            metavar="NAME|FILE",
            help="The protocol whose version in force is determined before dates are moved.",
        ),
    ] = pipeline.DEFAULT_PROTOCOL,
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept", metavar="SHA256", help="A person has looked at this held file; repeatable."
        ),
    ] = None,
    output_format: Annotated[
        str, typer.Option("--format", "-f", callback=unless_stated, help="One of: json, table.")
    ] = "table",
) -> None:
    """Write a case without anything of the patient, and say what was removed, held and left.

    Only what the policy names stays: numbers, contours and pixels as they are, UIDs replaced, dates
    moved by weeks, names of structures when they are words of the field. What only a person can
    judge is held. Exits with 0 (released), 10 (held), 1 (refused or unreadable), 2 (usage).
    """
    from sbrt_qa.deid.release import ReleaseAsked  # start-up: pydicom
    from sbrt_qa.pipeline.deidentifying import deidentify as run

    as_json = is_json(output_format)
    for name, code in (("--subject", subject), ("--site", site), ("--trial", trial)):
        _refuse_no_code(name, code)
    pipeline.start_kernels_fast()
    pipeline.when_compiling(tell_compiling, tell_compiled)
    asked = ReleaseAsked(subject, site, trial, "", tuple(accept or ()), protocol)
    report = run(case, out, key, asked)
    if as_json:
        emit(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    else:
        emit(release_lines(report))
    if report["refused"] or not (report["released"] or report["held"]):
        raise typer.Exit(exit_codes.UNREADABLE)
    if report["held"]:
        raise typer.Exit(HELD)


def _refuse_no_code(name: str, code: str) -> None:
    allowed = all(c.isascii() and (c.isalnum() or c in "._+-") for c in code)
    if not allowed or len(code) > 64:
        raise UsageError(
            f"{name} is no code", got=quoted(code), expected="letters, digits and . _ + -"
        )


def release_lines(report: dict[str, Any]) -> str:
    """Return in lines what was released, held and changed; no value of the originals."""
    lines = [
        f"{counted(len(report['released']), 'file')} released"
        f" as subject {report['subject'] or '–'}; "
        f"{len(report['held'])} held, {len(report['refused'])} refused, {len(report['left'])} left"
    ]
    for what in ("refused", "held", "left"):
        lines += [
            f"  {what}: file {r['file']} ({r['sha256'][:12]}): {r['why']}" for r in report[what]
        ]
    removed = ", ".join(f"{k} {n}" for k, n in sorted(report["removed"].items()))
    replaced = ", ".join(f"{k} {n}" for k, n in sorted(report["replaced"].items()))
    lines += [f"Removed: {removed or 'nothing'}", f"Replaced: {replaced or 'nothing'}"]
    for row in report["protocols"]:
        told = f"{row['id']} {row['version']}" if "version" in row else f"{row['id']}: not told"
        lines.append(f"Protocol in force at the true planning date: {told}")
    return "".join(f"{visible(line)}\n" for line in lines)
