"""The comparison of two published versions, section by section."""

from __future__ import annotations

from typing import Any

from profilectl.facts import Row
from profilectl.project import Paths
from profilectl.publishing import version_of
from profilectl.version_diff.scores import models, scores, segments
from profilectl.version_diff.sides import Sides, opened
from profilectl.version_diff.users import attributes, users
from profilectl.version_names import CURRENT, PREVIOUS, version_file
from profilectl_ml.errors import ProfilectlError

LARGEST = 5


def diff(
    paths: Paths, before: str = PREVIOUS, after: str = CURRENT, *, largest: int = LARGEST
) -> dict[str, Any]:
    """Compare two published versions.

    Parameters
    ----------
    paths
        The home that published them.
    before, after
        ``previous``, ``current`` or a version's name; in any order of age.
    largest
        How many of the largest moves are listed in each section.

    Returns
    -------
    dict
        ``before`` and ``after`` (version, published_at, as_of), ``users``, ``attributes``, ``scores`` and
        ``models`` per task, ``segments``, ``tables`` (rows) and ``quality`` (rows landed, shaped,
        quarantined, duplicates per source). What one of the two does not have is empty or null.

    Raises
    ------
    ProfilectlError
        If there is no such version, or both are the same one.
    """
    files = version_file(paths, before), version_file(paths, after)
    if files[0] == files[1]:
        raise ProfilectlError(
            f"{before} and {after} are the same version: {version_of(files[0])}",
            hint="name two, such as: profilectl diff previous current",
        )
    with opened(paths, *files) as sides:
        return {
            **_publications(sides),
            "users": users(sides, largest),
            "attributes": attributes(sides),
            "scores": scores(sides, largest),
            "models": models(sides),
            "segments": segments(sides, largest),
            "tables": _tables(sides),
            "quality": _quality(sides),
        }


def _publications(sides: Sides) -> dict[str, Row]:
    return {
        side: sides.rows(f"select version, published_at, as_of from {side}.meta.publication")[0]
        for side in ("before", "after")
    }


def _tables(sides: Sides) -> list[Row]:
    """Return the rows of each table; null in the version that does not have it."""
    return sides.rows(
        'select table_name as "table", b.row_count as before, a.row_count as after '
        'from before.meta."tables" b full join after.meta."tables" a using (table_name) order by 1'
    )


def _quality(sides: Sides) -> list[Row]:
    """Return what became of the rows of each source entity, in both versions."""
    if not sides.have("marts", "data_quality", "source", "entity", "landed"):
        return []
    kinds = ("landed", "shaped", "quarantined", "duplicates")
    sums = ", ".join(f"sum({kind})::bigint as {kind}" for kind in kinds)
    shown = ", ".join(
        f"{side}.{kind} as {kind}_{name}"
        for kind in kinds
        for side, name in (("b", "before"), ("a", "after"))
    )
    side = "(select source, entity, {sums} from {name}.marts.data_quality group by source, entity)"
    return sides.rows(
        f"select source, entity, {shown} from {side.format(sums=sums, name='before')} b "
        f"full join {side.format(sums=sums, name='after')} a using (source, entity) order by 1, 2"
    )
