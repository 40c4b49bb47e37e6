"""The report: one self-contained HTML page that opens without a network."""

from __future__ import annotations

from pathlib import Path

from profilectl.console import write_private
from profilectl.project import Paths
from profilectl.reporting import page, sections
from profilectl.reporting.data import ReportData
from profilectl.warehouse import connect, connect_published

__all__ = ["report"]


def report(paths: Paths, *, output: Path | None = None, live: bool = False) -> Path:
    """Write the report and return where it is.

    Parameters
    ----------
    paths
        The home whose published file is read; the working warehouse where nothing is published.
    output
        The file to write; ``PROFILECTL_HOME/report.html`` by default.
    live
        Read the working warehouse even if there is a published file.

    Raises
    ------
    ProfilectlError
        If there is neither a published file nor a warehouse, or it cannot be opened.
    """
    from_published = paths.published.exists() and not live
    with connect_published(paths) if from_published else connect(paths) as connection:
        facts = ReportData(connection, paths.truth)
        source = f"working warehouse {paths.warehouse.name}"
        if from_published:
            [(source,)] = connection.execute("select version from meta.publication").fetchall()
        text = page.render(sections.build(facts), facts, source)
    target = (output or paths.report).expanduser().absolute()
    write_private(target, text)
    return target
