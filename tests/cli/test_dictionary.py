from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from profilectl import dictionary

MANIFEST = {
    "nodes": {
        "model.p.users": {
            "resource_type": "model",
            "schema": "marts",
            "name": "users",
            "description": "One row\n per user.",
            "columns": {
                "user_id": {"name": "user_id", "description": "Who it's about."},
                "spend": {"name": "spend", "description": "Spend [currency]."},
                "baskets": {
                    "name": "baskets", "description": "Baskets", "config": {"meta": {"unit": "count"}},
                },
                "seen_at": {"name": "seen_at", "description": "When last seen, UTC."},
                "gone": {"name": "gone", "description": "A column that this file does not have."},
            },
        },
        "model.p.hidden": {
            "resource_type": "model", "schema": "intermediate", "name": "hidden", "description": "x",
            "columns": {},
        },
        "test.p.t": {"resource_type": "test", "schema": "marts", "name": "t"},
    },
    "sources": {
        "source.p.ml.scores": {
            "resource_type": "source", "schema": "ml", "name": "scores", "identifier": "scores",
            "description": "One row per user and task.", "columns": {},
        }
    },
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with two tables, as publishing would leave it before its dictionary."""
    with duckdb.connect(str(tmp_path / "p.duckdb")) as connection:
        connection.execute(
            "create schema marts; create schema ml; create schema meta;"
            "create table marts.users(user_id varchar, spend double, baskets bigint, seen_at timestamp, "
            "odd integer);"
            "create table ml.scores(user_id varchar)"
        )
    return tmp_path / "p.duckdb"


def test_entries_are_of_marts_and_ml_with_units() -> None:
    found = dictionary.entries(MANIFEST)
    assert [(e.schema, e.table, e.column, e.unit) for e in found] == [
        ("marts", "users", None, None),
        ("marts", "users", "user_id", None),
        ("marts", "users", "spend", "currency"),
        ("marts", "users", "baskets", "count"),
        ("marts", "users", "seen_at", None),
        ("marts", "users", "gone", None),
        ("ml", "scores", None, None),
    ]
    assert found[0].description == "One row per user."


def test_it_is_written_as_a_table_and_as_comments(file: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as copy")
        assert dictionary.write(connection, "copy", dictionary.entries(MANIFEST)) == 6
    with duckdb.connect(str(file), read_only=True) as connection:
        rows = connection.execute(
            'select table_name, column_name, ordinal, type, description, unit from meta."columns" '
            "order by schema_name, table_name, ordinal"
        ).fetchall()
        comments = connection.execute(
            "select column_name, comment from duckdb_columns() where comment is not null order by 1"
        ).fetchall()
        [(on_table,)] = connection.execute(
            "select comment from duckdb_tables() where table_name = 'users'"
        ).fetchall()
    assert rows == [
        ("users", None, 0, None, "One row per user.", None),
        ("users", "user_id", 1, "VARCHAR", "Who it's about.", None),
        ("users", "spend", 2, "DOUBLE", "Spend [currency].", "currency"),
        ("users", "baskets", 3, "BIGINT", "Baskets", "count"),
        ("users", "seen_at", 4, "TIMESTAMP", "When last seen, UTC.", "UTC"),
        ("users", "odd", 5, "INTEGER", None, None),
        ("scores", None, 0, None, "One row per user and task.", None),
        ("scores", "user_id", 1, "VARCHAR", None, None),
    ]
    assert on_table == "One row per user."
    assert [name for name, _ in comments] == ["baskets", "seen_at", "spend", "user_id"]


def test_writing_again_replaces_it_and_a_failure_leaves_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as copy")
        assert dictionary.write(connection, "copy", []) == 0
        monkeypatch.setattr(dictionary, "_comment", lambda *parts: "no sql")
        with pytest.raises(duckdb.Error):
            dictionary.write(connection, "copy", dictionary.entries(MANIFEST))
        assert connection.execute('select count(description) from copy.meta."columns"').fetchone() == (0,)


def test_only_comments_that_changed_are_written(file: Path) -> None:
    """Tables that a version takes over from the one before have their comments; what is no more said goes."""
    told = dictionary.entries(MANIFEST)
    comments = "select table_name, column_name, comment from duckdb_columns() where comment is not null"
    with duckdb.connect(str(file)) as connection:
        dictionary.write(connection, "p", told)
        before = connection.execute(comments).fetchall()
        shorter = [entry for entry in told if entry.column != "spend"]
        dictionary.write(connection, "p", shorter)
        after = connection.execute(comments).fetchall()
        assert set(before) - set(after) == {("users", "spend", "Spend [currency].")}
        dictionary.write(connection, "p", told)
        assert sorted(connection.execute(comments).fetchall()) == sorted(before)
