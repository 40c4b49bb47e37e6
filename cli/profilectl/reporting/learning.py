"""The report's sections about models: against the baseline, top features, scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from profilectl.model_card import better_when_larger
from profilectl.reporting import figures
from profilectl.reporting.card import card_section
from profilectl.reporting.data import Task
from profilectl.reporting.sections import Block, Section

DRAWN = {
    "regression": ("rmse", "mae"),
    "classification": ("auc", "log_loss"),
    "clustering": ("silhouette", "stability"),
    "recommendation": ("ndcg_at_10", "recall_at_20"),
}
SUPERVISED = ("regression", "classification")
TITLES = {
    "rmse": "RMSE", "mae": "MAE", "auc": "AUC", "log_loss": "Log loss", "silhouette": "Silhouette",
    "stability": "Stability", "ndcg_at_10": "NDCG at 10", "recall_at_20": "Recall at 20",
}  # fmt: skip
ORDER = ("rmse", "mae", "mse", "r2", "spearman", "auc", "log_loss")


def model_sections(tasks: Sequence[Task]) -> list[Section]:
    """Return the sections of every task, or one that says how to get there."""
    if not tasks:
        lead = "A model serves only if it beats the naive baseline out of time."
        empty = Block(
            "no-model", "No model yet", empty="Run profilectl train, then publish and report again."
        )
        return [Section("model", "Model", lead, [empty])]
    return [section for task in tasks for section in _sections(task) if section is not None]


def _sections(task: Task) -> list[Section | None]:
    supervised = task.run["kind"] in SUPERVISED
    # Segments and recommendations have neither importances nor scores: an empty card would only puzzle.
    return [
        _model(task),
        card_section(task),
        _top_features(task) if supervised or task.importance else None,
        _scores(task) if supervised or task.deciles else None,
    ]


def _model(task: Task) -> Section:
    run, name = task.run, task.run["task"]
    test = [row for row in task.metrics if row["split"] == "test" and row["value"] is not None]
    blocks = []
    for metric in DRAWN.get(run["kind"], ()):
        ranked = sorted((row for row in test if row["metric"] == metric), key=lambda row: float(row["value"]))
        if ranked:
            blocks.append(_metric(task, metric, ranked[::-1] if better_when_larger(metric) else ranked))
    blocks.append(_all_metrics(task))
    if run["kind"] == "regression":
        blocks.append(_predicted(task))
    # Tenths of a probability are its reliability, which the card shows.
    if run["kind"] in SUPERVISED and not (task.card and task.card["reliability"]):
        blocks.append(_calibrated(task))
    told = [str(run["reason"]).rstrip(".")] if run["reason"] else []
    if run["n_test"]:
        where = f"the window after {run['test_cutoff']}" if run["test_cutoff"] else "users kept aside"
        told.append(f"Tested on {where}, never used for choosing")
    lead = "".join(f"{one}. " for one in told).strip()
    title = f"Model against baseline: {name}" if run["baseline"] else f"{run['kind'].title()}: {name}"
    return Section(f"model-{name}", title, lead, blocks)


def _metric(task: Task, metric: str, ranked: list[dict[str, Any]]) -> Block:
    run = task.run
    names = [_label(run, row["candidate"]) for row in ranked]
    colour = {run["chosen"]: figures.BLUE, run["baseline"]: figures.ORANGE}
    values = [row["value"] for row in ranked]
    return Block(
        f"{run['task']}-{metric}",
        f"{TITLES[metric]} on the test rows ({'more' if better_when_larger(metric) else 'less'} is better)",
        figure=figures.intervals(
            names,
            values,
            [row["low"] if row["low"] is not None else row["value"] for row in ranked],
            [row["high"] if row["high"] is not None else row["value"] for row in ranked],
            [colour.get(row["candidate"], figures.GREY) for row in ranked],
            TITLES[metric],
            # Where more is better 1 is the most there is; around a lone 1 an axis would run to 2.
            **({"autorangeoptions": {"maxallowed": 1}} if better_when_larger(metric) else {}),
        ),
        note="Dot: the value; line: its bootstrap interval.",
        columns=("candidate", metric, "low", "high"),
        rows=[[name, row["value"], row["low"], row["high"]] for name, row in zip(names, ranked, strict=True)],
    )


def _label(run: dict[str, Any], candidate: str) -> str:
    return f"{candidate} (chosen)" if candidate == run["chosen"] else candidate


def _all_metrics(task: Task) -> Block:
    names = sorted({row["metric"] for row in task.metrics}, key=lambda name: (name not in ORDER, name))
    names = [*(name for name in ORDER if name in names), *(name for name in names if name not in ORDER)]
    table: dict[tuple[str, str], dict[str, Any]] = {}
    for row in task.metrics:
        table.setdefault((row["split"], row["candidate"]), {})[row["metric"]] = row["value"]
    rows = [
        [split, _label(task.run, candidate), *(values.get(name) for name in names)]
        for (split, candidate), values in sorted(table.items())
    ]
    return Block(
        f"{task.run['task']}-metrics",
        "All metrics",
        columns=("window", "candidate", *names),
        rows=rows,
        wide=True,
        table_open=True,
        empty="No metrics were kept.",
    )


def _predicted(task: Task) -> Block:
    block = Block(
        f"{task.run['task']}-predicted", "Predicted against actual", empty="No test predictions were kept."
    )
    pairs = [row for row in task.predictions if row["actual"] is not None and row["predicted"] is not None]
    if pairs:
        block.figure = figures.predicted_against_actual(
            [float(row["actual"]) for row in pairs], [float(row["predicted"]) for row in pairs]
        )
        block.note = f"{len(pairs):,} users of the test window; on the dashed line the prediction is exact."
    return block


def _calibrated(task: Task) -> Block:
    block = Block(
        f"{task.run['task']}-tenths", "By tenth of the prediction", empty="No test predictions were kept."
    )
    if task.calibration:
        names = ("predicted", "actual", "baseline")
        styles = ((figures.BLUE, "circle"), (figures.GREEN, "square"), (figures.ORANGE, "diamond"))
        block.figure = figures.lines(
            [row["tenth"] for row in task.calibration],
            [
                (name, [row[name] for row in task.calibration], colour, symbol)
                for name, (colour, symbol) in zip(names, styles, strict=True)
            ],
            "tenth, lowest prediction first",
            "mean of the tenth",
            tickformat=",~s" if task.run["kind"] == "regression" else ".0%",
        )
        block.columns = ("tenth", "users", *names)
        block.rows = [
            [row["tenth"], row["users"], *(row[name] for name in names)] for row in task.calibration
        ]
    return block


def _top_features(task: Task) -> Section:
    name = task.run["task"]
    block = Block(f"{name}-importance", "Importance", empty="No importances were kept.", wide=True)
    if task.importance:
        labels = [row["feature"] for row in task.importance]
        block.figure = figures.intervals(
            labels,
            [row["importance"] for row in task.importance],
            [row["low"] if row["low"] is not None else row["importance"] for row in task.importance],
            [row["high"] if row["high"] is not None else row["importance"] for row in task.importance],
            [figures.BLUE] * len(labels),
            "importance",
        )
        block.note = (
            "How much worse the model gets when the feature's values are shuffled, with the interval."
        )
        block.columns = ("feature", "importance", "low", "high")
        block.rows = [[row[column] for column in block.columns] for row in task.importance]
    lead = "What the model relies on, measured on users it was not trained on."
    return Section(f"features-{name}", f"Top features: {name}", lead, [block])


def _scores(task: Task) -> Section:
    name = task.run["task"]
    block = Block(f"{name}-deciles", "Mean score by tenth of the users", empty="No scores yet.", wide=True)
    if task.deciles:
        block.figure = figures.bars(
            [row["tenth"] for row in task.deciles],
            [row["mean"] for row in task.deciles],
            x_title="tenth, lowest score first",
            y_title="mean score",
        )
        block.columns = ("tenth", "users", "low", "mean", "high", "total")
        block.rows = [[row[column] for column in block.columns] for row in task.deciles]
    lead = "What the serving model, or the baseline, says about every user today."
    return Section(f"scores-{name}", f"Scores: {name}", lead, [block])
