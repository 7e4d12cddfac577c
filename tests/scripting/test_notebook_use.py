"""What a script or a notebook does: look into a case, combine, compare, make structures, draw."""

from __future__ import annotations

import importlib
import importlib.util
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import sbrt_qa
from sbrt_qa import plugins
from sbrt_qa.checks.registry import CHECKS
from sbrt_qa.cli.main import run
from sbrt_qa.dosimetry import metric_names, metric_registry, metrics
from sbrt_qa.dosimetry.metric_registry import METRICS, Compute
from sbrt_qa.errors import GeometryError, UsageError
from sbrt_qa.model.case import Case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.outcome import Measured, Reason, ReasonCode
from sbrt_qa.model.structure import Contour, Structure, StructureSet
from sbrt_qa.reports.registry import ADDED, Page, format_names, offers, render_reviews

ROOT = Path(__file__).parents[2]
COMPLIANT = ROOT / "sample_dicom" / "compliant"
NO_PLAN = Reason(ReasonCode.REFERENCE_MISSING, "none")


def box(number: int, name: str, low: float, high: float) -> Structure:
    square = np.array([[low, -10.0], [high, -10.0], [high, 10.0], [low, 10.0]])
    return Structure(number, name, tuple(Contour(z, square) for z in np.arange(-9.0, 10.0, 2.0)))


def grid(values: float = 10.0, low: float = -40.0, step: float = 2.0, count: int = 41) -> DoseGrid:
    axis = low + step * np.arange(count)
    return DoseGrid(np.full((count, count, count), values), axis, axis, axis)


@pytest.fixture(scope="module")
def boxes() -> Case:
    """Two boxes of 8 cc that share a half, one of them twice; 10 Gy everywhere."""
    drawn = (
        box(1, "A", -10, 10),
        box(2, "B", 0, 20),
        box(3, "TWIN", -10, 0),
        box(4, "TWIN", 0, 10),
    )
    return Case("boxes", NO_PLAN, StructureSet(drawn), grid())


@pytest.fixture(scope="module")
def compliant() -> Case:
    (case,) = sbrt_qa.load_cases([COMPLIANT])
    return case


def test_a_case_lists_its_structures_and_gives_each_by_name(boxes: Case) -> None:
    assert boxes.names == ["A", "B", "TWIN", "TWIN"]
    assert list(boxes) == ["A", "B", "TWIN#3", "TWIN#4"]
    assert boxes["B"].roi_number == 2
    assert boxes["TWIN#4"].roi_number == 4
    assert "A" in boxes
    assert "TWIN" not in boxes


def test_a_name_that_is_not_there_or_not_one_lists_what_is(boxes: Case) -> None:
    with pytest.raises(UsageError, match=r"'C'.*'A', 'B'"):
        boxes["C"]
    with pytest.raises(UsageError, match=r"several.*'TWIN#3', 'TWIN#4'"):
        boxes["TWIN"]
    with pytest.raises(UsageError, match="no structures"):
        Case("none", NO_PLAN, NO_PLAN, NO_PLAN)["A"]


def test_a_misspelt_name_is_asked_for_by_the_nearest() -> None:
    case = Case("one", NO_PLAN, StructureSet((box(1, "Liver", -10, 10),)), grid())
    with pytest.raises(UsageError, match="Did you mean 'Liver'"):
        case["Livr"]
    with pytest.raises(UsageError, match="Did you mean 'Liver'"):
        sbrt_qa.dvh(case, "liver")
    with pytest.raises(UsageError, match="Did you mean 'Liver'"):
        sbrt_qa.dvh(case, "Liver - (Livre + 5mm)")


@pytest.mark.parametrize("wrong", [3, [["A"]], [None], [1.5]])
def test_what_is_no_name_is_refused_in_words(boxes: Case, wrong: object) -> None:
    with pytest.raises(UsageError, match="by its name or an expression"):
        sbrt_qa.dvh(boxes, wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="by its name or an expression"):
        sbrt_qa.dvh(boxes, boxes["A"])  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["5mm", None, True, float("nan"), float("inf"), 0, -5, 1e9])
