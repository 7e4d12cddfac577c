"""The end of the chain as it stands outside the store: in `HEAD`, the page and the letters.

Events that are cut off the end of a chain leave no trace in it, and neither does a store that is
replaced by an older copy. So every command that records writes number and hash of the last event
into `AUDIT/HEAD`; the page and every letter name them, too. A store that does not have an event
that one of them names is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sbrt_qa.errors import StoreError

if TYPE_CHECKING:
    from sbrt_qa.audit.store.chain import Head
    from sbrt_qa.audit.store.connection import Database

HEAD: Final = "HEAD"
SCHEMA: Final = "sbrt_qa.head/1"
PAGE: Final = "index.html"
LETTERS: Final = "letters"
RESTORED: Final = "older store accepted"
"""Kind of the event by which a person goes on with a store that lost events."""

MAX_PAGE: Final = 500_000_000
_LINE: Final = re.compile(rf"{re.escape(SCHEMA)} (\d{{1,15}}) ([0-9a-f]{{64}})\n?")
_NAMED: Final = re.compile(r"\b(\d{1,15}) ([0-9a-f]{64})\b")
_OF_PAGE: Final = re.compile(r"(\d{1,15}) recorded events, the last with the hash ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class KnownHead:
    """A head, and where it stands; ``broken`` where something stands there that is none."""

    place: str
    head: Head | None
    broken: bool = False


def head_text(head: Head) -> str:
    """Return what `HEAD` holds."""
    return f"{SCHEMA} {head}\n"


def known_heads(folder: Path) -> tuple[KnownHead, ...]:
    """Return the heads that stand in an audit's folder: in `HEAD`, the page and the letters."""
    return tuple(_known(folder))


def _known(folder: Path) -> Iterator[KnownHead]:
    from sbrt_qa.audit.store.chain import Head

    for path, pattern in _places(folder):
        name = path.relative_to(folder).as_posix()
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                text = file.read(MAX_PAGE)
        except FileNotFoundError:
            continue
        except OSError:
            yield KnownHead(name, None, broken=True)
            continue
        found = pattern.fullmatch(text) if name == HEAD else pattern.search(text)
        if found is not None:
            yield KnownHead(name, Head(int(found[1]), found[2]))
        elif name == HEAD:
            yield KnownHead(name, None, broken=True)


def _places(folder: Path) -> Iterator[tuple[Path, re.Pattern[str]]]:
    yield folder / HEAD, _LINE
    yield folder / PAGE, _OF_PAGE
    for letter in sorted((folder / LETTERS).glob("*.txt")):
        yield letter, _NAMED


def write_head(folder: Path, engine: Database) -> Head:
    """Write the end of a store's chain into `HEAD`, whole or not at all, and return it."""
    from sbrt_qa.audit.store.verify_records import head

    found = head(engine)
    path = folder / HEAD
    new = folder / f".{HEAD}.{os.getpid()}"
    with new.open("w", encoding="ascii") as file:
        file.write(head_text(found))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    return found


def lost_head(engine: Database, known: tuple[KnownHead, ...]) -> KnownHead | None:
    """Return the first known head that a store does not have, None when it has all.

    Heads that a person accepted as lost count as known.
    """
    from sbrt_qa.audit.store.chain import has_head
    from sbrt_qa.audit.store.connection import reading

    with reading(engine) as connection:
        missing = [k for k in known if k.head is not None and not has_head(connection, k.head)]
        accepted = accepted_heads(engine) if missing else set()
    return next((k for k in missing if str(k.head) not in accepted), None)


def accepted_heads(engine: Database) -> set[str]:
    """Return the heads that persons accepted as lost."""
    from sbrt_qa.audit.store.kept import events_of_kind

    return {str(head) for event in events_of_kind(engine, RESTORED) for head in event["lost"]}


def refuse_lost(engine: Database, known: tuple[KnownHead, ...]) -> None:
    """Raise StoreError where a store does not have an event that something outside it names."""
    broken = next((k for k in known if k.broken), None)
    if broken is not None:
        raise StoreError(
            "the file that holds the end of the chain cannot be read",
            where=broken.place,
            advice="Put back the newest backup of the audit's folder.",
        )
    if (lost := lost_head(engine, known)) is not None:
        raise StoreError(LOST, where=lost.place, got=_shown(lost), advice=ADVICE)


LOST: Final = "the store lacks an event that is known: events were cut off, or it is an older copy"
GONE: Final = "the store is gone, and its events are known"
ADVICE: Final = (
    "Put back the newest backup of the store. To go on with an older one, a person accepts the "
    "loss: sbrt-qa verify AUDIT --accept-loss REASON --as NAME. To begin anew, give another folder."
)


def _shown(known: KnownHead) -> str:
    return f"event {known.head.seq}, {known.head.hash[:12]}…" if known.head else ""


def refuse_gone(known: tuple[KnownHead, ...]) -> None:
    """Raise StoreError where there is no store any more, and something names its events."""
    if known:
        where, got = known[0].place, _shown(known[0])
        raise StoreError(GONE, where=where, got=got, advice=ADVICE)
