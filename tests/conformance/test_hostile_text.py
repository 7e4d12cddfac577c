"""No text of a file reaches a terminal, a log or a spreadsheet as anything but visible text.

Everything that a file can name is hostile at once: ROI, plan, structure set, beam and machine
names, the subject, free text, codes, and the names of the files themselves.
"""

from __future__ import annotations

import csv
import io
import unicodedata

import builders as b
import pytest

from sbrt_qa.cli.main import run
from sbrt_qa.dicom.load import load_cases

ESCAPES = {
    "terminal": "\x1b[2J\x1b]0;owned\x07\x9b31m\x7f\x08",
    "lines": "\r\nsbrt-qa: all per protocol\n\u2028\u2029",
    "directions": "\u202e\u2066revil\u200b\ufeff\u00ad",
    "code": '=HYPERLINK("http://example.org")[bold red]<script>{{7*7}}',
}
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
FORMATS = ("table", "csv", "json")


def assert_inert(text, *, csv_lines=False):
    """Only line ends may be control characters."""
    plain = text.replace("\r\n", "\n") if csv_lines else text
    seen = {c for c in plain if c != "\n" and unicodedata.category(c) in UNSEEN}
    assert not seen, sorted(seen)
    assert not any(line.startswith("sbrt-qa: all per protocol") for line in plain.split("\n"))


@pytest.fixture(params=list(ESCAPES), ids=list(ESCAPES))
def hostile(request):
    return ESCAPES[request.param]


@pytest.fixture
def folder(tmp_path, hostile):
    """A case in which every text is hostile."""
    beams = [b.beam(1), b.beam(2)]
    for one in beams:
        text(one, "BeamName", hostile)
        text(one, "TreatmentMachineName", hostile)
    target = b.target(1, 50.0)
    text(target, "DoseReferenceDescription", hostile)
    plan = b.plan(beams=beams, targets=[target], SpecificCharacterSet="ISO_IR 192")
    text(plan, "RTPlanLabel", f"P {hostile}")
    text(plan, "RTPlanName", hostile)
    text(plan, "ClinicalTrialSubjectID", hostile)
    structures = b.structure_set(
        b.roi(1, "x", b.stack()),
        b.roi(2, "x", b.stack(kind="")),
        b.roi(3, "x", [b.contour(0.0, text=b"1\\2\\" + hostile.encode()[:8])]),
        b.roi(4, "x", None),
        SpecificCharacterSet="ISO_IR 192",
    )
    for number, item in enumerate(structures.StructureSetROISequence):
        text(item, "ROIName", f"{hostile}Liver{number}")
    text(structures, "StructureSetLabel", hostile)
    dose = b.dose(SpecificCharacterSet="ISO_IR 192")
    text(dose, "DoseComment", hostile)
    return b.save_case(tmp_path, RP=plan, RS=structures, RD=dose)


def text(dataset, keyword, value):
    data = value.encode("utf-8").replace(b"\\", b"/")
    b.raw(dataset, keyword, data + b" " * (len(data) % 2), "LO")


def outputs(capsys, *arguments):
    code = run([str(a) for a in arguments])
    assert code != 70
    captured = capsys.readouterr()
    assert_inert(captured.err)
    assert "Traceback" not in captured.err
    return captured.out


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("command", [["check"], ["dvh", "--metrics", "D95%[Gy]"]], ids=str)
def test_case_76__hostile_text_is_visible_in_every_format(capsys, folder, command, form):
    out = outputs(capsys, *command, folder, "-f", form)
    assert out
    assert_inert(out, csv_lines=form == "csv")
    if form == "csv":
        cells = [cell for row in csv.reader(io.StringIO(out, newline="")) for cell in row]
        assert not any(cell.startswith(("=", "@", "\t")) for cell in cells)


def test_case_76__inspect_shows_hostile_text(capsys, folder):
    assert_inert(outputs(capsys, "inspect", folder))


@pytest.mark.parametrize(
    "arguments",
    [
        ("dvh", "{folder}", "--structure", "{text}"),
        ("dvh", "{folder}", "--plan", "{text}"),
        ("dvh", "{folder}", "--metrics", "{text}"),
        ("check", "{folder}", "--map", "{text}=Liver"),
        ("check", "{folder}", "--map", "Liver={text}"),
        ("check", "{folder}", "--protocol", "{text}"),
        ("check", "{folder}", "-f", "{text}"),
        ("check", "{folder}/{text}"),
    ],
    ids=" ".join,
)
def test_errors_show_what_was_asked_for_as_visible_text(capsys, folder, hostile, arguments):
    """Case 76: the request may have been copied from a file."""
    given = [a.format(folder=folder, text=hostile.replace("/", "")) for a in arguments]
    assert_inert(outputs(capsys, *given))


@pytest.mark.parametrize("form", FORMATS)
def test_names_of_files_are_inert_too(capsys, tmp_path, hostile, form):
    """Case 76: file names come from elsewhere as well; damaged and useless ones are listed."""
    name = hostile.replace("/", "").replace("\0", "")
    b.save(b.plan(), tmp_path / f"{name}RP")
    b.save(b.structure_set(), tmp_path / f"{name}RS")
    b.save(b.dose(scaling="nan"), tmp_path / f"{name}RD")
    (tmp_path / f"{name}cut").write_bytes((tmp_path / f"{name}RD").read_bytes()[:700])
    (tmp_path / f"{name}text").write_text("nothing")
    assert_inert(outputs(capsys, "check", tmp_path, "-f", form), csv_lines=form == "csv")
    assert_inert(outputs(capsys, "inspect", tmp_path))
    for bad in ("cut", "text"):
        assert_inert(outputs(capsys, "check", tmp_path / f"{name}{bad}"))


def test_text_in_values_keeps_what_the_file_says(folder, hostile):
    """Escaping belongs to the output: the name itself is what other systems must find again."""
    (case,) = load_cases(folder)
    names = [s.name for s in case.structures.structures]
    assert names == [f"{hostile}Liver{n}".strip(" \0") for n in range(4)]
