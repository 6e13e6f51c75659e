"""The server of the page: a thread of its own with a loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import h11
import uvicorn
from starlette.routing import BaseRoute
from uvicorn.protocols.http.h11_impl import H11Protocol

from rt_engine.core import GraphError
from rt_engine.inlets import serving
from rt_engine.web.app import application
from rt_engine.web.logs import Lines
from rt_engine.web.stage import Stage
from rt_engine.web.studio import Studio

__all__ = ["PORT", "Address", "address_of", "served"]

PORT = 8473  # the first that is tried
TRIED = 20
LOOPBACK = ("127.0.0.1", "localhost", "::1")
CONNECTIONS = 96  # at once, of everybody together
HEADERS = 5.0  # s in which a request must be there
MESSAGE = 2 << 20  # bytes of one message on a socket
UNSENT = 1 << 18  # bytes that the system keeps for a viewer that is slow

Address = tuple[str, int | None]


def address_of(text: str) -> Address:
    """Host and port of "", "PORT", "HOST:PORT" or "[IPv6]:PORT"; None: the first free port."""
    host, _, port = text.rpartition(":")
    if not text:
        return LOOPBACK[0], None
    if not port.isdecimal() or not 0 <= int(port) < 65_536 or (":" in text and not host):
        raise GraphError(f"--web {text}: needed is PORT or HOST:PORT, such as 0.0.0.0:{PORT}")
    return host.strip("[]") or LOOPBACK[0], int(port)


class Patient(H11Protocol):
    """HTTP that cuts who takes too long over a request, or is one too many."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            transport.abort()
        self._watch_head()

    def handle_events(self) -> None:
        """The clock stops when a head is complete, and starts with the next one."""
        super().handle_events()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of a connection."""
        self._stop_clock()
        super().connection_lost(exc)

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_clock()
        elif self._late is None:
            self._late = self.loop.call_later(HEADERS, self._cut)

    def _stop_clock(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _cut(self) -> None:
        self._late = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.abort()


@contextlib.contextmanager
def served(
    stage: Stage,
    address: Address,
    routes: Sequence[BaseRoute] = (),
    files: list[Path] | None = None,
    certificate: str | None = None,
) -> Iterator[str]:
    """Serve the page of `stage` while this lasts; its address, with the token if it needs one.

    certificate: of https, a file with a certificate and its key (PEM). GraphError where it is no
    such file, or where the port is not free.
    """
    _check(certificate)
    opened = _listen(address)
    host, port = address[0], opened.getsockname()[1]
    token = "" if host in LOOPBACK else secrets.token_urlsafe(24)
    app = application(stage, Studio(stage, files), token, routes)
    server = uvicorn.Server(_config(app, certificate))
    thread = threading.Thread(target=_run, args=[server, opened], name="rt-web", daemon=True)
    with serving(), Lines(stage):
        thread.start()
        try:
            yield _address(host, port, token, certificate is not None)
        finally:
            server.should_exit = True
            thread.join(3)
            opened.close()
            stage.close()


def _check(certificate: str | None) -> None:
    """GraphError where the server could not use the certificate: it would say so to nobody."""
    if certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, password="")
    except OSError as error:
        wrong = "no certificate with its key, unlocked"
        why = wrong if isinstance(error, ssl.SSLError) else error.strerror
        raise GraphError(
            f"--certificate {certificate}: {why}; needed is a PEM file with both (docs/web.md)"
        ) from None


def _config(app: Any, certificate: str | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Patient,
        ws="websockets-sansio",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=MESSAGE,
        ws_per_message_deflate=False,
        ws_ping_interval=10,
        ws_ping_timeout=10,
        h11_max_incomplete_event_size=16_384,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        ssl_certfile=certificate,
        ssl_keyfile=certificate,
    )


def _run(server: uvicorn.Server, opened: socket.socket) -> None:
    asyncio.run(server.serve([opened]))


def _listen(address: Address) -> socket.socket:
    """A listening socket on the port asked for, or on the first free one."""
    host, asked = address
    ports = [asked] if asked is not None else [*range(PORT, PORT + TRIED), 0]
    for port in ports:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNSENT)
        try:
            opened.bind((host, port))
            opened.listen(128)
            return opened
        except OSError as error:
            opened.close()
            failed = error
    raise GraphError(f"--web {host}:{asked}: {failed.strerror}; choose another port or host")


def _address(host: str, port: int, token: str, secure: bool) -> str:
    shown = _own_address() if host in ("0.0.0.0", "::") else host
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http{'s' * secure}://{shown}:{port}/" + (f"?token={token}" if token else "")


def _own_address() -> str:
    """The address of this machine in its network; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
