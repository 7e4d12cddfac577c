"""What all parts of a protocol file share: their base, and the kinds of their values."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]


class FrozenPart(BaseModel):
    """Base of all parts: frozen, and nothing unknown goes unnoticed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
