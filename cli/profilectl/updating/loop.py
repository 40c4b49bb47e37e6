"""One update: what landed, what it touches, who is scored, what is checked, and the new version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from profilectl import facts, publishing
from profilectl.dbt_runner import DbtOutcome, NodeFailure, run_dbt
from profilectl.locking import only_writer
from profilectl.project import DbtProject, Paths
from profilectl.publication.drafting import Draft
from profilectl.updating import news, retraining, runs
from profilectl.warehouse import held, open_file
from profilectl_ml.errors import ProfilectlError
from profilectl_ml.watermarks import utc_now

Tell = Callable[[str], None]
#: What of the history is told from what models gave users, which they do after the build; ends with the day.
_HISTORY = ("history_scores", "history_segments", "history_days")
#: Files that arrive while dbt runs are taken with the next selection; so often in one run.
_ROUNDS = 3
#: Nodes that are built at once where few rows are new: a statement leaves a core idle then.
_THREADS = 2


@dataclass
class Updated:
    """What an update did.

    Attributes
    ----------
    run
        Its row in ``ops.runs``.
    failures
        Nodes of dbt that failed, but for the test that no file was refused.
    refused
        Files that were not taken: see :func:`profilectl.facts.refused`.
    set_aside
        Rows of what landed that are in quarantine, by file and reason.
    scored
        Per task, how many users were scored anew and why, or the error that kept its model from scoring.
    published
        The new version, if there is one.
    """

    run: runs.Run
    failures: list[NodeFailure] = field(default_factory=list)
    refused: list[facts.Row] = field(default_factory=list)
    set_aside: facts.SetAside = field(default_factory=facts.SetAside)
    scored: list[facts.Row] = field(default_factory=list)
    published: publishing.Published | None = None

    @property
    def success(self) -> bool:
        """Whether all is as it should be: nothing failed, no file refused, every model trained and scored."""
        learnt = not any(row["failed"] for row in self.run.retraining)
        learnt = learnt and not any(row["error"] for row in self.scored)
        refused = any(file["is_fatal"] for file in self.refused)
        return self.run.outcome in runs.COMPLETE and learnt and not self.failures and not refused

    def as_json(self) -> dict[str, Any]:
        """Return the summary as one object."""
        return {
            **self.run.as_json(),
            "success": self.success,
            "failures": [asdict(failure) for failure in self.failures],
            "refused": self.refused,
            "rows_quarantined": self.set_aside.rows,
            "quarantined": self.set_aside.worst,
            "scored": self.scored,
        }


def update(
    project: DbtProject,
    paths: Paths,
    *,
    train: str = retraining.AUTO,
    command: str = "update",
    tell: Tell = lambda what: None,
    draft: Draft | None = None,
    parsed: str | None = None,
) -> Updated:
    """Take what landed, build and score what it touches, check, publish; do nothing where nothing is new.

    May be killed at any moment: the next run finds out what was left undone. Each is a row of ``ops.runs``.

    Parameters
    ----------
    train
        ``auto``: train what is due; ``never``; ``always``: train every task.
    command
        The name of the run in ``ops.runs``.
    tell
        Called with what is being done.
    draft
        What :func:`profilectl.publishing.prepare` has begun before; it stays where nothing is published.
        Without it, one is made while dbt builds.
    parsed
        The fingerprint of the project that this process keeps parsed, which is then the one that is built.

    Raises
    ------
    ProfilectlError
        If another process writes this home, dbt cannot start, or nothing could be published. What was done
        until then stays, and the next run goes on from there.
    """
    with only_writer(paths, f"profilectl {command}"), held(paths) as warehouse:
        return _Update(project, paths, warehouse, train, tell).go(command, draft, parsed)


class _Update:
    def __init__(
        self, project: DbtProject, paths: Paths, warehouse: duckdb.DuckDBPyConnection, train: str, tell: Tell
    ) -> None:
        self._project, self._paths, self._warehouse = project, paths, warehouse
        self._train, self._tell = train, tell

    def go(self, command: str, given: Draft | None, parsed: str | None) -> Updated:
        self._tell("looking for what is new")
        before = _Before.of(self._warehouse, self._paths)
        run = runs.start(self._warehouse, command)
        run.project = parsed or news.fingerprint(self._project)
        done, draft = Updated(run), given
        try:
            complete = runs.last_complete(self._warehouse)
            found = news.look(self._warehouse, self._paths, complete, run.project)
            if draft is None and not found.is_empty:
                draft = publishing.prepare(self._paths)
            if found.is_empty or self._build(done, found, before.batch):
                self._learn(done, found)
                # Readers do not wait for a few users; what a training gave is in the history beside it.
                waits = any(row["trained"] for row in run.retraining)
                if waits:
                    self._record(done)
                self._publish(done, found, complete, before, draft)
                if not waits and any(row["users"] for row in done.scored):
                    self._record(done)
                if done.failures:  # of the history, which the next run then brings up to date
                    run.outcome, run.reason = runs.FAILED, f"dbt: {done.failures[0]}"
        except BaseException as error:
            run.outcome, run.reason = runs.FAILED, _reason(error)
            try:
                self._finish(done, before)
            except duckdb.Error as unwritten:  # the next run takes this one for killed
                error.add_note(f"and ops.runs could not be written: {unwritten}")
            raise
        finally:
            if draft is not None and draft is not given:
                draft.discard()
        unscored = [f"{row['task']} was not scored: {row['error']}" for row in done.scored if row["error"]]
        run.reason = "; ".join([run.reason, *unscored])
        self._finish(done, before)
        return done

    def _build(self, done: Updated, found: news.News, batch: int) -> bool:
        """Build what is touched, and what lands meanwhile; return whether all of it may be published."""
        run = done.run
        with run.step("build"):
            for _ in range(_ROUNDS):
                run.through_batch = batch
                outcome = self._dbt(found.selection())
                # A refused file holds nothing up: everything else is built, and published, all the same.
                done.failures = [failure for failure in outcome.failures if failure.node != facts.REFUSED]
                late = news.landed_since(self._warehouse, batch) - found.entities
                batch = news.last_batch(self._warehouse)
                if found.everything or not late:
                    # dbt takes files once, before it builds anything of them
                    run.through_batch = batch
                    break
                # Taken, but not built: tests that count what was taken have failed, and are asked again.
                found = news.News(found.entities | late, "", found.declared)
        if done.failures:
            run.reason = f"dbt: {done.failures[0]}"
        return not done.failures

    def _dbt(self, selection: str | None) -> DbtOutcome:
        options = ["build", "--exclude-resource-type", "unit_test"]
        if selection is not None:
            # The project is as it was, and so is its manifest, which takes most of a second to write.
            options += ["--select", *selection.split(), "--no-write-json", *self._at_once()]
        return run_dbt(
            self._project,
            self._paths,
            options,
            lambda finished, total, node: self._tell(f"building {finished}/{total} {node}"),
        )

    def _at_once(self) -> tuple[str, str]:
        # no variable: when one of its profile changes, dbt parses the project anew
        return "--threads", str(self._paths.dbt_threads or _THREADS)

    def _learn(self, done: Updated, found: news.News) -> None:
        """Train what is due, then bring scores, reasons and segments to what was built."""
        run = done.run
        looked = self._train != retraining.ALWAYS and not found.everything
        if not (looked and retraining.is_settled(self._warehouse)):
            with run.step("train"):
                run.retraining = retraining.retrain(
                    self._warehouse, self._project, self._paths, self._train, self._share
                )
        if _is_behind(self._warehouse):
            from profilectl_ml.refreshing import refresh  # scikit-learn is slow to import

            with run.step("score"):
                done.scored = [asdict(one) for one in refresh(self._warehouse, self._share)]

    def _record(self, done: Updated) -> None:
        """Let the history see what models gave users after the build: the next day it could not be told."""
        with done.run.step("history"):
            outcome = run_dbt(
                self._project,
                self._paths,
                ["run", "--select", *_HISTORY, "--no-write-json", *self._at_once()],
                lambda finished, total, node: self._tell(f"recording {finished}/{total} {node}"),
            )
        done.failures += outcome.failures

    def _share(self, share: float, what: str) -> None:
        self._tell(f"{what} ({share:.0%})")

    def _publish(
        self,
        done: Updated,
        found: news.News,
        complete: facts.Row | None,
        before: _Before,
        draft: Draft | None,
    ) -> None:
        run = done.run
        why = found.everything or ", ".join(".".join(entity) for entity in sorted(found.entities))
        if found.is_empty:
            run.through_batch = int(complete["through_batch"]) if complete else 0
            newer = "" if before.lacking else self._newer_than(before.published_at)
            if newer and not any(row["trained"] for row in run.retraining):
                self._record(done)  # given by hand since the build: readers see it as of that day
            why = before.lacking or newer
        if not why:
            run.outcome, run.reason = runs.NOTHING_NEW, "no new files, and the project is as it was"
            return

        def on_step(step: str) -> None:
            self._tell(f"publishing {step}")
            if step == "switched":  # readers see it; what follows is tidying up
                run.published_at = utc_now()

        with run.step("publish"):
            done.published = publishing.publish(self._paths, on_step, draft=draft)
        run.outcome, run.version, run.reason = runs.PUBLISHED, done.published.version, why

    def _newer_than(self, published: datetime | None) -> str:
        """Return why there is something to publish although nothing was built; empty if there is not."""
        if not facts.has_table(self._warehouse, "ml", "promotions"):
            return ""
        changed = facts.rows(
            self._warehouse,
            "select max(moment) as moment from (select max(created_at) as moment from ml.runs"
            " union all select max(promoted_at) from ml.promotions"
            " union all select max(scored_at) from ml.scores"
            " union all select max(assigned_at) from ml.segments"
            " union all select max(recommended_at) from ml.recommendations)",
        )[0]["moment"]
        return "models or scores are newer" if changed is not None and changed > published else ""

    def _finish(self, done: Updated, before: _Before) -> None:
        run = done.run
        run.files, run.files_rejected, run.rows, run.bytes = _landed(self._warehouse, before)
        run.users = before.touched(self._warehouse)
        done.refused = facts.refused(self._warehouse, self._paths.landing, before.batch)
        done.set_aside = facts.set_aside(self._warehouse, before.batch)
        seen = run.published_at is not None
        arrivals = _arrivals(self._warehouse, self._paths, before.published_at) if seen else ()
        runs.finish(self._warehouse, run, arrivals)


@dataclass(frozen=True)
class _Before:
    """The last landing batch and the last build before the run, and when the newest version was made.

    ``lacking`` says why there is no version to stay with; empty if there is one.
    """

    batch: int
    build: int
    published_at: datetime | None
    lacking: str

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, paths: Paths) -> _Before:
        build = 0
        if facts.has_table(connection, "ops", "builds"):
            build = facts.rows(connection, "select coalesce(max(build_id), 0) as id from ops.builds")[0]["id"]
        return cls(news.last_batch(connection), int(build), *_published(paths))

    def touched(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Return how many users' features were made anew since."""
        if "changed_in" not in facts.columns(connection, "marts", "user_features"):
            return 0
        found = facts.rows(
            connection, "select count(*) as n from marts.user_features where changed_in > ?", [self.build]
        )
        return int(found[0]["n"])


