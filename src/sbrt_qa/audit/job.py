"""What the worker of an audit is sent about a submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sbrt_qa.audit.earlier import Before
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements


@dataclass(frozen=True, slots=True)
class SubmissionJob:
    """One submission to review; it reaches a process, here or elsewhere, unchanged.

    Parameters
    ----------
    path
        Folder or archive of the submission.
    protocols
        JSON of every version of the protocol; reading YAML once for each case would take longer
        than the limits.
    mapping
        Structure name in the plan -> name in the protocol.
    fixed
        Whether the one version was asked for, whatever the planning date.
    known
        Fingerprints of inputs that need no review.
    codes
        Site and subject as far as they are known, which may stand in the files.
    before
        The submission that this one takes the place of.
    report
        Beginning of the paths of case reports; None for none.
    site, version
        Code of the site and number of the submission, as a report tells them; may be empty.
    renamed
        Pseudonyms by name, where subjects go by pseudonyms; those of names that only the files
        tell are not known here.
    subject
        Code of the subject by the place, which reports show whatever the files say; may be empty.
    older
        Whether the place may be known by a fingerprint as version 0.1.0 took it.
    head
        End of the chain when the review was asked for, which reports show.
    waiting
        The query that waits for an answer when the review is asked for: by which day, and about
        what; both empty for none.
    stated
        What the trial office states of the plans.
    words
        Hash of all that is stated, names of `mapping` included; empty where nothing is.
    language
        Of the report.
    """

    path: Path
    protocols: tuple[str, ...]
    mapping: Mapping[str, str] = field(default_factory=dict)
    fixed: bool = False
    known: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    before: Before | None = None
    report: Path | None = None
    site: str = ""
    version: str = ""
    renamed: Mapping[str, str] | None = None
    subject: str = ""
    older: bool = False
    head: str = ""
    waiting: tuple[str, str] = ("", "")
    stated: UserStatements = NOTHING_STATED
    words: str = ""
    language: str = "en"
