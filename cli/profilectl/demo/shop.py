"""The shop's clean rows: every real line, every real redemption, every real product."""

from __future__ import annotations

import duckdb


def make_shop(con: duckdb.DuckDBPyConnection) -> None:
    """Make ``basket`` and the clean tables of the three shop entities."""
    for make in (_basket, _transactions, _coupon_redemptions, _products):
        make(con)


def _basket(con: duckdb.DuckDBPyConnection) -> None:
    """One row per real basket, with the card shown at the till.

    Half of the households with several cards use one per store, the others one after another.
    """
    con.execute(
        """
        create table basket as
        with baskets as (
            select
                basket_id,
                any_value(household_id) as household_id,
                any_value(store_id) as store_id,
                any_value(transaction_timestamp) as occurred_at,
                round(sum(sales_value), 2) as amount
            from real_transactions
            semi join household using (household_id)
            group by basket_id
        ),
        placed as (select *, to_local(occurred_at) as local_at from baskets)
        select
            b.*, month_of(b.local_at) as month, b.local_at::date as local_day, c.card_id,
            row_number() over (order by b.occurred_at, b.basket_id) as ordinal
        from placed as b
        join person as p using (household_id)
        join card as c
            on c.household_id = b.household_id
            and c.position = 1 + case
                when u('by store|' || b.household_id) < 0.5
                    then floor(u('store|' || b.household_id || '|' || b.store_id) * p.cards)
                else floor((dayofyear(b.local_at) - 1) * p.cards / 366)
            end
        """
    )


def _transactions(con: duckdb.DuckDBPyConnection) -> None:
    """One row per real basket line, values untouched; ``line_no`` numbers the lines of a basket."""
    con.execute(
        """
        create table clean_shop__transactions as
        with lines as (
            select
                t.*,
                row_number() over (
                    partition by t.basket_id
                    order by t.product_id, t.quantity, t.sales_value, t.retail_disc, t.coupon_disc,
                        t.coupon_match_disc
                ) as line_no
            from real_transactions as t
            semi join household using (household_id)
        )
        select
            b.month, b.ordinal * 10000 + l.line_no as pos, l.household_id,
            l.basket_id, l.line_no, b.card_id, l.store_id, l.product_id, l.quantity, l.sales_value,
            l.retail_disc, l.coupon_disc, l.coupon_match_disc, l.week, l.transaction_timestamp,
            u('line|' || l.basket_id || '|' || l.line_no) as dice
        from lines as l
        join basket as b using (basket_id)
        """
    )


def _coupon_redemptions(con: duckdb.DuckDBPyConnection) -> None:
    """One row per real redemption; the date is the shop's own day."""
    con.execute(
        """
        create table clean_shop__coupon_redemptions as
        with numbered as (
            select
                *,
                row_number() over (
                    order by redemption_date, household_id, campaign_id, coupon_upc) as ordinal
            from real_coupon_redemptions
            semi join household using (household_id)
        )
        select
            month_of(r.redemption_date) as month, r.ordinal as pos, r.household_id,
            'r' || (100000 + r.ordinal) as redemption_id, c.card_id, r.coupon_upc, r.campaign_id,
            strftime(r.redemption_date, '%Y-%m-%d') as redemption_date,
            u('redemption|' || r.ordinal) as dice
        from numbered as r
        join card as c
            on c.household_id = r.household_id
            and c.position = 1 + floor((dayofyear(r.redemption_date) - 1) * c.cards / 366)
        """
    )


def _products(con: duckdb.DuckDBPyConnection) -> None:
    """The real catalogue, and for each product a neighbour in its category to look at instead."""
    con.execute(
        """
        create table product as
        select
            product_id, product_category, department,
            lower(regexp_replace(department, '[^A-Za-z0-9]+', '-', 'g')) as department_slug,
            coalesce(
                lead(product_id) over (
                    partition by product_category order by u('shelf|' || product_id), product_id),
                product_id
            ) as neighbour_id
        from real_products
        """
    )
