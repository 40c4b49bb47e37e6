"""Synthetic web events: what a household might have clicked before its real baskets.

A session looks at products of the basket that follows it within hours, or at their neighbours on
the shelf; other sessions browse days after a basket and end in nothing. No event is real.
"""

from __future__ import annotations

import duckdb


def make_web(con: duckdb.DuckDBPyConnection) -> None:
    """Make the clean table of ``synthetic_web.events``."""
    for make in (_session, _session_product, _step, _events):
        make(con)


def _session(con: duckdb.DuckDBPyConnection) -> None:
    """One row per session: its cookie or kiosk, whether it logged in, and when it began."""
    con.execute(
        """
        create table web_session as
        with drawn as (
            select 'before' as purpose, b.*, p.cookies, p.online
            from basket as b
            join person as p using (household_id)
            where u('web|' || b.basket_id) < p.online
            union all by name
            select 'browse' as purpose, b.*, p.cookies, p.online
            from basket as b
            join person as p using (household_id)
            where u('browse|' || b.basket_id) < 0.25 * p.online
        ),
        begun as (
            select
                *, purpose || '|' || basket_id as key,
                case purpose
                    when 'before' then occurred_at - some_minutes(15, 135, 'lead|' || basket_id)
                    else occurred_at + some_minutes(1440, 6000, 'later|' || basket_id)
                end as began_at,
                u('kiosk|' || purpose || basket_id) < 0.02 as at_kiosk
            from drawn
        )
        select
            s.key, s.purpose, s.household_id, s.basket_id, s.began_at,
            right(md5(u('session|' || s.key)::varchar), 16) as session_id,
            case when not s.at_kiosk then c.cookie_id end as cookie_id,
            case when s.at_kiosk then chosen(kiosks(), 'which kiosk|' || s.store_id) else c.device_id end
                as device_id,
            case when u('logged in|' || s.key) < case when s.at_kiosk then 0.8 else c.login_rate end
                then e.email end as true_email,
            chosen(referrers(), 'referrer|' || s.key) as referrer,
            u('epoch|' || s.key) < 0.15 as in_epoch
        from begun as s
        join cookie as c
            on c.household_id = s.household_id
            and c.position = 1 + floor(pow(u('cookie|' || s.key), 1.6) * s.cookies)
        join person as p on p.household_id = s.household_id
        join email as e on e.household_id = s.household_id and e.position = least(c.email_position, p.emails)
        where to_local(s.began_at) between timestamp '2017-01-01' and timestamp '2017-12-31 23:00:00'
        """
    )


def _session_product(con: duckdb.DuckDBPyConnection) -> None:
    """One row per product looked at: up to four of the basket's, one in ten swapped for a neighbour."""
    con.execute(
        """
        create table web_session_product as
        with lines as (
            select
                t.basket_id, t.product_id,
                row_number() over (partition by t.basket_id order by min(t.dice), t.product_id) as place
            from clean_shop__transactions as t
            semi join web_session using (basket_id)
            group by t.basket_id, t.product_id
        )
        select
            s.key, l.place, p.department_slug,
            case when s.purpose = 'browse' or u('swap|' || s.key || '|' || l.place) < 0.1
                then p.neighbour_id else l.product_id end as product_id,
            u('click|' || s.key || '|' || l.place) as clicked,
            u('cart|' || s.key || '|' || l.place) as carted
        from lines as l
        join web_session as s using (basket_id)
        join product as p on p.product_id = l.product_id
        where l.place <= 1 + floor(u('depth|' || s.key) * 4)
        """
    )


def _step(con: duckdb.DuckDBPyConnection) -> None:
    """One row per step of a session, in order."""
    con.execute(
        """
        create table web_step as
        select key, 0 as step, 'page_view' as event_type, '/' as page, null::bigint as product_id
        from web_session where u('home|' || key) < 0.7
        union all
        select key, 1, 'page_view', case when u('search|' || key) < 0.4 then '/search'
            else '/department/' || department_slug end, null
        from web_session_product where place = 1
        union all
        select key, 10 * place, 'page_view', '/product/' || product_id, product_id from web_session_product
        union all
        select key, 10 * place + 1, 'click', '/product/' || product_id, product_id
        from web_session_product where clicked < 0.25
        union all
        select p.key, 10 * p.place + 2, 'add_to_cart', '/product/' || p.product_id, p.product_id
        from web_session_product as p join web_session as s using (key)
        where p.carted < case s.purpose when 'before' then 0.55 else 0.08 end
        union all
        select key, 90, 'page_view', '/cart', null
        from web_session where purpose = 'before' and u('cart page|' || key) < 0.5
        union all
        select key, 91, 'page_view', '/account', null
        from web_session where true_email is not null and u('account|' || key) < 0.2
        union all
        select key, 92, 'checkout', '/checkout', null
        from web_session where purpose = 'before' and u('checkout|' || key) < 0.3
        """
    )


def _events(con: duckdb.DuckDBPyConnection) -> None:
    """One row per event, times running on by 3 to 93 seconds a step."""
    con.execute(
        """
        create table clean_synthetic_web__events as
        with paced as (
            select *, 3 + floor(90 * pow(u('pace|' || key || '|' || step), 2))::int as pause
            from web_step
        ),
        timed as (
            select *, (sum(pause) over (partition by key order by step) - pause)::int as elapsed
            from paced
        ),
        placed as (
            select s.*, t.step, t.event_type, t.page, t.product_id, t.pause,
                s.began_at + interval 1 second * t.elapsed as event_at
            from timed as t
            join web_session as s using (key)
        )
        select
            month_of(to_local(began_at)) as month,
            row_number() over (order by event_at, key, step) as pos,
            household_id,
            right(md5(key || '|' || step), 18) as event_id,
            cookie_id, device_id, written_email(true_email, u('email form|' || key)) as email,
            event_type, page, product_id::varchar as product_id,
            case when event_type = 'page_view' then pause * 900 end as dwell_ms,
            session_id, nullif(referrer, '') as referrer,
            case when in_epoch then epoch_ms(event_at)::varchar else iso_utc(event_at) end as occurred_at,
            true_email, u('event|' || key || '|' || step) as dice
        from placed
        """
    )
