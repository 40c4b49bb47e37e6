"""Flat tables, a row for each customer, session or order, judged on five stratified folds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np

from quality_tables import Protocol, five_folds

# Every query gives the label as `label`; the rest are features, known when one would predict.
SHOPPERS = "select * exclude (Revenue), Revenue::int as label from read_csv('{}/online_shoppers/*.csv')"
TAIWAN = """
    select * exclude (ID, class), BILL_AMT1 / LIMIT_BAL as used, (BILL_AMT1 - BILL_AMT3) / LIMIT_BAL as rise,
        greatest(PAY_0, PAY_2, PAY_3, PAY_4, PAY_5, PAY_6) as worst_delay,
        (PAY_0 + PAY_2 + PAY_3 + PAY_4 + PAY_5 + PAY_6) / 6 as mean_delay,
        (PAY_AMT1 + PAY_AMT2 + PAY_AMT3) / nullif(abs(BILL_AMT2 + BILL_AMT3 + BILL_AMT4), 0) as paid,
        (PAY_0 > 0)::int + (PAY_2 > 0)::int + (PAY_3 > 0)::int + (PAY_4 > 0)::int as late_months,
        class as label
    from read_csv('{}/taiwan_credit/*.csv')
    """
GERMAN = """
    select * exclude (creditability), credit_amount / duration_in_month as instalment,
        (creditability = 'bad')::int as label
    from read_csv('{}/german_credit/*.csv')
    """
MARKETING = """
    with typed as (
        select * exclude (ID, Dt_Customer), Dt_Customer as since,
            MntWines + MntFruits + MntMeatProducts + MntFishProducts + MntSweetProducts
                + MntGoldProds as spent,
            NumWebPurchases + NumCatalogPurchases + NumStorePurchases as purchases
        from read_csv('{}/marketing_campaign/*.csv', delim = ';', dateformat = '%d-%m-%Y')
    )
    select * exclude (Response, since), date '2014-07-01' - since as tenure,
        spent / nullif(purchases, 0) as basket,
        spent / (date '2014-07-01' - since) as rate, spent / Income as share_of_income,
        MntMeatProducts / nullif(spent, 0) as meat, MntWines / nullif(spent, 0) as wine,
        AcceptedCmp1 + AcceptedCmp2 + AcceptedCmp3 + AcceptedCmp4 + AcceptedCmp5 as accepted,
        Kidhome + Teenhome as children, Response as label
    from typed
    """
HILLSTROM = "select * exclude (visit, conversion, spend), visit as label from read_csv('{}/hillstrom/*.csv')"
# Asked on the day the review form went out: what was delivered later was not known then.
OLIST = """
    with reviews as (
        select order_id, arg_min(review_score, (review_creation_date, review_id)) as score,
            min(review_creation_date) as asked_at
        from '{0}/olist_parquet/order_reviews.parquet' group by order_id
    ),
    items as (
        select order_id, count(*) as items, count(distinct seller_id) as sellers, sum(price) as price,
            count(distinct product_id) as products, sum(freight_value) as freight,
            min(shipping_limit_date) as ship_by, min(seller_state) as seller_state,
            min(product_category_name) as category, sum(product_weight_g) as weight,
            avg(product_photos_qty) as photos, avg(product_description_lenght) as description
        from '{0}/olist_parquet/order_items.parquet'
        left join '{0}/olist_parquet/sellers.parquet' using (seller_id)
        left join '{0}/olist_parquet/products.parquet' using (product_id)
        group by order_id
    ),
    payments as (
        select order_id, sum(payment_value) as paid, max(payment_installments) as instalments,
            min(payment_type) as payment
        from '{0}/olist_parquet/order_payments.parquet' group by order_id
    ),
    dated as (
        select *, order_delivered_customer_date < asked_at + interval 1 day as arrived,
            order_delivered_carrier_date < asked_at + interval 1 day as sent,
            order_purchase_timestamp as bought, order_estimated_delivery_date as promised
        from '{0}/olist_parquet/orders.parquet' inner join reviews using (order_id)
    ),
    facts as (
        select *, case when arrived then order_delivered_customer_date end as came,
            case when sent then order_delivered_carrier_date end as left_at
        from dated
    )
    select coalesce(arrived, false) as arrived, coalesce(sent, false) as sent,
        date_diff('hour', bought, came) as took,
        date_diff('hour', promised, came) as late, date_diff('hour', promised, asked_at) as asked_late,
        date_diff('hour', bought, asked_at) as asked_after, date_diff('hour', bought, left_at) as handling,
        date_diff('hour', left_at, came) as travelled, date_diff('hour', ship_by, left_at) as sent_late,
        date_diff('hour', bought, promised) as allowed,
        date_diff('hour', bought, order_approved_at) as approval,
        items, sellers, products, price, freight, freight / nullif(price, 0) as freight_share, weight, photos,
        description, paid, instalments, payment, category, seller_state, customer_state,
        seller_state = customer_state as near, dayofweek(bought) as weekday, month(bought) as month,
        (score <= 2)::int as label
    from facts
    inner join '{0}/olist_parquet/customers.parquet' using (customer_id)
    left join items using (order_id) left join payments using (order_id)
    order by order_id
    """
TUNED = "LightGBM, tuned"
CASES: dict[str, tuple[str, dict[str, dict[str, float]]]] = {
    "german_credit": (GERMAN, {"AUC": {TUNED: 0.7845}, "AP": {TUNED: 0.621}}),
    "marketing_campaign": (MARKETING, {"AUC": {TUNED: 0.9113}, "AP": {TUNED: 0.667}}),
    "online_shoppers": (SHOPPERS, {"AUC": {TUNED: 0.9345}, "AP": {TUNED: 0.753}}),
    "olist_review": (OLIST, {"AUC": {"quoted": 0.760}}),
    "taiwan_credit": (TAIWAN, {"AUC": {TUNED: 0.7848}, "AP": {TUNED: 0.559}}),
    "hillstrom_visit": (HILLSTROM, {"AUC": {"logistic": 0.6461}}),
}


def protocol(data: Path, name: str) -> Protocol:
    """Read one of ``CASES``."""
    query, quoted = CASES[name]
    with duckdb.connect() as connection:
        # One thread keeps the rows of a file in its order, which the folds go by.
        connection.execute("set threads = 1")
        table = connection.execute(query.format(data)).to_arrow_table()
    label = table.column("label").to_numpy().astype(np.float64)
    return Protocol(name, "classification", table.drop_columns("label"), label, five_folds(label), quoted)


def protocols(data: Path, wanted: set[str]) -> Iterator[Protocol]:
    """Read the cases that are wanted, one at a time; all when ``wanted`` is empty."""
    yield from (protocol(data, name) for name in CASES if not wanted or name in wanted)
