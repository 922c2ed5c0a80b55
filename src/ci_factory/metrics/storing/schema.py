"""The tables of the store, as SQLAlchemy Core knows them. The package's public doors import this lazily: it is an extra."""

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import TEXT as POSTGRESQL_TEXT

VERSION = 2
"""Of the tables below."""
_EXACT = Text().with_variant(POSTGRESQL_TEXT(collation="C"), "postgresql")
"""Text that compares byte by byte, as SQLite does; PostgreSQL would ask the server's language."""
_COUNT = BigInteger().with_variant(Integer, "sqlite")
"""SQLite keeps a table in the order of an INTEGER key."""

metadata = MetaData()
schema = Table("ci_factory_schema", metadata, Column("version", Integer, nullable=False))
record = Table(
    "ci_factory_record",
    metadata,
    Column("seq", _COUNT, primary_key=True, autoincrement=False),
    Column("project", _EXACT, nullable=False),
    Column("kind", _EXACT, nullable=False),
    Column("key", _EXACT, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("data", Text),
    Column("data_hash", String(64), nullable=False),
    Column("chain", String(64), nullable=False),
    Column("recorded_at", _EXACT, nullable=False),
    UniqueConstraint("kind", "project", "key", "revision", name="ci_factory_record_of"),
)
"""Every fact and event: rows are added, never changed, but that retention empties `data`."""
mark = Table(
    "ci_factory_mark",
    metadata,
    Column("project", _EXACT, primary_key=True),
    Column("name", _EXACT, primary_key=True),
    Column("value", Text, nullable=False),
)
"""The collector's memory between runs: a cache, not a record."""
packed_rows = Table(
    "ci_factory_rows",
    metadata,
    Column("kind", _EXACT, primary_key=True),
    Column("state", _EXACT, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""Rows of statistics, packed: a cache, not a record."""
