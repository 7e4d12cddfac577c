"""``sbrt-qa serve`` and ``sbrt-qa account``: the review office of an audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sbrt_qa.cli.audit import AuditFolder, Database
from sbrt_qa.cli.language_options import ReportLanguage
from sbrt_qa.cli.listening_options import ListenAddress, ListenPort
from sbrt_qa.cli.output import tell
from sbrt_qa.errors import UsageError, quoted, visible

if TYPE_CHECKING:
    from sbrt_qa.audit.store.connection import Database as Engine
    from sbrt_qa.office.acting import Acting
    from sbrt_qa.office.roles import Role as OfficeRole
    from sbrt_qa.web.working.working_store import WorkingStore

app = typer.Typer(
    help="Accounts of a review office: made and locked, never renamed or deleted.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

By = Annotated[
    str,
    typer.Option("--by", metavar="NAME", help="Account of an admin who answers for this step."),
]
Code = Annotated[str, typer.Argument(metavar="NAME", help="Name to sign in with.")]
LINK_SECONDS = 72 * 3600.0


def serve(
    audit: AuditFolder,
    database: Database = "",
    port: ListenPort = 8765,
    address: ListenAddress = "127.0.0.1",
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name", metavar="HOST", help="Host name in the office's address; repeatable."
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None, typer.Option("--tls-cert", metavar="FILE", help="Certificate for TLS.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option("--tls-key", metavar="FILE", help="Key of the certificate.")
    ] = None,
    behind_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--behind-proxy",
            metavar="CIDR",
            help="Network of a reverse proxy that speaks TLS; repeatable.",
        ),
    ] = None,
    as_root: Annotated[  # noqa: FBT002
        bool, typer.Option("--as-root", help="Allow root although other machines reach it.")
    ] = False,
    works: Annotated[  # noqa: FBT002
        bool, typer.Option("--work/--no-work", help="Start a worker for the jobs of the office.")
    ] = True,
    identity: Annotated[
        Path | None,
        typer.Option(
            "--identity",
            metavar="FILE",
            help="Identity service (OpenID Connect) by which people may sign in, too.",
        ),
    ] = None,
    submissions: Annotated[
        list[Path] | None,
        typer.Option(
            "--submissions",
            metavar="FOLDER",
            help="Where submissions lie (SITE/SUBJECT/vN), to show their images; repeatable.",
        ),
    ] = None,
    language: ReportLanguage = "",
) -> None:
    """Open the review office of AUDIT as pages; begin an audit where there is none.

    The first run prints a link, which holds for 30 minutes on this machine, to make the first
    account. Beyond this machine it speaks TLS only.
    """
    from sbrt_qa.web.review_office.office_service import OfficeServed, run_office

    how = OfficeServed(
        database, address, port, tuple(name or ()), tuple(behind_proxy or ()), tls_cert, tls_key,
        as_root, works, identity, tuple(submissions or ()), language,
    )  # fmt: skip
    run_office(audit, how, lambda line: print(line, flush=True))


@app.command("add")
def add(
    audit: AuditFolder,
    code: Code,
    full_name: Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the person.")],
    role: Annotated[
        list[str] | None,
        typer.Option("--role", metavar="ROLE", help="Role to grant at once; repeatable."),
    ] = None,
    trial: Annotated[
        str, typer.Option("--trial", metavar="CODE", help="Trial of the roles; *: all.")
    ] = "*",
    site: Annotated[
        str, typer.Option("--site", metavar="CODE", help="Site of the roles; *: all.")
    ] = "*",
    home_site: Annotated[
        str, typer.Option("--home-site", metavar="CODE", help="Site that the person belongs to.")
    ] = "",
    profession: Annotated[
        str, typer.Option("--profession", metavar="WORD", help="physics or oncology.")
    ] = "",
    by: By = "",
    database: Database = "",
) -> None:
    """Make an account, and print the path of a link that sets its password, once.

    The first account of an office is an admin, whatever --role says.
    """
    from sbrt_qa.audit.times import now
    from sbrt_qa.office.accounts import add_account, all_accounts, found_office
    from sbrt_qa.office.granting import grant_role
    from sbrt_qa.web.review_office.office_service import password_link

    roles = [_role(text) for text in role or ()]
    with _opened(audit, database) as (engine, store):
        if not all_accounts(engine):
            made = found_office(engine, code, full_name, now())
        else:
            acting = _acting(engine, by)
            made = add_account(
                engine, acting, code, full_name, profession=profession, home_site=home_site
            )
            for one in roles:
                grant_role(engine, acting, made.key, one, trial=trial, site=site)
        print(password_link(store, made.key, LINK_SECONDS))
    tell("open this path of the office in a browser to set the password; it holds for three days")


@app.command("lock")
def lock(
    audit: AuditFolder,
    code: Code,
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why it is locked.")],
    by: By = "",
    database: Database = "",
) -> None:
    """Lock an account and end its sessions."""
    from sbrt_qa.office.accounts import lock_account
    from sbrt_qa.web.working.session_rows import Sessions

    with _opened(audit, database) as (engine, store):
        key = _key(engine, code)
        lock_account(engine, _acting(engine, by), key, reason)
        Sessions(store).end_all_of(str(key))
    tell(f"{visible(code)} is locked")


@app.command("reset")
def reset(
    audit: AuditFolder,
    code: Code,
    second_factor: Annotated[  # noqa: FBT002
        bool, typer.Option("--second-factor", help="Take the authenticator away, too.")
    ] = False,
    by: By = "",
    database: Database = "",
) -> None:
    """Take an account's password away, end its sessions, print a link to set a new one."""
    from sbrt_qa.office.accounts import PASSWORD_GIVEN, tell_of_account
    from sbrt_qa.web.instance_key import InstanceKey, key_path
    from sbrt_qa.web.review_office.office_service import password_link
    from sbrt_qa.web.working.password_rows import PasswordRows
    from sbrt_qa.web.working.second_factor_rows import SecondFactors
    from sbrt_qa.web.working.session_rows import Sessions

    with _opened(audit, database) as (engine, store):
        key = _key(engine, code)
        tell_of_account(engine, _acting(engine, by), key, PASSWORD_GIVEN)
        PasswordRows(store).drop(str(key))
        if second_factor:
            SecondFactors(store, InstanceKey(key_path(audit))).drop(str(key))
        Sessions(store).end_all_of(str(key))
        print(password_link(store, key, LINK_SECONDS))


