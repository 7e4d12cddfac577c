"""The names of targets of one protocol, on top of those that are known everywhere."""

from __future__ import annotations

from sbrt_qa.model.target_kind import kind_in_name
from sbrt_qa.protocol.definition import Protocol
from sbrt_qa.protocol.folding import folded


class TargetBook:
    """The names of targets of one protocol, on top of those that are known everywhere."""

    def __init__(self, protocol: Protocol) -> None:
        unclear = {folded(name) for name in protocol.unclear_names}
        self._kinds = {
            folded(name): s.name
            for s in protocol.structures
            if s.kind == "target"
            for name in (s.name, *(n for names in s.aliases.values() for n in names))
        }
        self._unclear = {key for key in self._kinds if key in unclear}
        self._others = {
            folded(name)
            for s in protocol.structures
            if s.kind != "target"
            for name in (s.name, *(n for names in s.aliases.values() for n in names))
        }

    def kind(self, name: str) -> str | None:
        """Return the kind of a target name, empty where it says none, None where it is no target.

        An alias may be followed by a number.
        """
        key = folded(name)
        if key in self._others:
            return None
        known = self._kinds.get(key) or self._kinds.get(key.rstrip("0123456789"))
        if known is not None:
            return "" if {key, key.rstrip("0123456789")} & self._unclear else known
        return kind_in_name(name)

    def is_other(self, name: str) -> bool:
        """Tell whether a name is that of an organ, or of the body, in the protocol."""
        return folded(name) in self._others
