"""A version made from the one before by what changed is the one that writing everything would make."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_home import Home
from profilectl import publishing
from profilectl.project import Paths
from profilectl.publication import copying, snapshot
from profilectl.publication.contents import Content
from profilectl.publication.copying import Written

RECEIPTS = (
    "basket_id,line_no,product_id,card_id,sales_value,quantity,retail_disc,coupon_disc,coupon_match_disc,"
    "transaction_timestamp"
)
CUSTOMERS = "crm_id,card_id,email,first_name,last_name,updated_at"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_changes_add_up_to_everything(tmp_path: Path, manifest: Any, seed: int) -> None:
    """New rows, corrections, merges, splits, another day, a rule that changes, scores, a rebuilt table."""
    rng = random.Random(seed)  # noqa: S311
    home = Home(tmp_path / "home", manifest, artefacts=False)
    paths = Paths.from_environment(home.environment)
    days, wholes = ["2017-06-30"] * 3 + ["2017-07-01"] * 2, []
    for step, day in enumerate(days):
        home.extra["PROFILECTL_AS_OF"] = day
        lines = [
            f"b{rng.randrange(20)},1,milk,card{rng.randrange(8)},{rng.randrange(1, 90)},1,0,0,0,"
            f"2017-0{rng.randrange(4, 8)}-1{rng.randrange(9)} 10:00:00"
            for _ in range(8)
        ]
        home.land(f"shop/transactions/{step}.csv", "\n".join([RECEIPTS, *lines]))
        people = [
            f"c{rng.randrange(5)},card{rng.randrange(8)},p{rng.randrange(4)}@example.org,Ann,Lee,"
            f"2017-05-0{step + 1}"
            for _ in range(3)
        ]
        home.land(f"crm/customers/{step}.csv", "\n".join([CUSTOMERS, *people]))
        options = ["--full-refresh"] if step == 4 else []
        assert not home.build(*options).failed
        _score(home.warehouse, rng, step)
        wholes.append(publishing.publish(paths).is_whole)
        from_changes = _contents(paths.published.resolve())
        publishing.publish(paths, full=True)
        assert from_changes == _contents(paths.published.resolve()), f"step {step}"
        # the next one starts from the version that was made from changes
        publishing.rollback(paths)
        newest = publishing.file_of(paths, publishing.versions(paths)[-1]).parent
        newest.rename(newest.with_name(".publishing-set-aside"))
    assert wholes == [True, False, False, False, False]


@pytest.mark.slow
def test_what_was_mostly_rebuilt_is_not_patched(
    tmp_path: Path, manifest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file would hold the old rows as empty space, and the next publication have to write all again."""
    monkeypatch.setattr(snapshot, "_SMALL_VALUES", 0)
    home = Home(tmp_path / "home", manifest, artefacts=False)
    paths = Paths.from_environment(home.environment)
    lines = [f"b{n},1,milk,card{n},5,1,0,0,0,2017-05-11 10:00:00" for n in range(30)]
    home.land("shop/transactions/0.csv", "\n".join([RECEIPTS, *lines]))
    assert not home.build().failed
    with duckdb.connect(str(home.warehouse)) as connection:
        [(day,)] = connection.execute("select as_of from intermediate.int_clock").fetchall()
    publishing.publish(paths)
    home.extra["PROFILECTL_AS_OF"] = str(day)
    home.land("shop/transactions/1.csv", f"{RECEIPTS}\nb0,2,milk,card0,5,1,0,0,0,2017-05-11 10:00:00")
    assert not home.build().failed
    assert not publishing.publish(paths).is_whole
    assert not home.build("--full-refresh").failed
    assert publishing.publish(paths).is_whole


