"""How runs and models are printed."""

from __future__ import annotations

from typing import Any

import typer
from rich.table import Table

from profilectl.console import printable, stdout, table


def render(one: dict[str, Any]) -> None:
    """Print one run: who serves and why, what it was learnt from, and its metrics beside the baseline's."""
    console = stdout()
    console.print(f"{one['task']}: {one['serving']} serves ({one['reason']})", soft_wrap=True)
    console.print(learnt_from(one), soft_wrap=True)
    if one["left_out"]:
        supervised = one["kind"] in ("regression", "classification")
        console.print("not used as features:" if supervised else "left out:")
        for column, why in one["left_out"].items():
            console.print(f"  {column}: {why}", soft_wrap=True)
    if one["metrics"]:
        console.print(metric_table(one))


def render_failed(rows: list[dict[str, Any]]) -> None:
    """Write to stderr which serving models could not be replaced (``failed``)."""
    for row in rows:
        if row["failed"]:
            told = f"error: {row['task']}: {row['reason']}; the model before still serves"
            typer.echo(printable(told), err=True)


def render_unscored(rows: list[dict[str, Any]]) -> None:
    """Write to stderr which models could not score (``error``), and what to do about it."""
    failed = [row for row in rows if row["error"]]
    for row in failed:
        told = f"error: {row['task']} was not scored: {row['error']}; users keep what they had"
        typer.echo(printable(told), err=True)
    if failed:
        said = "mend what it reads, train it again, or let it go: profilectl models retire TASK"
        typer.echo(f"hint: {said}", err=True)


def learnt_from(one: dict[str, Any]) -> str:
    """Return in words how many rows were learnt from and judged on; what is not known is not said."""
    parts = []
    if one["n_train"] is not None:
        parts.append(f"{one['n_train']:,} examples" + (f" of {one['sample']}" if one["sample"] else ""))
    if one["n_test"] is not None:
        after = f"after {one['test_cutoff']}" if one["test_cutoff"] else "kept aside"
        parts.append(f"tested on {one['n_test']:,} users {after}")
    if one["seconds"] is not None:
        parts.append(f"{one['seconds']:.0f} s")
    return ", ".join(parts)


def metric_table(one: dict[str, Any]) -> Table:
    """Return the metrics; interval and baseline only where there are some."""
    shown = [("value", one["chosen"]), ("low", "low"), ("high", "high"), ("baseline", one["baseline"])]
    kept = [
        (key, title or key)
        for key, title in shown
        if any(m[key] is not None for m in one["metrics"].values())
    ]
    rows = [[metric, *(found[key] for key, _ in kept)] for metric, found in one["metrics"].items()]
    return table(("metric", *(title for _, title in kept)), rows)
