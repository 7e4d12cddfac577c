"""Where oddities register themselves, and how they are applied to the files of a case."""

from __future__ import annotations

import enum
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from sbrt_qa.errors import UsageError, quoted


class Effect(enum.Enum):
    """What reading makes of a spoilt file."""

    NONE = "read as if nothing were odd"
    REPAIRED = "read by a named repair"
    STRUCTURE_REFUSED = "that structure is not evaluable, the others are"
    PART_REFUSED = "that part of the case is not evaluable"


Spoil = Callable[[Dataset], None]
SpoilBytes = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Oddity:
    """One registered oddity; one of `spoil` and `spoil_bytes` is set, `quirk` names the repair."""

    name: str
    modality: str
    effect: Effect
    quirk: str
    summary: str
    spoil: Spoil | None = None
    spoil_bytes: SpoilBytes | None = None


ODDITIES: dict[str, Oddity] = {}
"""All oddities by name, in the order of this file."""


def oddity(modality: str, effect: Effect, quirk: str = "") -> Callable[[Spoil], Spoil]:
    """Register a function that spoils a dataset of one modality."""

    def register(spoil: Spoil) -> Spoil:
        name, summary = spoil.__name__, (spoil.__doc__ or "").partition("\n")[0]
        ODDITIES[name] = Oddity(name, modality, effect, quirk, summary, spoil=spoil)
        return spoil

    return register


def byte_oddity(
    modality: str, effect: Effect, quirk: str = ""
) -> Callable[[SpoilBytes], SpoilBytes]:
    """Register a function that spoils the bytes of a file of one modality."""

    def register(spoil: SpoilBytes) -> SpoilBytes:
        name, summary = spoil.__name__, (spoil.__doc__ or "").partition("\n")[0]
        ODDITIES[name] = Oddity(name, modality, effect, quirk, summary, spoil_bytes=spoil)
        return spoil

    return register


def spoil_case(folder: Path, names: Iterable[str]) -> None:
    """Apply oddities, in the given order, to the files of a case; bytes are spoilt last.

    Raises
    ------
    UsageError
        There is no oddity of that name.
    """
    wanted = []
    for name in names:
        if name not in ODDITIES:
            raise UsageError("no such oddity", got=quoted(name), expected=", ".join(ODDITIES))
        wanted.append(ODDITIES[name])
    for path in sorted(folder.glob("*.dcm")):
        data = path.read_bytes()
        modality = dcmread(io.BytesIO(data), specific_tags=["Modality"], force=True).Modality
        own = [one for one in wanted if one.modality in (modality, "")]
        path.write_bytes(spoilt(data, own))


def spoilt(data: bytes, oddities: Iterable[Oddity]) -> bytes:
    """Return the bytes of one file with oddities applied to it."""
    chosen = list(oddities)
    if any(one.spoil for one in chosen):
        dataset = dcmread(io.BytesIO(data))
        for one in chosen:
            if one.spoil is not None:
                one.spoil(dataset)
        out = io.BytesIO()
        dataset.save_as(out)
        data = out.getvalue()
    for one in chosen:
        if one.spoil_bytes is not None:
            data = one.spoil_bytes(data)
    return data
