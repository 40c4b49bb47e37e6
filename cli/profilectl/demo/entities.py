"""The entities of the demo, but for the catalogue (one Parquet file, see ``catalogue.py``)."""

from __future__ import annotations

from profilectl.demo.entity import (
    Dirt,
    Entity,
    Observed,
    Variant,
    again,
    bad_times,
    columns,
    long_line,
    missing,
    short_line,
    truncated_json,
    wrong_encoding,
)

# fmt: off
TRANSACTION_COLUMNS = columns(
    "basket_id", "line_no", "card_id", "store_id", "product_id", "quantity", "sales_value", "retail_disc",
    "coupon_disc", "coupon_match_disc", "week", "transaction_timestamp",
)
CUSTOMER_COLUMNS = columns(
    "crm_id", "card_id", "first_name", "last_name", "email", "phone", "age", "income", "home_ownership",
    "marital_status", "household_size", "household_comp", "kids_count", "consent", "updated_at",
)
EVENT_COLUMNS = columns(
    "event_id", "cookie_id", "device_id", "email", "event_type", "page", "product_id", "dwell_ms",
    "session_id", "referrer", "occurred_at", dwell_ms="dwell_ms::bigint",
)
# fmt: on

MIXED_DATES = Observed("mixed_date_format", "date_style <> 0")
WRITTEN_EMAIL = Observed("email_variant", "email <> true_email")
SENTINELS = (
    Observed("sentinel_email", "list_contains(sentinel_emails(), true_email)", "blocked"),
    Observed("sentinel_phone", "list_contains(sentinel_phones(), true_phone)", "blocked"),
)

TRANSACTIONS = Entity(
    "shop",
    "transactions",
    TRANSACTION_COLUMNS,
    "csv.gz",
    dirt=(
        again(120),
        Dirt("amount_of_a_billion", 15, {"sales_value": "'1000000000'"}, reason="out_of_bounds_sales_value"),
        Dirt(
            "amount_hugely_negative", 15, {"sales_value": "'-250000.00'"}, reason="out_of_bounds_sales_value"
        ),
        Dirt("amount_nan", 10, {"sales_value": "'NaN'"}, reason="invalid_sales_value"),
        Dirt("amount_is_text", 10, {"sales_value": "'abc'"}, reason="invalid_sales_value"),
        Dirt("quantity_negative", 8, {"quantity": "'-5'"}, reason="out_of_bounds_quantity"),
        missing("sales_value", 20),
        missing("basket_id", 10),
        missing("transaction_timestamp", 6),
        missing("card_id", 12, reason="no_identifier"),
        *bad_times("transaction_timestamp", 10),
        wrong_encoding("product_id", 5),
        short_line(6),
        long_line(4),
    ),
    redelivered=("2017-03", "2017-06", "2017-09", "2017-12"),
    redelivered_share=0.05,
    needs_quotes=False,
)

COUPON_REDEMPTIONS = Entity(
    "shop",
    "coupon_redemptions",
    columns("redemption_id", "card_id", "coupon_upc", "campaign_id", "redemption_date"),
    "csv",
    dirt=(
        again(4),
        missing("redemption_id", 2),
        missing("card_id", 2, reason="no_identifier"),
        Dirt("impossible_date", 2, {"redemption_date": "'2017-02-30'"}, reason="invalid_redemption_date"),
        short_line(1),
    ),
    redelivered=("2017-05",),
)

CUSTOMERS = Entity(
    "crm",
    "customers",
    CUSTOMER_COLUMNS,
    "csv",
    dirt=(
        again(20),
        missing("crm_id", 6),
        missing("updated_at", 3),
        *bad_times("updated_at", 4),
        wrong_encoding("first_name", 6),
        short_line(3),
        long_line(2),
    ),
    observed=(
        MIXED_DATES,
        WRITTEN_EMAIL,
        Observed("phone_variant", "phone <> true_phone"),
        Observed("name_typo", "has_typo"),
        *SENTINELS,
        Observed("family_email", "true_email in (select email from family_email)"),
    ),
    redelivered=("2017-04", "2017-10"),
    variant=Variant(
        "2017-08",
        "extra_column_file",
        {
            **dict(list(CUSTOMER_COLUMNS.items())[:4]),
            "loyalty_tier": "pick(['bronze', 'silver', 'gold'], dice)",
            **dict(list(CUSTOMER_COLUMNS.items())[4:]),
        },
    ),
)

