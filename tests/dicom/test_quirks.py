"""Every quirk has a pair: a value it repairs, and one it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from sbrt_qa.dicom.files.kinds import Claim
from sbrt_qa.dicom.files.preamble import PREAMBLE_BYTES
from sbrt_qa.dicom.quirks import (
    CONTOUR_TYPE,
    QUIRKS,
    Encoding,
    Log,
    RawText,
    ReadOffsets,
    Spread,
    Stage,
)
from sbrt_qa.dicom.read.dvh_sequence import Statistics
from sbrt_qa.dicom.read.oblique import ObliqueDose
from sbrt_qa.model.grid import DoseGrid

UPRIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
TILTED = (0.8, 0.6, 0.0, -0.6, 0.8, 0.0)


def stored(orientation):
    voxels = np.arange(125.0).reshape(5, 5, 5)
    return ObliqueDose(voxels, (0.0, 0.0, 0.0), orientation, (2.0, 2.0), 3.0 * np.arange(5))


def grid(x_mm):
    return DoseGrid(np.ones((2, 2, 3)), x_mm, [0.0, 1.0], [0.0, 1.0])


PAIRS = {
    "foreign-preamble": (b"MZ" + bytes(PREAMBLE_BYTES - 2), bytes(PREAMBLE_BYTES)),
    "no-preamble": (Encoding(False, ""), Encoding(True, "1.2.840.10008.1.2")),
    "no-transfer-syntax": (Encoding(True, ""), Encoding(True, "1.2.840.10008.1.2")),
    "undeclared-character-set": (
        RawText("肝".encode("gb18030"), ()),
        RawText("肝".encode("gb18030"), ("gb18030",)),
    ),
    "wrong-character-set": (
        RawText("肝".encode(), ("iso8859",)),
        RawText("Größe".encode("latin-1"), ("iso8859",)),
    ),
    "odd-contour-type": ("INTERPOLATED_PLANAR", "CLOSED_PLANAR"),
    "dose-in-cgy": ("CGY", "GY"),
    "spare-frame-offsets": (ReadOffsets((0.0, 1.0), 1), ReadOffsets((0.0, 1.0), 2)),
    "unsorted-frames": (ReadOffsets((0.0, 6.0, 3.0), 3), ReadOffsets((0.0, -3.0, -6.0), 3)),
    "first-offset-not-zero": (ReadOffsets((1e-9, 3.0), 2), ReadOffsets((0.02, 3.0), 2)),
    "rounded-absolute-offsets": (
        ReadOffsets((-103.5, -100.5), 2, -103.47),
        ReadOffsets((-103.5, -100.5), 2, -103.4),
    ),
    "modality-contradicts-class": (
        Claim("RTDOSE", "RTSTRUCT", ("RTSTRUCT",)),
        Claim("RTDOSE", "RTSTRUCT", ("RTDOSE", "RTSTRUCT")),
    ),
    "oblique-dose-grid": (stored(TILTED), stored(UPRIGHT)),
    "different-beam-grids": (
        (grid([0.0, 1.0, 2.0]), grid([0.5, 1.5, 2.5])),
        (grid([0.0, 1.0, 2.0]), grid([0.0, 1.0, 2.0])),
    ),
    "dvh-statistics-in-percent": (
        Statistics((90.0, 98.0, 105.0), 14.7, 0.01, 14.0),
        Statistics((12.6, 13.7, 14.7), 14.7, 0.01, 14.0),
    ),
    "spread-in-contour": (Spread(3, 0.06), Spread(3, 0.2)),
    "plane-noise": ({1.0: 1.0, 1.0001: 1.0001}, {1.0: 1.0, 1.02: 1.02}),
}


def test_every_quirk_has_a_pair():
    assert PAIRS.keys() == QUIRKS.keys()


@pytest.mark.parametrize("name", list(PAIRS))
def test_applies(name):
    mended = QUIRKS[name].repair(PAIRS[name][0])
    assert mended is not None
    assert mended.detail


@pytest.mark.parametrize("name", list(PAIRS))
def test_leaves_alone(name):
    assert QUIRKS[name].repair(PAIRS[name][1]) is None


@pytest.mark.parametrize("quirk", QUIRKS.values(), ids=list(QUIRKS))
def test_is_described(quirk):
    assert quirk.summary.endswith(".")
    assert quirk.vendor
    assert quirk.example


def test_the_log_keeps_each_repair_once():
    log = Log()
    assert CONTOUR_TYPE.mend("ODD", "here", log) == "CLOSED_PLANAR"
    assert CONTOUR_TYPE.mend("ODD", "here", log) == "CLOSED_PLANAR"
    assert [(r.quirk, r.where) for r in log.repairs] == [("odd-contour-type", "here")]


def test_names_are_unique():
    with pytest.raises(ValueError, match="registered twice"):
        Stage("again").quirk("plane-noise", vendor="x", example="y")(lambda _: None)
