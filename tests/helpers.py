"""Small nodes and sources for tests, and a look at what they did."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from rt_engine.core import (
    SECOND,
    Control,
    Controls,
    Graph,
    Hold,
    Input,
    Kind,
    Knob,
    Live,
    Node,
    NodeError,
    Output,
    Packet,
    Replay,
    Source,
    action,
)
from rt_engine.kinds import Audio

JOURNAL: list[str] = []


class Numbers(Kind, frozen=True):
    """Integers, one a packet."""

    payload = int
    rate: int = 0


class Words(Kind, frozen=True):
    """Text."""

    payload = str


class Diary:
    """Writes the life cycle down."""

    name: str
    file: str = ""  # a line for each step also goes there: it survives the process

    def note(self, what: str) -> None:
        JOURNAL.append(f"{what} {self.name}")
        if self.file:
            with open(self.file, "a") as diary:
                diary.write(f"{what} {self.name}\n")
                diary.flush()
                os.fsync(diary.fileno())

    def open(self) -> None:
        self.note("open")

    def reset(self) -> None:
        self.note("reset")

    def close(self) -> None:
        self.note("close")


class Count(Diary, Source):
    """0, 1, ... `n` - 1, one every `every` seconds; 0: as fast as they are taken."""

    out = Output(Numbers)
    n: int = 100
    every: float = 0.0
    rate: int = 0
    file: str = ""
    fail_at: int = -1

    def plan(self) -> None:
        self.out.format = Numbers(rate=self.rate)
        self.i = 0

    def reset(self) -> None:
        super().reset()
        self.start: int | None = None

    def read(self) -> bool:
        if self.start is None:
            self.start, self.first = self.clock.now(), self.i
        if self.i == self.fail_at:
            self.fail_at = -1
            raise OSError("cable pulled")
        due = self.start + round((self.i - self.first + 1) * self.every * SECOND)
        if self.i >= self.n or not self.clock.wait_until(due):
            return False
        self.i += 1
        self.out.emit(due, self.i - 1)
        return True


class Device(Count):
    """The same, but like a device: it never waits for the graph."""

    device = True


class Add(Diary, Node):
    """Adds `k` after `slow` seconds; raises at `fail_at`; `hang_at` never returns."""

    x = Input(Numbers)
    y = Output(Numbers)
    k: Annotated[int, Knob(ge=0, description="what is added")] = 1
    slow: float = 0.0
    fail_at: int = -1
    fail_in: str = ""
    hang_at: int = -1
    file: str = ""

    def plan(self) -> None:
        self.y.format = self.x.format

    def open(self) -> None:
        super().open()
        if self.fail_in == "open":
            raise OSError("no such thing")

    def close(self) -> None:
        super().close()
        if self.fail_in == "close":
            raise OSError("does not shut")

    def on_x(self, packet: Packet) -> None:
        if packet.data == self.fail_at:
            raise ZeroDivisionError("seven by nothing")
        if packet.data == self.hang_at:
            self.note("hangs")
            threading.Event().wait()
        if self.slow:
            time.sleep(self.slow)
        self.y.emit(packet.t, packet.data + self.k)


class Sink(Diary, Node):
    """Keeps what arrives, with a mark "reset" for each reset."""

    x = Input(Numbers)
    slow: float = 0.0
    file: str = ""

    def open(self) -> None:
        super().open()
        self.got: list[Packet | str] = []
        self.threads: set[int] = set()

    def reset(self) -> None:
        super().reset()
        self.got.append("reset")

    def on_x(self, packet: Packet) -> None:
        self.threads.add(threading.get_ident())
        if self.slow:
            time.sleep(self.slow)
        self.got.append(packet)


class Newest(Sink):
    """Wants only the newest."""

    x = Input(Numbers, keep="latest")


class Two(Node):
    """Two inputs; keeps (port, number) in order, and emits them."""

    a = Input(Numbers)
    b = Input(Numbers)
    y = Output(Numbers)

    def reset(self) -> None:
        self.got: list[tuple[str, int]] = []

    def on_a(self, packet: Packet) -> None:
        self.got.append(("a", packet.data))
        self.y.emit(packet.t, packet.data)

    def on_b(self, packet: Packet) -> None:
        self.got.append(("b", packet.data))
        self.y.emit(packet.t, packet.data)


class Knobs(Node):
    """All sorts of settings, one action, and a sum that depends on when they change."""

    x = Input(Numbers)
    gate = Hold(Numbers)
    y = Output(Numbers)
    gain: Annotated[float, Knob(ge=0, le=10, unit="dB", description="level")] = 1.0
    low: Annotated[int, Knob(ge=0, description="below `high`")] = 10
    high: Annotated[int, Meta(ge=1, description="fixed")] = 20
    need: str
    bpm: list[float] = [60.0, 200.0]
    nested: list[list[int]] = [[1]]

    def reset(self) -> None:
        self.taps: list[tuple[int, tuple[Any, ...]]] = []
        self.threads: set[int] = set()
        self.shift = 0

    def on_setting(self, name: str) -> None:
        self.threads.add(threading.get_ident())
        if self.low >= self.high:
            raise ValueError(f"low must be below {self.high}")

    def on_x(self, packet: Packet) -> None:
        self.threads.add(threading.get_ident())
        self.y.emit(packet.t, round(packet.data * self.gain) + self.shift)

    @action
    def tap(self, t: int, *values: int) -> None:
        self.taps.append((t, values))
        self.shift += sum(values)
        if sum(values) < 0:
            raise RuntimeError("negative tap")


class Dials(Source):
    """Turns a knob of node `to` every `every` seconds, `n` times."""

    controls = Output(Controls)
    to: str
    every: float = 0.003
    n: int = 10**9

    def reset(self) -> None:
        self.i = 0

    def read(self) -> bool:
        if self.i >= self.n or not self.clock.wait_until(
            self.clock.now() + round(self.every * SECOND)
        ):
            return False
        self.i += 1
        name, value = ("tap", 1) if self.i % 2 else ("gain", self.i % 10)
        self.controls.emit(self.clock.now(), Control(self.to, name, [value]))
        return True


class Speaks(Source):
    """Has two outputs of two kinds, and emits nothing."""

    numbers = Output(Numbers)
    words = Output(Words)
    more = Output(Words)

    def read(self) -> bool:
        return False


class Reads(Node):
    """Takes words, and asks for numbers at 100 Hz if they come."""

    words = Input(Words)
    numbers = Input(Numbers(rate=100), optional=True)

    def on_words(self, packet: Packet) -> None: ...

    def on_numbers(self, packet: Packet) -> None: ...


def chain(*nodes: Node, thread: bool | None = None) -> Graph:
    """A graph of nodes in a row, named by their class in lower case, then with a number."""
    graph = Graph("test")
    last: str | None = None
    for node in nodes:
        name = type(node).__name__.lower()
        name += str(len(graph.nodes)) if name in graph.nodes else ""
        graph.add(name, node, last, thread=thread)
        last = name
    return graph


def numbers(items: Iterable[Packet | str]) -> list[Any]:
    """The data of packets; marks stay."""
    return [item.data if isinstance(item, Packet) else item for item in items]


def failure(runner: Live | Replay) -> NodeError:
    """The NodeError that ends the run."""
    try:
        runner.run()
    except NodeError as error:
        return error
    raise AssertionError("it ended without an error")


class Gain(Node):
    """Sound times `gain`, plus `shift`: what it emits depends on when a control comes."""

    audio = Input(Audio)
    out = Output(Audio)
    gain: Annotated[float, Knob(ge=0, le=10, description="factor")] = 1.0
    slow: float = 0.0

    def plan(self) -> None:
        self.out.format = self.audio.format

    def reset(self) -> None:
        self.shift = 0.0

    def on_audio(self, packet: Packet) -> None:
        if self.slow:
            time.sleep(self.slow)
        self.out.emit(packet.t, packet.data * np.float32(self.gain) + np.float32(self.shift))

    @action
    def tap(self, t: int, value: int) -> None:
        self.shift += value
