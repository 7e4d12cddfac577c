"""Curves drawn with matplotlib, where that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sbrt_qa.errors import UsageError, quoted
from sbrt_qa.model.structure import Structure
from sbrt_qa.reports.figures.palette import colours, dashes

if TYPE_CHECKING:
    from sbrt_qa.review.dvh_table import DvhTable


def plot_dvh(table: DvhTable, axes: Any = None) -> Any:  # noqa: ANN401 - of a library that may not be there
    """Draw the curves of a DVH table, per cent of the volume against dose in Gy; return the axes.

    Parameters
    ----------
    axes
        Axes of matplotlib to draw on; new ones when None.

    Raises
    ------
    UsageError
        matplotlib is not installed, or no curves were asked for.
    """
    if not hasattr(table, "curve"):
        raise UsageError(
            "curves of a DVH table are drawn",
            got=quoted(type(table).__name__),
            expected="dvh(case, ..., curve_bin_gy=0.1)",
        )
    try:
        from matplotlib import pyplot as plt
    except ModuleNotFoundError:
        raise UsageError("matplotlib is not installed", advice="pip install matplotlib") from None
    keys = [key for key, row in table.structures.items() if row.reason is None]
    curves = {key: table.curve(key) for key in keys}
    if not curves:
        raise UsageError("there is no curve to draw", expected="a structure with a dose")
    axes = axes or plt.subplots()[1]
    colour, dash = colours({k: Structure(n, k) for n, k in enumerate(keys)}), dashes(keys)
    for key, curve in curves.items():
        whole = curve.volume_cc[0] or 1.0
        percent = [100 * v / whole for v in curve.volume_cc]
        style = (0, tuple(float(d) for d in dash[key].split())) if dash[key] else "-"
        axes.plot(curve.dose_gy, percent, label=key, color=colour[key], linestyle=style)
    axes.set(xlabel="Dose (Gy)", ylabel="Volume (%)", xlim=(0, None), ylim=(0, 102))
    axes.legend()
    return axes
