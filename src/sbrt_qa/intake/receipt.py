"""What a site holds in its hand: which bytes arrived when, and where the records stood then."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from sbrt_qa.errors import ResultError

SCHEMA: Final = "sbrt_qa.receipt/1"
MOST_BYTES: Final = 16 * 1024**2


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """One file as it arrived."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a site gets when its submission was reviewed.

    Parameters
    ----------
    submission
        As the office calls it: ``SITE/SUBJECT/v1``.
    door
        The way in.
    received, recorded
        When the last file arrived, and when it was reviewed; UTC, ISO 8601.
    files
        As they arrived.
    reviewed
        SHA-256 of the files that were reviewed: those that arrived, or what de-identification made
        of them.
    dates_shifted
        Whether dates in them are moved.
    head_seq, head_hash
        End of the chain of the office's records, which holds the submission.
    """

    submission: str
    door: str
    received: str
    recorded: str
    files: tuple[ReceivedFile, ...]
    reviewed: tuple[str, ...]
    dates_shifted: bool
    head_seq: int
    head_hash: str

    def told(self) -> dict[str, Any]:
        """Return what it says, without its own hash."""
        told = asdict(self)
        head = {"seq": told.pop("head_seq"), "hash": told.pop("head_hash")}
        return {"schema": SCHEMA, **told, "head": head}

    @property
    def sha256(self) -> str:
        """SHA-256 over what it says, in canonical JSON; the records of the office hold it."""
        text = json.dumps(self.told(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> str:
        """Return it as a file."""
        return (
            json.dumps({**self.told(), "sha256": self.sha256}, indent=2, ensure_ascii=False) + "\n"
        )


def read_receipt(text: str) -> Receipt:
    """Read what :meth:`Receipt.to_json` wrote.

    Raises
    ------
    ResultError
        It is no receipt, or it was changed: its hash is another.
    """
    try:
        held = json.loads(text)
        schema, stated, head = held.pop("schema"), held.pop("sha256"), held.pop("head")
        files = tuple(ReceivedFile(**one) for one in held.pop("files"))
        receipt = Receipt(
            **{**held, "reviewed": tuple(held["reviewed"])},
            files=files, head_seq=head["seq"], head_hash=head["hash"],
        )  # fmt: skip
        digest = receipt.sha256
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ResultError("not a receipt") from None
    if schema != SCHEMA:
        raise ResultError("not a receipt")
    if digest != stated:
        raise ResultError("the receipt was changed: its hash is not that of what it says")
    return receipt
