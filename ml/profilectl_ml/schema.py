"""The tables of schema ``ml``: one place that knows their columns."""

from __future__ import annotations

import duckdb

# The dbt macro `create_ml_tables` makes ml.scores with the same columns, so that views on it build
# before the first model exists.
_TABLES = {
    "runs": "run_id varchar, task varchar, created_at timestamp, chosen varchar, promoted boolean,"
    " reason varchar, seed bigint, params varchar, data_fingerprint varchar, n_train bigint, n_test bigint,"
    " train_cutoffs varchar, test_cutoff date, baseline varchar, seconds double",
    "metrics": "run_id varchar, task varchar, candidate varchar, split varchar, metric varchar, value double,"
    " low double, high double",
    "models": "model_id varchar, run_id varchar, task varchar, kind varchar, candidate varchar,"
    " format_version integer, artefact blob, features varchar, created_at timestamp, serving boolean",
    "scores": "user_id varchar, task varchar, score double, percentile double, model_id varchar,"
    " scored_at timestamp, as_of date",
    "feature_importance": "model_id varchar, task varchar, feature varchar, importance double, low double,"
    " high double",
    "test_predictions": "model_id varchar, task varchar, user_id varchar, cutoff date, actual double,"
    " predicted double, baseline double",
}


def create_ml_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of schema ``ml``; what exists stays as it is."""
    connection.execute("create schema if not exists ml")
    for name, columns in _TABLES.items():
        connection.execute(f"create table if not exists ml.{name} ({columns})")
