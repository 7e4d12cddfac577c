"""Dates, rows and identity: T1 to T38 as far as they are about data."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from small_trial import (
    COURSE,
    base,
    codes,
    cut_of,
    event,
    fraction,
    read,
    rule_of,
    scan,
    seen,
    time_of,
)  # fmt: skip

from sbrt_qa.errors import InputError
from sbrt_qa.trial.assemble import TextTable, assemble
from sbrt_qa.trial.data_rules import randomised_on
from sbrt_qa.trial.endpoints import Censored
from sbrt_qa.trial.partial_dates import PartialDate, add_months, parse_partial
from sbrt_qa.trial.readers.csv_tables import read_csv_rows


def test_t1__a_day_that_is_not_there_keeps_one_subject_out_only():
    rows = base(randomised="2026-02-30")
    rows["subjects"].append({**base()["subjects"][0], "subject": "002"})
    found = read(rows)
    (problem,) = (one for one in found.problems if one.code == "DATE")
    assert (problem.level, problem.row, problem.column, problem.subject) == (
        "E",
        2,
        "randomised",
        "001",
    )
    assert found.blocked_subjects == ("001",)
    assert found.data.subjects == ("002",)


def test_t2__a_day_of_two_readings_needs_an_order():
    with pytest.raises(ValueError, match="2026-03-05 or 2026-05-03"):
        parse_partial("05/03/2026")
    assert parse_partial("05/03/2026", "DMY").first == dt.date(2026, 3, 5)
    assert parse_partial("05/03/2026", "MDY").first == dt.date(2026, 5, 3)
    with pytest.raises(ValueError, match="two digits"):
        parse_partial("05/03/26")


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-03-05", "2026-03-05", "2026-03-05"), ("2026-02", "2026-02-01", "2026-02-28"),
        ("2024-02", "2024-02-01", "2024-02-29"), ("2026", "2026-01-01", "2026-12-31"),
        ("UN-MAR-2026", "2026-03-01", "2026-03-31"), ("UK-UNK-2026", "2026-01-01", "2026-12-31"),
    ],
)  # fmt: skip
def test_partial_dates_are_intervals_that_read_back(text, first, last):
    found = parse_partial(text)
    assert found == PartialDate(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    assert parse_partial(str(found)) == found


def died(death: str, last: str) -> dict[str, list[dict[str, str]]]:
    rows = base()
    rows["status"] = [{"subject": "001", "last_contact": last, "alive": "N", "death": death}]
    return rows


def test_t3__a_death_of_an_unknown_day_is_imputed_and_flagged():
    rows = died("UK-UNK-2026", "2026-04-10")
    found = time_of(rows, "OS36")
    assert (found.end, found.code, found.imputed) == (dt.date(2026, 4, 11), Censored.EVENT, "M")
    assert time_of(rows, "OS36", latest=True).end == dt.date(2026, 12, 31)


def test_t4__a_death_before_the_last_contact_is_a_contradiction():
    rows = died("UK-UNK-2026", "2027-01-02")
    assert "E DEATH_CONTRADICTED" in codes(read(rows))
    assert time_of(rows, "OS36").reason


def test_t6__dead_without_any_day():
    rows = died("", "2026-04-10")
    assert "E DEATH_DATE" in codes(read(rows))
    assert time_of(rows, "OS36").code is None
    found = time_of(rows, "OS36", death_date_missing="last_known_alive")
    assert (found.end, found.event) == (dt.date(2026, 4, 10), False)


def test_t7__a_recurrence_before_randomisation_is_not_evaluable_and_stays_in_the_trial():
    rows = base() | {"assessments": [scan(0, "2026-01-02", "RECURRENCE")]}
    assert "E PROGRESSION_BEFORE" in codes(read(rows))
    assert len(cut_of(rows).randomised) == 1
    assert time_of(rows).reason
    assert time_of(rows, "OS36").code is not None


def test_t8__progression_on_the_day_of_randomisation_has_half_a_day():
    rows = base() | {"assessments": [scan(1, "2026-01-05", "RECURRENCE")]}
    found = time_of(rows)
    assert (found.time_days, found.event) == (0.5, True)
    assert found.flags


def test_t9__a_scan_after_death():
    rows = died("2026-06-01", "2026-05-01") | {"assessments": [scan(1, "2026-06-02")]}
    assert codes(read(rows)) == ["E AFTER_DEATH"]
    assert time_of(rows, "OS36").event


def test_t10__days_after_the_import_and_after_the_cut():
    rows = base() | {"assessments": [scan(1, "2026-03-30"), scan(2, "2030-01-01")]}
    assert codes(read(rows)) == ["E IN_THE_FUTURE"]
    rows["assessments"] = [scan(1, "2026-03-30"), scan(2, "2026-06-20", "RECURRENCE")]
    early = time_of(rows, cut="2026-05-01")
    assert (early.end, early.code) == (dt.date(2026, 3, 30), Censored.DATA_CUT)
    assert time_of(rows).event


@pytest.mark.parametrize(("day", "event"), [("2027-01-05", True), ("2027-01-06", False)])
def test_t11__the_anniversary_counts_and_the_day_after_does_not(day, event):
    rows = base() | {"assessments": [scan(1, "2026-12-28"), scan(2, day, "RECURRENCE")]}
    found = time_of(rows)
    assert found.event is event
    assert event or found.end in (dt.date(2026, 12, 28), dt.date(2027, 1, 5))
    assert time_of(rows, horizon_grace_days=14).event


def test_t12__a_leap_day_has_its_anniversary_on_the_28th():
    assert add_months(dt.date(2024, 2, 29), 12) == dt.date(2025, 2, 28)
    assert add_months(dt.date(2026, 10, 31), 1) == dt.date(2026, 11, 30)


def test_t13__a_time_with_offset_is_of_the_day_at_the_site():
    rows = base(randomised="", randomised_at="2026-01-05T23:30:00+08:00")
    (row,) = cut_of(rows).randomised
    assert randomised_on(row) == dt.date(2026, 1, 5)
    wrong = base(randomised_at="2026-01-06T00:10:00+08:00")
    assert "E RANDOMISED_TWICE" in codes(read(wrong))


def test_t14__without_scans_progression_is_censored_and_survival_goes_on():
    rows = base() | {"assessments": [scan(1, "2026-07-05")]}
    rows["status"][0]["last_contact"] = "2027-03-05"
    found = time_of(rows)
    assert (found.end, found.code) == (dt.date(2026, 7, 5), Censored.DATA_CUT)
    assert time_of(rows, "OS36").end == dt.date(2027, 3, 5)


def test_t15__two_missed_scans_before_a_recurrence():
    rows = base() | {"assessments": [scan(1, "2026-03-30"), scan(4, "2026-12-07", "RECURRENCE")]}
    found = time_of(rows)
    assert found.event
    assert found.flags
    other = time_of(rows, missed_scans="censor")
    assert (other.end, other.code) == (dt.date(2026, 3, 30), Censored.MISSED_SCANS)


@pytest.mark.parametrize(("last", "end"), [("RECURRENCE", "2026-03-30"), ("NED", None)])
def test_t16__what_was_equivocal_counts_from_there_once_it_is_confirmed(last, end):
    rows = base() | {
        "assessments": [scan(1, "2026-03-30", "EQUIVOCAL"), scan(2, "2026-06-22", last)],
        "recurrences": [seen(1, 1), *([seen(2, 2)] if last == "RECURRENCE" else [])],
    }
    found = time_of(rows)
    assert found.event is (end is not None)
    assert end is None or str(found.end) == end


def test_t16__another_place_is_another_lesion():
    rows = base() | {
        "assessments": [scan(1, "2026-03-30", "EQUIVOCAL"), scan(2, "2026-06-22", "RECURRENCE")],
        "recurrences": [seen(1, 1, "LUNG"), seen(2, 2, "MARGIN")],
    }
    assert str(time_of(rows).end) == "2026-06-22"


def test_t17__the_central_reader_counts_and_the_difference_is_kept():
    rows = base() | {"assessments": [
        scan(1, "2026-03-30", "RECURRENCE"), scan(1, "2026-03-30", "NED", reader="CENTRAL"),
        scan(2, "2026-06-22", "RECURRENCE"), scan(2, "2026-06-22", "RECURRENCE", reader="CENTRAL"),
    ]}  # fmt: skip
    from sbrt_qa.trial.scan_history import discordant, scans_of

    assert str(time_of(rows).end) == "2026-06-22"
    scans = scans_of(cut_of(rows).data, "001", dt.date(2026, 1, 5))
    assert [(one.number, one.site_result) for one in discordant(scans)] == [(1, "RECURRENCE")]


def test_t18__a_new_therapy_before_the_recurrence():
    rows = base() | {
        "assessments": [
            scan(1, "2026-03-30"),
            scan(2, "2026-06-22"),
            scan(3, "2026-08-05", "RECURRENCE"),
        ],
        "therapies": [{"subject": "001", "no": "1", "start": "2026-05-05", "kind": "systemic"}],
    }
    assert str(time_of(rows).end) == "2026-08-05"
    other = time_of(rows, new_therapy="censor")
    assert (str(other.end), other.code) == ("2026-03-30", Censored.NEW_THERAPY)


def test_t19__nothing_after_the_withdrawal_of_all_consent_is_kept():
    rows = base() | {"assessments": [scan(1, "2026-03-30"), scan(2, "2026-09-01", "RECURRENCE")]}
    rows["status"][0] |= {
        "last_contact": "2026-06-05", "withdrawn": "2026-06-05", "withdrawal": "consent_all",
    }  # fmt: skip
    assert codes(read(rows)) == ["E AFTER_WITHDRAWAL"]
    found = time_of(rows)
    assert (str(found.end), found.code) == ("2026-03-30", Censored.WITHDRAWN)


def test_t20__repeated_rows_and_rows_of_one_key_that_differ():
    same, other = scan(1, "2026-03-30"), scan(2, "2026-06-22")
    rows = base() | {"assessments": [same, dict(same), other, other | {"result": "RECURRENCE"}]}
    found = read(rows)
    assert sorted(codes(found)) == ["E DUPLICATE_KEY", "E DUPLICATE_KEY", "I REPEATED_ROW"]
    assert len(found.data.of("assessments")) == 1
    assert time_of(rows).reason  # what was kept out may be a recurrence


def test_t21__codes_that_may_be_one_subject_are_never_merged():
    rows = base()
    rows["baseline"] = [{"subject": "1", "ecog": "0"}]
    found = read(rows)
    assert [one.code for one in found.problems if one.level == "E"] == ["SUBJECT_SPELLING"] * 2
    assert found.data.size == 0


def test_t22__randomised_without_an_arm_is_counted_and_not_compared():
    from small_trial import RULES

    from sbrt_qa.trial.analysis_set import analysis_set

    rows = base(arm="")
    assert codes(read(rows)) == ["E ARM_MISSING"]
    found = analysis_set(cut_of(rows), RULES)
    assert {b.name: b.number for b in found.boxes if not b.arm}["arm_missing"] == 1
    assert not any(b.subjects for b in found.boxes if b.arm)


def test_t23__words_that_are_not_mapped_are_told_once_with_all_of_them():
    rows = base(arm="Arm A")
    rows["subjects"].append({**rows["subjects"][0], "subject": "002", "arm": "Arm B"})
    (problem,) = (one for one in read(rows).problems if one.code == "UNMAPPED")
    assert "'Arm A', 'Arm B'" in problem.message


def test_t24_t25__who_was_treated_otherwise_stays_in_the_arm():
    from small_trial import RULES

    from sbrt_qa.trial.analysis_set import analysis_set

    rows = base(arm="CONTROL") | {"rt_fractions": [fraction(1, "2026-02-10")]}
    assert codes(read(rows)) == ["W CROSSOVER"]
    (member,) = analysis_set(cut_of(rows), RULES).lists.members
    assert (member.arm, member.treated, member.per_protocol) == ("CONTROL", "SBRT", "N")
    rows = base() | {"cycles": [
        {"subject": "001", "agent": "XELOX", "cycle": "1", "day1": "2026-01-10"}
    ]}  # fmt: skip
    found = analysis_set(cut_of(rows), RULES)
    (member,) = found.lists.members
    assert (member.arm, member.treated) == ("SBRT", "CONTROL")
    assert found.treated["001"].plan is None


def test_t26__strata_that_differ_are_asked_about():
    strata = [{"subject": "001", "factor": "margin", "level": level, "source": source}
              for level, source in (("R0", "IVRS"), ("R1", "CRF"))]  # fmt: skip
    assert codes(read(base() | {"strata": strata})) == ["W STRATUM"]


def test_t27_t28__the_plan_of_a_subject():
    from sbrt_qa.trial.treated import PlanVerdict, treated_plan

    rows = base() | {"rt_course": [COURSE], "rt_fractions": [fraction(1, "2026-02-10")]}
    plans = [PlanVerdict(f"A/001/v{n}", "001", f"2026-0{n}-01", verdict)
             for n, verdict in ((1, "minor"), (2, "major"), (3, "minor"))]  # fmt: skip
    found = treated_plan(cut_of(rows), "001", plans)
    assert (found.plan.submission, found.named, found.verdict) == ("A/001/v2", False, "major")
    assert found.reason
    rows["rt_course"] = [COURSE | {"submission": "A/001/v1"}]
    assert treated_plan(cut_of(rows), "001", plans).verdict == "minor"
    rows["rt_course"] = [COURSE | {"submission": "Z/999/v7"}]
    missing = treated_plan(cut_of(rows), "001", plans)
    assert missing.verdict == "not_evaluable"
    assert "Z/999/v7" in missing.reason


def test_t38__byte_order_mark_and_line_ends_are_fine_and_semicolons_are_not():
    plain = read_csv_rows(b"a,b\n1,2\n", "x.csv")[:2]
    assert read_csv_rows(b"\xef\xbb\xbfa,b\r\n1,2\r\n", "x.csv")[:2] == plain
    assert [one.code for one in read_csv_rows(b"a;b\n1;2\n", "x.csv")[2]] == ["DELIMITER"]


@pytest.mark.parametrize(
    "name", ["patient_name", "PatientName", "姓名", "dob", "phone", "birth_date"]
)
def test_what_identifies_a_patient_is_refused(name):
    table = TextTable("subjects", "subjects.csv", ("subject", name), ((2, {"subject": "1"}),))
    with pytest.raises(InputError, match="who a patient is"):
        assemble((table,), dt.date(2026, 1, 1))


def test_a_telephone_number_in_a_text_is_refused_and_not_repeated():
    row = event(term="call 13812345678")
    with pytest.raises(InputError) as refused:
        read(base() | {"adverse_events": [row]})
    assert "138" not in str(refused.value)


@pytest.mark.parametrize("grade", ["Grade III", "3.0", " 3", "0"])
def test_t57_t58__grades_are_never_rounded(grade):
    found = read(base() | {"adverse_events": [event(grade=grade)]})
    assert codes(found) == ["E UNMAPPED"]
    assert (grade == "0") == ("map '" not in found.problems[0].advice)


def test_t56_t64__events_that_cannot_be():
    assert "E GRADE_5" in codes(
        read(base() | {"adverse_events": [event(grade="5", outcome="FATAL")]})
    )
    ended = event(end="2026-01-20")
    assert codes(read(base() | {"adverse_events": [ended]})) == ["E ENDS_BEFORE"]


def test_t66_t68__units_and_versions_that_are_not_said():
    lab = {"subject": "001", "date": "2026-02-01", "test": "BILI", "value": "1.2"}
    assert codes(read(base() | {"labs": [lab]})) == ["E REQUIRED"]
    assert codes(read(base() | {"labs": [lab | {"unit": "mg/l"}]})) == ["E UNIT"]
    assert codes(read(base() | {"labs": [lab | {"unit": "mg/dL"}]})) == []
    assert codes(read(base() | {"adverse_events": [event(ctcae_version="4.03")]})) == ["E UNMAPPED"]


def fractions(*days: str, times: tuple[str, ...] = ()) -> dict[str, list[dict[str, str]]]:
    listed = [fraction(n, day) for n, day in enumerate(days, 1)]
    for row, time in zip(listed, times, strict=False):
        row["time"] = time
    return base() | {"rt_course": [COURSE], "rt_fractions": listed}


def test_t71__stopped_after_three_of_five():
    from small_trial import RULES

    from sbrt_qa.trial.analysis_set import analysis_set

    rows = fractions("2026-03-02", "2026-03-04", "2026-03-06")
    rows["rt_course"] = [COURSE | {"fractions_given": "3", "dose_given_gy": "30", "completed": "N"}]
    assert rule_of(rows, "COMPLETE").verdict == "major"
    found = analysis_set(cut_of(rows), RULES)
    assert found.lists.members[0].per_protocol == "N"
    assert len(found.endpoints["PFS12"]) == 1


def test_t72__fractions_too_near_to_each_other():
    near = fractions("2026-03-02", "2026-03-02", times=("10:00", "22:00"))
    assert rule_of(near, "FX_INTERVAL").verdict == "major"
    assert rule_of(fractions("2026-03-02", "2026-03-02"), "FX_INTERVAL").verdict == "major"
    assert rule_of(fractions("2026-03-02", "2026-03-05"), "FX_INTERVAL").verdict == "per_protocol"
    hours = fractions("2026-03-02", "2026-03-03", times=("16:00", "12:00"))
    assert rule_of(hours, "FX_INTERVAL").verdict == "minor"


@pytest.mark.parametrize(
    ("day1", "verdict"), [("2026-02-21", "minor"), ("2026-02-10", "per_protocol")]
)
def test_t73__capecitabine_on_the_day_of_a_fraction(day1, verdict):
    rows = fractions("2026-03-02")
    rows["cycles"] = [{"subject": "001", "agent": "XELOX", "cycle": "1", "day1": day1}]
    assert rule_of(rows, "CAPECITABINE").verdict == verdict


def test_a_partial_date_leaves_a_rule_open_only_where_it_matters():
    rows = base() | {"surgery": [{"subject": "001", "no": "1", "date": "2025-11"}]}
    assert rule_of(rows, "EXC_SURG").verdict == "per_protocol"
    rows["surgery"][0]["date"] = "2025-12"
    assert rule_of(rows, "EXC_SURG").verdict == "not_evaluable"


def test_t5_t61_t62__emergent_by_a_start_of_which_the_day_is_missing():
    from small_trial import RULES

    from sbrt_qa.trial.adam import adam_tables
    from sbrt_qa.trial.analysis_set import analysis_set

    rows = base(randomised="2026-03-15") | {
        "cycles": [{"subject": "001", "agent": "XELOX", "cycle": "1", "day1": "2026-03-20"}],
        "adverse_events": [
            event(start="2026-03"), event(ae="2", start="2026-03-16"),
            event(ae="3", start="2026-04-01", grade="2", baseline_grade="2"),
            event(ae="4", start="2026-04-01", grade="3", baseline_grade="2"),
        ],
    }  # fmt: skip
    tables = {one.name: one for one in adam_tables(analysis_set(cut_of(rows), RULES), "T")}
    first, before, same, worse = tables["ADAE"].rows
    assert (first["ASTDT"], first["ASTDTF"]) == (dt.date(2026, 3, 15), "D")
    emergent = [one["TRTEMFL"] for one in (first, before, same, worse)]
    assert emergent == ["Y", "N", "N", "Y"]
