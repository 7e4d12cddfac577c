"""What sites write down of the synthetic trial: canonical rows of texts."""

from __future__ import annotations

import datetime as dt
import math
from typing import Final

from sbrt_qa.testing.outcomes.latent_trial import (
    CUT,
    RECORDING_SITE,
    LatentSubject,
    LatentTrial,
)

Row = dict[str, str]
Tables = dict[str, list[Row]]

TERMS: Final = (
    ("Nausea", "Gastrointestinal disorders", 0.35),
    ("Diarrhoea", "Gastrointestinal disorders", 0.25),
    ("Neutrophil count decreased", "Investigations", 0.30),
    ("Platelet count decreased", "Investigations", 0.20),
    ("Peripheral sensory neuropathy", "Nervous system disorders", 0.30),
    ("Fatigue", "General disorders", 0.35),
)


def written_trial(latent: LatentTrial) -> Tables:
    """Return the rows of all tables, without any fault."""
    tables: Tables = {}
    for code, site, day, reason in latent.failures:
        _add(
            tables,
            "subjects",
            subject=code,
            site=site,
            consent=day,
            screened=day + days(3),
            screen_result="failed",
            fail_reason=reason,
        )
    for one in latent.subjects:
        _entry(tables, one)
        _treatment(tables, one)
        _follow_up(tables, one)
        _events(tables, one)
    tables.setdefault("therapies", [])
    return tables


def days(number: float) -> dt.timedelta:
    """Return so many days."""
    return dt.timedelta(int(number))


def _add(tables: Tables, table: str, **cells: object) -> None:
    row = {name: str(value) for name, value in cells.items() if value is not None and value != ""}
    tables.setdefault(table, []).append(row)


def _entry(tables: Tables, one: LatentSubject) -> None:
    day = one.randomised
    consent = day - days(10 + 8 * one.extra["u"])
    _add(
        tables,
        "subjects",
        subject=one.code,
        site=one.site,
        consent=consent,
        screened=consent + days(3),
        screen_result="eligible",
        randomised=day,
        arm=one.arm,
        arm_treated=one.arm,
        sex=one.sex,
        age=one.age,
        birth_year=consent.year - one.age,
    )
    for source in ("IVRS", "CRF"):
        _add(tables, "strata", subject=one.code, factor="margin", level=one.margin, source=source)
    _baseline(tables, one)


def _baseline(tables: Tables, one: LatentSubject) -> None:
    _add(
        tables,
        "baseline",
        subject=one.code,
        ecog=int(one.extra["u"] > 0.6),
        child_pugh=5,
        albumin_g_l=f"{36 + 8 * one.extra['v']:.1f}",
        bilirubin_umol_l=f"{8 + 8 * one.extra['u']:.1f}",
        bilirubin_uln=21,
        alt_u_l=int(20 + 25 * one.extra["v"]),
        alt_uln=40,
        platelets_1e9_l=int(140 + 90 * one.extra["u"]),
        anc_1e9_l=f"{2.5 + 3 * one.extra['v']:.1f}",
        crlm_confirmed="Y",
        hb_g_l=int(105 + 30 * one.extra["u"]),
        liver_outside_cc=int(900 + 500 * one.extra["v"]),
        alp_u_l=int(70 + 30 * one.extra["u"]),
        timing="synchronous" if one.extra["v"] < 0.7 else "metachronous",
        n_mets=1 + int(3 * one.extra["u"]),
        ras="wt" if (one.extra["u"] + one.extra["v"]) % 1 < 0.55 else "mut",
        braf="wt",
        msi="MSS",
    )
    _operated(tables, one)


def _operated(tables: Tables, one: LatentSubject) -> None:
    """Write surgery, its lesion, and the scan between surgery and randomisation."""
    day = one.randomised
    _add(
        tables,
        "surgery",
        subject=one.code,
        no=1,
        date=day - days(32 + 8 * one.extra["v"]),
        kind="resection",
        margin=one.margin,
        lesions_resected=1,
    )
    _add(
        tables,
        "lesions",
        subject=one.code,
        lesion="L1",
        size_mm=int(12 + 20 * one.extra["v"]),
        treated_by="resection",
        structure="PTV" if one.arm == "SBRT" else "",
    )
    _add(
        tables,
        "assessments",
        subject=one.code,
        scan=0,
        date=day - days(6),
        modality="MR",
        covers="liver;abdomen",
        adequate="Y",
        result="NED",
        reader="SITE",
    )


def end_of_data(one: LatentSubject) -> dt.date:
    """Return the last day on which anything is written of a subject."""
    last = min(one.lost, one.death, 4000.0)
    return min(one.randomised + days(math.ceil(last)), CUT)


def _treatment(tables: Tables, one: LatentSubject) -> None:
    last = end_of_data(one)
    step = 21 if one.chemo == "XELOX" else 14
    first = one.randomised + days(5)
    number = 1
    planned = [first + days(step * k) for k in range(2)]
    fractions: list[dt.date] = []
    if one.arm == "SBRT":
        begin = planned[-1] + days(18)
        fractions = [begin + days(2 * k) for k in range(5)]
        planned += [fractions[-1] + days(16 + step * k) for k in range(2)]
    else:
        planned += [planned[-1] + days(step * (k + 1)) for k in range(2)]
    for day in planned:
        if day < last:
            _add(
                tables,
                "cycles",
                subject=one.code,
                agent=one.chemo,
                cycle=number,
                day1=day,
                dose_pct=100,
            )
            number += 1
    if one.arm == "SBRT":
        _irradiated(tables, one, fractions, last)


