"""The floor: the same user features by one straight script: no layers, tests, history, quarantine or ledger.

It knows the files by heart (which columns are numbers, that a repeated row repeats the key, which formats
dates have), reads each once into a narrow typed table, joins identities with scipy's connected components
(the fastest way measured) and makes every numeric and
categorical column of `marts.user_features` in doubles, one row per person.

    python full_build_floor.py LANDING DATABASE AS_OF
"""

from __future__ import annotations

import os
import sys

import duckdb
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ZONE = "America/New_York"
INTERESTS = {
    "grocery": "'grocery'",
    "drugstore": "'drug gm', 'cosmetics'",
    "fuel": "'fuel'",
    "produce": "'produce'",
    "meat": "'meat', 'meat-pckgd', 'seafood', 'seafood-pckgd'",
    "deli": "'deli', 'salad bar'",
    "bakery": "'pastry'",
    "nutrition": "'nutrition'",
}
WORDS = {
    "price": "price|prices|cheap|cheaper|expensive|budget",
    "quality": "quality|fresh|stale",
    "service": "service|staff|queue|friendly|helpful|rude|slow|quick",
    "promotion": "promotion|coupon|coupons|deal|deals|sale|discount",
    "health": "health|healthy|organic|protein|sugar|diet|gluten",
    "recipe": "recipe|recipes|dinner|cooked",
}
STEPS = {"view": "page_view", "click": "click", "cart": "add_to_cart", "checkout": "checkout"}
PROFILE = [
    "age_band",
    "income_band",
    "home_ownership",
    "marital_status",
    "household_size",
    "household_composition",
]
PROFILE += ["kids_count", "consent"]
VISIT_COUNTS = ("sessions_", "page_views_", "clicks_", "add_to_carts_", "checkouts_", "dwell_s_")
# Made on the way to others, and not asked for.
HELPERS = {
    "discount_364d",
    "gross_spend_91d",
    "gross_spend_364d",
    "contacts_182d",
    "redemptions_182d",
    "clicks_7d",
    "add_to_carts_7d",
    "checkouts_7d",
}
HELPERS |= {"dwell_s_7d"}


def day(instant: str) -> str:
    """Return SQL for the reporting day of a UTC instant."""
    return f"cast(timezone('{ZONE}', timezone('UTC', {instant})) as date)"


def within(what: str, days: int, lag: int = 0) -> str:
    """Return SQL for a sum over the `days` days that end `lag` days before the cutoff."""
    return f"sum(case when d between {lag} and {lag + days - 1} then {what} else 0 end)"


