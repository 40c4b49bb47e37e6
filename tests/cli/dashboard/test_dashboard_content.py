"""What the pages say, without a browser."""

from __future__ import annotations

import duckdb
import pytest
from dashboard_reading import drawings, links, words

from profilectl import publishing
from profilectl.dashboard import pages, user_facts, user_figures
from profilectl.dashboard.pages import user
from profilectl.dashboard.source import Source, Version
from profilectl.project import Paths

SOMEBODY = "u0000000000000005"


@pytest.mark.parametrize(
    ("path", "figure", "said"),
    [
        (
            "/",
            "weeks-users",
            "users 200 active in the last 28 days 188 events 5,000 rows landed 9,001",
        ),
        ("/segments", "audiences-shares", "Spends much"),
        ("/quality", "reasons", "rows landed 9,001"),
        ("/models", "spend_next_28d-rmse", "Model against baseline: spend_next_28d"),
        ("/models/spend_next_28d", "spend_next_28d-rmse", "Model against baseline: spend_next_28d"),
    ],
)
def test_each_page_shows_its_figures(version: Version, path: str, figure: str, said: str) -> None:
    shown = pages.shown(version, path)
    assert figure in drawings(shown)
    assert said in words(shown)


def test_segments_of_models_that_serve_no_more_are_left_out(version: Version) -> None:
    shown = pages.shown(version, "/segments")
    assert "Retired" not in words(shown)
    assert drawings(shown)["audiences-traits"]["data"][0]["text"] == [["150"], ["150"]]
    assert "Spend next 28d" not in words(shown)
    assert "Mean score of each segment" in words(shown)


def test_mean_probabilities_are_told_as_on_the_page_of_a_user(told: Paths) -> None:
    with duckdb.connect(str(told.warehouse)) as connection:
        connection.execute(
            "insert into ml.models select * replace ('churn' as task, 'model-9' as model_id,"
            " 'classification' as kind) from ml.models"
        )
        connection.execute(
            "insert into ml.scores select * replace ('churn' as task, 0.1062 as score,"
            " 'model-9' as model_id) from ml.scores"
        )
    publishing.publish(told)
    said = words(pages.shown(Source(told).shown(), "/segments"))
    assert "10.6%" in said
    assert "0.1062" not in said


def test_a_timeline_that_leaves_days_out_says_so(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/user/{SOMEBODY}"
    assert "latest" not in words(pages.shown(version, path)).partition("One dot per day")[2][:80]
    monkeypatch.setattr(user_facts, "DAYS", 3)
    assert "more events. These are the latest 3 dots." in words(pages.shown(version, path))


def test_one_user(version: Version) -> None:
    shown = pages.shown(version, f"/user/{SOMEBODY}")
    said, drawn = words(shown), drawings(shown)
    assert "First5 Last5" in said
    assert "Grocery" in said
    assert "1. CHEESE" in said
    assert "Spend in the last 91 days" in said
    assert "currency" in said
    assert set(drawn) == {"timeline", "score-spend_next_28d", "identity-graph"}
    assert drawn["score-spend_next_28d"]["data"][0]["x"] == [5.5]
    assert drawn["score-spend_next_28d"]["data"][0]["y"] == ["spend_91d = &lt;b&gt;12&lt;/b&gt;"]
    dots = drawn["timeline"]["data"][0]["text"]
    assert sum(int(dot.removeprefix("Purchase: ").partition(",")[0]) for dot in dots) == 25
    # a user who shares the file's first letters is somebody else
    assert "user5@example.org" in said
    assert "user15@example.org" not in said


def test_the_golden_record_tells_the_contacts_that_lost(version: Version, told: Paths) -> None:
    with duckdb.connect(str(told.published.resolve())) as connection:
        connection.execute("alter table marts.dim_users add column email_source varchar default 'crm'")
        connection.execute("alter table marts.dim_users add column email_updated_at timestamp")
        connection.execute(
            "insert into marts.identity_map by name select 'email' as identifier_type, "
            "'before@example.org' as identifier_value, ? as user_id, false as is_blocked",
            [SOMEBODY],
        )
    said = words(pages.shown(version, f"/user/{SOMEBODY}"))
    record = said[said.index("Golden record") : said.index("What happened")]
    assert "before@example.org (not seen later)" in record
    assert "c5-0" not in record


def test_reasons_of_another_model_are_not_told(version: Version) -> None:
    shown = pages.shown(version, "/user/u0000000000000006")
    assert "score-spend_next_28d" not in drawings(shown)
    assert "No reasons were kept for this score" in words(shown)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (" USER5@example.org", f"/user/{SOMEBODY}"),
        ("+1 555 000 0005", f"/user/{SOMEBODY}"),
        (SOMEBODY, f"/user/{SOMEBODY}"),
    ],
)
def test_a_search_leads_to_the_user(version: Version, text: str, path: str) -> None:
    assert user.searched(version, text) == (path, None, False)


