"""Who is who: every identifier in the landing files, and the household it belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

# clean table to the identifiers in canonical form that its rows carry: type to column
CARRIED = {
    "clean_shop__transactions": {"card": "card_id"},
    "clean_shop__coupon_redemptions": {"card": "card_id"},
    "clean_crm__customers": {
        "customer_id": "crm_id",
        "card": "card_id",
        "email": "true_email",
        "phone": "true_phone",
    },
    "clean_crm__campaign_contacts": {"customer_id": "crm_id"},
    "clean_synthetic_web__events": {"cookie": "cookie_id", "device": "device_id", "email": "true_email"},
    "clean_synthetic_social__accounts": {"handle": "handle", "email": "true_email"},
    "clean_synthetic_social__posts": {"handle": "handle"},
    "clean_synthetic_social__reactions": {"handle": "handle"},
    "clean_synthetic_survey__answers": {"email": "true_email", "phone": "true_phone"},
}


def make_identities(con: duckdb.DuckDBPyConnection, months: Sequence[str]) -> None:
    """Make ``identities`` and ``shared_identifiers`` from the clean rows of ``months``.

    An identifier that more than one household uses, in any month, names nobody: it is shared.
    """
    sightings = "\nunion all\n".join(
        f"select '{kind}' as identifier_type, {column} as identifier_value, household_id, month "
        f"from {table} where {column} is not null group by all"
        for table, carried in CARRIED.items()
        for kind, column in carried.items()
    )
    con.execute(f"create table sighting as {sightings}")
    con.execute(
        """
        create table shared as
        select s.identifier_type, s.identifier_value, any_value(coalesce(b.kind, 'family')) as kind
        from sighting as s
        left join sentinel as b using (identifier_type, identifier_value)
        group by s.identifier_type, s.identifier_value
        having count(distinct s.household_id) > 1 or any_value(b.kind) is not null
        """
    )
    seen = {"months": list(months)}
    con.execute(
        """
        create table identities as
        select distinct identifier_type, identifier_value, household_id
        from sighting anti join shared using (identifier_type, identifier_value)
        where list_contains($months, month)
        """,
        seen,
    )
    con.execute(
        """
        create table shared_identifiers as
        select identifier_type, identifier_value, kind, count(distinct household_id) as households
        from sighting join shared using (identifier_type, identifier_value)
        where list_contains($months, month)
        group by all
        """,
        seen,
    )
