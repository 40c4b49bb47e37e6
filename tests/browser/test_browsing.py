"""The tests' own eyes: what is wrong with a page is noted."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.slow
BROKEN = """
<h1>Broken</h1><div style="width: 900px">wide</div>
<script>
  console.error("told");
  fetch("http://192.0.2.1/asked").catch(() => {});
  setTimeout(() => { nothing.there }, 0);
</script>
"""


def test_errors_requests_and_width_are_noted(look: Any) -> None:
    with look(390) as visit:
        # nothing leaves this machine, but the attempt counts
        visit.page.route("**/asked", lambda route: route.abort())
        visit.page.set_content(BROKEN)
        visit.page.wait_for_timeout(500)
        noted = " | ".join(visit.problems)
        asked = "http://192.0.2.1/asked"
        for part in ("told", f"left this machine: {asked}", f"failed: {asked}", "script error"):
            assert part in noted, part
        visit.problems.clear()
        with pytest.raises(AssertionError, match="wider than 390 pixels"):
            visit.is_sound()
