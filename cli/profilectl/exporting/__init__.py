"""Exports: tables of a published version as Parquet, CSV or a Tableau extract, whole or not at all."""

from profilectl.exporting.export import FORMATS, Exported, export

__all__ = ["FORMATS", "Exported", "export"]
