#!/usr/bin/env python3
"""Write docs/schema/: the JSON Schemas of what is read and written, as `sbrt-qa schema` does.

`tests/test_schemas.py` fails when they are not what the code says.
"""

from __future__ import annotations

import json
from pathlib import Path

from sbrt_qa import pipeline
from sbrt_qa.protocol.anatomy_ranges import anatomy_json_schema
from sbrt_qa.review.case_review import review_json_schema

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "schema"

SCHEMAS = {
    "review-1.json": review_json_schema,
    "protocol.json": pipeline.protocol_schema,
    "anatomy-1.json": anatomy_json_schema,
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, schema in SCHEMAS.items():
        text = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
