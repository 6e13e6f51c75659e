"""The synthesiser in running graphs, heard through a real JACK server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rt_engine import kinds
from rt_engine.core import SECOND, Graph, GraphError, Live, Output, Source
from rt_engine.kinds import Note
from rt_engine.nodes import synth as nodes
from rt_engine.nodes.synth import FluidSynth
from rt_engine.synth.fonts import FontError
from tests.rigs import Ear, JackServer, need, need_synthesiser, wait_for

pytestmark = pytest.mark.jack

ROOT = Path(__file__).parents[2]
LEFT = "synth:left"
CLICK = 33


class Player(Source):
    """A note every `every` s, announced 0.1 s ahead; `due` keeps their times."""

    notes = Output(kinds.Notes)
    every: float = 0.25
    pitch: int = CLICK
    channel: int = 10
    duration: float = 0.05

    def reset(self):
        self.due = []

    def read(self):
        now = self.clock.now()
        self.due = self.due or [now + SECOND // 2]
        if self.due[-1] - now < SECOND // 10:
            note = Note(self.pitch, 120, self.duration, self.channel)
            self.notes.emit(self.due[-1], note)
            self.due.append(self.due[-1] + round(self.every * SECOND))
        return self.clock.wait_until(min(self.due[-1] - SECOND // 10, now + SECOND // 50))


def graph(player=None, **settings):
    made = Graph()
    made.add("player", player or Player())
    made.add("synth", FluidSynth(reverb=0.0, **settings), "player")
    return made


def offsets(ear, due):
    """Sound after due time in ms, for each note that was heard."""
    near = [min(due, key=lambda d: abs(d - onset)) for onset in ear.onsets]
    return (np.array(ear.onsets) - np.array(near)) * 1e-6


def test_notes_sound_on_time_and_evenly(server, witness):
    need_synthesiser()

    def trial():
        made = graph()
        with Live(made), Ear(LEFT) as ear:
            wait_for(lambda: len(ear.onsets) >= 8, 10)
        late = offsets(ear, made.nodes["player"].due)
        assert 0 < np.median(late) < 15  # constant for a device
        assert np.median(np.abs(late - np.median(late))) < 2

    witness.judge(trial)


def test_the_built_in_voice_stands_in_and_one_warning_says_why(server, monkeypatch, caplog):
    def missing(path):
        raise FontError("no sound font: apt install fluid-soundfont-gm")

    monkeypatch.setattr(nodes, "find_font", missing)
    made = graph()
    with Live(made):
        source = wait_for(lambda: [p for p in server.ports() if p.startswith("PortAudio")], 10)[0]
        with Ear(source) as ear:
            wait_for(lambda: len(ear.onsets) >= 4, 10)
    assert caplog.text.count("fluid-soundfont-gm; the built-in voice plays") == 1


def test_panic_and_the_end_leave_no_note(server):
    need_synthesiser()
    organ = Player(every=30.0, pitch=60, channel=1, duration=60.0)
    with Live(graph(organ, programs={1: 19})) as live, Ear(LEFT) as ear:
        wait_for(lambda: ear.onsets and not ear.silent, 10)
        time.sleep(0.5)
        assert not ear.silent
        live.control("synth", "panic")
        wait_for(lambda: ear.silent, 5)


def test_a_program_is_an_action_and_wrong_ones_are_refused(server, caplog):
    need_synthesiser()
    flute = Player(every=30.0, pitch=72, channel=3, duration=60.0)
    with Live(graph(flute)) as live, Ear(LEFT) as ear:
        live.control("synth", "program", 17, 200)
        wait_for(lambda: "needed: channel 1 to 16, program 0 to 127" in caplog.text)
        live.control("synth", "program", 3, 73)
        live.control("synth", "gain_db", -12.0)
        wait_for(lambda: ear.onsets, 10)


def test_a_killed_synthesiser_comes_back_and_is_told_once(server, caplog):
    need_synthesiser()
    made = graph()
    with Live(made), Ear(LEFT) as ear:
        wait_for(lambda: ear.onsets, 10)
        os.kill(made.nodes["synth"]._link.pid, signal.SIGKILL)
        wait_for(lambda: "the synthesiser process has ended" in caplog.text)
        wait_for(lambda: LEFT not in server.ports(), 5)
        ear.connect()
        before = len(ear.onsets)
        wait_for(lambda: len(ear.onsets) >= before + 3, 10)
    assert caplog.text.count("has ended") == 1


def test_a_sound_server_that_dies_and_returns_is_found_again(caplog):
    need_synthesiser()
    with JackServer() as mortal, Live(graph()):
        wait_for(lambda: LEFT in mortal.ports(), 10)
        mortal.stop()
        wait_for(lambda: "takes no more samples" in caplog.text, 15)
        mortal.start()
        wait_for(lambda: LEFT in mortal.ports(), 15)
        with Ear(LEFT) as ear:
            wait_for(lambda: len(ear.onsets) >= 2, 10)


ENGINE = """
import sys
from rt_engine.core import Live
from tests.nodes.test_synth import Player, graph
live = Live(graph(Player(every=30.0, pitch=60, channel=1, duration=60.0), programs={1: 19}, **%r))
live.run()
"""


def engine(**settings):
    """The engine as a process, with an organ note that lasts a minute."""
    return subprocess.Popen(
        [sys.executable, "-c", ENGINE % settings], cwd=ROOT, env={**os.environ, "PYTHONPATH": "."}
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_engine_that_is_killed_leaves_no_sound(server, number):
    need_synthesiser()
    process = engine()
    with Ear(LEFT) as ear:
        wait_for(lambda: ear.onsets and not ear.silent, 15)
        process.send_signal(number)
        process.wait(5)
        wait_for(lambda: ear.silent, 5)
    wait_for(lambda: LEFT not in server.ports(), 5)


class Running:
    """A fluidsynth that somebody else runs: a JACK client with a MIDI port; `kill` ends it."""

    def __init__(self, server):
        need("fluidsynth")
        need_synthesiser()
        from rt_engine.synth.fonts import find_font

        self.server, self.font = server, str(find_font())
        self.start()

    def start(self):
        options = ["-a", "jack", "-m", "jack", "-r", "48000", "-o", "midi.jack.id=far"]
        options += ["-o", "audio.jack.id=far", "-R", "0"]
        self.process = subprocess.Popen(
            ["fluidsynth", *options, self.font],
            stdin=subprocess.PIPE,  # its shell waits there; a port of its own may be taken
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: self.port(), 10)

    def port(self):
        """Its MIDI port."""
        return next((p for p in self.server.ports() if p == "far:midi_00"), None)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def far(server):
    running = Running(server)
    yield running
    running.kill()


def test_a_synthesiser_that_runs_already_is_played_and_found_again(server, far, caplog):
    with Live(graph(port="far", programs={1: 19})), Ear("far:left") as ear:
        wait_for(lambda: len(ear.onsets) >= 2, 10)
        far.kill()
        wait_for(lambda: "has gone" in caplog.text, 10)
        far.start()
        ear.connect()
        before = len(ear.onsets)
        wait_for(lambda: len(ear.onsets) >= before + 3, 20)
    assert caplog.text.count("has gone") == 1


def test_an_engine_that_is_killed_ends_its_notes_in_a_synthesiser_that_lives_on(server, far):
    process = engine(port="far")
    with Ear("far:left") as ear:
        wait_for(lambda: ear.onsets and not ear.silent, 15)
        process.kill()
        process.wait(5)
        wait_for(lambda: ear.silent, 5)
    assert far.process.poll() is None


def test_what_is_missing_is_told_when_the_graph_is_built():
    with pytest.raises(GraphError, match=r"'synth'.*'nowhere\.sf2': no such file"):
        graph(voice="fluidsynth", soundfont="nowhere.sf2")
    with pytest.raises(ValueError, match="voice"):
        FluidSynth(voice="loud")
    with pytest.raises(ValueError, match="programs"):
        FluidSynth(programs={17: 0})