def read(landing: str, as_of: str) -> str:
    """Return SQL that reads every file once, drops what cannot count, and keeps one row per key."""
    spends = ", ".join(
        f"if(lower(department) in ({names}), spend, 0) as spend_{name}" for name, names in INTERESTS.items()
    )
    return f"""
    create table tx as
    with lines as (
        select distinct on (basket_id, line_no)
            basket_id, card_id, product_id, quantity, try_cast(sales_value as double) as spend,
            retail_disc + coupon_disc + coupon_match_disc as discount, transaction_timestamp as moment
        from read_csv('{landing}/shop/transactions/*.csv', header = true, columns = {{
            'basket_id': 'bigint', 'line_no': 'int', 'card_id': 'varchar', 'store_id': 'int',
            'product_id': 'int', 'quantity': 'double', 'sales_value': 'varchar',
            'retail_disc': 'double', 'coupon_disc': 'double',
            'coupon_match_disc': 'double', 'week': 'int', 'transaction_timestamp': 'timestamp'}})
        where card_id is not null and try_cast(sales_value as double) is not null
            and transaction_timestamp < now()
    ),
    items as (
        select cast(product_id as int) as product_id, department, brand
        from '{landing}/shop/products/*.parquet'
    )
    select
        card_id, basket_id, date '{as_of}' - {day("moment")} as d, spend, greatest(spend, 0) as gross_spend,
        quantity as units, discount, if(lower(brand) = 'private', spend, 0) as private_brand, {spends}
    from lines left join items using (product_id);

    create table web as
    select distinct on (event_id)
        event_id, cookie_id, email, event_type, page, dwell_ms / 1000.0 as dwell_s, session_id,
        occurred_at as moment, date '{as_of}' - {day("occurred_at")} as d
    from (
        select * replace (try_cast(occurred_at as timestamp) as occurred_at)
        from read_json('{landing}/synthetic_web/events/*.jsonl', format = 'newline_delimited', columns = {{
            'event_id': 'varchar', 'cookie_id': 'varchar', 'email': 'varchar', 'event_type': 'varchar',
            'page': 'varchar', 'dwell_ms': 'double', 'session_id': 'varchar', 'occurred_at': 'varchar'}})
    ) as lines
    where occurred_at is not null and event_type in ('page_view', 'click', 'add_to_cart', 'checkout');

    create table crm as
    select
        *, case consent when 'yes' then true when 'no' then false end as agrees,
        date '{as_of}' - cast(updated_at as date) as d
    from read_csv('{landing}/crm/customers/*.csv', all_varchar = true);
    create table accounts as
    select handle, email, date '{as_of}' - {day("cast(created_at as timestamp)")} as d
    from read_json('{landing}/synthetic_social/accounts/*.jsonl', format = 'newline_delimited');
    create table contacts as
    select crm_id, date '{as_of}' - cast(contacted_at as date) as d
    from read_csv('{landing}/crm/campaign_contacts/*.csv', all_varchar = true);
    create table redemptions as
    select card_id, date '{as_of}' - cast(redemption_date as date) as d
    from read_csv('{landing}/shop/coupon_redemptions/*.csv', all_varchar = true);
    create table posts as
    select handle, text, tags, date '{as_of}' - {day("cast(posted_at as timestamp)")} as d
    from read_json('{landing}/synthetic_social/posts/*.jsonl', format = 'newline_delimited');
    create table reactions as
    select handle, kind, date '{as_of}' - {day("cast(reacted_at as timestamp)")} as d
    from read_json('{landing}/synthetic_social/reactions/*.jsonl', format = 'newline_delimited');
    create table answers as
    select
        email, phone, question, cast(rating as double) as rating, comment,
        date '{as_of}' - cast(strptime(answered_at, '%d.%m.%Y %H:%M') as date) as d
    from read_csv('{landing}/synthetic_survey/answers/*.csv', all_varchar = true);
    """


IDENTIFIERS = """
create table nodes as
select row_number() over () - 1 as id, kind, value
from (
    select 'card' as kind, card_id as value from tx union select 'card', card_id from redemptions
    union select 'card', card_id from crm union select 'crm', crm_id from crm
    union select 'crm', crm_id from contacts
    union select 'email', email from crm union select 'phone', phone from crm
    union select 'cookie', cookie_id from web union select 'email', email from web
    union select 'handle', handle from accounts union select 'email', email from accounts
    union select 'handle', handle from posts union select 'handle', handle from reactions
    union select 'email', email from answers union select 'phone', phone from answers
) as named
where value is not null;

create table links as
with pairs as (
    select 'crm' as kind, crm_id as value, 'card' as other_kind, card_id as other from crm
    union all select 'crm', crm_id, 'email', email from crm
    union all select 'crm', crm_id, 'phone', phone from crm
    union all select distinct 'cookie', cookie_id, 'email', email from web where email is not null
    union all select 'handle', handle, 'email', email from accounts
)
select a.id, b.id as other_id
from pairs
inner join nodes as a on pairs.kind = a.kind and pairs.value = a.value
inner join nodes as b on pairs.other_kind = b.kind and pairs.other = b.value;
"""


def join_identities(connection: duckdb.DuckDBPyConnection) -> None:
    """Number the people: connected components of the identifiers that met in one row."""
    connection.execute(IDENTIFIERS)
    links = connection.execute("select id, other_id from links").fetchnumpy()
    (nodes,) = connection.execute("select count(*) from nodes").fetchone() or (0,)
    ones = links["id"] == links["id"]
    _, person = connected_components(
        coo_array((ones, (links["id"], links["other_id"])), shape=(nodes, nodes))
    )
    connection.register("labels", {"person": person})
    connection.execute(
        """
        create table who as
        select nodes.kind, nodes.value, labels.person
        from nodes
        inner join (select row_number() over () - 1 as id, person from labels) as labels using (id);
        """
    )


