"""The peer in pandas: reads the same files, drops repeats and dirt, joins identities, makes user features.

It makes part of what ours makes: money in windows, lags and weeks, baskets, lines, units, discounts, rhythm,
shares of spend per department, web sessions and steps in windows, campaign contacts and coupons. It makes no
paths, texts, weighted averages, entropies or profile attributes. Identities are scipy's connected components.

    python full_build_pandas.py LANDING PARQUET AS_OF
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ZONE = "America/New_York"
WINDOWS = (7, 14, 28, 56, 84, 91, 182, 364)


def days_ago(instants: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    """Return how many reporting days before `as_of` UTC instants fall."""
    local = instants.dt.tz_localize("UTC").dt.tz_convert(ZONE).dt.tz_localize(None)
    return (as_of - local.dt.normalize()).dt.days


def read_transactions(landing: Path, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the basket lines that count, once each, with what was bought."""
    columns = ["basket_id", "line_no", "card_id", "product_id", "quantity", "sales_value", "retail_disc"]
    files = sorted((landing / "shop" / "transactions").glob("*.csv"))
    parts = [pd.read_csv(file, usecols=[*columns, "transaction_timestamp"], dtype=str) for file in files]
    lines = pd.concat(parts, ignore_index=True)
    del parts
    for column in ("quantity", "sales_value", "retail_disc"):
        lines[column] = pd.to_numeric(lines[column], errors="coerce")
    moment = pd.to_datetime(lines.pop("transaction_timestamp"), errors="coerce")
    lines["d"] = days_ago(moment, as_of)
    lines = lines[lines.card_id.notna() & lines.sales_value.notna() & moment.lt("2030-01-01")]
    lines = lines.drop_duplicates(["basket_id", "line_no"])
    products = pd.read_parquet(landing / "shop" / "products", columns=["product_id", "department", "brand"])
    return lines[lines.d >= 0].merge(products, on="product_id", how="left")


