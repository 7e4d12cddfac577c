"""What the user maps by ``--map``: names, keys and expressions of the structures of a plan."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sbrt_qa.errors import UsageError, did_you_mean, quoted
from sbrt_qa.model.outcome import Reason
from sbrt_qa.model.structure import Structure, StructureSet
from sbrt_qa.protocol.expressions import (
    Leaf,
    Tree,
    UnknownStructureError,
    parse_expression,
    substitute,
)

LISTED = 12
"""Names of a plan that a message repeats; further ones are counted."""


def trees_of_map(text: str, keys: Mapping[str, Structure]) -> list[Tree[Structure]]:
    """Read an expression of ROI names or keys; a name that ROIs share gives all of them.

    Nothing where the plan lacks a name.

    Raises
    ------
    UsageError
        The text is an expression that breaks the grammar.
    """
    by_name = [s for s in keys.values() if s.name == text]
    if by_name:
        return [Leaf(s) for s in by_name]
    try:
        tree = parse_expression(text, keys.keys() - {""})
    except UnknownStructureError:
        return []
    except UsageError:
        if not set(text) & set("()"):  # a name that the plan lacks may look like anything
            raise
        return []
    return [substitute(tree, lambda key: Leaf(keys[key]))]


def refuse_unknown_maps(mapping: Mapping[str, str], plans: Iterable[StructureSet | Reason]) -> None:
    """Refuse a map whose name none of the plans has; plans whose structures are unread have any.

    Raises
    ------
    UsageError
        The message names what is near, and what there is.
    """
    sets = list(plans) if mapping else []
    known = [one.keys() for one in sets if not isinstance(one, Reason)]
    if not known or len(known) < len(sets):
        return
    names = {s.name or key for keys in known for key, s in keys.items()}
    for text, meant in mapping.items():
        if any(trees_of_map(text, keys) for keys in known):
            continue
        shown = ", ".join(map(quoted, sorted(names)[:LISTED]))
        more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        raise UsageError(
            "--map names a structure that the plan does not have",
            got=quoted(f"{text}={meant}"),
            expected=f"one of {shown}{more}, or an expression of them",
            advice=_near(text, names),
        )


def _near(text: str, names: set[str]) -> str:
    """Return what the first word that is no name comes near to."""
    words = [text, *(word.strip() for word in re.split(r"[-+&()]", text))]
    near = (did_you_mean(word, names) for word in words if word not in names)
    return next(filter(None, near), "")
