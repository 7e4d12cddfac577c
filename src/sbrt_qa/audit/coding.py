"""The codes that a submission goes by: those of the trial, or keyed hashes in their place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sbrt_qa.audit.layout import UNKNOWN_SITE, Naming, is_code
from sbrt_qa.deid.secret import Secret
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.outcome import Finding


@dataclass(frozen=True, slots=True)
class Coded:
    """Site and subject as they are stored, and what a reviewer should know of how they came."""

    site: str
    subject: str
    findings: tuple[Finding, ...] = ()


def coded(
    named: Naming,
    key: str,
    secret: Secret,
    *,
    pseudonymize: bool,
    refused: Collection[str] = (),
) -> Coded:
    """Return the codes of a submission.

    A name that is no code - it has blanks, a date, or no digit - may be a person's, and is
    replaced by a keyed hash.

    Parameters
    ----------
    named
        What place and tags say together.
    key
        The place, which stands in where nothing names a subject.
    secret
        Key of the hashes.
    pseudonymize
        Replace every subject's code.
    refused
        What is the patient's own name or number, and no code whatever it looks like.
    """
    found: list[Finding] = []
    site, subject = named.site or UNKNOWN_SITE, named.subject
    if not is_code(site) or site in refused:
        site = secret.code("S", site)
        found.append(_replaced(say("site")))
    if subject is None:
        subject = secret.code("X", key)
        found.append(_nameless())
    elif pseudonymize:
        subject = secret.code("P", subject)
    elif not is_subject_code(subject) or subject in refused:
        subject = secret.code("X", subject)
        found.append(_replaced(say("subject")))
    return Coded(site, subject, tuple(found))


def is_subject_code(name: str) -> bool:
    """Tell whether a name can be a subject's code: as any code, and with a digit in it."""
    return is_code(name) and any(c.isdigit() for c in name)


def differs() -> Finding:
    """Return the finding that folder and files name different subjects."""
    return Finding(
        "SUBJECT_DIFFERS",
        None,
        say("subject"),
        say(
            "the folder names another subject than the clinical trial elements of its files; the "
            "name of the folder is used"
        ),
        say("Check whose plan this is before anything else."),
    )


def _replaced(what: str) -> Finding:
    return Finding(
        "NAME_IS_NO_CODE",
        None,
        what,
        say("the name of the {0} is not a code of the trial; a keyed hash is used instead", what),
        say("Rename the folder, or give a manifest."),
    )


def _nameless() -> Finding:
    return Finding(
        "SUBJECT_UNKNOWN",
        None,
        say("subject"),
        say(
            "neither folders nor clinical trial elements name a subject; a keyed hash is used "
            "instead"
        ),
        say("Sort the submissions as SITE/SUBJECT/VERSION, or give a manifest."),
    )
