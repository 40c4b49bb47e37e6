from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from profilectl import publishing
from profilectl.app import app
from profilectl.project import Paths
from profilectl.version_diff import diff
from profilectl_ml.errors import ProfilectlError

# User 10 becomes part of user 2, user 3 withdraws an attribute, 180 leaves, 900 is new; a mailbox is blocked
# and another one no longer is.
CHANGES = """
update marts.identity_map set user_id = 'u0000000000000002' where user_id = 'u000000000000000A';
delete from marts.dim_users where user_id in ('u000000000000000A', 'u00000000000000B4');
insert into marts.dim_users(user_id, email) values ('u0000000000000384', 'new@example.org');
insert into marts.identity_map by name
    select 'email' as identifier_type, 'new@example.org' as identifier_value, 'u0000000000000384' as user_id,
           false as is_blocked;
insert into marts.identity_changes by name
    select 5000 as change_id, 'u000000000000000A' as user_id, 'merged_into' as event, 'record' as cause
    union all select 5001, 'u0000000000000384', 'created', 'record';
update marts.dim_users set phone = null, last_name_source = 'crm' where user_id = 'u0000000000000003';
update marts.dim_users set first_name = 'Another' where user_id in ('u0000000000000004', 'u0000000000000005');
update marts.identity_map set user_id = null, is_blocked = true
where identifier_value = 'user7@example.org';
update marts.identity_map set user_id = 'u0000000000000008', is_blocked = false
where identifier_value = 'info@example.org';
update marts.data_quality set landed = landed + 12, shaped = shaped + 10, quarantined = quarantined + 2
where entity = 'posts';
"""
SCORES = """
update ml.scores set scored_at = timestamp '2999-01-01', score = 1000, percentile = 100
where user_id = 'u0000000000000001';
update ml.scores set scored_at = timestamp '2999-01-01', score = score + 10
where user_id = 'u0000000000000002';
delete from ml.scores where user_id = 'u0000000000000003';
update ml.models set serving = false;
insert into ml.models by name
    select 'model-2' as model_id, 'run-1' as run_id, 'spend_next_28d' as task, 'ridge' as candidate,
           true as serving;
"""
SEGMENTS = """
create table ml.segments as select user_id, 'audiences' as task,
       case when user_id < 'u0000000000000064' then 'Spends much' else 'Spends little' end as segment
from marts.user_features;
"""


