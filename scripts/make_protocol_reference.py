#!/usr/bin/env python3
"""Write docs/protocol_reference.md: every key of a protocol file, from its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sbrt_qa.protocol.definition import protocol_json_schema

PAGE = Path(__file__).resolve().parents[1] / "docs" / "protocol_reference.md"


def kind(part: Mapping[str, Any]) -> str:
    if ref := part.get("$ref"):
        name = ref.rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return ", ".join(f"`{one}`" for one in part["enum"])
    if choices := part.get("anyOf") or part.get("oneOf"):
        return " or ".join(dict.fromkeys(kind(one) for one in choices))
    if part.get("type") == "array":
        return f"list of {kind(part.get('items', {}))}"
    if part.get("type") == "object":
        inside = part.get("additionalProperties")
        return f"mapping to {kind(inside)}" if isinstance(inside, dict) else "mapping"
    words = {"string": "text", "null": "null", "number": "number", "integer": "whole number"}
    return words.get(part.get("type", ""), part.get("type") or "any value")


def bounds(part: Mapping[str, Any]) -> str:
    names = {"minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}
    return ", ".join(f"{sign} {part[key]:g}" for key, sign in names.items() if key in part)


def meanings(text: str) -> dict[str, str]:
    """Return what a docstring says of each parameter."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in text.partition("Parameters\n")[2].splitlines()[1:]:
        if line.startswith("    ") and names:
            for name in names:
                found[name] = f"{found.get(name, '')} {line.strip()}".strip()
        else:
            names = re.split(r",\s*", line.strip())
    return {name: re.sub(r"``([^`]+)``", r"`\1`", said) for name, said in found.items()}


def table(part: Mapping[str, Any]) -> Iterator[str]:
    said = meanings(part.get("description", ""))
    needed = part.get("required", ())
    yield "| key | value | | meaning |"
    yield "|---|---|---|---|"
    for name, one in part.get("properties", {}).items():
        limits = bounds(one)
        value = kind(one) + (f" ({limits})" if limits else "")
        must = "required" if name in needed else ""
        yield f"| `{name}` | {value} | {must} | {said.get(name, '')} |".replace("||", "| |")


def page() -> str:
    schema = protocol_json_schema()
    lines = [
        "# Protocol files, key by key", "",
        "From the schema of the format; `scripts/make_protocol_reference.py` writes this page. "
        "How to write one: [protocols](protocols.md). `sbrt-qa protocol schema` prints the JSON "
        "Schema, with which editors complete and check.",
        "", "## The file", "", *table(schema),
    ]  # fmt: skip
    for name, part in sorted(schema["$defs"].items()):
        if "properties" not in part:
            continue
        first = part.get("description", "").partition("\n\n")[0].replace("\n", " ")
        lines += ["", f"## {name}", "", re.sub(r"``([^`]+)``", r"`\1`", first), "", *table(part)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