def _ewma(column: str, weeks: int) -> str:
    kept = 0.5 ** (1 / (7 * weeks))
    return (
        f"28 * sum({column} * power({kept}, d)) * {1 - kept} "
        f"/ (1 - power({kept}, (select max(d) + 1 from purchase_days)))"
    )


def purchase_features() -> tuple[dict[str, str], dict[str, str]]:
    """Return sums over the purchase days of a person, and what follows from them."""
    sums = {}
    for days in (7, 14, 28, 56, 84, 91, 182, 364):
        sums[f"spend_{days}d"] = within("spend", days)
        sums[f"baskets_{days}d"] = within("baskets", days)
    for lag in range(1, 7):
        sums[f"spend_lag{lag}_28d"] = within("spend", 28, 28 * lag)
    for days in (28, 91):
        for column in ("lines", "units", "discount"):
            sums[f"{column}_{days}d"] = within(column, days)
        sums[f"active_days_{days}d"] = within("1", days)
    for week in range(12):
        sums[f"spend_week_{week}"] = within("spend", 7, 7 * week)
    for column, half_lives in {"spend": (1, 2, 4, 8, 16, 32), "baskets": (1, 2, 4, 8, 16)}.items():
        for weeks in half_lives:
            sums[f"{column}_ewma_{weeks}w"] = _ewma(column, weeks)
    for name in INTERESTS:
        sums[f"s_{name}"] = f"greatest({within(f'spend_{name}', 182)}, 0)"
    elsewhere = " - ".join(["spend", *(f"spend_{name}" for name in INTERESTS)])
    sums["s_elsewhere"] = f"greatest({within(elsewhere, 182)}, 0)"
    sums |= {
        "discount_364d": within("discount", 364),
        "gross_spend_91d": within("gross_spend", 91),
        "gross_spend_364d": within("gross_spend", 364),
        "private_brand_91d": within("private_brand", 91),
        "weekend_spend_84d": within("if(weekend, spend, 0)", 84),
        "spend_day_max_91d": "max(case when d < 91 then spend end)",
        "baskets_all": "sum(baskets)",
        "spend_all": "sum(spend)",
        "purchase_days_all": "count(*)",
        "recency_days": "min(d)",
        "tenure_days": "max(d) + 1",
        "gap_mean_days": "avg(gap)",
        "gap_std_days": "stddev_samp(gap)",
    }
    weeks = [f"spend_week_{week}" for week in range(12)]
    spends = [f"s_{name}" for name in INTERESTS]
    total = " + ".join(spends)
    everything = f"nullif({total} + s_elsewhere, 0)"
    later = {
        "spend_trend_28d": "spend_28d - spend_84d / 3",
        "lines_per_basket_91d": "lines_91d / nullif(baskets_91d, 0)",
        "discount_share_91d": "discount_91d / nullif(gross_spend_91d + discount_91d, 0)",
        "discount_share_364d": "discount_364d / nullif(gross_spend_364d + discount_364d, 0)",
        "spend_tenure_28d": "spend_all * 28 / greatest(tenure_days, 28)",
        "recency_over_gap": "recency_days / (gap_mean_days + 1)",
        "zero_weeks_12w": "if(spend_84d = 0, 0, " + " + ".join(f"({week} = 0)::int" for week in weeks) + ")",
        "spend_week_max_12w": f"greatest({', '.join(weeks)})",
        "spend_week_median_12w": f"list_median([{', '.join(weeks)}])",
        "spend_week_trimmed_12w": f"(spend_84d - greatest({', '.join(weeks)})) / 11",
        "spend_week_std_12w": "sqrt(("
        + " + ".join(f"({w} - spend_84d / 12) ** 2" for w in weeks)
        + ") / 12)",
        "spend_slope_12w": "(" + " + ".join(f"{w} * {5.5 - i}" for i, w in enumerate(weeks)) + ") / 143",
        "interests_182d": " + ".join(f"({spend} > 0)::int" for spend in spends),
        "interest_top_182d": f"greatest({', '.join(spends)}) / {everything}",
        "interest_entropy_182d": entropy(spends, total),
    }
    for days in (28, 91, 364):
        later[f"basket_value_{days}d"] = f"spend_{days}d / nullif(baskets_{days}d, 0)"
    for name in INTERESTS:
        later[f"interest_{name}_182d"] = f"s_{name} / {everything}"
    return sums, later