def test_what_is_no_margin_is_refused_in_words(boxes: Case, wrong: object) -> None:
    with pytest.raises(UsageError, match="not a margin"):
        sbrt_qa.grow(boxes, "A", wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="not a margin"):
        sbrt_qa.ring(boxes, "A", wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [0, -0.1, float("nan"), float("inf"), 1e-9])
def test_a_step_that_makes_no_curve_is_refused(boxes: Case, wrong: float) -> None:
    with pytest.raises(UsageError, match="a bin width"):
        sbrt_qa.dvh(boxes, "A", curve_bin_gy=wrong)


def _raises(*_: object) -> object:
    raise RuntimeError("text of its own")


@pytest.mark.parametrize(
    ("compute", "told"),
    [
        (_raises, "the metric broke off: .*RuntimeError"),
        (lambda *_: "garbage", "the metric gave no value"),
        (lambda *_: None, "the metric gave no value"),
        (lambda *_: 3.5, "the metric gave no value"),
        (lambda *_: float("nan"), "the metric gave no value"),
        (lambda *_: Measured(float("nan"), "Gy"), "the metric broke off: .*ValueError"),
    ],
)
def test_a_metric_that_breaks_is_a_reason_and_the_others_stay(
    boxes: Case, monkeypatch: pytest.MonkeyPatch, compute: Compute, told: str
) -> None:
    monkeypatch.setattr(metric_registry, "METRICS", dict(METRICS))
    monkeypatch.setattr(metric_names, "METRICS", metric_registry.METRICS)
    monkeypatch.setattr(metrics, "METRICS", metric_registry.METRICS)
    meaning = METRICS["Mean"].meaning
    plugins.metric("Own", units=("Gy",), example="Own[Gy]", meaning=meaning)(compute)
    found = sbrt_qa.dvh(boxes, "A", ["Own[Gy]", "Mean[Gy]"])["A"].metrics
    assert found["Own[Gy]"].value is None
    assert found["Own[Gy]"].reason is not None
    assert re.search(told, found["Own[Gy]"].reason.detail)
    assert "text of its own" not in found["Own[Gy]"].reason.detail
    assert found["Mean[Gy]"].value == pytest.approx(10)


@pytest.mark.parametrize("name", ["a b", "", "1st", "体积", "D95%"])
def test_a_metric_that_no_expression_could_ask_for_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a metric"):
        plugins.metric(name, units=("Gy",), example="x", meaning=METRICS["Mean"].meaning)(_raises)  # type: ignore[arg-type]


@pytest.mark.parametrize("units", ["Gy", (), ("furlong",)])
def test_a_metric_in_units_that_there_are_not_is_refused(units: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="units of Own"):
        plugins.metric("Own", units=units, example="Own", meaning=METRICS["Mean"].meaning)(_raises)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expression", "volume_cc"), [("A", 8.0), ("A + B", 12.0), ("A - B", 4.0), ("A & B", 4.0)]
)
def test_an_expression_has_the_dvh_of_what_is_combined(
    boxes: Case, expression: str, volume_cc: float
) -> None:
    row = sbrt_qa.dvh(boxes, expression, "V5Gy[cc]")[expression]
    assert row.volume_cc == pytest.approx(volume_cc, rel=1e-3)
    assert row.metrics["V5Gy[cc]"].value == pytest.approx(volume_cc, rel=1e-3)
    assert row.mean_gy == pytest.approx(10.0)
    assert (row.roi_number is None) == (expression != "A")


