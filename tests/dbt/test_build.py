"""The project's life in five builds: nothing landed, a month, nothing new, another month, a full refresh."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_home import PROJECT, ROOT, Built, Home, one_at_a_time, statuses_in
from profilectl import dictionary
from profilectl.demo.generate import generate

STEPS = ("empty", "first_month", "nothing_new", "second_month", "refreshed")
HOUSEHOLDS = 25
IDENTITY = ("--select", "+identity_map", "+identity_changes", "+data_quality")
LEDGER = "select * exclude (is_current) from ops.landing_files order by all"
MAP = "select * exclude (changed_in) from marts.identity_map order by all"
CHANGES = "select * from marts.identity_changes order by all"
RAW = """
    select table_name, estimated_size from duckdb_tables() where schema_name = 'raw' order by all
"""

# Every way out of the process, as Python sees it, ends here.
NO_NETWORK = """
import socket

def refuse(*arguments, **options):
    with open(LOG, "a") as log:
        log.write(repr(arguments) + "\\n")
    raise OSError("the network is out of bounds")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
"""


class Story:
    """The builds by name, each with a copy of the warehouse as it was then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, step: str) -> Built:
        return Built(
            self.folder / step / "warehouse.duckdb",
            json.loads((self.folder / step / "statuses.json").read_text(encoding="utf-8")),
        )

    def note(self, step: str, built: Built) -> Built:
        """Keep what ``built`` left behind under the name ``step``."""
        (self.folder / step).mkdir()
        shutil.copyfile(built.warehouse, self.folder / step / "warehouse.duckdb")
        text = json.dumps(built.statuses)
        (self.folder / step / "statuses.json").write_text(text, encoding="utf-8")
        return self[step]


@pytest.fixture(scope="module")
def story(shared: Path, manifest: Any) -> Story:
    with one_at_a_time(shared / "story") as folder:
        told = Story(folder)
        if not (folder / "whole").exists():
            tell(told, Home(folder / "home", manifest))
            (folder / "whole").touch()
    return told


def tell(story: Story, home: Home) -> None:
    story.note("empty", home.build())
    home.dbt("docs", "generate", "--no-compile")

    land_month(home, "2017-01")
    first = story.note("first_month", build_without_network(home))

    originals = {path: path.read_bytes() for path in home.landing.rglob("*") if path.is_file()}
    for path, content in originals.items():
        overwrite_unseen(path, b"\0" * len(content))
    story.note("nothing_new", home.build("--select", "landing_contract", "landing_files"))
    for path, content in originals.items():
        overwrite_unseen(path, content)

    land_month(home, "2017-02")
    (_, older), (newer, _) = two_users(first)
    link = f"crm_id,card_id,updated_at\n{older},{newer},2017-02-03 10:00:00\n"
    home.land("crm/customers/same_person.csv", link)
    story.note("second_month", home.build(*IDENTITY))
    story.note("refreshed", home.dbt("run", *IDENTITY, "--full-refresh"))


def land_month(home: Home, month: str) -> None:
    generate(home.landing, home.folder / "truth", months=[month], households=HOUSEHOLDS)
    products = home.landing / "shop" / "products" / "products.parquet"
    stat = products.stat()
    if stat.st_size > 100_000:  # the catalogue does not shrink with the households; a part of it will do
        part = products.with_name("part.parquet")
        with duckdb.connect() as connection:
            connection.execute(
                f"copy (from read_parquet('{products}') limit 500) to '{part}' (format parquet)"
            )
        part.replace(home.landing / "shop" / "products" / "some_products.parquet")
        products.unlink()


def two_users(built: Built) -> list[tuple[str | None, str | None]]:
    """(card, customer id) of a user with both, and of another one known later with a card."""
    older, newer = built.rows(
        """
        select min(identifier_value) filter (where identifier_type = 'card') as card,
            min(identifier_value) filter (where identifier_type = 'customer_id') as customer
        from marts.identity_map
        where user_id is not null and known_to is null
        group by user_id
        having card is not null and customer is not null
        order by min(first_known_at), card
        limit 2
        """
    )
    return [older, newer]


