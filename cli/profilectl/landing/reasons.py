"""The machine-readable reasons for which landing sets a file or a record aside."""

from __future__ import annotations

from typing import Final

# -- whole files ---------------------------------------------------------------
UNKNOWN_SOURCE: Final = "unknown_source"
UNKNOWN_ENTITY: Final = "unknown_entity"
UNSUPPORTED_FORMAT: Final = "unsupported_format"
OUTSIDE_LANDING: Final = "outside_landing"
EMPTY_FILE: Final = "empty_file"
UNREADABLE_FILE: Final = "unreadable_file"
UNSUPPORTED_ENCODING: Final = "unsupported_encoding"
BINARY_FILE: Final = "binary_file"
MISSING_COLUMN: Final = "missing_column"

# -- single records ------------------------------------------------------------
MALFORMED_CSV: Final = "malformed_csv"
INVALID_ENCODING: Final = "invalid_encoding"
MALFORMED_JSON: Final = "malformed_json"
NOT_AN_OBJECT: Final = "not_an_object"
TOO_LONG: Final = "too_long"
