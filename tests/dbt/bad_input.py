"""The table of bad input: one landing file per case, what must be said of it, what of it must count."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass

import duckdb

Told = tuple[int | None, str | None, str]

COLUMNS = {
    "shop/transactions": "basket_id,line_no,card_id,product_id,quantity,sales_value,retail_disc,"
    "transaction_timestamp",
    "crm/customers": "crm_id,card_id,first_name,email,phone,updated_at",
    "crm/campaign_contacts": "contact_id,crm_id,campaign_id,campaign_type,contacted_at",
    "synthetic_web/events": "event_id,cookie_id,email,event_type,page,dwell_ms,session_id,occurred_at",
    "synthetic_social/reactions": "reaction_id,handle,kind,target,reacted_at",
    "synthetic_survey/answers": "answer_id,email,phone,question,rating,comment,channel,answered_at",
}
# One sound row per entity; %s stands for the key.
SOUND = {
    "shop/transactions": "%s,1,card1,p1,1,2.50,0,2017-03-04 15:06:07",
    "crm/customers": "%s,card1,Ann,ann@example.org,2125550101,2017-03-04 15:06:07",
    "crm/campaign_contacts": "%s,crm1,c1,A,2017-03-04 15:06:07",
    "synthetic_web/events": "%s,cookie1,,page_view,/a,1500,s1,2017-03-04 15:06:07",
    "synthetic_social/reactions": "%s,ann,like,post1,2017-03-04 15:06:07",
    "synthetic_survey/answers": "%s,%s@example.org,,satisfaction,8,fine,web,2017-03-04 15:06:07",
}


@dataclass(frozen=True)
class Case:
    """One file: where, its content, quarantined records as (row, column, reason), keys that count."""

    entity: str
    name: str
    content: bytes
    told: tuple[Told, ...]
    kept: tuple[str, ...]

    @property
    def file(self) -> str:
        return f"{self.entity}/{self.name}"


def sound(entity: str, key: str, **changes: str) -> str:
    """One CSV record of ``entity``, sound but for ``changes``."""
    row = SOUND[entity].replace("%s", key).split(",")
    values = dict(zip(COLUMNS[entity].split(","), row, strict=True))
    return ",".join((values | changes).values())


def lines(entity: str, *records: str, end: str = "\n") -> bytes:
    return (end.join([COLUMNS[entity], *records]) + end).encode()


def as_json(entity: str, key: str, **changes: object) -> str:
    """One record of ``entity`` as a JSON object; a change to None takes the member away."""
    row = SOUND[entity].replace("%s", key).split(",")
    values: dict[str, object] = dict(zip(COLUMNS[entity].split(","), row, strict=True)) | changes
    return json.dumps({name: value for name, value in values.items() if value is not None})


def between(entity: str, stem: str, *bad: tuple[str, str | None, str]) -> Case:
    """Bad records (record, column, reason), each between two sound ones, in a CSV file."""
    records, told, kept = [sound(entity, f"{stem}-0")], [], [f"{stem}-0"]
    for place, (record, column, reason) in enumerate(bad, start=1):
        told.append((len(records) + 1, column, reason))
        kept.append(f"{stem}-{place}")
        records += [record, sound(entity, f"{stem}-{place}")]
    return Case(entity, f"{stem}.csv", lines(entity, *records), tuple(told), tuple(kept))


def one_bad(entity: str, stem: str, column: str, value: str, reason: str, told_column: str = "") -> Case:
    return between(
        entity, stem, (sound(entity, f"{stem}-x", **{column: value}), told_column or column, reason)
    )


def refused(entity: str, name: str, content: bytes, reason: str) -> Case:
    return Case(entity, name, content, ((None, None, reason),), ())


def intact(entity: str, name: str, content: bytes, *kept: str) -> Case:
    return Case(entity, name, content, (), kept)


def parquet(query: str) -> bytes:
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as scratch, duckdb.connect() as connection:
        path = Path(scratch) / "x.parquet"
        connection.execute(f"copy ({query}) to '{path}' (format parquet)")
        return path.read_bytes()


SHOP, CRM, CONTACTS = "shop/transactions", "crm/customers", "crm/campaign_contacts"
WEB, SOCIAL, SURVEY = "synthetic_web/events", "synthetic_social/reactions", "synthetic_survey/answers"
TIME = "transaction_timestamp"
TWO_SOUND = lines(SHOP, sound(SHOP, "two-0"), sound(SHOP, "two-1"))
TYPED = parquet(
    "select 900000000001::bigint as basket_id, 1::smallint as line_no, 'card1' as card_id, 7 as product_id, "
    "2.0::double as quantity, 3.25::decimal(9, 2) as sales_value, timestamptz '2017-03-04 15:06:07-05' as "
    "transaction_timestamp"
)
AS_ARRAY = f"[{as_json(WEB, 'array-0')},\n {as_json(WEB, 'array-1')}]"

CASES = [
    # -- lines that are no records ---------------------------------------------
    between(SHOP, "short_line", ("short-x,1,card1", "product_id", "malformed_csv")),
    between(SHOP, "long_line", (sound(SHOP, "long-x") + ",more,and more", None, "malformed_csv")),
    between(SHOP, "unclosed_quote", ('"open,1,card1,p1,1,2.50,0,2017-03-04', "basket_id", "malformed_csv")),
    between(SHOP, "text_after_quote", ('"a"b,1,card1,p1,1,2.50,0,2017-03-04', "basket_id", "malformed_csv")),
    Case(
        SHOP,
        "latin_1.csv",
        lines(
            SHOP, sound(SHOP, "latin-0"), sound(SHOP, "latin-x", card_id="caf§"), sound(SHOP, "latin-1")
        ).replace("§".encode(), b"\xe9"),
        ((2, "card_id", "invalid_encoding"),),
        ("latin-0", "latin-1"),
    ),
    Case(
        WEB,
        "bad_lines.jsonl",
        "\n".join(
            [
                as_json(WEB, "lines-0"),
                as_json(WEB, "lines-x")[:40],
                as_json(WEB, "lines-1"),
                "[1, 2]",
                "42",
                "no json at all",
                as_json(WEB, "lines-x", page="caf§"),
                as_json(WEB, "lines-2"),
            ]
        )
        .replace("\\u00a7", "§")
        .encode()
        .replace("§".encode(), b"\xe9"),
        (
            (2, None, "malformed_json"),
            (4, None, "not_an_object"),
            (5, None, "not_an_object"),
            (6, None, "malformed_json"),
            (7, None, "invalid_encoding"),
        ),
        ("lines-0", "lines-1", "lines-2"),
    ),
    # -- values that cannot be -------------------------------------------------
    one_bad(SHOP, "wrong_type", "sales_value", "abc", "invalid"),
    one_bad(SHOP, "comma_money", "sales_value", '"1,50"', "invalid"),
    one_bad(SHOP, "not_a_number", "sales_value", "NaN", "missing"),
    one_bad(SHOP, "infinite", "sales_value", "inf", "invalid"),
    one_bad(SHOP, "overflowing", "sales_value", "1e999", "invalid"),
    one_bad(SHOP, "wrong_type_quantity", "quantity", "two", "invalid"),
    one_bad(SHOP, "negative_quantity", "quantity", "-3", "out_of_bounds"),
    one_bad(SHOP, "impossible_amount", "sales_value", "1000000000", "out_of_bounds"),
    one_bad(SHOP, "impossible_refund", "sales_value", "-5000", "out_of_bounds"),
    one_bad(SHOP, "impossible_discount", "retail_disc", "99999", "out_of_bounds"),
    one_bad(SHOP, "discount_in_words", "retail_disc", "half price", "invalid"),
    one_bad(WEB, "negative_dwell", "dwell_ms", "-1", "out_of_bounds"),
    one_bad(WEB, "endless_dwell", "dwell_ms", "999999999999", "out_of_bounds"),
    one_bad(WEB, "unknown_event", "event_type", "teleport", "invalid"),
    one_bad(SOCIAL, "unknown_reaction", "kind", "shrug", "invalid"),
    one_bad(SURVEY, "unknown_question", "question", "weather", "invalid"),
    one_bad(SURVEY, "rating_11", "rating", "11", "out_of_bounds"),
    one_bad(SURVEY, "rating_0", "rating", "0", "out_of_bounds"),
    one_bad(SURVEY, "rating_in_words", "rating", "great", "invalid"),
    # -- times that cannot be --------------------------------------------------
    one_bad(SHOP, "february_30", TIME, "2017-02-30 10:00:00", "invalid"),
    one_bad(SHOP, "month_13", TIME, "2017/13/01 10:00:00", "invalid"),
    one_bad(SHOP, "hour_25", TIME, "2017-03-04 25:00:00", "invalid"),
    one_bad(SHOP, "no_date", TIME, "yesterday", "invalid"),
    one_bad(SHOP, "year_1900", TIME, "1900-01-01 00:00:00", "out_of_bounds"),
    one_bad(SHOP, "year_2099", TIME, "2099-01-01 00:00:00", "future"),
    one_bad(SHOP, "infinite_time", TIME, "infinity", "invalid"),
    one_bad(SHOP, "word_for_a_time", TIME, "epoch", "invalid"),
    one_bad(SHOP, "odd_offset", TIME, "2017-03-04 15:06:07+1:2:3", "invalid"),
    one_bad(CRM, "never_updated", "updated_at", "0000-00-00", "invalid"),
    # -- values that are not there ---------------------------------------------
    one_bad(SHOP, "no_amount", "sales_value", "", "missing"),
    one_bad(SHOP, "no_product", "product_id", "", "missing"),
    one_bad(SHOP, "no_basket", "basket_id", "", "missing"),
    one_bad(SHOP, "no_time", TIME, "", "missing"),
    one_bad(SURVEY, "no_rating", "rating", "", "missing"),
    one_bad(CRM, "no_customer", "crm_id", "", "missing"),
    one_bad(SHOP, "basket_of_blanks", "basket_id", '"  "', "missing"),
    one_bad(SHOP, "line_null", "line_no", "NULL", "missing"),
    one_bad(SHOP, "product_n_a", "product_id", " n/a ", "missing"),
    one_bad(SHOP, "amount_dash", "sales_value", "-", "missing"),
    one_bad(SHOP, "time_n_a", TIME, "n/a", "missing"),
    one_bad(CONTACTS, "contact_quoted", "contact_id", '""', "missing"),
    one_bad(SOCIAL, "reaction_null", "reaction_id", "null", "missing"),
    one_bad(SURVEY, "answer_unknown", "answer_id", "unknown", "missing"),
    Case(
        WEB,
        "empty_ids.jsonl",
        "\n".join(
            [
                as_json(WEB, "", cookie_id="cookie8"),
                as_json(WEB, "", cookie_id="cookie9"),
                as_json(WEB, "ids-0"),
            ]
        ).encode(),
        ((1, "event_id", "missing"), (2, "event_id", "missing")),
        ("ids-0",),
    ),
    # -- nobody ----------------------------------------------------------------
    one_bad(SHOP, "no_card", "card_id", "", "no_identifier"),
    one_bad(SHOP, "card_n_a", "card_id", "N/A", "no_identifier"),
    one_bad(CONTACTS, "contact_of_null", "crm_id", "null", "no_identifier"),
    one_bad(SURVEY, "two_addresses", "email", "ann@x.org;bob@x.org", "no_identifier", "email, phone"),
    one_bad(SURVEY, "no_address", "email", "not an address", "no_identifier", "email, phone"),
    # -- files -----------------------------------------------------------------
    refused(SHOP, "utf_16.csv", TWO_SOUND.decode().encode("utf-16"), "unsupported_encoding"),
    refused(SHOP, "renamed_column.csv", TWO_SOUND.replace(b"sales_value", b"sale_value"), "missing_column"),
    refused(SHOP, "without_column.csv", b"basket_id,line_no\n1,1\n", "missing_column"),
    refused(SHOP, "json_inside.csv", as_json(SHOP, "inside").encode(), "missing_column"),
    refused(
        SHOP,
        "no_time.jsonl",
        as_json(SHOP, "timeless", transaction_timestamp=None).encode(),
        "missing_column",
    ),
    refused(SHOP, "empty.csv", b"", "empty_file"),
    refused(SHOP, "blank.csv", b"\n \n", "empty_file"),
    refused(SHOP, "truncated.csv.gz", gzip.compress(TWO_SOUND * 50)[:60], "unreadable_file"),
    refused(SHOP, "no_gzip.csv.gz", TWO_SOUND, "unreadable_file"),
    refused(SHOP, "truncated.parquet", TYPED[:-40], "unreadable_file"),
    refused(SHOP, "no_parquet.parquet", TWO_SOUND, "unreadable_file"),
    refused(SHOP, "spreadsheet.csv", b"PK\x03\x04" + bytes(range(256)), "binary_file"),
    refused(SHOP, "wrong_extension.txt", TWO_SOUND, "unsupported_format"),
    refused("shop/transactoins", "mistyped.csv", TWO_SOUND, "unknown_entity"),
    refused("shopp/transactions", "mistyped.csv", TWO_SOUND, "unknown_source"),
    # -- odd, and nothing wrong with it ----------------------------------------
    intact(SHOP, "header_only.csv", lines(SHOP)),
    intact(SHOP, "byte_order_mark.csv", b"\xef\xbb\xbf" + lines(SHOP, sound(SHOP, "mark-0")), "mark-0"),
    intact(
        SHOP,
        "windows.csv",
        lines(SHOP, *(sound(SHOP, f"crlf-{n}") for n in "01"), end="\r\n"),
        "crlf-0",
        "crlf-1",
    ),
    intact(
        SHOP, "old_mac.csv", lines(SHOP, *(sound(SHOP, f"cr-{n}") for n in "01"), end="\r"), "cr-0", "cr-1"
    ),
    intact(SHOP, "semicolons.csv", lines(SHOP, sound(SHOP, "semi-0")).replace(b",", b";"), "semi-0"),
    intact(SHOP, "tabs.csv", lines(SHOP, sound(SHOP, "tab-0")).replace(b",", b"\t"), "tab-0"),
    intact(
        SURVEY,
        "newline.csv",
        lines(SURVEY, sound(SURVEY, "newline-0", comment='"two\nlines, ""so"""')),
        "newline-0",
    ),
    intact(SHOP, "extra.csv", lines(SHOP, sound(SHOP, "extra-0")).replace(b"\n", b",more\n"), "extra-0"),
    intact(
        SHOP,
        "capitals.csv",
        TWO_SOUND.replace(b"two", b"cap").replace(b"card_id", b" Card_ID"),
        "cap-0",
        "cap-1",
    ),
    intact(SHOP, "twice.csv.gz", gzip.compress(lines(SHOP, *[sound(SHOP, "twice-0")] * 3)), "twice-0"),
    intact(
        SHOP, "epoch.csv", lines(SHOP, sound(SHOP, "epoch-0", transaction_timestamp="1488639967")), "epoch-0"
    ),
    intact(SHOP, "typed.parquet", TYPED, "900000000001"),
    intact(SHOP, "no_quantity.csv", lines(SHOP, sound(SHOP, "units-0", quantity="n/a")), "units-0"),
    intact(SHOP, "quoted_quantity.csv", lines(SHOP, sound(SHOP, "units-1", quantity='""')), "units-1"),
    intact(
        SHOP,
        "padded.csv",
        lines(
            SHOP,
            sound(SHOP, "pad-0"),
            sound(SHOP, '"pad-0   "', product_id='"p1 "'),
            sound(SHOP, '"\tpad-1\u00a0"', line_no='" 1"'),
        ),
        "pad-0",
        "pad-1",
    ),
    intact(
        WEB,
        "no_session.jsonl",
        as_json(WEB, "visit-0", session_id="", page=" ", product_id=" p1 ").encode(),
        "visit-0",
    ),
    intact(WEB, "array.json", AS_ARRAY.encode(), "array-0", "array-1"),
    intact(WEB, "bad_email.csv", lines(WEB, sound(WEB, "mail-0", email="ann@")), "mail-0"),
    intact(
        SURVEY,
        "o_brien.csv",
        lines(
            SURVEY,
            sound(SURVEY, "name-0", email="Pat.O'Brien@example.org"),
            sound(SURVEY, "name-1", email="jos\u00e9@ex\u00e4mple.org"),
        ),
        "name-0",
        "name-1",
    ),
    intact(
        CRM,
        "blanks_in_names.csv",
        lines(CRM, sound(CRM, "blank-0", first_name='" Mary  Ann "', phone="undefined")),
        "blank-0",
    ),
    intact(WEB, "shouting.csv", lines(WEB, sound(WEB, "shout-0", event_type=" PAGE_VIEW ")), "shout-0"),
    intact(
        CRM,
        "updates.csv",
        lines(CRM, sound(CRM, "up-0"), sound(CRM, "up-0", updated_at="2017-05-01")),
        "up-0",
    ),
]

