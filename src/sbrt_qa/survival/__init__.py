"""Estimators of a trial on plain arrays: survival, competing events, rates, proportions.

Pure functions, each with its equation and source. They take whatever `numpy.asarray` takes and
labels of any type; results are frozen. What cannot be estimated is a `Reason`, never nan; what is
no time, event or count is an `AnalysisError`.
"""

from __future__ import annotations

from sbrt_qa.survival.changing_covariates import cox_changing
from sbrt_qa.survival.clustered_logistic import clustered_logistic
from sbrt_qa.survival.competing_risks import cumulative_incidence
from sbrt_qa.survival.event_rates import poisson_rate, rate_ratio
from sbrt_qa.survival.exact_tables import fisher_exact
from sbrt_qa.survival.gray_test import gray
from sbrt_qa.survival.hazard_checks import proportional_hazards
from sbrt_qa.survival.hazard_models import cox, firth_cox
from sbrt_qa.survival.interval_censored import turnbull
from sbrt_qa.survival.penalised_logistic import dose_response, firth_logistic
from sbrt_qa.survival.product_limit import (
    kaplan_meier,
    reverse_kaplan_meier,
    survival_difference,
)
from sbrt_qa.survival.proportions import clopper_pearson, miettinen_nurminen, newcombe, wilson
from sbrt_qa.survival.rank_tests import logrank
from sbrt_qa.survival.restricted_mean import rmst, rmst_comparison
from sbrt_qa.survival.subdistribution import fine_gray
from sbrt_qa.survival.trial_size import conditional_power, schoenfeld_events

__all__ = [
    "clopper_pearson",
    "clustered_logistic",
    "conditional_power",
    "cox",
    "cox_changing",
    "cumulative_incidence",
    "dose_response",
    "fine_gray",
    "firth_cox",
    "firth_logistic",
    "fisher_exact",
    "gray",
    "kaplan_meier",
    "logrank",
    "miettinen_nurminen",
    "newcombe",
    "poisson_rate",
    "proportional_hazards",
    "rate_ratio",
    "reverse_kaplan_meier",
    "rmst",
    "rmst_comparison",
    "schoenfeld_events",
    "survival_difference",
    "turnbull",
    "wilson",
]
