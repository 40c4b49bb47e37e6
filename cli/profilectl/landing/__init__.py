"""Landing: every file that arrives becomes raw rows, or a reason why it did not.

`profilectl.landing.load.land` is the entry point; the dbt model ``landing_files`` calls it.
"""

from __future__ import annotations
