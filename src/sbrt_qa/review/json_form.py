"""The versioned JSON form of a result: written, and read back exactly or refused.

Beside the fields stand, as ``phrases``, the parts of all sentences by their place in the document,
so that they can be put into another language later.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from sbrt_qa.errors import ResultError, quoted
from sbrt_qa.i18n.phrase import phrases_in, with_phrases

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JsonForm(Generic[T]):
    """How one kind of result is written.

    Parameters
    ----------
    kind
        Its class; the instance says its version in a field ``schema``.
    schema
        Name and version; another version is refused, not guessed at.
    noun
        What errors call it.
    lead
        Gives what stands first in a document, beside the fields; it is not read back.
    """

    kind: type[T]
    schema: str
    noun: str
    lead: Callable[[T], dict[str, Any]] = lambda _: {}

    @property
    def adapter(self) -> TypeAdapter[T]:
        """What reads and writes the class; made when it is first asked for."""
        return _adapter(self.kind)  # type: ignore[arg-type]

    def write(self, value: T, *, indent: int | None = None) -> str:
        """Return the JSON text of a result."""
        data = self.adapter.dump_python(value) | {"phrases": phrases_in(value)}
        return to_json(self.lead(value) | data, indent=indent).decode()

    def read(self, text: str) -> T:
        """Return the result that a text holds.

        Raises
        ------
        ResultError
            The text is not JSON, incomplete, or of another version.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            expected = f"JSON of {self.schema}"
            raise ResultError(f"not a stored {self.noun}", expected=expected) from error
        schema = data.get("schema") if isinstance(data, dict) else None
        if schema != self.schema:
            raise ResultError("unknown kind of result", got=quoted(schema), expected=self.schema)
        try:
            return with_phrases(self.adapter.validate_python(data), data.get("phrases"))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            raise ResultError(
                f"a stored {self.noun} is broken",
                where=".".join(str(part) for part in first["loc"]),
                got=str(first["msg"]),
                expected=self.schema,
            ) from error


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
