"""Peer: Splink's deterministic links by the same rules, clustered by its own connected components."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from identity_quality_rules import Rule


def stitch(connection: duckdb.DuckDBPyConnection, table: str, rules: Sequence[Rule]) -> str:
    """Return the table that holds (record, cluster_id) of every record in `table`."""
    logging.disable(logging.INFO)  # it reports every iteration
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        blocking_rules_to_generate_predictions=[block_on(*rule.columns) for rule in rules],
    )
    linker = Linker(DuckDBAPI(connection).register(table), settings)
    links = linker.inference.deterministic_link()
    return linker.clustering.cluster_pairwise_predictions_at_threshold(links).physical_name
