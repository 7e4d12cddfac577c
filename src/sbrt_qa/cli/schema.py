"""``sbrt-qa schema``: the form of what this program reads and writes, for other programs."""

from __future__ import annotations

import enum
import json
from typing import Annotated

import typer

from sbrt_qa import pipeline
from sbrt_qa.cli.options import Out
from sbrt_qa.cli.output import emit, refuse_overwriting, refuse_wrong_suffix


class SchemaKind(enum.StrEnum):
    """What has a schema."""

    REVIEW = "review"
    PROTOCOL = "protocol"
    ANATOMY = "anatomy"


def schema(
    kind: Annotated[
        SchemaKind,
        typer.Argument(help="A review (check -f json), a protocol file, or the ranges of organs."),
    ],
    out: Out = None,
) -> None:
    """Print the JSON Schema of a review, of a protocol file, or of the ranges of organs."""
    from sbrt_qa.review.case_review import review_json_schema  # start-up: pydantic only when asked

    refuse_overwriting(out, [])
    from sbrt_qa.protocol.anatomy_ranges import anatomy_json_schema  # the same

    makers = {
        SchemaKind.REVIEW: review_json_schema,
        SchemaKind.PROTOCOL: pipeline.protocol_schema,
        SchemaKind.ANATOMY: anatomy_json_schema,
    }
    found = makers[kind]()
    refuse_wrong_suffix(out, "json", ("json",))
    emit(json.dumps(found, indent=2, ensure_ascii=False) + "\n", out)
