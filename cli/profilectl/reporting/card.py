"""The report's model card: how the model was chosen, where it is weak, and what it was learnt from."""

from __future__ import annotations

import json
from typing import Any

from profilectl.commands._card_text import data_text, label_text, standings, threshold_text
from profilectl.model_card import better_when_larger
from profilectl.reporting import card_figures, figures
from profilectl.reporting.data import Task
from profilectl.reporting.sections import Block, Section

SHOWN_FEATURES = 15
Card = dict[str, Any]


def card_section(task: Task) -> Section | None:
    """Return the card of the model that a task's run left; None where it left none."""
    card, name = task.card, task.run["task"]
    if card is None:
        return None
    blocks = [_limits(name, card), _about(name, card), _standings(name, card), _path(name, card)]
    blocks += [_tried(name, card), _reliability(name, card), _drift(name, card), *_slices(name, card)]
    blocks.append(_served(name, card))
    lead = "How it was chosen, on whom it does well and on whom not, and what it should not be trusted with."
    return Section(f"card-{name}", f"Model card: {name}", lead, [b for b in blocks if b is not None])


def _limits(name: str, card: Card) -> Block:
    points = card["limits"] or ["None that this run shows; that is not to say there are none."]
    return Block(f"{name}-limits", "Known limits", points=points, wide=True)


def _about(name: str, card: Card) -> Block:
    model, run, choice = card["model"], card["run"], card["choice"]
    told = [
        ("model", f"{model['candidate']} ({model['model_id']})"),
        ("kind", model["kind"]),
        ("label", label_text(card["asked"])),
        ("data", data_text(card["data"])),
        ("judged", card["data"]["how"]),
        ("chosen", choice["why"]),
        ("serves", run["reason"]),
        ("setting", json.dumps(choice["params"], sort_keys=True) if choice["params"] else None),
        ("threshold", threshold_text(choice)),
        ("skipped", "; ".join(f"{one}: {why}" for one, why in choice["skipped"].items())),
        ("not features", "; ".join(f"{one}: {why}" for one, why in card["left_out"].items())),
    ]
    rows = [pair for pair in told if pair[1]]
    return Block(
        f"{name}-about", "About", columns=("", ""), rows=rows, wide=True, table_open=True, wrapped=True
    )


def _standings(name: str, card: Card) -> Block | None:
    found = standings(card["choice"])
    if not found:
        return None
    chosen, metric = card["run"]["chosen"], card["choice"]["metric"]
    # Who is far worse than the baseline would press all others together: the table has them.
    naive = next((one["behind"] for one in found if one["name"] == card["run"]["baseline"]), 0.0)
    near = [one for one in found if not naive or one["behind"] <= 3 * naive]
    far = [one["name"] for one in found if one not in near]
    return Block(
        f"{name}-standings",
        "How far behind the best, in validation",
        figure=figures.intervals(
            [one["name"] + (" (chosen)" if one["name"] == chosen else "") for one in near],
            [one["behind"] for one in near],
            [one["behind"] - one["error"] for one in near],
            [one["behind"] + one["error"] for one in near],
            [figures.BLUE if one["within_one_error"] else figures.GREY for one in near],
            f"{metric} above the best",
        ),
        note="Line: one standard error. The simplest whose line reaches zero (blue) is chosen."
        + (f" Far behind: {', '.join(far)}." if far else ""),
        columns=("candidate", metric, "behind", "standard error", "within one error"),
        rows=[list(one.values()) for one in found],
    )


def _path(name: str, card: Card) -> Block | None:
    series = card_figures.paths(card["choice"]["trials"])
    if not series:
        return None
    return Block(
        f"{name}-path",
        "Regularisation path: loss by setting",
        figure=card_figures.path(series, f"{card['choice']['metric']} in validation"),
        note="One line for each mixture of a candidate's other settings, on the users most were tried on.",
        columns=("candidate", "setting", "value", "loss"),
        rows=[
            [one.candidate, one.setting, x, y] for one in series for x, y in zip(one.x, one.y, strict=True)
        ],
    )


