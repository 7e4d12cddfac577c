"""The canonical tables: their columns, types and keys, whatever form the data came in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "code", "date", "pdate", "int", "num", "bool", "enum", "text", "subset", "time", "instant"
]

MISSING_CODES: Final = ("UNK", "NASK", "NI", "NA")
"""Texts that say why a value is missing: unknown, not asked, no information, not applicable."""


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column.

    Parameters
    ----------
    required
        It may not be empty.
    words
        What an ``enum`` or ``subset`` may hold; empty where the protocol says that.
    low, high
        Ends of the range of a number, both allowed.
    """

    name: str
    kind: Kind
    required: bool = False
    words: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One table: its key, and its columns in the order of a file."""

    name: str
    key: tuple[str, ...]
    columns: tuple[ColumnSpec, ...]

    def column(self, name: str) -> ColumnSpec:
        """Return a column by its name; KeyError where the table has none of this name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


_COLUMN: Final = re.compile(
    r"(?P<name>\w+) (?P<kind>\w+)(?P<required>\*?)(?: \{(?P<words>[^}]*)\})?"
    r"(?: (?P<low>-?[\d.]*)\.\.(?P<high>[\d.]*))?"
)


def _column(text: str) -> ColumnSpec:
    found = _COLUMN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not a column: {text}")
    words = tuple(word.strip() for word in (found["words"] or "").split("|") if word.strip())
    low, high = (float(found[end]) if found[end] else None for end in ("low", "high"))
    return ColumnSpec(found["name"], found["kind"], bool(found["required"]), words, low, high)  # type: ignore[arg-type]


def _table(name: str, key: str, columns: str) -> TableSpec:
    lines = [line for line in columns.replace("\n", ";").split(";") if line.strip()]
    return TableSpec(name, tuple(key.split()), tuple(_column(line) for line in lines))


_RELATED = "enum {none|unlikely|possible|probable|definite}"
_OUTCOME = (
    "enum {RECOVERED/RESOLVED|RECOVERED/RESOLVED WITH SEQUELAE|RECOVERING/RESOLVING|"
    "NOT RECOVERED/NOT RESOLVED|FATAL|UNKNOWN}"
)
_FAILED = (
    "enum {no_crlm|age|ecog|child_pugh|labs|liver_volume|prior_rt|timing|progression|consent|other}"
)
_STOPPED = "enum {toxicity|patient|progression|death|machine|logistics|other}"

