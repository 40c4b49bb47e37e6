"""Who is behind a household: cards, customer records, e-mails, phones, cookies, devices, handles.

All of it is synthetic. The counts per household are drawn once; the numbers printed on cards come
from the order of a hash, so that they say nothing about the household they belong to.
"""

from __future__ import annotations

import duckdb

SENTINEL_EMAILS = ("test@test.com", "noreply@example.com", "info@example.org", "admin@example.net")
SENTINEL_PHONES = ("+10000000000", "+19999999999")
KIOSKS = ("kiosk-front-door", "kiosk-bakery", "kiosk-pharmacy")


def make_people(con: duckdb.DuckDBPyConnection) -> None:
    """Make the identity tables of every household in ``household``."""
    for make in (
        _person,
        _card,
        _email,
        _phone,
        _cookie,
        _handle,
        _family_email,
        _shared_by_design,
    ):
        make(con)


def _person(con: duckdb.DuckDBPyConnection) -> None:
    """One row per household: names, and how many identifiers of each type it has."""
    con.execute(
        """
        create table person as
        with named as (
            select
                household_id, ordinal,
                row_number() over (order by u('number|' || household_id), household_id) as number,
                chosen(first_names(), 'first|' || household_id) as first_name,
                chosen(first_names(), 'partner|' || household_id) as partner_name,
                chosen(last_names(), 'last|' || household_id) as last_name,
                u('cards|' || household_id) as cards,
                u('emails|' || household_id) as emails,
                u('phones|' || household_id) as phones,
                u('cookies|' || household_id) as cookies,
                u('devices|' || household_id) as devices,
                u('online|' || household_id) as online
            from household
        )
        select
            household_id, ordinal, number, first_name, partner_name, last_name,
            lower(replace(strip_accents(first_name || '.' || last_name), 'ø', 'o')) || number as mailbox,
            case when cards < 0.50 then 1 when cards < 0.85 then 2 else 3 end as cards,
            case when emails < 0.60 then 1 else 2 end as emails,
            case when phones < 0.65 then 1 else 2 end as phones,
            case when cookies < 0.35 then 1 when cookies < 0.70 then 2 when cookies < 0.90 then 3 else 4 end
                as cookies,
            case when devices < 0.25 then 0 when devices < 0.75 then 1 else 2 end as devices,
            -- the share of its baskets that the household prepares on the web
            case when online < 0.15 then 0 else 0.05 + 0.75 * pow((online - 0.15) / 0.85, 1.5) end as online
        from named
        """
    )


def _card(con: duckdb.DuckDBPyConnection) -> None:
    """One row per loyalty card; each has a customer record of its own."""
    con.execute(
        """
        create table card as
        select
            household_id, position, cards,
            (6035000000000 + 104729 * row_number() over by_card)::varchar as card_id,
            (700000 + 13 * row_number() over by_record)::varchar as crm_id
        from person, unnest(range(1, cards + 1)) as t(position)
        window
            by_card as (order by u('card|' || household_id || '|' || position), household_id, position),
            by_record as (order by u('crm|' || household_id || '|' || position), household_id, position)
        """
    )


def _email(con: duckdb.DuckDBPyConnection) -> None:
    """One row per e-mail, reserved domains only; a second one is often the first with a +tag."""
    con.execute(
        """
        create table email as
        select
            household_id, position,
            case
                when position = 1 then mailbox
                when u('plus|' || household_id) < 0.4 then mailbox || '+shop'
                else left(mailbox, 1) || '_' || number || '_' || right(md5('' || household_id), 3)
            end || '@' || case
                when position = 2 and u('plus|' || household_id) < 0.4
                    then chosen(domains(), 'domain|' || household_id || '|1')
                else chosen(domains(), 'domain|' || household_id || '|' || position)
            end as email
        from person, unnest(range(1, emails + 1)) as t(position)
        """
    )


def _phone(con: duckdb.DuckDBPyConnection) -> None:
    """One row per phone, in the range 555-0100 to 555-0199 that no subscriber has."""
    con.execute(
        """
        create table phone as
        with areas as (
            select area, row_number() over (order by area) - 1 as area_number, count(*) over () as areas
            from unnest(range(201, 999)) as t(area)
            where area % 100 <> 11
        ),
        numbered as (
            select
                household_id, position,
                row_number() over (
                    order by u('phone|' || household_id || '|' || position), household_id, position
                ) - 1 as number
            from person, unnest(range(1, phones + 1)) as t(position)
        )
        select household_id, position, '+1' || area || '5550' || (100 + number // areas) as phone
        from numbered
        join areas on area_number = number % areas
        """
    )


def _cookie(con: duckdb.DuckDBPyConnection) -> None:
    """One row per browser cookie: the device it lives on, and the e-mail that logs in with it.

    One cookie in twenty never logs in, and some have no device: nothing ties those to a person.
    """
    con.execute(
        """
        create table cookie as
        select
            household_id, position, cookies,
            'c' || right(md5(u('cookie|' || household_id || '|' || position)::varchar), 20) as cookie_id,
            case when devices > 0 and u('has device|' || household_id || '|' || position) < 0.8
                then 'd' || right(
                    md5(u('device|' || household_id || '|' || (position % devices))::varchar), 18)
            end as device_id,
            case
                when u('login|' || household_id || '|' || position) < 0.05 then 0 else 0.6
            end as login_rate,
            case when u('login email|' || household_id || '|' || position) < 0.75 then 1 else emails end
                as email_position
        from person, unnest(range(1, cookies + 1)) as t(position)
        """
    )


def _handle(con: duckdb.DuckDBPyConnection) -> None:
    """One row per social account; one in twelve does not say its e-mail."""
    con.execute(
        """
        create table handle as
        select
            household_id,
            lower(replace(strip_accents(first_name), 'ø', 'o')) || left(md5('' || number), 2) || '_' || number
                as handle,
            first_name || ' ' || left(last_name, 1) || '.' as display_name,
            case when u('handle email|' || household_id) < 0.92 then e.email end as email,
            case when u('old account|' || household_id) < 0.6
                then date '2014-01-01' + floor(u('created|' || household_id) * 1090)::int
                else date '2017-01-01' + floor(u('created|' || household_id) * 300)::int
            end + some_minutes(800, 600, 'created at|' || household_id) as created_at
        from person
        join email as e using (household_id)
        where e.position = 1 and u('social|' || household_id) < 0.35
        """
    )


def _family_email(con: duckdb.DuckDBPyConnection) -> None:
    """A few mailboxes that two households really share: stitching cannot but join these."""
    con.execute(
        """
        create table family_email as
        select
            household_id,
            'family.' || min(mailbox) over (partition by ordinal // 300) || '@example.org' as email
        from person
        where ordinal % 300 in (1, 2)
        """
    )


def _shared_by_design(con: duckdb.DuckDBPyConnection) -> None:
    """Identifiers that name nobody: sentinels, role mailboxes, kiosks."""
    con.execute("create table sentinel (identifier_type varchar, identifier_value varchar, kind varchar)")
    rows = [("email", value, "sentinel_email") for value in SENTINEL_EMAILS]
    rows += [("phone", value, "sentinel_phone") for value in SENTINEL_PHONES]
    rows += [("device", value, "kiosk_device") for value in KIOSKS]
    con.executemany("insert into sentinel values (?, ?, ?)", rows)
    for name, values in (
        ("sentinel_emails", SENTINEL_EMAILS),
        ("sentinel_phones", SENTINEL_PHONES),
        ("kiosks", KIOSKS),
    ):
        listed = ", ".join(f"'{value}'" for value in values)
        con.execute(f"create macro {name}() as [{listed}]")