@app.command("identity")
def identity(
    audit: AuditFolder,
    code: Code,
    service: Annotated[
        Path, typer.Option("--service", metavar="FILE", help="File of the identity service.")
    ],
    subject: Annotated[
        str,
        typer.Option("--subject", metavar="TEXT", help="What it calls the person; empty: nobody."),
    ] = "",
    by: By = "",
    database: Database = "",
) -> None:
    """Let whom an identity service calls SUBJECT sign in as this account."""
    from sbrt_qa.audit.store.records import sha256
    from sbrt_qa.office.accounts import TIED, UNTIED, tell_of_account
    from sbrt_qa.web.identity.identity_settings import read_identity_settings
    from sbrt_qa.web.working.identity_rows import Identities
    from sbrt_qa.web.working.session_rows import Sessions

    issuer = read_identity_settings(service).issuer
    with _opened(audit, database) as (engine, store):
        key, known = _key(engine, code), Identities(store)
        told = {"issuer": issuer, **({"identity": sha256(subject)} if subject else {})}
        tell_of_account(engine, _acting(engine, by), key, TIED if subject else UNTIED, told)
        known.keep(issuer, subject, str(key)) if subject else known.drop(str(key))
        Sessions(store).end_all_of(str(key))


@app.command("token")
def token(
    audit: AuditFolder,
    code: Code,
    site: Annotated[str, typer.Option("--site", metavar="CODE", help="Site that it uploads for.")],
    days: Annotated[int, typer.Option("--days", metavar="N", help="How long it holds.")] = 90,
    end: Annotated[
        int, typer.Option("--end", metavar="NUMBER", help="End this token instead.")
    ] = 0,
    by: By = "",
    database: Database = "",
) -> None:
    """Make a token with which programs of a site upload, and nothing else; it is shown once.

    It acts for an account that may upload for the site, and ends with that account.
    """
    from sbrt_qa.office.intake_trail import tell_token_ended, tell_token_made
    from sbrt_qa.web.working.token_rows import SiteTokens

    with _opened(audit, database) as (engine, store):
        tokens, key = SiteTokens(store), _key(engine, code)
        if end:
            mine = [one for one in tokens.all() if one.id == end and one.account == key]
            if not mine or not tokens.end(end):
                raise UsageError("this account has no such token", got=str(end))
            tell_token_ended(engine, _acting(engine, by), code, end)
            return
        tokens.refuse_days(days)
        tell_token_made(engine, _acting(engine, by), key, site, days)
        print(tokens.make(key, site, days))
    tell("this token is not shown again; put it into a file that only its user may read")