DATES_AS_UTC = {
    "2017-03-04 15:06:07": "2017-03-04 15:06:07",
    "2017-03-04T15:06:07Z": "2017-03-04 15:06:07",
    "2017-03-04T15:06:07-05:00": "2017-03-04 20:06:07",
    "2017/03/04 15:06:07": "2017-03-04 15:06:07",
    "04.03.2017 15:06": "2017-03-04 15:06:00",
    "03/04/2017 15:06": "2017-03-04 15:06:00",
    "Mar 04, 2017 03:06 PM": "2017-03-04 15:06:00",
    "04 Mar 2017 15:06": "2017-03-04 15:06:00",
    "20170304T150607": "2017-03-04 15:06:07",
    "1488639967": "2017-03-04 15:06:07",
    "1488639967000": "2017-03-04 15:06:07",
    "2017-03-04": "2017-03-04 00:00:00",
}
"""Text in a column whose zone is UTC, and the instant it means."""

DATES_IN_NEW_YORK = {
    "2017-03-04 15:06:07": "2017-03-04 20:06:07",
    "2017-03-04T15:06:07Z": "2017-03-04 15:06:07",
    "2017-03-04T15:06:07-05:00": "2017-03-04 20:06:07",
    "2017-03-04T15:06:07+02:00": "2017-03-04 13:06:07",
    "2017-03-04 15:06:07 UTC": "2017-03-04 15:06:07",
    "2017-03-04 15:06:07.25 UTC": "2017-03-04 15:06:07.25",
    "2017-03-04 15:06:07 utc": "2017-03-04 15:06:07",
    "2017-03-04 15:06:07 GMT": "2017-03-04 15:06:07",
    "2017-03-04T15:06:07GMT": "2017-03-04 15:06:07",
    "2017-03-04T15:06:07z": "2017-03-04 15:06:07",
    "2017-03-04T15:06:07Z ": "2017-03-04 15:06:07",
    " 2017-03-04T15:06:07+02:00\t": "2017-03-04 13:06:07",
    "2017-03-04T15:06:07 +02:00": "2017-03-04 13:06:07",
    "2017-03-04T15:06:07+02:00:00": "2017-03-04 13:06:07",
    "2017-03-04T15:06:07+0200": "2017-03-04 13:06:07",
    "2017-03-04T15:06:7Z": "2017-03-04 15:06:07",
    "2017-03-04T15:06Z": "2017-03-04 15:06:00",
    "2017-03-04T15:06+02:00": "2017-03-04 13:06:00",
    "2017-03-04 15:06 UTC": "2017-03-04 15:06:00",
    "2017-3-4 5:06+02:00": "2017-03-04 03:06:00",
    "2017-03-04 15:06:07 ": "2017-03-04 20:06:07",
    "2017-03-04 15:06": "2017-03-04 20:06:00",
    "2017-3-4": "2017-03-04 05:00:00",
    "2017/03/04 15:06:07": "2017-03-04 20:06:07",
    "04.03.2017 15:06": "2017-03-04 20:06:00",
    "03/04/2017 15:06": "2017-03-04 20:06:00",
    "Mar 04, 2017 03:06 PM": "2017-03-04 20:06:00",
    "04 Mar 2017 15:06": "2017-03-04 20:06:00",
    "20170304T150607": "2017-03-04 20:06:07",
    "1488639967": "2017-03-04 15:06:07",
    "1488639967000": "2017-03-04 15:06:07",
    "2017-03-04": "2017-03-04 05:00:00",
    # summer time: four hours, from 12 March to 5 November 2017
    "2017-03-12 01:59:59": "2017-03-12 06:59:59",
    "2017-03-12 03:00:00": "2017-03-12 07:00:00",
    "2017/07/04 15:06:07": "2017-07-04 19:06:07",
    "04.07.2017 15:06": "2017-07-04 19:06:00",
    "07/04/2017 15:06": "2017-07-04 19:06:00",
    "Jul 04, 2017 12:06 AM": "2017-07-04 04:06:00",
    "04 Jul 2017 15:06": "2017-07-04 19:06:00",
    "20170704T150607": "2017-07-04 19:06:07",
    "2017-11-05 00:59:59": "2017-11-05 04:59:59",
    "2017-11-05 02:00:00": "2017-11-05 07:00:00",
}
"""Text in a column whose zone is America/New_York, and the instant it means in UTC."""


def dates_file(entity: str, column: str, stem: str, dates: dict[str, str]) -> bytes:
    """A CSV file with one sound record per date, with keys ``<stem>-0`` and on."""
    quoted = [f'"{text}"' if "," in text or text != text.strip() else text for text in dates]
    return lines(entity, *(sound(entity, f"{stem}-{n}", **{column: text}) for n, text in enumerate(quoted)))