@pytest.mark.parametrize(
    ("expression", "volume_cc"),
    [
        ("A - 2mm", 16.0**3 / 1000),
        ("A + (0,0,4)mm", 20 * 20 * 28 / 1000),
        ("A - (A - 2mm)", (20.0**3 - 16.0**3) / 1000),
        ("(A + 5mm) - A", (2400 * 5 + math.pi * 60 * 25 + math.pi * 500 / 3) / 1000),
        ("(A & B) - 2mm", 6 * 16 * 16 / 1000),
    ],
)
def test_a_margin_is_taken_where_an_expression_is(
    boxes: Case, expression: str, volume_cc: float
) -> None:
    row = sbrt_qa.dvh(boxes, expression)[expression]
    assert row.volume_cc == pytest.approx(volume_cc, rel=0.01)
    made = sbrt_qa.shape(boxes, expression)
    assert made.structure.name == expression
    assert sbrt_qa.dvh(boxes.with_structure(made.structure), expression)[
        expression
    ].volume_cc == pytest.approx(volume_cc, rel=0.06)  # its contours lie 2 mm apart


def test_nothing_left_is_a_reason_and_a_wrong_margin_says_where(boxes: Case) -> None:
    row = sbrt_qa.dvh(boxes, "A - 11mm", "Mean[Gy]")["A - 11mm"]
    assert row.volume_cc is None
    assert row.reason is not None
    assert "nothing is left of it - 11mm" in row.reason.detail
    with pytest.raises(UsageError, match="at character 3"):
        sbrt_qa.dvh(boxes, "A + 5")
    with pytest.raises(UsageError, match="no such structure, at character 5"):
        sbrt_qa.dvh(boxes, "A - Q")
    with pytest.raises(UsageError, match="nothing is left"):
        sbrt_qa.shape(boxes, "A - 11mm")


def test_names_and_expressions_stand_beside_each_other_and_in_json(boxes: Case) -> None:
    table = sbrt_qa.dvh(boxes, ["A", "A - B"], ["Mean[Gy]"], bands=True)
    assert list(table.structures) == ["A", "A - B"]
    again = sbrt_qa.DvhTable.from_json(table.to_json())
    assert again == table
    assert table["A - B"].metrics["Mean[Gy]"].band is not None


def test_an_expression_that_names_nothing_is_refused(boxes: Case) -> None:
    with pytest.raises(UsageError, match="names joined by"):
        sbrt_qa.dvh(boxes, "A - Z")


def test_what_is_combined_has_no_index_and_says_so(compliant: Case) -> None:
    metric = sbrt_qa.dvh(compliant, "PTV - CTV", "R50")["PTV - CTV"].metrics["R50"]
    assert metric.value is None
    assert metric.reason is not None


def test_a_curve_without_a_step_is_an_error_not_nothing(boxes: Case) -> None:
    assert sbrt_qa.dvh(boxes, "A", curve_bin_gy=1.0).curve("A").volume_cc[0] == pytest.approx(8.0)
    with pytest.raises(UsageError, match="curve_bin_gy"):
        sbrt_qa.dvh(boxes, "A").curve("A")
    with pytest.raises(UsageError, match="no such row"):
        sbrt_qa.dvh(boxes, "A", curve_bin_gy=1.0).curve("B")


def test_doses_on_the_same_voxels_add_up() -> None:
    total = grid(10.0) + grid(5.0)
    assert total.max_gy == 15.0


def test_doses_on_other_voxels_are_interpolated_where_both_are_known() -> None:
    total = grid(10.0) + grid(5.0, low=-21.0, step=3.0, count=14)
    assert total.dose_gy == pytest.approx(15.0)
    assert total.x_mm[0] >= -21.0
    with pytest.raises(GeometryError, match="no place in common"):
        grid() + grid(low=200.0)


def test_only_a_dose_can_be_added_to_a_dose() -> None:
    with pytest.raises(TypeError):
        grid() + 1.0


def test_gamma_global_and_local_differ_where_the_dose_is_low() -> None:
    ramp = np.linspace(10.0, 100.0, 41)
    values = np.broadcast_to(ramp, (41, 41, 41))
    axis = 10.0 * np.arange(41.0)  # so coarse that distance helps nowhere
    one, other = DoseGrid(values, axis, axis, axis), DoseGrid(values + 2.0, axis, axis, axis)
    whole, local = sbrt_qa.gamma(one, other), sbrt_qa.gamma(one, other, local=True)
    assert whole.pass_percent == 100.0  # 2 Gy are less than 3 % of 100 Gy everywhere
    assert 0 < local.pass_percent < 50  # and more than 3 % of the dose below 66.7 Gy
    assert whole.is_selection
    assert "at most 60000" in repr(whole)