def entropy(counts: list[str], total: str) -> str:
    """Return SQL for the bits of a distribution given by its counts."""
    parts = " + ".join(f"coalesce({count} * log2(nullif({count}, 0)), 0)" for count in counts)
    return f"abs(log2(nullif({total}, 0)) - ({parts}) / nullif({total}, 0))"


def visit_features() -> tuple[str, dict[str, str], dict[str, str]]:
    """Return the transitions of a session, sums over a person's session days, and what follows."""
    pairs = [(before, after) for before in STEPS for after in STEPS]
    transitions = ", ".join(
        f"count(*) filter (previous = '{STEPS[before]}' and event_type = '{STEPS[after]}')"
        f" as {before}_to_{after}"
        for before, after in pairs
    )
    sums = {f"{before}_to_{after}": within(f"{before}_to_{after}", 91) for before, after in pairs}
    for days in (7, 28, 91):
        sums[f"sessions_{days}d"] = within("1", days)
        for column in ("page_views", "clicks", "add_to_carts", "checkouts", "dwell_s"):
            sums[f"{column}_{days}d"] = within(column, days)
    for column in ("steps", "pages", "bits", "steps_to_checkout"):
        sums[column] = within(f"coalesce({column}, 0)", 91)
    sums |= {
        "one_step": within("(steps = 1)::int", 91),
        "bought": within("(checkouts > 0)::int", 91),
        "carts": within("(add_to_carts > 0)::int", 91),
        "abandoned": within("(add_to_carts > 0 and checkouts = 0)::int", 91),
        "days_since_visit": "min(case when d < 182 then d end)",
        "visit_span": "max(case when d < 182 then d end) - min(case when d < 182 then d end)",
        "visit_days": "count(distinct case when d < 182 then d end)",
    }
    names = [f"{before}_to_{after}" for before, after in pairs]
    total, ends = " + ".join(names), " + ".join(f"{step}_to_checkout" for step in STEPS)
    later = {
        "dwell_per_session_s_91d": "dwell_s_91d / nullif(sessions_91d, 0)",
        "steps_per_session_91d": "steps / nullif(sessions_91d, 0)",
        "clicks_per_view_91d": "clicks_91d / nullif(page_views_91d, 0)",
        "cart_session_share_91d": "carts / nullif(sessions_91d, 0)",
        "visit_gap_mean_days_182d": "visit_span / nullif(visit_days - 1, 0)",
        "visit_recency_over_gap": "days_since_visit / (visit_span / nullif(visit_days - 1, 0) + 1)",
        "transition_entropy_91d": entropy(names, f"({total})"),
        "page_entropy_91d": "bits / nullif(steps, 0)",
        "pages_per_session_91d": "pages / nullif(sessions_91d, 0)",
        "one_step_share_91d": "one_step / nullif(sessions_91d, 0)",
        "checkout_share_91d": "bought / nullif(sessions_91d, 0)",
        "abandoned_cart_share_91d": "abandoned / nullif(carts, 0)",
        "steps_to_checkout_91d": "steps_to_checkout / nullif(bought, 0)",
    }
    shares = (
        "view_to_view view_to_click view_to_cart view_to_checkout click_to_view click_to_cart cart_to_view"
    )
    for name in [*shares.split(), "cart_to_checkout"]:
        later[f"path_{name}_91d"] = f"{name} / nullif({total}, 0)"
    for step in ("view", "click", "cart"):
        later[f"before_checkout_{step}_91d"] = f"{step}_to_checkout / nullif({ends}, 0)"
    return transitions, sums, later


