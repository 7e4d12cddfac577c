"""Masks of other programs: read right, whatever their orientation, or refused with the reason."""

from __future__ import annotations

import dataclasses
import gzip
import itertools
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - as everybody calls it

from sbrt_qa.cli.main import run
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.volumes.label_volume import LabelVolume
from sbrt_qa.dicom.volumes.mask_structures import (
    read_mask_text,
    read_volume,
    structures_here,
    with_masks,
)
from sbrt_qa.dicom.volumes.metaimage_file import metaimage_bytes
from sbrt_qa.dicom.volumes.nifti_file import nifti_bytes
from sbrt_qa.dosimetry.bands import Views, subject_of
from sbrt_qa.dosimetry.case_doses import CaseDoses
from sbrt_qa.errors import InputError, UsageError
from sbrt_qa.geometry.slabs import Voxels
from sbrt_qa.geometry.voxel_outlines import voxel_contours
from sbrt_qa.geometry.voxels import as_voxels_allow
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.stated import UserStatements
from sbrt_qa.model.structure import Structure, StructureSet, VoxelSize

SAMPLE = Path(__file__).parents[2] / "sample_dicom" / "compliant"
NOTHING = Reason(ReasonCode.REFERENCE_MISSING, "none")
CENTRE = (3.3, -7.1, 12.4)


def axes(reach, voxel):
    return [CENTRE[i] + (np.arange(-n, n + 1) + 0.3) * voxel[i] for i, n in enumerate(reach)]


def rasterised(is_inside, voxel, size_mm):
    x, y, z = axes([int(size_mm / h) + 4 for h in voxel], voxel)
    grid = np.meshgrid(z - CENTRE[2], y - CENTRE[1], x - CENTRE[0], indexing="ij")
    return LabelVolume(is_inside(*grid[::-1]).astype(np.int32), x, y, z)


def ball(radius, voxel=(1.0, 1.0, 2.0)):
    return rasterised(lambda x, y, z: x * x + y * y + z * z <= radius**2, voxel, radius)


def cylinder(radius, half, voxel=(1.0, 1.0, 2.0)):
    def inside(x, y, z):
        return (x * x + y * y <= radius**2) & (np.abs(z) <= half)

    return rasterised(inside, voxel, max(radius, half))


def case_of(volume, dose=NOTHING):
    contours = voxel_contours(volume.labels == 1, volume.x_mm, volume.y_mm, volume.z_mm)
    structure = Structure(1, "mask", contours, voxels=VoxelSize(*volume.voxel_mm))
    return Case("case", NOTHING, StructureSet((structure,)), dose), structure


@pytest.mark.parametrize(
    ("volume", "truth_cc", "within"),
    [
        (ball(6), 4 / 3 * np.pi * 6**3 / 1000, 0.01),
        (ball(10), 4 / 3 * np.pi * 10**3 / 1000, 0.01),
        (ball(20), 4 / 3 * np.pi * 20**3 / 1000, 0.005),
        (ball(20, (2.0, 2.0, 3.0)), 4 / 3 * np.pi * 20**3 / 1000, 0.01),
        (cylinder(15, 20.6), np.pi * 15**2 * 42 / 1000, 0.01),  # 21 planes of 2 mm
    ],
)
def test_the_volume_of_a_rasterised_shape_is_that_of_the_shape(volume, truth_cc, within):
    case, structure = case_of(volume)
    doses = CaseDoses(case)
    assert doses.volume_cc(structure) == pytest.approx(truth_cc, rel=within)
    least, most = (
        CaseDoses(dataclasses.replace(case, structures=StructureSet((other,)))).volume_cc(other)
        for other in (
            dataclasses.replace(as_voxels_allow(structure, how), voxels=None)
            for how in (Voxels.SMALLER, Voxels.LARGER)
        )
    )
    assert least < truth_cc < most


def ramp(volume):
    """1 Gy for each mm along x, so that D and V of a shape are known."""
    x = np.arange(volume.x_mm[0] - 10, volume.x_mm[-1] + 10, 2.0)
    y = np.arange(volume.y_mm[0] - 10, volume.y_mm[-1] + 10, 2.0)
    z = np.arange(volume.z_mm[0] - 10, volume.z_mm[-1] + 10, 2.0)
    values = np.broadcast_to(x - CENTRE[0] + 40.0, (z.size, y.size, x.size))
    return DoseGrid(np.ascontiguousarray(values), x, y, z)


