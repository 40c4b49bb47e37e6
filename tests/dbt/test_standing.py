"""What nothing has touched stands: models, seeds and tests, in a small project with the product's macros."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_home import PROJECT, ROOT, invoke, one_at_a_time

MACROS = [str(PROJECT / "macros" / folder) for folder in ("tracked", "dialect", "tests", "features")]
SETTINGS = f"""\
name: standing
version: "1.0.0"
profile: user_profiles
macro-paths: {json.dumps(["macros", *MACROS])}
flags: {{send_anonymous_usage_stats: false}}
on-run-start: ["{{{{ create_ops_tables() }}}}"]
on-run-end: ["{{{{ remember_tests() }}}}"]
vars:
  text_keywords: {{}}
  interest_departments: {{}}
  private_brands: []
  strict_as_of: false
  reporting_timezone: UTC
"""
FILES = {
    "seeds/people.csv": "id,name\n1,Ann\n2,Bob\n",
    "models/named.sql": """
        {{ config(materialized='view') }}
        select * from {{ ref('people') }} where name <> 'Nobody'
        """,
    "models/whole.sql": """
        {{ config(materialized='tracked', whole=true) }}
        select id, name from {{ ref('named') }}
        """,
    "models/kept.sql": """
        {{ config(materialized='tracked', key=['id']) }}
        {{ touched('select id from ' ~ update_ref('whole') ~ ' where changed_in > __through__') }}
        with whole as (select * from {{ ref('whole') }} {{ only_touched('whole', ['id']) }})
        select id, name from whole
        """,
    "models/tests.yml": """
        models:
          - name: whole
            columns:
              - name: name
                data_tests:
                  - not_null
                  - accepted_values: {arguments: {values: [Ann]}, config: {severity: warn}}
          - name: kept
            data_tests:
              - key: {arguments: {columns: [id]}}
              - before_now
        """,
    "macros/before_now.sql": """
        {% test before_now(model) %}
        select * from {{ model }} where now() < timestamp '2000-01-01'
        {% endtest %}
        """,
    "tests/nobody_is_zero.sql": "select * from {{ ref('kept') }} where id = 0",
}
STANDING = {"people", "named", "whole", "kept", "not_null_whole_name", "key_kept_id"}
#: These ask for the time, say in no ref what they read, or did not pass without a warning.
NEVER = {"before_now_kept_", "nobody_is_zero", "accepted_values_whole_name__Ann"}
TWICE = "id,name\n1,Ann\n2,Bob\n2,Cid\n"


class Small:
    """A home of its own for the small project."""

    def __init__(self, folder: Path) -> None:
        self.root, self.project = folder, folder / "dbt_project"
        self.warehouse, self.target = folder / "warehouse.duckdb", folder / "target"
        self.write("dbt_project.yml", SETTINGS)
        for file, text in FILES.items():
            self.write(file, text)
        (folder / "profiles.yml").write_bytes((ROOT / "profiles.yml").read_bytes())

    def write(self, file: str, text: str) -> None:
        """Put a file into the project."""
        path = self.project / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def dbt(self, *command: str) -> dict[str, tuple[str, str | None]]:
        """Run dbt; return the status of each node, and the code of what was left alone."""
        environment = {"PROFILECTL_WAREHOUSE": str(self.warehouse)}
        found = invoke(command, environment, self.target, root=self.root).results
        return {
            one.node.unique_id.split(".")[2]: (str(one.status), one.adapter_response.get("code"))
            for one in found
            if one.node.resource_type in {"model", "seed", "test"}
        }

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Change the warehouse by other hands than dbt's."""
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(statement).fetchall()


@pytest.fixture
def small(shared: Path, tmp_path: Path) -> Small:
    """The project as it was built once."""
    with one_at_a_time(shared / "standing") as folder:
        built = folder / "built.duckdb"
        if not built.exists():
            first = Small(folder)
            outcome = first.dbt("build")
            assert stood(outcome) == set()
            assert {status for status, _ in outcome.values()} == {"success", "pass", "warn"}
            first.warehouse.rename(built)
    home = Small(tmp_path)
    shutil.copyfile(built, home.warehouse)
    return home


def stood(outcome: dict[str, tuple[str, str | None]]) -> set[str]:
    """Nodes that were left alone."""
    return {name for name, (_, code) in outcome.items() if code in {"NOTHING NEW", "UNCHANGED"}}


def failed(outcome: dict[str, tuple[str, str | None]], how: str = "fail") -> set[str]:
    """Tests that failed, or models that ended in an error."""
    return {name for name, (status, _) in outcome.items() if status == how}


def test_what_nothing_touched_stands(small: Small) -> None:
    again = small.dbt("build")
    assert stood(again) == STANDING
    assert set(again) == STANDING | NEVER
    assert again["accepted_values_whole_name__Ann"][0] == "warn"
    assert small.execute("select max(changed_in) from main.kept") == [(1,)]


@pytest.mark.parametrize("command", [("test",), ("build", "--full-refresh")])
def test_everything_runs_when_asked_to(small: Small, command: tuple[str, ...]) -> None:
    assert stood(small.dbt(*command)) == set()


def test_a_change_runs_what_reads_it(small: Small) -> None:
    small.write("seeds/people.csv", FILES["seeds/people.csv"] + "3,Cid\n")
    # a view holds no rows: it stands, and what it reads is news behind it
    assert stood(small.dbt("build")) == {"named"}
    assert small.execute("select id, changed_in from main.kept order by id") == [(1, 2), (2, 2), (3, 2)]
    assert stood(small.dbt("build")) == STANDING


