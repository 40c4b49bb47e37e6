"""The truth about identities, from the demo or a person's own file, in the spelling of ``identity_map``."""

from __future__ import annotations

from pathlib import Path

import duckdb

from profilectl_ml.errors import ProfilectlError
from profilectl_ml.sql import quote_literal

#: As the macros trimmed and clean_phone have it.
_TRIMMED = r"regexp_replace(identifier_value::varchar, '^[\s\p{Z}]+|[\s\p{Z}]+$', '', 'g')"
_NUMBER = r"regexp_replace(trimmed, '\(0\)|[\s,;]*(?i:x|ext|extension)[\s.:]*\d+\s*$', '', 'g')"
_FILES = (".parquet", ".csv", ".csv.gz")


def identities(con: duckdb.DuckDBPyConnection, truth: Path) -> str:
    """Return a relation of (identifier_type, identifier_value, household_id) as the truth spells them.

    Raises
    ------
    ProfilectlError
        If the truth is not there, or has other columns.
    """
    if not truth.is_file():
        if truth.is_dir() or not truth.name.lower().endswith(_FILES):
            return demo_truth(truth, "identities")
        raise ProfilectlError(f"there is no file {truth}", hint="give a Parquet or CSV file")
    suffix = truth.suffix.lower()
    file = quote_literal(str(truth))
    packed = "gzip" if suffix == ".gz" else "auto"
    table = (
        f"read_parquet({file})"
        if suffix == ".parquet"
        else f"read_csv({file}, header = true, all_varchar = true, compression = '{packed}')"
    )
    relation = f"(select identifier_type, identifier_value, person_id as household_id from {table})"
    try:
        # all of it, since a line that cannot be read may be the last
        con.execute(f"select count(columns(*)) from {relation}")
    except duckdb.Error as error:
        raise ProfilectlError(
            f"{truth} is not a truth table: {str(error).splitlines()[0]}",
            hint="it needs the columns identifier_type, identifier_value, person_id",
        ) from error
    return relation


def demo_truth(truth: Path, name: str) -> str:
    """Return the relation ``name`` of the folder that the demo wrote.

    Raises
    ------
    ProfilectlError
        If it is not there.
    """
    path = truth / f"{name}.parquet"
    if not path.is_file():
        raise ProfilectlError(f"no demo truth at {path}", hint="profilectl demo")
    return f"read_parquet({quote_literal(str(path))})"


def known_identifiers(relation: str) -> str:
    """Return CTEs ``current_map``, the map as it is now, and ``truth``, ``relation`` with the map's values.

    A value that the map has counts as it is; any other as staging would write it. Staging put the project's
    country code before a national number, which the warehouse does not say: it is the number that ends so,
    if there is only one. Rows without a person, type or value are left out.
    """
    return f"""
        current_map as (
            select identifier_type, identifier_value, user_id from marts.identity_map where known_to is null
        ),
        spellings as (
            select identifier_type, identifier_value as spelling, identifier_value from current_map
            union all
            select identifier_type, right(identifier_value, 10) as spelling, min(identifier_value)
            from current_map
            where identifier_type = 'phone' and length(identifier_value) between 12 and 14
            group by all
            having count(*) = 1
        ),
        given as (
            select distinct
                identifier_type::varchar as identifier_type, identifier_value::varchar as identifier_value,
                {_TRIMMED} as trimmed,
                trim(household_id::varchar) as household_id
            from {relation}
        ),
        dialled as (
            select *, case
                when identifier_type = 'phone' then regexp_replace({_NUMBER}, '[^0-9]', '', 'g')
            end as digits
            from given
            where identifier_type is not null and trimmed <> '' and household_id <> ''
        ),
        spelt as (
            select * exclude (trimmed, digits), case
                when identifier_type in ('email', 'handle') then lower(trimmed)
                when identifier_type <> 'phone' or digits = '' then trimmed
                when trimmed like '+%' then '+' || digits
                when digits like '00%' and length(digits) >= 11 then '+' || digits[3:]
                when length(digits) = 10 then digits
                when length(digits) = 11 and digits like '0%' then digits[2:]
                else '+' || digits
            end as spelling
            from dialled
        ),
        truth as (
            select
                s.household_id, s.identifier_type,
                coalesce(c.identifier_value, k.identifier_value, s.spelling) as identifier_value
            from spelt as s
            left join current_map as c using (identifier_type, identifier_value)
            left join spellings as k
                on s.identifier_type = k.identifier_type and s.spelling = k.spelling
        )
    """
