"""From rules to pairs of records with a score, and from scored pairs to edges."""

from __future__ import annotations

from collections.abc import Sequence

from identity_quality_rules import Rule


def scored_pairs(table: str, rules: Sequence[Rule]) -> str:
    """Return SQL for (record_a, record_b, score): who shares a rule's key, with score 1.

    Of the records with one key each is paired with the first one alone: the users are those of all pairs.
    """
    return " union all ".join(
        f"""
        select record as record_a, first_record as record_b, 1.0 as score
        from (
            select record, min(record) over (partition by {", ".join(rule.columns)}) as first_record
            from {table}
            where {" and ".join(f"{column} is not null" for column in rule.columns)}
        )
        where record <> first_record
        """
        for rule in rules
    )


def edges(pairs: str, threshold: float) -> str:
    """Return SQL for the edges (identifier_l, identifier_r) of scored pairs that reach `threshold`.

    The one place where evidence becomes links, whoever scored it: a probabilistic matcher enters here with
    pairs (record_a, record_b, score) of its own, alone or in a union with those of exact rules.
    """
    return f"""
        select distinct record_a as identifier_l, record_b as identifier_r
        from ({pairs}) where score >= {threshold}
        """
