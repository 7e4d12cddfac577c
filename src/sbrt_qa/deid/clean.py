"""One DICOM dataset without anything of the patient: what the policy names stays, all else goes.

Numbers, contours, pixels and doses are handed on as the bytes they are. The dataset is changed in
place.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from sbrt_qa.deid.date_shifts import capped_age, moved_date, moved_moment, plain_time
from sbrt_qa.deid.identifier_search import IdentifierFinder, values_of
from sbrt_qa.deid.kept_values import BYTES_OF, NUMBERS, is_plain, is_recognised, is_sized
from sbrt_qa.deid.policy import Policy, ReleaseClass
from sbrt_qa.deid.secret import Secret
from sbrt_qa.dicom.text.decoded import declared_encodings

DEPTH: Final = 32
"""Sequences within each other at most; deeper ones go as a whole."""

CHARACTER_SET: Final = "ISO_IR 192"

_NUMBERED: Final = re.compile(r"\{(\w+)\}")
_UID: Final = re.compile(r"[0-9.]{1,64}")


@dataclass(frozen=True, slots=True)
class CodedSubject:
    """Whom a case is of, by codes alone, and by how many days its dates move.

    `site`, `trial` and `sponsor` may be empty; the elements are then without a value.
    """

    code: str
    days: int
    site: str = ""
    trial: str = ""
    sponsor: str = ""


@dataclass(slots=True)
class Account:
    """What was done with elements, counted by keyword, and which UIDs were replaced.

    Private and unknown elements count as ``private``, ``unknown``; no value is kept here.
    """

    removed: Counter[str] = field(default_factory=Counter)
    replaced: Counter[str] = field(default_factory=Counter)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    uids: dict[str, str] = field(default_factory=dict)


class Cleaner:
    """Cleans the datasets of one case by one policy and one key."""

    def __init__(
        self, policy: Policy, secret: Secret, subject: CodedSubject, finder: IdentifierFinder
    ) -> None:
        self._policy, self._secret, self._subject = policy, secret, subject
        self._finder = finder
        self.account = Account()

    def clean(self, dataset: Dataset, kind: ReleaseClass) -> None:
        """Clean a dataset whose SOP class may be released."""
        self._walk(dataset, kind, (), 0)
        self._write_anew(dataset)

    def uid(self, text: str) -> str:
        """Return the UID that stands for another; one of the standard stands for itself."""
        plain = text.strip(" \0")
        if not plain or plain in UID_dictionary:
            return plain
        return self.account.uids.setdefault(plain, self._secret.uid(plain))

    def _walk(
        self, dataset: Dataset, kind: ReleaseClass, declared: tuple[str, ...], depth: int
    ) -> None:
        declared = _declared(dataset) or declared
        for tag in sorted(dataset.keys()):
            keyword = "" if BaseTag(tag).is_private else keyword_for_tag(BaseTag(tag))
            if keyword == "SpecificCharacterSet" and depth == 0:
                continue
            if keyword in self._policy.emptied:
                self._set(dataset, tag, "")
            elif keyword not in kind.allowed or not self._stays(
                dataset, tag, keyword, kind, declared, depth
            ):
                name = keyword or ("private" if BaseTag(tag).is_private else "unknown")
                self.account.removed[name] += 1
                del dataset[tag]

    def _stays(
        self,
        dataset: Dataset,
        tag: int,
        keyword: str,
        kind: ReleaseClass,
        declared: tuple[str, ...],
        depth: int,
    ) -> bool:
        """Settle one element that may stay; False when it must go."""
        vr, raw = dictionary_VR(tag), known_element(dataset, tag)
        if raw is None or not _is_of(raw, vr) or not is_placed(keyword, depth):
            return False
        if vr == "SQ":
            if depth >= DEPTH:
                return False
            for item in dataset[tag].value or ():
                self._walk(item, kind, declared, depth + 1)
            return True
        if vr in BYTES_OF:
            return is_sized(keyword, raw, self._policy.bulk)
        if vr in ("DS", "IS"):
            return self._is_number(raw, keyword)
        values = values_of(raw, declared)
        if not values:
            self._set(dataset, tag, "")
            return True
        if keyword in self._policy.texts:
            self._text(dataset, tag, keyword, " ".join(values))
            return True
        return self._plain(dataset, tag, keyword, vr, values)

    def _plain(self, dataset: Dataset, tag: int, keyword: str, vr: str, values: list[str]) -> bool:
        """Settle a UID, date, time, age or term."""
        days = self._subject.days
        if vr == "UI":
            new = [self.uid(v) for v in values if _UID.fullmatch(v)]
            self._set(dataset, tag, new[0] if len(new) == 1 else new)
            return bool(new)
        if vr in ("DA", "DT", "TM", "AS"):
            make = {"DA": lambda v: moved_date(v, days), "DT": lambda v: moved_moment(v, days),
                    "TM": plain_time, "AS": capped_age}[vr]  # fmt: skip
            self._set(dataset, tag, make(values[0]) if len(values) == 1 else "")
            return True
        if vr != "CS" or not is_plain(self._policy, keyword, vr, values):
            return False
        if not is_bare(dataset.get_item(tag)):
            self._set(dataset, tag, values)
        return True

    def _text(self, dataset: Dataset, tag: int, keyword: str, text: str) -> None:
        rule = self._policy.texts[keyword]
        if is_recognised(self._policy, keyword, text) and not self._finder.repeats(text):
            self._set(dataset, tag, text)
            return
        new = self._secret.code("M", text) if rule.otherwise == "coded" else rule.otherwise
        new = _NUMBERED.sub(lambda found: _number_in(dataset, found[1]), new)
        if keyword == "ROIName":
            self.account.renamed.append((_number_in(dataset, "ROINumber"), new))
        self.account.replaced[keyword] += 1
        self._set(dataset, tag, new)

    def _is_number(self, raw: RawDataElement | DataElement, keyword: str) -> bool:
        """Tell whether an element holds numbers, none of which identifies."""
        content = raw.value if raw.value is not None else b""
        if not isinstance(content, bytes):
            many = content if isinstance(content, list) or hasattr(content, "append") else [content]
            content = "\\".join(map(str, many)).encode()
        if not NUMBERS.fullmatch(content):
            return False
        if keyword in self._policy.bulk:
            return not self._finder.repeats_whole_number(content)
        return not (content and self._finder.repeats_number(content.decode("ascii")))

    def _set(self, dataset: Dataset, tag: int, value: str | list[str]) -> None:
        dataset[tag] = DataElement(tag, dictionary_VR(tag), value)

    def _write_anew(self, dataset: Dataset) -> None:
        """Write whom the case is of by codes, and what was done to it."""
        subject, policy = self._subject, self._policy
        dataset.SpecificCharacterSet = CHARACTER_SET
        dataset.PatientName = subject.code
        dataset.PatientID = subject.code
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = f"{policy.id} {policy.version}"
        dataset.DeidentificationMethodCodeSequence = [_method(code) for code in policy.method_codes]
        dataset.LongitudinalTemporalInformationModified = "MODIFIED"
        dataset.ClinicalTrialSponsorName = subject.sponsor or NOT_STATED
        dataset.ClinicalTrialProtocolID = subject.trial or NOT_STATED
        dataset.ClinicalTrialProtocolName = ""
        dataset.ClinicalTrialSiteID = subject.site
        dataset.ClinicalTrialSiteName = ""
        dataset.ClinicalTrialSubjectID = subject.code


NOT_STATED: Final = "NOT STATED"
"""Where the standard wants a sponsor and a protocol (type 1), and nobody said which."""

MEANINGS: Final = {
    "113100": "Basic Application Confidentiality Profile",
    "113104": "Clean Structured Content Option",
    "113105": "Clean Descriptors Option",
    "113107": "Retain Longitudinal Temporal Information Modified Dates Option",
    "113108": "Retain Patient Characteristics Option",
}
"""Meanings of the codes of PS3.16, CID 7050."""


def _method(code: str) -> Dataset:
    one = Dataset()
    one.CodeValue, one.CodingSchemeDesignator, one.CodeMeaning = code, "DCM", MEANINGS[code]
    return one


def known_element(dataset: Dataset, tag: int) -> RawDataElement | DataElement | None:
    """Return an element as it stands; one of unknown representation (UN) as that of the standard.

    Archives that do not know an element hand it on as UN, whatever it holds.
    """
    raw = dataset.get_item(tag)
    return dataset[tag] if raw is not None and raw.VR == "UN" else raw


def is_placed(keyword: str, depth: int) -> bool:
    """Tell whether an element may stand at a depth: pixels only where they are those of a file."""
    return keyword != "PixelData" or depth == 0


def is_bare(raw: object) -> bool:
    """Tell whether the bytes of a term are its letters and padding alone."""
    content = raw.value if isinstance(raw, RawDataElement) else b""
    return content is None or (isinstance(content, bytes) and content.isascii()
                               and b"\x1b" not in content)  # fmt: skip


def _is_of(raw: RawDataElement | DataElement, vr: str) -> bool:
    """Tell whether an element is written with the representation that the standard has for it."""
    own = raw.VR or vr
    return own in vr.split(" or ") or own == vr


def _number_in(dataset: Dataset, keyword: str) -> str:
    """Return a whole number of the same item, or 0."""
    value = dataset.get(keyword)
    text = str(value) if value is not None else ""
    return text if re.fullmatch(r"\d{1,6}", text) else "0"


def _declared(dataset: Dataset) -> tuple[str, ...]:
    raw = dataset.get_item("SpecificCharacterSet")
    if raw is None:
        return ()
    value = raw.value
    if not isinstance(value, bytes):
        listed = [value] if isinstance(value, str) else list(value or ())
        value = "\\".join(map(str, listed)).encode("ascii", "replace")
    return declared_encodings(value)
