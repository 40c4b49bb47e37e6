"""Updating again and again as files arrive: micro-batches, with the seconds each file took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module

from profilectl import facts, publishing
from profilectl.dbt_runner import warm_up
from profilectl.errors import OF_THE_MACHINE, of_the_machine
from profilectl.landing.discover import has_settled, look_at, modified_at, real, walk
from profilectl.locking import only_writer
from profilectl.project import DbtProject, Paths
from profilectl.publication.drafting import Draft
from profilectl.updating import loop, news, runs
from profilectl.warehouse import open_file
from profilectl_ml.errors import ProfilectlError

Tell = Callable[[str], None]
Stop = Callable[[], bool]
_Signature = frozenset[tuple[str, int, int]]
#: What keeps an update from being done may go away without a file that changes: seconds until the next try.
_RETRY_WITHIN = 60.0


@dataclass(frozen=True)
class Watched:
    """One update while watching.

    Attributes
    ----------
    updated
        What it did; None if it could not be done.
    error
        Why not.
    latency
        Percentiles of the seconds from arrival to publication, of the files of this process so far.
    """

    updated: loop.Updated | None
    error: ProfilectlError | None
    latency: facts.Row

    @property
    def may_pass(self) -> bool:
        """Whether it may go better another time with the same files; a test that failed would fail again."""
        failures = [] if self.updated is None else self.updated.failures
        return self.error is not None or any(failure.kind != "test" for failure in failures)


def watch(
    project: DbtProject,
    paths: Paths,
    *,
    every: float,
    train: str,
    tell: Tell = lambda what: None,
    stop: Stop = lambda: False,
) -> Iterator[Watched]:
    """Update whenever the landing folder or the project changed, and yield what each update did.

    A file counts as arrived when it has lain untouched from one look to the next: one that is still being
    written waits, and nothing waits for it. An update that could not be done, because the disk is full or
    somebody reads the warehouse, or in which a model could not be built, is told and tried again, at longer
    and longer intervals up to a minute, and at once when something changes. The home is held against other
    writers all the time.

    Parameters
    ----------
    every
        Seconds between two looks.
    train
        As for :func:`profilectl.updating.loop.update`.
    stop
        Asked before each look; ends the watch.

    Raises
    ------
    ProfilectlError
        If another process writes this home.
    """
    paths = replace(paths, settle_seconds=max(every, paths.settle_seconds))
    with only_writer(paths, "profilectl watch"):
        # The first look updates in any case, and parses the project; a file would wait for the import, too.
        tell("reading the project")
        import_module("profilectl_ml.refreshing")
        first = None
        done: _Signature | None = None
        failures, again = 0, 0.0
        # The file that the next version begins as is copied while there is nothing else to do.
        draft = publishing.prepare(paths)
        try:
            while not stop():
                settled, names = _look(paths, project)
                news_came = done is None or bool(settled - done) or any(one[0] not in names for one in done)
                if news_came or (failures and time.monotonic() >= again):
                    one = _update(project, paths, train, tell, first, draft)
                    done = settled
                    if one.updated is not None and first is None:
                        first = one.updated.run.run_id
                    if one.error is not None and draft is not None:
                        draft.discard()  # it may be what the disk had no room for
                        draft = None
                    elif one.error is None and (draft is None or not draft.is_open):
                        draft = publishing.prepare(paths)
                    failures = failures + 1 if one.may_pass else 0
                    again = time.monotonic() + min(every * 2**failures, _RETRY_WITHIN)
                    yield one
                else:
                    tell("waiting for files")
                    time.sleep(every)
        finally:
            if draft is not None:
                draft.discard()


def _update(
    project: DbtProject, paths: Paths, train: str, tell: Tell, first: int | None, draft: Draft | None
) -> Watched:
    try:
        # Before the project is read: what changes meanwhile makes it another one, which the next look sees.
        parsed = news.fingerprint(project)
        warm_up(project, paths, parsed)
        updated = loop.update(
            project, paths, train=train, command="watch", tell=tell, draft=draft, parsed=parsed
        )
        with open_file(paths, paths.warehouse, read_only=True) as connection:
            since = updated.run.run_id if first is None else first
            return Watched(updated, None, runs.latencies(connection, since))
    except (ProfilectlError, *OF_THE_MACHINE) as error:
        told = error if isinstance(error, ProfilectlError) else of_the_machine(error)
        if told is None:
            raise
        return Watched(None, told, {})


def _look(paths: Paths, project: DbtProject) -> tuple[_Signature, set[str]]:
    """Return names, sizes and times of files that have come to rest, and the names of all there are."""
    settled, names = set(), set()
    landing = real(paths.landing)
    for path in (*walk(landing), *project.sources()):
        name = str(path)
        try:
            stat = look_at(path, landing)
        except OSError:  # an update says why it cannot be looked at
            names.add(name)
            settled.add((name, 0, 0))
            continue
        if stat is None:  # it went while we looked
            continue
        names.add(name)
        if has_settled(modified_at(stat), paths.settle_seconds):
            settled.add((name, stat.st_size, stat.st_mtime_ns))
    return frozenset(settled), names
