"""What ``profilectl identity preview`` prints."""

from __future__ import annotations

from profilectl.console import number, printable, stdout, table
from profilectl.identity_cases import Preview


def render(found: Preview) -> None:
    """Print totals, what is blocked or no longer, and the examples with the users before and after."""
    console = stdout()
    console.print(
        f"users        {found.users_before:,} -> {found.users_after:,}, {found.users_touched:,} touched"
    )
    console.print(f"cases        {', '.join(f'{number(n)} {kind}' for kind, n in found.cases.items())}")
    for title, rows in (("newly blocked", found.blocked), ("no longer blocked", found.unblocked)):
        if rows:
            lines = [[row["type"], row["rule"], row["identifiers"], ", ".join(row["some"])] for row in rows]
            console.print()
            console.print(table(("type", "rule", "identifiers", "such as"), lines, title))
    for case in found.examples:
        console.print()
        why = f"{case['cause']}: {number(case['cause_detail'])}" if case["cause_detail"] else case["cause"]
        console.print(f"{case['kind']}, identifiers that move: {case['moving']:,} ({why})")
        for side in ("before", "after"):
            for user in case[side]:
                more = ", ..." * (user["identifiers"] > len(user["some"]))
                names = printable(", ".join(user["some"]))
                console.print(f"  {side:<7}{user['user_id']} ({user['identifiers']:,}): {names}{more}")
            if case[f"users_{side}"] > len(case[side]):
                console.print(f"  {side:<7}and {case[f'users_{side}'] - len(case[side]):,} more users")
    for row in found.waiting:
        waits = f"nobody has seen {row['type']}={row['value']}: its override ({row['action']}) waits"
        console.print(printable(waits))
