"""Which files are found, and what their place says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from socket import AF_UNIX, socket
from types import SimpleNamespace
from typing import Any

import pytest
from landing_folder import CONTRACT, LandingFolder

from profilectl.landing import discover
from profilectl.landing.discover import find_files
from profilectl_ml.errors import ProfilectlError


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Folders that nobody can list, whoever runs the tests; root is refused nothing."""
    real, folders = os.scandir, set[str]()

    def scandir(path: Any) -> Any:
        if str(path) in folders:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    return folders


def test_hidden_and_temporary_names_are_left_alone(folder: LandingFolder) -> None:
    for name in (".a.csv", "_a.csv", "a.csv.tmp", "a.csv.part", ".git/a.csv", "_old/a.csv"):
        folder.write(f"shop/products/{name}", b"x")
    assert find_files(folder.root, CONTRACT) == []


def test_a_missing_folder_holds_no_files(folder: LandingFolder) -> None:
    assert find_files(folder.root / "nowhere", CONTRACT) == []


def test_names_say_format_and_compression(folder: LandingFolder) -> None:
    for name in ("A.CSV", "b.jsonl.GZ", "c.d.ndjson", "e.parquet", "2017/f.json"):
        folder.write(f"shop/products/{name}", b"x")
    found = {
        file.file: (file.kind, file.extension, file.is_gzip) for file in find_files(folder.root, CONTRACT)
    }
    assert found == {
        "shop/products/A.CSV": ("csv", "csv", False),
        "shop/products/b.jsonl.GZ": ("json", "jsonl.gz", True),
        "shop/products/c.d.ndjson": ("json", "ndjson", False),
        "shop/products/e.parquet": ("parquet", "parquet", False),
        "shop/products/2017/f.json": ("json", "json", False),
    }


def test_a_link_within_the_landing_folder_is_a_file(folder: LandingFolder) -> None:
    target = folder.write("shop/products/a.csv", b"x")
    (folder.root / "shop/products/b.csv").symlink_to(target)
    assert [file.problem for file in find_files(folder.root, CONTRACT)] == [None, None]


def test_a_link_to_nothing_is_a_file_and_a_linked_folder_is_refused(folder: LandingFolder) -> None:
    folder.write("shop/products/2017/a.csv", b"x")
    (folder.root / "shop/products/linked").symlink_to("2017")
    (folder.root / "shop/products/nothing.csv").symlink_to("nowhere.csv")
    found = {file.file: file.problem and file.problem[0] for file in find_files(folder.root, CONTRACT)}
    assert found == {
        "shop/products/2017/a.csv": None,
        "shop/products/linked": "outside_landing",
        "shop/products/nothing.csv": None,
    }


def test_a_link_to_itself_is_refused_until_it_is_none(folder: LandingFolder) -> None:
    folder.write("shop/products/a.csv", b"product_id\n1\n")
    loop = folder.root / "shop/products/loop.csv"
    loop.symlink_to("loop.csv")
    summary = folder.land()
    assert (summary.files_taken, [row.reason for row in summary.refused]) == (1, ["unreadable_file"])
    assert "symbolic links" in folder.ledger("shop/products/loop.csv")["detail"]
    assert folder.land().batch_id is None
    loop.unlink()
    loop.symlink_to("a.csv")
    assert folder.land().files_taken == 1


def test_a_landing_folder_that_links_to_itself_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "landing").symlink_to("landing")
    with pytest.raises(ProfilectlError, match="cannot be read"):
        find_files(tmp_path / "landing", CONTRACT)


@pytest.mark.parametrize(
    ("seconds", "year"), [(2**50, 9999), (253_402_300_800, 9999), (-62_135_596_801, 1), (-(2**50), 1)]
)
def test_a_time_that_no_calendar_has_is_the_next_that_one_has(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch, seconds: int, year: int
) -> None:
    folder.write("shop/products/a.csv", b"product_id\n1\n")
    real = Path.stat

    def stat(path: Path, **options: Any) -> Any:  # not every file system keeps such times
        found = real(path, **options)
        return SimpleNamespace(st_mode=found.st_mode, st_size=found.st_size, st_mtime_ns=seconds * 10**9)

    monkeypatch.setattr(Path, "stat", stat)
    assert folder.land().files_taken == 1
    assert folder.ledger("shop/products/a.csv")["modified_at"].year == year
    assert folder.land().batch_id is None


def test_a_file_that_is_taken_away_meanwhile_is_not_there(
    folder: LandingFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.csv", "b.csv"):
        folder.write(f"shop/products/{name}", b"x")
    real = discover.walk

    def walk(root: Path) -> Iterator[Path]:
        yield from list(real(root))
        (root / "shop/products/a.csv").unlink()

    monkeypatch.setattr(discover, "walk", walk)
    assert [file.file for file in find_files(folder.root, CONTRACT)] == ["shop/products/b.csv"]


def test_a_folder_that_cannot_be_read_is_refused_until_it_can(
    folder: LandingFolder, closed: set[str]
) -> None:
    folder.write("shop/products/a.csv", b"product_id\n1\n")
    folder.write("shop/products/2017/b.csv", b"product_id\n2\n")
    closed.add(str(folder.root / "shop/products/2017"))
    summary = folder.land()
    assert (summary.files_taken, [row.file.file for row in summary.refused]) == (1, ["shop/products/2017"])
    assert folder.ledger("shop/products/2017")["is_fatal"]
    assert folder.land().batch_id is None
    closed.clear()
    assert folder.land().files_taken == 1


def test_a_landing_folder_that_cannot_be_read_is_an_error(folder: LandingFolder, closed: set[str]) -> None:
    folder.write("shop/products/a.csv", b"x")
    closed.add(str(folder.root))
    with pytest.raises(ProfilectlError, match=f"{folder.root} cannot be read"):
        find_files(folder.root, CONTRACT)
    file = folder.write("shop/file", b"x")
    with pytest.raises(ProfilectlError, match="cannot be read"):
        find_files(file, CONTRACT)


def test_a_pipe_is_refused_and_not_waited_for(folder: LandingFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.write("shop/products/a.csv", b"product_id\n1\n")
    os.mkfifo(folder.root / "shop/products/b.csv")
    # A socket's path may have 107 bytes at most, and a temporary folder's can be longer.
    monkeypatch.chdir(folder.root / "shop/products")
    with socket(AF_UNIX) as listening:
        listening.bind("c.csv")
        found = {file.file: file.problem for file in find_files(folder.root, CONTRACT)}
    assert found["shop/products/a.csv"] is None
    for name in ("b.csv", "c.csv"):
        assert found[f"shop/products/{name}"] == (
            "unreadable_file",
            "a pipe, a socket or a device, not a file",
        )


def test_a_name_that_is_not_utf_8_is_refused_and_the_rest_is_taken(folder: LandingFolder) -> None:
    folder.write("shop/products/a.csv", b"product_id\n1\n")
    for name in ("shop/products/caf\udce9.csv", "shop/\udcff/b.csv"):
        folder.write(name, b"product_id\n2\n")
    summary = folder.land()
    refused = {row.file.file: row.reason for row in summary.refused}
    assert (summary.files_taken, refused) == (
        1,
        {"shop/products/caf\\xe9.csv": "unsupported_encoding", "shop/\\xff/b.csv": "unsupported_encoding"},
    )
    assert folder.ledger("shop/products/caf\\xe9.csv")["detail"].startswith("its name is not UTF-8")
    assert folder.land().batch_id is None
