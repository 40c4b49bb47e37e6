"""A progress bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from profilectl.console import stderr

LINES = 5


@contextmanager
def counting(title: str, *, quiet: bool = False) -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function that is told (done, total, what just ended) and shows it on stderr."""
    console = stderr()
    if quiet:
        yield lambda done, total, what: None
    elif console.is_terminal:
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total, what: bar.update(
                task, completed=done, total=total, description=f"{title}  {what[:40]:<40}"
            )
    else:
        yield _lines(title, console.print)


@contextmanager
def sharing(title: str, *, quiet: bool = False) -> Iterator[Callable[[float, str], None]]:
    """Yield a function that is told (share done from 0 to 1, what is being done) and shows the time left."""
    console = stderr()
    if quiet:
        yield lambda share, what: None
    elif console.is_terminal:
        # What is done comes last: its length changes, and nothing else should jump.
        columns = (TextColumn(title), BarColumn(bar_width=24), TaskProgressColumn())
        what_column = TextColumn("{task.description}", markup=False)
        left = TimeRemainingColumn(elapsed_when_finished=True)
        with Progress(*columns, left, what_column, console=console, transient=True) as bar:
            task = bar.add_task("", total=1.0)
            yield lambda share, what: bar.update(task, completed=share, description=what[:40])
    else:
        yield _share_lines(title, partial(console.print, soft_wrap=True))


@contextmanager
def waiting(title: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Yield a function that is told what is being done now, where there is no total to count to."""
    console = stderr()
    if quiet:
        yield lambda what: None
    elif console.is_terminal:
        with console.status(title) as status:
            yield lambda what: status.update(f"{title}: {what}")
    else:
        console.print(f"{title} …")
        yield lambda what: None


def _lines(title: str, say: Callable[[str], None]) -> Callable[[int, int, str], None]:
    shown = [0]

    def tell(done: int, total: int, what: str) -> None:
        share = done * LINES // total if total else 0
        if share > shown[0]:
            shown[0] = share
            say(f"{title} {done}/{total}")

    return tell


def _share_lines(title: str, say: Callable[[str], None]) -> Callable[[float, str], None]:
    shown, started = [-1], time.monotonic()

    def tell(share: float, what: str) -> None:
        if int(share * LINES) > shown[0] and share < 1:
            shown[0] = int(share * LINES)
            passed = time.monotonic() - started
            left = f", about {passed * (1 - share) / share:.0f} s left" if share > 0.1 and passed > 1 else ""
            say(f"{title} {share:.0%}: {what}{left}")

    return tell