def _published(paths: Paths) -> tuple[datetime | None, str]:
    """Return when the newest version was made, be it the one readers see or one that was rolled back.

    And why that does not do, if it does not.
    """
    newest = publishing.newest(paths)
    if newest is None:
        return None, "nothing was published yet"
    try:
        with open_file(paths, newest, read_only=True) as connection:
            [about] = facts.rows(connection, "select published_at from meta.publication")
    except (ProfilectlError, duckdb.Error):  # readers wait for another one, whatever is new
        return publishing.moment_of(newest), "the newest version is damaged"
    reached = publishing.reaches_readers(paths)
    return about["published_at"], "" if reached else "the newest version never reached its readers"


def _landed(connection: duckdb.DuckDBPyConnection, before: _Before) -> tuple[int, int, int, int]:
    """Return how many files the run took and refused, their rows and bytes."""
    if not facts.has_table(connection, "raw", "load_ledger"):
        return 0, 0, 0, 0
    found = facts.rows(
        connection,
        "select count(*) filter (status = 'taken') as taken, count(*) filter (status <> 'taken') as refused,"
        " coalesce(sum(rows_loaded) filter (status = 'taken'), 0)::bigint as rows,"
        " coalesce(sum(size_bytes) filter (status = 'taken'), 0)::bigint as bytes"
        " from raw.load_ledger where batch_id > ?",
        [before.batch],
    )[0]
    return found["taken"], found["refused"], found["rows"], found["bytes"]


