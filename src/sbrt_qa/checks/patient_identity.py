"""Whose files these are, and what is left in them that tells it. No check ever shows a value."""

from __future__ import annotations

from collections.abc import Iterator

from sbrt_qa.checks.registry import CheckContext, Found, Group, Outcome, Passed, check
from sbrt_qa.i18n.phrase import counted, say
from sbrt_qa.model.outcome import Severity

SOURCE = "DICOM PS3.15 annex E; trial offices' intake rules"


@check(
    "PATIENT_DIFFERS",
    title="Patient of all files",
    group=Group.LINKS,
    severity=Severity.BLOCK,
    rows=(1, 2),
)
def patient_differs(context: CheckContext) -> Iterator[Outcome]:
    """Find files of one case that name different patients.

    Patient name and number must be the same in all files of a case. They differ after a careless
    pseudonymisation, or because a file is another patient's.
    """
    headers = context.case.provenance.headers
    others = [h.name for h in headers if not h.same_patient_as_first]
    if others:
        names = say("{0} and {1}", ", ".join(others), headers[0].name)
        text = say("patient name or number differs between {0}", names)
        yield Found(
            say("case"),
            text,
            say("Find out whose files these are."),
            say("several"),
            say("one patient"),
        )
    elif len(headers) > 1:
        yield Passed(say("case"), say("one patient"), say("one patient"))


@check(
    "IDENTITY_NOT_REMOVED",
    title="Removal of identity",
    group=Group.LINKS,
    milder=(Severity.INFO,),
    source=SOURCE,
    rows=(32,),
)
def identity_not_removed(context: CheckContext) -> Iterator[Outcome]:
    """Find files that do not say that the patient's identity was removed.

    Patient Identity Removed (0012,0062) must be YES in every file, with the method beside it. Files
    that a site checks before it sends them are not de-identified yet, so this is information; the
    protocol of a trial office makes it ``block``.
    """
    headers = context.case.provenance.headers
    silent = [h.name for h in headers if h.identity_removed != "YES"]
    vague = [h.name for h in headers if h.identity_removed == "YES" and not h.says_how]
    if silent:
        files = counted(len(headers), "file")
        text = say("identity is not said to be removed in {0} of {1}", len(silent), files)
        advice = say("De-identify them before they leave the site.")
        yield Found(", ".join(silent), text, advice, say("not stated, or NO"), "YES")
    if vague:
        text = say("identity was removed, but not by which method")
        yield Found(
            ", ".join(vague), text, found="YES", expected=say("a method"), severity=Severity.INFO
        )
    if headers and not silent and not vague:
        yield Passed(say("case"), say("YES, with method, in all files"), say("YES, with method"))


@check(
    "IDENTIFIERS_LEFT",
    title="Identifying elements",
    group=Group.LINKS,
    severity=Severity.BLOCK,
    source=SOURCE,
    rows=(32,),
)
def identifiers_left(context: CheckContext) -> Iterator[Outcome]:
    """Find elements that still identify somebody in files that say identity was removed.

    Birth date, addresses, other names and numbers of the patient, names of physicians and
    operators, comments, and a note that text is burned into the image. Only the names of the
    elements are shown, never their values. Masked and dummy values count as empty.
    """
    headers = [h for h in context.case.provenance.headers if h.identity_removed == "YES"]
    clean = 0
    for header in headers:
        left = [*header.identifying, *(["BurnedInAnnotation"] if header.burned_in == "YES" else [])]
        if left:
            text = say("the file says identity was removed, yet holds {0}", ", ".join(left))
            advice = say(
                "Do not pass the file on; ask the site to de-identify it and send it again."
            )
            yield Found(header.name, text, advice, ", ".join(left), say("none of these"))
        else:
            clean += 1
    if clean:
        yield Passed(counted(clean, "file"), say("none"), say("none"))


@check(
    "PRIVATE_ELEMENTS",
    title="Private elements in de-identified files",
    group=Group.LINKS,
    source=SOURCE,
    rows=(32,),
)
def private_elements(context: CheckContext) -> Iterator[Outcome]:
    """Tell of private elements in files that say identity was removed.

    Nobody but their maker knows what they hold.
    """
    for header in context.case.provenance.headers:
        if header.identity_removed == "YES" and header.private_elements:
            text = say("holds {0} private elements", header.private_elements)
            yield Found(header.name, text, say("Check whether one of them holds a name."))


@check(
    "SUBJECT_MISSING",
    title="Trial subject",
    group=Group.LINKS,
    source=SOURCE,
    rows=(32,),
)
def subject_missing(context: CheckContext) -> Iterator[Outcome]:
    """Tell when de-identified files state no Clinical Trial Subject ID (0012,0040)."""
    headers = [h for h in context.case.provenance.headers if h.identity_removed == "YES"]
    if headers and not any(h.has_subject for h in headers):
        yield Found(say("case"), say("no file states a trial subject"))
    elif headers:
        yield Passed(say("case"), say("stated"), say("stated"))


@check(
    "PATIENT_NAME",
    title="Name of the patient",
    group=Group.LINKS,
    severity=Severity.MINOR,
    source=SOURCE,
    rows=(32,),
)
def patient_name(context: CheckContext) -> Iterator[Outcome]:
    """Find a patient name that looks like a person's in files that say identity was removed.

    Two words or more of letters only, none of which is a usual dummy such as ANON or TEST. A
    pseudonym may look like that as well, so that this is minor. The name is never shown.
    """
    headers = [h for h in context.case.provenance.headers if h.identity_removed == "YES"]
    telling = [h.name for h in headers if h.name_like_person]
    if telling:
        text = say("identity was removed, yet the patient's name looks like a person's")
        advice = say("Check it, and ask the site to replace it by the subject's code.")
        yield Found(", ".join(telling), text, advice, say("a name"), say("a code"))
    elif headers:
        yield Passed(counted(len(headers), "file"), say("no person's name"), say("a code"))
