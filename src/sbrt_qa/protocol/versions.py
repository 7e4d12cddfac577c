"""Versions of one protocol, and which of them a plan is held against: that of its planning date.

Limits change by amendment. A plan is judged by the rules under which it was made, so that a later
amendment neither excuses nor condemns it.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, overload

from sbrt_qa.errors import ProtocolError, quoted
from sbrt_qa.i18n.phrase import joined, say
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Finding, Reason
from sbrt_qa.model.plan import Plan
from sbrt_qa.protocol.definition import Protocol

PROTOCOL_VERSION: Final = "PROTOCOL_VERSION"
"""Code of the finding that the date chose no version, or one that is not the newest."""

AS_ASKED: Final = say("as asked for")
IN_FORCE: Final = say("in force at the planning date")
IN_FORCE_BEFORE: Final = say("in force at the planning date, settled before dates were shifted")

_TITLE: Final = say("protocol version by planning date")
_GROUP: Final = "links and provenance"
"""Family of plan checks beside which the finding stands."""

_DATE: Final = re.compile(r"(\d{4})\.?(\d\d)\.?(\d\d)")


class VersionBasis(enum.StrEnum):
    """What chose the version of a protocol."""

    ASKED = "asked"
    """It was asked for, whatever the planning date."""
    IN_FORCE = "in_force"
    """It was in force at the planning date."""
    LATEST = "latest"
    """Nothing decided; it is the latest."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The version a case is held against, and why.

    Parameters
    ----------
    protocol
        The version.
    why
        In a few words, without the date itself.
    finding
        What a reviewer should know, where the planning date did not decide.
    basis
        What chose it.
    """

    protocol: Protocol
    why: str
    finding: Finding | None = None
    basis: VersionBasis = VersionBasis.ASKED


@dataclass(frozen=True, slots=True)
class Unread:
    """A version of which only the head is known; the rest is read when a plan is held against it.

    Parameters
    ----------
    id, version, effective
        As in the protocol.
    read
        Returns the whole protocol, or raises ProtocolError.
    """

    id: str
    version: str
    effective: dt.date
    read: Callable[[], Protocol]


class Versions(Sequence[Protocol]):
    """Versions of one protocol, each read when it is first asked for."""

    def __init__(self, heads: Sequence[Protocol | Unread]) -> None:
        self.heads = tuple(heads)
        self._known: dict[int, Protocol] = {}

    def __len__(self) -> int:
        return len(self.heads)

    @overload
    def __getitem__(self, index: int) -> Protocol: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Protocol, ...]: ...

    def __getitem__(self, index: int | slice) -> Protocol | tuple[Protocol, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        place = range(len(self))[index]
        if place not in self._known:
            head = self.heads[place]
            self._known[place] = head.read() if isinstance(head, Unread) else head
        return self._known[place]


@dataclass(frozen=True, slots=True)
class ProtocolFamily:
    """All versions of one protocol, oldest first.

    Parameters
    ----------
    versions
        By rising effective date; one id, every version once. Some may not be read yet, see
        `Versions`.
    fixed
        The one version that was asked for, whatever the planning date.
    """

    versions: Sequence[Protocol]
    fixed: bool = False

    def __post_init__(self) -> None:
        if not self.versions or (self.fixed and len(self.versions) > 1):
            msg = "a protocol has at least one version, and one only if it was asked for"
            raise ValueError(msg)

    @property
    def heads(self) -> Sequence[Protocol | Unread]:
        """What is known of every version without reading it: id, version, effective date."""
        return self.versions.heads if isinstance(self.versions, Versions) else self.versions

    @property
    def latest(self) -> Protocol:
        """The version that took effect last."""
        return self.versions[-1]

    def of(self, case: Case) -> Chosen:
        """Return the version a case is held against.

        Where dates were shifted, that is the version that was in force at the true planning date,
        as the account of de-identification tells it; a shifted date decides nothing.
        """
        told = case.deidentified
        if told is None or not told.dates_shifted or self.fixed:
            return self.at(*_dated(case))
        wanted = {version for key, version in told.versions if key == self.latest.id}
        there = [i for i, head in enumerate(self.heads) if head.version in wanted]
        if len(there) != 1:
            what = say("dates were shifted, and the version in force before is not told")
            return self._undecided("RTPLAN", what, told=len(self.versions) > 1)
        used = there[0]
        older = self._older(self.heads[used], "RTPLAN")
        return Chosen(self.versions[used], IN_FORCE_BEFORE, older, VersionBasis.IN_FORCE)

    def at(self, date: dt.date | None, part: str = "RTPLAN") -> Chosen:
        """Return the version in force at a date; the latest where the date does not say.

        Parameters
        ----------
        part
            Whose date it is: RTPLAN, else RTSTRUCT; of which none is known where there is no date.
        """
        if self.fixed:
            return Chosen(self.latest, AS_ASKED)
        if date is None:
            what = say("planning date not known")
            return self._undecided(part, what, told=len(self.versions) > 1)
        in_force = [i for i, head in enumerate(self.heads) if head.effective <= date]
        if not in_force:
            planned = say("planned before the first version took effect")
            drawn = say("drawn before the first version took effect")
            return self._undecided(part, planned if part == "RTPLAN" else drawn, told=True)
        used = in_force[-1]
        older = self._older(self.heads[used], part)
        return Chosen(self.versions[used], IN_FORCE, older, VersionBasis.IN_FORCE)

    def _older(self, used: Protocol | Unread, part: str) -> Finding | None:
        """Return that there is a newer version than the one in force; None where there is none."""
        latest = self.heads[-1]
        if used is latest:
            return None
        return Finding(
            PROTOCOL_VERSION,
            None,
            part,
            say(
                "held against {0} {1}, in force at the planning date; the newest version is {2}, "
                "for plans from {3}",
                used.id,
                used.version,
                latest.version,
                str(latest.effective),
            ),
            say("Hold it against the newest with: -p {0}@{1}.", latest.id, latest.version),
            title=_TITLE,
            group=_GROUP,
        )

    def _undecided(self, part: str, what: str, *, told: bool) -> Chosen:
        latest = self.latest
        used = say("latest version") if len(self.versions) > 1 else say("only version")
        why = joined("; ", (used, what))
        advice = say(
            "Give the version with --protocol {0}@VERSION if another was in force.", latest.id
        )
        finding = Finding(
            PROTOCOL_VERSION,
            None,
            part,
            say("{0}: held against {1} {2}, its {3}", what, latest.id, latest.version, used),
            advice if len(self.versions) > 1 else "",
            title=_TITLE,
            group=_GROUP,
        )
        return Chosen(latest, why, finding if told else None, VersionBasis.LATEST)


def other_version(before: Chosen, after: Chosen) -> Finding | None:
    """Return what to know where two plans fall under two versions and one is used for both."""
    one, other = before.protocol, after.protocol
    if one.version == other.version:
        return None
    return Finding(
        PROTOCOL_VERSION,
        None,
        "RTPLAN",
        say(
            "the earlier plan falls under {0} {1}; both are held against {2}, that of the later "
            "plan",
            one.id,
            one.version,
            other.version,
        ),
        say(
            "See what differs with: protocol diff {0}@{1} {2}@{3}.",
            one.id,
            one.version,
            other.id,
            other.version,
        ),
        title=_TITLE,
        group=_GROUP,
    )


def family_of(protocols: Sequence[Protocol | Unread], where: str) -> ProtocolFamily:
    """Return versions of one protocol as a family, which reads what is not read when it must.

    Raises
    ------
    ProtocolError
        They have several ids, or two have one version or one effective date.
    """
    ordered = tuple(sorted(protocols, key=lambda p: p.effective))
    if len({p.id for p in ordered}) > 1:
        ids = ", ".join(sorted({quoted(p.id) for p in ordered}))
        raise ProtocolError("files of several protocols", where=where, got=ids, expected="one id")
    for what, values in (
        ("version", [p.version for p in ordered]),
        ("effective date", [str(p.effective) for p in ordered]),
    ):
        if len(set(values)) < len(values):
            twice = next(v for v in values if values.count(v) > 1)
            raise ProtocolError(f"two versions have one {what}", where=where, got=quoted(twice))
    read = tuple(p for p in ordered if isinstance(p, Protocol))
    return ProtocolFamily(read if len(read) == len(ordered) else Versions(ordered))


def planning_date(case: Case) -> dt.date | None:
    """Return the date of a case's plan, else of its structure set; None where none is usable."""
    return _dated(case)[0]


def _dated(case: Case) -> tuple[dt.date | None, str]:
    """Return the date by which a case was planned, and the object that states it or should."""
    parts = [(case.plan.planning_date, "RTPLAN")] if isinstance(case.plan, Plan) else []
    if not isinstance(case.structures, Reason):
        parts.append((case.structures.date, "RTSTRUCT"))
    dates = ((read_date(text), part) for text, part in parts)
    known = next(((date, part) for date, part in dates if date is not None), None)
    return known or (None, parts[0][1] if parts else "")


def read_date(text: str) -> dt.date | None:
    """Return a DICOM date (``YYYYMMDD``, formerly ``YYYY.MM.DD``), None where it is none.

    Dates that stand for "removed", before 1990, are none.
    """
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    try:
        date = dt.date(*map(int, found.groups()))
    except ValueError:
        return None
    return date if date.year >= 1990 else None
