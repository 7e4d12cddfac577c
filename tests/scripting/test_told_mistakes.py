"""What a script gets wrong is told with what to do, never by a bare error of Python."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import sbrt_qa
from sbrt_qa.cli.main import run
from sbrt_qa.errors import GeometryError, MetricError, SbrtQaError, UsageError
from sbrt_qa.model.case import Case
from sbrt_qa.model.outcome import Reason, ReasonCode

SAMPLES = Path(__file__).parents[2] / "sample_dicom"
MISSING = Reason(ReasonCode.NO_DOSE, "no dose among the files belongs to this case")


@pytest.fixture(scope="module")
def case() -> Case:
    (one,) = sbrt_qa.load_cases([SAMPLES / "minor"])
    return one


def test_a_sum_with_a_missing_dose_says_why_it_is_missing(case: Case) -> None:
    for add in (
        lambda: case.dose + MISSING,
        lambda: MISSING + case.dose,
        lambda: MISSING + MISSING,
        lambda: sum([case.dose, MISSING]),
        lambda: sum([MISSING, case.dose]),
    ):
        with pytest.raises(UsageError, match=r"one is missing; got no dose among the files"):
            add()


def test_doses_of_a_list_are_added_by_sum(case: Case) -> None:
    twice = sum([case.dose, case.dose])
    assert not isinstance(case.dose, Reason)
    np.testing.assert_array_equal(twice.dose_gy, 2 * case.dose.dose_gy)
    with pytest.raises(TypeError):
        case.dose + 1


def test_doses_of_which_one_states_no_frame_of_reference_are_not_put_together(case: Case) -> None:
    assert not isinstance(case.dose, Reason)
    unknown = dataclasses.replace(case.dose, frame_of_reference_uid="")
    for one, other in ((case.dose, unknown), (unknown, case.dose)):
        with pytest.raises(UsageError, match=r"states no frame of reference.*replace"):
            sbrt_qa.gamma(one, other)
        with pytest.raises(GeometryError, match=r"states no frame of reference.*replace"):
            one + other
    both = sbrt_qa.gamma(unknown, unknown)
    assert not both.frame_stated
    assert "no frame of reference stated" in repr(both)
    assert "frame of reference" not in repr(sbrt_qa.gamma(case, case))
    with pytest.raises(UsageError, match="different frames"):
        sbrt_qa.gamma(case, dataclasses.replace(case.dose, frame_of_reference_uid="1.2.3"))


@pytest.mark.parametrize(
    "verb",
    [
        lambda given: sbrt_qa.dvh(given, "PTV"),
        lambda given: sbrt_qa.isodose(given, 40.0),
        lambda given: sbrt_qa.ring(given, "PTV", 5.0),
        lambda given: sbrt_qa.grow(given, "PTV", 5.0),
        lambda given: sbrt_qa.shape(given, "PTV"),
        lambda given: sbrt_qa.gamma(given, given),
        lambda given: sbrt_qa.review_case(given, sbrt_qa.load_protocol("liver_sbrt")),
    ],
)
def test_a_path_or_several_cases_are_no_case(case: Case, verb: object) -> None:
    assert callable(verb)
    for given, told in (
        ("export/", "got 'export/'. Read it: .*load_cases"),
        (Path("export"), "got 'export'. Read it: .*load_cases"),
        ((case,), "got 1 case. Take one"),
        ([case, case], "got 2 cases. Take one"),
        (None, "got 'NoneType'. Read one"),
    ):
        with pytest.raises(UsageError, match=f"one case is needed; {told}"):
            verb(given)


def test_a_review_takes_a_protocol_and_not_its_name(case: Case) -> None:
    with pytest.raises(UsageError, match=r"got 'liver_sbrt'. Load it: sbrt_qa.load_protocol"):
        sbrt_qa.review_case(case, "liver_sbrt")  # type: ignore[arg-type]
    with pytest.raises(SbrtQaError, match="Did you mean 'liver_sbrt'"):
        sbrt_qa.load_protocol("liver_srbt")


def test_only_a_dvh_table_is_drawn(case: Case) -> None:
    with pytest.raises(UsageError, match="curves of a DVH table are drawn; got 'Case'"):
        sbrt_qa.plot_dvh(case)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("V20[cc]", "Did you mean 'V20Gy\\[cc\\]'"),
        ("D95", "Did you mean 'D95%\\[Gy\\]'"),
        ("d95%[Gy]", "Did you mean 'D95%\\[Gy\\]'"),
        ("Dmean[gy]", "Did you mean 'Mean\\[Gy\\]'"),
        ("D0,1cc[Gy]", "Did you mean 'D0.1cc\\[Gy\\]'"),
        ("D95%[Gy],Mean[Gy]", "a list: \\['D95%\\[Gy\\]', 'Mean\\[Gy\\]'\\]"),
        ("Average[Gy]", "Did you mean 'Mean\\[Gy\\]'"),
        ("Nonsense", "expected one of the forms"),
    ],
)
def test_a_misspelt_metric_is_told_with_what_was_meant(case: Case, text: str, meant: str) -> None:
    with pytest.raises(MetricError, match=f"unknown metric.*{meant}"):
        sbrt_qa.dvh(case, "PTV", text)


@pytest.mark.parametrize(
    "command",
    [
        ("inspect", "{minor}"),
        ("check", "{minor}"),
        ("report", "{minor}", "--out", "{out}.html"),
        ("compare", "{minor}", "{minor}"),
        ("compare", "{minor}", "{minor}", "--out", "{out}.html"),
        ("compare", "{minor}", "--reference", "{minor}"),
        ("export", "{minor}", "--structure", "Liver", "--out", "{out}.dcm"),
        ("protocol", "diff", "liver_sbrt@0.1", "liver_sbrt", "--case", "{minor}"),
    ],
)
def test_every_command_refuses_a_misspelt_map(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only ``check`` and ``report`` did; ``inspect``, where names are tried out, was silent."""
    given = [word.format(minor=SAMPLES / "minor", out=tmp_path / "x") for word in command]
    assert run([*given, "--map", "Livr=Liver"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "--map names a structure that the plan does not have; got 'Livr=Liver'" in told.err
    assert "Did you mean 'Liver'" in told.err
    assert list(tmp_path.iterdir()) == []
