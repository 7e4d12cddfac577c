#!/usr/bin/env python3
"""Write constraints.txt and sbom.cdx.json of what the program needs at run time, as installed.

`pip install --constraint constraints.txt .` installs these versions. The bill of materials is
CycloneDX 1.6: names, versions, licences and which package needs which, from their metadata.
"""

from __future__ import annotations

import json
import re
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
SBOM = ROOT / "sbom.cdx.json"
ITSELF = "sbrt-qa"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needs(name: str, extras: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    """Return what a package needs on this system, each with the extras that it asks for."""
    found = {}
    for text in metadata.distribution(name).requires or []:
        asked = Requirement(text)
        worlds = [{"extra": extra} for extra in extras or ("",)]
        if asked.marker is None or any(asked.marker.evaluate(world) for world in worlds):
            found[normal(asked.name)] = tuple(sorted(asked.extras))
    return found


def closure() -> dict[str, set[str]]:
    """Return every package that is needed, with those that it needs."""
    graph: dict[str, set[str]] = {}
    waiting: list[tuple[str, tuple[str, ...]]] = [(ITSELF, ())]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        asked = needs(name, extras)
        graph.setdefault(name, set()).update(asked)
        waiting += asked.items()
    return graph


def licence(name: str) -> dict[str, Any]:
    about = metadata.metadata(name)
    if expression := about.get("License-Expression"):
        return {"expression": expression}
    classes = [
        c.rsplit(" :: ", 1)[1] for c in about.get_all("Classifier") or [] if "License ::" in c
    ]
    text = classes[0] if classes else (about.get("License") or "not stated").splitlines()[0][:60]
    return {"license": {"name": text}}


def component(name: str) -> dict[str, Any]:
    version = metadata.version(name)
    purl = f"pkg:pypi/{name}@{version}"
    return {
        "type": "application" if name == ITSELF else "library",
        "bom-ref": purl, "name": name, "version": version, "purl": purl,
        "licenses": [licence(name)],
    }  # fmt: skip


def main() -> None:
    graph = closure()
    own, others = component(ITSELF), [component(n) for n in sorted(graph) if n != ITSELF]
    ref = {one["name"]: one["bom-ref"] for one in (own, *others)}
    text = "".join(f"{one['name']}=={one['version']}\n" for one in others)
    CONSTRAINTS.write_text(
        f"# Versions that were tried together; scripts/make_sbom.py writes it.\n{text}"
    )
    bill = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, text + own['version'])}",
        "metadata": {"component": own},
        "components": others,
        "dependencies": [
            {"ref": ref[name], "dependsOn": sorted(ref[n] for n in asked)}
            for name, asked in sorted(graph.items())
        ],
    }  # fmt: skip
    SBOM.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(others)} packages")


if __name__ == "__main__":
    main()
