"""The drummer and the writer of its bars in graphs: the same every time, and never stuck."""

from typing import Annotated

import numpy as np
import pytest
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import (
    SECOND,
    Control,
    Controls,
    Graph,
    Live,
    Output,
    Packet,
    Replay,
    Source,
    collect,
)
from rt_engine.drums.bar import empty
from rt_engine.drums.kit import DRUMS, NOTES
from rt_engine.nodes import drums, midi
from tests.rigs import wait_for

LEAD, TICK = SECOND * 3 // 10, SECOND // 20
CRASH, SNARE, KICK = 49, 38, 36


class Dance(Source):
    """Beats at 120 BPM told ahead, a tempo 20 times a second, now and then an accent; controls."""

    beats = Output(kinds.Beats)
    tempo = Output(kinds.Tempo)
    accents = Output(kinds.Onsets)
    motion = Output(kinds.Frames(size=1))
    controls = Output(Controls)
    seconds: float = 12.0
    leaves: float = 1e9
    turns: Annotated[list[list[object]], Meta(description="s, node, name, values...")] = []

    def reset(self):
        self.start, self.tick, self.number = self.clock.now(), 0, 0
        self.left = sorted(self.turns)

    def read(self):
        now = self.start + self.tick * TICK
        if not self.clock.wait_until(now) or self.tick * TICK > self.seconds * SECOND:
            return False
        here = self.tick * TICK < self.leaves * SECOND
        while self.left and self.left[0][0] * SECOND <= now - self.start:
            _, node, name, *values = self.left.pop(0)
            self.controls.emit(now, Control(node, name, values))
        due = self.start + SECOND + self.number * SECOND // 2
        if due - now <= LEAD and here:
            beat = kinds.Beat(self.number, self.number % 4 + 1, 4, 120.0, 0.5, 0.9)
            self.beats.emit(due, beat)
            self.number += 1
        if self.tick % 31 == 30 and here:
            self.accents.emit(now - TICK, kinds.Onset(0.9))
        self.motion.emit(now, np.array([0.5 if here else 0.0], np.float32))
        self.tempo.emit(now, kinds.TempoState(120.0, 0.5, 0.9, 0.0, 0, 4, here))
        self.tick += 1
        return True


class Scribe:
    """Writes rides where the rhythm is."""

    def __init__(self, fails_at=-1):
        self.count, self.fails_at = 0, fails_at

    def write(self, rhythm, past, temperature, rng):
        self.count += 1
        if self.count == self.fails_at:
            raise RuntimeError("no ink")
        bar = empty()
        bar.hits[rhythm > 0, 8] = True
        bar.velocities[bar.hits] = 0.5 + 0.1 * rng.random()
        return bar


def stage(writer=False, drummer=None, **dance):
    graph = Graph("stage")
    graph.add("dance", Dance(**dance))
    wires = {name: f"dance.{name}" for name in ("beats", "tempo", "accents", "motion")}
    if writer:
        graph.add("writer", drums.Writer(), {n: wires[n] for n in ("beats", "accents")})
        wires["written"] = "writer"
    graph.add("drums", drums.Drummer(**drummer or {}), wires)
    return graph


def played(graph, cost=None):
    """What the drummer emits in a replay: notes and bars, with their times."""
    found = {"notes": [], "bars": []}

    def tap(node, output, packet):
        if node == "drums" and packet is not None:
            found[output].append((packet.t, packet.data))

    replay = Replay(graph, taps=[tap], cost=cost)
    replay.run()
    return found


@pytest.fixture
def scribe(monkeypatch):
    made = Scribe()
    monkeypatch.setattr(drums, "_bar_writer", lambda: made)
    return made


def test_notes_are_those_of_the_kit_on_channel_10_and_short():
    notes = [note for _, note in played(stage())["notes"]]
    assert len(notes) > 50
    assert {n.pitch for n in notes} <= set(NOTES)
    assert {n.channel for n in notes} == {10}
    assert all(1 <= n.velocity <= 127 and 0.03 <= n.duration <= 0.1 for n in notes)


def test_replay_plays_the_same_bars_and_notes_to_the_nanosecond(scribe):
    settings = {"humanise": 1.0, "variation": 1.0, "fill_every": 2}
    first = played(stage(writer=True, drummer=settings))
    second = played(stage(writer=True, drummer=settings))
    assert first["notes"] == second["notes"]
    assert [t for t, _ in first["bars"]] == [t for t, _ in second["bars"]]
    assert len(first["bars"]) >= 5


def test_bars_of_the_writer_are_played_from_the_second_on(scribe, caplog):
    bars = played(stage(writer=True))["bars"]
    assert [bar.source for _, bar in bars] == ["pattern"] + ["model"] * (len(bars) - 1)
    assert bars[2][1].hits[:, 8].any()
    assert "pattern" not in caplog.text


def test_a_writer_within_its_time_is_never_late(scribe):
    bars = played(stage(writer=True), cost={"writer": 0.2})["bars"]
    assert {bar.source for _, bar in bars[1:]} == {"model"}


def test_where_the_writer_is_too_slow_patterns_are_played_and_that_is_said_once(scribe, caplog):
    found = played(stage(writer=True), cost={"writer": 1.9})
    assert {bar.source for _, bar in found["bars"]} == {"pattern"}
    assert caplog.text.count("no bar was written in time") == 1
    on_beats = {t for t, n in found["notes"] if n.pitch in (KICK, SNARE)}
    assert len(on_beats) >= 20


