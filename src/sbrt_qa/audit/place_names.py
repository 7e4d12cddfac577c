"""How places are called in store and pages: by codes and harmless words, not by people's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sbrt_qa.audit.layout import is_code, is_version_word
from sbrt_qa.audit.store.places import NOT_TAKEN, SYSTEM, TAKEN, PlaceRow
from sbrt_qa.i18n.phrase import joined, say

if TYPE_CHECKING:
    from sbrt_qa.audit.discovery import FoundPlace, Submission
    from sbrt_qa.audit.store.records import Place as Recorded
    from sbrt_qa.deid.secret import Secret

ARRIVING: Final = say("still arriving")

_HARMLESS: Final = frozenset(
    {
        "7z", "again", "all", "anon", "anonymized", "anonymised", "archive", "audit", "aux",
        "backup", "bak", "beam", "case", "cases", "com", "con", "copy", "corrected", "crdownload",
        "csv", "ct", "data", "db", "dcm", "desktop", "dicom", "doc", "docx", "dose", "ds", "dvh",
        "empty", "export", "exports", "fifo", "hidden",
        "file", "files", "filepart", "final", "first",
        "html", "image", "images", "ini", "initial", "jpg", "json", "link", "list", "lpt",
        "macosx", "manifest", "mr", "new", "notes", "nul", "old", "orig", "other", "part",
        "partial", "pdf", "pet", "pipe", "plan", "plans", "png", "prn", "rar", "rd", "readme",
        "report", "resubmission", "revised", "rp", "rs", "rtdose", "rtplan", "rtstruct", "scan",
        "second", "series", "site", "sites", "store", "stray", "struct", "structures", "study",
        "subject", "submission", "submissions", "tar", "test", "text", "tgz", "thumbs", "tmp",
        "trial", "txt", "unread", "upload", "v", "version", "xls", "xlsx", "xml", "zip", "gz",
    }
)  # fmt: skip
"""Words that name nobody, in lower case."""

_WORD: Final = re.compile(r"[^\W_]+")
_SHORT: Final = re.compile(r"\d{0,5}|[a-z]{1,3}\d{1,4}|[a-z]", re.I)
_MARK: Final = 6


class PlaceNames:
    """Gives places the names that they are kept under.

    A folder that is a code of the trial keeps its name, unless its submission goes by another code.
    Any other word that is not known to be harmless is replaced by a keyed hash. Where subjects go
    by pseudonyms, any code may be a subject's: only sites of submissions, and folders called like
    them, keep theirs.
    """

    def __init__(self, secret: Secret, *, pseudonymize: bool) -> None:
        self._secret, self._pseudonymize = secret, pseudonymize
        self._instead: dict[str, str] = {}
        self._codes: dict[str, tuple[str, str]] = {}
        self._sites: set[str] = set()

    def learn(self, one: Submission, recorded: Recorded) -> None:
        """Take note of the codes that a submission was recorded under."""
        self._note(one, recorded.site, recorded.subject)

    def know(self, one: Submission, code: str) -> None:
        """Take note of the code of a submission that needed no review."""
        site, subject, _ = code.split("/")
        self._note(one, site, subject)

    def _note(self, one: Submission, site: str, subject: str) -> None:
        self._codes[one.key] = site, subject
        if one.named.site == site:
            self._sites.add(_shape(site))
        for name, code in ((one.named.site, site), (one.named.subject, subject)):
            if name and name != code:
                self._instead[name] = code

    def row(self, place: FoundPlace, *, waits: bool = False) -> PlaceRow:
        """Return what is recorded of a place."""
        site, subject = self._codes.get("/".join(place.inside or place.parts), ("", ""))
        last = len(place.parts) - 1
        shown = [self._shown(name, n, is_last=n == last) for n, name in enumerate(place.parts)]
        if not site and last > 0:
            site = shown[0]
            subject = shown[1] if last > 1 else ""
        return PlaceRow(
            self._secret.digest(place.key), "/".join(shown) or ".", site, subject, place.outcome,
            ARRIVING if waits else place.reason, place.entries,
        )  # fmt: skip

    def _shown(self, name: str, depth: int, *, is_last: bool) -> str:
        for given, code in self._instead.items():
            if name == given or (name.startswith(given) and _is_end(name[len(given) :])):
                return code + name[len(given) :]
        if self._pseudonymize:
            is_plain = self._is_site(name) if not depth else _is_version(name, depth)
        else:
            is_plain = is_version_word(name) or (not is_last and is_code(name) and _has_digit(name))
        if is_plain:
            return name
        return _WORD.sub(self._word, name) if name.isascii() else self._hashed(name)

    def _is_site(self, name: str) -> bool:
        return is_code(name) and _shape(name) in self._sites

    def _word(self, found: re.Match[str]) -> str:
        word = found[0]
        if word.casefold() in _HARMLESS:
            return word
        if _SHORT.fullmatch(word) and not (self._pseudonymize and _has_digit(word)):
            return word
        return self._hashed(word)

    def _hashed(self, text: str) -> str:
        return f"X-{self._secret.digest(f'name {text}')[:_MARK]}"


def _has_digit(name: str) -> bool:
    return any(c.isdigit() for c in name)


def _is_version(name: str, depth: int) -> bool:
    """Tell whether a name is a version's; a plain number may be a subject's, but for below one."""
    return is_version_word(name) and (not name.isdigit() or (depth > 1 and len(name) <= 2))


def _shape(code: str) -> str:
    """Return what codes of sites have in common: their letters, and how many digits where."""
    return re.sub(r"\d", "0", code) if re.search(r"[A-Za-z]", code) else code


def _is_end(rest: str) -> bool:
    """Tell whether what follows a code is a version or the suffix of an archive."""
    return bool(re.fullmatch(r"(?:[ _.-]?v\d{1,4})?(?:\.(?:zip|tar|tar\.gz|tgz))?", rest, re.I))


def in_words(counts: Mapping[str, int]) -> str:
    """Return in one line what became of all files and folders."""
    parts = {
        TAKEN: say("{0} part of submissions", counts.get(TAKEN, 0)),
        NOT_TAKEN: say("{0} not used", counts.get(NOT_TAKEN, 0)),
        SYSTEM: say("{0} of systems ignored", counts.get(SYSTEM, 0)),
    }
    shown = [text for outcome, text in parts.items() if outcome == TAKEN or counts.get(outcome)]
    total = sum(counts.values())
    return say("{0} files and folders: {1}", total, joined(" · ", shown))