def test_dose_and_uncertainty_hold_the_closed_form():
    volume = ball(15)
    case, structure = case_of(volume, ramp(volume))
    dvh = CaseDoses(case).dvh(structure)
    assert dvh.mean_gy == pytest.approx(40.0, abs=0.05)
    cap = np.pi * 5**2 * (3 * 15 - 5) / 3 / 1000  # the cap beyond 50 Gy
    assert dvh.volume_at_dose_cc(50.0) == pytest.approx(cap, rel=0.03)
    seen = Views(CaseDoses(case)).of(subject_of(structure))
    low, high = (seen[f"voxels {n}"].volume_at_dose_cc(50.0) for n in ("smaller", "larger"))
    assert low < cap < high
    drawn = dataclasses.replace(structure, voxels=None)
    plain = dataclasses.replace(case, structures=StructureSet((drawn,)))
    assert not [n for n in Views(CaseDoses(plain)).of(subject_of(drawn)) if "voxels" in n]


FLIPS = list(itertools.product((1, -1), repeat=3))
TURNS = list(itertools.permutations(range(3)))


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".mha", ".mhd"])
@pytest.mark.parametrize(("turn", "flip"), [*zip(TURNS, FLIPS, strict=False), (TURNS[3], FLIPS[7])])
def test_every_orientation_that_another_program_writes_comes_out_in_place(
    ending, turn, flip, tmp_path
):
    """SimpleITK writes labels whose places are known; each must be where it put them."""
    rng = np.random.default_rng(7)
    array = (rng.random((5, 6, 7)) > 0.8).astype(np.uint8)
    image = sitk.GetImageFromArray(array)
    image.SetSpacing((1.0, 1.5, 2.0))
    image.SetOrigin((11.0, -22.0, 33.0))
    direction = np.zeros((3, 3))
    for column, (row, sign) in enumerate(zip(turn, flip, strict=True)):
        direction[row, column] = sign
    image.SetDirection(direction.ravel().tolist())
    path = tmp_path / f"mask{ending}"
    sitk.WriteImage(image, str(path))
    read = read_volume(path)
    k, j, i = np.nonzero(array)
    known = {
        tuple(np.round(image.TransformIndexToPhysicalPoint((int(a), int(b), int(c))), 3))
        for a, b, c in zip(i, j, k, strict=True)
    }
    z, y, x = np.nonzero(read.labels)
    ours = {
        tuple(np.round(p, 3)) for p in zip(read.x_mm[x], read.y_mm[y], read.z_mm[z], strict=True)
    }
    assert ours == known


@pytest.mark.parametrize("write", [nifti_bytes, metaimage_bytes])
def test_what_we_write_another_program_and_we_read_alike(write, tmp_path):
    volume = ball(6)
    path = tmp_path / ("m.nii.gz" if write is nifti_bytes else "m.mha")
    path.write_bytes(write(volume))
    again = read_volume(path)
    assert (again.labels == volume.labels).all()
    for axis in ("x_mm", "y_mm", "z_mm"):
        assert np.allclose(getattr(again, axis), getattr(volume, axis), atol=1e-4)
    other = sitk.ReadImage(str(path))
    corner = (volume.x_mm[0], volume.y_mm[0], volume.z_mm[0])
    at = other.TransformPhysicalPointToIndex(tuple(float(c) for c in corner))
    assert all(0 <= n < size for n, size in zip(at, other.GetSize(), strict=True))
    centre = other.TransformPhysicalPointToIndex(CENTRE)
    assert other[centre] == 1


