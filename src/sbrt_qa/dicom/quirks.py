"""Named repairs: what exports get wrong, and what is done about it.

A reader hands a value to a *stage* (say `CONTOUR_TYPE`). The stage offers it to every quirk
registered there; the first that applies returns the repaired value and a sentence, and the repair
goes into the log that becomes the case's provenance. A quirk is one function::

    @CONTOUR_TYPE.quirk("odd-contour-type", vendor="several", example="INTERPOLATED_PLANAR")
    def odd_contour_type(kind: str) -> Mended[str] | None:
        '''Say in one line what is repaired.'''

It returns None when it leaves the value alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, TypeVar

from sbrt_qa.errors import quoted
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.case import Repair
from sbrt_qa.model.structure import ContourKind

T = TypeVar("T")


class Mended(NamedTuple, Generic[T]):
    """A repaired value and one sentence that says what was done."""

    value: T
    detail: str


@dataclass(frozen=True, slots=True)
class Quirk(Generic[T]):
    """One registered repair; ``summary`` is the first line of its function's docstring."""

    name: str
    stage: str
    vendor: str
    example: str
    summary: str
    repair: Callable[[T], Mended[T] | None]


QUIRKS: dict[str, Quirk[Any]] = {}
"""All registered quirks by name."""


@dataclass(slots=True)
class Log:
    """Repairs and notes collected while one object is read; each is kept once, in order."""

    repairs: list[Repair] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def repaired(self, quirk: str, where: str, detail: str) -> None:
        """Record one repair."""
        repair = Repair(quirk, where, detail)
        if repair not in self.repairs:
            self.repairs.append(repair)

    def note(self, text: str) -> None:
        """Record one note."""
        if text not in self.notes:
            self.notes.append(text)


