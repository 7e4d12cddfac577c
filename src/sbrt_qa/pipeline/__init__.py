"""The verbs that join the rooms: read, review, compute. Values in, results out; prints nothing.

Rooms are imported by the verb that needs them: ``sbrt-qa --help`` must not wait for pydicom and
numba, nor ``sbrt-qa dvh`` for pydantic and YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sbrt_qa.errors import DicomError, UsageError, quoted
from sbrt_qa.i18n.phrase import say
from sbrt_qa.model.stated import NOTHING_STATED, UserStatements

if TYPE_CHECKING:
    from sbrt_qa.dicom.load import Inventory
    from sbrt_qa.model.case import Case
    from sbrt_qa.pipeline.one_plan import Asked
    from sbrt_qa.protocol.definition import Protocol
    from sbrt_qa.protocol.versions import ProtocolFamily
    from sbrt_qa.review.case_review import CaseReview
    from sbrt_qa.review.dvh_table import DvhTable
    from sbrt_qa.second_opinion.site_csv import SiteValue

DEFAULT_PROTOCOL = "liver_sbrt"

MAX_SITE_CHARACTERS = 1_000_000
"""Of a file of site values; a longer one is refused."""


def check(
    paths: Sequence[Path],
    protocol_name: str = DEFAULT_PROTOCOL,
    mapping: Mapping[str, str] | None = None,
    site_values: Path | None = None,
    *,
    cross_check: bool = False,
    bands: bool = True,
    stated: UserStatements = NOTHING_STATED,
) -> tuple[CaseReview, ...]:
    """Review every plan found in `paths` against one protocol.

    Parameters
    ----------
    paths
        Files and folders.
    protocol_name
        Name in the library, ``NAME@VERSION``, a file, or a folder of versions. Of several versions
        each plan is held against the one in force at its planning date.
    mapping
        Structure name in the plan -> name in the protocol.
    site_values
        CSV of the site's own values, see `sbrt_qa.second_opinion.site_csv`.
    cross_check
        Compute every metric a second time, with dicompyler-core.
    bands
        Say of every metric where it may lie, and flag borderline verdicts.
    stated
        What the user states by hand of every plan there.

    Raises
    ------
    DicomError
        Nothing that can be reviewed is there.
    ProtocolError
        The protocol breaks its schema.
    UsageError
        The file of site values cannot be read, or the second engine is not installed.
    """
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.pipeline.one_plan import review_plan

    rules = protocol_family(protocol_name)
    asked = asked_of(mapping, site_values, paths, bands=bands, cross_check=cross_check)
    return tuple(review_plan(case, rules, asked) for case in load_cases(paths, stated))


def caps_hold() -> bool:
    """Tell whether this system can cap memory and processor time, or only time."""
    from sbrt_qa.sandbox import caps_hold as hold

    return hold()


def warm_up() -> None:
    """Import what a review needs and run its kernels once, so that none is compiled later."""
    import numpy as np

    from sbrt_qa.dicom.load import load_cases  # noqa: F401 - only loads the room
    from sbrt_qa.dicom.text.decimal_text import parse_decimals
    from sbrt_qa.model.case import Case as AnyCase
    from sbrt_qa.model.grid import DoseGrid
    from sbrt_qa.model.outcome import Reason, ReasonCode
    from sbrt_qa.model.structure import Contour, Structure, StructureSet
    from sbrt_qa.review import dvh_table
    from sbrt_qa.review.review import review_case  # noqa: F401 - only loads the room

    start_kernels_fast()
    parse_decimals([b"1.5"])
    axis_mm = np.array([-2.0, 0.0, 2.0])
    dose = DoseGrid(np.ones((3, 3, 3)), axis_mm, axis_mm, axis_mm)
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    box = Structure(1, "box", (Contour(-1.0, square), Contour(1.0, square)))
    no_plan = Reason(ReasonCode.REFERENCE_MISSING, say("none"))
    dvh_table.dvh(AnyCase("warm-up", no_plan, StructureSet((box,)), dose))


def dvh(
    paths: Sequence[Path],
    structures: Sequence[str] = (),
    metrics: Sequence[str] = (),
    *,
    plan: str | None = None,
    curve_bin_gy: float | None = None,
    bands: bool = False,
    stated: UserStatements = NOTHING_STATED,
) -> DvhTable:
    """Compute DVH statistics of the one plan found in `paths`, or of the one chosen by `plan`.

    Raises
    ------
    UsageError
        There are several plans and `plan` does not say which; the message lists them. Or a
        structure or metric is not known.
    DicomError
        Nothing readable is there.
    """
    from sbrt_qa.dicom.load import load_cases
    from sbrt_qa.dosimetry.metric_names import parse_metric
    from sbrt_qa.review import dvh_table

    for text in metrics:
        parse_metric(text)  # a typing error is told before anything is read
    case = choose(load_cases(paths, stated), plan)
    _need_structures(case)
    return dvh_table.dvh(case, structures, metrics, curve_bin_gy=curve_bin_gy, bands=bands)


def _need_structures(case: Case) -> None:
    """Check that there is something to compute a DVH of.

    Raises
    ------
    DicomError
        The case has no structure set, or an empty one.
    """
    from sbrt_qa.model.outcome import Reason

    structures = case.structures
    why = structures.detail if isinstance(structures, Reason) else "the structure set is empty"
    if isinstance(structures, Reason) or not structures.structures:
        raise DicomError(
            "no DVH: there is no structure to compute one of",
            got=why,
            advice="Export the plan, its structure set and its dose together",
        )


def inspect(paths: Sequence[Path]) -> Inventory:
    """List what is in `paths`, how it links, and what had to be repaired.

    Raises
    ------
    DicomError
        Nothing readable is there.
    """
    from sbrt_qa.dicom.load import inspect as look

    return look(paths)


def when_compiling(call: Callable[[], None]) -> None:
    """Call a function once if compiled kernels are not yet cached, which takes a while."""
    from sbrt_qa.geometry._kernels import when_compiling as register

    register(call)


def start_kernels_fast() -> None:
    """Load the compiler without what no kernel needs; for a process that is ours alone."""
    from sbrt_qa.geometry._kernels import skip_blas_probe

    skip_blas_probe()


def protocol(name_or_path: str) -> Protocol:
    """Load a protocol of the library, or a file.

    Raises
    ------
    ProtocolError
        There is no such protocol, it breaks its schema, or it names a plan check that there is not.
    """
    from sbrt_qa.pipeline.check_list import with_known_checks
    from sbrt_qa.protocol.protocol_files import load_protocol

    return with_known_checks(load_protocol(name_or_path), name_or_path)


def protocol_family(name_or_path: str) -> ProtocolFamily:
    """Load all versions of a protocol; ``of`` of the result says which one holds for a case.

    Raises
    ------
    ProtocolError
        As :func:`protocol`.
    """
    from sbrt_qa.pipeline.check_list import with_known_checks
    from sbrt_qa.protocol.protocol_files import load_family
    from sbrt_qa.protocol.versions import Versions

    family = load_family(name_or_path)
    if not isinstance(family.versions, Versions):  # those of the library name known checks
        for version in family.versions:
            with_known_checks(version, name_or_path)
    return family


def protocols() -> tuple[Protocol, ...]:
    """Load every protocol of the library, each in all its versions."""
    from sbrt_qa.protocol.protocol_files import library

    names = dict.fromkeys(stem.partition("@")[0] for stem in library())
    return tuple(version for name in names for version in protocol_family(name).versions)


def protocol_schema() -> dict[str, Any]:
    """Return the JSON Schema of protocol files."""
    from sbrt_qa.protocol.definition import protocol_json_schema

    return protocol_json_schema()


def read_sent(path: Path) -> tuple[SiteValue, ...]:
    """Read a file of the site's own values; raise UsageError where it cannot be read."""
    from sbrt_qa.second_opinion.site_csv import read_site_values

    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read(MAX_SITE_CHARACTERS + 1)
    except FileNotFoundError as error:
        raise UsageError("there is no such file of site values", where=quoted(path.name)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "the site values cannot be read",
            where=quoted(path.name),
            expected="a CSV file in UTF-8",
        ) from error
    if len(text) > MAX_SITE_CHARACTERS:
        raise UsageError("the file of site values is too large", where=quoted(path.name))
    return read_site_values(text)