def read_web(landing: Path, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the web events that count, once each."""
    columns = ["event_id", "cookie_id", "email", "event_type", "dwell_ms", "session_id", "occurred_at"]
    files = sorted((landing / "synthetic_web" / "events").glob("*.jsonl"))
    parts = [pd.read_json(file, lines=True, dtype=False)[columns] for file in files]
    web = pd.concat(parts, ignore_index=True)
    del parts
    moment = pd.to_datetime(web.pop("occurred_at"), errors="coerce", utc=True).dt.tz_localize(None)
    kinds = ["page_view", "click", "add_to_cart", "checkout"]
    good = moment.notna() & web.event_type.isin(kinds)
    web, moment = web[good], moment[good]
    web["d"] = days_ago(moment, as_of)
    web["dwell_s"] = pd.to_numeric(web.pop("dwell_ms")) / 1000
    return web.drop_duplicates("event_id")


def join_identities(pairs: list[pd.DataFrame]) -> pd.Series:
    """Return the person of each identifier: components of the pairs (columns a, b) that met in one row."""
    links = pd.concat(pairs, ignore_index=True)
    codes, names = pd.factorize(pd.concat([links.a, links.b], ignore_index=True))
    a, b = codes[: len(links)], codes[len(links) :]
    keep = b >= 0
    graph = coo_array((np.ones(keep.sum(), bool), (a[keep], b[keep])), shape=(len(names), len(names)))
    return pd.Series(connected_components(graph, directed=False)[1], index=names)


def purchase_features(lines: pd.DataFrame) -> pd.DataFrame:
    """Return money, counts, rhythm and interests per person."""
    interests = {
        "GROCERY": "grocery",
        "DRUG GM": "drugstore",
        "PRODUCE": "produce",
        "MEAT": "meat",
        "DELI": "deli",
    }
    interests |= {"PASTRY": "bakery", "FUEL": "fuel", "NUTRITION": "nutrition"}
    lines["private_brand"] = lines.sales_value.where(lines.brand == "Private", 0)
    by_day = lines.groupby(["person", "d"], sort=True)
    days = by_day[["sales_value", "quantity", "retail_disc", "private_brand"]].sum()
    days["baskets"] = by_day.basket_id.nunique()
    days["lines"] = by_day.size()
    days = days.reset_index()
    days.columns = ["person", "d", "spend", "units", "discount", "private_brand", "baskets", "lines"]
    days["active_days"] = 1
    made = {}
    for window in WINDOWS:
        recent = (
            days[days.d < window]
            .groupby("person")[["spend", "baskets", "lines", "units", "discount", "active_days"]]
            .sum()
        )
        for column in recent:
            made[f"{column}_{window}d"] = recent[column]
    for lag in range(1, 7):
        part = days[days.d.between(28 * lag, 28 * lag + 27)]
        made[f"spend_lag{lag}_28d"] = part.groupby("person").spend.sum()
    for week in range(12):
        made[f"spend_week_{week}"] = days[days.d // 7 == week].groupby("person").spend.sum()
    features = pd.DataFrame(made).reindex(days.person.unique()).fillna(0)
    whole = days.groupby("person")
    features["spend_all"], features["baskets_all"] = whole.spend.sum(), whole.baskets.sum()
    features["recency_days"], features["tenure_days"] = whole.d.min(), whole.d.max() + 1
    gaps = whole.d.diff()
    features["gap_mean_days"] = gaps.groupby(days.person).mean()
    features["gap_std_days"] = gaps.groupby(days.person).std()
    half_year = lines[lines.d < 182]
    spend = (
        half_year.groupby(["person", half_year.department.map(interests)])
        .sales_value.sum()
        .unstack(fill_value=0)
    )
    for name in spend:
        features[f"interest_{name}_182d"] = spend[name] / features.spend_182d
    features["basket_value_91d"] = features.spend_91d / features.baskets_91d
    weeks = features[[f"spend_week_{week}" for week in range(12)]]
    features["spend_week_std_12w"], features["spend_week_max_12w"] = (
        weeks.std(axis=1, ddof=0),
        weeks.max(axis=1),
    )
    return features


def visit_features(web: pd.DataFrame) -> pd.DataFrame:
    """Return sessions and steps per person."""
    kinds = pd.get_dummies(web.event_type, dtype=np.int32)
    steps = pd.concat([web[["person", "session_id", "d", "dwell_s"]], kinds], axis=1)
    sessions = steps.groupby(["person", "session_id", "d"]).sum().reset_index()
    sessions["sessions"] = 1
    made = {}
    for window in (7, 28, 91):
        recent = sessions[sessions.d < window].drop(columns=["session_id", "d"]).groupby("person").sum()
        for column in recent:
            made[f"{column}_{window}d"] = recent[column]
    return pd.DataFrame(made)


def main() -> None:
    """Read the landing files and write one Parquet file."""
    landing, target, as_of = Path(sys.argv[1]), sys.argv[2], pd.Timestamp(sys.argv[3])
    lines, web = read_transactions(landing, as_of), read_web(landing, as_of)
    crm = pd.read_csv(landing / "crm" / "customers" / "customers.csv", dtype=str)
    accounts = pd.read_json(landing / "synthetic_social" / "accounts" / "accounts.jsonl", lines=True)
    contacts = pd.read_csv(landing / "crm" / "campaign_contacts" / "contacts.csv", dtype=str)
    coupons = pd.read_csv(landing / "shop" / "coupon_redemptions" / "redemptions.csv", dtype=str)
    logins = web.loc[web.email.notna(), ["cookie_id", "email"]].drop_duplicates()
    alone = pd.concat([lines.card_id, web.cookie_id, coupons.card_id, crm.crm_id]).drop_duplicates()
    person = join_identities(
        [crm[["crm_id", other]].set_axis(["a", "b"], axis=1) for other in ("card_id", "email", "phone")]
        + [logins.set_axis(["a", "b"], axis=1), accounts[["handle", "email"]].set_axis(["a", "b"], axis=1)]
        + [pd.DataFrame({"a": alone, "b": alone})]
    )
    lines["person"], web["person"] = lines.card_id.map(person), web.cookie_id.map(person)
    features = purchase_features(lines)
    features = features.join(visit_features(web[web.d >= 0]), how="outer").reindex(np.unique(person))
    for name, rows, who, when in (
        ("contacts", contacts, "crm_id", "contacted_at"),
        ("redemptions", coupons, "card_id", "redemption_date"),
    ):
        ago = (as_of - pd.to_datetime(rows[when])).dt.days
        owner = rows[who].map(person)
        for window in (28, 91, 364):
            features[f"{name}_{window}d"] = owner[ago.between(0, window - 1)].value_counts()
    features.reset_index(names="person").to_parquet(target, index=False)


if __name__ == "__main__":
    main()
