"""The MIDI process: sends clock and notes on time, whatever the engine is busy with.

Started by `midi_link` as `python -m rt_engine.protocols.midi_process`, with its settings as
one JSON object on the command line. On its line to the engine come commands, one a row (times in
ns on the engine clock, which all processes of a machine share), and go answers:

    beat T PERIOD NUMBER POSITION METER    note T DURATION CHANNEL PITCH VELOCITY
    start | resume | stop | silence        set bend|jump|coast|offset VALUE
    midi HEX (a message, now)
    stats (answers: stats {"count": ..., "p50": ..., ...})

When the line closes, or on SIGTERM, it stops the clock, ends all notes and leaves.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from rt_engine.child import call_parent
from rt_engine.protocols.midi_clock import STOP, BeatTime, ClockSchedule
from rt_engine.protocols.midi_notes import NoteSchedule
from rt_engine.protocols.midi_out import MidiOut, open_out

__all__ = ["Player", "main"]

SPIN = 500_000  # ns before a deadline at which sleeping ends; wake-ups come up to 0.25 ms late
CLOCK_SETTINGS = "bend", "jump", "coast", "offset"
MCL_CURRENT = 1  # what is mapped now; of mlock(2)
PRIORITIES = 50, 20, 5  # real-time; below JACK's own threads (60 and more)


class Player:
    """Commands in, messages out on time."""

    def __init__(self, out: MidiOut, clock: ClockSchedule) -> None:
        self.out, self.clock, self.notes = out, clock, NoteSchedule()
        self._spin = 0 if out.ahead else SPIN

    def now(self) -> int:
        """The time for which messages are to be sent now."""
        return time.monotonic_ns() + self.out.ahead

    def command(self, line: str) -> str | None:
        """Do what `line` says; the answer, if there is one. ValueError: it says nothing."""
        word, *values = line.split()
        clock, now = self.clock, self.now()
        if word == "beat":
            clock.beat(BeatTime(*map(int, values)), now)
        elif word == "note":
            self.notes.note(*map(int, values))
        elif word == "set" and values[0] in CLOCK_SETTINGS:
            setattr(clock, values[0], float(values[1]))
        elif word in ("start", "resume", "stop"):
            getattr(clock, word)(now)
        elif word == "midi":
            self.out.send(bytes.fromhex(values[0]), now)
        elif word == "silence":
            self._send(self.notes.silence())
        elif word == "stats":
            return "stats " + json.dumps(self.stats())
        else:
            raise ValueError(f"unknown command {line!r}")
        return None

    def flush(self) -> float | None:
        """Send all that is due; seconds until more may be, None: only a command will tell."""
        while True:
            now = self.now()
            schedules = (self.notes, self.clock)
            events = [(event, s) for s in schedules if (event := s.next(now))]
            if not events:
                return None
            event, schedule = min(events, key=lambda pair: pair[0].due)
            if (left := event.due - now) > self._spin:
                return (left - self._spin) * 1e-9
            while self.now() < event.due:
                pass
            self.out.send(event.message, event.due)
            schedule.sent(self.now())

    def stats(self) -> dict[str, float]:
        """How late messages were sent, in ms, and how many notes came too late to be sent."""
        return {**self.out.lateness.summary(), "dropped": self.notes.dropped}

    def silence(self) -> None:
        """Stop the clock and end all notes, and wait until that is sent."""
        stop = [STOP] if self.clock.state == "playing" else []
        self._send(stop + self.notes.silence())
        time.sleep(2 * self.out.ahead * 1e-9 + 0.02)

    def _send(self, messages: list[bytes]) -> None:
        now = self.now()
        for message in messages:
            self.out.send(message, now)


def serve(player: Player, line: socket.socket, answer: Callable[[str], None]) -> None:
    """Work until the line closes; OSError when the port dies."""
    partial = b""
    watched: list[Any] = [line] if player.out.gone is None else [line, player.out.gone]
    while True:
        readable = select.select(watched, [], [], player.flush())[0]
        if player.out.gone in readable:
            raise OSError(player.out.loss)
        if line not in readable:
            continue
        try:
            read = line.recv(65536)
        except ConnectionError:
            return
        if not read:
            return
        *commands, partial = (partial + read).split(b"\n")
        for command in commands:
            if said := player.command(command.decode()):
                answer(said)


def realtime() -> str:
    """Ask for memory that stays and for real-time scheduling; what the system gave."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mlockall(MCL_CURRENT)
    for priority in PRIORITIES:
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
            return f"real-time priority {priority}"
    return "no real-time priority"


@contextlib.contextmanager
def opened(settings: dict[str, Any]) -> Iterator[Player]:
    """A player with the port and the clock of `settings`; at the end all is silent."""
    out = open_out(*(settings[key] for key in ("api", "client", "name", "to")))
    try:
        player = Player(out, ClockSchedule(**settings["clock"]))
        try:
            yield player
        finally:
            player.silence()
    finally:
        out.close()


Opening = Callable[[dict[str, Any]], contextlib.AbstractContextManager[Player]]


def main(settings: dict[str, Any], opening: Opening = opened) -> int:
    """Run until the engine lets go; 1 after an error, which is the last answer.

    `opening` makes the player: one of MIDI ports, unless another output is wanted.
    """
    line = call_parent()

    def answer(text: str) -> None:
        with contextlib.suppress(ConnectionError):
            line.sendall(f"{text}\n".encode())

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which then lets go
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    gc.disable()
    sys.setswitchinterval(0.0001)
    given = realtime()  # before the port opens: locking memory stops all threads for a while
    try:
        with opening(settings) as player:
            answer(f"ready {given}")
            serve(player, line, answer)
    except Exception as error:
        answer(f"error {error if isinstance(error, OSError) else repr(error)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
