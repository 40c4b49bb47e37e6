"""One writer at a time; whoever comes second learns who is first; a dead one holds nothing."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from profilectl.app import app
from profilectl.locking import only_writer
from profilectl.project import Paths
from profilectl_ml.errors import ProfilectlError

HOLD = """
import time
from profilectl.locking import only_writer
from profilectl.project import Paths
with only_writer(Paths.from_environment(), "profilectl test"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(paths: Paths) -> subprocess.Popen[str]:
    """Another process that writes this home."""
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process  # type: ignore[misc]
    process.kill()
    process.wait()


@pytest.mark.parametrize("command", ["update", "watch", "build"])
def test_a_second_writer_says_who_is_first_and_exits(
    holder: subprocess.Popen[str], paths: Paths, command: str
) -> None:
    started = time.monotonic()
    done = CliRunner().invoke(app, [command])
    assert done.exit_code == 1
    assert f"written by process {holder.pid} on " in done.stderr
    assert "(profilectl test, since 20" in done.stderr
    assert time.monotonic() - started < 20
    assert not paths.warehouse.exists()


def test_a_killed_writer_holds_nothing(holder: subprocess.Popen[str], paths: Paths) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with only_writer(paths, "profilectl update"):
        assert f'"pid": {os.getpid()}' in paths.lock.read_text()
        assert stat.S_IMODE(paths.lock.stat().st_mode) == 0o600
    assert paths.lock.read_text() == ""


def test_what_a_writer_calls_does_not_wait_for_it(paths: Paths) -> None:
    with only_writer(paths, "outer"):
        with only_writer(paths, "inner"):
            assert "outer" in paths.lock.read_text()
        assert "outer" in paths.lock.read_text()


def test_an_owner_that_has_not_signed_yet_is_another_process(
    holder: subprocess.Popen[str], paths: Paths
) -> None:
    paths.lock.write_text("")
    with pytest.raises(ProfilectlError, match="written by another process"), only_writer(paths, "second"):
        pass
