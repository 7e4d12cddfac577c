"""The rules of docs/architecture.md, kept by walking the source: no import is executed here."""

from __future__ import annotations

import ast
import gc
import inspect
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PACKAGE = "sbrt_qa"
SOURCE = Path(__file__).parents[1] / "src"
TESTS = Path(__file__).parent
MAX_MODULE_LINES = 400
MAX_BODY_LINES = 50

STAIRCASE = (
    {"cli"},
    {"web", "network", "scripting"},
    {"office"},
    {"audit"},
    {"pipeline"},
    {"reports", "selftest"},
    {"testing"},
    {"trial", "survival"},
    {"evidence"},
    {"compare"},
    {"review"},
    {"second_opinion"},
    {"checks"},
    {"deid", "intake"},
    {"protocol"},
    {"dosimetry", "dicom"},
    {"geometry"},
    {"model"},
    {"sandbox", "plugins"},
    {"i18n"},
    {"errors", "units"},
)
"""Rooms from top to bottom; a module imports only from its own room and from lower steps."""

DOORS = {
    "pydicom": (
        "dicom.",
        "deid.",
        "testing.oddities.",
        "second_opinion.crosscheck.child.",
        "network.",
    ),
    "pynetdicom": ("network.",),
    "dicompylercore": ("second_opinion.crosscheck.child.",),
    "highdicom": ("dicom.",),
    "typst": ("reports.pdf.",),
    "fontTools": ("reports.html.document_font.",),
    "numba": ("._kernels",),
    "SimpleITK": ("dicom.",),
    "contourpy": ("geometry.outlines.", "reports.figures."),
    "llvmlite": ("._kernels",),
    "ruamel": ("protocol.yaml_exact",),
    "yaml": ("protocol.yaml_fast",),
    "typer": ("cli.",),
    "click": ("cli.",),
    "rich": ("cli.", "reports."),
    "sqlite3": ("audit.store.",),
    "sqlalchemy": ("audit.store.", "office.", "web.working."),
    "alembic": ("audit.store.",),
    "psycopg": ("audit.store.",),
    "distributed": ("audit.workers",),
    "pyarrow": ("reports.",),
    "jinja2": ("reports.", "web.page_templates."),
    "babel": ("i18n.words.",),
    "openpyxl": ("trial.readers.excel_tables", "testing.outcomes.", "reports.workbook"),
    "PIL": ("reports.",),
    "cryptography": ("deid.", "web.instance_key"),
    "matplotlib": ("reports.", "scripting."),
    "plotly": ("reports.",),
    "starlette": ("web.",),
    "uvicorn": ("web.http_server.",),
    "python_multipart": ("web.",),
    "argon2": ("web.passwords.",),
}
"""The only places that may import an outside library, as parts of a module's dotted name."""

ALIKE_EVERYWHERE = ("__init__", "_kernels", "reference", "registry")
"""Files that may be called the same in every room: each is there what it is everywhere."""

LATE_IMPORTS_ALLOWED = ("sbrt_qa.cli.", "sbrt_qa.pipeline", "sbrt_qa.audit.")
"""Start-up: `sbrt-qa --help` must not pay for pydicom and numba, nor `dvh` for pydantic."""


class Import(NamedTuple):
    """One imported module: whether inside a function, and whether for type checking only."""

    target: str
    line: int
    late: bool
    typing_only: bool


class Seen(NamedTuple):
    """One node of a source file: whether inside a function, and whether for type checking only."""

    node: Any
    late: bool
    typing_only: bool


class Module(NamedTuple):
    """One parsed source file, and its nodes by their kinds."""

    name: str
    path: Path
    tree: ast.Module
    lines: int
    seen: dict[type[ast.AST], list[Seen]]

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[Any]:
        """Yield the nodes of some kinds."""
        return (seen.node for kind in kinds for seen in self.seen.get(kind, ()))


