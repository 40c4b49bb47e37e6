"""A warehouse to try something in: a private file with copies of some relations, gone afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from profilectl.console import private_folder
from profilectl.project import Paths
from profilectl.warehouse import attached
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_identifier, quote_literal, quote_relation

COPY = "scratch_copy"


@dataclass(frozen=True, order=True)
class Relation:
    """A table or view to copy; ``with_rows`` false gives an empty table with its columns."""

    schema: str
    name: str
    with_rows: bool = True


@contextmanager
def scratch_home(paths: Paths) -> Iterator[Paths]:
    """Yield the paths of an empty home, which is deleted when the block ends, however it ends.

    Its warehouse has the file name of the real one, because dbt names the database after the file and writes
    that name into views and into what it remembers of each model.
    """
    with TemporaryDirectory(dir=private_folder(paths.temp), prefix="scratch-") as folder:
        home = Path(folder)
        yield replace(paths, home=home, landing=home / "landing", warehouse=home / paths.warehouse.name)


def copy_into(scratch: Paths, paths: Paths, relations: Iterable[Relation]) -> None:
    """Copy ``relations``, views as tables, from the working warehouse, which is only read.

    Raises
    ------
    ProfilectlError
        If one of them is not in the warehouse or cannot be read, or the warehouse is locked.
    """
    with attached(paths, spill=scratch) as (connection, source):
        connection.execute(f"attach {quote_literal(str(scratch.warehouse))} as {quote_identifier(COPY)}")
        for relation in sorted(set(relations)):
            _copy(connection, source, relation)


def _copy(connection: duckdb.DuckDBPyConnection, source: str, relation: Relation) -> None:
    original = quote_relation(source, relation.schema, relation.name)
    copied = quote_relation(COPY, relation.schema, relation.name)
    connection.execute(f"create schema if not exists {quote_relation(COPY, relation.schema)}")
    try:
        limit = "" if relation.with_rows else " limit 0"
        connection.execute(f"create or replace table {copied} as select * from {original}{limit}")
    except duckdb.Error as error:
        raise ProfilectlError(
            f"{relation.schema}.{relation.name} cannot be copied: {str(error).splitlines()[0]}",
            hint="if the warehouse was built by another version of the project: profilectl build",
        ) from error
