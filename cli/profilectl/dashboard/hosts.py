"""Which hosts only this machine can reach, and under which names a server may be asked."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach ``host``.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    return host == "localhost" or ((address := _address(host)) is not None and address.is_loopback)


def accepts(bound: str) -> Callable[[str], bool]:
    """Return the check of a request's ``Host`` header for a server bound to ``bound``.

    A stranger's page whose name is made to point at this machine (DNS rebinding) sends that name: it
    is refused. A server for every address cannot know by which one it is reached, so it accepts any
    address, which needs no name, and this machine's own name.

    Examples
    --------
    >>> check = accepts("127.0.0.1")
    >>> check("localhost:8050"), check("127.0.0.1"), check("evil.example:8050")
    (True, True, False)
    """
    names = _LOCAL | {bound.strip("[]").lower()}
    address = _address(bound)
    everywhere = address is not None and address.is_unspecified
    if everywhere:
        names |= {socket.gethostname().lower()}

    def check(header: str) -> bool:
        try:
            name = (urlsplit(f"//{header}").hostname or "").lower()
        except ValueError:
            return False
        return name in names or (everywhere and _address(name) is not None)

    return check


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
