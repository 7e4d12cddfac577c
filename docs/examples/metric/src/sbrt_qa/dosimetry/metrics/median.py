"""The dose that half of the structure receives at least."""

from sbrt_qa.dosimetry.histogram import DVH
from sbrt_qa.dosimetry.metric_registry import MetricContext, MetricSpec, metric
from sbrt_qa.dosimetry.metrics.conversions import dose_outcome
from sbrt_qa.dosimetry.metrics.meanings import a_dose
from sbrt_qa.model.outcome import Outcome


@metric("Median", units=("Gy", "%"), example="Median[Gy]", meaning=a_dose())
def median(spec: MetricSpec, dvh: DVH, context: MetricContext) -> Outcome:
    """Median dose; % is of the prescription."""
    return dose_outcome(dvh.dose_at_volume_gy(dvh.inside_grid_cc / 2), spec, context)
