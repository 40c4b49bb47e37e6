"""A progress bar on a terminal, a line now and then anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

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