def header(path, **changed):
    """A small NIfTI file with some fields of its header changed: offset, format, values."""
    raw = bytearray(gzip.decompress(nifti_bytes(ball(6))))
    for at, form, *values in changed.values():
        struct.pack_into(form, raw, at, *values)
    path.write_bytes(bytes(raw))
    return path


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"a": (0, "<i", 347)}, "no NIfTI file"),
        ({"a": (0, "<i", 540)}, "NIfTI-2"),
        ({"a": (344, "4s", b"ni1\0")}, r"two files, \.hdr and \.img"),
        ({"a": (344, "4s", b"abcd")}, "magic"),
        ({"a": (40, "<h", 2)}, "no single volume"),
        ({"a": (40, "<h", 4), "b": (48, "<h", 3)}, "no single volume"),
        ({"a": (42, "<h", -5)}, "not that of a volume"),
        ({"a": (42, "<3h", 30000, 30000, 30000)}, "not that of a volume"),
        ({"a": (42, "<3h", 4000, 4000, 20)}, "not as long as the header says"),
        ({"a": (42, "<3h", 2, 2, 2)}, "not as long as the header says"),
        ({"a": (70, "<h", 128)}, "no plain numbers"),
        ({"a": (72, "<h", 8)}, "no plain numbers"),
        ({"a": (108, "<f", 1e30)}, "no place for the data"),
        ({"a": (108, "<f", float("nan"))}, "no place for the data"),
        ({"a": (108, "<f", 0)}, "no place for the data"),
        ({"a": (112, "<2f", 0.5, 0.25)}, "no labels"),
        ({"a": (112, "<2f", 1.0, float("nan"))}, "scale"),
        ({"a": (112, "<2f", -1.0, 0)}, "no labels"),
        ({"a": (252, "<2h", 0, 0)}, "where it lies"),
        ({"a": (123, "B", 5)}, "unit of length"),
        ({"a": (280, "<4f", 1.0, 0.0, 0.0, 50.0)}, "place the volume differently"),
        ({"a": (280, "<4f", float("nan"), 0, 0, 0), "b": (252, "<h", 0)}, "not made of numbers"),
        ({"a": (280, "<4f", 0, 0, 0, 0), "b": (252, "<h", 0)}, "no size of a voxel"),
        ({"a": (280, "<4f", 0.9, 0.43, 0, 0), "b": (252, "<h", 0)}, "oblique"),
        ({"a": (256, "<3f", 0.0, 0.0, 0.2), "b": (254, "<h", 0)}, "oblique"),
        ({"a": (256, "<3f", 1.0, 1.0, 1.0), "b": (254, "<h", 0)}, "no rotation"),
        ({"a": (292, "<f", 1e7), "b": (252, "<h", 0)}, "nowhere near a patient"),
    ],
)
def test_a_header_that_lies_is_refused(changed, why, tmp_path):
    with pytest.raises(InputError, match=why):
        read_volume(header(tmp_path / "m.nii", **changed))


def test_scale_units_byte_order_and_quaternion_alone_are_read(tmp_path):
    plain = read_volume(header(tmp_path / "a.nii"))
    scaled = read_volume(header(tmp_path / "b.nii", a=(112, "<2f", 3.0, 0.0)))
    assert scaled.present == (3,)
    assert (scaled.labels == 3 * plain.labels).all()
    unknown = read_volume(header(tmp_path / "c.nii", a=(123, "B", 0)))
    assert "not stated" in unknown.notes[0]
    quaternion = read_volume(header(tmp_path / "d.nii", a=(254, "<h", 0)))
    assert np.allclose(quaternion.x_mm, plain.x_mm, atol=1e-4)
    raw = gzip.decompress(nifti_bytes(ball(6)))
    big = bytearray(raw)
    for at, form in [(0, "i"), (40, "8h"), (70, "2h"), (76, "8f"), (108, "3f"), (252, "2h"),
                     (256, "6f"), (280, "12f")]:  # fmt: skip
        struct.pack_into(f">{form}", big, at, *struct.unpack_from(f"<{form}", raw, at))
    big[352:] = np.frombuffer(raw[352:], "<u2").astype(">u2").tobytes()
    path = tmp_path / "e.nii"
    path.write_bytes(bytes(big))
    assert (read_volume(path).labels == plain.labels).all()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "ends within its header|no NIfTI"),
        (b"x" * 100, "ends within its header"),
        (b"\x1f\x8b" + b"junk" * 50, "damaged"),
        (gzip.compress(b"short"), "ends within its header"),
        (gzip.compress(gzip.decompress(nifti_bytes(ball(6))) + b"\0" * 50_000_000), "more than"),
        (gzip.compress(gzip.decompress(nifti_bytes(ball(6)))[:-7]), "not as long"),
        (nifti_bytes(ball(6))[:-40], "not as long|damaged"),
    ],
    ids=["empty", "short", "junk", "short gzip", "bomb", "cut", "cut gzip"],
)
def test_bytes_that_are_no_volume_are_refused(content, why, tmp_path):
    path = tmp_path / "m.nii.gz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=why):
        read_volume(path)


