"""Datagrams: to receivers that may not be there, and on a port of our own."""

from __future__ import annotations

import logging
import socket

from rt_engine import sent

__all__ = ["Address", "Sender", "address", "listen"]

Address = tuple[str, int]

RECEIVE_BUFFER = 1 << 20  # bytes: a burst of some thousand messages
PATIENCE = 0.2  # s that one receive waits, so that a graph can stop


class Sender:
    """Sends datagrams to all receivers. That one does not listen is said once, and no more."""

    def __init__(self, receivers: list[Address], log: logging.Logger) -> None:
        """OSError when the name of a host is not known."""
        self._log = log
        self._node = log.name.rpartition(".")[2]
        self._sockets: dict[str, socket.socket] = {}
        self._silent: set[str] = set()
        for host, port in receivers:
            name = f"{host}:{port}"
            try:
                found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
            except socket.gaierror as error:
                raise OSError(f"receiver {name}: {error.strerror}") from None
            self._sockets[name] = receiver = socket.socket(*found[:2])
            receiver.setblocking(False)
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            receiver.connect(found[4])

    def send(self, datagrams: list[bytes]) -> None:
        """Send each of `datagrams` to everyone."""
        sent.tell(self._node, datagrams)
        for datagram in datagrams:
            for name, receiver in self._sockets.items():
                self._send(name, receiver, datagram)

    def close(self) -> None:
        """Close the sockets."""
        for receiver in self._sockets.values():
            receiver.close()

    def _send(self, name: str, receiver: socket.socket, datagram: bytes) -> None:
        try:
            try:
                receiver.send(datagram)
            except ConnectionRefusedError:  # of the datagram before: this one did not leave yet
                self._complain(name, "nobody listens there (yet)")
                receiver.send(datagram)
        except OSError as error:
            if not isinstance(error, ConnectionRefusedError):
                self._complain(name, str(error))

    def _complain(self, name: str, reason: str) -> None:
        if name not in self._silent:
            self._silent.add(name)
            self._log.warning("receiver %s: %s; sending on", name, reason)


def address(text: str) -> Address:
    """Host and port of "host:port", an IPv6 host in brackets; ValueError when it is none."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is no receiver; write host:port, such as 127.0.0.1:9000")
    return host.strip("[]"), int(port)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to `host` and `port`; its `recv` gives up after a moment (TimeoutError).

    OSError, with the remedy, when another program has the port.
    """
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    opened.settimeout(PATIENCE)
    try:
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        raise OSError(
            f"UDP port {port} on {host}: {error.strerror}; choose another port, "
            "or end the program that has it"
        ) from None
    return opened
