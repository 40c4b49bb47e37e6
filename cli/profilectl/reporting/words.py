"""Dates, ages and values as people read them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from profilectl.console import number

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


def day(value: date | None) -> str:
    """Return a day in words.

    Examples
    --------
    >>> day(date(2017, 12, 31)), day(None)
    ('31 December 2017', 'no day yet')
    """
    return f"{value.day} {value:%B %Y}" if value else "no day yet"


def moment(value: datetime | None) -> str:
    """Return an instant (UTC, as the published file has it) in words.

    Examples
    --------
    >>> moment(datetime(2024, 5, 2, 9, 7))
    '2 May 2024, 09:07 UTC'
    """
    return f"{day(value)}, {value:%H:%M} UTC" if value else "never"


def span(length: timedelta) -> str:
    """Return a length of time in its largest whole unit.

    Examples
    --------
    >>> span(timedelta(hours=49)), span(timedelta(seconds=61)), span(timedelta(seconds=2))
    ('2 days', '1 minute', 'less than a minute')
    """
    seconds = length.total_seconds()
    for name, size in _UNITS:
        count = int(seconds // size)
        if count >= 1:
            return f"{count:,} {name}{'s' * (count > 1)}"
    return "less than a minute"


def spoken(name: str) -> str:
    """Return the name of a column, a task or a kind of event as a heading.

    Examples
    --------
    >>> spoken("add_to_cart")
    'Add to cart'
    """
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def told(value: object) -> str:
    """Return any value of a table as text: short dates, thousands apart.

    Examples
    --------
    >>> told(datetime(2024, 5, 2, 9, 7)), told(date(2024, 5, 2)), told(1234567)
    ('2 May 2024, 09:07', '2 May 2024', '1,234,567')
    """
    if isinstance(value, datetime):
        return f"{value.day} {value:%b %Y, %H:%M}"
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    return number(value)
