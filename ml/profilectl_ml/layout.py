"""Which columns a model reads, in which order, and how categories become numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from profilectl_ml.errors import ProfilectlError

#: The largest number that every model can read: trees hold features in four bytes.
LARGEST_FEATURE = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Layout:
    """The columns of a feature matrix.

    Attributes
    ----------
    names
        Feature names in the matrix' order.
    vocabularies
        Per categorical feature its known values; value ``i`` is stored as the number ``i``,
        a missing one as NaN, one that was never seen as -1.
    """

    names: tuple[str, ...]
    vocabularies: dict[str, tuple[str, ...]]

    @property
    def numeric(self) -> list[int]:
        """Positions of the numeric features."""
        return [i for i, name in enumerate(self.names) if name not in self.vocabularies]

    @property
    def categorical(self) -> list[int]:
        """Positions of the categorical features."""
        return [i for i, name in enumerate(self.names) if name in self.vocabularies]

    def position(self, name: str) -> int:
        """Return where feature ``name`` stands.

        Raises
        ------
        ProfilectlError
            If there is no such feature.
        """
        if name not in self.names:
            raise ProfilectlError(f"the examples have no feature {name!r}")
        return self.names.index(name)

    def matrix(self, table: pa.Table | pa.RecordBatch) -> NDArray[np.float64]:
        """Return the features of an Arrow table as floats, shape ``(rows, len(names))``.

        Values beyond ``LARGEST_FEATURE`` become NaN: models impute what is missing, and cannot use infinity.

        Raises
        ------
        ProfilectlError
            If a column that was learnt as numbers holds something else.
        """
        # Column after column in memory: written in one go each, not in steps of a row's width.
        out = np.empty((table.num_rows, len(self.names)), dtype=np.float64, order="F")
        for i, name in enumerate(self.names):
            column = table.column(name)
            if name in self.vocabularies:
                out[:, i] = _codes(column, self.vocabularies[name])
            else:
                out[:, i] = floats(column, name)
                out[np.abs(out[:, i]) > LARGEST_FEATURE, i] = np.nan
        return out

    def to_json(self) -> str:
        """Return the layout as JSON text, as stored beside a model."""
        return json.dumps({"names": self.names, "vocabularies": self.vocabularies}, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> Layout:
        """Read what ``to_json`` wrote."""
        data = json.loads(text)
        vocabularies = {name: tuple(values) for name, values in data["vocabularies"].items()}
        return Layout(names=tuple(data["names"]), vocabularies=vocabularies)


def floats(column: pa.ChunkedArray | pa.Array, name: str) -> NDArray[np.float64]:
    """Return the numbers or truth values of a column, NaN where missing, shape ``(rows,)``.

    Raises
    ------
    ProfilectlError
        If they are none; the message has ``name`` and the type.
    """
    if pa.types.is_decimal(column.type):
        column = _decimals(column)
    try:
        # Not safe: beyond 2^53 the nearest number will do.
        found = pc.cast(column, pa.float64(), safe=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ProfilectlError(
            f"{name} is of type {column.type}, not a number", hint="cast it, or derive a number from it"
        ) from error
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.float64)


def _decimals(column: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray:
    # Arrow rounds the last bit otherwise than SQL does: at a tree's threshold that is another score.
    with duckdb.connect() as engine:
        found = engine.from_arrow(pa.table({"x": column})).select("cast(x as double) as x").to_arrow_table()
    return found.column("x")


def _codes(column: pa.ChunkedArray | pa.Array, vocabulary: tuple[str, ...]) -> NDArray[np.float64]:
    known = pa.array(vocabulary, type=pa.string())
    text = pc.cast(column, pa.string())
    codes = pc.fill_null(pc.index_in(text, value_set=known, skip_nulls=True), -1)
    return np.asarray(
        pc.if_else(pc.is_null(text), float("nan"), pc.cast(codes, pa.float64())), dtype=np.float64
    )