def test_a_browser_does_not_take_a_user_id_for_folders(version: Version, told: Paths) -> None:
    with duckdb.connect(str(told.published.resolve())) as connection:
        connection.execute("update marts.dim_users set user_id = '../etc' where user_id = ?", [SOMEBODY])
    assert user.searched(version, "../etc") == ("/user/..%2Fetc", None, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nobody@example.org", "No such user No user or identifier 'nobody@example.org'."),
        ("test@test.com", "is blocked (sentinel)"),
        ("", "Nobody was searched for Type what you know"),
        (None, "Nobody was searched for Type what you know"),
    ],
)
def test_a_search_that_finds_nobody_says_why(version: Version, text: str | None, said: str) -> None:
    path, answer, hidden = user.searched(version, text)
    assert not isinstance(path, str)
    assert said in words(answer)
    # Whoever is shown is not who was searched for.
    assert hidden is bool(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("delete from meta.models", "No scores yet: run profilectl train, then publish"),
        ("update meta.models set kind = 'clustering'", "No model that gives scores serves"),
        ("select 1", "No scores for this user: run profilectl score"),
    ],
)
def test_why_a_user_has_no_scores(version: Version, told: Paths, change: str, said: str) -> None:
    with duckdb.connect(str(told.published.resolve())) as connection:
        connection.execute("delete from ml.scores")
        connection.execute(change)
    assert said in words(pages.shown(version, f"/user/{SOMEBODY}"))


@pytest.mark.parametrize("count", [1, 2, 16, 21, 40])
def test_no_two_names_of_the_identity_graph_are_centred_on_one_side(count: int) -> None:
    many = [{"identifier_type": "card", "identifier_value": f"{n:02}"} for n in range(count)]
    places = user_figures.identity_graph(many, [])["data"][-1]["textposition"]
    assert places[0] == "top center"
    assert all(places.count(f"{side} center") <= 1 for side in ("top", "bottom"))


@pytest.mark.parametrize("path", ["/nowhere", "/models/nothing", "/user/nobody"])
def test_what_is_not_there_is_said(version: Version, path: str) -> None:
    assert "No such" in words(pages.shown(version, path))


def test_a_file_of_another_version_is_named(version: Version, told: Paths) -> None:
    with duckdb.connect(str(told.published.resolve())) as connection:
        connection.execute("alter table marts.user_segments rename segment to group_name")
    shown = words(pages.shown(version, "/segments"))
    assert "The published file cannot be read: Binder Error" in shown
    assert "profilectl build && profilectl publish" in shown


def test_runs_and_latencies_are_shown_where_they_are_noted(version: Version, told: Paths) -> None:
    assert "No runs are noted" in words(pages.shown(version, "/freshness"))
    assert "profilectl update and watch note them" in words(pages.shown(version, "/freshness"))
    with duckdb.connect(str(told.published.resolve())) as connection:
        connection.execute(
            "create table meta.runs as select 'r' || i as run_id, 'update' as command, 1 as files, 2 as rows,"
            " 3 as users, 'published' as outcome, null::varchar as reason,"
            " timestamp '2024-05-02' + to_hours(i) as started_at, started_at + to_seconds(7) as ended_at"
            " from range(5) r(i)"
        )
        connection.execute(
            "create table meta.freshness as select 'r1' as run_id, 'shop' as source, 'f' || i as file,"
            " now()::timestamp as published_at, i::double as seconds from range(1, 101) r(i)"
        )
    shown = pages.shown(version, "/freshness")
    assert drawings(shown)["runs-seconds"]["data"][0]["y"] == [7.0] * 5
    assert drawings(shown)["latencies"]["data"][0]["x"] == [pytest.approx(95.05)] * 2


def test_a_user_merged_away_leads_to_the_other_one(version: Version) -> None:
    shown = pages.shown(version, "/user/u00000000000003E9")
    assert "The user u00000000000003E9 was merged into  u0000000000000001  on 2018-01-02." in words(shown)
    assert "/user/u0000000000000001" in links(shown)


def test_a_source_that_says_the_same_did_not_lose(version: Version, told: Paths) -> None:
    with duckdb.connect(str(told.published.resolve())) as connection:
        connection.execute("create table copied as from marts.user_attribute_evidence")
        connection.execute("drop view marts.user_attribute_evidence")
        connection.execute(
            "create table marts.user_attribute_evidence as from copied union all by name "
            "select * replace (false as is_winner, 'less trusted source' as lost_because) from copied"
        )
    assert "less trusted source" not in words(pages.shown(version, f"/user/{SOMEBODY}"))
