"""The search for identifiers in all that a submission says; made where its files are read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbrt_qa.audit.privacy import Scan
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.dicom.read.identifiers import Identity
    from sbrt_qa.model.case import Case
    from sbrt_qa.model.plan import Plan
    from sbrt_qa.model.stated import UserStatements
    from sbrt_qa.protocol.versions import ProtocolFamily


def scanned(
    inventory: Inventory, identity: Identity, family: ProtocolFamily, codes: Sequence[str]
) -> Scan:
    """Look for identifiers in all that a submission says."""
    from sbrt_qa.audit.coding import is_subject_code
    from sbrt_qa.audit.layout import is_code
    from sbrt_qa.audit.privacy import Header, Texts, scan
    from sbrt_qa.model.outcome import Reason

    refused = refused_codes(identity, (*codes, *identity.subjects, *identity.sites))
    codes = [code for code in codes if code not in refused]
    known = [code for code in identity.subjects if code not in refused]
    subjects = [code for code in known if is_subject_code(code)]
    sites = [code for code in identity.sites if is_code(code) and code not in refused]
    odd = tuple(code for code in identity.subjects if code not in subjects)
    header = Header(
        identity.names,
        identity.ids,
        identity.birth_dates,
        {**identity.people, **({"ClinicalTrialSubjectID": odd} if odd else {})},
        identity.others,
        identity.private,
        codes=tuple(filter(None, (*codes, *subjects, *sites))),
    )
    structures: list[str] = []
    labels: list[str] = []
    words: list[str] = []
    for case in inventory.cases:
        structures += structure_names(case)
        words += (text for pair in case.stated.not_targets for text in pair)
        words += (*case.stated.far, *(one.target for one in case.stated.rx))
        if not isinstance(case.structures, Reason):
            labels.append(case.structures.label)
        labels += [case.label, case.subject]
        if not isinstance(case.plan, Reason):
            labels += _written(case.plan)
    labels = [*refused, *(text for text in labels if text not in subjects)]
    files = [(one.name, one.modality) for one in inventory.files]
    files += [(one.name, "") for one in inventory.ignored]
    said = tuple(filter(None, words))
    texts = Texts(tuple(structures), tuple(labels), tuple(files), _vocabulary(family), said)
    return scan(header, texts)


def structure_names(case: Case) -> list[str]:
    """Return the names of a case's structures."""
    from sbrt_qa.model.outcome import Reason

    if isinstance(case.structures, Reason):
        return []
    return [s.name for s in case.structures.structures]


def without_names(stated: UserStatements, case: Case) -> UserStatements:
    """Return what the office states without reasons, and without names that the case does not have.

    Both may tell of a patient whom the files do not know. Organs are those of the protocol.
    """
    there = {*structure_names(case)}
    entry = "entry of the manifest no. "
    apart = enumerate(stated.not_targets, 1)
    rx = enumerate(stated.rx, 1)
    return replace(
        stated,
        not_targets=tuple((name if name in there else f"{entry}{n}", "") for n, (name, _) in apart),
        rx=tuple(
            one if one.target in there else replace(one, target=f"{entry}{n}") for n, one in rx
        ),
    )


def refused_codes(identity: Identity, codes: Sequence[str]) -> list[str]:
    """Return what stands in the place of a code and is the patient's own name or number."""
    from sbrt_qa.audit.layout import is_code
    from sbrt_qa.audit.privacy import Header, names_patient

    header = Header(identity.names, identity.ids, identity.birth_dates)
    sites = [code for code in (*codes, *identity.sites) if is_code(code)]
    return [code for code in dict.fromkeys(codes) if names_patient(code, header, sites)]


def _written(plan: Plan) -> list[str]:
    """Return the texts of a plan that people wrote."""
    beams = [text for one in plan.beams for text in (one.name, one.tolerance_table)]
    references = [one.description for one in plan.dose_references]
    texts = [plan.label, plan.name, plan.prescription_text, *plan.machines, *beams, *references]
    return [text for text in texts if text]


def _vocabulary(family: ProtocolFamily) -> frozenset[str]:
    """Return the words of structure names, which are no names of people here."""
    structures = (s for version in family.versions for s in version.structures)
    names = [n for s in structures for n in (s.name, *sum(s.aliases.values(), ()))]
    words = (w.casefold() for name in names for w in re.findall(r"[^\W_]+", name))
    return frozenset(words)