@app.command("option")
def option(
    audit: AuditFolder,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Option to set; else all.")] = "",
    value: Annotated[str, typer.Argument(metavar="[VALUE]", help="Its value, as JSON.")] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why.")] = "",
    by: By = "",
    database: Database = "",
) -> None:
    """Show the options of an office, or set one from now on: ``identified_by_token true``."""
    import json
    from dataclasses import asdict

    from sbrt_qa.office.trial_options import options_of, set_option

    with _opened(audit, database) as (engine, _):
        if name:
            try:
                wanted = json.loads(value)
            except ValueError:
                raise UsageError(
                    "the value of an option is JSON", got=quoted(value),
                    expected='such as true, 30, "retrospective" or ["2026-12-25"]',
                ) from None  # fmt: skip
            set_option(engine, _acting(engine, by), name, wanted, reason)
        for key, held in asdict(options_of(engine)).items():
            print(f"{key}\t{visible(json.dumps(held, ensure_ascii=False))}")


@app.command("hold")
def hold(
    audit: AuditFolder,
    submission: Annotated[str, typer.Argument(metavar="SUBMISSION", help="SITE/SUBJECT/v1")],
    reason: Annotated[str, typer.Option("--reason", metavar="WORDS", help="Why.")],
    end: Annotated[bool, typer.Option("--end", help="Let its originals go again.")] = False,  # noqa: FBT002
    by: By = "",
    database: Database = "",
) -> None:
    """Keep the originals of a submission beyond their time, or let them go again with --end.

    Who answers for it is a coordinator: --by NAME.
    """
    from sbrt_qa.office.intake_trail import tell_decided
    from sbrt_qa.office.receipts import code_of_submission
    from sbrt_qa.office.roles import Right
    from sbrt_qa.web.working.arrival_rows import Arrivals
    from sbrt_qa.web.working.study_rows import Studies

    with _opened(audit, database) as (engine, store):
        studies = Studies(store)
        released = [one for one in studies.all() if one.submission]
        found = [
            one for one in released if code_of_submission(engine, one.submission) == submission
        ]
        if not found:
            raise UsageError("nothing that came in is this submission", got=quoted(submission))
        for one in found:
            hashes = [row.sha256 for row in Arrivals(store).with_ids(one.members)]
            what = "let originals go" if end else "keep originals"
            tell_decided(engine, _acting(engine, by), Right.ASSIGN, one.site, what, hashes, reason)
            studies.change(one, hold=not end)


@app.command("list")
def list_(audit: AuditFolder, database: Database = "") -> None:
    """List accounts with the roles that hold."""
    from sbrt_qa.audit.times import now
    from sbrt_qa.office.accounts import all_accounts
    from sbrt_qa.office.granting import grants_of

    at = now()
    with _opened(audit, database) as (engine, _):
        for one in all_accounts(engine):
            held = [
                f"{g.role} {g.trial} {g.site}" for g in grants_of(engine, one.key) if g.holds(at)
            ]
            state = "locked" if one.locked else "active"
            print("\t".join((one.code, visible(one.name), state, "; ".join(held))))


@contextmanager
def _opened(audit: Path, database: str) -> Iterator[tuple[Engine, WorkingStore]]:
    from sbrt_qa.audit.store.verify_records import head
    from sbrt_qa.web.review_office.kept_head import KeptHead
    from sbrt_qa.web.review_office.office_service import opened_audit
    from sbrt_qa.web.working.working_store import store_of

    place = opened_audit(audit, database)
    engine, store = place.engine(database), store_of(place, database)
    before = head(engine)
    try:
        yield engine, store
    finally:
        if head(engine) != before:
            KeptHead(place.folder, engine).write()
        engine.dispose()
        store.close()


def _key(engine: Engine, code: str) -> int:
    from sbrt_qa.office.accounts import account_by_code

    found = account_by_code(engine, code)
    if found is None:
        raise UsageError("no such account", got=quoted(code))
    return found.key


def _acting(engine: Engine, by: str) -> Acting:
    """Return the admin who answers for a step: who is named, or the only one there is."""
    from sbrt_qa.audit.times import now
    from sbrt_qa.office.accounts import all_accounts
    from sbrt_qa.office.acting import Acting
    from sbrt_qa.office.granting import grants_of
    from sbrt_qa.office.roles import Role

    at = now()
    if by:
        return Acting(_key(engine, by), at)
    admins = [
        one.key for one in all_accounts(engine)
        if any(g.role is Role.ADMIN and g.holds(at) for g in grants_of(engine, one.key))
    ]  # fmt: skip
    if len(admins) != 1:
        raise UsageError("say who answers for this step", expected="--by NAME, an admin")
    return Acting(admins[0], at)


def _role(text: str) -> OfficeRole:
    from sbrt_qa.office.roles import Role

    try:
        return Role(text)
    except ValueError:
        expected = ", ".join(one.value for one in Role)
        raise UsageError("no such role", got=quoted(text), expected=expected) from None
