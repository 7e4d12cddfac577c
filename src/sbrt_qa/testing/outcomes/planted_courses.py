"""Courses of the synthetic trial that must be told apart, though nothing is wrong with the data.

Each changes the rows of a subject; what follows for its rules and endpoints is told beside it, and
nothing else may follow. Registered with the faults.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from sbrt_qa.testing.outcomes.planted_faults import (
    DAY,
    FAULTS,
    Times,
    event_row,
    one_row,
    origin_of,
    plant,
    rows_of,
    scans_of,
    survival,
    without_after,
)
from sbrt_qa.testing.outcomes.written_trial import Row, Tables
from sbrt_qa.trial.timeline import NOT_APPLICABLE


def _day_of(tables: Tables, subject: str, row: Row) -> float:
    return float((dt.date.fromisoformat(row["date"]) - origin_of(tables, subject)).days)


def _recurred(tables: Tables, subject: str, scan: Row, site: str = "MARGIN") -> None:
    """Let a scan show a recurrence."""
    scan["result"] = "RECURRENCE"
    _seen(tables, subject, scan, site)


def _seen(tables: Tables, subject: str, scan: Row, site: str) -> None:
    row = {"subject": subject, "rec": f"9{len(rows_of(tables, 'recurrences', subject))}",
           "scan": scan["scan"], "site": site, "size_mm": "11"}  # fmt: skip
    tables["recurrences"].append(row | ({"distance_margin_mm": "4"} if site == "MARGIN" else {}))


def _without(tables: Tables, scans: list[Row]) -> None:
    gone = [(row["subject"], row["scan"]) for row in scans]
    tables["assessments"] = [
        row for row in tables["assessments"] if (row["subject"], row["scan"]) not in gone
    ]


@plant("T3", "a death of which only the year is known", alive=True)
def _year_of_death(tables: Tables, subject: str) -> Times:
    status = one_row(tables, "status", subject)
    last = dt.date.fromisoformat(status["last_contact"])
    status |= {"alive": "N", "death": f"UK-UNK-{last + DAY:%Y}", "cause": "other"}
    return survival(tables, subject, last + DAY)


@plant("T8", "progression on the day of randomisation")
def _at_once(tables: Tables, subject: str) -> Times:
    scan = {**scans_of(tables, subject)[0], "scan": "80", "date": str(origin_of(tables, subject))}
    tables["assessments"].append(scan)
    _recurred(tables, subject, scan)
    return {"PFS12": (0.5, 0), "LRFS12": (0.5, 0)}


@plant("T13", "randomised half an hour before midnight at the site")
def _before_midnight(tables: Tables, subject: str) -> None:
    row = one_row(tables, "subjects", subject)
    row["randomised_at"] = f"{row.pop('randomised')}T23:30:00+08:00"


@plant("T14", "scans that end long before the last contact", alive=True)
def _no_more_scans(tables: Tables, subject: str) -> Times:
    scans = scans_of(tables, subject)
    _without(tables, scans[2:])
    last = _day_of(tables, subject, scans[1])
    return {"PFS12": (last, 2), "LRFS12": (last, 2)}


@plant("T15", "two missed scans, then a recurrence")
def _missed(tables: Tables, subject: str) -> Times:
    scans = scans_of(tables, subject)
    _without(tables, scans[1:3])
    _recurred(tables, subject, scans[3])
    last = _day_of(tables, subject, scans[3])
    return {"PFS12": (last, 0), "LRFS12": (last, 0)}


@plant("T16", "equivocal, then a recurrence at the same place")
def _confirmed(tables: Tables, subject: str) -> Times:
    first, second = scans_of(tables, subject)[:2]
    first["result"] = "EQUIVOCAL"
    _seen(tables, subject, first, "MARGIN")
    _recurred(tables, subject, second)
    day = _day_of(tables, subject, first)
    return {"PFS12": (day, 0), "LRFS12": (day, 0)}


@plant("T16", "equivocal, then nothing")
def _not_confirmed(tables: Tables, subject: str) -> None:
    first = scans_of(tables, subject)[0]
    first["result"] = "EQUIVOCAL"
    _seen(tables, subject, first, "MARGIN")


@plant("T17", "site and central reader differ, and agree on the next scan")
def _discordant(tables: Tables, subject: str) -> Times:
    first, second = scans_of(tables, subject)[:2]
    first["result"] = "RECURRENCE"
    tables["assessments"].append({**first, "reader": "CENTRAL", "result": "NED"})
    _recurred(tables, subject, second)
    tables["assessments"].append({**second, "reader": "CENTRAL"})
    day = _day_of(tables, subject, second)
    return {"PFS12": (day, 0), "LRFS12": (day, 0)}


@plant("T18", "a new therapy before the recurrence")
def _new_therapy(tables: Tables, subject: str) -> Times:
    start = origin_of(tables, subject) + 120 * DAY
    tables["therapies"].append(
        {"subject": subject, "no": "1", "start": str(start), "kind": "systemic"}
    )
    third = scans_of(tables, subject)[2]
    _recurred(tables, subject, third, "LUNG")
    return {"PFS12": (_day_of(tables, subject, third), 0)}


NO_FRACTION: Final = (
    "SBRT_AFTER_SURGERY", "SBRT_AFTER_APPROVAL", "FX_INTERVAL", "OVERALL_TIME_5", "COMPLETE",
    "CHEMO_BEFORE", "CHEMO_AFTER", "CAPECITABINE",
)  # fmt: skip


@plant("T25", "an SBRT subject without radiotherapy", arm="SBRT",
       rules=tuple((rule, NOT_APPLICABLE) for rule in NO_FRACTION))  # fmt: skip
def _never_irradiated(tables: Tables, subject: str) -> None:
    for table in ("rt_course", "rt_fractions"):
        tables[table] = [row for row in tables[table] if row["subject"] != subject]
    one_row(tables, "subjects", subject)["arm_treated"] = "CONTROL"
    chemo = [row for row in rows_of(tables, "cycles", subject) if row["agent"] != "SINTILIMAB"]
    first = dt.date.fromisoformat(chemo[0]["day1"])
    for number, row in enumerate(chemo):  # no pause for radiotherapy
        row["day1"] = str(first + number * (21 if row["agent"] == "XELOX" else 14) * DAY)


@plant("T28", "two plans before the first fraction, and none is named", arm="SBRT", two_plans=True)
def _unnamed(tables: Tables, subject: str) -> None:
    one_row(tables, "rt_course", subject).pop("submission")


@plant("T27", "a plan that is not in the audit", arm="SBRT")
def _no_plan(tables: Tables, subject: str) -> None:
    one_row(tables, "rt_course", subject)["submission"] = "Z99/999/v7"


@plant("T71", "stopped after 3 of 5 fractions", arm="SBRT",
       rules=(("COMPLETE", "major"), ("OVERALL_TIME_5", NOT_APPLICABLE)))  # fmt: skip
def _stopped(tables: Tables, subject: str) -> None:
    tables["rt_fractions"] = [
        row for row in tables["rt_fractions"]
        if row["subject"] != subject or int(row["fraction"]) <= 3
    ]  # fmt: skip
    one_row(tables, "rt_course", subject).update(
        fractions_given="3", dose_given_gy="30", completed="N", stop_reason="toxicity"
    )


@plant("T72", "fractions 12 hours apart", arm="SBRT", rules=(("FX_INTERVAL", "major"),))
def _twice_a_day(tables: Tables, subject: str) -> None:
    first, second = rows_of(tables, "rt_fractions", subject)[:2]
    second.update(date=first["date"], time="22:30")


@plant("T72", "two fractions on one day, without times", arm="SBRT",
       rules=(("FX_INTERVAL", "major"),))  # fmt: skip
def _same_day(tables: Tables, subject: str) -> None:
    rows = rows_of(tables, "rt_fractions", subject)
    for row in rows:
        row.pop("time")
    rows[1]["date"] = rows[0]["date"]


@plant("T70", "a death before the last fraction", arm="SBRT",
       rules=(("COMPLETE", "major"), ("OVERALL_TIME_5", NOT_APPLICABLE),
              ("CHEMO_AFTER", NOT_APPLICABLE), ("SCAN_SCHEDULE", NOT_APPLICABLE)))  # fmt: skip
def _died_during(tables: Tables, subject: str) -> Times:
    second = dt.date.fromisoformat(rows_of(tables, "rt_fractions", subject)[1]["date"])
    death = second + DAY
    without_after(tables, subject, death)
    one_row(tables, "rt_course", subject).update(
        fractions_given="2", dose_given_gy="20", completed="N", stop_reason="death"
    )
    one_row(tables, "status", subject).update(
        alive="N", death=str(death), cause="disease", last_contact=str(death), lost="N"
    )
    days = float((death - origin_of(tables, subject)).days)
    return {"PFS12": (days, 0), "LRFS12": (days, 8), "OS36": (days, 0)}


@plant("T73", "capecitabine on the days of three fractions", arm="SBRT",
       rules=(("CAPECITABINE", "major"), ("CHEMO_BEFORE", "minor")))  # fmt: skip
def _capecitabine(tables: Tables, subject: str) -> None:
    first = dt.date.fromisoformat(rows_of(tables, "rt_fractions", subject)[0]["date"])
    tables["cycles"].append(
        {"subject": subject, "agent": "CAPECITABINE", "cycle": "1", "day1": str(first - 9 * DAY)}
    )


@plant("T69", "liver disease with progression in the liver before", arm="SBRT")
def _progressing_liver(tables: Tables, subject: str) -> Times:
    first = scans_of(tables, subject)[0]
    _recurred(tables, subject, first, "LIVER_OTHER")
    for row in rows_of(tables, "labs", subject):
        if row["test"] == "ALT" and row["date"] > first["date"]:
            row["value"] = "240"
    return {"PFS12": (_day_of(tables, subject, first), 0)}


@plant("T67", "an event of grade 5, beside the rate of grade 3 and 4", alive=True)
def _fatal(tables: Tables, subject: str) -> Times:
    status = one_row(tables, "status", subject)
    death = dt.date.fromisoformat(status["last_contact"]) + DAY
    status |= {"alive": "N", "death": str(death), "cause": "treatment"}
    event_row(tables, subject, term="Sepsis", soc="Infections and infestations", grade="5",
              start=str(death - 2 * DAY), end=str(death), outcome="FATAL", serious="Y")  # fmt: skip
    return survival(tables, subject, death)


@plant("T66", "bilirubin in mg/dL", shares="labs")
def _in_mg(tables: Tables, subject: str) -> None:
    tables["labs"].append({
        "subject": subject, "date": str(origin_of(tables, subject) + 12 * DAY), "test": "BILI",
        "value": "1.2", "unit": "mg/dL", "uln": "1.2",
    })  # fmt: skip


@plant("T5", "an adverse event of which only the month is known", shares="courses of events")
def _month_only(tables: Tables, subject: str) -> None:
    month = f"{origin_of(tables, subject) + 5 * DAY:%Y-%m}"
    event_row(tables, subject, term="Rash", soc="Skin disorders", start=month)


@plant("T59", "one term in grade 2 and in grade 3", shares="courses of events")
def _one_term(tables: Tables, subject: str) -> None:
    for grade in ("2", "3"):
        event_row(tables, subject, term="Colitis", soc="Gastrointestinal disorders", grade=grade)


@plant("T60", "two terms of one class, of grades 3 and 4", shares="courses of events")
def _two_terms(tables: Tables, subject: str) -> None:
    for term, grade in (("Anaemia", "3"), ("Leukocytosis", "4")):
        event_row(tables, subject, term=term, soc="Blood disorders", grade=grade)


@plant("T61", "an event before treatment", shares="courses of events")
def _before(tables: Tables, subject: str) -> None:
    start = str(origin_of(tables, subject) - 20 * DAY)
    event_row(tables, subject, term="Cough", soc="Respiratory disorders", start=start)


@plant("T62", "a grade as at baseline, and one above", shares="courses of events")
def _as_before(tables: Tables, subject: str) -> None:
    for term, grade in (("Hypertension", "2"), ("Hypotension", "3")):
        event_row(tables, subject, term=term, soc="Vascular disorders", grade=grade,
                  baseline_grade="2")  # fmt: skip


@plant("T63", "overlapping records of one event", shares="courses of events")
def _overlapping(tables: Tables, subject: str) -> None:
    origin = origin_of(tables, subject)
    for start in (20, 24):
        event_row(tables, subject, term="Insomnia", soc="Psychiatric disorders",
                  start=str(origin + start * DAY), end=str(origin + 30 * DAY))  # fmt: skip


@plant("T65", "an event that nobody attributed", shares="courses of events")
def _unattributed(tables: Tables, subject: str) -> None:
    row = event_row(tables, subject, term="Headache", soc="Nervous system disorders", grade="3")
    for cause in ("rel_chemo", "rel_sbrt", "rel_io"):
        row.pop(cause)


PLANTED: Final = tuple(FAULTS)
"""All faults and courses."""
