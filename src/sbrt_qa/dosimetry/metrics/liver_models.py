"""Models of liver toxicity and of control of liver tumours. Information, not limits.

Each is registered with its validity, which is shown with its values. A toxicity model is meant for
the liver without the tumour.
"""

from __future__ import annotations

import math
from typing import Final

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_meaning import Compared, Direction, Meaning, MeantFor, Quantity
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import fractions_of, prescribed_gy
from sbrt_qa.dosimetry.metrics.meanings import a_model, isodose_of_argument
from sbrt_qa.dosimetry.radiobiology import Conversion, generalised_eud_gy
from sbrt_qa.i18n.phrase import msg, say
from sbrt_qa.model.outcome import Measured, Outcome, Reason, ReasonCode

LIVER_EQD = Conversion(alpha_beta_gy=2.5, per_fraction_gy=1.5)
"""Scale of the Dawson models: fractions of 1.5 Gy, alpha/beta 2.5 Gy."""

TUMOUR_BED = Conversion(alpha_beta_gy=10.0)
"""BED of tumour, alpha/beta 10 Gy."""

CRITICAL_CC = 700.0
"""Liver that must be spared."""

FEW_FRACTIONS = (3, 6)
"""Fractions of the series behind the HyTEC models."""

DAWSON = say(
    "LKB model of radiation-induced liver disease fitted to conventional fractions (Dawson 2002, "
    "n 0.97, m 0.12); carried to SBRT by EQD at 1.5 Gy, alpha/beta 2.5 Gy; not validated after "
    "resection or chemotherapy"
)


THE_LIVER: Final = MeantFor(
    ("liver", "肝", "leber", "foie", "fegato", "higado", "hígado", "hepar"),
    Reason(
        ReasonCode.NOT_APPLICABLE,
        say("the model is of the liver; this structure is not named as the liver"),
    ),
)

TOXICITY: Final = a_model(
    Quantity.PROBABILITY,
    rises=True,
    why_high=msg("By a model the risk to the liver is higher than the protocol allows."),
    why_low=msg("By a model the risk to the liver is lower than the protocol asks for."),
    meant_for=THE_LIVER,
)

CONTROL: Final = a_model(
    Quantity.PROBABILITY,
    rises=None,
    why_high=msg("By a model the tumour is controlled more often than the protocol asks for."),
    why_low=msg("By a model the tumour is controlled less often than the protocol asks for."),
)


def _says_spared(spec: MetricSpec, direction: Direction | None) -> str:  # noqa: ARG001
    if direction is Direction.TOO_COLD:
        return msg("700 cc or more receive less than {amount}")
    return msg("Less than 700 cc receive less than {amount}")


