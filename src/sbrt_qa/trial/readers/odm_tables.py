"""CDISC ODM-XML 1.3.2 as exported by OpenClinica, Rave and REDCap.

The parser takes no document type and no entities, so nothing can be expanded or fetched. What an
audit record says of users is passed over: it is stored nowhere. A transactional file is applied in
its order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from sbrt_qa.errors import InputError, visible
from sbrt_qa.i18n.phrase import say
from sbrt_qa.trial.canonical import TABLES
from sbrt_qa.trial.problem import Problem
from sbrt_qa.trial.readers.source_table import SourceTable

NAMESPACE: Final = "http://www.cdisc.org/ns/odm/v1.3"
STUDY_SUBJECT: Final = "StudySubjectID"
"""Attribute of OpenClinica's own namespace that holds the study's subject code."""

MOST_DEPTH: Final = 60
_AUDIT: Final = ("AuditRecord", "Signature", "Annotation", "AdminData", "AuditRecords", "AuditLogs")
_PREFIX: Final = re.compile(r"^(IG|I|IT|ITEM|GROUP)[._]", re.IGNORECASE)


@dataclass(slots=True)
class _State:
    """Where the parser is, and what it has found."""

    name: str
    depth: int = 0
    skipping: int = 0
    subject: str = ""
    event: str = ""
    group: tuple[str, str, str] | None = None
    rows: dict[tuple[str, ...], tuple[int, dict[str, str]]] = field(default_factory=dict)
    current: tuple[str, ...] = ()
    item: str = ""
    text: list[str] = field(default_factory=list)
    transactional: bool = False
    action: str = ""
    form: str = ""
    seen_root: bool = False
    problems: list[Problem] = field(default_factory=list)


def read_odm(content: bytes, name: str) -> tuple[SourceTable, ...]:
    """Return each item group as a table.

    Raises
    ------
    InputError
        It has a document type, is no XML, or no ODM 1.3.
    """
    name = visible(name)
    state = _State(name)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def refuse(*_: object) -> int:
        raise InputError(
            "the file declares a document type or entities, which ODM does not need", where=name
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.StartElementHandler = lambda tag, found: _start(state, parser, tag, found)
    parser.EndElementHandler = lambda tag: _end(state, tag)
    parser.CharacterDataHandler = state.text.append
    try:
        parser.Parse(content, True)  # noqa: FBT003 - of expat
    except expat.ExpatError as error:
        what = visible(expat.errors.messages.get(error.code, "broken"))
        raise InputError(f"no XML: {what}", where=f"{name}:{error.lineno}") from None
    return _tables(state)


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _start(state: _State, parser: expat.XMLParserType, tag: str, found: Mapping[str, str]) -> None:
    state.depth += 1
    if state.depth > MOST_DEPTH:
        raise InputError("the file is nested too deeply", where=state.name)
    space, _, local = tag.rpartition(" ")
    if not state.seen_root:
        state.seen_root = True
        if local != "ODM" or space != NAMESPACE:
            raise InputError("no ODM of version 1.3", where=state.name, expected=NAMESPACE)
        state.transactional = found.get("FileType") == "Transactional"
    if state.skipping or local in _AUDIT:
        state.skipping += 1
        return
    _open(state, parser.CurrentLineNumber, local, found)


def _open(state: _State, line: int, local: str, found: Mapping[str, str]) -> None:
    action = found.get("TransactionType", "")
    if local == "SubjectData":
        own = [value for name, value in found.items() if _local(name) == STUDY_SUBJECT]
        state.subject = own[0] if own else found.get("SubjectKey", "")
    elif local == "StudyEventData":
        state.event = f"{found.get('StudyEventOID', '')}/{found.get('StudyEventRepeatKey', '')}"
    elif local == "FormData":
        state.form = f"{found.get('FormOID', '')}/{found.get('FormRepeatKey', '')}"
    elif local == "ItemGroupData":
        group = found.get("ItemGroupOID", "")
        repeat = found.get("ItemGroupRepeatKey", "")
        state.current = (_table_of(group), state.subject, state.event, state.form, repeat)
        _transact(state, line, action)
    elif local.startswith("ItemData") and state.current:
        state.item = found.get("ItemOID", "")
        state.text.clear()
        value = "" if found.get("IsNull") == "Yes" else found.get("Value", "")
        if action == "Remove":
            value = ""
        if state.current in state.rows:
            column = _column_of(state.item, state.current[0])
            state.rows[state.current][1][column] = value


def _transact(state: _State, line: int, action: str) -> None:
    """Apply a change of a transactional file; one of what is not there is out of order."""
    known = state.current in state.rows
    if action == "Remove":
        if not known:
            _out_of_order(state, line)
        state.rows.pop(state.current, None)
        state.current = ()
        return
    if action == "Update" and state.transactional and not known:
        _out_of_order(state, line)
    if action == "Insert" and known:
        _out_of_order(state, line)
    if not known or not state.transactional:
        state.rows[state.current] = (line, {"subject": state.subject})


def _out_of_order(state: _State, line: int) -> None:
    what = say("a change of a row that is not there, or is there already: out of order")
    state.problems.append(Problem(
        "OUT_OF_ORDER", "E", what, "", state.name, line, subject=visible(state.subject)
    ))  # fmt: skip


def _end(state: _State, tag: str) -> None:
    state.depth -= 1
    if state.skipping:
        state.skipping -= 1
        return
    local = _local(tag)
    if local.startswith("ItemData") and local != "ItemData" and state.current in state.rows:
        text = "".join(state.text).strip()
        if text:  # typed item data: the value stands inside the element
            column = _column_of(state.item, state.current[0])
            state.rows[state.current][1][column] = text
    if local == "ItemGroupData":
        state.current = ()
    state.text.clear()


def _table_of(group: str) -> str:
    plain = _PREFIX.sub("", group).lower()
    return plain if plain in TABLES else group


def _column_of(item: str, table: str) -> str:
    plain = _PREFIX.sub("", item).lower()
    spec = TABLES.get(table)
    known = {column.name for column in spec.columns} if spec else set()
    for start in (f"{table}.", f"{table}_", ""):
        if plain.startswith(start) and plain.removeprefix(start) in known:
            return plain.removeprefix(start)
    return item


def _tables(state: _State) -> tuple[SourceTable, ...]:
    by_table: dict[str, list[tuple[int, Mapping[str, str]]]] = {}
    for key, row in state.rows.items():
        by_table.setdefault(key[0], []).append(row)
    problems = tuple(state.problems)
    tables = []
    for table, rows in by_table.items():
        columns = tuple(dict.fromkeys(name for _, cells in rows for name in cells))
        tables.append(SourceTable(table, state.name, columns, tuple(rows), problems))
        problems = ()
    if problems:
        tables.append(SourceTable("", state.name, (), (), problems))
    return tuple(tables)
