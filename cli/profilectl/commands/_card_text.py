"""How a model card is printed."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

from profilectl.commands._options import EVERYTHING_HINT
from profilectl.console import records_table, stdout, table

_ROWS = 10
_MAIN = {"regression": ("rmse", "mae", "r2"), "classification": ("auc", "log_loss", "cost")}


def render(card: dict[str, Any], *, everything: bool) -> None:
    """Print the card: facts as lines, the rest as tables, long ones cut unless ``everything`` is asked."""
    console, limit = stdout(), None if everything else _ROWS
    model, run, data, choice = card["model"], card["run"], card["data"], card["choice"]
    serves = "serves" if model["serving"] else "does not serve"
    console.print(model["model_id"], style="bold", soft_wrap=True)
    _lines(
        console,
        [
            ("task", f"{model['task']} ({model['kind']}), {model['candidate']}, {serves}"),
            ("label", label_text(card["asked"])),
            (
                "trained",
                f"{model['created_at']:%Y-%m-%d %H:%M}, {data['seconds'] or 0:.0f} s, seed {data['seed']}",
            ),
            ("data", data_text(data)),
            ("chosen", choice["why"]),
            ("setting", json.dumps(choice["params"], sort_keys=True) if choice["params"] else None),
            ("serves", run["reason"]),
            ("threshold", threshold_text(choice)),
        ],
    )
    _listed(console, "known limits", card["limits"])
    _listed(console, "skipped", [f"{name}: {why}" for name, why in choice["skipped"].items()])
    _listed(console, "not used as features", [f"{name}: {why}" for name, why in card["left_out"].items()])
    _records(console, "standings in validation", standings(choice), None)
    _metrics(console, card, everything=everything)
    _records(console, f"{model['candidate']} on the test rows, with intervals", judged(card), None)
    _records(console, "importance", card["importance"], limit)
    _records(console, "features", card["features"], limit)
    _records(console, "slices of the test rows", card["slices"], None if everything else 3 * _ROWS)
    if everything:
        _records(console, "reliability", card["reliability"], limit)
        trials = [{**one, "params": json.dumps(one["params"], sort_keys=True)} for one in choice["trials"]]
        _records(console, "settings tried", trials, limit)
    _records(console, "who served when", card["promotions"], limit)
    if not everything:
        console.print(f"\n{EVERYTHING_HINT}")


def standings(choice: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how far each candidate is behind the best, in the order people read it."""
    names = ("name", "loss", "behind", "error", "within_one_error")
    return [{name: one[name] for name in names} for one in choice["standings"]]


def judged(card: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the model's metrics on the test rows with their intervals."""
    return [
        {name: row[name] for name in ("metric", "value", "low", "high")}
        for row in card["candidates"]
        if (row["candidate"], row["split"]) == (card["model"]["candidate"], "test")
    ]


def label_text(asked: dict[str, Any]) -> str | None:
    """Return what is learnt, in words."""
    if not asked:
        return None
    said = str(asked["label"])
    if asked.get("positive"):
        said += f" {asked['positive']['rule'].replace('_', ' ')} {asked['positive']['value']}"
    if asked.get("horizon_days"):
        said += f", in the {asked['horizon_days']} days after the cutoff"
    return said


def data_text(data: dict[str, Any]) -> str:
    """Return what was learnt from and judged on, in words."""
    parts = [f"{data['n_train']:,} rows learnt from"] if data["n_train"] is not None else []
    if data["sample"]:
        parts.append(f"of {data['sample']}")
    if data["train_cutoffs"]:
        days = [day.strip() for day in data["train_cutoffs"].split(",")]
        parts.append(f"cutoffs {days[0]} to {days[-1]}" if len(days) > 1 else f"cutoff {days[0]}")
    if data["n_test"] is not None:
        parts.append(
            f"{data['n_test']:,} judged on" + (f" at {data['test_cutoff']}" if data["test_cutoff"] else "")
        )
    if data["data_fingerprint"]:
        parts.append(f"fingerprint {data['data_fingerprint'][:12]}")
    return ", ".join(parts)


def threshold_text(choice: dict[str, Any]) -> str | None:
    """Return from where on a probability counts as yes, and at which costs."""
    if choice["threshold"] is None:
        return None
    costs = choice["costs"] or {}
    told = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in costs.items())
    return f"{choice['threshold']:.4g}" + (f" (costs: {told})" if told else "")


def _lines(console: Console, pairs: list[tuple[str, str | None]]) -> None:
    for name, text in pairs:
        if text:
            console.print(f"{name:<11}{text}", soft_wrap=True)


def _listed(console: Console, title: str, said: list[str]) -> None:
    if said:
        console.print(f"\n{title}")
        for one in said:
            console.print(f"- {one}", soft_wrap=True)


def _records(console: Console, title: str, records: list[dict[str, Any]], limit: int | None) -> None:
    if records:
        console.print()
        console.print(records_table(records[:limit], title))
        if limit and len(records) > limit:
            console.print(f"… {len(records) - limit} more")


def _metrics(console: Console, card: dict[str, Any], *, everything: bool) -> None:
    names = sorted({row["metric"] for row in card["candidates"]})
    if not everything:  # what a terminal of 80 columns has room for
        names = [name for name in _MAIN.get(card["model"]["kind"], names) if name in names]
    found: dict[tuple[str, str], dict[str, float]] = {}
    for row in card["candidates"]:
        found.setdefault((row["split"], row["candidate"]), {})[row["metric"]] = row["value"]
    if found:
        shown = [[*key, *(values.get(name) for name in names)] for key, values in sorted(found.items())]
        console.print()
        console.print(table(("rows", "candidate", *names), shown, "metrics"))