@metric(
    "NTCPliverMets",
    units=("%",),
    example="NTCPliverMets[%]",
    convertible=False,
    meaning=TOXICITY,
    validity=say("{0}; metastases, TD50 45.8 Gy", DAWSON),
)
def liver_disease_metastases(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Lyman-Kutcher-Burman risk of liver disease in patients with metastases (Dawson 2002)."""
    return _lyman(dvh, context, td50_gy=45.8)


@metric(
    "NTCPliverPrimary",
    units=("%",),
    example="NTCPliverPrimary[%]",
    convertible=False,
    meaning=TOXICITY,
    validity=say("{0}; primary liver cancer, TD50 39.8 Gy", DAWSON),
)
def liver_disease_primary(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Lyman-Kutcher-Burman risk of liver disease with primary liver cancer (Dawson 2002)."""
    return _lyman(dvh, context, td50_gy=39.8)


@metric(
    "NTCPliverEnzymes",
    units=("%",),
    example="NTCPliverEnzymes[%]",
    convertible=False,
    meaning=TOXICITY,
    validity=say(
        "HyTEC (Miften 2021), 17 events in 288 patients, 3 to 6 fractions: the fit is not "
        "significant (P = 0.10) and not validated"
    ),
)
def enzyme_changes(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """Risk of grade 3 or higher liver enzymes, probit in mean physical dose: D50 40.8, slope 0.95.

    Phi(sqrt(2 pi) gamma50 (mean / D50 - 1)).
    """
    fractions = _few_fractions(context)
    if isinstance(fractions, Reason):
        return fractions
    return Measured(100 * _normal(math.sqrt(2 * math.pi) * 0.95 * (dvh.mean_gy / 40.8 - 1)), "%")


@metric(
    "CriticalVolume",
    argument_units=("Gy",),
    units=("bool",),
    example="CriticalVolume15Gy[bool]",
    convertible=False,
    meaning=Meaning(
        Quantity.YES_NO,
        Direction.TOO_COLD,
        Direction.TOO_HOT,
        rises=False,
        says=_says_spared,
        isodose=isodose_of_argument,
        compared=Compared.ANSWER,
        meant_for=THE_LIVER,
    ),
    validity=say(
        "rule of practice: 700 cc of liver below 15 Gy (up to 17 Gy was studied) in 3 to 6 "
        "fractions; not fitted as a model"
    ),
)
def critical_volume(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """1 when at least 700 cc receive less than the given dose, else 0 (Schefter 2005)."""
    if dvh.volume_cc < CRITICAL_CC:
        text = say(
            "{0} cc asked of a structure of {1} cc", f"{CRITICAL_CC:g}", f"{dvh.volume_cc:.2f}"
        )
        return Reason(ReasonCode.SMALLER_THAN_ASKED, text)
    spared_cc = dvh.volume_cc - dvh.volume_at_dose_cc(spec.amount)
    return Measured(float(spared_cc >= CRITICAL_CC), "bool")


@metric(
    "TCPliver2y",
    units=("%",),
    example="TCPliver2y[%]",
    needs_whole=False,
    convertible=False,
    meaning=CONTROL,
    validity=say(
        "local control of liver metastases at 2 years by BED10 of the prescription "
        "(HyTEC, Ohri 2021): a pooled fit, of lesions in place, not of a resected bed"
    ),
)
def control_two_years(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """1 / (1 + exp(-(BED10 - 16) / 74)), BED10 of the prescribed dose (Ohri 2021)."""
    bed = _prescribed_bed_gy(context)
    return bed if isinstance(bed, Reason) else Measured(100 * control_probability(bed), "%")


@metric(
    "LCliver3y",
    units=("%",),
    example="LCliver3y[%]",
    needs_whole=False,
    convertible=False,
    meaning=CONTROL,
    validity=say(
        "local control of liver metastases at 3 years, 290 lesions in two groups by BED10 of "
        "the prescription (HyTEC, Ohri 2021): Kaplan-Meier values of the groups, not a curve"
    ),
)
def control_three_years(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:  # noqa: ARG001
    """93 % above a BED10 of 100 Gy, 65 % up to it (Ohri 2021)."""
    bed = _prescribed_bed_gy(context)
    return bed if isinstance(bed, Reason) else Measured(93.0 if bed > 100 else 65.0, "%")


def control_probability(bed10_gy: float) -> float:
    """Return the probability of local control at 2 years, 0 to 1, of a BED10 (Ohri 2021)."""
    return 1 / (1 + math.exp(-(bed10_gy - 16) / 74))


def _lyman(dvh: DVH, context: MetricContext, *, td50_gy: float) -> Outcome:
    n, m = 0.97, 0.12
    fractions = fractions_of(context)
    if isinstance(fractions, Reason):
        return fractions
    eud_gy = generalised_eud_gy(LIVER_EQD.convert(dvh, fractions), 1 / n)
    return Measured(100 * _normal((eud_gy - td50_gy) / (m * td50_gy)), "%")


def _normal(z: float) -> float:
    """Return the standard normal distribution function, exact in its tail."""
    return math.erfc(-z / math.sqrt(2)) / 2


def _few_fractions(context: MetricContext) -> float | Reason:
    fractions = fractions_of(context)
    low, high = FEW_FRACTIONS
    if isinstance(fractions, Reason) or low <= fractions <= high:
        return fractions
    text = say(
        "the model is of {0} to {1} fractions, this plan has {2}", low, high, f"{fractions:g}"
    )
    return Reason(ReasonCode.NOT_APPLICABLE, text)


def _prescribed_bed_gy(context: MetricContext) -> float | Reason:
    prescribed, fractions = prescribed_gy(context), fractions_of(context)
    if isinstance(prescribed, Reason):
        return prescribed
    return fractions if isinstance(fractions, Reason) else TUMOUR_BED.apply(prescribed, fractions)
