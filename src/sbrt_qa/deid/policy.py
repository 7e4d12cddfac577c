"""What stays of a file when it is de-identified: the policy as data, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from sbrt_qa.protocol.protocol_files import read_settings

POLICY_FILE: Final = "policy.yaml"


@dataclass(frozen=True, slots=True)
class TextRule:
    """What becomes of a text: by which rule a value stays, and what stands in its place."""

    kept: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class ReleaseClass:
    """A SOP class that may be released, and the elements it may have, by keyword."""

    name: str
    allowed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """What stays, how, and what is written anew; everything that is not named is removed.

    Parameters
    ----------
    classes
        By SOP class UID.
    texts, terms
        By keyword: rules of texts, and the values that coded strings may have.
    words
        Words that texts may be made of, beside names of structures.
    """

    id: str
    version: str
    method_codes: tuple[str, ...]
    classes: Mapping[str, ReleaseClass]
    written: frozenset[str]
    emptied: frozenset[str]
    texts: Mapping[str, TextRule]
    terms: Mapping[str, frozenset[str]]
    bulk: frozenset[str]
    words: frozenset[str]


@cache
def policy() -> Policy:
    """Return the policy of this package."""
    content = files(__package__).joinpath(POLICY_FILE).read_bytes()
    data, _ = read_settings(content, POLICY_FILE)
    groups: dict[str, list[str]] = data["groups"]  # type: ignore[assignment]
    classes = {
        uid: ReleaseClass(
            one["name"], frozenset(key for group in one["groups"] for key in groups[group])
        )
        for uid, one in data["classes"].items()  # type: ignore[attr-defined]
    }
    texts = {k: TextRule(**rule) for k, rule in data["texts"].items()}  # type: ignore[attr-defined]
    terms = {k: frozenset(map(str, v)) for k, v in data["terms"].items()}  # type: ignore[attr-defined]
    return Policy(
        id=str(data["id"]),
        version=str(data["version"]),
        method_codes=tuple(data["method_codes"]),  # type: ignore[arg-type]
        classes=classes,
        texts=texts,
        terms=terms,
        written=_names(data, "written"),
        emptied=_names(data, "emptied"),
        bulk=_names(data, "bulk"),
        words=_names(data, "words"),
    )


def _names(data: Mapping[str, object], part: str) -> frozenset[str]:
    return frozenset(map(str, data[part]))  # type: ignore[call-overload]