class Stage(Generic[T]):
    """A place in reading where values of one kind may need repair."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._quirks: list[Quirk[T]] = []

    def quirk(
        self, name: str, *, vendor: str, example: str
    ) -> Callable[[Callable[[T], Mended[T] | None]], Callable[[T], Mended[T] | None]]:
        """Register a repair function under a stable, unique name."""

        def register(repair: Callable[[T], Mended[T] | None]) -> Callable[[T], Mended[T] | None]:
            if name in QUIRKS:
                msg = f"quirk {name} is registered twice"
                raise ValueError(msg)
            summary = (repair.__doc__ or "").partition("\n")[0]
            QUIRKS[name] = Quirk(name, self.name, vendor, example, summary, repair)
            self._quirks.append(QUIRKS[name])
            return repair

        return register

    def mend(self, value: T, where: str, log: Log) -> T:
        """Return `value`, repaired by the first quirk that applies to it."""
        for quirk in self._quirks:
            mended = quirk.repair(value)
            if mended is not None:
                log.repaired(quirk.name, where, mended.detail)
                return mended.value
        return value


class Encoding(NamedTuple):
    """What a file says about its own encoding."""

    has_preamble: bool
    transfer_syntax: str


class RawText(NamedTuple):
    """Text as bytes, the encodings declared for it, and the text once it is known."""

    raw: bytes
    declared: tuple[str, ...]
    text: str | None = None


class ReadOffsets(NamedTuple):
    """A grid frame offset vector, the number of frames it belongs to, and where the first lies.

    ``first_mm`` is the patient z of the first frame where frames lie across z, else None.
    """

    values_mm: tuple[float, ...]
    frames: int
    first_mm: float | None = None


ENCODING: Stage[Encoding] = Stage("file encoding")
TEXT: Stage[RawText] = Stage("text")
CONTOUR_TYPE: Stage[str] = Stage("contour geometric type")
DOSE_UNITS: Stage[str] = Stage("dose units")
FRAME_OFFSETS: Stage[ReadOffsets] = Stage("grid frame offsets")
FIRST_OFFSET: Stage[ReadOffsets] = Stage("first grid frame offset")
PLANES: Stage[dict[float, float]] = Stage("contour planes")
"""Maps the z of each contour to the z of its plane."""

OFFSET_NOISE_MM: Final = 0.01
"""Largest first offset that still means 0: what is left of arithmetic, or of rounded decimals."""

OFFSET_ROUNDING_MM: Final = 0.06
"""Largest distance of an absolute first offset from its frame: text with one decimal of a mm."""

PLANE_TOLERANCE_MM: Final = 0.01
"""Largest spread of z that is rounding noise of decimal text, within a contour and of a plane."""

SPREAD_MM: Final = 0.1
"""Largest spread of z within a contour that can still be taken for one plane."""


class Spread(NamedTuple):
    """Contours of one structure whose vertices differ in z, and by how much at most."""

    contours: int
    most_mm: float


CONTOUR_Z: Stage[Spread] = Stage("z within contours")

IMPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"


@ENCODING.quirk(
    "no-preamble", vendor="XiO, CMS, de-identifiers", example="file starts at (0008,0005)"
)
def no_preamble(encoding: Encoding) -> Mended[Encoding] | None:
    """Read a file that lacks the 128-byte preamble, and perhaps the file meta information."""
    if encoding.has_preamble:
        return None
    syntax = encoding.transfer_syntax or say("a transfer syntax recognised from the first element")
    return Mended(encoding, say("no DICOM preamble; read as {0}", syntax))


@ENCODING.quirk("no-transfer-syntax", vendor="Monaco 5.11", example="file meta without (0002,0010)")
def no_transfer_syntax(encoding: Encoding) -> Mended[Encoding] | None:
    """Recognise the transfer syntax from the first element where the file names none."""
    if encoding.transfer_syntax:
        return None
    return Mended(encoding, say("no Transfer Syntax UID; recognised from the first element"))


_CONTOUR_KINDS: Final = frozenset(ContourKind) - {ContourKind.OTHER}


@CONTOUR_TYPE.quirk(
    "odd-contour-type", vendor="several", example="INTERPOLATED_PLANAR, or no type at all"
)
def odd_contour_type(kind: str) -> Mended[str] | None:
    """Treat a missing or non-standard Contour Geometric Type as closed planar."""
    if kind in _CONTOUR_KINDS:
        return None
    got = quoted(kind) if kind else say("no contour geometric type")
    return Mended(ContourKind.CLOSED_PLANAR.value, say("{0} treated as CLOSED_PLANAR", got))


@DOSE_UNITS.quirk("dose-in-cgy", vendor="several", example="Dose Units CGY")
def dose_in_cgy(units: str) -> Mended[str] | None:
    """Convert a dose in cGy, a unit that DICOM does not know, to Gy."""
    return Mended("CGY", say("Dose Units CGY: values divided by 100")) if units == "CGY" else None


@FRAME_OFFSETS.quirk("spare-frame-offsets", vendor="several", example="one frame, fifteen offsets")
def spare_frame_offsets(offsets: ReadOffsets) -> Mended[ReadOffsets] | None:
    """Use the first offset of a single frame that brings a whole vector of them."""
    if offsets.frames != 1 or len(offsets.values_mm) < 2:
        return None
    detail = say("one frame, but {0} frame offsets: only the first is used", len(offsets.values_mm))
    return Mended(offsets._replace(values_mm=offsets.values_mm[:1]), detail)


@FRAME_OFFSETS.quirk("unsorted-frames", vendor="de-identifiers", example="offsets 0, 6, 3")
def unsorted_frames(offsets: ReadOffsets) -> Mended[ReadOffsets] | None:
    """Put the frames of a dose in the order of their places."""
    ascending = sorted(offsets.values_mm)
    if list(offsets.values_mm) in (ascending, ascending[::-1]):
        return None
    return Mended(
        offsets, say("dose frames are not in the order of their positions; they were sorted")
    )


@FIRST_OFFSET.quirk(
    "first-offset-not-zero", vendor="several", example="first of 40 frame offsets is 1e-9"
)
def first_offset_not_zero(offsets: ReadOffsets) -> Mended[ReadOffsets] | None:
    """Read offsets whose first is 0 but for noise as distances from the first frame."""
    first, *others = offsets.values_mm or (0.0,)
    if first == 0.0 or abs(first) > OFFSET_NOISE_MM:
        return None
    detail = say("the first frame offset is {0} mm and was read as 0", f"{first:.3g}")
    return Mended(offsets._replace(values_mm=(0.0, *others)), detail)


@FIRST_OFFSET.quirk(
    "rounded-absolute-offsets", vendor="several", example="first frame at -103.47, offset -103.5"
)
def rounded_absolute_offsets(offsets: ReadOffsets) -> Mended[ReadOffsets] | None:
    """Read rounded absolute offsets as places, shifted so that the first frame keeps its own."""
    if offsets.first_mm is None or not offsets.values_mm or offsets.values_mm[0] == 0.0:
        return None
    off = offsets.first_mm - offsets.values_mm[0]
    if not OFFSET_NOISE_MM < abs(off) <= OFFSET_ROUNDING_MM:
        return None
    detail = say(
        "the frame offsets are positions rounded by {0} mm; they were shifted onto the first frame",
        f"{abs(off):.2g}",
    )
    moved = tuple(value + off for value in offsets.values_mm)
    return Mended(offsets._replace(values_mm=moved), detail)


@CONTOUR_Z.quirk(
    "spread-in-contour", vendor="several", example="z from 12.00 to 12.06 mm in one contour"
)
def spread_in_contour(spread: Spread) -> Mended[Spread] | None:
    """Lay a contour whose vertices differ a little in z onto one plane, at their middle."""
    if not PLANE_TOLERANCE_MM < spread.most_mm <= SPREAD_MM:
        return None
    detail = say(
        "{0} flattened onto one plane each: z differs by up to {1} mm within a contour",
        counted(spread.contours, "contour"),
        f"{spread.most_mm:.2g}",
    )
    return Mended(spread._replace(most_mm=0.0), detail)


@PLANES.quirk("plane-noise", vendor="several", example="z of 2.4991 and 2.4992 in one plane")
def plane_noise(planes: dict[float, float]) -> Mended[dict[float, float]] | None:
    """Give contours whose z differs only by the rounding of decimal text one plane."""
    snapped: dict[float, float] = {}
    plane = float("-inf")
    for z_mm in sorted(planes):
        if z_mm - plane > PLANE_TOLERANCE_MM:
            plane = z_mm
        snapped[z_mm] = plane
    moved = [z_mm - plane for z_mm, plane in snapped.items() if z_mm != plane]
    if not moved:
        return None
    detail = say(
        "{0} contour positions moved onto their plane, by at most {1} mm",
        len(moved),
        f"{max(moved):.2g}",
    )
    return Mended(snapped, detail)
