"""The truth beside the landing folder: what dirt was put where, and the files that say so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from profilectl.demo.entity import Entity
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_literal

EVERY_MONTH = "every"
NOTE = (
    "shop and crm hold real purchases, redemptions, contacts and demographics of The Complete Journey "
    "(CC0); every identity (cards, e-mails, phones, names, cookies, devices, handles) and every source "
    "named synthetic_* is made up from the seed."
)


def open_truth(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty tables that the deliveries are counted into."""
    con.execute(
        """
        create table truth_dirt (
            month varchar, source varchar, entity varchar, kind varchar, expected varchar, reason varchar,
            rows bigint
        )
        """
    )
    con.execute(
        """
        create table truth_expected (
            month varchar, source varchar, entity varchar, rows_landed bigint, rows_shape bigint,
            rows_quarantined bigint, rows_duplicates bigint
        )
        """
    )


def count_delivered(con: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Count the table ``delivered``, and what can be observed in its clean rows."""
    con.execute(
        """
        insert into truth_expected
        select month, $source, $entity, count(*), count_if(expected = 'kept'),
            count_if(expected = 'quarantined'), count_if(expected = 'duplicate')
        from delivered group by month
        """,
        {"source": entity.source, "entity": entity.name},
    )
    con.execute(
        """
        insert into truth_dirt
        select month, $source, $entity, kind, any_value(expected), any_value(reason), count(*)
        from delivered where kind <> 'clean' group by month, kind
        """,
        {"source": entity.source, "entity": entity.name},
    )
    observed = [(o.kind, o.predicate, o.expected) for o in entity.observed]
    if entity.variant is not None:
        in_month = f"month = {quote_literal(entity.variant.month)}"
        observed.append((entity.variant.kind, in_month, "kept"))
    for kind, predicate, expected in observed:
        con.execute(
            f"""
            insert into truth_dirt
            select month, ?, ?, ?, ?, null, count(*)
            from {entity.table} semi join wanted using (month)
            where {predicate} group by month
            """,
            [entity.source, entity.name, kind, expected],
        )


def count_catalogue(con: duckdb.DuckDBPyConnection) -> None:
    """Count the table ``catalogue``, which comes whole with every month."""
    con.execute(
        """
        insert into truth_expected
        select ?, 'shop', 'products', count(*), count_if(kind = 'clean'),
            count_if(kind = 'missing_product_id'), count_if(kind = 'duplicate_row')
        from catalogue
        """,
        [EVERY_MONTH],
    )
    con.execute(
        """
        insert into truth_dirt
        select ?, 'shop', 'products', kind,
            case kind when 'duplicate_row' then 'duplicate' else 'quarantined' end,
            case kind when 'duplicate_row' then null else kind end, count(*)
        from catalogue where kind <> 'clean' group by kind
        """,
        [EVERY_MONTH],
    )


def read_manifest(truth: Path) -> dict[str, Any] | None:
    """Return the manifest of an earlier run, or ``None``.

    Raises
    ------
    ProfilectlError
        If there is one that is not JSON.
    """
    path = truth / "manifest.json"
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ProfilectlError(f"{path} is not JSON", hint="delete the folder and run again") from error
    return manifest if isinstance(manifest, dict) else None


def recall_other_months(con: duckdb.DuckDBPyConnection, truth: Path, months: Sequence[str]) -> None:
    """Add what earlier runs counted for months that this run does not write."""
    for name in ("dirt", "expected"):
        path = truth / f"{name}_by_month.parquet"
        if path.is_file():
            con.execute(
                f"""
                insert into truth_{name} by name
                select * from read_parquet({quote_literal(str(path))})
                where not list_contains($written, month)
                """,
                {"written": [*months, EVERY_MONTH]},
            )


def write_truth(con: duckdb.DuckDBPyConnection, truth: Path, manifest: dict[str, Any]) -> None:
    """Write the truth files and the manifest."""
    truth.mkdir(parents=True, exist_ok=True)
    totals = "sum(rows_landed)::bigint as rows_landed, sum(rows_shape)::bigint as rows_shape, " + (
        "sum(rows_quarantined)::bigint as rows_quarantined, sum(rows_duplicates)::bigint as rows_duplicates"
    )
    queries = {
        "identities": "from identities order by all",
        "shared_identifiers": "from shared_identifiers order by all",
        "dirt_by_month": "from truth_dirt order by all",
        "dirt": "select source, entity, kind, expected, reason, sum(rows)::bigint as rows "
        "from truth_dirt group by all order by all",
        "expected_by_month": "from truth_expected order by all",
        "expected": f"select source, entity, {totals} from truth_expected group by all order by all",
    }
    con.execute("set threads = 1")
    for name, query in queries.items():
        path = quote_literal(str(truth / f"{name}.parquet"))
        con.execute(f"copy ({query}) to {path} (format parquet, compression zstd)")
    con.execute("set threads = 2")
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (truth / "manifest.json").write_text(text, encoding="utf-8")
