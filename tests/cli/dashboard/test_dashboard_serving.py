"""Who is answered, with which headers, and how the command fails."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from typer.testing import CliRunner

from profilectl.app import app
from profilectl.dashboard import serving
from profilectl.dashboard.app import make_app
from profilectl.dashboard.hosts import accepts, is_loopback
from profilectl.project import Paths

runner = CliRunner()


@pytest.fixture
def client(told: Paths) -> Any:
    """A client of the app, bound to the loopback."""
    return make_app(told).server.test_client()


def get(client: Any, path: str, host: str = "127.0.0.1:8050") -> Any:
    return client.get(path, headers={"Host": host})


@pytest.mark.parametrize("host", ["127.0.0.1:8050", "localhost:8050", "LOCALHOST", "[::1]:8050"])
def test_this_machine_is_answered(client: Any, host: str) -> None:
    assert get(client, "/", host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8050",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "10.0.0.1",
        "[",
        "",
    ],
)
def test_a_foreign_name_is_refused_everywhere(client: Any, host: str) -> None:
    for path in ("/", "/_dash-layout", "/look/look.css"):
        assert get(client, path, host).status_code == 403
    update = client.post("/_dash-update-component", headers={"Host": host}, json={})
    assert update.status_code == 403


def test_a_server_for_every_address_takes_addresses_but_no_foreign_name() -> None:
    check = accepts("0.0.0.0")  # noqa: S104
    assert check("192.0.2.7:8050")
    assert check(socket.gethostname())
    assert not check("evil.example")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104
        ("example", False),
    ],
)
def test_what_only_this_machine_can_reach(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_browsers_are_forbidden_what_is_not_needed(client: Any) -> None:
    page = get(client, "/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe-inline" not in scripts
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert get(client, "/_dash-layout").headers["Cache-Control"] == "no-store"
    assert "https://" not in page.text
    assert "http://" not in page.text


def test_only_the_shared_files_are_served_from_the_report(client: Any) -> None:
    assert get(client, "/look/figures.js").status_code == 200
    for name in ("report.html", "report.js"):
        assert get(client, f"/look/{name}").status_code == 404
    # An address that leaves the folder is none of ours: Dash answers it with the page.
    for name in ("../data.py", "%2e%2e/data.py"):
        assert "_dash-config" in get(client, f"/look/{name}").text


def test_there_is_no_door_for_developers(client: Any) -> None:
    """Dash's debug tools, hot reload and its server for language models stay off."""
    config = get(client, "/").text
    assert '"ui":false' in config
    assert '"hot_reload"' not in config
    # Dash answers every unknown path with the page.
    for path in ("/mcp", "/_mcp"):
        assert "_dash-config" in get(client, path).text


def test_a_port_in_use_is_one_clear_line(told: Paths) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = runner.invoke(app, ["dashboard", "--port", str(port)])
    assert failed.exit_code == 1
    assert failed.stderr.splitlines() == [
        f"error: port {port} of 127.0.0.1 is in use",
        f"hint: another dashboard may run there; take another one: --port {port + 1}",
    ]


def test_without_dash_the_hint_says_what_to_install(told: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "find_spec", lambda name: None)
    failed = runner.invoke(app, ["dashboard"])
    assert failed.exit_code == 1
    assert failed.stderr.splitlines() == [
        "error: the dashboard needs dash and waitress",
        "hint: run: pip install 'profilectl[dashboard]'",
    ]


def test_others_reach_it_only_if_asked_twice(told: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[str, int]] = []
    monkeypatch.setattr(serving, "serve", lambda paths, host, port, ready: served.append((host, port)))
    refused = runner.invoke(app, ["dashboard", "--host", "0.0.0.0"])  # noqa: S104
    assert refused.exit_code == 2
    assert served == []
    exposed = runner.invoke(app, ["dashboard", "--host", "0.0.0.0", "--expose"])  # noqa: S104
    assert exposed.exit_code == 0
    assert "warning: anyone who reaches 0.0.0.0 sees personal data" in exposed.stderr
    assert runner.invoke(app, ["dashboard"]).stderr == "ended\n"
    assert served == [("0.0.0.0", 8050), ("127.0.0.1", 8050)]  # noqa: S104


def test_an_address_of_another_machine_is_refused_clearly(told: Paths) -> None:
    failed = runner.invoke(app, ["dashboard", "--host", "192.0.2.1", "--expose"])
    assert failed.exit_code == 1
    assert "error: cannot listen on 192.0.2.1:8050" in failed.stderr