def meta(path, **changed):
    raw = metaimage_bytes(ball(6))
    at = raw.index(b"LOCAL\n") + 6
    fields = dict(line.split(" = ") for line in raw[:at].decode().splitlines())
    fields |= {key: value for key, value in changed.items() if value is not None}
    for key in [k for k, v in changed.items() if v is None]:
        del fields[key]
    text = "".join(f"{k} = {v}\n" for k, v in fields.items() if k != "ElementDataFile")
    end = f"ElementDataFile = {fields['ElementDataFile']}\n"
    path.write_bytes((text + end).encode() + raw[at:])
    return path


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"NDims": "2"}, "no single volume"),
        ({"ElementNumberOfChannels": "3"}, "no single volume"),
        ({"DimSize": "9999 9999 9999"}, "not that of a volume"),
        ({"DimSize": "5 5"}, "DimSize cannot be read"),
        ({"DimSize": "x y z"}, "DimSize cannot be read"),
        ({"DimSize": "400 400 400"}, "not as long"),
        ({"DimSize": "2 2 2"}, "not as long"),
        ({"ElementType": "MET_STRING"}, "no plain binary"),
        ({"BinaryData": "False"}, "no plain binary"),
        ({"BinaryDataByteOrderMSB": "maybe"}, "byte order"),
        ({"ElementSpacing": "0 1 1"}, "no size of a voxel"),
        ({"ElementSpacing": "nan 1 1"}, "cannot be read"),
        ({"Offset": None}, "lacks a key"),
        ({"TransformMatrix": None}, "lacks a key"),
        ({"TransformMatrix": "0.9 0.43 0 -0.43 0.9 0 0 0 1"}, "oblique"),
        ({"TransformMatrix": "1 0 0 1 0 0 0 0 1"}, "oblique"),
        ({"ElementDataFile": "../m.raw"}, "not in one file"),
        ({"ElementDataFile": "/etc/passwd"}, "not in one file"),
        ({"ElementDataFile": "LIST"}, "not in one file"),
        ({"ElementDataFile": "gone.raw"}, "cannot be read"),
        ({"HeaderSize": "12"}, "header within the data"),
        ({"CompressedData": "False"}, "not as long"),
    ],
)
def test_a_metaimage_header_that_lies_is_refused(changed, why, tmp_path):
    with pytest.raises(InputError, match=why):
        read_volume(meta(tmp_path / "m.mha", **changed))


def test_a_metaimage_of_junk_a_double_key_and_a_link_are_refused(tmp_path):
    junk = tmp_path / "j.mha"
    junk.write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match="no MetaImage header"):
        read_volume(junk)
    twice = tmp_path / "t.mha"
    twice.write_bytes(b"NDims = 3\nNDims = 3\n")
    with pytest.raises(InputError, match="stands twice"):
        read_volume(twice)
    link = tmp_path / "l.mha"
    link.symlink_to(meta(tmp_path / "m.mha"))
    with pytest.raises(InputError, match="no regular file"):
        read_volume(link)
    bomb = tmp_path / "b.mha"
    raw = metaimage_bytes(ball(6))
    at = raw.index(b"LOCAL\n") + 6
    bomb.write_bytes(raw[:at] + zlib.compress(b"\0" * 50_000_000))
    with pytest.raises(InputError, match="more than"):
        read_volume(bomb)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a/liver.nii.gz", {}),
        ("a.mha=Liver", {0: "Liver"}),
        ("a.nii=1:Liver, 2:GTV", {1: "Liver", 2: "GTV"}),
    ],
)
def test_names_of_labels(text, names):
    assert dict(read_mask_text(text).names) == names


@pytest.mark.parametrize("text", ["a.hdr", "A.IMG=Liver", "a.img.gz"])
def test_a_pair_of_files_is_refused_by_its_names(text):
    with pytest.raises(UsageError, match=r"\.hdr and \.img"):
        read_mask_text(text)


