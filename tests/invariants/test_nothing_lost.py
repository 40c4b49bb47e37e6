"""Invariant 1: per source entity and batch, records landed = rows in the shape + quarantined + duplicates.

Random files land in two batches, some of them twice; what becomes of each record follows from a few rules,
and the built project must count the same. (`test_nothing_lost_on_landing.py`: the loader and more formats.)
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dbt_home import Built, Home

# A sound record of each entity; {n} is its key, {content} what it says beside its key.
SOUND = {
    "shop/transactions": {
        "basket_id": "b{n}",
        "line_no": "1",
        "card_id": "c{content}",
        "product_id": "p1",
        "sales_value": "1.50",
        "transaction_timestamp": "2017-03-04 15:06:07",
    },
    "synthetic_web/events": {
        "event_id": "w{n}",
        "cookie_id": "k{content}",
        "event_type": "page_view",
        "page": "/",
        "occurred_at": "2017-03-04T15:06:07Z",
    },
    "crm/campaign_contacts": {
        "contact_id": "t{n}",
        "crm_id": "crm{content}",
        "campaign_id": "1",
        "contacted_at": "04.03.2017 15:06",
    },
    "synthetic_survey/answers": {
        "answer_id": "a{n}",
        "email": "e{content}@example.org",
        "question": "intent",
        "rating": "7",
        "answered_at": "1488639967",
    },
}
#: The one entity whose records count as the same also where only their keys differ.
SAME_BY_CONTENT = "synthetic_survey/answers"
MODELS = ("landing_files", "quarantined_rows", "data_quality")
STAGED = tuple(f"stg_{entity.replace('/', '__')}" for entity in SOUND)
DIRT = ("sound", "sound", "sound", "sound", "no key", "no time", "bad time", "nobody", "cut", "bytes")


@dataclass(frozen=True)
class Record:
    """One record of a file: what it is about, and what is wrong with it."""

    n: int
    dirt: str

    @property
    def content(self) -> int:
        """Records of different keys share it."""
        return self.n % 5

    def fields(self, entity: str) -> dict[str, str]:
        """Values by column."""
        values = {name: text.format(n=self.n, content=self.content) for name, text in SOUND[entity].items()}
        names = list(values)
        person = {"shop/transactions": 2}.get(entity, 1)
        changes = {
            "no key": {names[0]: ""},
            "no time": {names[-1]: ""},
            "bad time": {names[-1]: "2017-02-30 10:00:00"},
            "nobody": {names[person]: ""},
        }
        return values | changes.get(self.dirt, {})


@dataclass(frozen=True)
class Landed:
    """One file to land."""

    entity: str
    kind: str
    records: list[Record]
    again: bool

    def bytes(self) -> bytes:
        """The file's content, damaged where a record wants it."""
        if self.kind.startswith("csv"):
            text = [",".join(SOUND[self.entity]), *(self._line(record) for record in self.records)]
        else:
            text = [self._line(record) for record in self.records]
        content = "\n".join([*text, ""]).encode().replace("§".encode(), b"\xe9")
        return gzip.compress(content, mtime=0) if self.kind.endswith("gz") else content

    def _line(self, record: Record) -> str:
        values = record.fields(self.entity)
        if record.dirt == "bytes":
            values[next(iter(values))] += "§"
        if self.kind.startswith("csv"):
            return "cut" if record.dirt == "cut" else ",".join(values.values())
        # JSON has a value for nothing
        line = json.dumps({name: value or None for name, value in values.items()}, ensure_ascii=False)
        return line[:-4] if record.dirt == "cut" else line


record = st.builds(Record, n=st.integers(0, 30), dirt=st.sampled_from(DIRT))
files = st.lists(
    st.builds(
        Landed,
        entity=st.sampled_from(sorted(SOUND)),
        kind=st.sampled_from(["csv", "csv.gz", "jsonl", "jsonl.gz"]),
        # a file needs one whole record: a JSON file shows its columns only there
        records=st.lists(record, max_size=25).map(lambda drawn: [Record(99, "sound"), *drawn]),
        again=st.booleans(),
    ),
    min_size=2,
    max_size=8,
)


