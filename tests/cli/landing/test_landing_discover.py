"""Which files are found, and what their place says."""

from __future__ import annotations

from landing_folder import CONTRACT, LandingFolder

from profilectl.landing.discover import find_files


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
