"""A small exported case with doses that can be worked out by hand, and a small protocol.

The dose rises along x: 30 Gy at x = 0, 0.5 Gy per mm. Structures are boxes along x, so their doses
are spread evenly between the doses at their two ends.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.dicom.write.common import CaseIds
from sbrt_qa.dicom.write.linked_set import CaseContent, write_case
from sbrt_qa.model.grid import DoseGrid
from sbrt_qa.model.plan import Beam, DoseReference, FractionGroup, Plan
from sbrt_qa.model.structure import Contour, Structure, StructureSet

BOXES = {"PTV": (40.0, 48.0), "Duodenum": (-10.0, 10.0), "Stomach": (-30.0, -20.0)}
PLANES_MM = np.arange(-15.0, 16.0, 2.5)

PROTOCOL = """\
schema: sbrt_qa.protocol/1
id: small
version: "1"
effective: 2026-01-01
title: A small protocol
statement: For tests.
sources: {{MADE: {{citation: made up for tests, read_as: not read}}}}
confidence_terms: {{test: no confidence}}
prescriptions: [{{id: 50Gy/5fx, total_gy: 50, fractions: 5}}]
structures:
  - {{name: PTV, kind: target, required: true}}
  - {{name: Duodenum, kind: organ, required: true, aliases: {{de: [Zwölffingerdarm]}}}}
  - {{name: Heart, kind: organ, required: if it was drawn}}
checks:
  DOSE_GRID_SPACING: {{parameters: {{per_protocol_mm: 2.5}}}}
  DOSE_GRID_MARGIN: {{parameters: {{margin_mm: 2.0}}}}
targets:
  - {{id: COVER, structure: PTV, metric: "V100%[%]", op: ">=", per_protocol: 95, minor: 90,
      priority: 1, source: [MADE], confidence: test}}
options:
  - id: 5fx
    when: fractions == 5
    constraints:
      - {{id: ORGAN, structure: {organ}, metric: "Max[Gy]", op: "<=", per_protocol: {bound},
          minor: {minor}, priority: 1, source: [MADE], confidence: test}}
"""


@dataclass(frozen=True)
class Ran:
    """What a command left: exit code and what it wrote."""

    code: int
    out: str
    err: str


Command = Callable[..., Ran]


def box(number: int, name: str, low_mm: float, high_mm: float) -> Structure:
    corners = np.array([[low_mm, -20.0], [high_mm, -20.0], [high_mm, 20.0], [low_mm, 20.0]])
    return Structure(number, name, tuple(Contour(z, corners) for z in PLANES_MM), "ORGAN")


def boxes() -> tuple[Structure, ...]:
    return tuple(box(i, name, *ends) for i, (name, ends) in enumerate(BOXES.items(), 1))


def ramp() -> DoseGrid:
    x_mm, y_mm, z_mm = (np.arange(-size, size + 1, 2.5) for size in (50.0, 30.0, 25.0))
    dose_gy = np.broadcast_to(30 + 0.5 * x_mm, (z_mm.size, y_mm.size, x_mm.size))
    return DoseGrid(dose_gy, x_mm, y_mm, z_mm)


def plan(label: str) -> Plan:
    beam = Beam(
        1, "B1", machine="LINAC", nominal_energies=(6.0,), isocentres_mm=((0.0, 0.0, 0.0),),
        gantry_deg=(0.0,), meterset=1500.0, dose_gy=6.0,
    )  # fmt: skip
    return Plan(
        "",
        label,
        approval="APPROVED",
        dose_references=(DoseReference(1, "SITE", "TARGET", target_prescription_gy=50.0),),
        fraction_groups=(FractionGroup(1, 5, (1,)),),
        beams=(beam,),
    )


def export(
    folder: Path,
    *,
    label: str = "LIVER50",
    structures: tuple[Structure, ...] | None = None,
    dose: DoseGrid | None = None,
) -> Path:
    content = CaseContent(
        structures=StructureSet(structures or boxes(), label="TEST"),
        dose=dose or ramp(),
        plan=plan(label),
    )
    write_case(content, folder, CaseIds(seed=label, subject="T-01"))
    return folder


@pytest.fixture(scope="session")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One plan, one structure set, one dose. Read only."""
    return export(tmp_path_factory.mktemp("case"))


@pytest.fixture
def protocol(tmp_path: Path) -> Callable[..., str]:
    """Return a function that writes a protocol file with one organ limit and returns its path."""

    def write(organ: str = "Duodenum", bound: float = 36, minor: float = 38) -> str:
        path = tmp_path / "small.yaml"
        text = PROTOCOL.format(organ=organ, bound=bound, minor=minor)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


@pytest.fixture(scope="session")
def _compiled(case: Path) -> None:
    """Compile the kernels before any test looks at what is written to standard error."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run(["check", str(case)])


@pytest.fixture
def sbrt_qa(_compiled: None, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command line in this process."""

    def command(*arguments: object) -> Ran:
        code = run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return command
