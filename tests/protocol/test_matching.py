"""Which structures of a plan stand for a name of the protocol, and which never do."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from sbrt_qa.errors import UsageError
from sbrt_qa.model.outcome import Reason, ReasonCode
from sbrt_qa.model.structure import StructureSet
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.expressions import Combined, Leaf, Operator, Resized
from sbrt_qa.protocol.folding import folded, holds_minus
from sbrt_qa.protocol.matching import Matched, Matcher
from sbrt_qa.protocol.structure_names import is_target_name

Find = Callable[..., Matched | Reason]
MISSING = ReasonCode.STRUCTURE_MISSING
AMBIGUOUS = ReasonCode.STRUCTURE_AMBIGUOUS


@pytest.fixture
def find(liver: Protocol, structure_set: Callable[..., StructureSet]) -> Find:
    def ask(
        name: str,
        names: tuple[str, ...],
        empty: tuple[str, ...] = (),
        mapping: Mapping[str, str] = {},
    ) -> Matched | Reason:
        return Matcher(liver, structure_set(names, empty), mapping).find(name)

    return ask


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Liver", "LIVER"),
        ("Spinal Cord", "SpinalCord"),
        ("Bowel_Small", "bowel small"),
        ("Liver", "Ｌｉｖｅｒ"),
        ("A\u3000B", "A B"),
        ("肝脏", "肝臟"),
        ("肾", "腎"),
        ("胆总管", "膽總管"),
        ("十二指肠", "十二指腸"),
        ("Hígado", "HI\u0301GADO"),
        ("Große Gefäße", "GROSSE GEFÄSSE"),
        ("Liver-GTV", "liver − gtv"),
        ("Liver-GTV", "Liver\uff0dGTV"),
        ("Liver-GTV", "Liver minus GTV"),
        ("Liver-GTV", "LiverMinusGTV"),
        ("肝-GTV", "肝减GTV"),
        ("肝-GTV", "肝減 GTV"),
    ],
)
def test_spellings_of_one_name(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Liver-GTV", "LiverGTV"),
        ("Liver-GTV", "Liver_GTV"),
        ("Liver-GTV", "Liver"),
        ("Liver", "Liv\u0435r"),  # a Cyrillic letter
        ("Liver", "Li\u200bver"),  # a zero-width space
        ("Kidney_L", "Kidney_R"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    "name", ["Liver-GTV", "Liver–GTV", "肝减GTV", "Leber ohne GTV", "a minus b"]
)
def test_a_minus_is_kept(name: str) -> None:
    assert holds_minus(name)


@pytest.mark.parametrize(
    ("name", "there", "rule"),
    [
        ("Liver", "Liver", "exact name"),
        ("Liver", "LIVER", "same name, spelled differently"),
        ("Liver", "Leber", "alias (de)"),
        ("Liver", "foie", "alias (fr)"),
        ("Liver", "Hígado", "alias (es)"),
        ("Liver", "肝臟", "alias (zh)"),
        ("Liver", "残肝", "alias (zh)"),
        ("Stomach", "胃", "alias (zh)"),
        ("SpinalCord", "Rückenmark", "alias (de)"),
        ("SpinalCord", "脊髓", "alias (zh)"),
        ("SpinalCord_PRV05", "Cord+5mm", "alias (en)"),
        ("Bowel_Large", "Colon", "alias (en)"),
        ("Kidney_L", "左腎", "alias (zh)"),
        ("External", "BODY", "alias (en)"),
        ("CTV", "瘤床", "alias (zh)"),
        ("PTV", "PTV_5000", "target name with a number or dose"),
        ("PTV", "PTV_1000x5", "target name with a number or dose"),
        ("PTV", "PTV_50Gy", "target name with a number or dose"),
        ("PTV", "ptv50", "target name with a number or dose"),
        ("GTV", "GTV1", "target name with a number or dose"),
        ("Liver-GTV", "Liver-GTV", "exact name"),
        ("Liver-GTV", "Liver minus GTV", "same name, spelled differently"),
        ("Liver-GTV", "正常肝", "alias (zh)"),
        ("Liver-GTV", "肝減GTV", "alias (zh)"),
        ("Liver-GTV", "Liver-CTV", "alias (en)"),
        ("Skin", "Skin", "exact name"),
        ("A_Aorta", "Aorta", "alias (en)"),
        ("V_Venacava_I", "Inferior vena cava", "alias (en)"),
        ("HepatobiliaryTract", "Central biliary tract", "alias (en)"),
        ("Anastomosis", "胆肠吻合口", "alias (zh)"),
        ("Kidney_Single", "孤立肾", "alias (zh)"),
        ("Chestwall", "Chestwall_R", "alias (en), a part only"),
        ("Chestwall", "右胸壁", "alias (zh), a part only"),
    ],
)
def test_names_that_match(find: Find, name: str, there: str, rule: str) -> None:
    found = find(name, (there, "Something"))
    assert isinstance(found, Matched), found
    assert found.match.plan_names == (there,)
    assert found.match.roi_numbers == (1,)
    assert found.match.rule == rule


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("GTV", ("Liver-GTV",)),
        ("Liver", ("Liver-GTV",)),
        ("Liver", ("Liver-CTV", "Liver-PTV")),
        ("PTV", ("PTV-GTV",)),
        ("PTV", ("PTV_5000-03",)),
        ("PTV", ("zPTV",)),
        ("PTV", ("NotPTV_5000",)),
        ("CTV", ("PTV",)),
        ("GTV", ("Liver minus GTV",)),
        ("GTV", ("肝减GTV",)),
        ("Lungs", ("Lung_L",)),
        ("Lungs", ("左肺",)),
        ("Kidneys", ("Kidney_R",)),
        ("Kidney_L", ("Kidney_R",)),
        ("SpinalCord", ("SpinalCord_PRV05",)),
        ("SpinalCord", ("SpinalCanal",)),
        ("Liver", ("Liver-GTV", "Liver_dose")),
        ("Stomach", ("",)),
        ("Liver-GTV", ("Liver",)),
        ("Liver-GTV", ("GTV",)),
    ],
)
def test_names_that_never_match(find: Find, name: str, there: tuple[str, ...]) -> None:
    """Case 91: a derived structure, another target or one of a pair is not taken for the whole."""
    found = find(name, there)
    assert isinstance(found, Reason), found
    assert found.code is MISSING


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("PTV", ("PTV_5000", "PTV_4500")),
        ("PTV", ("PTV1", "PTV2")),
        ("PTV", ("PTV_Liver", "PTV_50Gy")),
        ("PTV", ("PTV1_50Gy", "PTV2_14 G", "PTV3_6 Gy")),
        ("PTV", ("PTV_LN", "PTV_PRIMARY", "PTV_TOTAL")),
        ("GTV", ("GTV_Large Volume", "GTV_Low Volume")),
        ("GTV", ("GTVp", "GTV2")),
        ("Liver", ("LIVER", "liver")),
        ("Liver", ("Leber", "Foie")),
        ("Stomach", ("Stomach", "Stomach2")),
        ("Stomach", ("Stomach", "stomach")),
        ("Stomach", ("Magen", "Magen_neu")),
        ("Stomach", ("Magen", "Stomach 2")),
        ("Liver", ("Liver", "Liver_new")),
        ("Liver", ("Liver", "Liver v2")),
        ("Liver", ("肝", "肝_旧")),
        ("Duodenum", ("Duodenum", "Duodenum copy 2")),
        ("Duodenum", ("Duodenum", "old Duodenum")),
        ("A_Aorta", ("Aorta", "主动脉")),
    ],
)
def test_two_candidates_are_both_named(find: Find, name: str, there: tuple[str, ...]) -> None:
    """Case 91: never "first wins"."""
    found = find(name, there)
    assert isinstance(found, Reason), found
    assert found.code is AMBIGUOUS
    assert all(f"'{t}'" in found.detail for t in there)
    assert "--map" in found.detail


@pytest.mark.parametrize(
    "beside",
    ["Stomach_PRV03", "Stomach+3mm", "Stomach-PTV", "Stomach_03", "Stomach_opt", "zStomach", "胃",
     "Stomach 5mm", "Stomach_air"],
)  # fmt: skip
def test_a_margin_a_helper_or_an_alias_is_no_twin(find: Find, beside: str) -> None:
    found = find("Stomach", ("Stomach", beside))
    assert isinstance(found, Matched), found
    assert found.match.plan_names == ("Stomach",)


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("Chestwall", ("Chestwall_L", "Chestwall_R")),
        ("Bowel_Small", ("Jejunum",)),
        ("Bowel_Small", ("Jejunum", "Ileum")),
    ],
)
def test_parts_stand_together_for_a_part(find: Find, name: str, there: tuple[str, ...]) -> None:
    """A part of an organ, or several, is what is drawn of it, and never the whole."""
    found = find(name, there)
    assert isinstance(found, Matched), found
    assert found.match.plan_names == there
    assert found.is_part
    by_hand = find(name, there, mapping={"+".join(there): name})
    assert isinstance(by_hand, Matched)
    assert not by_hand.is_part


def test_a_whole_goes_before_its_parts(find: Find) -> None:
    found = find("Bowel_Small", ("Jejunum", "Small intestine"))
    assert isinstance(found, Matched)
    assert found.match.plan_names == ("Small intestine",)
    assert not found.is_part


def test_two_structures_of_one_name_are_told_apart_by_number(find: Find) -> None:
    found = find("Liver", ("Liver", "Liver"))
    assert isinstance(found, Reason)
    assert "'Liver#1' or 'Liver#2'" in found.detail


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("Bowel_Large", "LB"),
        ("Bowel_Small", "SB"),
        ("SpinalCord", "SC"),
        ("Gallbladder", "GB"),
        ("Chestwall", "CW3cm"),
        ("Esophagus", "Eso"),
        ("Heart", "Cor"),
        ("External", "EXT"),
        ("PTV", "VCP"),
        ("V_Portal", "PV"),
        ("Heart", "心"),
        ("Bowel", "肠"),
        ("Rib", "Ribs"),
        ("GTV", "Tumor"),
        ("GTV", "靶区"),
        ("Liver-GTV", "Liver-PTV"),
        ("Liver-GTV", "Liver_GTV"),
        ("Lungs", "Lunge"),
        ("PTV", "PTV_Ring"),
        ("PTV", "PTVn"),
        ("GTV", "GTV_preop"),
    ],
)
def test_unclear_names_are_not_taken(find: Find, name: str, there: str) -> None:
    found = find(name, (there,))
    assert isinstance(found, Reason), found
    assert found.code is AMBIGUOUS
    assert f"'{there}'" in found.detail


def test_an_exact_name_beats_an_alias(find: Find) -> None:
    found = find("Liver", ("Leber", "Liver"))
    assert isinstance(found, Matched)
    assert found.match.plan_names == ("Liver",)


@pytest.mark.parametrize(
    ("name", "there", "hint"),
    [
        ("SpinalCord", ("Spinal-Cord",), "if it is 'Spinal-Cord', say so with --map"),
        ("SpinalCord", ("SPINAL CORD2",), "if it is 'SPINAL CORD2', say so with --map"),
        ("Heart", ("HEART4", "Heart_opt"), "if it is 'HEART4' or 'Heart_opt', say so"),
    ],
)
def test_similar_names_are_hints_only(
    find: Find, name: str, there: tuple[str, ...], hint: str
) -> None:
    found = find(name, there)
    assert isinstance(found, Reason)
    assert found.code is MISSING
    assert hint in found.detail


@pytest.mark.parametrize(
    ("name", "there"),
    [("SpinalCord", "SpinalCord_PRV05"), ("Liver", "Liver-GTV"), ("Bowel", "Bowel_Small")],
)
def test_names_of_another_structure_are_no_hint(find: Find, name: str, there: str) -> None:
    found = find(name, (there,))
    assert found == Reason(MISSING, f"no structure of the plan is called {name}")


def test_a_pre_operative_tumour_keeps_the_tumour_bed_from_standing_in(find: Find) -> None:
    found = find("Liver-GTV", ("Liver", "CTV", "GTV_preop"))
    assert isinstance(found, Reason)
    assert found.code is AMBIGUOUS
    chosen = find("Liver-GTV", ("Liver", "CTV", "GTV_preop"), mapping={"CTV": "GTV"})
    assert isinstance(chosen, Matched)
    assert chosen.match.plan_names == ("Liver", "CTV")


# Derived structures


@pytest.mark.parametrize(
    ("name", "there", "plan_names", "rule"),
    [
        ("Liver-GTV", ("Liver", "GTV", "CTV"), ("Liver", "GTV"), "Liver - GTV"),
        ("Liver-GTV", ("Liver", "CTV"), ("Liver", "CTV"), "Liver - CTV (no GTV in the plan)"),
        ("Liver-GTV", ("Leber", "GTV1"), ("Leber", "GTV1"), "Liver - GTV"),
        ("Liver-GTV", ("Liver", "GTV", "Liver-PTV"), ("Liver", "GTV"), "Liver - GTV"),
        ("Liver-GTV", ("Liver", "GTV", "Liver-CTV"), ("Liver", "GTV"), "Liver - GTV"),
        ("Liver-GTV", ("Liver", "GTV", "正常肝"), ("Liver", "GTV"), "Liver - GTV"),
        ("Kidneys", ("Kidney_R", "左肾"), ("左肾", "Kidney_R"), "Kidney_L + Kidney_R"),
        ("Lungs", ("Lung_L", "Lung_R"), ("Lung_L", "Lung_R"), "Lung_L + Lung_R"),
        ("External-PTV", ("BODY", "PTV1"), ("BODY", "PTV1"), "External - PTV"),
    ],
)
def test_derived_structures(
    find: Find, name: str, there: tuple[str, ...], plan_names: tuple[str, ...], rule: str
) -> None:
    found = find(name, there)
    assert isinstance(found, Matched), found
    assert found.match.plan_names == plan_names
    assert found.match.rule == rule


def test_a_structure_of_the_name_goes_before_deriving_it(find: Find) -> None:
    found = find("Liver-GTV", ("Liver", "GTV", "Liver-GTV"))
    assert isinstance(found, Matched)
    assert found.match.plan_names == ("Liver-GTV",)
    assert isinstance(found.tree, Leaf)


def test_the_tree_holds_the_structures(find: Find) -> None:
    found = find("Liver-GTV", ("GTV", "Liver"))
    assert isinstance(found, Matched)
    assert isinstance(found.tree, Combined)
    assert found.tree.operator is Operator.WITHOUT
    assert isinstance(found.tree.left, Leaf)
    assert found.tree.left.value.name == "Liver"


def test_an_ambiguous_part_is_not_passed_over(find: Find) -> None:
    """With two GTVs the CTV must not silently take their place."""
    found = find("Liver-GTV", ("Liver", "GTV1", "GTV2", "CTV"))
    assert isinstance(found, Reason)
    assert found.code is AMBIGUOUS
    assert "'GTV1' or 'GTV2'" in found.detail


def test_a_missing_part_is_named(find: Find) -> None:
    found = find("Lungs", ("Lung_L",))
    assert isinstance(found, Reason)
    assert "no Lung_R in the plan" in found.detail


# Empty structures


def test_an_empty_structure_is_no_candidate_beside_a_full_one(find: Find) -> None:
    found = find("Liver", ("Leber",), empty=("Liver",))
    assert isinstance(found, Matched)
    assert found.match.plan_names == ("Leber",)
    assert found.match.rule == "alias (de); 'Liver' is empty"


def test_an_empty_structure_alone_is_said(find: Find) -> None:
    found = find("Liver", (), empty=("Liver",))
    assert found == Reason(ReasonCode.STRUCTURE_EMPTY, "'Liver' has no closed contour")


def test_an_empty_gtv_leaves_the_tumour_bed(find: Find) -> None:
    found = find("Liver-GTV", ("Liver", "CTV"), empty=("GTV",))
    assert isinstance(found, Matched)
    assert found.match.rule == "Liver - CTV (GTV is empty)"


# The user's map


@pytest.mark.parametrize(
    ("there", "mapping", "name", "plan_names"),
    [
        (("Leberli", "Liver"), {"Leberli": "Liver"}, "Liver", ("Leberli",)),
        (("PTV_5000", "PTV_4500"), {"PTV_5000": "PTV"}, "PTV", ("PTV_5000",)),
        (("Aorta", "IVC"), {"Aorta+IVC": "GreatVes"}, "GreatVes", ("Aorta", "IVC")),
        (("Tumor",), {"Tumor": "GTV"}, "GTV", ("Tumor",)),
        (("Liver", "Liver"), {"Liver#2": "Liver"}, "Liver", ("Liver",)),
        (("L-x", "GTV"), {"L-x": "Liver-GTV"}, "Liver-GTV", ("L-x",)),
    ],
)
def test_the_users_map_wins(
    find: Find,
    there: tuple[str, ...],
    mapping: dict[str, str],
    name: str,
    plan_names: tuple[str, ...],
) -> None:
    found = find(name, there, mapping=mapping)
    assert isinstance(found, Matched), found
    assert found.match.plan_names == plan_names
    assert found.match.rule == "user map"


def test_a_key_maps_one_of_two_structures_of_one_name(find: Find) -> None:
    found = find("Liver", ("Liver", "Liver"), mapping={"Liver#2": "Liver"})
    assert isinstance(found, Matched)
    assert found.match.roi_numbers == (2,)


def test_a_mapped_structure_stands_for_nothing_else(find: Find) -> None:
    found = find("Liver", ("Liver",), mapping={"Liver": "Liver-GTV"})
    assert isinstance(found, Reason)
    assert found.code is MISSING


@pytest.mark.parametrize(
    ("there", "mapping"),
    [
        (("Leber", "Foie"), {"Leber": "Liver", "Foie": "Liver"}),
        (("Leber", "Leber"), {"Leber": "Liver"}),
    ],
)
def test_a_map_to_two_structures_is_ambiguous(
    find: Find, there: tuple[str, ...], mapping: dict[str, str]
) -> None:
    found = find("Liver", there, mapping=mapping)
    assert isinstance(found, Reason)
    assert found.code is AMBIGUOUS


def test_a_map_to_an_unknown_structure_lists_the_known(find: Find) -> None:
    with pytest.raises(UsageError, match=r"got 'Leber=Lever'; expected one of .*Liver"):
        find("Liver", ("Leber",), mapping={"Leber": "Lever"})


def test_a_map_of_an_absent_structure_is_unused(
    liver: Protocol, structure_set: Callable[..., StructureSet]
) -> None:
    matcher = Matcher(liver, structure_set(["Liver"]), {"Leber": "Liver"})
    assert matcher.unused == ["Leber"]
    assert isinstance(matcher.find("Liver"), Matched)


def test_a_stand_in_is_said(liver: Protocol, structure_set: Callable[..., StructureSet]) -> None:
    found = Matcher(liver, structure_set(["CTVsb"]), {}).find_either("GTV", "CTV")
    assert isinstance(found, Matched)
    assert found.match.protocol_name == "GTV"
    assert found.match.rule == "alias (en): CTV (no GTV in the plan)"


@pytest.mark.parametrize(
    "name", ["PTV", "PTV!", "PTVp", "PTV_Liver_5000", "PTV_50.4Gy", "PTV_50p4Gy", "PTV50Gy/5F"]
)
def test_target_names(name: str) -> None:
    assert is_target_name(name, "PTV")


def test_target_names_are_read_in_time() -> None:
    """No backtracking: the pattern is bounded (ACCEPTANCE D3)."""
    assert not is_target_name("PTV" + "1" * 100_000 + "!", "PTV")


def test_a_margin_in_derive_makes_the_tract_where_the_vein_is_drawn(structure_set, liver):
    """BEYOND 3: the portal vein with 15 mm around it; never where no vein is drawn."""
    found = Matcher(liver, structure_set(["V_Portal", "Liver"]), {}).find("HepatobiliaryTract")
    assert isinstance(found, Matched)
    assert found.match.rule == "V_Portal + 15mm"
    assert found.match.plan_names == ("V_Portal",)
    assert isinstance(found.tree, Resized)
    assert found.tree.margin.sides.in_order == (15.0,) * 6
    drawn = Matcher(liver, structure_set(["V_Portal", "Central biliary tract"]), {}).find(
        "HepatobiliaryTract"
    )
    assert isinstance(drawn, Matched)
    assert drawn.match.plan_names == ("Central biliary tract",)
    none = Matcher(liver, structure_set(["Liver"]), {}).find("HepatobiliaryTract")
    assert isinstance(none, Reason)


def test_a_map_takes_margins(structure_set, liver):
    mapping = {"Cord + 5mm": "SpinalCord_PRV05"}
    found = Matcher(liver, structure_set(["Cord"]), mapping).find("SpinalCord_PRV05")
    assert isinstance(found, Matched)
    assert isinstance(found.tree, Resized)
    with pytest.raises(UsageError, match="not a margin"):
        Matcher(liver, structure_set(["Cord"]), {"Cord + 5": "SpinalCord_PRV05"})
