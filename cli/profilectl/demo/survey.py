"""Synthetic survey answers: two questions the day after some baskets, rated by how spend changed."""

from __future__ import annotations

import duckdb


def make_survey(con: duckdb.DuckDBPyConnection) -> None:
    """Make the clean table of ``synthetic_survey.answers``."""
    _recent_spend(con)
    _answers(con)


def _recent_spend(con: duckdb.DuckDBPyConnection) -> None:
    """Per household and shopping day: spend of the last 28 days and of the 28 before them."""
    con.execute(
        """
        create table recent_spend as
        with daily as (
            select household_id, local_day, sum(amount) as amount from basket group by household_id, local_day
        )
        select
            household_id, local_day,
            sum(amount) over (
                partition by household_id order by local_day
                range between interval 27 days preceding and current row) as recent,
            coalesce(sum(amount) over (
                partition by household_id order by local_day
                range between interval 55 days preceding and interval 28 days preceding), 0) as before
        from daily
        """
    )


def _answers(con: duckdb.DuckDBPyConnection) -> None:
    """One row per answer; a form asks for e-mail, phone or both, and people give what they like."""
    con.execute(
        """
        create table clean_synthetic_survey__answers as
        with invited as (
            select
                b.household_id, b.local_day, min(b.basket_id) as basket_id
            from basket as b
            where u('answers|' || b.household_id) < 0.6 and b.local_day < date '2017-12-31'
            group by b.household_id, b.local_day
            having u('survey|' || min(b.basket_id)) < 0.035
        ),
        asked as (
            select
                i.*, question, i.basket_id || '|' || question as key,
                to_utc(i.local_day + 1 + some_minutes(540, 600, 'answer time|' || i.basket_id))
                    as answered_at,
                r.recent, r.before, u('gives|' || i.basket_id) as gives,
                u('survey email|' || i.basket_id) as which_email,
                u('survey phone|' || i.basket_id) as which_phone,
                6.2 + 2.4 * (r.recent - r.before) / (r.recent + r.before + 20)
                    + 3.2 * (u('mood|' || i.basket_id || question) - 0.5)
                    + 1.5 * (u('temper|' || i.household_id) - 0.5) as feeling
            from invited as i
            join recent_spend as r using (household_id, local_day),
            unnest(['satisfaction', 'intent']) as t(question)
        ),
        named as (
            select
                a.*, least(10, greatest(1, round(a.feeling)))::int as rating,
                case when a.gives < 0.85 then e.email end as true_email,
                case when a.gives > 0.30 then h.phone end as true_phone
            from asked as a
            join person as p using (household_id)
            join email as e
                on e.household_id = a.household_id
                and e.position = 1 + floor(a.which_email * p.emails)
            join phone as h
                on h.household_id = a.household_id
                and h.position = 1 + floor(a.which_phone * p.phones)
        )
        select
            month_of(to_local(answered_at)) as month,
            row_number() over (order by answered_at, key) as pos,
            household_id, right(md5('answer' || key), 14) as answer_id,
            coalesce(written_email(true_email, u('e form|' || key)), '') as email,
            coalesce(written_phone(true_phone, u('p form|' || key)), '') as phone,
            question, rating::varchar as rating,
            case
                when u('comments|' || key) > 0.6 then ''
                when rating <= 4 then chosen(comments_low(), 'says|' || key)
                when rating <= 7 then chosen(comments_mid(), 'says|' || key)
                else chosen(comments_high(), 'says|' || key)
            end as comment,
            chosen(['email', 'web', 'receipt', 'phone'], 'channel|' || basket_id) as channel,
            written_time(answered_at, floor(u('date form|' || key) * 10)::int) as answered_at,
            floor(u('date form|' || key) * 10)::int as date_style, answered_at as true_answered_at,
            true_email, true_phone, u('answer dice|' || key) as dice
        from named
        """
    )