def overwrite_unseen(path: Path, content: bytes) -> None:
    """Change a file's content, but neither its size nor its modified time."""
    stat = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def build_without_network(home: Home) -> Built:
    """Run the ``dbt`` of the README in a process of its own that cannot open a connection."""
    site = home.folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(f"LOG = {str(site / 'connections.log')!r}\n{NO_NETWORK}")
    command = [sys.executable, "-m", "dbt.cli.main", "build", "--project-dir", "dbt_project"]
    command += ["--exclude-resource-type", "unit_test"]
    command += ["--target-path", str(home.target), "--log-path", str(home.folder / "logs")]
    alone = ["unshare", "-rn"]
    if shutil.which("unshare") and subprocess.run([*alone, "true"], capture_output=True).returncode == 0:
        command = alone + command
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILECTL_", "DBT_"))}
    done = subprocess.run(
        command,
        cwd=ROOT,
        # an empty home: no DuckDB extension lies ready there
        env={**kept, **home.environment, "PYTHONPATH": str(site), "HOME": str(site)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Built(home.warehouse, statuses_in(home.target))


def test_every_node_builds_with_nothing_landed(story: Story) -> None:
    built = story["empty"]
    assert built.failed | built.skipped == set()
    assert built.value("select count(*) from ops.landing_files") == 0
    for (mart,) in built.rows(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    ):
        assert built.value(f"select count(*) from marts.{mart}") == 0, mart


def test_every_column_of_every_mart_is_described(story: Story) -> None:
    target = story.folder / "home" / "target"
    catalogue = json.loads((target / "catalog.json").read_text(encoding="utf-8"))["nodes"]
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    marts = {
        name: node for name, node in nodes.items() if node["fqn"][1] == "marts" and name.startswith("model.")
    }
    assert len(marts) >= 10
    for name, node in marts.items():
        described = {
            column["name"].lower() for column in node["columns"].values() if column["description"].strip()
        }
        assert node["description"].strip(), name
        assert set(map(str.lower, catalogue[name]["columns"])) == described, name


def test_every_number_that_is_published_has_a_unit(story: Story) -> None:
    manifest = json.loads((story.folder / "home" / "target" / "manifest.json").read_text(encoding="utf-8"))
    units = {(e.schema, e.table, e.column): e.unit for e in dictionary.entries(manifest)}
    numbers = story["second_month"].rows(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where table_schema = 'marts' and (data_type like '%INT%' or data_type like 'DECIMAL%' "
        "or data_type in ('DOUBLE', 'FLOAT'))"
    )
    assert len(numbers) > 300
    assert not [name for name in numbers if not units.get(name)]


def test_every_node_builds_on_a_month_without_network(story: Story) -> None:
    built = story["first_month"]
    assert built.failed | built.skipped == set()
    site = story.folder / "home" / "site"
    assert not (site / "connections.log").exists(), (site / "connections.log").read_text()
    assert not list(site.rglob("*.duckdb_extension"))
    assert built.value("select count(*) from marts.dim_users") >= 10
    assert built.value("select count(*) from marts.fct_events") > 500
    sources = built.rows("select distinct source from marts.data_quality")
    assert {source for (source,) in sources} >= {"shop", "crm", "synthetic_web"}


def test_every_golden_value_is_the_one_winner_of_its_evidence(story: Story) -> None:
    built = story["first_month"]
    evidence = "marts.user_attribute_evidence"
    attributes = [name for (name,) in built.rows(f"select distinct attribute from {evidence}")]
    assert set(attributes) >= {"first_name", "household_size", "consent"}
    golden = " union all ".join(
        f"select user_id, '{name}', {name}::varchar, {name}_source from marts.dim_users "
        f"where {name} is not null"
        for name in attributes
    )
    winners = f"select user_id, attribute, value, source from {evidence} where is_winner order by all"
    assert built.rows(winners) == built.rows(f"from ({golden}) order by all")
    lost = f"select count(*) from {evidence} where not is_winner and lost_because is "
    assert built.value(lost + "null") == 0
    assert built.value(lost + "not null") > 0


def test_the_project_folder_stays_clean(story: Story) -> None:
    assert story["first_month"].statuses
    assert not list(PROJECT.rglob("*.duckdb"))


def test_nothing_new_reads_no_file(story: Story) -> None:
    before, after = story["first_month"], story["nothing_new"]
    assert after.failed == set()
    assert after.rows(LEDGER) == before.rows(LEDGER)
    assert after.rows(RAW) == before.rows(RAW)


def test_another_month_is_one_more_batch(story: Story) -> None:
    before, after = story["first_month"], story["second_month"]
    assert after.failed | after.skipped == set()
    assert before.value("select max(batch_id) from ops.landing_files") == 1
    batches = "select batch_id, count(*) from ops.landing_files group by batch_id order by batch_id"
    assert after.rows(batches)[0] == before.rows(batches)[0]
    assert [number for number, _ in after.rows(batches)] == [1, 2]


def test_users_that_prove_to_be_one_are_merged_into_the_older(story: Story) -> None:
    (card, customer), (newer_card, _) = two_users(story["first_month"])
    whose = (
        "select user_id from marts.identity_map "
        "where identifier_type = ? and identifier_value = ? and known_to is null"
    )
    older, newer = (story["first_month"].value(whose, ["card", value]) for value in (card, newer_card))
    assert older != newer
    now = story["second_month"]
    members = {
        now.value(whose, pair) for pair in (["card", card], ["card", newer_card], ["customer_id", customer])
    }
    (survivor,) = members
    assert survivor in {older, newer}
    (gone,) = {older, newer} - {survivor}
    logged = now.rows("select event, other_user_id from marts.identity_changes where user_id = ?", [gone])
    assert sorted(logged, key=str) == sorted([("created", None), ("merged_into", survivor)], key=str)
    assert now.rows("select 1 from marts.identity_map where user_id = ? and known_to is null", [gone]) == []


def test_every_change_of_a_user_id_is_logged(story: Story) -> None:
    before, after = story["first_month"], story["second_month"]
    users = "select distinct user_id from marts.identity_map where user_id is not null and known_to is null"
    was, now = ({user for (user,) in built.rows(users)} for built in (before, after))
    changes = after.rows(
        "select user_id, event from marts.identity_changes where changed_at > ?", [last_change(before)]
    )
    assert {user for user, event in changes if event == "created"} == now - was
    assert {user for user, event in changes if event == "merged_into"} == was - now
    assert now - was
    assert {user for user, _ in before.rows("select user_id, event from marts.identity_changes")} == was


def last_change(built: Built) -> Any:
    return built.value("select max(changed_at) from marts.identity_changes")


@pytest.mark.parametrize("kept", [MAP, CHANGES, LEDGER, RAW], ids=["users", "changes", "ledger", "raw rows"])
def test_a_full_refresh_keeps(story: Story, kept: str) -> None:
    assert story["refreshed"].failed == set()
    rows = story["second_month"].rows(kept)
    assert rows
    assert story["refreshed"].rows(kept) == rows
