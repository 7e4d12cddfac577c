"""Recurrences that were mapped onto treated plans, read back from answers of ``trial failure``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sbrt_qa.errors import ResultError
from sbrt_qa.i18n.phrase import with_phrases
from sbrt_qa.model.outcome import ReasonCode
from sbrt_qa.trial.failure_schemes import FailureClass, Scheme
from sbrt_qa.trial.failure_slice import FailureSlice, slice_from_json

SCHEMA: Final = "sbrt_qa.failure/1"


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """One recurrence.

    Parameters
    ----------
    rec
        Its number in the data of the trial; None where nobody said.
    decisive
        The scheme that decides.
    classes
        By scheme; empty where `reason_code` and `reason` say why there is no class.
    stability
        By scheme in how many of the trials of the registration's error each class came out.
    volume_cc, mean_gy, d95_gy
        Of the recurrence, planned dose.
    findings
        What a reviewer should know.
    """

    subject: str
    rec: int | None
    structure: str
    decisive: Scheme
    classes: Mapping[Scheme, FailureClass]
    stable: bool
    counts: Mapping[str, int]
    volume_cc: float | None
    mean_gy: float | None
    d95_gy: float | None
    error_mm: float
    reason_code: str
    reason: str
    findings: tuple[str, ...]
    slice: FailureSlice | None

    @property
    def failure_class(self) -> FailureClass | None:
        """The class by the decisive scheme."""
        return self.classes.get(self.decisive)


def failure_records(text: str) -> tuple[FailureRecord, ...]:
    """Read the answer of ``trial failure --subject CODE -f json``.

    Raises
    ------
    ResultError
        It is none, or does not say whose recurrence it is.
    """
    try:
        data = json.loads(text)
        if data["schema"] != SCHEMA or not isinstance(data["subject"], str):
            raise ResultError(
                "an answer of trial failure does not say whose recurrence it is",
                advice="Make it with --subject CODE -f json.",
            )
        scheme = Scheme(data["scheme"])
        told = tuple(_told(one, "message") for one in data["findings"])
        return tuple(_record(data, one, scheme, told) for one in data["recurrences"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResultError("not an answer of trial failure", expected=SCHEMA) from error


def _told(one: Mapping[str, Any], name: str) -> str:
    """Return a sentence that can be translated, where its parts stand beside it."""
    return with_phrases({name: str(one[name])}, one.get("phrases"))[name]


def _record(
    data: Mapping[str, Any], one: Mapping[str, Any], scheme: Scheme, told: tuple[str, ...]
) -> FailureRecord:
    rec = one.get("rec")
    if one["class"] is None:
        return FailureRecord(
            data["subject"], rec, str(one["structure"]), scheme, {}, False, {},  # noqa: FBT003
            None, None, None, float(data["error_mm"]),
            str(ReasonCode(one["reason"]["code"])), _told(one["reason"], "detail"), told, None,
        )  # fmt: skip
    classes = {Scheme(name): FailureClass(word) for name, word in one["classes"].items()}
    stability = one["stability"][scheme]
    found = one.get("slice")
    return FailureRecord(
        data["subject"], rec, str(one["structure"]), scheme, classes, bool(stability["stable"]),
        {str(FailureClass(name)): int(n) for name, n in stability["counts"].items()},
        float(one["volume_cc"]), float(one["dose_gy"]["mean"]), float(one["dose_gy"]["D95"]),
        float(data["error_mm"]), "", "",
        (*told, *(_told(each, "message") for each in one["findings"])),
        slice_from_json(found) if found is not None else None,
    )  # fmt: skip
