"""One submission reviewed in a process of its own: it reads the files, the parent only its answer.

What leaves this process holds no identifiers: texts with any are cleaned here, because only here
are they known.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sbrt_qa.errors import SbrtQaError

if TYPE_CHECKING:
    from sbrt_qa.audit.privacy import Scan
    from sbrt_qa.dicom.identifiers import Identity
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.isolation import Limits, Outcome
    from sbrt_qa.model.case import Case
    from sbrt_qa.model.outcome import Finding
    from sbrt_qa.protocol.schema import Protocol
    from sbrt_qa.review.result import CaseReview

_ROI: Final = re.compile(r"roi (\d+)")


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker is sent: plain values only.

    Parameters
    ----------
    path
        Folder or archive of the submission.
    protocol
        JSON of the protocol; reading YAML once for each case would take longer than the limits.
    known
        Fingerprints of inputs that need no review.
    codes
        Site and subject as far as they are known, which may stand in the files.
    """

    path: str
    protocol: str
    mapping: Mapping[str, str]
    known: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


def review_in_child(job: Job, limits: Limits) -> Outcome:
    """Review a submission in a process of its own and wait for its answer."""
    from sbrt_qa.isolation import run_isolated

    get_warm()
    return run_isolated(review_submission, (asdict(job),), limits, prepare=get_ready)


def get_warm(*, at_once: bool = False) -> None:
    """Have the process that all children are forked from warm up, see `sbrt_qa.ready`."""
    from sbrt_qa.isolation import preload

    preload(["__main__", "sbrt_qa.ready"], at_once=at_once)


def get_ready() -> None:
    """Warm up, unless the process that this one was forked from has done so."""
    if "sbrt_qa.ready" not in sys.modules:
        from sbrt_qa import workflows

        workflows.warm_up()


def review_submission(job: Mapping[str, Any]) -> dict[str, Any]:
    """Review every plan of a submission; called in the child.

    Returns ``{"input": ..., "unchanged": True}`` for a known input. Otherwise the answer has the
    input's fingerprint, files, findings, tags and cases; or, where nothing could be read,
    ``refused`` with the reason.
    """
    from sbrt_qa.audit.discovery import fingerprint
    from sbrt_qa.dicom.load import inspect_with_identity
    from sbrt_qa.protocol.schema import Protocol

    path = Path(job["path"])
    digest = fingerprint(path)
    if digest in job["known"]:
        return {"input": digest, "unchanged": True}
    protocol = Protocol.model_validate_json(job["protocol"])
    try:
        inventory, identity = inspect_with_identity([path])
    except SbrtQaError as error:
        return {"input": digest, "refused": error.what, "got": _harmless(error)}
    found = _scan(inventory, identity, protocol, job["codes"])
    cases = [_reviewed(case, protocol, job["mapping"]) for case in inventory.cases]
    files = [[one.sha256, one.modality] for one in inventory.files]
    from sbrt_qa.audit.privacy import scrub

    return {
        "input": digest,
        "files": files,
        "findings": [_plain(one) for one in found.findings],
        "site": _only(identity.sites),
        "subject": _only(identity.subjects),
        "cases": [_cleaned(case, found, scrub) for case in cases],
    }


def _harmless(error: SbrtQaError) -> str:
    """Return the part of an error that names no file."""
    return error.got if error.got and not re.search(r"['\"]", error.got) else ""


def _only(values: Sequence[str]) -> str | None:
    return values[0] if len(values) == 1 else None


def _plain(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "verdict": finding.verdict and finding.verdict.value}


def _scan(
    inventory: Inventory, identity: Identity, protocol: Protocol, codes: Sequence[str]
) -> Scan:
    from sbrt_qa.audit.privacy import Header, Texts, scan
    from sbrt_qa.model.outcome import Reason

    header = Header(
        identity.names,
        identity.ids,
        identity.birth_dates,
        identity.people,
        identity.others,
        identity.private,
        codes=tuple(c for c in (*codes, *identity.subjects, *identity.sites) if c),
    )
    structures: list[str] = []
    labels: list[str] = []
    for case in inventory.cases:
        if not isinstance(case.structures, Reason):
            structures += [s.name for s in case.structures.structures]
            labels.append(case.structures.label)
        labels.append(case.label)
        if not isinstance(case.plan, Reason):
            labels += [case.plan.label, case.plan.name, *case.plan.machines]
    files = [(one.name, one.modality) for one in inventory.files]
    files += [(one.name, "") for one in inventory.ignored]
    texts = Texts(tuple(structures), tuple(labels), tuple(files), _vocabulary(protocol))
    return scan(header, texts)


def _vocabulary(protocol: Protocol) -> frozenset[str]:
    """Return the words of structure names, which are no names of people here."""
    names = [n for s in protocol.structures for n in (s.name, *sum(s.aliases.values(), ()))]
    words = (w.casefold() for name in names for w in re.findall(r"[^\W_]+", name))
    return frozenset(words)


def _reviewed(
    case: Case, protocol: Protocol, mapping: Mapping[str, str]
) -> tuple[CaseReview, str, dict[str, bytes]]:
    from sbrt_qa.dosimetry.case_doses import CaseDoses
    from sbrt_qa.dosimetry.packed import pack
    from sbrt_qa.review.review import review_case
    from sbrt_qa.review.stored import stored

    doses = CaseDoses(case)
    review = review_case(case, protocol, mapping=mapping, doses=doses)
    facts, dvhs = stored(doses, mapping)
    return review, facts.to_json(), {key: pack(dvh) for key, dvh in dvhs.items()}


def _cleaned(case: tuple[CaseReview, str, dict[str, bytes]], found: Scan, scrub: Any) -> Any:  # noqa: ANN401
    review, facts, dvhs = case
    names = _names(review)
    return {
        "document": json.dumps(scrub(json.loads(review.to_json()), found), ensure_ascii=False),
        "facts": json.dumps(scrub(json.loads(facts), found), ensure_ascii=False),
        "dvhs": [
            [key, names.get(_numbers(key), ""), base64.b64encode(data).decode()]
            for key, data in dvhs.items()
        ],
    }


def _names(review: CaseReview) -> dict[tuple[int, ...], str]:
    """Return what ROIs, alone or combined, stand for in the protocol."""
    names = {c.match.roi_numbers: c.structure for c in review.constraints if c.match}
    for one in review.structures:
        if one.matched:
            names[(one.roi_number,)] = one.matched[0]
    return names


def _numbers(key: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _ROI.findall(key))
