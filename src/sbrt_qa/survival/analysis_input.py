"""What the estimators take: times, events, labels and counts, checked once at the door.

Everything that `numpy.asarray` takes is taken. What has no meaning as a time, an event or a label
is an `AnalysisError` that names the argument and the place: an estimator never meets it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from sbrt_qa.errors import AnalysisError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Reason, ReasonCode

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CENSORED: Final = 0
"""The cause that means: nothing had happened when the subject was last seen."""


_LARGEST_LOG: Final = 709.0
"""Logarithm up to which there is a float."""


@dataclass(frozen=True, slots=True, eq=False)
class SubjectLabels:
    """One label for each subject.

    Parameters
    ----------
    names
        The different labels, numbers before words, each in ascending order.
    index
        Shape (n,): place of each subject's label in `names`.
    """

    names: tuple[Hashable, ...]
    index: Whole


def read_only(values: ArrayLike) -> Floats:
    """Return a copy as an array of floats that cannot be written to."""
    array = np.array(values, dtype=float)
    array.flags.writeable = False
    return array


def normal_quantile(level: float) -> float:
    """Return z of a two-sided interval of that level; 1.96 for 0.95.

    Raises
    ------
    AnalysisError
        The level is not between 0 and 1.
    """
    if not 0.0 < level < 1.0:
        raise AnalysisError("no level of confidence", got=str(level), expected="between 0 and 1")
    return float(special.ndtri(0.5 + level / 2.0))


def no_spread() -> Reason:
    """Return why there is no number where the data leave nothing to measure it by."""
    text = say("not estimable: the variance is zero, or has no value")
    return Reason(ReasonCode.NOT_ESTIMABLE, text)


def ratio_of(logarithm: float) -> float | Reason:
    """Return the ratio of a logarithm; a Reason where no number is as large."""
    if logarithm > _LARGEST_LOG:
        return Reason(ReasonCode.NOT_ESTIMABLE, say("not estimable: larger than any number"))
    return math.exp(logarithm)


def ratio_limits(middle: float, width: float) -> tuple[float, float] | Reason:
    """Return the limits of a ratio whose logarithm is `middle`, give or take `width`."""
    high = ratio_of(middle + width)
    return high if isinstance(high, Reason) else (math.exp(middle - width), high)


def numbers(values: ArrayLike, name: str) -> Floats:
    """Return a finite number for each subject.

    Raises
    ------
    AnalysisError
        Where one is missing, masked, no number, not finite, or where there is more than one axis.
    """
    if np.ma.is_masked(values):
        raise AnalysisError("has masked values", where=name, advice="Leave those subjects out.")
    array = np.asarray(values)
    if array.ndim != 1:
        raise AnalysisError("is no single column", where=name, got=f"shape {array.shape}")
    if array.dtype.kind not in "biufO":
        raise AnalysisError("holds no numbers", where=name, got=quoted(array.dtype))
    try:
        found = np.array(array, dtype=float)
    except (TypeError, ValueError) as error:
        raise AnalysisError("holds what is no number", where=name, got=quoted(error)) from None
    wrong = np.flatnonzero(~np.isfinite(found))
    if wrong.size:
        raise AnalysisError(
            "holds what is no finite number",
            where=f"{name}[{wrong[0]}]",
            got=str(found[wrong[0]]),
            advice="Leave those subjects out, and count them.",
        )
    return found


def times(values: ArrayLike, name: str = "time") -> Floats:
    """Return a time for each subject, finite and not negative; see `numbers`.

    Raises
    ------
    AnalysisError
        A time is negative, or no finite number.
    """
    found = numbers(values, name)
    early = np.flatnonzero(found < 0)
    if early.size:
        raise AnalysisError(
            "is before time zero", where=f"{name}[{early[0]}]", got=str(found[early[0]])
        )
    return found


def flags(values: ArrayLike, name: str = "event") -> NDArray[np.bool_]:
    """Return whether it happened, for each subject: from bools or from 0 and 1, nothing else.

    Raises
    ------
    AnalysisError
        A value is neither 0 nor 1.
    """
    found = numbers(values, name)
    wrong = np.flatnonzero((found != 0) & (found != 1))
    if wrong.size:
        raise AnalysisError(
            "is neither 0 nor 1", where=f"{name}[{wrong[0]}]", got=str(found[wrong[0]])
        )
    return np.asarray(found == 1)


def same_length(**columns: Sequence[Any] | NDArray[Any]) -> int:
    """Return the number of subjects, which all columns agree on.

    Raises
    ------
    AnalysisError
        The columns differ in length.
    """
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise AnalysisError("the columns differ in length", got=told)
    return next(iter(lengths.values()))


def labels(values: ArrayLike | Sequence[Any], name: str) -> SubjectLabels:
    """Return the labels of subjects, of any type; several columns together make one label.

    Raises
    ------
    AnalysisError
        Where a label is missing (None or not a number), or cannot be one (a list, a dictionary).
    """
    told = _column_of_objects(values, name)
    for place, one in enumerate(told):
        if one is None or (isinstance(one, float) and math.isnan(one)) or not _hashable(one):
            raise AnalysisError("is no label", where=f"{name}[{place}]", got=quoted(one))
    names = tuple(sorted(dict.fromkeys(told), key=_order))
    place_of = {label: place for place, label in enumerate(names)}
    return SubjectLabels(names, np.array([place_of[one] for one in told], dtype=np.int64))


def causes(values: ArrayLike | Sequence[Any], name: str = "cause") -> SubjectLabels:
    """Return the labels of causes with 0 for censored in the first place, there or not.

    In a column of words the word ``0`` is 0: `numpy.asarray` makes words of a mixed column.

    Raises
    ------
    AnalysisError
        The values are no column, or some are masked.
    """
    told = [CENSORED if _is_censored(one) else one for one in _column_of_objects(values, name)]
    found = labels(told, name)
    others = tuple(label for label in found.names if label != CENSORED)
    place_of = {label: place for place, label in enumerate((CENSORED, *others))}
    moved = np.array([place_of[label] for label in found.names], dtype=np.int64)
    index = moved[found.index] if found.names else found.index
    return SubjectLabels((CENSORED, *others), index)


def no_strata(count: int) -> SubjectLabels:
    """Return one label for everybody."""
    return SubjectLabels(("all",) if count else (), np.zeros(count, dtype=np.int64))


def strata_of(values: ArrayLike | Sequence[Any] | None, count: int) -> SubjectLabels:
    """Return the strata of subjects, one for all where none are told."""
    return no_strata(count) if values is None else labels(values, "strata")


def columns(values: ArrayLike, name: str = "covariates") -> Floats:
    """Return covariates with shape (n, p); a single one may come as one axis.

    Raises
    ------
    AnalysisError
        They are no table of finite numbers.
    """
    if np.ma.is_masked(values):
        raise AnalysisError("has masked values", where=name, advice="Leave those subjects out.")
    array = np.asarray(values)
    if array.ndim == 1:
        return numbers(values, name)[:, np.newaxis]
    if array.ndim != 2 or array.shape[1] == 0:
        raise AnalysisError("are no columns", where=name, got=f"shape {array.shape}")
    told = [numbers(array[:, i], f"{name}[:, {i}]") for i in range(array.shape[1])]
    return np.stack(told, axis=1)


def counts(**told: float) -> tuple[int, ...]:
    """Return whole numbers that are not negative, in the order given.

    Raises
    ------
    AnalysisError
        One is no whole number, or negative.
    """
    for name, value in told.items():
        if isinstance(value, bool) or not _is_count(value):
            raise AnalysisError("is no count", where=name, got=quoted(value))
    return tuple(int(value) for value in told.values())


def _is_count(value: float) -> bool:
    try:
        return math.isfinite(value) and value >= 0 and float(value).is_integer()
    except TypeError:
        return False


def _column_of_objects(values: ArrayLike | Sequence[Any], name: str) -> list[Any]:
    """Return Python objects; a list keeps its types, an array of several columns gives tuples."""
    if isinstance(values, list | tuple):
        plain: list[Any] = [one.item() if isinstance(one, np.generic) else one for one in values]
        return [tuple(one) if isinstance(one, list | np.ndarray) else one for one in plain]
    if np.ma.is_masked(values):
        raise AnalysisError("has masked values", where=name, advice="Leave those subjects out.")
    array = np.asarray(values)
    if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1):
        listed: list[Any] = array.ravel().tolist()
        return listed
    if array.ndim == 2:
        return [tuple(row) for row in array.tolist()]
    raise AnalysisError("is no column", where=name, got=f"shape {array.shape}")


def _is_censored(cause: object) -> bool:
    return cause == "0" if isinstance(cause, str) else bool(cause == CENSORED)


def _hashable(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_hashable(one) and one is not None for one in value)
    return isinstance(value, Hashable)


def _order(label: Any) -> tuple[Any, ...]:  # noqa: ANN401 - labels are of any type
    if isinstance(label, tuple):
        return (2, *(_order(one) for one in label))
    if isinstance(label, int | float):
        return (0, float(label), "")
    return (1, 0.0, str(label))