def _irradiated(
    tables: Tables, one: LatentSubject, fractions: list[dt.date], last: dt.date
) -> None:
    for k in range(4):
        day = one.randomised + days(5 + 21 * k)
        if day < last:
            _add(tables, "cycles", subject=one.code, agent="SINTILIMAB", cycle=k + 1, day1=day)
    given = [day for day in fractions if day < last]
    if not given:
        return
    done = len(given) == len(fractions)
    _add(
        tables,
        "rt_course",
        subject=one.code,
        course=1,
        submission=f"{one.site}/{one.code}/v1",
        approved=fractions[0] - days(5),
        rx_gy=50,
        fractions_planned=5,
        fractions_given=len(given),
        dose_given_gy=10 * len(given),
        completed="Y" if done else "N",
        stop_reason="" if done else "death",
    )
    for k, day in enumerate(given):
        _add(
            tables,
            "rt_fractions",
            subject=one.code,
            course=1,
            fraction=k + 1,
            date=day,
            time="10:30",
            gy=10,
            source="CRF" if one.site == RECORDING_SITE else "RTRECORD",
        )


def _follow_up(tables: Tables, one: LatentSubject) -> None:
    last = end_of_data(one)
    seen_local = seen_other = False
    contact = one.randomised
    rec = 0
    for number, day in enumerate(one.scan_days, 1):
        date = one.randomised + days(day)
        if date >= last:
            break
        contact = date
        local, other = one.local <= day and not seen_local, one.elsewhere <= day and not seen_other
        result = "RECURRENCE" if local or other else "NED"
        _add(
            tables,
            "assessments",
            subject=one.code,
            scan=number,
            date=date,
            modality="MR",
            covers="liver;abdomen;chest",
            adequate="Y",
            result=result,
            reader="SITE",
        )
        for is_new, site, distance in ((local, "MARGIN", 4), (other, "LUNG", "")):
            if is_new:
                rec += 1
                _add(
                    tables,
                    "recurrences",
                    subject=one.code,
                    rec=rec,
                    scan=number,
                    site=site,
                    distance_margin_mm=distance,
                    size_mm=12,
                )
        seen_local, seen_other = seen_local or local, seen_other or other
        _add(
            tables,
            "visits",
            subject=one.code,
            visit=f"V{number}",
            date=date,
            done="Y",
            alive="Y",
            ecog=0,
        )
    _status(tables, one, contact)


def _status(tables: Tables, one: LatentSubject, contact: dt.date) -> None:
    last = end_of_data(one)
    died = one.death <= one.lost and one.randomised + days(math.ceil(one.death)) <= CUT
    contact = max(contact, last - days(1)) if not died else contact
    death = one.randomised + days(math.ceil(one.death)) if died else None
    is_lost = not died and one.randomised + days(math.ceil(one.lost)) <= CUT
    _add(
        tables,
        "status",
        subject=one.code,
        last_contact=death or contact,
        alive="N" if died else "Y",
        death=death,
        cause="disease" if died else "",
        lost="Y" if is_lost else "N",
    )


def _events(tables: Tables, one: LatentSubject) -> None:
    last = end_of_data(one)
    number = 0
    for k, (term, soc, chance) in enumerate(TERMS):
        draw = (one.extra["u"] * (k + 3.7) + one.extra["v"] * (k + 1.3)) % 1
        start = one.randomised + days(8 + 6 * k)
        if draw < chance and start < last:
            number += 1
            grade = 1 + int(draw < 0.6 * chance) + int(draw < 0.25 * chance)
            _add(
                tables,
                "adverse_events",
                subject=one.code,
                ae=number,
                term=term,
                soc=soc,
                ctcae_version="5.0",
                grade=grade,
                start=start,
                end=min(start + days(10), last),
                rel_chemo="probable",
                rel_sbrt="none",
                rel_io="none",
                serious="N",
                outcome="RECOVERED/RESOLVED",
                baseline_grade=0,
            )
    begin = one.randomised + days(60)
    if one.hepatic and begin < last:
        _add(
            tables,
            "adverse_events",
            subject=one.code,
            ae=number + 1,
            term="Alanine aminotransferase increased",
            soc="Investigations",
            ctcae_version="5.0",
            grade=2,
            start=begin,
            rel_chemo="possible",
            rel_sbrt="possible" if one.arm == "SBRT" else "none",
            rel_io="none",
            serious="N",
            ongoing="Y",
            outcome="NOT RECOVERED/NOT RESOLVED",
            baseline_grade=0,
        )
    _labs(tables, one)


def _labs(tables: Tables, one: LatentSubject) -> None:
    last = end_of_data(one)
    for month in (1, 2, 3):
        day = one.randomised + days(30 * month + 25)
        for test, unit, base, uln in (
            ("ALT", "U/L", 28, 40),
            ("ALP", "U/L", 85, 120),
            ("BILI", "umol/L", 11, 21),
            ("ALB", "g/L", 40, ""),
        ):
            ill = one.hepatic and month == 3
            value = base * (5 if ill and test == "ALT" else 3 if ill and test == "ALP" else 1)
            if day < last:
                _add(
                    tables,
                    "labs",
                    subject=one.code,
                    date=day,
                    test=test,
                    value=value,
                    unit=unit,
                    uln=uln,
                    child_pugh=6 if ill else 5,
                    ascites="mild" if ill and one.extra["u"] < 0.3 else "none",
                    encephalopathy="none",
                )
