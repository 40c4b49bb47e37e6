"""Opening DuckDB files under the configured limits, with errors a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb

from profilectl.console import private_folder
from profilectl.project import PUBLISHED_FILE, Paths
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_identifier, quote_literal

#: How DuckDB says that another process has opened a file.
LOCKED = "Could not set lock on file"


@contextmanager
def connect(paths: Paths, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the working warehouse.

    Raises
    ------
    ProfilectlError
        If the file does not exist, is not a DuckDB file, or another process holds its lock.
    """
    if not paths.warehouse.is_file():
        raise ProfilectlError(f"there is no warehouse at {paths.warehouse}", hint="run: profilectl build")
    with open_file(paths, paths.warehouse, read_only=read_only) as connection:
        yield connection


@contextmanager
def connect_published(paths: Paths) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the newest published version, read-only, by its resolved name.

    DuckDB caches a database by its path within a process, so the symlink's own name could show
    an old version.
    """
    if not paths.published.exists():
        raise ProfilectlError(f"nothing is published at {paths.published}", hint="run: profilectl publish")
    with ExitStack() as stack:
        file = paths.published.resolve()
        try:
            connection = stack.enter_context(open_file(paths, file, read_only=True))
        except ProfilectlError:
            if file == (newer := paths.published.resolve()):
                raise
            # Switched and pruned meanwhile: readers never wait, and never fail.
            connection = stack.enter_context(open_file(paths, newer, read_only=True))
        yield connection


@contextmanager
def open_file(paths: Paths, file: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open any DuckDB ``file`` under the limits, in UTC."""
    with friendly_errors(file):
        # without a configuration, as dbt does: only such connections share what is open in a process
        connection = duckdb.connect(str(file), read_only=read_only)
    with _limited(connection, paths, file):
        yield connection


@contextmanager
def in_memory(paths: Paths, file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory under the limits, in UTC; ``file`` is what it is for, and errors name."""
    private_folder(paths.temp)
    with friendly_errors(file):
        connection = duckdb.connect()
    with _limited(connection, paths, file):
        yield connection


@contextmanager
def held(paths: Paths) -> Iterator[duckdb.DuckDBPyConnection]:
    """Keep the working warehouse open: for this process, opening and closing it then costs nothing.

    Until it is let go, it can be opened for writing only, and what is committed stays in its log, up to a
    gigabyte: writing the tables' own pages once takes less than doing so after each step. Pieces of tables
    stay as they are, unless dbt lets them be tidied up (macro ``engine_settings``).
    """
    for folder in (paths.warehouse.parent, paths.temp):
        private_folder(folder)
    with open_file(paths, paths.warehouse, read_only=False) as connection:
        connection.execute("set checkpoint_threshold = '1GiB'")
        connection.execute("set max_vacuum_tasks = 0")
        _held.add(paths.warehouse)
        try:
            yield connection
        finally:
            _held.discard(paths.warehouse)


#: Warehouses that this process keeps open.
_held: set[Path] = set()


@contextmanager
def _limited(connection: duckdb.DuckDBPyConnection, paths: Paths, file: Path) -> Iterator[None]:
    """Set the limits and UTC, and close the connection at the end."""
    limits = {
        "temp_directory": str(paths.temp),  # first: with less memory, DuckDB may spill at once
        "memory_limit": paths.memory_limit,
        "threads": str(paths.duckdb_threads),
    }
    try:
        with friendly_errors(file):
            connection.execute("set TimeZone = 'UTC'")
            for name, value in limits.items():
                ((before,),) = connection.execute("select current_setting(?)", [name]).fetchall()
                if value != str(before):  # a folder that was spilled into cannot be set again
                    connection.execute(f"set {quote_identifier(name)} = {quote_literal(value)}")
        yield
    finally:
        connection.close()


@contextmanager
def attached(paths: Paths, spill: Paths | None = None) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Yield a connection that can only read the working warehouse, and the name it has there.

    The name is the one DuckDB gives the file, because dbt writes it into the views. ``spill`` gives the
    limits and the folder to spill into, where they are not those of ``paths``. While the warehouse is
    :func:`held`, nothing keeps the connection from writing to it.
    """
    name, used = paths.warehouse.name.partition(".")[0], spill or paths
    if paths.warehouse in _held:
        with open_file(used, paths.warehouse, read_only=False) as connection:
            yield connection, name
        return
    with in_memory(used, paths.warehouse) as connection:
        with friendly_errors(paths.warehouse):
            file = quote_literal(str(paths.warehouse))
            connection.execute(f"attach {file} as {quote_identifier(name)} (read_only)")
        yield connection, name


@contextmanager
def friendly_errors(file: Path) -> Iterator[None]:
    """Turn DuckDB's errors about opening ``file`` into one line that says what to do."""
    try:
        yield
    except duckdb.ConnectionException as error:
        raise ProfilectlError(
            f"{file} is already open in this process with other settings",
            hint="close the other connection first",
        ) from error
    except (duckdb.IOException, duckdb.SerializationException) as error:
        text = str(error)
        if LOCKED in text:
            owner = re.search(r"PID (\d+)", text)
            who = f"process {owner[1]}" if owner else "another process"
            raise ProfilectlError(
                f"{file} is in use by {who}",
                hint="wait for it or close it; readers should open the published file "
                "(profilectl publish), which is never locked",
            ) from error
        # A published version, or the copy that the next one begins as, is made of a sound warehouse.
        is_version = file.name == PUBLISHED_FILE
        whole = "publish --full" if is_version else "build --full-refresh"
        mend = f"{'' if is_version else 'move it away and '}run: profilectl {whole}"
        raise ProfilectlError(
            f"{file} cannot be opened: {text.splitlines()[0]}",
            hint=f"check that it is a DuckDB file and readable; if it is damaged, {mend}",
        ) from error
    except duckdb.NotImplementedException as error:
        raise ProfilectlError(
            f"{file} is open in this process, and has spilled elsewhere: {str(error).splitlines()[0]}",
            hint="leave `temp_directory` out of profiles.yml: profilectl has a folder of its own for that",
        ) from error
    except (duckdb.InvalidInputException, duckdb.ParserException, duckdb.SyntaxException) as error:
        raise ProfilectlError(
            f"DuckDB does not accept a setting: {str(error).splitlines()[0]}",
            hint="check PROFILECTL_MEMORY_LIMIT (such as 4GB) and PROFILECTL_DUCKDB_THREADS (such as 2)",
        ) from error


@contextmanager
def writing_errors(target: Path) -> Iterator[None]:
    """Turn what disks and DuckDB say about files in ``target`` that cannot be written into one line."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        raise ProfilectlError(
            f"{target} cannot be written: {str(error).splitlines()[0]}",
            hint="check that the folder is yours and the disk has room",
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise ProfilectlError(
            f"writing {target} needs more memory than DuckDB may use: {str(error).splitlines()[0]}",
            hint="raise PROFILECTL_MEMORY_LIMIT, such as 4GB",
        ) from error
