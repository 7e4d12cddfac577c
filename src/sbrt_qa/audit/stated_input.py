"""The fingerprint of an input that somebody stated something of.

What is stated decides as the files do. So the same files under other words are another input, which
is reviewed anew; without words the fingerprint is that of the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from sbrt_qa.deid.secret import Secret
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements


def words_digest(secret: Secret, stated: UserStatements, mapping: Mapping[str, str]) -> str:
    """Return a keyed hash of all that is stated of a submission; empty where nothing is."""
    if stated == NOTHING_STATED and not mapping:
        return ""
    told = [stated.to_values(), sorted(mapping.items())]
    return secret.digest(f"stated {json.dumps(told, sort_keys=True)}")


def under_words(fingerprint: str, words: str) -> str:
    """Return the fingerprint of files under what is stated of them, see :func:`words_digest`."""
    if not words:
        return fingerprint
    return hashlib.sha256(f"{fingerprint} {words}".encode()).hexdigest()
