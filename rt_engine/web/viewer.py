"""One browser: its socket, what it watches, and how much of that it can take."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from rt_engine.core.clock import SECOND
from rt_engine.web import messages
from rt_engine.web.controls import steer
from rt_engine.web.errors import PageError, told
from rt_engine.web.hub import Stream
from rt_engine.web.messages import Act, Clock, Learn, Said, Set, Unwatch
from rt_engine.web.security import Allowance
from rt_engine.web.streams import Frame, View, event_of, framed, json_of

if TYPE_CHECKING:
    from rt_engine.web.stage import Stage

__all__ = ["Viewer"]

SPEED = (400, 200.0)  # messages at once, and a second: pictures, sound and settings
STRIKES = 50  # messages without a form after which a socket is closed
WATCHES = 64
STALLED = 10.0  # s in which a viewer takes nothing: it is cut
WAITING = 4 << 20  # characters of JSON that wait for a viewer: more, and it is cut
EVENTS = 100  # a second, of one output

NOT_UNDERSTOOD = (msgspec.MsgspecError, ValueError, OverflowError, RecursionError)
MANUAL = "Reload the page; docs/web.md says what may be sent."
FORBIDDEN, LATER = 1008, 1013  # close codes of WebSocket (RFC 6455, IANA registry)


class Watch:
    """An output that a viewer sees: its stream, and when to look again."""

    def __init__(self, ask: messages.Watch, stream: Stream, view: View | None) -> None:
        self.ask, self.stream, self.view = ask, stream, view
        self.every = 1 / ask.rate
        self.due = 0.0
        self.seen = stream.newest
        self.events = Allowance(EVENTS, EVENTS)

    def frame(self) -> Frame | None:
        """What came since the last look, for drawing."""
        number, packets = self.stream.since(self.seen)
        self.seen = number
        assert self.view is not None
        return self.stream.frame(self.view, number, packets) if packets else None

    def told(self, now: int) -> list[dict[str, Any]]:
        """The events that came since the last look."""
        self.seen, packets = self.stream.since(self.seen)
        allowed = [p for p in packets if self.events.take()]
        return [event_of(self.ask.node, self.ask.output, p, now) for p in allowed]


class Viewer:
    """Serves one socket until it closes; a slow one gets fewer frames, a stalled one is cut."""

    def __init__(self, socket: WebSocket, stage: Stage) -> None:
        self._socket, self._stage = socket, stage
        self._watches: dict[int, Watch] = {}
        self.monitors: dict[str, int] = {}  # nodes whose messages are seen, and the watch
        self._outbox: deque[str] = deque()
        self._waiting = 0  # characters in it
        self._wake = asyncio.Event()
        self._speed = Allowance(*SPEED)
        self._strikes = 0
        self._busy_since: float | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.clock = Offset()

    async def serve(self) -> None:
        """Send and receive until either ends."""
        self._tasks = [asyncio.ensure_future(self._send()), asyncio.ensure_future(self._receive())]
        try:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.cut()
            self.forget()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if self._socket.application_state is WebSocketState.CONNECTED:
                with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
                    await asyncio.wait_for(self._socket.close(FORBIDDEN), 1)

    def tell(self, message: str) -> None:
        """Send a message of JSON when its turn comes."""
        self._outbox.append(message)
        self._waiting += len(message)
        if self._waiting > WAITING:
            self.cut()
        self._wake.set()

    def wake(self) -> None:
        """An event may have come."""
        self._wake.set()

    def forget(self) -> None:
        """Watch nothing any more: another graph comes, or the end."""
        for watch in self._watches.values():
            self._stage.hub.unwatch(watch.ask.node, watch.ask.output, watch.stream)
        self._watches.clear()
        self.monitors.clear()

    def stalled(self, now: float) -> bool:
        """Whether it has taken nothing for too long."""
        return self._busy_since is not None and now - self._busy_since > STALLED

    def cut(self) -> None:
        """End the connection without waiting."""
        for task in self._tasks:
            task.cancel()

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            while self._outbox:
                message = self._outbox.popleft()
                self._waiting -= len(message)
                await self._out(message)
                await asyncio.sleep(0)  # a connection that is lost shall be noticed
            due = await self._look()
            timer = loop.call_at(loop.time() + due, self._wake.set) if due is not None else None
            await self._wake.wait()
            if timer is not None:
                timer.cancel()

    async def _look(self) -> float | None:
        """Send what is due; seconds until something is due again, None: only events are."""
        soonest = None
        for number, watch in list(self._watches.items()):
            if watch.view is None:
                for event in watch.told(time.monotonic_ns()):
                    await self._out(json_of(event))
                continue
            now = time.monotonic()
            if now >= watch.due:
                watch.due = max(watch.due + watch.every, now + watch.every / 2)
                if frame := watch.frame():
                    await self._out(framed(number, frame))
            soonest = watch.due if soonest is None else min(soonest, watch.due)
        return None if soonest is None else max(0.001, soonest - time.monotonic())

    async def _out(self, what: str | bytes) -> None:
        """Send; while this waits, newer packets take the place of older ones."""
        self._busy_since = time.monotonic()
        if isinstance(what, str):
            await self._socket.send_text(what)
        else:
            await self._socket.send_bytes(what)
        self._busy_since = None

    async def _receive(self) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while self._strikes < STRIKES:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                if not self._speed.take():
                    self._strike("too many messages", "Wait a second.")
                    continue
                try:
                    self._hear(message.get("text"), message.get("bytes"))
                except NOT_UNDERSTOOD as error:
                    began = message.get("text") or "pictures or sound"
                    self._strike(f"message not understood: {error}: {began[:80]}", MANUAL)
                except PageError as error:
                    self.tell(json_of(told(error)))

    def _strike(self, text: str, remedy: str) -> None:
        self._strikes += 1
        self.tell(json_of({"is": "error", "text": text, "remedy": remedy}))

    def _hear(self, text: str | None, raw: bytes | None) -> None:
        if text is None:
            self._stage.browser.take(self, messages.media(raw or b""), self.clock.offset)
        else:
            self._do(messages.heard(text))

    def _do(self, said: Said) -> None:
        if isinstance(said, messages.Watch):
            self._watch(said)
        elif isinstance(said, Unwatch):
            self._unwatch(said.id)
        elif isinstance(said, Set | Act):
            steer(self._stage.live, said)
        elif isinstance(said, Learn):
            self._stage.learner.learn(said)
        elif isinstance(said, Clock):
            self._answer(said)
        else:
            self._stage.take_said(said)

    def _watch(self, ask: messages.Watch) -> None:
        self._unwatch(ask.id)
        if len(self._watches) + len(self.monitors) >= WATCHES:
            raise PageError(f"more than {WATCHES} watches", "Close some views.")
        graph = self._stage.graph
        if graph is None or ask.node not in graph.nodes:
            raise PageError(f"no node {ask.node!r} to watch", "Reload the page.")
        if not ask.output:
            self.monitors[ask.node] = ask.id
            return
        if ask.output not in graph.nodes[ask.node].ports:
            raise PageError(f"node {ask.node!r} has no output {ask.output!r}", "Reload the page.")
        for watch in list(self._watches.values()):  # one look at an output is enough
            if (watch.ask.node, watch.ask.output) == (ask.node, ask.output):
                self._unwatch(watch.ask.id)
        stream, view = self._stage.hub.watch(graph, ask.node, ask.output)
        self._watches[ask.id] = Watch(ask, stream, view)
        self._wake.set()
        self._stage.hub.on_watch(ask.node, ask.output)

    def _unwatch(self, number: int) -> None:
        if watch := self._watches.pop(number, None):
            self._stage.hub.unwatch(watch.ask.node, watch.ask.output, watch.stream)
        self.monitors = {node: n for node, n in self.monitors.items() if n != number}

    def _answer(self, asked: Clock) -> None:
        engine = time.monotonic_ns()
        self.clock.heard(asked, engine)
        clock = {"engine": engine, "wall": time.time(), "sent": asked.sent}
        self.tell(json_of({"is": "clock", **clock}))


class Offset:
    """What has to be added to a browser's time (s) for the engine's, in s; None: not known yet.

    The browser knows it best, by its quickest round trip; until it says so, the message that
    was the quickest on its way stands for it.
    """

    def __init__(self) -> None:
        self.offset: float | None = None
        self._given = False

    def heard(self, asked: Clock, engine: int) -> None:
        """Learn from a question that came at engine time `engine` (ns)."""
        seen = engine / SECOND - asked.sent
        if asked.offset is not None and abs(asked.offset - seen) < 1:
            self.offset, self._given = asked.offset, True
        elif not self._given:
            self.offset = seen if self.offset is None else min(self.offset, seen)