def accounts(batches: list[dict[str, Landed]]) -> dict[tuple[str, int], tuple[int, int, int, int]]:
    """Landed, shaped, quarantined and duplicate records by entity and batch, from the rules alone."""
    landed: Counter[tuple[str, int]] = Counter()
    quarantined: Counter[tuple[str, int]] = Counter()
    winners: dict[str, dict[int, tuple[int, str, int]]] = {}
    for batch, delivered in enumerate(batches, start=1):
        for name, file in delivered.items():
            for row, record in enumerate(file.records, start=1):
                landed[file.entity, batch] += 1
                if record.dirt != "sound":
                    quarantined[file.entity, batch] += 1
                    continue
                same = record.content if file.entity == SAME_BY_CONTENT else record.n
                best = winners.setdefault(file.entity, {})
                # the latest known counts; in one batch the later name, in one file the later record
                best[same] = max(best.get(same, (0, "", 0)), (batch, name, row))
    shaped = Counter((entity, batch) for entity, best in winners.items() for batch, _, _ in best.values())
    return {
        at: (total, shaped[at], quarantined[at], total - shaped[at] - quarantined[at])
        for at, total in landed.items()
    }


def counted(built: Built) -> dict[tuple[str, int], tuple[int, int, int, int]]:
    """The same, as the mart has it."""
    rows = built.rows(
        "select source || '/' || entity, batch_id, landed, shaped, quarantined, duplicates "
        "from marts.data_quality"
    )
    return {
        (entity, batch): (landed, shaped, quarantined, duplicates)
        for entity, batch, landed, shaped, quarantined, duplicates in rows
    }


class Homes:
    """New homes in which all models exist and nothing has landed, so that only what changes must be built."""

    def __init__(self, folder: Path, manifest: Any) -> None:
        self._folder, self._manifest = folder, manifest
        self._numbers: Iterator[int] = count()
        self._empty = Home(folder / "empty", manifest)
        assert self._empty.dbt("run", "--select", "+data_quality").failed == set()

    def new(self) -> Home:
        home = Home(self._folder / str(next(self._numbers)), self._manifest)
        shutil.copyfile(self._empty.warehouse, home.warehouse)
        return home


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, manifest: Any) -> Homes:
    return Homes(tmp_path_factory.mktemp("nothing_lost"), manifest)


@settings(
    max_examples=int(os.environ.get("PROFILECTL_EXAMPLES", "5")),
    derandomize=True,
    # each example is two builds: shrinking would take minutes
    phases=[phase for phase in Phase if phase is not Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(first=files, second=files)
def test_every_record_is_accounted_for(homes: Homes, first: list[Landed], second: list[Landed]) -> None:
    home = homes.new()
    named = {f"{file.entity}/first_{n}.{file.kind}": file for n, file in enumerate(first)}
    batches = [named, {f"{file.entity}/second_{n}.{file.kind}": file for n, file in enumerate(second)}]
    batches[1] |= {name: file for name, file in named.items() if file.again}
    for batch, delivered in enumerate(batches, start=1):
        for name, file in delivered.items():
            path = home.land(name, file.bytes())
            os.utime(path, (1e9 + batch, 1e9 + batch))  # a delivery of its own, whatever the clock says
        built = home.dbt("run", "--select", *MODELS, *STAGED)
        assert built.failed | built.skipped == set()
        assert counted(built) == accounts(batches[:batch])


def test_a_lost_row_fails_the_build(homes: Homes) -> None:
    home = homes.new()
    file = Landed("shop/transactions", "csv", [Record(n, "sound") for n in range(3)], again=False)
    home.land("shop/transactions/a.csv", file.bytes())
    home.dbt("run", "--select", *MODELS, *STAGED)
    check = ("test", "--select", "stg_shop__transactions,test_name:nothing_lost")
    assert home.dbt(*check).failed == set()
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("delete from staging.stg_shop__transactions where session_id = 'b1'")
    built = home.dbt(*check)
    assert {name.partition("_stg_")[0] for name in built.failed} == {"nothing_lost"}
