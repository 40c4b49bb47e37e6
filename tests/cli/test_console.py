"""What of the data reaches a terminal."""

from __future__ import annotations

from datetime import datetime

import pytest

from profilectl.building import Built
from profilectl.commands import build
from profilectl.commands._update_text import render, render_problems
from profilectl.console import number, printable
from profilectl.dbt_runner import DbtOutcome, NodeFailure
from profilectl.errors import report_error
from profilectl.facts import SetAside
from profilectl.updating.loop import Updated
from profilectl.updating.runs import Run
from profilectl_ml.errors import ProfilectlError

# Clears the screen, rings, ends the text, begins another line, changes colours, turns the reading direction.
EVIL = "a\x1b[2J\a\0\nerror: forged\x9b31m\u202egpj.csv"
SHOWN = r"a\x1b[2J\x07\x00\nerror: forged\x9b31m\u202egpj.csv"
REFUSED = {"file": EVIL, "reason": "missing_column", "detail": f"found '{EVIL}'", "is_fatal": True}
FAILURE = NodeFailure(EVIL, "test", EVIL)


def test_what_is_no_letter_is_escaped_and_letters_are_not() -> None:
    assert printable(EVIL) == number(EVIL) == SHOWN
    assert printable("Zoë 李\u3000😀 C:\\x") == "Zoë 李\u3000😀 C:\\x"


def test_names_and_details_drive_no_terminal_in_an_update(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(1, datetime(2017, 1, 1), reason=EVIL)
    run.retraining = [{"task": "t", "trained": False, "failed": True, "reason": EVIL}]
    scored = [{"task": "t", "users": 0, "why": EVIL, "error": error} for error in (EVIL, None)]
    aside = SetAside(1, 1, [{"file": EVIL, "rows": 1, "reasons": {EVIL: 1}}])
    done = Updated(run, [FAILURE], [REFUSED], aside, scored)
    render(done)
    render_problems(done)
    told = capsys.readouterr()
    assert set(told.out + told.err) - {"\n"} == {one for one in told.out + told.err if one.isprintable()}
    assert f"warning: {SHOWN} was refused: missing_column found '{SHOWN}'\n" in told.err
    assert f"error: test {SHOWN}: {SHOWN}\n" in told.err
    assert "\nerror: forged" not in told.out + told.err


def test_names_and_details_drive_no_terminal_in_a_build(capsys: pytest.CaptureFixture[str]) -> None:
    build.render(Built(DbtOutcome(1, 0, [FAILURE], 1.0), None, 0, [], 0, [REFUSED]))
    told = capsys.readouterr()
    assert set(told.out + told.err) - {"\n"} == {one for one in told.out + told.err if one.isprintable()}
    assert f"error: test {SHOWN}: {SHOWN}\n" in told.err
    assert "rejected a\\x1b[2J" in told.out


def test_an_error_drives_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(ProfilectlError(f"{EVIL} is no table", hint=EVIL))
    assert capsys.readouterr().err == f"error: {SHOWN} is no table\nhint: {SHOWN}\n"
