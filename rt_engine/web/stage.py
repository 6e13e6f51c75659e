"""The page's side of the engine: what runs, who looks, and what they are told."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rt_engine import __version__, sent
from rt_engine.core import Control, Graph, GraphError, Live, NodeError, Packet
from rt_engine.core.host import Tap
from rt_engine.running import run_live
from rt_engine.web.browser import Browser
from rt_engine.web.controls import Echo
from rt_engine.web.errors import PageError, told
from rt_engine.web.hub import Hub
from rt_engine.web.journal import Journal
from rt_engine.web.learning import Learner
from rt_engine.web.messages import Take
from rt_engine.web.monitors import Monitor
from rt_engine.web.presets import file_of as place_of
from rt_engine.web.runs import Job, Runs
from rt_engine.web.settings import describe
from rt_engine.web.stats import Path, paths, stats_of
from rt_engine.web.streams import json_of
from rt_engine.web.viewer import Viewer

__all__ = ["Stage"]

TICK = 0.125  # s between two looks at settings and monitors; every second one at the meters
VIEWERS = 16


class Stage:
    """One graph at a time, live or from a take, and everybody who looks at it.

    What is public may be used in any thread, except where it says "loop".
    """

    def __init__(self) -> None:
        self.hub = Hub(self._wake, self._steered)
        self.runs = Runs(self._perform)
        self.browser = Browser()
        self.recorder: Any = None  # a tap with `attach`, `detach` and `state`, in every run
        self.live: Live | None = None
        self.job: Job | None = None
        self.on_take: Callable[[Take], None] = _ignored
        self.greet: Callable[[], list[dict[str, Any]]] = list  # more for those who come later
        self.on_enter: Callable[[], None] = _nothing  # another graph comes
        self.learner = Learner(self._control, self.tell, place_of)
        self.viewers: set[Viewer] = set()  # loop
        self.error: dict[str, Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._about: dict[str, Any] | None = None
        self._paths: list[Path] = []
        self._echo: Echo | None = None
        self.journal = Journal(self.tell)
        self._monitor = Monitor()
        self._waking = False
        self._signals = 0
        self._worker = ThreadPoolExecutor(1, "rt-take")

    @property
    def graph(self) -> Graph | None:
        """What is shown."""
        return self.job.graph if self.job else None

    @property
    def spec(self) -> dict[str, Any] | None:
        """The content of its file."""
        return self.job.spec if self.job else None

    @property
    def file(self) -> str | None:
        """The name of its file."""
        return self.job.file if self.job else None

    @property
    def take(self) -> str | None:
        """The name of the take that is shown."""
        return self.job.take if self.job else None

    def state(self) -> dict[str, Any]:
        """What `GET /api/state` says."""
        running = self.live is not None
        graph = self.graph
        about = {"graph": self.file, "name": graph.name if graph else None, "take": self.take}
        return {"running": running, **about, "studio": True, "error": self.error,
                "version": __version__}  # fmt: skip

    def first(
        self, spec: dict[str, Any], graph: Graph, taps: Iterable[Tap] = (), **options: Any
    ) -> int:
        """As `run_live`, seen by the page: the run that this process was started for."""
        stop = options.pop("stop", None)
        job = Job(graph, spec, graph.file or None, taps=list(taps), options=options)
        job.stop = stop or job.stop
        return self.runs.run(job, lambda: bool(self.viewers) and options.get("duration") is None)

    def play(self, graph: Graph, spec: dict[str, Any], take: str) -> None:
        """Run a graph that was built from a take."""
        self.runs.start(Job(graph, spec, None, take))

    def show(self, graph: Graph, spec: dict[str, Any], take: str) -> None:
        """Show a graph that does not run: its packets come from a take, by the hub."""
        self.runs.stop()
        self._enter(Job(graph, spec, None, take))

    def stop(self) -> None:
        """Back to no graph."""
        self.runs.stop()
        if self.job is not None:
            self._leave(0)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send a message to everybody."""
        self._call(self._broadcast, json_of(message))

    def log(self, message: dict[str, Any]) -> None:
        """Send a line of the log to everybody, and keep it for those who come later."""
        self.journal.add(message)

    async def serve(self, viewer: Viewer) -> None:
        """Let somebody look until it ends (loop); one too many is not let in."""
        for line in self._greeting():
            viewer.tell(line)
        self.viewers.add(viewer)
        try:
            await viewer.serve()
        finally:
            self.viewers.discard(viewer)

    @property
    def full(self) -> bool:
        """Whether no more viewers are let in."""
        return len(self.viewers) >= VIEWERS

    async def tick(self) -> None:
        """Tell meters, settings and monitors until it is cancelled (loop)."""
        self._loop = asyncio.get_running_loop()
        sent.look(self._monitor)
        try:
            for turn in range(2**62):
                await asyncio.sleep(TICK)
                if self.viewers:
                    self._tell_news(turn)
        finally:
            sent.look(None)
            self._loop = None

    def take_said(self, said: Take) -> None:
        """The page steers the take that is open; one such message after the other."""
        if self.take is None:
            raise PageError("no take is open", "Open one first.")
        self._worker.submit(self._taken, said)

    def close(self) -> None:
        """The server ends."""
        self.learner.close()
        self._worker.shutdown(wait=False, cancel_futures=True)

    def begins(self, live: Live) -> None:
        """The graph is going to start."""
        self.live = live
        self.journal.begin()

    def fails(self, error: NodeError) -> None:
        """The graph ends with an error."""
        self.error = told(error)
        self.journal.cause(self.error)

    def ends(self, code: int, signals: int) -> None:
        """The graph has ended."""
        self._signals = signals
        self.journal.end()

    def _taken(self, said: Take) -> None:
        try:
            self.on_take(said)
        except (PageError, GraphError) as error:
            self.tell(told(error))

    def _control(self, node: str, name: str, *values: Any) -> None:
        if (live := self.live) is not None:
            live.control(node, name, *values)

    def _perform(self, job: Job) -> tuple[int, bool]:
        self._enter(job)
        taps: list[Tap] = [self.hub, *([self.recorder] if self.recorder else []), *job.taps]
        if self.recorder:
            self.recorder.attach(job.graph, job.spec)
        code = 1
        try:
            code = run_live(job.graph, taps, stop=job.stop, onlooker=self, **job.options)
            return code, self._signals > 0
        finally:
            if self.recorder:
                self.recorder.detach()
            self._leave(code)

    def _enter(self, job: Job) -> None:
        self.on_enter()
        self.job, self.error, self._signals = job, None, 0
        self.hub.clear()
        self.learner.enter(job.graph, job.file)
        self._paths, self._echo = paths(job.graph), Echo(job.graph)
        self._about = {**describe(job.graph), "take": job.take}
        self._call(self._changed, json_of(self._about))

    def _leave(self, code: int) -> None:
        self.live = self.job = self._about = self._echo = None
        self.learner.enter(None, None)
        self._call(self._changed, json_of({"is": "ended", "code": code}))

    def _greeting(self) -> list[str]:
        now = [self._about, self.learner.bindings()] if self._about else []
        recording = [self.recorder.state()] if self.recorder else []
        last = [self.error] if self.error else []
        more = [*now, *recording, *self.greet()]
        return [*map(json_of, more), *self.journal.lines(), *map(json_of, last)]

    def _tell_news(self, turn: int) -> None:
        now = time.monotonic()
        for viewer in [v for v in self.viewers if v.stalled(now)]:
            viewer.cut()
        live, echo = self.live, self._echo
        for message in echo.changes() if echo else []:
            self._broadcast(json_of(message))
        if live is not None and turn % 2:
            self._broadcast(json_of(stats_of(live, self._paths)))
        self._monitor.nodes = frozenset(node for v in self.viewers for node in v.monitors)
        for message in self._monitor.messages():
            line = json_of(message)
            for viewer in self.viewers:
                viewer.tell(line) if message["node"] in viewer.monitors else None

    def _changed(self, message: str) -> None:
        for viewer in self.viewers:
            viewer.forget()
        self._broadcast(message)

    def _broadcast(self, message: str) -> None:
        for viewer in self.viewers:
            viewer.tell(message)

    def _steered(self, packet: Packet) -> None:
        """A control is under way: tell what comes of it."""
        change: Control = packet.data
        if (echo := self._echo) is not None:
            echo.asked(change.node, change.name)

    def _wake(self) -> None:
        """Called by the engine's threads: an event came that somebody watches."""
        if not self._waking:
            self._waking = True
            self._call(self._woken)

    def _woken(self) -> None:
        self._waking = False
        for viewer in self.viewers:
            viewer.wake()

    def _call(self, call: Callable[..., None], *values: Any) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has just been closed
                loop.call_soon_threadsafe(call, *values)


def _ignored(said: Take) -> None:
    """There are no takes here."""


def _nothing() -> None:
    """Nobody wants to know."""