_ALL: Final = (
    _table("sites", "site", "site code*; country text; time_zone text; active_from date"),
    _table("subjects", "subject", f"""
        subject code*; site code*; consent date*; screened date*
        screen_result enum* {{eligible|failed}}; fail_reason {_FAILED}
        randomised date; randomised_at instant; arm enum {{SBRT|CONTROL}}
        arm_treated enum {{SBRT|CONTROL|NONE}}; sex enum {{F|M|U}}; age int 18..120
        birth_year int 1900..2100"""),
    _table("strata", "subject factor source", """
        subject code*; factor code*; level code*; source enum {IVRS|CRF}"""),
    _table("baseline", "subject", """
        subject code*; ecog int 0..4; child_pugh int 5..15; albumin_g_l num 10..70
        bilirubin_umol_l num 1..1000; alt_u_l num 0..; ast_u_l num 0..; alp_u_l num 0..
        platelets_1e9_l num 0..; cea_ug_l num 0..; primary_side enum {left|right|rectum}
        timing enum {synchronous|metachronous}; n_mets int 0..; largest_mm num 0..
        ras enum {wt|mut|UNK}; braf enum {wt|mut|UNK}; msi enum {MSS|MSI-H|UNK}
        neoadjuvant bool; bed_site text; anc_1e9_l num 0..; hb_g_l num 0..
        liver_outside_cc num 0..; bilirubin_uln num 0..; alt_uln num 0..; ecog_date date
        crlm_confirmed bool"""),
    _table("surgery", "subject no", """
        subject code*; no int* 1..; date pdate*
        kind enum {resection|ablation|both|two_stage_1|two_stage_2}
        margin enum {R0|R1|R2|UNK}; margin_mm num 0..; lesions_resected int 0..
        lesions_ablated int 0..; complication int 0..5"""),
    _table("lesions", "subject lesion", """
        subject code*; lesion code*; segment text; size_mm num 0..
        treated_by enum {resection|ablation|SBRT|none}; margin_mm num 0..; structure text"""),
    _table("cycles", "subject agent cycle", """
        subject code*
        agent enum* {XELOX|FOLFOX|FOLFIRI|SINTILIMAB|CAPECITABINE|5FU_LV|OTHER}
        cycle int* 1..; day1 pdate*; dose_pct num 0..120; delayed_days int
        reason enum {haem|hepatic|neuro|GI|immune|patient|logistics|SBRT|other}; stopped bool"""),
    _table("rt_course", "subject course", f"""
        subject code*; course int* 1..; submission text; approved date; rx_gy num 0..
        fractions_planned int 1..; fractions_given int 0..; dose_given_gy num 0..
        completed bool; stop_reason {_STOPPED}"""),
    _table("rt_fractions", "subject course fraction source", """
        subject code*; course int* 1..; fraction int* 1..; date date*; time time; gy num 0..
        source enum {RTRECORD|CRF}"""),
    _table("visits", "subject visit", """
        subject code*; visit code*; date pdate; done bool*; alive bool; ecog int 0..5"""),
    _table("assessments", "subject scan reader", """
        subject code*; scan int* 0..; date pdate*; modality enum {CT|MR|PET-CT|US}
        covers subset {liver|abdomen|chest|pelvis}; adequate bool*
        result enum* {NED|EQUIVOCAL|RECURRENCE|NE}; reader enum* {SITE|CENTRAL}
        confirmed_by enum {histology|second_scan|none}"""),
    _table("recurrences", "subject rec", """
        subject code*; rec int* 1..; scan int* 0..
        site enum* {MARGIN|LIVER_OTHER|LUNG|NODES|PERITONEUM|PRIMARY_BED|BONE|BRAIN|OTHER}
        distance_margin_mm num 0..; size_mm num 0..; series_uid text; structure text"""),
    _table("therapies", "subject no", """
        subject code*; no int* 1..; start pdate*
        kind enum* {systemic|surgery|ablation|RT|other}; intent enum {curative|palliative}
        planned_by_protocol bool"""),
    _table("adverse_events", "subject ae", f"""
        subject code*; ae int* 1..; term text*; soc text*; pt_code text
        ctcae_version enum* {{5.0}}; grade enum* {{1|2|3|4|5}}; start pdate*; end pdate
        ongoing bool; rel_chemo {_RELATED}; rel_sbrt {_RELATED}; rel_io {_RELATED}
        serious bool*; outcome {_OUTCOME}; baseline_grade int 0..5"""),
    _table("labs", "subject date test", """
        subject code*; date date*; test enum* {ALT|AST|ALP|BILI|ALB|INR|PLT|GGT}; value num
        unit text*; uln num 0..; child_pugh int 5..15; ascites enum {none|mild|severe}
        encephalopathy enum {none|mild|severe}"""),
    _table("status", "subject", """
        subject code*; last_contact pdate*; alive bool*; death pdate
        cause enum {disease|treatment|other|UNK}; withdrawn pdate
        withdrawal enum {treatment_only|follow_up|consent_all}; lost bool"""),
)  # fmt: skip

TABLES: Final[dict[str, TableSpec]] = {one.name: one for one in _ALL}
"""Every table by its name, in the order of a listing."""

UNITS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("ALT", "AST", "ALP", "GGT"), ("U/L",)),
    "BILI": ("umol/L", "mg/dL"),
    "ALB": ("g/L", "g/dL"),
    "INR": ("1", "{INR}"),
    "PLT": ("10*9/L",),
}
"""UCUM units in which a laboratory test may come."""
