"""Real devices without hardware for tests and benchmarks: a JACK server, an OSC receiver."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_numbers = itertools.count()


def need(*programs: str) -> None:
    """Skip the test, by name, where a program is missing."""
    import pytest  # here, because benchmarks use these rigs without it

    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")


def need_synthesiser() -> None:
    """Skip the test, by name, where FluidSynth or a sound font is missing."""
    import pytest

    from rt_engine.synth.fonts import find_font
    from rt_engine.synth.library import library

    try:
        library(), find_font()
    except OSError as error:
        pytest.skip(str(error))


def wait_for(condition: Callable[[], Any], timeout: float = 15.0) -> Any:
    """What `condition` returns once it is true; AssertionError after `timeout` s."""
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {timeout} s in vain"
        time.sleep(0.005)
    return found


def realtime_allowed() -> bool:
    """Whether the system gives real-time scheduling to us."""
    return subprocess.run(["chrt", "-f", "70", "true"], capture_output=True).returncode == 0


def sweep_registry() -> None:
    """Forget the servers that were killed: JACK registers 8 in all, and keeps dead ones.

    Nothing is touched while any server runs.
    """
    for name in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if name.read_text().strip() in ("jackd", "jackdmp"):
                return
    for path in Path("/dev/shm").glob("jack*"):
        with contextlib.suppress(OSError):
            path.unlink()


class JackServer:
    """A JACK server with the dummy driver, under a name of its own; a context manager.

    Inside, JACK_DEFAULT_SERVER names it, so that all clients started then find it.
    `stop()` kills it, `start()` brings one of the same name back. With `sync` the server waits
    for its clients in each cycle: where the machine stands still, a cycle is late, not lost.
    """

    def __init__(self, period: int = 128, rate: int = 48_000, sync: bool = False) -> None:
        self.name = f"rt{os.getpid()}-{next(_numbers)}"
        self.period, self.rate, self.sync = period, rate, sync
        self.realtime = realtime_allowed()
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the server)

    @property
    def log(self) -> list[str]:
        """What the server has said so far; a cycle that a client missed is an "XRun"."""
        self._log.seek(0)
        return self._log.read().splitlines()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        for _ in range(3):  # servers that start at the same moment can be in each other's way
            self._launch()
            try:
                wait_for(self.ports, 5)
                return
            except AssertionError:
                self.stop()
                sweep_registry()
        raise RuntimeError("jackd does not start: " + " / ".join(self.log))

    def _launch(self) -> None:
        schedule = ["-R", "-P", "70"] if self.realtime else ["-r"]
        schedule += ["-S"] if self.sync else []
        driver = ["-d", "dummy", "-r", str(self.rate), "-p", str(self.period)]
        self._process = subprocess.Popen(
            ["jackd", "-n", self.name, *schedule, *driver],
            env={**os.environ, "JACK_NO_AUDIO_RESERVATION": "1"},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def stop(self) -> None:
        """Kill the server: it vanishes, as a sound card does that is pulled out."""
        self._process.kill()
        self._process.wait()

    def ports(self) -> list[str]:
        """Names of all ports."""
        return _jack("jack_lsp", "-s", self.name).splitlines()

    def connect(self, source: str, destination: str) -> None:
        """Join two ports, once both are there."""
        wait_for(lambda: {source, destination} <= set(self.ports()))
        _jack("jack_connect", "-s", self.name, source, destination)

    def __enter__(self) -> JackServer:
        need("jackd", "jack_lsp", "jack_connect")
        self._before = os.environ.get("JACK_DEFAULT_SERVER")
        os.environ["JACK_DEFAULT_SERVER"] = self.name
        os.environ["JACK_NO_START_SERVER"] = "1"
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is None:
            del os.environ["JACK_DEFAULT_SERVER"]
        else:
            os.environ["JACK_DEFAULT_SERVER"] = self._before
        self._process.terminate()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self.stop()


class Output:
    """Lines that a program prints, with the engine times (ns) of their arrival."""

    def __init__(self, command: list[str]) -> None:
        self.lines: list[str] = []
        self.times: list[int] = []
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.times.append(time.monotonic_ns())
            self.lines.append(line.strip())

    def wait_for(self, part: str, timeout: float = 15.0) -> str:
        """The first line with `part` in it."""
        return wait_for(lambda: next((s for s in list(self.lines) if part in s), None), timeout)

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(3)
        self._reader.join(3)


class Ear:
    """What another JACK client plays: `onsets`, engine times (ns) at which a silence ended.

    `silent` says whether nothing sounds now. A context manager; `source` is an audio port.
    """

    QUIET, PAUSE = 3e-3, 0.03  # full scale, s

    def __init__(self, source: str, name: str = "ear") -> None:
        from rt_engine.protocols.jack import IS_INPUT, JackClient

        ear = self
        self.onsets: list[int] = []
        self.peak = 0.0
        self.last = 0  # ns of the last sample that was not silent
        self._until = 0  # ns to which it has listened
        self._source, self._flag = source.encode(), IS_INPUT

        class Client(JackClient):
            def process(self, frames: int) -> None:
                ear._hear(self.start(), frames)

        self._client: Any = Client(name)

    @property
    def silent(self) -> bool:
        return self._until - self.last > self.PAUSE * 1e9

    def __enter__(self) -> Ear:
        jack, client = self._client.jack, self._client.client
        kind = b"32 bit float mono audio"
        self._port = jack.jack_port_register(client, b"in", kind, self._flag, 0)
        self._client.activate()
        self.connect()
        return self

    def connect(self) -> None:
        """Listen to the source, once it is there."""
        jack, client = self._client.jack, self._client.client
        mine = jack.jack_port_name(self._port)
        wait_for(lambda: jack.jack_connect(client, self._source, mine) in (0, 17), 15)

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _hear(self, start: int, frames: int) -> None:
        import ctypes

        import numpy as np

        place = self._client.jack.jack_port_get_buffer(self._port, frames)
        block = np.abs(np.ctypeslib.as_array((ctypes.c_float * frames).from_address(place)))
        self.peak = max(self.peak, float(block.max()))
        for frame in np.flatnonzero(block > self.QUIET):
            t = start + int(frame) * 1_000_000_000 // self._client.rate
            if t - self.last > self.PAUSE * 1e9:
                self.onsets.append(t)
            self.last = t
        self._until = start + frames * 1_000_000_000 // self._client.rate


class OscDump(Output):
    """liblo's `oscdump` on a free UDP port: shows the time tag, address, type tags, arguments."""

    def __init__(self) -> None:
        need("oscdump")
        self.port = free_udp_port()
        super().__init__(["oscdump", "-L", str(self.port)])
        wait_for(lambda: udp_port_taken(self.port))

    @property
    def messages(self) -> list[tuple[str, str, list[str]]]:
        """Address, type tags and arguments of each message so far."""
        found = []
        for line in list(self.lines):
            _, address, *rest = line.split()
            found.append((address, rest[0] if rest else "", rest[1:]))
        return found


class MidiDump(Output):
    """`jack_midi_dump -a`: the bytes that arrive at JACK port "NAME:input", with their frames."""

    def __init__(self, name: str = "dump") -> None:
        need("jack_midi_dump", "stdbuf")
        super().__init__(["stdbuf", "-oL", "jack_midi_dump", "-a", name])

    @property
    def events(self) -> list[tuple[int, bytes]]:
        """Frame (from the start of the program) and bytes of each message so far."""
        found = []
        for line in list(self.lines):
            frame, _, rest = line.partition(":")
            words = itertools.takewhile(lambda word: len(word) == 2, rest.split())
            found.append((int(frame), bytes.fromhex("".join(words))))
        return found


def free_udp_port() -> int:
    """A UDP port of this machine that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def udp_port_taken(port: int) -> bool:
    """Whether somebody listens on a UDP port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return True
    return False


def _jack(*command: str) -> str:
    """What a JACK tool prints; nothing where it finds no server, or one that does not answer."""
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=3)
    except subprocess.TimeoutExpired:
        return ""
    return found.stdout if found.returncode == 0 else ""
