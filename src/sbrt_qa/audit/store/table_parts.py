"""What all tables of the store are made of."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Text

CODE: Final = 64
"""Longest code of a trial, site, subject or finding."""

HASH: Final = 64
"""Characters of a SHA-256."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key_column() -> Column[int]:
    """Return the primary key of a table."""
    return Column("id", Integer, primary_key=True)


def reference(name: str, table: str, *, optional: bool = False) -> Column[int]:
    """Return a column that names a row of another table."""
    return Column(name, ForeignKey(f"{table}.id"), nullable=optional, index=True)


def short_text(name: str, length: int = CODE) -> Column[str]:
    """Return a column of a code, a time or a hash."""
    return Column(name, String(length), nullable=False)


def long_text(name: str) -> Column[str]:
    """Return a column of words, empty where there are none."""
    return Column(name, Text, nullable=False, default="")
