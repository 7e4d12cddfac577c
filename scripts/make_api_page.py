#!/usr/bin/env python3
"""Write docs/api.md: every public name with its signature and docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import sbrt_qa
from sbrt_qa import plugins, survival

PAGE = Path(__file__).resolve().parents[1] / "docs" / "api.md"


def signature(value: Callable[..., object]) -> str:
    """Return the parameters as they are called; of the models of files, whose keys are told
    elsewhere, none.
    """
    if hasattr(value, "model_fields"):
        return ""
    try:
        text = str(inspect.signature(value))
    except (TypeError, ValueError):
        return ""
    text = re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", text)
    return re.sub(r"sbrt_qa\.(\w+\.)+", "", text).replace("'", "")


def docstring(value: object) -> str:
    """Return a docstring whose headings of sections are bold and whose lists are lists."""
    text = inspect.getdoc(value) or ""
    text = re.sub(r"^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text, flags=re.M)
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    text = re.sub(r":(?:func|class|meth):`~?([^`]+)`", r"`\1`", text)
    lines, inside = [], False
    for line in text.splitlines():
        if re.fullmatch(r"\*\*(Parameters|Attributes|Raises|Returns)\*\*", line):
            inside = True
            lines += [line, ""]
        elif inside and line.startswith("    "):
            lines[-1] += f" {line.strip()}" if lines[-1] else line.strip()
        elif inside and line.strip():
            lines.append(f"- `{line.strip()}`:")
        else:
            lines.append(line)
    return "\n".join(lines).replace("<", "&lt;").strip()


def entry(name: str, value: Callable[..., object]) -> str:
    kind = "class " if inspect.isclass(value) else ""
    parts = [f"### {name}", f"`{kind}{name}{signature(value)}`", docstring(value)]
    if inspect.isclass(value) and not issubclass(value, Exception | str):
        for own, method in sorted(vars(value).items()):
            if own.startswith("_") or not inspect.isfunction(method):
                continue
            parts += [f"#### {name}.{own}", f"`{own}{signature(method)}`", docstring(method)]
    return "\n\n".join(part for part in parts if part)


def room(title: str, module: ModuleType) -> str:
    names = [n for n in module.__all__ if n not in ("__version__", "survival")]
    found = [entry(name, getattr(module, name)) for name in names]
    return "\n\n".join([f"## {title}", *found])


def page() -> str:
    head = (
        "# API\n\nEvery public name, from its docstring; `scripts/make_api_page.py` writes "
        "this page. How they go together: [in Python](scripting.md). The keys of a protocol: "
        "[key by key](protocol_reference.md)."
    )
    rooms = (("sbrt_qa", sbrt_qa), ("sbrt_qa.plugins", plugins), ("sbrt_qa.survival", survival))
    return "\n\n".join([head, *(room(title, module) for title, module in rooms)]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
