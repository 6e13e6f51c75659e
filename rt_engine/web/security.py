"""Who may ask, how often and how much: in front of every request and every socket.

Without a token the page is for this machine alone, and the Host must say so, or a foreign page
whose name is made to point here could read it (DNS rebinding). With a token any Host may be
asked, and the first visit turns the token of the address into a cookie.
"""

from __future__ import annotations

import asyncio
import hmac
import re
import time
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["COOKIE", "Allowance", "Guard"]

COOKIE = "rt_engine"
LOCAL = {"localhost", "127.0.0.1", "::1"}
LARGEST_BODY = 1 << 20  # bytes of a request
SLOWEST_BODY = 10.0  # s until it is there
UNREAD = 1 << 23, 1.0  # bytes, and s, of a refused body that are taken and thrown away
REQUESTS = (300, 100.0)  # at once, and a second: of all who are known, and of all others
HOST = re.compile(r"[\w.\-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?", re.ASCII)
FOREIGN = {"cross-site", "same-site"}  # another port of this machine is the same site
POLICY = "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()"


class Allowance:
    """A bucket of `most` tokens that fills with `rate` a second."""

    def __init__(self, most: float, rate: float) -> None:
        self.most, self.rate = most, rate
        self._left, self._at = most, time.monotonic()

    def take(self) -> bool:
        """Whether one more is allowed now."""
        now = time.monotonic()
        self._left = min(self.most, self._left + (now - self._at) * self.rate)
        self._at = now
        allowed = self._left >= 1
        self._left -= allowed
        return allowed


class Guard:
    """ASGI middleware: Host, Origin, token, body size and time, rate; and the answer's headers."""

    def __init__(self, app: ASGIApp, token: str = "") -> None:
        self._app, self._token = app, token
        self._requests = {known: Allowance(*REQUESTS) for known in (True, False)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed; refuse the rest."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        send = _with_headers(send, headers.get("host", ""))
        if refused := self._refused(scope, headers):
            status, what, remedy = refused
            await _refuse(scope, receive, send, status, {"error": what, "remedy": remedy})
        elif self._first_visit(scope):
            await self._welcome(scope, receive, send, _cookie(headers["host"]))
        else:
            http = scope["type"] == "http"
            await self._app(scope, _bounded(receive) if http else receive, send)

    def _refused(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str, str] | None:
        """Status, what and remedy of a request that is not allowed; None: it is."""
        host, known = headers.get("host", ""), self._known(scope, headers)
        if not self._requests[known].take():  # strangers do not use up what the others need
            return 429, "too many requests", "Wait a second."
        if not HOST.fullmatch(host):
            return 400, "no valid Host", "Open the address that rt-engine printed."
        if not self._token and _parts(f"//{host}")[0] not in LOCAL:
            return 403, f"Host {host!r} is not this machine", "Open http://127.0.0.1 and the port."
        if (origin := headers.get("origin")) is not None and _parts(origin)[1] != host:
            return 403, f"a page of {origin!r} may not ask here", "Use the page of this server."
        if headers.get("sec-fetch-site") in FOREIGN and scope["path"] != "/":  # a link may lead in
            return 403, "another site may not ask here", "Use the page of this server."
        if not known:
            return 401, "the token is missing or wrong", "Open the address as it was printed."
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > LARGEST_BODY:
            return 413, f"more than {LARGEST_BODY} bytes", "Send less."
        return None

    def _known(self, scope: Scope, headers: dict[str, str]) -> bool:
        """Whether the token is there; the address has it on the first visit alone."""
        if not self._token:
            return True
        try:
            morsel = SimpleCookie(headers.get("cookie", "")).get(_cookie(headers.get("host", "")))
        except CookieError:
            morsel = None
        given = [morsel.value] if morsel else []
        if scope["type"] == "http" and scope["path"] == "/":
            given += _query(scope).get("token", [])
        return any(hmac.compare_digest(g.encode(), self._token.encode()) for g in given)

    def _first_visit(self, scope: Scope) -> bool:
        asked = scope["type"] == "http" and scope["path"] == "/"
        return bool(self._token) and asked and "token" in _query(scope)

    async def _welcome(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        """Put the token into a cookie, and take it out of the address."""
        answer = RedirectResponse("/", 303)
        secure = scope["scheme"] == "https"
        answer.set_cookie(name, self._token, httponly=True, samesite="strict", secure=secure)
        await answer(scope, receive, send)


def _cookie(host: str) -> str:
    """Its name: cookies do not know ports, and another stage may run at another one."""
    return f"{COOKIE}_{host.rpartition(':')[2]}" if HOST.fullmatch(host) else COOKIE


def _parts(url: str) -> tuple[str | None, str]:
    """Host name and place of an address; of one that is broken, none."""
    try:
        found = urlsplit(url)
        return found.hostname, found.netloc
    except ValueError:
        return None, ""


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=16)


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, body: dict[str, Any]
) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": body["error"][:100]})
    else:
        rest = _bounded(receive, *UNREAD)  # who is still sending would not read the answer
        while status == 413 and (await rest()).get("more_body"):
            pass
        await JSONResponse(body, status)(scope, receive, send)


def _bounded(
    receive: Receive, largest: int = LARGEST_BODY, slowest: float = SLOWEST_BODY
) -> Receive:
    """The same, for bodies of at most `largest` bytes that come within `slowest` s."""
    until, size, complete = time.monotonic() + slowest, 0, False

    async def bounded() -> Message:
        nonlocal size, complete
        if complete:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), max(0.0, until - time.monotonic()))
        except asyncio.TimeoutError:
            return {"type": "http.disconnect"}
        size += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        return message if size <= largest else {"type": "http.disconnect"}

    return bounded


def _with_headers(send: Send, host: str) -> Send:
    sockets = f"ws://{host} wss://{host}" if re.fullmatch(r"[\w.:\-\[\]]+", host) else ""
    policy = (
        f"default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
        f"connect-src 'self' {sockets}; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
    given = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "permissions-policy": POLICY,
    }
    raw = [(k.encode(), v.encode("latin-1")) for k, v in given.items()]

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *raw]}
        await send(message)

    return sending