def daily(transitions: str) -> str:
    """Return SQL for one row per person and purchase day, and one per session and day."""
    sums = ["spend", "gross_spend", "units", "discount", "private_brand"]
    sums += [f"spend_{name}" for name in INTERESTS]
    return f"""
    create table purchase_days as
    select
        person, d, count(*) as lines, count(distinct basket_id) as baskets,
        {", ".join(f"sum({column}) as {column}" for column in sums)},
        lag(d) over (partition by person order by d desc) - d as gap
    from tx inner join who on who.kind = 'card' and tx.card_id = who.value
    where d >= 0
    group by person, d;

    create table session_days as
    with steps as (
        select
            person, session_id, d, event_type, dwell_s, page,
            row_number() over in_order as step, lag(event_type) over in_order as previous
        from web inner join who on who.kind = 'cookie' and web.cookie_id = who.value
        where d >= 0
        window in_order as (partition by session_id, d order by moment, event_id)
    ),
    pages as (
        select session_id, d, count(*) as pages, log2(sum(n)) * sum(n) - sum(n * log2(n)) as bits
        from (select session_id, d, page, count(*) as n from steps group by all) as counted
        group by all
    )
    select
        any_value(person) as person, session_id, d, count(*) as steps, sum(dwell_s) as dwell_s,
        count(*) filter (event_type = 'page_view') as page_views,
        count(*) filter (event_type = 'click') as clicks,
        count(*) filter (event_type = 'add_to_cart') as add_to_carts,
        count(*) filter (event_type = 'checkout') as checkouts,
        min(step) filter (event_type = 'checkout') - 1 as steps_to_checkout,
        any_value(pages) as pages, any_value(bits) as bits,
        {transitions}
    from steps inner join pages using (session_id, d)
    group by session_id, d;
    """


def _listed(columns: dict[str, str]) -> str:
    return ",\n        ".join(f"{expression} as {name}" for name, expression in columns.items())