def _tried(name: str, card: Card) -> Block | None:
    trials = card["choice"]["trials"]
    if not trials:
        return None
    metric = card["choice"]["metric"]
    return Block(
        f"{name}-tried",
        "Settings tried",
        figure=card_figures.tried(trials, f"{metric} in validation"),
        note="One mark per setting; hollow ones were tried on a part of the users and left behind there.",
        columns=("candidate", "share of users", metric, "seconds", "setting"),
        rows=[
            [t["candidate"], t["share"], t["loss"], t["seconds"], json.dumps(t["params"], sort_keys=True)]
            for t in trials
        ],
    )


def _reliability(name: str, card: Card) -> Block | None:
    names = (card["run"]["chosen"], card["run"]["baseline"])
    rows = [r for r in card["reliability"] if r["candidate"] in names]
    if not rows:
        return None
    # A baseline that says the same of everyone has bins of nothing but chance.
    said = {r["predicted"] for r in rows if r["candidate"] == names[1]}
    drawn = [r for r in rows if r["candidate"] == names[0] or len(said) > 1]
    threshold = threshold_text(card["choice"])
    return Block(
        f"{name}-reliability",
        "Reliability",
        figure=card_figures.reliability(drawn, names[0]),
        note="On the dashed line what was said came true, on the test rows."
        + (f" A user counts as yes from {threshold}." if threshold else ""),
        columns=("candidate", "bin", "users", "said", "came true"),
        rows=[[r["candidate"], r["bin"] + 1, r["n"], r["predicted"], r["observed"]] for r in rows],
    )


def _drift(name: str, card: Card) -> Block | None:
    rows = card["features"]
    if not rows:
        return None
    columns = ("feature", "relevance", "redundancy", "redundant_with", "psi", "selected", "drifted")
    block = Block(
        f"{name}-facts",
        "Features: relevance, redundancy, drift",
        columns=("feature", "relevance", "redundancy", "with", "PSI", "selected", "drifted"),
        rows=[[row[column] for column in columns] for row in rows],
        note="Relevance and redundancy: rank correlations with the label and with a more relevant feature.",
    )
    moved = sorted((r for r in rows if r["psi"] is not None), key=lambda r: -r["psi"])[:SHOWN_FEATURES]
    block.wide = not moved
    if moved:
        block.title = "Features that moved"
        block.figure = card_figures.drift(moved)
        block.note += " PSI compares the latest rows with the earliest: above 0.25 (▲, orange) it drifted."
    return block


def _slices(name: str, card: Card) -> list[Block]:
    blocks = []
    for place, part in enumerate(dict.fromkeys(row["slice"] for row in card["slices"])):
        rows = [row for row in card["slices"] if row["slice"] == part]
        metric = next((m for m in ("log_loss", "mae") if m in {r["metric"] for r in rows}), rows[0]["metric"])
        drawn = [row for row in rows if row["metric"] == metric]
        better = "more" if better_when_larger(metric) else "less"
        blocks.append(
            Block(
                f"{name}-slice-{place}",
                f"By {part}",
                figure=card_figures.against_baseline(drawn, metric),
                note=f"{metric} on the test rows, {better} is better; parts below 30 users are left out.",
                columns=(part, "users", "metric", "model", "baseline"),
                rows=[[r["value"], r["n"], r["metric"], r["score"], r["baseline"]] for r in rows],
            )
        )
    return blocks


def _served(name: str, card: Card) -> Block | None:
    if not card["promotions"]:
        return None
    columns = ("promoted_at", "event", "model_id", "reason")
    return Block(
        f"{name}-served",
        "Who served when",
        columns=("when", "what", "model", "why"),
        rows=[[row[column] for column in columns] for row in card["promotions"]],
        wide=True,
        table_open=True,
        wrapped=True,
    )