@pytest.mark.parametrize(
    "text", ["a.png", "a.nii=1:", "a.nii=x:Liver,2:B", "a.nii=1:A,1:B", "a.nii=A,B"]
)
def test_what_names_no_labels_is_refused(text):
    with pytest.raises(UsageError):
        read_mask_text(text)


def test_labels_empty_masks_and_names_that_are_not_there(tmp_path):
    volume = ball(6)
    labels = volume.labels.copy()
    labels[:, :, : labels.shape[2] // 2] *= 5
    path = tmp_path / "two.nii.gz"
    path.write_bytes(nifti_bytes(dataclasses.replace(volume, labels=labels)))
    assert [s["name"] for s in structures_here(str(path), {})] == ["two_1", "two_5"]
    assert [s["name"] for s in structures_here(str(path), {"5": "L"})] == ["L"]
    with pytest.raises(InputError, match="several labels"):
        structures_here(str(path), {"0": "Liver"})
    with pytest.raises(InputError, match="no voxel has label 3"):
        structures_here(str(path), {"3": "Liver"})
    path.write_bytes(nifti_bytes(dataclasses.replace(volume, labels=0 * labels)))
    with pytest.raises(InputError, match="empty"):
        structures_here(str(path), {})


def test_a_mask_out_and_in_is_judged_like_the_structure_it_was(tmp_path, capsys, recwarn):
    mask, rs = tmp_path / "two.nii.gz", tmp_path / "RS.dcm"
    asked = ["--structure", "Stomach", "--structure", "Duodenum"]
    assert run(["export", str(SAMPLE), *asked, "--out", str(mask)]) == 0
    assert "label 2: Duodenum" in capsys.readouterr().out
    named = f"{mask}=1:Stomach,2:DU"
    case = load_cases([SAMPLE], UserStatements(masks=(named,)))[0]
    drawn = load_cases([SAMPLE])[0]
    keys = case.structures.keys()
    assert keys["Stomach"].voxels is not None
    assert any("'Stomach' of the plan is replaced" in note for note in case.provenance.notes)
    ours, theirs = CaseDoses(case), CaseDoses(drawn)
    for ours_name, name in (("Stomach", "Stomach"), ("DU", "Duodenum")):
        volume = theirs.volume_cc(drawn.structures.keys()[name])
        assert ours.volume_cc(keys[ours_name]) == pytest.approx(volume, rel=0.01)
    told = tmp_path / "report.json"
    asked = ["report", str(SAMPLE), "--mask", named, "--no-bands", "--out", str(told)]
    assert run(asked) in (0, 10, 20, 30)
    assert "'Stomach' of the plan is replaced by the mask" in told.read_text()
    assert run(["export", str(SAMPLE), "--mask", named, "--out", str(rs)]) == 0
    rt_utils = pytest.importorskip(
        "rt_utils", reason="rt-utils is not installed, or its OpenCV has no display libraries",
        exc_type=ImportError,
    )  # fmt: skip
    sets = (SAMPLE / "RTSTRUCT.dcm", rs)
    before, after = (
        rt_utils.RTStructBuilder.create_from(str(SAMPLE / "CT"), str(one)) for one in sets
    )
    for drawn_as, name in (("Stomach", "Stomach"), ("Duodenum", "DU")):
        one, other = before.get_roi_mask_by_name(drawn_as), after.get_roi_mask_by_name(name)
        assert 2 * (one & other).sum() / (one.sum() + other.sum()) > 0.93  # its masks are coarse


def test_a_mask_of_another_patient_is_refused(tmp_path):
    path = tmp_path / "far.nii.gz"
    volume = ball(10)
    path.write_bytes(nifti_bytes(dataclasses.replace(volume, x_mm=volume.x_mm + 900.0)))
    with pytest.raises(InputError, match="beyond the planning image"):
        with_masks(load_cases([SAMPLE]), [str(path)])


def test_structures_that_share_voxels_need_files_of_their_own(tmp_path, capsys):
    asked = ["--structure", "CTV", "--structure", "PTV", "--out", str(tmp_path / "m.mha")]
    assert run(["export", str(SAMPLE), *asked]) != 0
    assert "share voxels" in capsys.readouterr().err