def people(as_of: str) -> str:
    """Return SQL for one row per person of each kind of feature, and the one table that joins them."""
    buys, buys_later = purchase_features()
    ratios = ("basket_value", "lines_per", "discount_share", "recency_over", "interest_")
    buys_ratios = [name for name in buys_later if name.startswith(ratios)]
    _, visits, visits_later = visit_features()
    latest = ", ".join(
        f"max_by({name}, updated_at) filter ({name} is not null) as {name}" for name in PROFILE
    )
    written = ",\n            ".join(
        f"count(*) filter (d < 182 and regexp_matches(searched, '(^|[^a-z0-9])({words})([^a-z0-9]|$)'))"
        f" as texts_on_{group}_182d"
        for group, words in WORDS.items()
    )
    texts = [f"texts_on_{group}_182d" for group in WORDS]
    engaged = {
        f"{kind}s_{label}": within(f"(kind = '{kind}')::int", days)
        for kind, windows in {
            "contact": (28, 91, 182),
            "redemption": (28, 91, 182),
            "post": (28, 182),
        }.items()
        for label, days in ((f"{days}d", days) for days in windows)
    }
    engaged |= {
        "contacts_all": "count(*) filter (kind = 'contact')",
        "redemptions_all": "count(*) filter (kind = 'redemption')",
        "likes_182d": within("(kind = 'like')::int", 182),
        "follows_182d": within("(kind = 'follow')::int", 182),
        "survey_answers_182d": within("(kind = 'answer')::int", 182),
        "days_since_contact": "min(d) filter (kind = 'contact')",
        "days_since_survey": "min(d) filter (kind = 'answer')",
        "satisfaction_mean_364d": "avg(rating) filter (d < 364 and question = 'satisfaction')",
        "intent_mean_364d": "avg(rating) filter (d < 364 and question = 'intent')",
        "texts_182d": "count(text) filter (d < 182)",
        "tags_182d": "coalesce(sum(len(tags)) filter (d < 182), 0)",
        "text_chars_mean_182d": "avg(length(text)) filter (d < 182)",
        "text_words_mean_182d": "avg(length(text) - length(replace(text, ' ', '')) + 1) filter (d < 182)",
    }
    null = ["recency_days", "tenure_days", "gap_mean_days", "gap_std_days", *buys_ratios]
    zero = [name for name in (*buys, *buys_later) if name not in null and not name.startswith("s_")]
    counted = [name for name in engaged if not name.startswith(("days", "satisfaction", "intent", "text_"))]
    seen = [name for name in visits if name.startswith(VISIT_COUNTS) and not name.endswith("_to_checkout")]
    zero = [name for name in (*zero, *seen, *counted, *texts) if name not in HELPERS]
    return f"""
    create table results.user_features as
    with buys as (
        select person, {_listed(buys)}
        from (
            select *, dayofweek(date '{as_of}' - cast(d as int)) in (0, 6) as weekend from purchase_days
        ) as days
        group by person
    ),
    buyers as (select *, {_listed(buys_later)} from buys),
    visits as (select person, {_listed(visits)} from session_days group by person),
    visitors as (select *, {_listed(visits_later)} from visits),
    before as (
        select person, avg((v.person is not null)::int) as visit_before_purchase_share_91d
        from (select person, d from purchase_days where d < 91) as p
        left join (
            select person, d from session_days where d <= 91
            union select person, d - 1 from session_days where d <= 91
        ) as v using (person, d)
        group by person
    ),
    doings as (
        select 'crm' as id_kind, crm_id as value, 'contact' as kind, d, null::double as rating,
            null as question, null as text, null::varchar[] as tags from contacts
        union all select 'card', card_id, 'redemption', d, null, null, null, null from redemptions
        union all select 'handle', handle, 'post', d, null, null, text, tags from posts
        union all select 'handle', handle, kind, d, null, null, null, null from reactions
        union all select if(email is null, 'phone', 'email'), coalesce(email, phone), 'answer', d, rating,
            question, comment, null from answers
    ),
    engaged as (
        select person, {_listed(engaged)}, {written}
        from (
            select doings.*, who.person,
                lower(coalesce(text, '') || ' ' || coalesce(array_to_string(tags, '|'), '')) as searched
            from doings inner join who on doings.id_kind = who.kind and doings.value = who.value
            where d >= 0
        ) as own
        group by person
    ),
    profiles as (
        select person, count(*) as profile_records, min(d) as profile_age_days, {latest}
        from (
            select 'crm' as kind, crm_id as value, d, updated_at, age as age_band, income as income_band,
                home_ownership, marital_status, household_size, household_comp as household_composition,
                kids_count, agrees::int as consent
            from crm where d >= 0
            union all by name select 'handle' as kind, handle as value, d from accounts where d >= 0
        ) as records inner join who using (kind, value)
        group by person
    )
    select
        person, baskets_all is not null as has_purchase,
        {", ".join(f"coalesce({name}, 0) as {name}" for name in zero)},
        {", ".join([*null, *visits_later, "days_since_visit", "visit_before_purchase_share_91d"])},
        redemptions_182d / nullif(contacts_182d, 0) as redemptions_per_contact_182d,
        days_since_contact, days_since_survey, satisfaction_mean_364d, intent_mean_364d,
        text_chars_mean_182d, text_words_mean_182d,
        coalesce(profile_records, 0) as profile_records, profile_age_days, {", ".join(PROFILE)}
    from (select distinct person from who) as everyone
    left join buyers using (person) left join visitors using (person) left join before using (person)
    left join engaged using (person) left join profiles using (person)
    """


def main() -> None:
    """Read the landing files and write one table."""
    landing, database, as_of = sys.argv[1:]
    connection = duckdb.connect()
    connection.execute(f"set memory_limit = '{os.environ.get('PROFILECTL_MEMORY_LIMIT', '3.5GB')}'")
    connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false; set threads = 2")
    connection.execute(f"set temp_directory = '{database}.tmp'; attach '{database}' as results")
    connection.execute(read(landing, as_of))
    join_identities(connection)
    transitions, _, _ = visit_features()
    connection.execute(daily(transitions))
    connection.execute(people(as_of))


if __name__ == "__main__":
    main()
