"""Landing files of N events over N/10 people, the same on every run; made by DuckDB and kept.

Three fifths are shop transactions (CSV), a third is web events (JSON lines), the rest campaigns, coupons,
posts, reactions and survey answers. People have two to eight identifiers that meet in CRM records, logins
and social accounts. One row in four hundred is delivered twice, and as many carry a value that staging
must set aside. A delta is one hundredth as much again, all of it of the last day: events of people known
already, and one new person for every hundred.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

VERSION = "1"
PRODUCTS = 20_000


@dataclass(frozen=True)
class Load:
    """What one load holds: how many events, of which time, and numbers that no other load has."""

    events: int
    people: range
    start: str
    seconds: int
    months: range
    offset: int
    name: str


def first_load(events: int) -> Load:
    """Return a year of `events` events."""
    start = "timestamp '2017-01-01 00:00:00'"
    return Load(events, range(events // 10), start, 365 * 86400, range(1, 13), 0, "")


def delta_load(events: int) -> Load:
    """Return the hundredth that comes after `events` events: an evening of the last day."""
    people = events // 10
    new = range(people, people + people // 100)
    return Load(
        events // 100, new, "timestamp '2017-12-30 15:00:00'", 6 * 3600, range(12, 13), 10**9, "-delta"
    )


def chance(key: str, salt: str) -> str:
    """Return SQL for a number in [0, 1) that depends on `key` and `salt` only."""
    return f"(md5_number_lower({key} || '{salt}') >> 11) / 9007199254740992.0"


def pick(key: str, salt: str, choices: int) -> str:
    """Return SQL for one of the numbers 0 to `choices` - 1 that depends on `key` and `salt` only."""
    return f"cast(md5_number_lower({key} || '{salt}') % {choices} as bigint)"


def generate(landing: Path, events: int, delta: bool = False) -> None:
    """Write the files of `events` events, or of the delta after them, unless they are there already."""
    stamp = landing.with_name(f"generated-{landing.name}")
    wanted = f"{VERSION} {events}"
    load = delta_load(events) if delta else first_load(events)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    connection = duckdb.connect()
    connection.execute("set threads = 2; set memory_limit = '4GB'; set TimeZone = 'UTC'")
    connection.execute(f"set temp_directory = '{landing.parent / 'spill'}'")
    _people(connection, load.people.stop)
    if not delta:
        _products(connection, landing)
    _customers(connection, landing, load)
    _transactions(connection, landing, load)
    _web(connection, landing, load)
    _small(connection, landing, load)
    stamp.write_text(wanted)


def _write(connection: duckdb.DuckDBPyConnection, query: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    form = {".csv": "csv, header", ".jsonl": "json", ".parquet": "parquet"}[file.suffix]
    connection.execute(f"copy ({query}) to '{file}' (format {form})")


def _write_monthly(
    connection: duckdb.DuckDBPyConnection, table: str, folder: Path, suffix: str, load: Load
) -> None:
    for month in load.months:
        _write(
            connection,
            f"select * exclude (_at) from {table} where month(_at) = {month} order by _at, 1, 2",
            folder / f"2017-{month:02d}{load.name}.{suffix}",
        )


def _people(connection: duckdb.DuckDBPyConnection, people: int) -> None:
    connection.execute(
        f"""
        create table people as
        select
            i as person,
            {chance("i", "crm")} < 0.85 as in_crm,
            1 + ({chance("i", "cards")} < 0.3)::int as cards,
            1 + ({chance("i", "cookies")} < 0.35)::int as cookies,
            {chance("i", "phone")} < 0.7 as has_phone,
            {chance("i", "handle")} < 0.15 as has_handle,
            'p' || i || '@mail' || i % 50 || '.example' as email,
            printf('+1%010d', 2000000000 + i) as phone,
            'handle_' || i as handle
        from range({people}) as t(i)
        """
    )


def _products(connection: duckdb.DuckDBPyConnection, landing: Path) -> None:
    _write(
        connection,
        f"""
        select
            cast(i as varchar) as product_id, cast(i % 900 as varchar) as manufacturer_id,
            ['GROCERY', 'DRUG GM', 'PRODUCE', 'MEAT', 'DELI', 'PASTRY', 'FUEL', 'NUTRITION', 'FLORAL']
                [1 + (i * i) % 9] as department,
            if(i % 4 = 0, 'Private', 'National') as brand,
            'CATEGORY ' || i % 300 as product_category, 'TYPE ' || i % 2000 as product_type,
            i % 40 || ' OZ' as package_size
        from range({PRODUCTS}) as t(i)
        """,
        landing / "shop" / "products" / "products.parquet",
    )


def _customers(connection: duckdb.DuckDBPyConnection, landing: Path, load: Load) -> None:
    _write(
        connection,
        f"""
        select
            'C' || person as crm_id, 'K' || person || '-' || card as card_id,
            'First' || person % 5000 as first_name, 'Last' || person % 20000 as last_name,
            if(card = 0, email, null) as email, if(has_phone, phone, null) as phone,
            ['19-24', '25-34', '35-44', '45-54', '55-64', '65+'][1 + person % 6] as age,
            ['Under 15K', '15-24K', '25-34K', '50-74K', '100-124K'][1 + person % 5] as income,
            ['Homeowner', 'Renter', null][1 + person % 3] as home_ownership,
            ['Married', 'Unmarried', null][1 + person % 3] as marital_status,
            cast(1 + person % 5 as varchar) as household_size, '1 Adult Kids' as household_comp,
            cast(person % 4 as varchar) as kids_count, if(person % 10 = 0, 'no', 'yes') as consent,
            {load.start} + to_seconds(cast({chance("person || card", "upd")} * {load.seconds} as bigint))
                as updated_at
        from people, range(cards) as t(card)
        where in_crm and person >= {load.people.start}
        order by person, card
        """,
        landing / "crm" / "customers" / f"customers{load.name}.csv",
    )


def _who(rows: int, salt: str, load: Load) -> str:
    """Return SQL of `rows` numbers, each with a person (some far more active) and a second of the load."""
    return f"""
        select
            i,
            cast(floor((select count(*) from people) * power({chance("i", salt + "who")}, 1.5)) as bigint)
                as person,
            {load.start} + to_seconds(cast({chance("i", salt + "at")} * {load.seconds} as bigint)) as moment
        from range({load.offset}, {load.offset + rows}) as t(i)
    """


def _transactions(connection: duckdb.DuckDBPyConnection, landing: Path, load: Load) -> None:
    lines = load.events * 6 // 10
    connection.execute(
        f"""
        create table transactions as
        with baskets as ({_who(lines // 2, "basket", load)}),
        lines as (
            select baskets.*, line, i || '.' || line as key
            from baskets, range(1 + i % 3) as t(line)
        ),
        filled as (
            select
                cast(31000000000 + i as varchar) as basket_id,
                cast(line + 1 as varchar) as line_no,
                'K' || lines.person || '-' || cast(i // 7 % cards as varchar) as card_id,
                cast(300 + i % 200 as varchar) as store_id,
                cast(cast(floor({PRODUCTS} * power({chance("key", "product")}, 2)) as bigint) as varchar)
                    as product_id,
                cast(1 + {pick("key", "units", 4)} as varchar) as quantity,
                cast(cast(0.5 + 12 * {chance("key", "value")} as decimal(9, 2)) as varchar) as sales_value,
                if(i % 3 = 0, cast(cast({chance("key", "disc")} as decimal(9, 2)) as varchar), '0')
                    as retail_disc,
                '0' as coupon_disc, '0' as coupon_match_disc,
                cast(1 + dayofyear(moment) // 7 as varchar) as week,
                strftime(moment, '%Y-%m-%d %H:%M:%S') as transaction_timestamp,
                {chance("key", "dirt")} as dirt, moment as _at
            from lines inner join people on lines.person = people.person
        )
        select * exclude (dirt) replace (
            case when dirt < 0.001 then null else card_id end as card_id,
            case when dirt between 0.001 and 0.002 then 'n.v.' else sales_value end as sales_value,
            case when dirt between 0.002 and 0.0025 then '2047-01-01 00:00:00' else transaction_timestamp end
                as transaction_timestamp
        )
        from filled
        union all
        select * exclude (dirt) from filled where dirt > 0.9975
        """
    )
    _write_monthly(connection, "transactions", landing / "shop" / "transactions", "csv", load)
    connection.execute("drop table transactions")


def _web(connection: duckdb.DuckDBPyConnection, landing: Path, load: Load) -> None:
    rows = load.events * 34 // 100
    connection.execute(
        f"""
        create table web as
        with sessions as ({_who(rows // 4, "web", load)}),
        steps as (
            select sessions.*, step, i || '.' || step as key
            from sessions, range(2 + i % 5) as t(step)
        ),
        filled as (
            select
                'w' || steps.i || '-' || step as event_id,
                'ck' || steps.person || '-' || cast(i // 5 % cookies as varchar) as cookie_id,
                cast(null as varchar) as device_id,
                if(i % 8 = 0, email, null) as email,
                case when step = 0 then 'page_view' else
                    ['page_view', 'page_view', 'page_view', 'click', 'click', 'add_to_cart', 'checkout']
                    [1 + {pick("key", "type", 7)}] end as event_type,
                '/' || ['home', 'deals', 'recipes', 'product', 'basket', 'account']
                    [1 + {pick("key", "page", 6)}] as page,
                if(step % 2 = 0, cast({pick("key", "seen", PRODUCTS)} as varchar), null) as product_id,
                cast(500 + {pick("key", "dwell", 90_000)} as varchar) as dwell_ms,
                's' || i as session_id, 'https://search.example/' as referrer,
                strftime(moment + to_seconds(cast(step * 40 as bigint)), '%Y-%m-%dT%H:%M:%SZ') as occurred_at,
                {chance("key", "dirt")} as dirt, moment as _at
            from steps inner join people on steps.person = people.person
        )
        select * exclude (dirt) replace (
            case when dirt < 0.001 then 'hover' else event_type end as event_type,
            case when dirt between 0.001 and 0.0025 then 'soon' else occurred_at end as occurred_at
        )
        from filled
        union all
        select * exclude (dirt) from filled where dirt > 0.9975
        """
    )
    _write_monthly(connection, "web", landing / "synthetic_web" / "events", "jsonl", load)
    connection.execute("drop table web")


def _small(connection: duckdb.DuckDBPyConnection, landing: Path, load: Load) -> None:
    events = load.events
    words = (
        "['fresh and cheap', 'slow queue today', 'great recipe for dinner', 'coupon deal', 'healthy choice']"
    )
    entities = {
        "crm/campaign_contacts/contacts.csv": (
            events // 50,
            "'cc' || i as contact_id, 'C' || p.person as crm_id, cast(i % 30 as varchar) as campaign_id, "
            "'Type ' || i % 3 as campaign_type, strftime(moment, '%Y-%m-%d') as contacted_at",
            "in_crm",
        ),
        "shop/coupon_redemptions/redemptions.csv": (
            events // 100,
            "'r' || i as redemption_id, 'K' || p.person || '-0' as card_id, "
            "cast(i % 5000 as varchar) as coupon_upc, cast(i % 30 as varchar) as campaign_id, "
            "strftime(moment, '%Y-%m-%d') as redemption_date",
            "true",
        ),
        "synthetic_social/accounts/accounts.jsonl": (
            0,
            "handle, email, 'Name ' || person as display_name, '2017-01-01T00:00:00Z' as created_at",
            "has_handle",
        ),
        "synthetic_social/posts/posts.jsonl": (
            events // 100,
            f"'po' || i as post_id, handle, {words}[1 + i % 5] as text, ['food', 'family'] as tags, "
            "strftime(moment, '%Y-%m-%dT%H:%M:%SZ') as posted_at",
            "has_handle",
        ),
        "synthetic_social/reactions/reactions.jsonl": (
            events // 50,
            "'re' || i as reaction_id, handle, if(i % 3 = 0, 'follow', 'like') as kind, "
            "'t' || i % 900 as target, strftime(moment, '%Y-%m-%dT%H:%M:%SZ') as reacted_at",
            "has_handle",
        ),
        "synthetic_survey/answers/answers.csv": (
            events // 100,
            "'a' || i as answer_id, if(i % 2 = 0 or not has_phone, email, null) as email, "
            "if(i % 2 = 1 and has_phone, phone, null) as phone, "
            "if(i % 3 = 0, 'intent', 'satisfaction') as question, "
            f"cast(1 + i % 10 as varchar) as rating, {words}[1 + i % 5] as comment, 'email' as channel, "
            "strftime(moment, '%d.%m.%Y %H:%M') as answered_at",
            "true",
        ),
    }
    for file, (rows, columns, condition) in entities.items():
        source = (
            f"({_who(rows, file, load)}) as t inner join people as p on t.person = p.person"
            if rows
            else "people as p"
        )
        order = "i" if rows else "person"
        condition += "" if rows else f" and person >= {load.people.start}"
        target = landing / file
        # Only some people are in the CRM or have a handle: rows of the others fall away.
        _write(
            connection,
            f"select {columns} from {source} where {condition} order by {order}",
            target.with_name(f"{target.stem}{load.name}{target.suffix}"),
        )


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]), delta=sys.argv[3:] == ["delta"])
