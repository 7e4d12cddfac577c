"""What exports get wrong, one small function each: spoils a sound file in one known way.

An oddity changes a dataset in place, or the bytes of a file; it composes with the others. It states
what reading must make of it (:class:`Effect`), so that one test holds the readers against all of
them, alone and together, and a fuzzer can start from every one. They live in this room because
only this room knows DICOM::

    @oddity("RTDOSE", Effect.REPAIRED, "dose-in-cgy")
    def dose_in_cgy(dataset: Dataset) -> None:
        '''Say in one line what the file looks like.'''
"""

from __future__ import annotations

from sbrt_qa.testing.oddities import doses, plans_and_files, structure_sets
from sbrt_qa.testing.oddities.registry import ODDITIES, Effect, Oddity, spoil_case, spoilt

__all__ = [
    "ODDITIES",
    "Effect",
    "Oddity",
    "doses",
    "plans_and_files",
    "spoil_case",
    "spoilt",
    "structure_sets",
]