def parsed(name: str, path: Path, text: str) -> Module:
    """Read a source file, walking through it once for all rules."""
    tree = ast.parse(text)
    by_kind: dict[type[ast.AST], list[Seen]] = {}
    waiting = [Seen(tree, late=False, typing_only=False)]
    while waiting:
        seen = waiting.pop()
        node, late, typing_only = seen
        by_kind.setdefault(type(node), []).append(seen)
        late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        typing_only = typing_only or (isinstance(node, ast.If) and _is_type_checking(node.test))
        waiting += [Seen(child, late, typing_only) for child in ast.iter_child_nodes(node)]
    return Module(name, path, tree, len(text.splitlines()), by_kind)


@cache
def modules() -> dict[str, Module]:
    """Return all modules of the package by name, read when the first rule asks for them."""
    read = {}
    gc.disable()  # millions of nodes are made, and none is dropped
    for path in sorted((SOURCE / PACKAGE).rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        read[name] = parsed(name, path, path.read_text(encoding="utf-8"))
    gc.enable()
    return read


@pytest.fixture(autouse=True, scope="module")
def _forgotten_afterwards() -> Iterator[None]:
    yield
    modules.cache_clear()
    imports_of.cache_clear()


@cache
def imports_of(name: str) -> tuple[Import, ...]:
    """All imports of a module of the package, looked for once."""
    return tuple(imports(modules()[name]))


def imports(module: Module) -> Iterator[Import]:
    """All imports of a module, also those for type checking only."""
    for node, late, typing_only in module.seen.get(ast.Import, ()):
        for alias in node.names:
            yield Import(alias.name, node.lineno, late, typing_only)
    for node, late, typing_only in module.seen.get(ast.ImportFrom, ()):
        assert node.level == 0, f"{module.path}:{node.lineno}: relative import"
        for alias in node.names:
            full = f"{node.module}.{alias.name}"
            target = full if full in modules() else node.module or ""
            yield Import(target, node.lineno, late, typing_only)


def _is_type_checking(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def own_imports(module: Module) -> Iterator[Import]:
    return (i for i in imports_of(module.name) if i.target.split(".")[0] == PACKAGE)


def step_of(name: str) -> int | None:
    """Position on the staircase, None where it has none; the package stands above everything."""
    if name == PACKAGE:
        return -1
    room = name.split(".")[1]
    return next((i for i, rooms in enumerate(STAIRCASE) if room in rooms), None)


def refuse(offences: Iterable[str], rule: str) -> None:
    """Fail with all offences against a rule at once."""
    found = sorted(offences)
    assert not found, "\n".join([f"{rule}:", *found])


def at(module: Module, line: int = 1) -> str:
    """Return where something stands, for a message."""
    return f"{module.path.relative_to(SOURCE)}:{line}"


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[Module, Any]]:
    """Yield all nodes of some kinds with their modules."""
    for module in modules().values():
        for node in module.nodes(*kinds):
            yield module, node


def test_every_module_has_a_step() -> None:
    refuse((at(m) for m in modules().values() if step_of(m.name) is None), "not in STAIRCASE")


def test_imports_go_down_the_staircase() -> None:
    """The package itself offers the version, and its front door names every room."""
    refuse(
        (
            f"{at(module, found.line)}: {found.target}"
            for module in modules().values()
            for found in own_imports(module)
            if PACKAGE not in (found.target, module.name)
            if found.target.split(".")[1] != module.name.split(".")[1]
            if (step_of(found.target) or 0) <= (step_of(module.name) or 0)
        ),
        "imports from a room that does not lie below",
    )


def test_only_the_version_is_taken_from_the_package() -> None:
    refuse(
        (
            f"{at(module, node.lineno)}: {alias.name}"
            for module, node in nodes(ast.ImportFrom)
            if node.module == PACKAGE
            for alias in node.names
            if f"{PACKAGE}.{alias.name}" not in modules() and alias.name != "__version__"
        ),
        "import it from its room",
    )


def test_outside_libraries_have_one_door() -> None:
    refuse(
        (
            f"{at(module, found.line)}: {found.target} is imported only in {doors}"
            for module in modules().values()
            for found in imports_of(module.name)
            if (doors := DOORS.get(found.target.split(".")[0])) is not None
            if not any(door in f"{module.name.removeprefix(f'{PACKAGE}.')}." for door in doors)
        ),
        "an outside library has one door",
    )


def test_own_modules_are_imported_at_the_top() -> None:
    refuse(
        (
            f"{at(module, found.line)}: {found.target}"
            for module in modules().values()
            if not module.name.startswith(LATE_IMPORTS_ALLOWED)
            for found in own_imports(module)
            if found.late
        ),
        "imported inside a function",
    )


def test_there_are_no_import_cycles() -> None:
    """Not for type checking either: a cycle that is hidden there is one for whoever reads."""
    graph = {
        name: {i.target for i in own_imports(module) if i.target not in (name, PACKAGE)}
        for name, module in modules().items()
        if name != PACKAGE
    }
    cycles = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            cycle = error.args[1]
            cycles.append(" -> ".join(cycle))
            graph[cycle[1]] = graph[cycle[1]] - {cycle[0]}  # what depends is named behind
        else:
            break
    refuse(cycles, "import cycles")


def test_modules_stay_short() -> None:
    refuse(
        (f"{at(m)}: {m.lines} lines" for m in modules().values() if m.lines > MAX_MODULE_LINES),
        f"longer than {MAX_MODULE_LINES} lines",
    )


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function's body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return node.end_lineno - body[0].lineno + 1 if body and node.end_lineno else 0


def test_function_bodies_stay_short() -> None:
    refuse(
        (
            f"{at(module, node.lineno)}: {node.name}, {length} lines"
            for module, node in nodes(ast.FunctionDef, ast.AsyncFunctionDef)
            if (length := body_lines(node)) > MAX_BODY_LINES
        ),
        f"bodies longer than {MAX_BODY_LINES} lines",
    )


def test_modules_say_what_they_are() -> None:
    refuse((at(m) for m in modules().values() if not ast.get_docstring(m.tree)), "no docstring")


def opening(path: Path) -> str:
    """Return the docstring that a file begins with, without reading on."""
    begin, quotes, rest = path.read_text(encoding="utf-8").partition('"""')
    return inspect.cleandoc(rest.partition(quotes)[0]) if quotes and not begin else ""


def test_files_of_tests_say_in_one_line_what_they_hold() -> None:
    """The first line of each is what a reader is told, so it is a whole line of its own."""
    told = {path: opening(path).splitlines() for path in sorted(TESTS.rglob("*.py"))}
    refuse(
        (
            f"{path.relative_to(TESTS.parent)}: {lines[0] if lines else 'no docstring'}"
            for path, lines in told.items()
            if not lines or len(lines[0].split()) < 3 or (len(lines) > 1 and lines[1])
        ),
        "a line on what is tested, then a blank one",
    )


def repeated(named: Iterable[tuple[str, str]]) -> list[str]:
    """Return the names that stand for several things, each with where it stands."""
    places: dict[str, list[str]] = {}
    for name, place in named:
        places.setdefault(name, []).append(place)
    return [f"{name}: {', '.join(found)}" for name, found in places.items() if len(found) > 1]


def test_no_class_name_occurs_twice() -> None:
    refuse(
        repeated((node.name, at(module, node.lineno)) for module, node in nodes(ast.ClassDef)),
        "one name, one meaning",
    )


def test_no_file_name_occurs_twice() -> None:
    refuse(
        repeated(
            (module.path.name, at(module))
            for module in modules().values()
            if module.path.stem not in ALIKE_EVERYWHERE
        ),
        "one name, one meaning",
    )


METRICS_HOME = tuple(
    f"{PACKAGE}.dosimetry.{name}" for name in ("metrics", "metric_names", "metric_registry")
)
"""Where the name of a metric may decide something: beside the metric, and where names are read."""

SPECS = ("spec", "parse_metric", "asked", "known")
"""How an expression that was read is called where its metric could be asked for."""

TARGET_HOME = (f"{PACKAGE}.model.target_kind", f"{PACKAGE}.model.body_outline")
"""Where it is decided what is a target and what is the body."""


def metric_names() -> frozenset[str]:
    """Return the names of all registered metrics, from the decorators."""
    home = f"{PACKAGE}.dosimetry.metrics."
    return frozenset(
        str(node.args[0].value)
        for module in modules().values()
        if module.name.startswith(home)
        for node in module.nodes(ast.Call)
        if isinstance(node.func, ast.Name)
        and node.func.id == "metric"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    )


def constants(node: ast.AST) -> list[str]:
    """Return the texts written in an expression, of a collection those of its elements."""
    if isinstance(node, ast.Dict):
        return [text for key in node.keys if key is not None for text in constants(key)]
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [text for element in node.elts for text in constants(element)]
    if isinstance(node, ast.Call) and node.args:
        return constants(node.args[0])
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return [node.value] if is_text else []


def branches_on_metrics(module: Module, names: frozenset[str]) -> Iterator[str]:
    """Yield where a module decides by the kind or the name of a metric."""
    for node in module.nodes(ast.Attribute, ast.Compare, ast.Call):
        where = f"{module.path.relative_to(SOURCE)}:{node.lineno}"
        if isinstance(node, ast.Attribute) and node.attr == "kind":
            if ast.unparse(node.value).partition("(")[0] in SPECS:
                yield f"{where}: {ast.unparse(node)}"
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            told = {text for side in sides for text in constants(side)}
            if told & names and _about_metric(ast.unparse(node)):
                yield f"{where}: {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            begins = node.func.attr in ("startswith", "removeprefix", "partition", "match")
            told = {text for argument in node.args for text in constants(argument)}
            if begins and told & names and _about_metric(ast.unparse(node.func.value)):
                yield f"{where}: {ast.unparse(node)}"
    for statement in module.tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            held = constants(statement.value)
            if len(held) > 1 and names.issuperset(held):
                yield f"{module.path.relative_to(SOURCE)}:{statement.lineno}: {held}"


def _about_metric(text: str) -> bool:
    return any(word in text for word in ("metric", "kind", "spec"))


def test_case_128__a_metric_owns_its_meaning() -> None:
    """Nobody else asks for the kind or the name of a metric: all offences at once."""
    names = metric_names()
    assert {"D", "CV", "R100", "NTCPliverMets"} <= names
    found = [
        offence
        for module in modules().values()
        if not module.name.startswith(METRICS_HOME)
        for offence in branches_on_metrics(module, names)
    ]
    assert not found, "\n".join(["ask sbrt_qa.dosimetry.metric_meaning instead:", *found])


@pytest.mark.parametrize(
    "text",
    [
        "x = spec.kind == 'D'",
        "x = parse_metric(row.metric).kind in WITHOUT_DOSE",
        "x = row.metric.startswith('Volume')",
        "x = metric in ('Mean', 'Max')",
        "INDICES = ('R100', 'CI')",
        "AROUND = {'R100': 100.0, 'R50': 50.0}",
        "DOSES: Final = frozenset({'D', 'Mean'})",
    ],
)
def test_a_branch_on_a_metric_is_found(text: str) -> None:
    module = parsed("x", SOURCE / "x.py", text)
    assert list(branches_on_metrics(module, metric_names()))


def test_case_130__targets_and_the_body_are_recognised_in_one_place() -> None:
    """No other module holds the type of a structure against PTV, GTV or EXTERNAL."""
    types = {"PTV", "GTV", "CTV", "ITV", "EXTERNAL"}
    found = [
        f"{module.path.relative_to(SOURCE)}:{node.lineno}: {ast.unparse(node)}"
        for module in modules().values()
        if module.name not in TARGET_HOME
        for node in module.nodes(ast.Compare)
        if "interpreted_type" in ast.unparse(node)
        if types & {text for side in (node.left, *node.comparators) for text in constants(side)}
    ]
    assert not found, "\n".join(found)


REVIEWERS = (
    f"{PACKAGE}",  # the public name
    f"{PACKAGE}.pipeline.one_plan",
    f"{PACKAGE}.pipeline",  # only loads the room
    f"{PACKAGE}.compare.side_by_side",  # of two cases that nobody has reviewed yet
)
"""Who may review a case without the pipeline."""


def test_cases_are_reviewed_on_one_path() -> None:
    """Every command, child and worker goes through `sbrt_qa.pipeline.one_plan`."""
    home = f"{PACKAGE}.review.review"
    found = [
        f"{module.path.relative_to(SOURCE)}:{one.line}"
        for module in modules().values()
        if module.name not in REVIEWERS
        for one in imports_of(module.name)
        if one.target == home
    ]
    assert not found, "\n".join(["call sbrt_qa.pipeline.one_plan.review_plan:", *found])


def wording_decides(module: Module) -> Iterator[str]:
    """Yield where a module compares, or looks into, a sentence that is meant to be read."""
    sentences = ("message", "detail", "why", "note", "failure", "advice")
    for node in module.nodes(ast.Compare, ast.Call):
        where = f"{module.path.relative_to(SOURCE)}:{node.lineno}"
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            about = [s for s in sides if isinstance(s, ast.Attribute) and s.attr in sentences]
            named = [
                s for s in sides
                if (isinstance(s, ast.Name) and s.id.lstrip("_").isupper())
                or (isinstance(s, ast.Constant) and isinstance(s.value, str) and s.value)
            ]  # fmt: skip
            if about and named:
                yield f"{where}: {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            looks = node.func.attr in ("startswith", "endswith", "partition", "find")
            of = node.func.value
            told = [text for argument in node.args for text in constants(argument)]
            fixed = told or any(
                isinstance(a, ast.Name) and a.id.lstrip("_").isupper() for a in node.args
            )
            if looks and fixed and isinstance(of, ast.Attribute) and of.attr in sentences:
                yield f"{where}: {ast.unparse(node)}"


def test_no_wording_decides() -> None:
    """What a program decides on is a code or a flag; sentences are for people."""
    found = [offence for module in modules().values() for offence in wording_decides(module)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    [
        "x = reason.detail == _NOT_KEPT",
        "x = finding.message.startswith('the check broke off')",
        "x = chosen.why == IN_FORCE",
        "x = outcome.failure.endswith('GB')",
        "x = BROKE_OFF in one.message",
    ],
)
def test_a_decision_on_wording_is_found(text: str) -> None:
    assert list(wording_decides(parsed("x", SOURCE / "x.py", text)))


Function = ast.FunctionDef | ast.AsyncFunctionDef

ANSWERS = {"refusing": {"MovedOnError", "RightsError", "UsageError"}}
"""Errors that a decorator answers itself, so that callers of what it decorates never see them."""


def name_of(node: ast.AST | None) -> str:
    """Return the last part of a name, ``b`` of ``a.b``; empty where it is none."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    return getattr(node, "id", getattr(node, "attr", ""))


class Body:
    """What a function raises and which functions it calls, but for what it catches."""

    def __init__(self, function: Function) -> None:
        self.raised: list[tuple[str, frozenset[str]]] = []
        self.called: list[tuple[str, frozenset[str]]] = []
        answered = [ANSWERS.get(name_of(d), set()) for d in function.decorator_list]
        for statement in function.body:
            self._walk(statement, frozenset().union(*answered))

    def _walk(self, node: ast.AST, caught: frozenset[str]) -> None:
        if isinstance(node, Function | ast.Lambda | ast.ClassDef):
            return
        if isinstance(node, ast.Try):
            kinds = [k for h in node.handlers for k in self._kinds(h.type)]
            for statement in node.body:
                self._walk(statement, caught.union(kinds))
            for part in (*node.handlers, *node.orelse, *node.finalbody):
                self._walk(part, caught)
            return
        if isinstance(node, ast.With):
            quiet = [i.context_expr for i in node.items if name_of(i.context_expr) == "suppress"]
            caught = caught.union(name_of(a) for c in quiet for a in getattr(c, "args", ()))
        if isinstance(node, ast.Raise) and node.exc is not None:
            self.raised.append((name_of(node.exc), caught))
        if isinstance(node, ast.Call):
            self.called.append((name_of(node), caught))
        for child in ast.iter_child_nodes(node):
            self._walk(child, caught)

    @staticmethod
    def _kinds(caught: ast.expr | None) -> list[str]:
        if caught is None:
            return ["Exception"]
        return [name_of(k) for k in (caught.elts if isinstance(caught, ast.Tuple) else [caught])]


def untold_errors(tree: ast.Module, kinds: dict[str, list[str]]) -> Iterator[str]:
    """Yield public functions that raise an error of ours, or a private helper does, untold.

    `kinds` has the classes of all our errors, each with those that it is.
    """
    owners = [("", tree), *((c.name, c) for c in tree.body if isinstance(c, ast.ClassDef))]
    functions = {
        (owner, f.name): f for owner, c in owners for f in c.body if isinstance(f, Function)
    }
    bodies = {key: Body(f) for key, f in functions.items()}

    def raised(key: tuple[str, str], seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        for error, caught in bodies[key].raised:
            if error in kinds and not caught & {"Exception", "BaseException", *kinds[error]}:
                yield error
        for called, caught in bodies[key].called:
            helper = next((k for k in ((key[0], called), ("", called)) if k in bodies), None)
            if helper and called.startswith("_") and helper not in seen:
                for error in raised(helper, seen | {helper}):
                    if not caught & {"Exception", "BaseException", *kinds[error]}:
                        yield error

    for key, function in functions.items():
        if not any(part.startswith("_") for part in key):
            told = ast.get_docstring(function) or ""
            for error in sorted(set(raised(key, frozenset({key})))):
                if not any(kind in told for kind in kinds[error]):
                    yield f"{'.'.join(filter(None, key))}: {error}"


def test_docstrings_tell_what_is_raised() -> None:
    classes = {c.name: c for m in modules().values() for c in m.nodes(ast.ClassDef)}

    def kinds(name: str) -> list[str]:
        bases = map(name_of, classes[name].bases) if name in classes else ()
        return [name, *(kind for base in bases for kind in kinds(base))]

    errors = {name: kinds(name) for name in classes}
    errors = {name: of for name, of in errors.items() if {"Exception", "ValueError"} & set(of)}
    assert len(errors) > 20
    refuse(
        (
            f"{at(m)}: {one}"
            for m in modules().values()
            if not m.name.startswith("sbrt_qa.cli.")  # their docstrings are the help of commands
            for one in untold_errors(m.tree, errors)
        ),
        "raise what their docstrings do not tell",
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def f():\n    raise E", ["f: E"]),
        ('def f():\n    """Raises E."""\n    raise E', []),
        ('def f():\n    """Raises Base."""\n    raise E', []),
        ("def f():\n    _g()\ndef _g():\n    raise E(1)", ["f: E"]),
        ("def f():\n    try: _g()\n    except Base: pass\ndef _g():\n    raise E", []),
        ("class C:\n    def f(s):\n        s._g()\n    def _g(s):\n        raise E", ["C.f: E"]),
        ("def _f():\n    raise E", []),
    ],
)  # fmt: skip
def test_an_error_that_is_not_told_is_found(text: str, found: list[str]) -> None:
    assert list(untold_errors(ast.parse(text), {"E": ["E", "Base"]})) == found
