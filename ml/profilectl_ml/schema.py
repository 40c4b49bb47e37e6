"""The tables of schema ``ml``: one place that knows their columns."""

from __future__ import annotations

import duckdb

# The dbt macro `create_ml_tables` makes ml.scores with the same columns, so that views on it build
# before the first model exists.
_TABLES = {
    "runs": "run_id varchar, task varchar, created_at timestamp, chosen varchar, promoted boolean,"
    " reason varchar, seed bigint, params varchar, data_fingerprint varchar, n_train bigint, n_test bigint,"
    " train_cutoffs varchar, test_cutoff date, baseline varchar, seconds double, kind varchar,"
    " details varchar",
    "metrics": "run_id varchar, task varchar, candidate varchar, split varchar, metric varchar, value double,"
    " low double, high double",
    "models": "model_id varchar, run_id varchar, task varchar, kind varchar, candidate varchar,"
    " format_version integer, artefact blob, features varchar, created_at timestamp, serving boolean,"
    " scoring_sql varchar, details varchar",
    "scores": "user_id varchar, task varchar, score double, percentile double, model_id varchar,"
    " scored_at timestamp, as_of date",
    "score_reasons": "user_id varchar, task varchar, rank integer, feature varchar, value varchar,"
    " contribution double, method varchar, model_id varchar, explained_at timestamp",
    "segments": "user_id varchar, task varchar, segment varchar, distance double, model_id varchar,"
    " assigned_at timestamp, as_of date",
    "segment_profiles": "task varchar, segment varchar, description varchar, users bigint, share double,"
    " value double, details varchar, model_id varchar",
    "recommendations": "user_id varchar, task varchar, rank integer, item varchar, score double,"
    " reason varchar, is_repeat boolean, model_id varchar, recommended_at timestamp, as_of date",
    "feature_importance": "model_id varchar, task varchar, feature varchar, importance double, low double,"
    " high double",
    "feature_report": "run_id varchar, task varchar, feature varchar, relevance double, redundancy double,"
    " redundant_with varchar, psi double, selected double",
    "reliability": "run_id varchar, task varchar, candidate varchar, bin integer, n bigint,"
    " predicted double, observed double",
    "slices": "run_id varchar, task varchar, slice varchar, value varchar, n bigint, metric varchar,"
    " score double, baseline double",
    "backgrounds": "task varchar, model_id varchar, place integer, feature_values double[]",
    "scored": "task varchar, what varchar, model_id varchar, through bigint, fingerprint varchar",
    "checks": "task varchar, model_id varchar, as_of date, checked_at timestamp, due boolean, reason varchar",
    "promotions": "task varchar, model_id varchar, promoted_at timestamp, event varchar, reason varchar",
    "test_predictions": "model_id varchar, task varchar, user_id varchar, cutoff date, actual double,"
    " predicted double, baseline double",
}


def create_ml_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing of schema ``ml``, columns too; what exists stays as it is."""
    connection.execute("create schema if not exists ml")
    for name, columns in _TABLES.items():
        connection.execute(f"create table if not exists ml.{name} ({columns})")
        for column in columns.split(", "):
            connection.execute(f"alter table ml.{name} add column if not exists {column}")
