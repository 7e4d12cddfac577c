"""States, stages and verdicts of a desk in words."""

from __future__ import annotations

from typing import Final

from sbrt_qa.i18n.words import msg
from sbrt_qa.model.outcome import Verdict
from sbrt_qa.pipeline.requests import ReviewStage
from sbrt_qa.reports.compose.verdict_words import SIGNS, WORDS
from sbrt_qa.web.desk.desk_checks import CheckState

STATES: Final = {
    CheckState.RECEIVING: msg("Files are coming in"),
    CheckState.LOOKING: msg("Finding out what the files are"),
    CheckState.SEEN: msg("Waits for your choice of protocol"),
    CheckState.REVIEWING: msg("Being reviewed"),
    CheckState.DONE: msg("Done"),
    CheckState.FAILED: msg("Not reviewed"),
    CheckState.HELD: msg("Set aside for a person"),
}

STAGES: Final = {
    ReviewStage.READING: msg("Reading and linking the files"),
    ReviewStage.REVIEWING: msg("Computing doses, limits and plan checks"),
    ReviewStage.SECOND_ENGINE: msg("Computing with the second engine"),
    ReviewStage.GATHERING: msg("Gathering pictures and histograms"),
    ReviewStage.DONE: msg("Writing the report"),
}

VERDICTS: Final = {one.value: (SIGNS[one], WORDS[one]) for one in Verdict}
"""Sign and word of a verdict."""
