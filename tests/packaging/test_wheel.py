"""The wheel, installed without extras in an environment of its own, makes a project and builds it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = (
    "basket_id,line_no,card_id,product_id,quantity,sales_value,transaction_timestamp\n"
    "b1,1,c1,p1,1,2.50,2017-03-04 15:06:07\n"
    "b1,2,c1,p2,1,abc,2017-03-04 15:06:07\n"
)


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("PROFILECTL", "PYTHONPATH", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_the_project_and_nothing_generated(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "profilectl/dbt_project/dbt_project.yml" in names
    assert "profilectl/dbt_project/profiles.yml" in names
    assert "profilectl/dbt_project/models/marts/user_features.sql" in names
    assert "profilectl_ml/py.typed" in names
    for asset in ("dashboard/assets/dashboard.css", "dashboard/assets/dashboard.js"):
        assert f"profilectl/{asset}" in names
    for shared in ("look.css", "figures.js"):
        assert f"profilectl/reporting/templates/{shared}" in names
    generated = [
        n for n in names if "/target/" in n or "/logs/" in n or ".duckdb" in n or n.startswith("tests")
    ]
    assert generated == []


@pytest.mark.slow
def test_a_clean_environment_can_make_a_project_and_build_it(wheel: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    run(sys.executable, "-m", "venv", venv, cwd=tmp_path)
    run(venv / "bin/python", "-m", "pip", "install", "--quiet", "--upgrade", "pip", cwd=tmp_path)
    run(venv / "bin/python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    package = Path(
        run(
            venv / "bin/python",
            "-c",
            "import profilectl; print(profilectl.__path__[0])",
            cwd=tmp_path,
            PYTHONDONTWRITEBYTECODE="1",
        ).strip()
    )

    def files() -> set[Path]:
        return {p for p in package.rglob("*") if p.is_file() and p.suffix != ".pyc"}

    before = files()
    run(venv / "bin/profilectl", "init", "mine", cwd=tmp_path)
    project = tmp_path / "mine"
    landing = project / "var/landing/shop/transactions"
    landing.mkdir(parents=True)
    (landing / "march.csv").write_text(LINES)

    built = json.loads(run(venv / "bin/profilectl", "build", "--json", cwd=project))

    assert built["success"] is True
    assert built["users"] == 1
    assert built["total"]["landed"] == 2
    assert built["total"]["quarantined"] == 1
    assert files() == before
