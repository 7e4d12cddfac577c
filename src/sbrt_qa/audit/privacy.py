"""Identifiers that should not be in a submission: told without repeating them, and taken out.

Headers tell what to look for; names of structures, plans and files are searched for it, and for
what looks like a person's name or a date by itself. What is found becomes findings, and a text that
holds an identifier is stored without it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sbrt_qa.audit.layout import has_date
from sbrt_qa.deid.birth_dates import BirthSearch
from sbrt_qa.deid.patient_names import NameSearch
from sbrt_qa.deid.spelling import folded
from sbrt_qa.errors import quoted, visible
from sbrt_qa.i18n.phrase import counted, joined, say
from sbrt_qa.model.outcome import Finding, ReasonCode, Verdict
from sbrt_qa.model.patient import NEUTRAL

REMOVED: Final = "[removed]"

LONG_NUMBER: Final = 5
"""Characters from which on a part of a number counts alone; shorter ones only beside another."""

_NAME: Final = re.compile(r"[^\W\d_]{2,}\^[^\W\d_]{2,}")
_WORD: Final = re.compile(r"[^\W_]+")
_BYTES: Final = re.compile(
    r"(?<![\w.-])(?=[\d ]*[a-f])(?:[0-9a-f]{2} )+[0-9a-f]{2}(?![\w.-])(?: \.\.\.)?"
)
"""Bytes of a text as a message shows them that doubts how they are to be read; beyond ASCII, so
that one has a letter."""

_PLAIN_FILE: Final = re.compile(
    r"(?:(?:ct|mr|pt|rs|rp|rd|rtstruct|rtplan|rtdose|rtimage|re|ri|img|im|image|slice|plan|dose|"
    r"ss|dicomdir|file)s?[ ._-]?)?(?:\d{0,5}|\d+(?:\.\d+){2,})(?:[._-]\d{1,5})*"
    r"(?:\.(?:dcm|ima|dic))?",
    re.I,
)
"""File names of a kind and a number or UID, which say nothing of a person."""

LONG_NAME: Final = 6
"""Characters from which on a file name is replaced wherever it stands in a text."""

ADVICE: Final = say(
    "Anonymise the export again; what was found is not repeated here, and not stored."
)


@dataclass(frozen=True, slots=True)
class Header:
    """What headers say of people; values are never repeated.

    Parameters
    ----------
    names, ids, birth_dates
        Of the patient.
    people, others
        More names, and other identifying values, by DICOM keyword.
    private
        Number of private elements by modality.
    codes
        What may stand there: the trial's subject and site codes.
    """

    names: tuple[str, ...] = field(default=(), repr=False)
    ids: tuple[str, ...] = field(default=(), repr=False)
    birth_dates: tuple[str, ...] = field(default=(), repr=False)
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    private: Mapping[str, int] = field(default_factory=dict)
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of a submission that people wrote.

    Parameters
    ----------
    structures, labels
        Names of structures, and of plans and structure sets.
    files
        Bare file names with the modality, empty where they are not DICOM.
    vocabulary
        Words that are never taken for a name: structures of the protocol.
    stated
        What the trial office states of the plan: cleaned, and no finding of the site's.
    """

    structures: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    vocabulary: frozenset[str] = frozenset()
    stated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scan:
    """What was found, and what stands for texts that must not be kept, longest first."""

    findings: tuple[Finding, ...]
    replacements: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def clean(self, text: str) -> str:
        """Return a text with every such text replaced; where there is any, bytes of texts, too."""
        for old, new in self.replacements:
            text = text.replace(old, new)
        return _BYTES.sub(REMOVED, text) if self.replacements else text


def scan(header: Header, texts: Texts) -> Scan:
    """Look for identifiers in headers and texts."""
    search = _NameSearch(header, texts.vocabulary)
    replaced: dict[str, str] = {}
    findings = [*_in_header(header)]
    for where, kind, named in (
        ("structures", "ROI_NAME", texts.structures),
        ("plan", "LABEL", texts.labels),
    ):
        bad = [text for text in dict.fromkeys(named) if search.hits(text)]
        replaced |= _distinct({text: search.without(text) for text in bad}, named)
        if bad:
            told = say(
                "{0} with what looks like a name, a number or a date", counted(len(bad), "name")
            )
            findings.append(_finding(f"IDENTIFIER_IN_{kind}", where, told))
    replaced |= {text: search.without(text) for text in texts.stated if search.hits(text)}
    findings += _in_files(texts.files, search, replaced)
    replaced |= {text: REMOVED for text in _told_by(header) if search.hits(text)}
    replaced = {shown: new for old, new in replaced.items() for shown in _shown_as(old)}
    longest_first = sorted(replaced.items(), key=lambda pair: -len(pair[0]))
    return Scan(tuple(findings), tuple(longest_first))