def call(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def change(paths: Paths, sql: str) -> str:
    with duckdb.connect(str(paths.warehouse)) as connection:
        connection.execute(sql)
    return publishing.publish(paths).version


def test_users_and_identifiers(small_warehouse: Paths) -> None:
    publishing.publish(small_warehouse)
    change(small_warehouse, CHANGES)
    found = diff(small_warehouse)["users"]
    assert {name: found[name] for name in ("before", "after", "added", "removed")} == {
        "before": 200, "after": 199, "added": 1, "removed": 2,
    }  # fmt: skip
    assert found["changes"] == [
        {"event": "created", "cause": "record", "changes": 1, "users": 1},
        {"event": "merged_into", "cause": "record", "changes": 1, "users": 1},
    ]
    # Ten modulo four: two further cards, an e-mail, a phone, and the first card.
    assert found["reidentified"] == {
        "users": 1,
        "largest": [{"was": "u000000000000000A", "became": "u0000000000000002", "identifiers": 5}],
    }
    ids = found["identifiers"]
    assert ids["after"] == ids["before"] + 1
    assert {name: ids[name] for name in ("new", "gone", "moved", "blocked", "unblocked")} == {
        "new": 1, "gone": 0, "moved": 5, "blocked": 1, "unblocked": 1,
    }  # fmt: skip


def test_attributes_of_users_in_both(small_warehouse: Paths) -> None:
    publishing.publish(small_warehouse)
    change(small_warehouse, CHANGES)
    assert diff(small_warehouse)["attributes"] == {
        "users": 198,
        "users_changed": 3,
        "columns": [
            {"column": "first_name", "changed": 2, "filled": 0, "emptied": 0},
            {"column": "phone", "changed": 1, "filled": 0, "emptied": 1},
        ],
    }


def test_an_attribute_that_became_text_is_compared_as_text(small_warehouse: Paths) -> None:
    change(small_warehouse, "alter table marts.dim_users add column kids_count integer default 2")
    change(
        small_warehouse,
        "create or replace table marts.dim_users as select * replace (if(user_id = 'u0000000000000004',"
        " '3 or more', kids_count::varchar) as kids_count) from marts.dim_users",
    )
    assert diff(small_warehouse)["attributes"]["columns"] == [
        {"column": "kids_count", "changed": 1, "filled": 0, "emptied": 0}
    ]


def test_scores_models_and_rows(small_warehouse: Paths) -> None:
    with duckdb.connect(str(small_warehouse.warehouse)) as connection:
        connection.execute("update ml.scores set percentile = percentile * 100")
        before = connection.execute(
            "select score from ml.scores where user_id = 'u0000000000000001'"
        ).fetchone()
    assert before is not None
    publishing.publish(small_warehouse)
    change(small_warehouse, SCORES)
    found = diff(small_warehouse, largest=1)
    [spend] = found["scores"]
    jump = 1000 - before[0]
    assert (spend["task"], spend["before"], spend["after"], spend["both"]) == (
        "spend_next_28d",
        200,
        199,
        199,
    )
    assert (spend["moved"], spend["crossed_tenths"]) == (2, 1)
    assert spend["mean_change"] == pytest.approx((jump + 10) / 199)
    assert (spend["median"], spend["p95"]) == (0, 0)
    [largest] = spend["largest"]
    assert (largest["user_id"], largest["after"]) == ("u0000000000000001", 1000)
    assert largest["change"] == pytest.approx(jump)
    assert found["models"] == [
        {
            "task": "spend_next_28d", "before": "model-1", "after": "model-2", "changed": True,
            "candidate_before": "hist_gradient_boosting", "candidate_after": "ridge",
        }
    ]  # fmt: skip
    rows = {row["table"]: (row["before"], row["after"]) for row in found["tables"]}
    assert rows["ml.scores"] == (200, 199)
    assert rows["marts.dim_users"] == (200, 200)


def test_segments_tables_and_quality(small_warehouse: Paths) -> None:
    change(small_warehouse, "drop table ml.feature_importance")
    first = change(small_warehouse, SEGMENTS)
    change(
        small_warehouse,
        f"{CHANGES} update ml.segments set segment = 'Bought lately' where segment = 'Spends little';"
        "update ml.segments set segment = 'Spends little' where user_id < 'u0000000000000004';"
        "create table ml.feature_importance as select 1 as a",
    )
    found = diff(small_warehouse, first, "current")
    assert found["segments"] == [
        {
            "task": "audiences", "both": 200, "migrated": 104, "only_before": [],
            "only_after": ["Bought lately"],
            "moves": [
                {"was": "Spends little", "became": "Bought lately", "users": 100},
                {"was": "Spends much", "became": "Spends little", "users": 4},
            ],
        }
    ]  # fmt: skip
    rows = {row["table"]: (row["before"], row["after"]) for row in found["tables"]}
    assert rows["ml.feature_importance"] == (None, 1)
    [posts] = [row for row in found["quality"] if row["entity"] == "posts"]
    assert (posts["landed_before"], posts["landed_after"], posts["quarantined_after"]) == (400, 412, 17)


def test_equal_versions_differ_in_nothing(small_warehouse: Paths) -> None:
    change(small_warehouse, SEGMENTS)
    publishing.publish(small_warehouse)
    found = json.loads(call("diff", "--json").stdout)
    assert [found["users"][name] for name in ("added", "removed", "changes")] == [0, 0, []]
    assert found["attributes"]["users_changed"] == 0
    assert [one["moved"] for one in found["scores"]] == [0]
    assert [one["migrated"] for one in found["segments"]] == [0]
    assert not any(one["changed"] for one in found["models"])
    assert all(row["before"] == row["after"] for row in found["tables"])
    shown = call("diff")
    assert "tables: 0 of" in shown.stdout


def test_text_names_what_changed(small_warehouse: Paths) -> None:
    first = publishing.publish(small_warehouse)
    change(small_warehouse, CHANGES + SCORES)
    # Both orders of age are allowed; a name may carry the file's ending.
    shown = call("diff", f"{first.version}.duckdb", "current")
    assert shown.exit_code == 0, shown.output
    for said in ("users 200 -> 199: 1 added, 2 removed", "1 users have another id", "model spend_next_28d:"):
        assert said in shown.stdout
    assert "199 -> 200: 2 added, 1 removed" in call("diff", "current", "previous").stdout


def test_what_cannot_be_compared_is_said(small_warehouse: Paths) -> None:
    assert "nothing is published" in call("diff").stderr
    first = publishing.publish(small_warehouse).version
    assert "there is no version before the current one" in call("diff").stderr
    with pytest.raises(ProfilectlError, match="are the same version"):
        diff(small_warehouse, first, "current")
    publishing.publish(small_warehouse)
    publishing.rollback(small_warehouse)
    failed = call("diff")
    assert failed.exit_code == 1
    assert "there is no version before the current one" in failed.stderr