def _arrivals(
    connection: duckdb.DuckDBPyConnection, paths: Paths, since: datetime | None
) -> list[runs.Arrival]:
    """Return the files that no version held before, with those of runs that failed or were killed."""
    if not facts.has_table(connection, "raw", "load_ledger"):
        return []
    found = facts.rows(
        connection,
        "select source, entity, file, rows_loaded, modified_at from raw.load_ledger"
        " where status = 'taken' and coalesce(loaded_at > ?, true) order by file",
        [since],
    )
    return [
        runs.Arrival(row["source"], row["entity"], row["file"], row["rows_loaded"], _arrived(paths, row))
        for row in found
    ]


def _arrived(paths: Paths, row: facts.Row) -> datetime:
    """Return when a file came to lie where it lies: its content may be older."""
    try:
        changed = (paths.landing / row["file"]).stat().st_ctime
    except OSError:  # it was taken away since
        modified: datetime = row["modified_at"]
        return modified
    return datetime.fromtimestamp(changed, UTC).replace(tzinfo=None)


def _is_behind(connection: duckdb.DuckDBPyConnection) -> bool:
    if not facts.has_table(connection, "ml", "models"):
        return False
    from profilectl_ml.standing import standings

    return any(not one.is_current for one in standings(connection))


def _reason(error: BaseException) -> str:
    if isinstance(error, ProfilectlError):
        return error.message
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