def test_gamma_says_what_it_cannot_compare() -> None:
    assert isinstance(sbrt_qa.gamma(grid(), grid(low=500.0)).pass_percent, Reason)
    with pytest.raises(UsageError, match="no dose"):
        sbrt_qa.gamma(Case("none", NO_PLAN, NO_PLAN, NO_PLAN), grid())
    with pytest.raises(UsageError, match="criteria"):
        sbrt_qa.gamma(grid(), grid(), distance_mm=-1)


def test_margin_and_ring_of_a_box_are_told_apart(boxes: Case) -> None:
    grown, ring = sbrt_qa.grow(boxes, "A", 5.0), sbrt_qa.ring(boxes, "A", 5.0)
    case = boxes.with_structure(ring.structure)
    around = sbrt_qa.dvh(case, ring.structure.name)[ring.structure.name].volume_cc
    more = sbrt_qa.dvh(boxes.with_structure(grown.structure), grown.structure.name)
    # 20 x 20 mm grown by 5 mm with round corners, on the ten planes of 2 mm that are drawn
    assert around == pytest.approx((400 + 25 * np.pi) * 20 / 1000, rel=0.01)
    assert more[grown.structure.name].volume_cc == pytest.approx(8.0 + around, rel=0.01)
    with pytest.raises(UsageError, match="margin"):
        sbrt_qa.grow(boxes, "A", 0.0)


def test_an_isodose_goes_to_a_structure_set_that_can_be_read(
    compliant: Case, tmp_path: Path
) -> None:
    shape = sbrt_qa.isodose(compliant, "80%")
    out = shape.to_rtstruct(tmp_path / "isodose.dcm", COMPLIANT)
    (again,) = sbrt_qa.load_cases([out])
    assert again.names == ["Isodose_40Gy"]
    with pytest.raises(UsageError, match="already"):
        shape.to_rtstruct(out, COMPLIANT)


@pytest.mark.parametrize("level", ["40", "40cGy", -1.0, "0Gy", "-5%"])
def test_a_level_without_a_clear_unit_is_no_isodose(compliant: Case, level: str | float) -> None:
    with pytest.raises(UsageError, match="isodose"):
        sbrt_qa.isodose(compliant, level)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


def test_everything_shows_itself_short_and_with_a_picture(compliant: Case) -> None:
    review = sbrt_qa.review_case(compliant, sbrt_qa.load_protocol("liver_sbrt"), bands=False)
    table = sbrt_qa.dvh(compliant, ["PTV"], curve_bin_gy=1.0)
    for value in (compliant, review, table):
        assert len(repr(value)) < 120
        parser = _Tags()
        parser.feed(value._repr_html_())
        assert {"svg", "table"} <= set(parser.seen)
    assert len(repr(compliant["Liver"])) < 80
    assert {row["id"] for row in review.rows()} == {c.id for c in review.constraints}


def test_a_name_from_a_file_cannot_become_markup() -> None:
    evil = box(1, "<script>alert(1)</script>", -10, 10)
    case = Case("<b>", NO_PLAN, StructureSet((evil,)), grid())
    for html in (case._repr_html_(), sbrt_qa.dvh(case, curve_bin_gy=1.0)._repr_html_()):
        assert "<script" not in html
        assert "<b><b>" not in html


def test_a_table_goes_to_a_library_of_tables_or_says_that_there_is_none(boxes: Case) -> None:
    table = sbrt_qa.dvh(boxes, "A", "D50%[Gy]")
    libraries = [n for n in ("pandas", "polars") if importlib.util.find_spec(n)]
    if not libraries:
        with pytest.raises(UsageError, match="pandas or polars"):
            table.to_dataframe()
        return
    frame = table.to_dataframe()
    assert list(frame["quantity"]) == ["Volume", "Min", "Mean", "Max", "D50%[Gy]"]
    assert float(list(frame["value"])[-1]) == pytest.approx(10.0)