def _told_by(header: Header) -> Iterable[str]:
    """Return values of headers that a message can hold which doubts how they are to be read."""
    elsewhere = (*header.people.values(), *header.others.values())
    every = (*header.names, *header.ids, *(one for found in elsewhere for one in found))
    codes = {_fold(code) for code in header.codes if code}
    foreign = (one for one in every if not _is_neutral(one, codes))
    return (one for one in foreign if "^" in one or not one.isascii())


def _shown_as(text: str) -> Iterable[str]:
    """Return a text in all forms that messages give it: as it is, made visible, and cut."""
    shown = visible(text)
    bare = quoted(text)[1:-1]
    return dict.fromkeys((text, shown, text.strip(), shown.strip(), bare))


def names_patient(code: str, header: Header, sites: Iterable[str] = ()) -> bool:
    """Tell whether what stands in the place of a code is the patient's own name or number.

    A de-identified export bears the code as name or number, which is as it should be; such a name
    has a digit. It is not where the header names somebody beside it: then the number is the
    hospital's, unless it begins with the code of the site and a separator, as a trial's own do.
    """
    folded_code = _fold(code)
    labels = [name for name in header.names if any(c.isdigit() for c in name)]
    if not folded_code or any(folded_code in _fold(name) for name in labels):
        return False
    somebody = [name for name in header.names if not _is_neutral(name, set())]
    if not somebody:
        return False
    of_trial = any(site and re.match(rf"{re.escape(site)}[-_./ ]", code, re.I) for site in sites)
    if not of_trial and any(folded_code == _fold(number) for number in header.ids):
        return True
    search = NameSearch(somebody, NEUTRAL)
    births = BirthSearch(header.birth_dates)
    return bool(search.spans(code)) or bool(births.spans(code))


def _distinct(cleaned: Mapping[str, str], named: Sequence[str]) -> dict[str, str]:
    """Return texts that stand for others, numbered where two would become one."""
    taken = set(named)
    found: dict[str, str] = {}
    for text, clean in cleaned.items():
        free = (clean if n == 1 else f"{clean} {n}" for n in itertools.count(1))
        found[text] = next(one for one in free if one not in taken)
        taken.add(found[text])
    return found


class _NameSearch:
    """Looks for what headers say of people, and for what gives itself away."""

    def __init__(self, header: Header, vocabulary: frozenset[str]) -> None:
        allowed = {_fold(code) for code in header.codes} | NEUTRAL | vocabulary
        allowed |= {w for code in header.codes for w in _words(code)}
        people = [v for found in header.people.values() for v in found]
        self._names = NameSearch((*header.names, *people), frozenset(allowed))
        self._births = BirthSearch(header.birth_dates)
        numbers = {_fold(v) for v in header.ids} | {w for v in header.ids for w in _words(v)}
        numbers -= allowed
        whole = {_fold(v) for v in header.ids} - allowed
        self._numbers = {n for n in numbers if len(n) >= LONG_NUMBER or (n in whole and len(n) > 2)}
        self._hints = {n for n in numbers - self._numbers if len(n) > 1}

    def hits(self, text: str) -> bool:
        """Tell whether a text holds an identifier."""
        return bool(self._spans(text)) or self._gives_itself_away(text)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        found = [*self._births.spans(text), *self._of_numbers(text, self._numbers)]
        found += self._names.spans(text, hinted=bool(found))
        return found + (self._of_numbers(text, self._hints) if found else [])

    def _of_numbers(self, text: str, numbers: Iterable[str]) -> list[tuple[int, int]]:
        """Return where a number stands: by itself, or with other separators than in the header."""
        if not numbers:
            return []
        places = [at for at, c in enumerate(text) for _ in _fold(c)]
        whole = "".join(_fold(c) for c in text)
        return [
            (places[at], places[at + len(one) - 1] + 1)
            for one in numbers
            for at in _starts(whole, one)
            if _stands_alone(text, places[at], places[at + len(one) - 1] + 1)
        ]

    def _gives_itself_away(self, text: str) -> bool:
        return bool(_NAME.search(text)) or has_date(text)

    def without(self, text: str) -> str:
        """Return a text without the identifiers that it holds."""
        if self._gives_itself_away(text):
            return REMOVED
        spans = _joined(self._spans(text))
        left = "".join(text[low:high] for low, high in _between(spans, len(text)))
        if not _fold(left) or self.hits(left):
            return REMOVED
        kept = [text[low:high] for low, high in _between(spans, len(text))]
        clean = REMOVED.join(kept)
        return REMOVED if self.hits(clean.replace(REMOVED, " ")) else clean


