"""The one entry: read the real year, lay the overlay over it, write landing files and the truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from profilectl.demo.catalogue import write_catalogue
from profilectl.demo.crm import make_crm
from profilectl.demo.deliver import deliver
from profilectl.demo.entities import ENTITIES
from profilectl.demo.identities import make_identities
from profilectl.demo.macros import open_workshop
from profilectl.demo.people import make_people
from profilectl.demo.shop import make_shop
from profilectl.demo.social import make_social
from profilectl.demo.source import attach_real
from profilectl.demo.survey import make_survey
from profilectl.demo.truth import (
    NOTE,
    count_catalogue,
    count_delivered,
    open_truth,
    read_manifest,
    recall_other_months,
    write_truth,
)
from profilectl.demo.web import make_web
from profilectl.demo.words import WORDS
from profilectl.demo.write import write_delivered
from profilectl_ml.errors import ProfilectlError

MONTHS = tuple(f"2017-{month:02d}" for month in range(1, 13))
DEFAULT_SEED = 20170101


@dataclass(frozen=True)
class DemoSummary:
    """What a run wrote.

    Attributes
    ----------
    seed, households, months
        What was asked for; ``households`` is the number of real households delivered.
    rows
        ``source.entity`` to the records that lie in its landing files, of all months written so far.
    files_written
        Files that changed: others already held the same bytes.
    seconds
        Wall time.
    """

    seed: int
    households: int
    months: tuple[str, ...]
    rows: dict[str, int]
    files_written: int
    seconds: float


def generate(
    landing: Path,
    truth: Path,
    seed: int = DEFAULT_SEED,
    months: Iterable[str] | None = None,
    progress: Callable[[str], None] | None = None,
    *,
    households: int | None = None,
) -> DemoSummary:
    """Write the demo's landing files, by month, and the truth about them.

    The same arguments give the same bytes, and a file that already holds them is not touched. A
    later call with other months adds them: the truth then covers all months written so far.

    Parameters
    ----------
    landing, truth
        Folders to write to; made where they do not exist.
    seed
        Seed of the synthetic overlay.
    months
        ``YYYY-MM`` of 2017; all twelve by default.
    progress
        Called with the name of each step as it begins.
    households
        Only this many of the 2,469 households, for tests.

    Returns
    -------
    DemoSummary

    Raises
    ------
    ProfilectlError
        If the data package is not installed, a month is not of 2017, or the folder holds months made
        with another seed or number of households that this call would leave there.
    """
    started = time.perf_counter()
    wanted = _checked(MONTHS if months is None else months)
    earlier = _months_kept(truth, seed, households, wanted)
    tell = progress or (lambda _: None)
    con = open_workshop(seed, WORDS)
    try:
        tell("households and identities")
        attach_real(con, households)
        make_people(con)
        for name, make in (
            ("shop", make_shop),
            ("crm", make_crm),
            ("synthetic_web", make_web),
            ("synthetic_social", make_social),
            ("synthetic_survey", make_survey),
        ):
            tell(name)
            make(con)
        open_truth(con)
        changed = [write_catalogue(con, landing)]
        count_catalogue(con)
        for entity in ENTITIES:
            tell(f"writing {entity.source}.{entity.name}")
            deliver(con, entity, wanted)
            count_delivered(con, entity)
            changed += write_delivered(con, entity, landing)
        tell("truth")
        if earlier:
            recall_other_months(con, truth, wanted)
        present = tuple(sorted({*wanted, *earlier}))
        make_identities(con, present)
        counted = con.execute(
            "select source || '.' || entity, sum(rows_landed)::bigint "
            "from truth_expected group by all order by all"
        ).fetchall()
        rows = {str(name): int(number) for name, number in counted}
        kept = con.execute("select count(*) from household").fetchall()[0][0]
        manifest: dict[str, Any] = {
            "seed": seed,
            "limit": households,
            "households": kept,
            "months": present,
            "rows_landed": rows,
            "note": NOTE,
        }
        write_truth(con, truth, manifest)
    finally:
        con.close()
    return DemoSummary(seed, int(kept), present, rows, sum(changed), time.perf_counter() - started)


def _checked(months: Iterable[str]) -> tuple[str, ...]:
    wanted = tuple(sorted(set(months)))
    unknown = [month for month in wanted if month not in MONTHS]
    if unknown or not wanted:
        raise ProfilectlError(
            f"the demo has no month {unknown[0]!r}" if unknown else "no month was asked for",
            hint=f"months go from {MONTHS[0]} to {MONTHS[-1]}",
        )
    return wanted


def _months_kept(truth: Path, seed: int, households: int | None, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return the months of an earlier run that stay; refuse to mix two runs in one folder."""
    manifest = read_manifest(truth)
    if manifest is None:
        return ()
    kept = tuple(month for month in manifest.get("months", ()) if month not in wanted)
    same = manifest.get("seed") == seed and manifest.get("limit") == households
    if kept and not same:
        raise ProfilectlError(
            f"{truth} holds {len(kept)} other months made with seed {manifest.get('seed')}",
            hint="use the same seed and households, or empty the landing and truth folders",
        )
    return kept