def test_curves_are_drawn_where_matplotlib_is_installed(compliant: Case) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    axes = sbrt_qa.plot_dvh(sbrt_qa.dvh(compliant, ["PTV", "Liver"], curve_bin_gy=1.0))
    assert [line.get_label() for line in axes.get_lines()] == ["PTV", "Liver"]
    with pytest.raises(UsageError, match="curve_bin_gy"):
        sbrt_qa.plot_dvh(sbrt_qa.dvh(compliant, ["PTV"]))


def test_a_format_can_be_added_at_run_time(compliant: Case) -> None:
    @plugins.format("names_only")
    def names_only(reviews, page):
        return "\n".join(r.case for r in reviews)

    try:
        review = sbrt_qa.review_case(compliant, sbrt_qa.load_protocol("liver_sbrt"), bands=False)
        assert "names_only" in format_names()
        assert offers("names_only", "render_reviews")
        assert not offers("names_only", "render_dvh")
        assert render_reviews("names_only", [review], Page()) == compliant.label
        with pytest.raises(ValueError, match="two formats"):
            plugins.format("names_only")(names_only)
    finally:
        del ADDED["names_only"]


def test_an_installed_package_adds_a_metric_by_its_entry_point(
    boxes: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_metric.py").write_text(
        "from sbrt_qa.plugins import a_dose, dose_outcome, metric\n"
        "@metric('OwnMedian', units=('Gy', '%'), example='OwnMedian[Gy]', meaning=a_dose())\n"
        "def own(spec, dvh, context):\n"
        "    return dose_outcome(dvh.dose_at_volume_gy(dvh.inside_grid_cc / 2), spec, context)\n"
    )
    info = tmp_path / "own_metric-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-metric\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nmedian = own_metric\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    plugins.load.cache_clear()
    from sbrt_qa.dosimetry.metrics import METRICS

    try:
        row = sbrt_qa.dvh(boxes, "A", "OwnMedian[Gy]")["A"]
        assert row.metrics["OwnMedian[Gy]"].value == pytest.approx(10.0)
        assert "median" in plugins.load()
    finally:
        METRICS.pop("OwnMedian", None)
        plugins.load.cache_clear()


def test_a_check_of_an_installed_package_is_listed_and_shown_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reviews ran it, and ``checks show`` said that there was none."""
    (tmp_path / "own_check.py").write_text(
        "from sbrt_qa.plugins import Group, Passed, Severity, check\n"
        "@check('OWN_NAMED', title='Own', group=Group.STRUCTURES, severity=Severity.INFO)\n"
        "def own(context):\n"
        "    'A check of a department.'\n"
        "    yield Passed('structure set')\n"
    )
    info = tmp_path / "own_check-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-check\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nown = own_check\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    plugins.load.cache_clear()
    try:
        assert run(["checks", "list", "--format", "csv"]) == 0
        assert "OWN_NAMED,Own," in capsys.readouterr().out
        assert run(["checks", "show", "own_named"]) == 0
        assert "A check of a department." in capsys.readouterr().out
    finally:
        CHECKS.pop("OWN_NAMED", None)
        plugins.load.cache_clear()


def test_the_example_of_a_metric_begins_with_its_name() -> None:
    register = plugins.metric(
        "Own", units=("Gy",), example="Mean[Gy]", meaning=METRICS["Mean"].meaning
    )
    with pytest.raises(ValueError, match=r"the example of Own is 'Mean\[Gy\]'"):
        register(_raises)


def test_an_extension_that_cannot_be_loaded_stops_the_work(
    boxes: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "broken_one-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-one\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[{plugins.GROUP}]\nbroken = no_such_module\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    plugins.load.cache_clear()
    try:
        with pytest.raises(UsageError, match="'broken' cannot be loaded"):
            sbrt_qa.dvh(boxes, "A")
    finally:
        plugins.load.cache_clear()


def test_every_name_for_extensions_can_be_had() -> None:
    for name in plugins.__all__:
        assert getattr(plugins, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        _ = plugins.nonsense
