"""What one run of the loader did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from profilectl.landing.ledger import LedgerRow


@dataclass
class LandingSummary:
    """Counts of one run, and the files it refused.

    Attributes
    ----------
    batch_id
        Number of the batch; None if the run found nothing new.
    files_known
        Files that an earlier run had dealt with, and that were not read.
    files_taken
        Files of which the sound records are now in the raw tables.
    rows_loaded, rows_rejected
        Records of the files taken.
    refused
        Files of which nothing was taken, each with reason and detail.
    """

    batch_id: int | None = None
    files_known: int = 0
    files_taken: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    refused: list[LedgerRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Records seen in the files taken."""
        return self.rows_loaded + self.rows_rejected

    def add(self, batch_id: int, rows: Sequence[LedgerRow]) -> None:
        """Count files that were just written to the ledger."""
        for row in rows:
            self.batch_id = batch_id
            if row.status == "rejected":
                self.refused.append(row)
                continue
            self.files_taken += 1
            self.rows_loaded += row.rows_loaded
            self.rows_rejected += row.rows_rejected