def _starts(text: str, wanted: str) -> Iterable[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _stands_alone(text: str, low: int, high: int) -> bool:
    """Tell whether no digit goes on where a number ends, so that it is that number."""
    before, after = text[low - 1 : low] if low else "", text[high : high + 1]
    return not (before.isdigit() and text[low].isdigit()) and not (
        after.isdigit() and text[high - 1].isdigit()
    )


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that touch as one."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1]:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return found


def _between(spans: Sequence[tuple[int, int]], end: int) -> list[tuple[int, int]]:
    edges = [0, *(edge for span in spans for edge in span), end]
    return list(zip(edges[::2], edges[1::2], strict=True))


def _in_header(header: Header) -> Iterable[Finding]:
    codes = {_fold(code) for code in header.codes if code}

    def foreign(values: Sequence[str]) -> bool:
        return any(not _is_neutral(value, codes) for value in values)

    if foreign(header.names):
        yield _finding(
            "IDENTIFIER_PATIENT_NAME", "PatientName", say("not the trial's subject code")
        )
    if foreign(header.ids):
        yield _finding("IDENTIFIER_PATIENT_ID", "PatientID", say("not the trial's subject code"))
    if header.birth_dates:
        yield _finding("IDENTIFIER_BIRTH_DATE", "PatientBirthDate", say("a date of birth is there"))
    people = [key for key, values in header.people.items() if foreign(values)]
    if elsewhere := [*people, *header.others]:
        told = say("{0} that should be empty", counted(len(elsewhere), "element"))
        yield _finding("IDENTIFIER_ELEMENTS", ", ".join(elsewhere), told)
    if header.private:
        kinds = sorted(header.private.items())
        counts = joined(", ", (say("{0} in {1}", n, kind) for kind, n in kinds))
        told = say("private elements, which may hold anything: {0}", counts)
        yield _finding("IDENTIFIER_PRIVATE_TAGS", ", ".join(sorted(header.private)), told)


def _in_files(
    files: Sequence[tuple[str, str]], search: _NameSearch, replaced: dict[str, str]
) -> list[Finding]:
    """Replace all file names that are more than a kind and a number; tell of those that give away.

    Names of a submission's own files are of no use to a reader who must not see them.
    """
    told = 0
    for number, (name, modality) in enumerate(files, 1):
        hit = search.hits(name)
        told += hit
        if hit or (len(name) >= LONG_NAME and not _PLAIN_FILE.fullmatch(name)):
            replaced.setdefault(name, f"{modality or 'file'}-{number}")
    if not told:
        return []
    text = say("{0} with what looks like a name, a number or a date", counted(told, "file name"))
    return [_finding("IDENTIFIER_IN_FILE_NAME", say("files"), text)]


def _is_neutral(value: str, codes: set[str]) -> bool:
    folded = _fold(value)
    if not folded or any(code in folded for code in codes):
        return True
    return all(w in NEUTRAL or w.strip("x0") == "" for w in _words(value))


def _fold(text: str) -> str:
    return folded(text)


def _words(text: str) -> list[str]:
    return [_fold(word) for word in _WORD.findall(text)]


def _finding(code: str, where: str, message: str) -> Finding:
    return Finding(code, None, where, message, ADVICE)


_FIXED: Final = frozenset([*Verdict, *ReasonCode])
"""Texts that are codes, whatever a structure is called."""


def scrub(data: object, clean: Scan) -> object:
    """Return data of JSON with every text cleaned, keys as they are."""
    if isinstance(data, str):
        return data if data in _FIXED else clean.clean(data)
    if isinstance(data, list):
        return [scrub(one, clean) for one in data]
    if isinstance(data, dict):
        return {key: scrub(value, clean) for key, value in data.items()}
    return data