def test_rows_that_come_out_as_they_were_are_no_news(small: Small) -> None:
    small.write("seeds/people.csv", FILES["seeds/people.csv"] + "4,Nobody\n")
    assert stood(small.dbt("build")) == {"named", "kept", "not_null_whole_name", "key_kept_id"}
    assert small.execute("select id, changed_in from main.kept order by id") == [(1, 1), (2, 1)]


def test_what_passed_is_remembered_once_whatever_it_is_called(small: Small) -> None:
    tests = FILES["models/tests.yml"]
    small.write("models/tests.yml", tests.replace("values: [Ann]", "values: [Ann, Bob, Cid]"))
    for row in ("", "3,Cid\n", "4,Ann\n"):
        small.write("seeds/people.csv", FILES["seeds/people.csv"] + row)
        small.dbt("build")
    remembered = small.execute("select model from ops.model_state where model like 'test.%'")
    assert [name for (name,) in remembered if "__Ann__Bob__Cid" in name], "a name with capitals"
    assert len(remembered) == len(set(remembered))


def test_a_failure_is_told_until_it_is_mended(small: Small) -> None:
    small.write("seeds/people.csv", TWICE)
    assert failed(small.dbt("build")) == {"key_kept_id"}
    again = small.dbt("build")
    assert {"people", "named", "whole", "kept"} <= stood(again)
    assert failed(again) == {"key_kept_id"}
    small.write("seeds/people.csv", FILES["seeds/people.csv"])
    assert failed(small.dbt("build")) == set()
    assert stood(small.dbt("build")) == STANDING


def test_rows_that_an_untested_run_wrote_are_tested_by_the_next_build(small: Small) -> None:
    small.write("seeds/people.csv", TWICE)
    small.dbt("build", "--resource-type", "seed", "--resource-type", "model")
    for _ in range(2):
        built = small.dbt("build")
        assert {"people", "named", "whole", "kept"} <= stood(built)
        assert failed(built) == {"key_kept_id"}


def test_a_failure_is_known_even_if_its_run_was_killed(small: Small) -> None:
    """A run that fails a test forgets at once that it passed before, and not when the run ends."""
    small.execute("insert into main.kept values (2, 'Bob', 1)")
    small.write("dbt_project.yml", SETTINGS.replace('["{{ remember_tests() }}"]', "[]"))
    assert failed(small.dbt("build", "--full-refresh", "--resource-type", "test")) == {"key_kept_id"}
    small.write("dbt_project.yml", SETTINGS)
    assert failed(small.dbt("build")) == {"key_kept_id"}


def test_another_text_of_a_test_runs(small: Small) -> None:
    tests = FILES["models/tests.yml"]
    small.write("models/tests.yml", tests.replace("- not_null", "- not_null: {config: {where: id > 1}}"))
    assert stood(small.dbt("build")) == STANDING - {"not_null_whole_name"}


def test_a_table_that_is_gone_is_made_and_tested(small: Small) -> None:
    small.execute("drop table main.kept")
    assert stood(small.dbt("build")) == STANDING - {"kept", "key_kept_id"}


def test_a_model_that_fell_behind_catches_up(small: Small) -> None:
    small.write("seeds/people.csv", FILES["seeds/people.csv"] + "3,Cid\n")
    small.dbt("build", "--select", "people named whole")
    built = small.dbt("build")
    assert stood(built) >= {"people", "named", "whole"}
    assert "kept" not in stood(built)
    assert small.execute("select count(*) from main.kept") == [(3,)]


def test_tables_that_outlive_a_rebuild_get_the_columns_of_a_changed_model(small: Small) -> None:
    config = "{{ config(materialized='tracked', key=['id'], %s=true) }}"
    unknown = "{{ in_update('where id not in (select id from ' ~ this ~ ')') }}"
    for column in ("", ", name || '!' as loud"):
        select = f"select id, name{column} from {{{{ ref('whole') }}}}"
        small.write("models/compared.sql", f"{config % 'differences'} {select}")
        small.write("models/logged.sql", f"{config % 'keeps_rows'} {select} {unknown}")
        assert failed(small.dbt("build"), "error") == set()
    rows = "select * exclude (changed_in) from main.{} order by id"
    assert small.execute(rows.format("compared")) == [(1, "Ann", "Ann!"), (2, "Bob", "Bob!")]
    assert small.execute(rows.format("logged")) == [(1, "Ann", None), (2, "Bob", None)]
    epochs = "select count(distinct epoch) from ops.model_state where model in ('compared', 'logged')"
    assert small.execute(epochs) == [(1,)], "what reads them learns that they are other tables"
    small.write("seeds/people.csv", FILES["seeds/people.csv"] + "3,Cid\n")
    small.dbt("build")
    assert small.execute(rows.format("logged"))[2] == small.execute(rows.format("compared"))[2]
    assert stood(small.dbt("build")) == STANDING | {"compared", "logged"}


def test_a_seed_may_get_other_columns_and_lie_anywhere(small: Small, tmp_path: Path) -> None:
    small.write("seeds/people.csv", "name,id,note\nAnn,1,\nCid,3,new\n")
    assert failed(small.dbt("build", "--select", "people whole"), "error") == set()
    people = small.execute("select id, name, note from main.people order by 1")
    assert people == [(1, "Ann", None), (3, "Cid", "new")]
    assert small.execute("select id, name from main.whole order by 1") == [(1, "Ann"), (3, "Cid")]
    elsewhere = Small(tmp_path / "o'brien's [home]")
    assert failed(elsewhere.dbt("seed"), "error") == set()
    assert elsewhere.execute("select count(*) from main.people") == [(2,)]
