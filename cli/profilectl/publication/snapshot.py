"""The file of a new version: made from nothing or from the version before, described, and checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from profilectl import dictionary, facts
from profilectl.project import Paths
from profilectl.publication import describing
from profilectl.publication.contents import Content, contents
from profilectl.publication.copying import TARGET, Written, follows, write
from profilectl.publication.views import View
from profilectl.warehouse import attached, open_file
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.settings import settings
from profilectl_ml.sql import quote_identifier, quote_literal, quote_relation

#: Changes with what a published file holds and how; a version of another format is not started from.
FORMAT = 3
#: A file with more than this share of empty blocks is not started from: it would only grow. Small ones may.
_MOST_EMPTY, _SMALL_BLOCKS = 0.4, 400
#: Nor is one of whose values a larger share would be written anew: what they replace would be left empty.
_MOST_NEW, _SMALL_VALUES = 0.4, 10_000_000

_WRITERS = 2

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Snapshot:
    """What was written: rows of each table, by ``schema.table``; names of the views; whether all is new."""

    tables: dict[str, int]
    views: list[str]
    is_whole: bool


def make(paths: Paths, target: Path, version: str, moment: datetime, tell: Tell) -> Snapshot:
    """Write the new file ``target``: marts, what their views read, and the ml tables for BI.

    Parameters
    ----------
    target
        Where there is a copy of an earlier version that can be started from, only what changed is written;
        otherwise everything.
    tell
        Called with the name of each table that is waited for.

    Raises
    ------
    ProfilectlError
        If the warehouse cannot be read or has no marts, or a table cannot be written.
    """
    base = _standing(paths, target) if target.exists() else None
    with attached(paths) as (connection, source):
        tables, views = contents(connection, source)
        epochs = _epochs(connection, source, tables)
        if base is not None and (
            not describing.knows(connection, source, base.last_build)
            or _is_mostly_new(connection, source, tables, epochs, base.tables)
        ):
            base = None
        if base is None:
            target.unlink(missing_ok=True)
        before = {} if base is None else base.tables
        with _target(connection, target, paths.storage_version, is_new=base is None):
            kept = _drop_others(connection, tables, views)
            for schema in sorted({content.target for content in tables}):
                connection.execute(f"create schema if not exists {quote_relation(TARGET, schema)}")
            gone = _gone(connection, source, tables, before)
            written = _write(connection, source, tables, epochs, before, gone, tell)
            tell("views")
            describing.describe(connection, source, version, moment, written, paths.storage_version, FORMAT)
            made = [_make_view(connection, view, view in kept) for view in views]
            if paths.manifest.is_file():  # written by dbt; a warehouse from elsewhere has none
                manifest = json.loads(paths.manifest.read_text(encoding="utf-8"))
                dictionary.write(connection, TARGET, dictionary.entries(manifest))
    return Snapshot({name: one.rows for name, one in written.items()}, made, base is None)


def _write(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    tables: list[Content],
    epochs: Mapping[str, str],
    before: Mapping[str, Written],
    gone: Sequence[str],
    tell: Tell,
) -> dict[str, Written]:
    """Write the tables, two at a time: most of what changed in one is too little for the engine to divide."""

    running: set[duckdb.DuckDBPyConnection] = set()

    def write_one(content: Content) -> Written:
        with connection.cursor() as own:
            running.add(own)
            try:
                own.execute("set TimeZone = 'UTC'")
                state = before.get(content.published)
                return write(own, source, content, epochs[content.published], state, gone)
            finally:
                running.discard(own)

    with ThreadPoolExecutor(_WRITERS) as pool:
        waiting = {content.published: pool.submit(write_one, content) for content in tables}
        try:
            written = {}
            for name, one in waiting.items():
                tell(name)
                written[name] = one.result()
            return written
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for own in list(running):
                own.interrupt()
            raise


def verify(paths: Paths, file: Path, snapshot: Snapshot) -> None:
    """Open ``file`` afresh, count each table, and let each view say its columns.

    Raises
    ------
    ProfilectlError
        If a table does not hold the rows that were counted in the warehouse, or a view cannot be read.
    """
    with open_file(paths, file, read_only=True) as connection:
        for name, expected in snapshot.tables.items():
            relation = quote_relation(*name.split(".", 1))
            found = int(facts.rows(connection, f"select count(*) as n from {relation}")[0]["n"])
            if found != expected:
                raise ProfilectlError(
                    f"the copy of {name} holds {found} rows, the warehouse {expected}: not published",
                    hint="check the disk and run: profilectl publish --full",
                )
        for name in snapshot.views:
            try:
                connection.execute(f"describe {quote_relation(*name.split('.', 1))}")
            except duckdb.Error as error:
                raise ProfilectlError(
                    f"{name} cannot be read from the copy: {str(error).splitlines()[0]}: not published",
                    hint="run: profilectl build, then: profilectl publish --full",
                ) from error


@contextmanager
def _target(
    connection: duckdb.DuckDBPyConnection, target: Path, storage: str, *, is_new: bool
) -> Iterator[None]:
    """Attach the new file as ``TARGET`` and use it; write it to the disk at the end."""
    # The oldest storage version by default: the drivers of today's BI tools read it. No log of what is
    # written, and one checkpoint at the end: a file that is not finished is thrown away. Pieces of tables
    # that lost some rows stay as they are: putting them together takes longer than all that is written.
    # Metadata of what did not change is written anew, too: where it is kept as it lies in the file, DuckDB
    # before 1.4 cannot open some of the files, whatever their storage version says.
    how = {"max_vacuum_tasks": "0", "checkpoint_threshold": "1TB", "experimental_metadata_reuse": "false"}
    if not is_new:
        # Of few rows it saves a hundredth of the file; to try it takes a fifth of the checkpoint.
        how["disabled_compression_methods"] = "fsst"
    options = f"storage_version {quote_literal(storage)}, recovery_mode no_wal_writes"
    name, file = quote_identifier(TARGET), quote_literal(str(target))
    with settings(connection, how):
        [(used,)] = connection.execute("select current_catalog()").fetchall()
        try:
            connection.execute(f"attach {file} as {name} ({options})")
        except duckdb.InvalidInputException as error:
            raise ProfilectlError(
                f"DuckDB cannot write a file of storage version {storage}: {str(error).splitlines()[0]}",
                hint="set PROFILECTL_STORAGE_VERSION to one it knows, such as v1.0.0",
            ) from error
        try:
            connection.execute(f"use {name}")
            try:
                yield
            finally:  # before the checkpoint: of a file that it fails to write nothing can be used any more
                connection.execute(f"use {quote_identifier(used)}")
            connection.execute(f"checkpoint {name}")
        finally:
            connection.execute(f"detach {name}")


@dataclass(frozen=True)
class _Base:
    """A version that can be started from: how each of its tables stands, and the last build it holds."""

    tables: dict[str, Written]
    last_build: str | None


def _standing(paths: Paths, file: Path) -> _Base | None:
    """Return how the file of a version stands; None if it cannot be started from."""
    try:
        with open_file(paths, file, read_only=True) as connection:
            if "format" not in facts.columns(connection, "meta", "publication"):
                return None
            [about] = facts.rows(connection, "select * from meta.publication")
            if (about["format"], about["storage_version"]) != (FORMAT, paths.storage_version):
                return None
            [size] = facts.rows(connection, "call pragma_database_size()")
            if size["free_blocks"] > max(_MOST_EMPTY * size["total_blocks"], _SMALL_BLOCKS):
                return None
            found = facts.rows(
                connection, 'select table_name, row_count, through, epoch, replaced from meta."tables"'
            )
    except (ProfilectlError, duckdb.Error):  # damaged: what is written without it mends that
        return None
    tables = {
        one["table_name"]: Written(one["row_count"], one["through"], one["epoch"], one["replaced"])
        for one in found
    }
    return _Base(tables, about["last_build"])


def _is_mostly_new(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    tables: list[Content],
    epochs: Mapping[str, str],
    before: Mapping[str, Written],
) -> bool:
    """Return whether most of what a version holds has to be written whole, as after a rebuild."""
    values = {
        (row["schema_name"], row["table_name"]): int(row["n"])
        for row in facts.rows(
            connection,
            "select schema_name, table_name, estimated_size * column_count as n from duckdb_tables()"
            " where database_name = ?",
            [source],
        )
    }
    size = {content.published: values.get((content.schema, content.name), 0) for content in tables}
    new = sum(
        size[content.published]
        for content in tables
        if content.published not in before
        or not follows(before[content.published], content, epochs[content.published])
    )
    return new > max(_MOST_NEW * sum(size.values()), _SMALL_VALUES)


def _gone(
    connection: duckdb.DuckDBPyConnection, source: str, tables: list[Content], before: Mapping[str, Written]
) -> list[str]:
    """Return users that a version may have and that were merged into others or dissolved since."""
    read = ("identity_changes", "dim_users")
    known = before.get("marts.identity_changes")
    there = {content.name for content in tables if content.schema == "marts"}
    if known is None or known.through is None or not there.issuperset(read):
        return []
    changes, users = (quote_relation(source, "marts", name) for name in read)
    found = connection.execute(
        f"select distinct user_id from {changes} as changes where batch_id > ?::bigint"
        " and event in ('merged_into', 'dissolved')"
        f" and not exists (select 1 from {users} as users where users.user_id = changes.user_id)",
        [known.through],
    ).fetchall()
    return [user_id for (user_id,) in found]


def _epochs(connection: duckdb.DuckDBPyConnection, source: str, tables: list[Content]) -> dict[str, str]:
    """Return for each table a text that changes when it, or what a view of it reads, was built anew."""
    state = quote_relation(source, "ops", "model_state")
    known = facts.rows(
        connection,
        "select count(*) as n from duckdb_tables() where database_name = ? and schema_name = 'ops'"
        " and table_name = 'model_state'",
        [source],
    )[0]["n"]
    of_models = {}
    if known:
        statement = f"select model, md5(concat_ws(' ', epoch, parents)) as epoch from {state}"
        of_models = {row["model"]: row["epoch"] for row in facts.rows(connection, statement)}
    return {
        content.published: "ml" if content.schema == "ml" else of_models.get(content.name, "")
        for content in tables
    }


def _drop_others(
    connection: duckdb.DuckDBPyConnection, tables: list[Content], views: list[View]
) -> set[View]:
    """Drop what the file it starts from has beside these tables and views; return views that it has."""
    kept = {(content.target, content.name, "table") for content in tables}
    wanted = {view.sql: view for view in views}
    found = connection.execute(
        "select schema_name, view_name, 'view', sql from duckdb_views()"
        " where database_name = $name and not internal"
        " union all select schema_name, table_name, 'table', '' from duckdb_tables()"
        " where database_name = $name and schema_name <> 'meta'",
        {"name": TARGET},
    ).fetchall()
    for schema, name, kind, sql in found:
        if (schema, name, kind) not in kept and sql not in wanted:
            connection.execute(f"drop {kind} {quote_relation(TARGET, schema, name)}")
    connection.execute(f"drop schema if exists {quote_relation(TARGET, 'meta')} cascade")
    return {wanted[sql] for *_, sql in found if sql in wanted}


def _make_view(connection: duckdb.DuckDBPyConnection, view: View, is_there: bool) -> str:
    name = quote_relation(TARGET, view.schema, view.name)
    if is_there:  # and stays, with the comments on it, unless it cannot be read any more as it is
        try:
            connection.execute(f"describe {name}")
        except duckdb.Error:
            connection.execute(f"drop view {name}")
        else:
            return f"{view.schema}.{view.name}"
    try:
        connection.execute(view.sql)
    except duckdb.Error as error:
        raise ProfilectlError(
            f"the view {view.schema}.{view.name} cannot be published: {str(error).splitlines()[0]}",
            hint="published views may read marts, ml tables and intermediate models, but not raw or staging",
        ) from error
    return f"{view.schema}.{view.name}"
