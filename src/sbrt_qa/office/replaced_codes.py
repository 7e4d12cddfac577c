"""Cases as a statistician sees them: codes of subjects and sites replaced, no words of people."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Final

from sbrt_qa.audit.store.signed_content import EngineItem
from sbrt_qa.office.case_standing import CaseStanding
from sbrt_qa.office.queue_rows import QueueEntry

DIGITS: Final = 10
NOT_FOR_CODED: Final = frozenset({"site", "subject"})
"""Filters that would tell the code behind a replaced one; so would a search, and the order of
codes."""


def replaced_code(key: bytes, site: str, subject: str) -> str:
    """Return what stands for a subject; nobody turns it back without the key."""
    text = f"{site}\0{subject}".encode()
    return "X-" + hmac.new(key, text, hashlib.sha256).hexdigest()[:DIGITS].upper()


def replaced_site(key: bytes, site: str, *, shown: bool) -> str:
    """Return what stands for a site; the site itself where the trial shows it."""
    if shown:
        return site
    return "Y-" + hmac.new(key, b"site\0" + site.encode(), hashlib.sha256).hexdigest()[:4].upper()


def coded_standing(case: CaseStanding, key: bytes, *, sites: bool) -> CaseStanding:
    """Return where a case stands, with its codes replaced."""
    subject = replaced_code(key, case.site, case.subject)
    site = replaced_site(key, case.site, shown=sites)
    code = f"{site}/{subject}/v{case.version}"
    return replace(case, code=code, site=site, subject=subject, subject_id=0)


def coded_entry(entry: QueueEntry, key: bytes, *, sites: bool) -> QueueEntry:
    """Return a row of the queue with its codes replaced."""
    subject = replaced_code(key, entry.site, entry.subject)
    site = replaced_site(key, entry.site, shown=sites)
    code = f"{site}/{subject}/v{entry.version}"
    return replace(entry, code=code, site=site, subject=subject)


def coded_items(items: list[EngineItem]) -> tuple[EngineItem, ...]:
    """Return what the program found without texts that may hold names of a site."""
    return tuple(replace(one, place="", message="") for one in items)