@pytest.mark.slow
def test_who_went_costs_no_comparison_of_whole_tables(
    tmp_path: Path, manifest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []

    def noted(connection: Any, source: str, content: Content, written: Written) -> Written:
        compared.append(content.published)
        return without_gone(connection, source, content, written)

    without_gone = copying._without_gone
    monkeypatch.setattr(copying, "_without_gone", noted)
    monkeypatch.setattr(copying, "_MOST_REPLACED", 1.0)
    home = Home(tmp_path / "home", manifest, artefacts=False)
    home.extra["PROFILECTL_AS_OF"] = "2017-06-30"
    paths = Paths.from_environment(home.environment)
    lines = [f"b{n},1,milk,card{n},5,1,0,0,0,2017-05-11 10:00:00" for n in range(30)]
    home.land("shop/transactions/0.csv", "\n".join([RECEIPTS, *lines]))
    assert not home.build().failed
    publishing.publish(paths)
    people = [f"c1,card{n},c1@example.org,Ann,Lee,2017-05-0{n + 1}" for n in range(2)]
    home.land("crm/customers/0.csv", "\n".join([CUSTOMERS, *people]))
    assert not home.build().failed
    assert not publishing.publish(paths).is_whole
    with duckdb.connect(str(paths.published), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.dim_users").fetchall() == [(29,)]
        assert connection.execute("select count(*) from marts.user_features").fetchall() == [(29,)]
    assert compared == ["parts.int_users"]  # which names users by number


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["one build", "two builds", "scores"])
def test_a_restored_warehouse_publishes_nothing_of_what_it_lost(
    tmp_path: Path, manifest: Any, lost: str
) -> None:
    """Builds that were lost and those made after them have the same numbers; so do rows they wrote."""

    def ann(file: str, name: str) -> Path:
        return home.land(
            f"crm/customers/{file}.csv", f"{CUSTOMERS}\nc1,card1,a@x.org,{name},Lee,2017-05-02\n"
        )

    home = Home(tmp_path / "home", manifest, artefacts=False)
    home.extra["PROFILECTL_AS_OF"] = "2017-06-30"
    paths, backup = Paths.from_environment(home.environment), tmp_path / "backup.duckdb"
    lines = [f"b{n},1,milk,card{n},5,1,0,0,0,2017-05-11 10:00:00" for n in range(30)]
    home.land("shop/transactions/0.csv", "\n".join([RECEIPTS, *lines]))
    home.build()
    _score(home.warehouse, random.Random(0), 0)  # noqa: S311
    publishing.publish(paths)
    shutil.copyfile(home.warehouse, backup)
    if lost == "scores":
        _score(home.warehouse, random.Random(1), 1)  # noqa: S311
    else:
        bad = [ann("bad", "Nobody")]
        home.build()
        if lost == "two builds":
            bad.append(home.land("shop/transactions/1.csv", f"{RECEIPTS}\n{lines[0].replace('b0', 'b30')}"))
            home.build()
        for file in bad:
            file.unlink()
    publishing.publish(paths)
    shutil.copyfile(backup, home.warehouse)
    if lost != "scores":
        ann("good", "Ann")
        home.build()
    publishing.publish(paths)
    from_changes = _contents(paths.published.resolve())
    publishing.publish(paths, full=True)
    assert from_changes == _contents(paths.published.resolve())


def _score(warehouse: Path, rng: random.Random, step: int) -> None:
    """Some users' scores, as `profilectl` writes them: touched ones anew, gone ones away."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "delete from ml.scores where user_id not in (select user_id from marts.dim_users)"
            " or hash(user_id) % 3 = ?",
            [step % 3],
        )
        connection.execute(
            "insert into ml.scores by name select user_id, 't' as task, ? as score,"
            " timestamp '2024-01-01' + to_days(?) as scored_at, 'm' as model_id from marts.dim_users"
            " where user_id not in (select user_id from ml.scores)",
            [rng.random(), step],
        )


def _contents(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table and view, but for what says which version it is."""
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute(
            "select table_schema, table_name from information_schema.tables where table_schema <> 'meta'"
        ).fetchall()
        found = {
            f"{schema}.{name}": connection.execute(f'select * from {schema}."{name}" order by all').fetchall()
            for schema, name in names
        }
        found["meta"] = connection.execute(
            'select table_name, row_count, through, epoch from meta."tables" order by all'
        ).fetchall()
    assert sum(map(len, found.values())) > 50
    return found