def test_where_the_writer_raises_the_groove_goes_on(scribe, caplog):
    scribe.fails_at = 2  # and never again
    found = played(stage(writer=True))
    assert caplog.text.count("no ink") == 1
    assert [bar.source for _, bar in found["bars"]][:4] == ["pattern", "model", "pattern", "model"]
    times = sorted({t for t, _ in found["notes"]})
    assert np.diff(times).max() < 0.6 * SECOND


def test_when_the_dancer_leaves_the_last_stroke_is_kick_and_crash_on_a_downbeat():
    notes = played(stage(leaves=5.1, seconds=16.0))["notes"]
    end = max(t for t, _ in notes)
    assert {n.pitch for t, n in notes if t == end} == {KICK, CRASH}
    assert (end - SECOND) % (2 * SECOND) == 0


def after(found, seconds):
    return [n for t, n in found["notes"] if t > seconds * SECOND]


@pytest.mark.parametrize(
    ("turn", "holds"),
    [
        (["mute", "snare"], lambda old, new: SNARE not in {n.pitch for n in new}),
        (["mute", "snare", "kick"], lambda old, new: not {SNARE, KICK} & {n.pitch for n in new}),
        (["toggle", "closed hi-hat"], lambda old, new: 42 not in {n.pitch for n in new}),
        (["density", 1.0], lambda old, new: len(new) > len(old)),
        (["intensity", 0.0], lambda old, new: mean(new) < 0.7 * mean(old)),
        (["stop"], lambda old, new: len(new) < 0.4 * len(old)),
        (["panic"], lambda old, new: len(new) <= 4),
        (["mode", "free"], lambda old, new: 0 < len(new) < 0.4 * len(old)),
        (["feel", "half"], lambda old, new: len(new) < len(old)),
        (["fill"], lambda old, new: CRASH in {n.pitch for n in new}),
    ],
)
def test_every_control_is_heard_while_it_plays(turn, holds):
    plain = played(stage())
    turned = played(stage(turns=[[6.0, "drums", *turn]]))
    assert [n for t, n in plain["notes"] if t < 6 * SECOND] == [
        n for t, n in turned["notes"] if t < 6 * SECOND
    ]
    assert holds(after(plain, 6.2), after(turned, 6.2))


def mean(notes):
    return np.mean([n.velocity for n in notes])


def test_a_drum_that_is_unknown_is_refused_with_the_names_there_are(caplog):
    graph = stage(turns=[[3.0, "drums", "mute", "cowbell"]])
    assert SNARE in {n.pitch for n in after(played(graph), 6)}
    assert "no drum 'cowbell'" in caplog.text
    assert all(name in caplog.text for name in DRUMS)
    with pytest.raises(ValueError, match="cowbell"):
        collect(drums.Drummer(mute=["cowbell"]), beats=kinds.Beats())


def test_steps_and_written_bars_exclude_each_other():
    node = drums.Drummer(write="step")
    with pytest.raises(ValueError, match="unwired"):
        collect(node, beats=kinds.Beats(), written=kinds.DrumBars())


def test_with_beats_alone_it_plays_too():
    node = drums.Drummer()
    out = collect(node, beats=kinds.Beats())
    for k in range(8):
        beat = kinds.Beat(k, 0, 0, 120.0, 0.5, 0.9)
        node.on_beats(Packet((20 + k) * SECOND // 2, beat, k))
    times = {round(p.t / SECOND * 2) / 2 for p in out["notes"]}
    assert times >= {10.0 + k / 2 for k in range(8)}


def test_after_a_gap_it_begins_anew():
    node = drums.Drummer(variation=0.0)
    out = collect(node, beats=kinds.Beats())
    for start in (10, 50):
        node.reset()
        for k in range(8):
            beat = kinds.Beat(k, k % 4 + 1, 4, 120.0, 0.5, 0.9)
            node.on_beats(Packet(start * SECOND + k * SECOND // 2, beat, k))
    assert [p.data.index for p in out["bars"]] == [0, 1, 2, 0, 1, 2]
    assert not [p for p in out["notes"] if 15 * SECOND < p.t < 49 * SECOND]


def test_a_gap_does_not_start_who_was_stopped():
    node = drums.Drummer()
    out = collect(node, beats=kinds.Beats())
    node.stop(0)
    node.reset()
    node.on_beats(Packet(SECOND, kinds.Beat(0, 1, 4, 120.0, 0.5, 0.9), 0))
    assert out["notes"] == []


# On real MIDI.


def hanging(dump):
    """Pitches that are still on."""
    on = set()
    for _, message in dump.events:
        if message[0] == 0x99 and message[2]:
            on.add(message[1])
        elif message[0] in (0x89, 0x99):
            on.discard(message[1])
        elif message[:2] == bytes([0xB9, 123]):
            on.clear()
    return on


@pytest.mark.jack
@pytest.mark.parametrize("end", ["stop", "panic"])
def test_no_note_hangs_whatever_the_end(dump, end):
    graph = stage(drummer={"density": 1.0})
    graph.add("midi", midi.Notes(port=dump.port, api="jack"), "drums.notes")
    with Live(graph) as live:
        wait_for(lambda: len(dump.events) > 12, 10)
        if end == "panic":
            for node in ("drums", "midi"):
                live.control(node, "panic")
            count = len(wait_for(lambda: hanging(dump) == set() and dump.events))
            live.clock.wait_until(live.clock.now() + SECOND)
            assert len(dump.events) <= count + 8
    wait_for(lambda: not hanging(dump))
    assert any(message[0] == 0x99 for _, message in dump.events)
