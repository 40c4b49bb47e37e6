"""The DuckDB session in which the demo is made: chance from a hash, and how values are written.

Chance never comes from ``random()``: ``u(key)`` is a number in [0, 1) from the md5 of seed and key,
so a row's fate depends on nothing but its own key. The same seed gives the same bytes, for any
number of threads and in any order of work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from profilectl_ml.sql import quote_identifier

ZONE = "America/New_York"

_MACROS = (
    "pick(choices, chance) as choices[1 + floor(chance * len(choices))::bigint]",
    "chosen(choices, key) as pick(choices, u(key))",
    "some_minutes(least, span, key) as interval 1 minute * (least + floor(u(key) * span)::int)",
    f"to_local(utc) as timezone('{ZONE}', timezone('UTC', utc))",
    f"to_utc(local) as timezone('UTC', timezone('{ZONE}', local))",
    "iso_utc(utc) as strftime(utc, '%Y-%m-%dT%H:%M:%SZ')",
    "month_of(local) as strftime(local, '%Y-%m')",
    # a csv field, quoted only where it must be
    """csv_field(x) as case
        when x is null then ''
        when contains(x, ',') or contains(x, '"') then '"' || replace(x, '"', '""') || '"'
        else x
    end""",
    # ten date formats; minutes only, so that no format loses what another keeps
    """written_time(utc, style) as case style
        when 0 then strftime(to_local(utc), '%Y-%m-%d %H:%M:%S')
        when 1 then iso_utc(utc)
        when 2 then strftime(to_local(utc), '%Y-%m-%dT%H:%M:%S')
            || case when date_diff('hour', to_local(utc), utc) = 5 then '-05:00' else '-04:00' end
        when 3 then strftime(to_local(utc), '%Y/%m/%d %H:%M:%S')
        when 4 then strftime(to_local(utc), '%d.%m.%Y %H:%M')
        when 5 then strftime(to_local(utc), '%m/%d/%Y %H:%M')
        when 6 then strftime(to_local(utc), '%b %d, %Y %I:%M %p')
        when 7 then strftime(to_local(utc), '%d %b %Y %H:%M')
        when 8 then strftime(to_local(utc), '%Y%m%dT%H%M%S')
        else epoch(utc)::bigint::varchar
    end""",
    # case, blanks around: what a form lets people type
    """written_email(email, chance) as case
        when chance < 0.70 then email
        when chance < 0.80 then upper(email)
        when chance < 0.90 then upper(left(email, 1)) || substr(email, 2)
        when chance < 0.95 then ' ' || email
        else email || ' '
    end""",
    # the canonical form is +1 and ten digits
    """written_phone(phone, chance) as case
        when phone is null then null
        when chance < 0.30 then '(' || phone[3:5] || ') ' || phone[6:8] || '-' || phone[9:12]
        when chance < 0.55 then phone[3:5] || '.' || phone[6:8] || '.' || phone[9:12]
        when chance < 0.75 then '+1 ' || phone[3:5] || ' ' || phone[6:8] || ' ' || phone[9:12]
        when chance < 0.90 then phone
        else phone[3:12]
    end""",
    # one letter dropped, doubled, or two swapped, never the first
    """with_typo(name, chance) as case
        when length(name) < 4 then name
        when chance < 0.34 then name[1:2] || name[4:]
        when chance < 0.67 then name[1:3] || name[3:]
        else name[1:1] || name[3:3] || name[2:2] || name[4:]
    end""",
)


def open_workshop(seed: int, words: Mapping[str, Sequence[str]]) -> duckdb.DuckDBPyConnection:
    """Return an in-memory DuckDB with the demo's macros and one constant macro per word list.

    Parameters
    ----------
    seed
        Any integer.
    words
        Macro name to the texts it returns as a list.
    """
    con = duckdb.connect(config={"threads": 2, "preserve_insertion_order": False})
    con.execute("set timezone = 'UTC'")
    con.execute(
        "create macro u(key) as "
        f"(md5_number_lower('{int(seed)}|' || key) // 2048)::double / 9007199254740992.0"
    )
    for macro in _MACROS:
        con.execute(f"create macro {macro}")
    for name, texts in words.items():
        listed = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
        con.execute(f"create macro {quote_identifier(name)}() as [{listed}]")
    return con
