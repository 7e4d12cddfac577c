"""Signing a reading: a row over the hash of exactly what was on the screen.

The order is: :func:`signing_view` gives what is shown, :func:`begin_signing` a token for it that
works once, for one account in one session and a few minutes, and :func:`sign` takes the token with
the proof that the account has just signed in again. In one transaction it puts the content together
anew, holds it against what was shown, and adds the signature and all that follows from it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sbrt_qa.audit.store import office_tables as o
from sbrt_qa.audit.store.chain import canonical
from sbrt_qa.audit.store.connection import Database, reading, written
from sbrt_qa.audit.store.records import sha256
from sbrt_qa.audit.store.rows import insert
from sbrt_qa.audit.store.signed_content import reading_content
from sbrt_qa.audit.store.verify_office import SIGNED
from sbrt_qa.errors import SbrtQaError, UsageError, quoted
from sbrt_qa.office.acting import Acting, MovedOnError, RightsError
from sbrt_qa.office.case_standing import CaseStanding
from sbrt_qa.office.deciding import after_signature
from sbrt_qa.office.reader_forms import form_in, own_reading
from sbrt_qa.office.roles import Right, Role
from sbrt_qa.office.trail import tell

BEGUN: Final = "signing begun"
REFUSED: Final = "signing refused"

CHALLENGE_MINUTES: Final = 5
CLOCK_SECONDS: Final = 60
"""How far a clock may have gone back between two requests."""

MEANINGS: Final[dict[str, dict[str, str]]] = {
    "physics": {
        "en": "I reviewed the dose and plan as physicist.",
        "zh": "我作为物理师审核了剂量与计划。",
    },
    "contours": {
        "en": "I reviewed the contours as radiation oncologist.",
        "zh": "我作为放射肿瘤医师审核了轮廓勾画。",
    },
    "decision": {
        "en": "I decide this case as adjudicator.",
        "zh": "我作为裁定人对该病例作出裁定。",
    },
}
"""What a signature means, by language; the sentence is shown, signed and printed."""


@dataclass(frozen=True, slots=True)
class SigningView:
    """What is shown before signing.

    Parameters
    ----------
    content
        What is signed: the JSON of `text`.
    text, sha256
        Its canonical form, and the hash of that.
    unanswered
        What is still to be said; signing is refused while there is any.
    """

    reading: int
    content: dict[str, Any]
    text: str
    sha256: str
    unanswered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FreshProof:
    """That somebody has just proved who they are; whoever makes one has checked it.

    Parameters
    ----------
    account
        Whose password, or other proof, it was.
    how
        ``password``, ``password and code`` or ``identity service``.
    at
        When, UTC; it counts for a challenge that was given before.
    """

    account: int
    how: str
    at: str


@dataclass(frozen=True, slots=True)
class SignatureRow:
    """A signature as it stands; see `signature_state` for whether it still counts."""

    id: int
    reading: int
    submission: int
    round: int
    account: int
    role: str
    name: str
    meaning: str
    sentence: str
    language: str
    proof: str
    at: str
    local_at: str
    content_sha256: str
    sha256: str
    document: str


def signing_view(
    engine: Database, by: Acting, key: int, meaning: str, language: str = "en"
) -> SigningView:
    """Return what would be signed now.

    Raises
    ------
    RightsError, MovedOnError, UsageError
        The account may not sign this reading now; there is no such meaning or language.
    """
    with reading(engine) as connection:
        return _view(connection, by, key, meaning, language)[0]


def _view(
    connection: Connection, by: Acting, key: int, meaning: str, language: str
) -> tuple[SigningView, sa.Row[Any], CaseStanding, Role]:
    row, case, role = own_reading(connection, by, key, Right.SIGN_READING)
    sentence = MEANINGS.get(meaning, {}).get(language, "")
    if not sentence or (meaning == "decision") != (row.part == "adjudicator"):
        raise UsageError("a signature has no such meaning", got=quoted(f"{meaning} {language}"))
    content = reading_content(connection, key)
    content |= {"meaning": meaning, "sentence": sentence, "language": language}
    text = canonical(content)
    open_items = form_in(connection, row, case).unanswered
    return SigningView(key, content, text, sha256(text), open_items), row, case, role


def begin_signing(
    engine: Database, by: Acting, key: int, meaning: str, shown: str, language: str = "en"
) -> str:
    """Return a token for signing what was shown: once, within five minutes, in this session.

    Parameters
    ----------
    shown
        ``sha256`` of the view that was shown.

    Raises
    ------
    RightsError, UsageError
        As for :func:`signing_view`.
    MovedOnError
        Something is not answered yet, or it has changed since it was shown.
    """
    token = secrets.token_urlsafe(32)

    def work(connection: Connection) -> None:
        view, _, case, role = _view(connection, by, key, meaning, language)
        _refuse_unready(view, case, shown)
        until = _time(by.at) + timedelta(minutes=CHALLENGE_MINUTES)
        insert(connection, o.challenges, {
            "token_sha256": _token_hash(token), "reading_id": key, "account_id": by.account,
            "session": by.session, "content_sha256": view.sha256, "meaning": meaning,
            "language": language, "at": by.at, "until_at": _told_time(until),
        })  # fmt: skip
        tell(connection, BEGUN, case.code, by, role, {"reading": key, "content": view.sha256})

    written(engine, work)
    return token


def _refuse_unready(view: SigningView, case: CaseStanding, shown: str) -> None:
    if view.unanswered:
        got = ", ".join(view.unanswered[:3])
        raise MovedOnError("something is not answered yet", where=case.code, got=quoted(got))
    if view.sha256 != shown:
        raise MovedOnError("it has changed since it was shown", where=case.code)


def sign(
    engine: Database,
    by: Acting,
    key: int,
    token: str,
    proof: FreshProof,
    local_at: str,
    access_head: str = "",
) -> SignatureRow:
    """Sign a reading, and take the steps that follow from it.

    Parameters
    ----------
    token
        Of :func:`begin_signing`.
    proof
        That the account has just proved who it is.
    local_at
        The time where the signer is, with its zone; printed beside UTC.
    access_head
        End of the access log, which is signed too: number and hash; empty where none is kept.

    Raises
    ------
    RightsError, UsageError
        The account may not sign this; the token is of another reading, account or session, was
        used, or is too old; the proof is.
    MovedOnError
        The reading is signed already, or is not any more what was shown. An attempt that is
        refused is an event; what was written of the reading stays.
    """
    try:
        made = written(
            engine,
            lambda c: _signed(c, by, key, token, proof, local_at, access_head),
            durable=True,
        )
    except (RightsError, MovedOnError, UsageError) as error:
        _tell_refused(engine, by, key, error)
        raise
    return signature_of(engine, made)


def _signed(
    connection: Connection,
    by: Acting,
    key: int,
    token: str,
    proof: FreshProof,
    local_at: str,
    access_head: str,
) -> int:
    challenge = _challenge(connection, by, key, token, proof)
    view, row, case, role = _view(connection, by, key, challenge.meaning, challenge.language)
    _refuse_unready(view, case, challenge.content_sha256)
    document = canonical({
        "content": view.content, "challenge": challenge.token_sha256, "proof": proof.how,
        "at": by.at, "local_at": local_at,
        **({"access_head": access_head} if access_head else {}),
    })  # fmt: skip
    made = insert(connection, o.signatures, {
        "reading_id": key, "challenge_id": challenge.id, "submission_id": row.submission_id,
        "round": row.round, "account_id": by.account, "role": role.value,
        "name": view.content["name"], "meaning": challenge.meaning,
        "sentence": view.content["sentence"], "language": challenge.language,
        "proof": proof.how, "at": by.at, "local_at": local_at, "content_sha256": view.sha256,
        "document": document, "sha256": sha256(document),
    })  # fmt: skip
    told = {"reading": key, "signature": made, "sha256": sha256(document)}
    tell(connection, SIGNED, case.code, by, role, told)
    after_signature(connection, case, by, role, made, row.part)
    return made


def _challenge(
    connection: Connection, by: Acting, key: int, token: str, proof: FreshProof
) -> sa.Row[Any]:
    """Return the challenge of a token; raise where it, or the proof with it, does not count."""
    c = o.challenges
    query = sa.select(c).where(c.c.token_sha256 == _token_hash(token))
    challenge = connection.execute(query).first()
    signed = sa.select(o.signatures.c.id).where(o.signatures.c.reading_id == key)
    if connection.scalar(signed) is not None:
        raise MovedOnError("this reading is signed")
    mine = challenge is not None and (
        challenge.reading_id, challenge.account_id, challenge.session
    ) == (key, by.account, by.session)  # fmt: skip
    if challenge is None or not mine:
        raise RightsError("this was not shown to sign, in this session")
    used = sa.select(o.signatures.c.id).where(o.signatures.c.challenge_id == challenge.id)
    now, given = _time(by.at), _time(challenge.at)
    in_time = given - timedelta(seconds=CLOCK_SECONDS) <= now < _time(challenge.until_at)
    if connection.scalar(used) is not None or not in_time:
        raise MovedOnError("what was shown to sign is too old; look at it again")
    proved = _time(proof.at)
    fresh = given <= proved <= now + timedelta(seconds=CLOCK_SECONDS)
    if proof.account != by.account or not proof.how.strip() or not fresh:
        raise RightsError("nobody has proved just now who signs")
    return challenge


def _tell_refused(engine: Database, by: Acting, key: int, error: SbrtQaError) -> None:
    def work(connection: Connection) -> None:
        tell(connection, REFUSED, "", by, "not stated", {"reading": key, "why": error.what})

    written(engine, work)


def signature_of(engine: Database, key: int) -> SignatureRow:
    """Return a signature by its key.

    Raises
    ------
    UsageError
        There is none.
    """
    found = signatures_of(engine, o.signatures.c.id == key)
    if not found:
        raise UsageError("no such signature")
    return found[0]


def signatures_of(
    engine: Database, condition: sa.ColumnElement[bool] | None = None
) -> tuple[SignatureRow, ...]:
    """Return signatures, oldest first: all, or those that a condition of their table names."""
    with reading(engine) as connection:
        return signatures_in(connection, condition)


def signatures_in(
    connection: Connection, condition: sa.ColumnElement[bool] | None = None
) -> tuple[SignatureRow, ...]:
    """Return signatures within a transaction, as :func:`signatures_of` does."""
    s = o.signatures
    query = sa.select(s).order_by(s.c.id)
    if condition is not None:
        query = query.where(condition)
    return tuple(
        SignatureRow(
            r.id, r.reading_id, r.submission_id, r.round, r.account_id, r.role, r.name,
            r.meaning, r.sentence, r.language, r.proof, r.at, r.local_at, r.content_sha256,
            r.sha256, r.document,
        )
        for r in connection.execute(query)
    )  # fmt: skip


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError("not a time", got=quoted(text)) from error
    if found.tzinfo is None:
        raise UsageError("a time without its time zone", got=quoted(text))
    return found


def _told_time(found: datetime) -> str:
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")
