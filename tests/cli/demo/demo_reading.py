"""A reader of the demo's files that shares no code with what wrote them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from profilectl.demo.generate import DemoSummary

HOUSEHOLDS = 40
NEW_YORK = ZoneInfo("America/New_York")
FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%d %b %Y %H:%M",
    "%Y%m%dT%H%M%S",
    "%Y-%m-%d",
)


@dataclass
class Records:
    """What one entity's files hold, judged by the rules that staging enforces."""

    landed: int = 0
    quarantined: int = 0
    duplicates: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Demo:
    landing: Path
    truth: Path
    summary: DemoSummary

    def truth_rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run ``query`` where ``{name}`` stands for a truth file."""
        text = re.sub(r"\{(\w+)\}", lambda m: f"read_parquet('{self.truth / m[1]}.parquet')", query)
        return duckdb.sql(text).fetchall()


def clean(folder: Path) -> Records:
    """Read one entity's folder and clean it by the contract's rules, in plain Python."""
    source, entity = folder.parent.name, folder.name
    found = Records()
    by_key: dict[tuple[Any, ...], dict[str, Any]] = {}
    for path in sorted(folder.iterdir()):
        for record in _records(path):
            found.landed += 1
            row = RULES[source, entity](record) if record is not None else None
            if row is None:
                found.quarantined += 1
            elif row["key"] in by_key:
                found.duplicates += 1
            else:
                by_key[row["key"]] = row
    by_content: dict[Any, dict[str, Any]] = {}
    for row in by_key.values():
        if row.get("content", row["key"]) in by_content:
            found.duplicates += 1
        else:
            by_content[row.get("content", row["key"])] = row
    found.rows = list(by_content.values())
    return found


def _records(path: Path) -> Iterator[dict[str, Any] | None]:
    """Yield each record of a file, ``None`` for one that cannot be read."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = content.splitlines()
    is_csv = ".csv" in path.name
    header = lines.pop(0).decode().split(",") if is_csv else []
    for line in lines:
        try:
            text = line.decode()
            if is_csv:
                values = next(csv.reader(io.StringIO(text)))
                yield dict(zip(header, values, strict=True))
            else:
                yield json.loads(text)
        except ValueError:  # also what wrong encodings and broken JSON raise
            yield None


def known(value: str | None) -> str | None:
    text = (value or "").strip()
    return None if text.lower() in ("", "n/a", "-", "null") else text


def email(value: str | None) -> str | None:
    text = known(value)
    return text.lower() if text else None


def phone(value: str | None) -> str | None:
    text = known(value)
    return "+1" + re.sub(r"\D", "", text)[-10:] if text else None


def moment(value: str | None, zone: ZoneInfo | Any = NEW_YORK) -> datetime | None:
    """Return the instant in UTC, or ``None`` where there is none within bounds."""
    text = known(value)
    if text is None:
        return None
    if text.isdigit():
        number = int(text)
        return datetime.fromtimestamp(number / 1000 if len(text) == 13 else number, UTC)
    for pattern in FORMATS:
        try:
            parsed = datetime.strptime(text, pattern)
        except ValueError:
            continue
        if pattern.endswith("Z"):
            zone = UTC
        instant = (parsed if parsed.tzinfo else parsed.replace(tzinfo=zone)).astimezone(UTC)
        return instant if 2000 <= instant.year < 2030 else None
    return None


def number(value: Any, low: float, high: float) -> float | None:
    try:
        parsed = float(value)
    except (TypeError, ValueError):
        return None
    return parsed if low <= parsed <= high else None


def _transaction(r: dict[str, Any]) -> dict[str, Any] | None:
    amount = number(r["sales_value"], -1000, 10000)
    quantity = number(r["quantity"], 0, 100000)
    at = moment(r["transaction_timestamp"], UTC)
    if not r["basket_id"] or not r["card_id"] or amount is None or quantity is None or at is None:
        return None
    ids = [("card", r["card_id"])]
    return {**r, "key": (r["basket_id"], r["line_no"]), "ids": ids, "amount": amount, "at": at}


def _redemption(r: dict[str, Any]) -> dict[str, Any] | None:
    if not r["redemption_id"] or not r["card_id"] or moment(r["redemption_date"]) is None:
        return None
    return {"key": (r["redemption_id"],), "ids": [("card", r["card_id"])]}


def _customer(r: dict[str, Any]) -> dict[str, Any] | None:
    at = moment(r["updated_at"])
    if not r["crm_id"] or at is None:
        return None
    ids = [("customer_id", r["crm_id"]), ("card", r["card_id"])]
    ids += [("email", email(r["email"])), ("phone", phone(r["phone"]))]
    return {**r, "key": (r["crm_id"], at), "ids": ids, "at": at}


def _contact(r: dict[str, Any]) -> dict[str, Any] | None:
    if not r["contact_id"] or not r["crm_id"] or moment(r["contacted_at"]) is None:
        return None
    return {"key": (r["contact_id"],), "ids": [("customer_id", r["crm_id"])]}


def _web_event(r: dict[str, Any]) -> dict[str, Any] | None:
    at = moment(r["occurred_at"], UTC)
    ids = [("cookie", r["cookie_id"]), ("device", r["device_id"]), ("email", email(r["email"]))]
    dwell_is_bad = r["dwell_ms"] is not None and number(r["dwell_ms"], 0, 86_400_000) is None
    if not r["event_id"] or at is None or dwell_is_bad or not any(value for _, value in ids):
        return None
    return {**r, "key": (r["event_id"],), "ids": ids, "at": at}


def _account(r: dict[str, Any]) -> dict[str, Any] | None:
    if not r["handle"] or moment(r["created_at"]) is None:
        return None
    return {
        "key": (r["handle"], r["created_at"]),
        "ids": [("handle", r["handle"]), ("email", email(r["email"]))],
    }


def _social_event(key: str, time: str) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    def rule(r: dict[str, Any]) -> dict[str, Any] | None:
        if not r[key] or not r["handle"] or moment(r[time]) is None:
            return None
        return {**r, "key": (r[key],), "ids": [("handle", r["handle"])]}

    return rule


def _answer(r: dict[str, Any]) -> dict[str, Any] | None:
    at = moment(r["answered_at"])
    rating = number(r["rating"], 1, 10)
    ids = [("email", email(r["email"])), ("phone", phone(r["phone"]))]
    if not r["answer_id"] or at is None or rating is None or not any(value for _, value in ids):
        return None
    content = (*ids, r["question"], at)
    return {**r, "key": (r["answer_id"],), "content": content, "ids": ids, "at": at, "rating": rating}


RULES: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    ("shop", "transactions"): _transaction,
    ("shop", "coupon_redemptions"): _redemption,
    ("crm", "customers"): _customer,
    ("crm", "campaign_contacts"): _contact,
    ("synthetic_web", "events"): _web_event,
    ("synthetic_social", "accounts"): _account,
    ("synthetic_social", "posts"): _social_event("post_id", "posted_at"),
    ("synthetic_social", "reactions"): _social_event("reaction_id", "reacted_at"),
    ("synthetic_survey", "answers"): _answer,
}
