"""``profilectl train``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from profilectl.commands._model_text import render, render_failed
from profilectl.commands._options import WORK, Json, ProjectDir
from profilectl.console import emit_json, stdout
from profilectl.errors import EXIT_FAILED, report_error
from profilectl.progress import sharing
from profilectl.project import Paths, locate_project
from profilectl_ml.declaration import MAX_SEED
from profilectl_ml.errors import ProfilectlError

if TYPE_CHECKING:
    from profilectl.training import Trained

NAME, PANEL = "train", WORK
KINDS = ("regression", "classification")
TABLE = "Learn from a table"


def _table_option(flag: str, metavar: str, told: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=told, rich_help_panel=TABLE, show_default=False)


def run(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="[TASK]...", help="Default: every task.")
    ] = None,
    project_dir: ProjectDir = None,
    table: Annotated[
        str | None,
        _table_option("--table", "FILE|TABLE", "CSV, TSV, Parquet, JSON (.gz too), or schema.table."),
    ] = None,
    identifier: Annotated[
        str | None,
        _table_option("--id", "COLUMN", "Identifies a row. Default: the row's number in the file."),
    ] = None,
    label: Annotated[str | None, _table_option("--label", "COLUMN", "What to learn.")] = None,
    kind: Annotated[
        str | None, _table_option("--kind", "|".join(KINDS), "Default: classification of two values.")
    ] = None,
    positive: Annotated[
        str | None, _table_option("--positive", "VALUE", "The label's value to predict, against all others.")
    ] = None,
    name: Annotated[
        str | None, _table_option("--name", "NAME", "Of the task. Default: that of the table.")
    ] = None,
    metric: Annotated[
        str | None, _table_option("--metric", "METRIC", "mse, mae, relative, tweedie; log_loss, brier.")
    ] = None,
    candidates: Annotated[
        str | None, _table_option("--candidates", "A,B", "Models to compare. Default: all but lightgbm.")
    ] = None,
    without: Annotated[
        str | None, _table_option("--without", "A,B", "Columns that must not be features.")
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option(
            "--budget", metavar="SECONDS", min=1, help="Try no new setting after that.", rich_help_panel=TABLE
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, max=MAX_SEED, help="Default: the seed of the task.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train the models that the dbt project declares, or one on any table, and write scores to the warehouse.

    A model serves only if it beats the naive baseline on rows it has not seen; otherwise the baseline serves.
    Where no task is named, one that cannot be trained is told and left out; it fails if none was trained, or
    a model that serves could not be replaced.

    Example: profilectl train spend_next_28d

    Example: profilectl train --table customers.csv --id customer_id --label churned --positive yes

    Example: profilectl train --table marts.user_features --id user_id --label spend_28d --without spend_91d
    """
    given = {
        "--id": identifier, "--label": label, "--kind": kind, "--positive": positive, "--name": name,
        "--metric": metric, "--candidates": candidates, "--without": without, "--budget": budget,
    }  # fmt: skip
    _check_usage(table, tasks, given)

    from profilectl import training  # scikit-learn is slow to import

    paths = Paths.from_environment()
    if table is None:
        project = locate_project(project_dir)
        with sharing("training", quiet=as_json) as progress:
            done = training.train(project, paths, list(tasks or []), seed=seed, progress=progress)
    else:
        wanted: dict[str, Any] = {
            "entity": identifier,
            "label": label,
            "kind": kind,
            "positive": positive,
            "name": name,
        }
        wanted |= {"metric": metric, "candidates": _listed(candidates), "without": _listed(without)}
        timed = {} if budget is None else {"budget_seconds": float(budget)}
        with sharing("training", quiet=as_json) as progress:
            one = training.train_table(paths, table, seed=seed, progress=progress, **wanted, **timed)
            done = training.Trained([one], [])
    emit_json(done.as_json()) if as_json else _render(done)
    if table is not None and not as_json:
        where = f"scores: ml.scores in {paths.warehouse}, where task = '{one['task']}'"
        stdout().print(f"{where}; more: profilectl models show {one['task']}", soft_wrap=True)
    if not done.runs:  # raised, it would be told as a second object
        hint = "what a task lacks says: profilectl train TASK"
        report_error(ProfilectlError("nothing was trained", hint=hint))
        raise typer.Exit(EXIT_FAILED)
    if any(row["failed"] for row in done.untrained):
        raise typer.Exit(EXIT_FAILED)


def _render(done: Trained) -> None:
    for run in done.runs:
        render(run)
    for row in done.untrained:
        stdout().print(f"{row['task']}: not trained: {row['reason']}", soft_wrap=True)
    render_failed(done.untrained)


def _check_usage(table: str | None, tasks: list[str] | None, given: dict[str, Any]) -> None:
    for flag, value in given.items():
        if value is not None and table is None:
            raise typer.BadParameter("needs --table: declared tasks say it in ml_tasks.yml", param_hint=flag)
    if table is None:
        return
    if tasks:
        raise typer.BadParameter("is learnt from by itself: leave the tasks out", param_hint="--table")
    if given["--label"] is None:
        raise typer.BadParameter("is missing: which column is to be learnt?", param_hint="--label")
    if given["--kind"] not in (None, *KINDS):
        raise typer.BadParameter(f"{given['--kind']!r} is not {' or '.join(KINDS)}", param_hint="--kind")
    _check_names(given["--kind"], given["--metric"], _listed(given["--candidates"]))


def _check_names(kind: str | None, metric: str | None, candidates: tuple[str, ...]) -> None:
    if metric is None and not candidates:
        return
    from profilectl_ml.candidates import CANDIDATE_NAMES
    from profilectl_ml.losses import LOSS_NAMES

    kinds = KINDS if kind is None else (kind,)
    for flag, values, names in (
        ("--metric", (metric,) if metric else (), LOSS_NAMES),
        ("--candidates", candidates, CANDIDATE_NAMES),
    ):
        allowed = dict.fromkeys(name for known in kinds for name in names[known])
        for value in values:
            if value not in allowed:
                raise typer.BadParameter(f"{value!r} is not one of {', '.join(allowed)}", param_hint=flag)


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
