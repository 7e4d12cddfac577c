"""Files that their sender de-identified, looked at again before they are taken as they are."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydicom import dcmread

from sbrt_qa.deid.identifier_search import IdentifierFinder, Identifiers
from sbrt_qa.deid.pixel_risks import pixel_risk
from sbrt_qa.deid.policy import policy
from sbrt_qa.deid.verifier import doubts_of
from sbrt_qa.dicom.files.deid_account import MANIFEST, account_in

WHOLE: Final = frozenset(
    [
        "schema", "policy", "subject", "site", "trial", "dates_shifted", "protocols", "files",
        "held", "left",
    ]
)  # fmt: skip
PARTS: Final = frozenset({"id", "version", "why", "name", "sha256", "modality", "sop_class"})
"""Parts of an account, and of the rows in it."""

_CODE: Final = re.compile(r"[0-9A-Za-z._+\-]{0,64}|own protocol")

SAYS_MORE: Final = "the account of de-identification says more than one does"
SAID_BUT_NOT: Final = "the account of de-identification does not fit the files"
OTHER_SUBJECT: Final = "it was de-identified as another subject than it is sent for"


def verify_here(
    folder: str, subject: str, codes: Sequence[str], *, accepted: bool = False
) -> dict[str, Any]:
    """Look at files with the account of their de-identification as a stranger would.

    Called in a child. The originals are not known here: every element has to be one that the policy
    lets through, and every file has to be named by the account and to go by its subject alone.

    Parameters
    ----------
    folder
        With the account, by its name.
    subject, codes
        The code that it is sent for, and others that may stand in it.
    accepted
        Whether a person of the office has looked at the pixels.

    Returns
    -------
    dict
        ``why`` it is not taken as it is (empty when it is), and ``files`` with their hashes.
    """
    place, rules = Path(folder), policy()
    account = account_in(place / MANIFEST)
    said = {str(row.get("sha256")) for row in account["files"] if isinstance(row, dict)}
    finder = IdentifierFinder(Identifiers(), (subject, *codes))
    there: list[str] = []
    if account.get("subject") != subject:
        return {"why": OTHER_SUBJECT, "files": []}
    if not _says_no_more(account):
        return {"why": SAYS_MORE, "files": []}
    for path in sorted(p for p in place.iterdir() if p.name != MANIFEST):
        content = path.read_bytes()
        there.append(hashlib.sha256(content).hexdigest())
        if there[-1] not in said:
            return {"why": SAID_BUT_NOT, "files": []}
        if doubts := doubts_of(content, rules, finder):
            told = ", ".join(sorted({one.where for one in doubts}))
            return {"why": f"the verifier doubts: {told}", "files": []}
        if not _goes_by(content, subject):
            return {"why": OTHER_SUBJECT, "files": []}
        if not accepted and (why := pixel_risk(dcmread(io.BytesIO(content)))):
            return {"why": why, "files": []}
    return {"why": "" if there and said == {*there} else SAID_BUT_NOT, "files": there}


def _says_no_more(account: Mapping[str, Any]) -> bool:
    """Tell whether an account has its own parts only, each of codes and numbers."""
    rows = [account.get("policy"), *account["files"], *account.get("protocols", ())]
    texts = [account.get(name, "") for name in ("subject", "site", "trial")]
    if not all(isinstance(row, dict) and set(row) <= PARTS for row in rows):
        return False
    texts += [text for row in rows for text in row.values()]
    numbers = [account.get(name, 0) for name in ("held", "left", "dates_shifted")]
    return (
        set(account) <= WHOLE
        and all(isinstance(one, str) and _CODE.fullmatch(one) for one in texts)
        and all(isinstance(one, int) for one in numbers)
    )


def _goes_by(content: bytes, subject: str) -> bool:
    """Tell whether a file says that it was de-identified, and goes by its subject alone."""
    head = dcmread(io.BytesIO(content), stop_before_pixels=True)
    names = {str(head.get(name, "")).strip() for name in ("PatientName", "PatientID")}
    return names == {subject} and str(head.get("PatientIdentityRemoved", "")) == "YES"
