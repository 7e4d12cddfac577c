"""Every known oddity of an export, alone and together: read as it says, or refused as it says."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.dicom.load import load_cases
from sbrt_qa.dicom.quirks import QUIRKS
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.errors import UsageError
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.plan import Beam, DoseReference, FractionGroup, Plan
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.review.dvh_table import dvh
from sbrt_qa.testing.oddities import ODDITIES, Effect, spoil_case

SEEDS = range(12)
READABLE = [name for name, one in ODDITIES.items() if one.effect in (Effect.NONE, Effect.REPAIRED)]


def octagon(radius, z):
    angles = np.arange(8) * np.pi / 4 + 0.1
    return Contour(z, radius * np.stack([np.cos(angles) + 0.2, np.sin(angles)], axis=1))


def content():
    axes = (np.arange(-24.0, 25.0, 4.0), np.arange(-28.0, 29.0, 4.0), np.arange(-15.0, 16.0, 3.0))
    x, y, z = np.meshgrid(*axes, indexing="ij")
    dose = (30 + 0.4 * x + 0.2 * y - 0.3 * z + 0.004 * x * y).transpose(2, 1, 0)
    planes = np.arange(-6.0, 7.0, 3.0)
    first, last = (
        Structure(number, name, tuple(octagon(radius, z) for z in planes), "ORGAN")
        for number, name, radius in ((1, "Liver", 12.0), (2, "Cord", 5.0))
    )
    beam = Beam(1, "B1", "PHOTON", meterset=100.0, isocentres_mm=((0.0, 0.0, 0.0),))
    plan = Plan(
        "",
        "P",
        dose_references=(DoseReference(1, "SITE", "TARGET", target_prescription_gy=40.0),),
        fraction_groups=(FractionGroup(1, 5, (1,)),),
        beams=(beam,),
    )
    return CaseContent(StructureSet((first, last)), DoseGrid(dose, *axes), plan)


def read(folder, *names):
    write_case(content(), folder, CaseIds(seed="oddities"))
    spoil_case(folder, names)
    (case,) = load_cases(folder)
    return case


def figures(case):
    """What the DVHs say, by ROI number, because a name may be the oddity."""
    rows = dvh(case, metrics=["D50%[Gy]", "D1cc[Gy]", "V30Gy[cc]"]).structures.values()
    return {
        row.roi_number: [row.volume_cc, row.min_gy, row.mean_gy, row.max_gy]
        + [metric.value for metric in row.metrics.values()]
        for row in rows
        if row.roi_number != 999
    }


def assert_same(found, sound):
    assert found.keys() == sound.keys()
    for number, values in sound.items():
        assert found[number] == pytest.approx(values, rel=1e-4), number


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    case = read(tmp_path_factory.mktemp("sound"))
    assert not case.provenance.repairs
    return figures(case)


@pytest.mark.parametrize("name", ODDITIES)
def test_an_oddity_has_the_effect_it_states(tmp_path, sound, name):
    one = ODDITIES[name]
    case = read(tmp_path, name)
    repairs = {r.quirk for r in case.provenance.repairs}
    assert repairs == ({one.quirk} if one.quirk else set())
    if one.effect in (Effect.NONE, Effect.REPAIRED):
        assert_same(figures(case), sound)
    elif one.effect is Effect.STRUCTURE_REFUSED:
        liver, cord = case.structures.structures
        assert liver.problem is not None
        assert not liver.contours
        assert cord.problem is None
        assert figures(case)[2] == pytest.approx(sound[2])
    else:
        assert isinstance(case.dose, Reason)
        assert isinstance(case.structures, StructureSet)


@pytest.mark.parametrize("name", [n for n, one in ODDITIES.items() if one.quirk])
def test_a_repair_is_shown_by_inspect_in_the_table_and_in_json(tmp_path, capsys, name):
    write_case(content(), tmp_path, CaseIds(seed="oddities"))
    spoil_case(tmp_path, [name])
    for command in (["inspect"], ["check"], ["check", "-f", "json"]):
        run([*command, str(tmp_path)])
        assert ODDITIES[name].quirk in capsys.readouterr().out, command


@pytest.mark.parametrize("seed", SEEDS)
def test_oddities_compose(tmp_path, sound, seed):
    """Four readable oddities at once, in any order, change no figure, and every repair is told."""
    names = Random(seed).sample(READABLE, 4)  # noqa: S311 - repeatable on purpose
    case = read(tmp_path, *names)
    assert_same(figures(case), sound)
    told = {r.quirk for r in case.provenance.repairs}
    assert told == {ODDITIES[n].quirk for n in names} - {""}


def test_every_oddity_is_described_and_names_a_quirk_that_exists():
    for one in ODDITIES.values():
        assert one.summary.endswith("."), one.name
        assert bool(one.quirk) == (one.effect is Effect.REPAIRED), one.name
        assert one.quirk in QUIRKS or not one.quirk, one.name


def test_an_unknown_oddity_lists_the_known(tmp_path):
    with pytest.raises(UsageError, match="expected absolute_frame_offsets"):
        spoil_case(tmp_path, ["nothing"])
