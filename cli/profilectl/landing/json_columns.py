"""Which keys the objects of staged JSON files have, and how they fill the declared columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import duckdb

from profilectl.landing import reasons
from profilectl.landing.contract import Entity, canonical, missing_column_detail
from profilectl.landing.staged import ROWS, Staged, StagedFile
from profilectl_ml.sql import quote_literal

# Keys made of data (an id as a key) must not fill the memory; declared ones are read first.
_MOST_KEYS = 50_000


def staged_columns(cursor: duckdb.DuckDBPyConnection, entity: Entity, files: Sequence[StagedFile]) -> Staged:
    """Describe the staged objects of ``files``; refuse files that lack a required column.

    A column counts as there if any object of the file has it.
    """
    keys = _keys_by_file(cursor, entity)
    spellings: dict[str, list[str]] = {}
    has_extras = False
    for file in files:
        if not file.rows_loaded:
            continue
        found = keys.get(file.index, [])
        answered = {column: _spellings_of(column, found) for column in entity.columns}
        extras = set(found).difference(*answered.values())
        file.missing = tuple(column for column, names in answered.items() if not names)
        detail = missing_column_detail(entity, file.missing, sorted(extras))
        if detail is not None:
            file.refusal = reasons.MISSING_COLUMN, detail
            continue
        has_extras = has_extras or bool(extras)
        for column, names in answered.items():
            known = spellings.setdefault(column, [])
            known.extend(name for name in names if name not in known)
    return _describe(entity, files, spellings, has_extras)


def _keys_by_file(cursor: duckdb.DuckDBPyConnection, entity: Entity) -> dict[int, list[str]]:
    keys: dict[int, list[str]] = {}
    for index, key in cursor.execute(
        f"""
        select distinct file_index, unnest(names) as key
        from (select distinct file_index, json_keys(json) as names from {ROWS} where json is not null)
        order by list_contains(?, lower(trim(key))) desc, file_index, key
        limit {_MOST_KEYS}
        """,
        [[canonical(column) for column in entity.columns]],
    ).fetchall():
        keys.setdefault(index, []).append(key)
    return keys


def _spellings_of(column: str, keys: Sequence[str]) -> list[str]:
    """Return the keys that answer to ``column``, the exact one first."""
    alike = [key for key in keys if canonical(key) == canonical(column)]
    return sorted(alike, key=lambda key: (key != column, key))


def _describe(
    entity: Entity, files: Sequence[StagedFile], spellings: Mapping[str, Sequence[str]], has_extras: bool
) -> Staged:
    paths: list[str] = []
    columns: dict[str, str] = {}
    for column, names in spellings.items():
        picks = []
        for name in names:
            paths.append(quote_literal(f'$."{name}"'))
            picks.append(f"v[{len(paths)}]")
        if picks:
            columns[column] = picks[0] if len(picks) == 1 else f"coalesce({', '.join(picks)})"
    # Where two spellings meet in one object, the second stays in _extra: nothing is lost.
    taken = json.dumps({names[0]: None for names in spellings.values() if names})
    has_extras = has_extras or any(len(names) > 1 for names in spellings.values())
    return Staged(
        entity,
        files,
        relation=f"""
            select json, file_index, rowid as ordinal, json_extract_string(json, [{", ".join(paths)}]) as v
            from {ROWS} where json is not null
        """,
        columns=columns,
        extra=f"nullif(cast(json_merge_patch(json, {quote_literal(taken)}) as varchar), '{{}}')"
        if has_extras
        else "null",
    )
