"""Options that take two values and can be repeated, for which Typer has no type."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

import typer
from typer.core import TyperCommand


class PairsCommand(TyperCommand):
    """A command whose options in ``pairs``, declared as ``list[str]``, take two identifiers each time."""

    pairs: Collection[str] = ("--together", "--apart")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Let Typer read each value of a pair as an option of its own."""
        return super().parse_args(ctx, list(one_by_one(args, self.pairs)))


def one_by_one(arguments: Sequence[str], pairs: Collection[str]) -> Iterator[str]:
    """Yield ``arguments`` with ``--option=A --option=B`` for ``--option A B``.

    Raises
    ------
    typer.BadParameter
        If a second value is missing.

    Examples
    --------
    >>> list(one_by_one(["--apart", "a", "b", "--json"], ["--apart"]))
    ['--apart=a', '--apart=b', '--json']
    """
    rest = iter(arguments)
    for argument in rest:
        option, is_given, first = argument.partition("=")
        if option not in pairs:
            yield argument
            continue
        values = [first] if is_given else []
        values += islice(rest, 2 - len(values))
        if len(values) < 2:
            raise typer.BadParameter("takes two identifiers", param_hint=option)
        yield from (f"{option}={value}" for value in values)


def by_two(values: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs that the values of a repeated option make.

    Examples
    --------
    >>> by_two(["a", "b", "c", "d"])
    [('a', 'b'), ('c', 'd')]
    """
    return list(zip(values[::2], values[1::2], strict=True))