def asked_of(
    mapping: Mapping[str, str] | None,
    site_values: Path | None,
    paths: Sequence[Path],
    *,
    bands: bool,
    cross_check: bool,
) -> Asked:
    """Return what a command asks for; the site's values are read here.

    Raises
    ------
    UsageError
        They cannot be read.
    """
    from sbrt_qa.pipeline.one_plan import Asked as Wanted

    sent = () if site_values is None else read_sent(site_values)
    return Wanted(dict(mapping or {}), sent, bands, tuple(paths) if cross_check else ())


def choose(cases: Sequence[Case], wanted: str | None) -> Case:
    """Return the one case, or the one whose label or plan UID is `wanted`.

    Raises
    ------
    UsageError
        There are several and `wanted` does not say which, or it names none or several.
    """
    if wanted is None and len(cases) == 1:
        return cases[0]
    chosen = [case for case in cases if wanted is not None and wanted in _names(case)]
    if len(chosen) == 1:
        return chosen[0]
    listed = "; ".join(" = ".join(quoted(name) for name in _names(case)) for case in cases)
    if wanted is None:
        what = "there are several plans"
    else:
        what = "several plans have this name" if chosen else "no such plan"
    raise UsageError(
        what,
        got=quoted(wanted) if wanted else "",
        expected=f"one of {listed}",
        advice="Choose with --plan LABEL or --plan UID.",
    )


def _names(case: Case) -> tuple[str, ...]:
    """Return what a case can be chosen by: its label, and the UID of its plan."""
    if len(case.parts) > 1:
        return (case.label, *dict.fromkeys(name for part in case.parts for name in _names(part)))
    uid = getattr(case.plan, "sop_instance_uid", "")
    return (case.label, uid) if uid else (case.label,)
