"""Synthetic social media: accounts, posts about favourite categories, likes and follows."""

from __future__ import annotations

import duckdb


def make_social(con: duckdb.DuckDBPyConnection) -> None:
    """Make the clean tables of the three social entities."""
    for make in (_accounts, _posts, _reactions):
        make(con)


def _accounts(con: duckdb.DuckDBPyConnection) -> None:
    """One row per handle; accounts older than the year are in its first month's file."""
    con.execute(
        """
        create table clean_synthetic_social__accounts as
        select
            greatest(month_of(to_local(created_at)), '2017-01') as month,
            row_number() over (order by created_at, handle) as pos,
            household_id, handle, written_email(email, u('account form|' || handle)) as email,
            display_name, iso_utc(created_at) as created_at, email as true_email,
            u('account|' || handle) as dice
        from handle
        """
    )


def _posts(con: duckdb.DuckDBPyConnection) -> None:
    """One row per post, the day after a basket, about the category most was spent on."""
    con.execute(
        """
        create table clean_synthetic_social__posts as
        with occasion as (
            select
                b.basket_id, b.household_id, h.handle,
                to_utc(b.local_day + 1 + some_minutes(480, 780, 'post time|' || b.basket_id)) as posted_at,
                1 + floor(u('topic|' || b.basket_id) * 6)::int as topic
            from basket as b
            join handle as h using (household_id)
            where u('post|' || b.basket_id) < 0.12 and b.local_day < date '2017-12-31'
        ),
        spent as (
            select t.basket_id, lower(p.product_category) as category, sum(t.sales_value) as amount
            from clean_shop__transactions as t
            semi join occasion using (basket_id)
            join product as p using (product_id)
            where p.product_category not in (
                'COUPON/MISC ITEMS', 'FUEL', 'MISC. TRANS.', 'NO COMMODITY DESCRIPTION')
            group by t.basket_id, lower(p.product_category)
        ),
        favourite as (
            select basket_id, category
            from spent
            qualify row_number() over (partition by basket_id order by amount desc, category) = 1
        )
        select
            month_of(to_local(o.posted_at)) as month,
            row_number() over (order by o.posted_at, o.basket_id) as pos,
            o.household_id, right(md5('post' || o.basket_id), 14) as post_id, o.handle,
            replace(
                post_texts()[2 * o.topic - (u('mood|' || o.basket_id) < 0.5)::int], '{category}', f.category
            ) as text,
            to_json([post_topics()[o.topic], regexp_replace(f.category, '[^a-z0-9]+', '-', 'g')])::varchar
                as tags,
            written_time(o.posted_at, 1 + (u('post form|' || o.basket_id) < 0.3)::int) as posted_at,
            o.posted_at as true_posted_at, u('post dice|' || o.basket_id) as dice
        from occasion as o
        join favourite as f using (basket_id)
        join handle as h using (handle)
        where o.posted_at >= h.created_at
        """
    )


def _reactions(con: duckdb.DuckDBPyConnection) -> None:
    """Likes of recent posts, and follows of other handles."""
    con.execute(
        """
        create table clean_synthetic_social__reactions as
        with post as (
            select post_id, true_posted_at, row_number() over (order by pos) as place
            from clean_synthetic_social__posts
        ),
        account as (
            select *, row_number() over (order by handle) as place, count(*) over () as accounts from handle
        ),
        liking as (
            select
                'like|' || b.basket_id as key, b.household_id, h.handle,
                to_utc(b.local_day + 1 + some_minutes(480, 780, 'like time|' || b.basket_id)) as reacted_at
            from basket as b
            join handle as h using (household_id)
            where u('like|' || b.basket_id) < 0.2 and b.local_day < date '2017-12-31'
        ),
        liked as (
            select l.*, greatest(1, p.place - floor(u('which post|' || l.key) * 100)::bigint) as place
            from liking as l
            asof join post as p on l.reacted_at >= p.true_posted_at
        ),
        followed as (
            select
                'follow|' || a.handle || '|' || n as key, a.household_id, a.handle,
                date_trunc('minute', a.created_at + (timestamp '2017-12-31' - a.created_at)
                    * u('follow time|' || a.handle || '|' || n)) as reacted_at,
                1 + floor(u('whom|' || a.handle || '|' || n) * a.accounts)::bigint as place
            from account as a, unnest(range(0, 4)) as t(n)
            where u('follows|' || a.handle || '|' || n) < 0.5
        ),
        reaction as (
            select l.key, l.household_id, l.handle, l.reacted_at, 'like' as kind, p.post_id as target
            from liked as l
            join post as p using (place)
            union all
            select f.key, f.household_id, f.handle, f.reacted_at, 'follow', a.handle
            from followed as f
            join account as a using (place)
            where a.handle <> f.handle
        )
        select
            greatest(month_of(to_local(reacted_at)), '2017-01') as month,
            row_number() over (order by reacted_at, key) as pos,
            household_id, right(md5(key), 14) as reaction_id, handle, kind, target,
            iso_utc(reacted_at) as reacted_at, u('reaction|' || key) as dice
        from reaction
        """
    )