CAMPAIGN_CONTACTS = Entity(
    "crm",
    "campaign_contacts",
    columns("contact_id", "crm_id", "campaign_id", "campaign_type", "contacted_at"),
    "csv",
    dirt=(
        again(10),
        missing("contact_id", 3),
        missing("crm_id", 4, reason="no_identifier"),
        Dirt("impossible_date", 4, {"contacted_at": "'2017-02-30'"}, reason="invalid_contacted_at"),
        short_line(2),
    ),
    redelivered=("2017-07",),
)

EVENTS = Entity(
    "synthetic_web",
    "events",
    EVENT_COLUMNS,
    "jsonl.gz",
    dirt=(
        again(150),
        missing("event_id", 12, blank="null"),
        Dirt(
            "no_identifier",
            15,
            {"cookie_id": "null", "device_id": "null", "email": "null"},
            reason="no_identifier",
        ),
        Dirt("dwell_negative", 10, {"dwell_ms": "-1500"}, reason="out_of_bounds_dwell_ms"),
        Dirt("dwell_of_years", 10, {"dwell_ms": "99999999999"}, reason="out_of_bounds_dwell_ms"),
        *bad_times("occurred_at", 10),
        wrong_encoding("page", 12),
        truncated_json(20),
    ),
    observed=(
        WRITTEN_EMAIL,
        Observed("epoch_milliseconds", "not contains(occurred_at, '-')"),
        Observed("kiosk_device", "list_contains(kiosks(), device_id)", "blocked"),
    ),
    redelivered=("2017-02", "2017-11"),
    redelivered_share=0.05,
    variant=Variant(
        "2017-10",
        "renamed_column_file",
        {("referer" if name == "referrer" else name): sql for name, sql in EVENT_COLUMNS.items()},
    ),
)

ACCOUNTS = Entity(
    "synthetic_social",
    "accounts",
    columns("handle", "email", "display_name", "created_at"),
    "jsonl",
    dirt=(again(3), missing("handle", 2, blank="null"), truncated_json(1)),
    observed=(WRITTEN_EMAIL,),
)

POSTS = Entity(
    "synthetic_social",
    "posts",
    columns("post_id", "handle", "text", "tags", "posted_at", tags="tags::json"),
    "jsonl",
    dirt=(
        again(8),
        missing("post_id", 2, blank="null"),
        missing("handle", 2, reason="no_identifier", blank="null"),
        *bad_times("posted_at", 2),
        wrong_encoding("text", 4),
        truncated_json(5),
    ),
    redelivered=("2017-06",),
    empty_in=("2017-02",),
)

REACTIONS = Entity(
    "synthetic_social",
    "reactions",
    columns("reaction_id", "handle", "kind", "target", "reacted_at"),
    "jsonl",
    dirt=(
        again(10),
        missing("reaction_id", 2, blank="null"),
        missing("handle", 3, reason="no_identifier", blank="null"),
        *bad_times("reacted_at", 2),
        truncated_json(4),
    ),
)

ANSWERS = Entity(
    "synthetic_survey",
    "answers",
    columns("answer_id", "email", "phone", "question", "rating", "comment", "channel", "answered_at"),
    "csv",
    dirt=(
        again(6),
        Dirt(
            "same_answer_other_id",
            15,
            {
                "answer_id": "'x' || answer_id",
                "email": "coalesce(upper(true_email), '')",
                "phone": "coalesce(written_phone(true_phone, 0.1), '')",
                "answered_at": "written_time(true_answered_at, (date_style + 3) % 10)",
            },
            expected="duplicate",
        ),
        Dirt("rating_of_eleven", 3, {"rating": "'11'"}, reason="out_of_bounds_rating"),
        Dirt("rating_negative", 3, {"rating": "'-3'"}, reason="out_of_bounds_rating"),
        Dirt("rating_is_text", 2, {"rating": "'very good'"}, reason="invalid_rating"),
        Dirt("no_identifier", 4, {"email": "''", "phone": "'n/a'"}, reason="no_identifier"),
        missing("answer_id", 2),
        *bad_times("answered_at", 2),
        wrong_encoding("comment", 4),
        short_line(2),
    ),
    observed=(MIXED_DATES, WRITTEN_EMAIL, Observed("phone_variant", "phone <> true_phone")),
    redelivered=("2017-08",),
)

ENTITIES = (
    TRANSACTIONS,
    COUPON_REDEMPTIONS,
    CUSTOMERS,
    CAMPAIGN_CONTACTS,
    EVENTS,
    ACCOUNTS,
    POSTS,
    REACTIONS,
    ANSWERS,
)
