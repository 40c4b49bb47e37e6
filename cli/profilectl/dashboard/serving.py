"""Binding the dashboard to a port and serving it until it is stopped."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from profilectl.project import Paths
from profilectl_ml.errors import ProfilectlError

NEEDED = ("dash", "waitress")
INSTALL = "pip install 'profilectl[dashboard]'"
THREADS = 8


def serve(paths: Paths, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve the dashboard until interrupted.

    Parameters
    ----------
    paths
        The home whose published file is shown.
    host, port
        Where to listen; port 0 takes a free one.
    on_ready
        Told the address once requests are answered.

    Raises
    ------
    ProfilectlError
        If the extra ``dashboard`` is not installed, or the address cannot be listened on.
    """
    server = bind(paths, host, port)
    on_ready(address(host, server))
    try:
        # Waitress ends by itself when interrupted.
        server.run()
    finally:
        server.close()


def bind(paths: Paths, host: str, port: int) -> Any:
    """Return a waitress server that listens already, and answers once it is run."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ProfilectlError(f"the dashboard needs {' and '.join(missing)}", hint=f"run: {INSTALL}")
    from waitress import create_server

    from profilectl.dashboard.app import make_app

    # Its notes on queues are of no use to the person at the terminal.
    logging.getLogger("waitress").setLevel(logging.ERROR)
    try:
        return create_server(
            make_app(paths, host).server,
            host=host.strip("[]"),
            port=port,
            threads=THREADS,
            ident=None,
            clear_untrusted_proxy_headers=True,
        )
    except OSError as error:
        raise _told(error, host, port) from error


def address(host: str, server: Any) -> str:
    """Return the address of a bound server."""
    shown = f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{shown}:{server.effective_port}/"


def _told(error: OSError, host: str, port: int) -> ProfilectlError:
    if error.errno == errno.EADDRINUSE:
        return ProfilectlError(
            f"port {port} of {host} is in use",
            hint=f"another dashboard may run there; take another one: --port {port + 1}",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return ProfilectlError(
            f"port {port} may not be used by this user", hint="take a port above 1023, such as 8050"
        )
    return ProfilectlError(
        f"cannot listen on {host}:{port}: {error.strerror or error}",
        hint="check --host: it must be an address of this machine, such as 127.0.0.1",
    )
