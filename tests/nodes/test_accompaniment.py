import logging

import numpy as np
import pytest

from rt_engine.accompaniment.harmony import parse_chord, parse_key
from rt_engine.accompaniment.tokens import RANGES
from rt_engine.core import SECOND, Packet, collect
from rt_engine.drums.bar import empty
from rt_engine.kinds import Beat, Beats, DrumBar, DrumBars
from rt_engine.nodes.accompaniment import Player, beats_of
from rt_engine.nodes.drums import Drummer

BPM = 120.0
PERIOD = SECOND // 2
START = 3 * SECOND


def drums(steps=16, silent=False):
    bar = empty(steps)
    if not silent:
        bar.hits[0::4, 0] = bar.hits[0::2, 2] = True
        bar.velocities[bar.hits] = 0.8
    return bar


def bar_packet(k, steps=16, silent=False, t=None, period=0.5):
    made = drums(steps, silent)
    told = DrumBar(k, period, made.hits, made.velocities, made.offsets, "pattern")
    return Packet(START + 4 * k * PERIOD if t is None else t, told, k)


def beat_packet(k, t=None, period=0.5, meter=4):
    told = Beat(k, k % 4 + 1, meter, 60 / period, period, 1.0)
    return Packet(START + k * PERIOD if t is None else t, told, k)


class Show:
    """A player with its notes, bars told one bar ahead of the beats."""

    def __init__(self, **settings):
        self.player = Player(**{"model": "", "progression": "Am F C G", **settings})
        self.out = collect(self.player, bars=DrumBars(), beats=Beats())["notes"]

    def play(self, bars=4, beats=None, first=0):
        self.player.on_beats(beat_packet(4 * first - 1))
        for k in range(first, first + bars):
            self.player.on_bars(bar_packet(k))
            for beat in range(4 * k, 4 * k + 4):
                self.player.on_beats(beat_packet(beat))
        for beat in range(4 * (first + bars), 4 * (first + bars) + (beats or 0)):
            self.player.on_beats(beat_packet(beat))
        return self.out

    def places(self):
        """Beats after the start, of each note."""
        return [(packet.t - START) / PERIOD for packet in self.out]


def test_chords_come_one_a_bar_and_go_round():
    show = Show()
    show.play(8)
    for place, packet in zip(show.places(), show.out, strict=True):
        chord = parse_chord(("Am", "F", "C", "G")[int(place // 4) % 4])
        assert chord.tones[packet.data.pitch % 12]
    assert len(show.out) > 40


def test_every_note_ends_within_its_bar():
    show = Show(density=0.9)
    show.play(4)
    for place, packet in zip(show.places(), show.out, strict=True):
        assert packet.data.duration > 0
        assert place % 4 + packet.data.duration / 0.5 <= 4 + 1e-6


def test_notes_leave_before_they_are_due_in_order():
    show, ahead = Show(density=0.9), []
    show.player.on_beats(beat_packet(-1))
    show.player.on_bars(bar_packet(0))
    for k in range(4):
        before = len(show.out)
        show.player.on_beats(beat_packet(k))
        ahead += [p.t - (START + k * PERIOD) for p in show.out[before:]]
    assert min(ahead) >= PERIOD  # a beat is left to write the next bar in
    times = [p.t for p in show.out]
    assert times == sorted(times)


def test_when_the_tempo_falls_the_notes_fall_with_it():
    show = Show(instrument="bass", density=0.9)
    show.player.on_beats(beat_packet(-1))
    t, beats = START, []
    for k in range(12):
        if k % 4 == 0:
            show.player.on_bars(bar_packet(k // 4, t=t))
        beats.append(t)
        show.player.on_beats(beat_packet(k, t=t, period=0.5 + 0.01 * k))
        t += round((0.5 + 0.01 * (k + 1)) * SECOND)
    found = np.array([p.t for p in show.out])
    for beat in beats[2:]:
        assert np.abs(found - beat).min() < 0.03 * SECOND


def test_without_beats_the_bars_own_tempo_counts():
    player = Player(model="", progression="Am", instrument="bass")
    out = collect(player, bars=DrumBars())["notes"]
    player.on_bars(bar_packet(0, period=0.4))
    assert [p.t - START for p in out] == [round(0.4 * k * SECOND) for k in range(4)]


def test_when_the_drums_end_a_long_chord_ends_it_on_the_downbeat():
    show = Show()
    show.play(2, beats=6)
    last = [p for p, place in zip(show.out, show.places(), strict=True) if place >= 8]
    assert {(p.t - START) / PERIOD for p in last} == {8.0}
    assert {p.data.duration for p in last} == {2.0}
    assert len(last) == 3


def test_a_silent_bar_is_the_end_and_drums_begin_again():
    show = Show()
    show.play(2)
    show.player.on_bars(bar_packet(2, silent=True))
    show.player.on_bars(bar_packet(3, silent=True))
    for k in range(8, 16):
        show.player.on_beats(beat_packet(k))
    last = [p for p, place in zip(show.out, show.places(), strict=True) if place >= 8]
    assert {(p.t - START) / PERIOD for p in last} == {8.0}
    before = len(show.out)
    show.play(2, first=5)
    assert len(show.out) > before + 5


def test_silent_bars_alone_play_nothing():
    show = Show()
    for k in range(4):
        show.player.on_bars(bar_packet(k, silent=True))
        show.player.on_beats(beat_packet(4 * k))
    assert show.out == []


def test_panic_forgets_what_is_planned():
    show = Show(density=0.9)
    show.player.on_beats(beat_packet(-1))
    show.player.on_bars(bar_packet(0))
    show.player.control(0, "panic", [])
    before = len(show.out)
    for k in range(12):
        show.player.on_beats(beat_packet(k))
    assert len(show.out) == before


def test_mute_is_silent_and_the_bars_go_on():
    show = Show()
    show.play(1)
    before = len(show.out)
    show.player.control(0, "mute", [True])
    show.play(1, first=1)
    assert len(show.out) == before
    show.player.control(0, "mute", [False])
    show.play(1, first=2)
    bar = [p for p, place in zip(show.out, show.places(), strict=True) if 8 <= place < 12]
    assert all(parse_chord("C").tones[p.data.pitch % 12] for p in bar) and bar


def test_live_settings_do_what_they_say():
    def notes(*settings, bars=2, **more):
        show = Show(**more)
        for name, value in settings:
            show.player.control(0, name, [value])
        return [p.data for p in show.play(bars)]

    assert {n.channel for n in notes(("channel", 7))} == {7}
    low, high = RANGES["bass"]
    assert all(low <= n.pitch <= high for n in notes(("instrument", "bass")))
    soft, loud = (np.mean([n.velocity for n in notes(("intensity", x))]) for x in (0.1, 0.9))
    assert soft < 0.6 * loud
    assert len(notes(("density", 0.1))) < len(notes(("density", 0.9)))
    assert {n.pitch % 12 for n in notes(("progression", "D"))} == {2, 6, 9}


def test_an_auto_progression_keeps_to_the_key_goes_round_and_is_renewed():
    show = Show(progression="auto", key="A minor")
    show.play(8)

    def bar(k):
        pairs = zip(show.places(), show.out, strict=True)
        return sorted({p.data.pitch % 12 for place, p in pairs if 4 * k <= place < 4 * k + 4})

    assert all(parse_key("A minor").tones[bar(k)].all() for k in range(8))
    assert [bar(k) for k in range(4)] == [bar(k) for k in range(4, 8)]
    found = set()
    for k in range(2, 14):
        show.player.control(0, "new_progression", [])
        show.play(4, first=4 * k)
        found.add(str([bar(4 * k + j) for j in range(4)]))
    assert len(found) > 1


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [("key", "H moll", "'A minor'"), ("progression", "Am Q", "chords are written like"),
     ("instrument", "banjo", "instrument"), ("density", 2, "density"), ("top_k", 0, "top_k")],
)  # fmt: skip
def test_a_wrong_setting_is_refused_and_the_old_one_stays(name, value, remedy):
    show = Show()
    before = getattr(show.player, name)
    with pytest.raises(ValueError, match=remedy):
        show.player.control(0, name, [value])
    assert getattr(show.player, name) == before
    show.play(1)
    assert show.out


@pytest.mark.parametrize(("name", "value"), [("key", "X"), ("progression", "Am,,Q")])
def test_a_wrong_setting_is_refused_before_the_graph_starts(name, value):
    with pytest.raises(ValueError, match=value[-1]):
        collect(Player(**{name: value}), bars=DrumBars())


def test_a_model_that_is_not_there_is_said_once_and_patterns_play(caplog):
    with caplog.at_level(logging.WARNING):
        show = Show(model="nothing")
        show.play(4)
    assert len(caplog.records) == 1
    assert "nothing_drums" in caplog.text
    assert show.out


@pytest.mark.parametrize(("steps", "meter", "beats"), [
    (16, 4, 4), (12, 3, 3), (12, 2, 2), (12, 0, 3), (16, 0, 4), (8, 4, 2), (20, 5, 5),
])  # fmt: skip
def test_beats_of_a_bar(steps, meter, beats):
    assert beats_of(steps, meter) == beats


def test_a_bar_of_two_dotted_beats_is_laid_over_them():
    show = Show(instrument="guitar", density=0.4, progression="Am")
    show.player.on_beats(beat_packet(-1, meter=2))
    show.player.on_bars(bar_packet(0, steps=12, t=START))
    for k in range(2):
        show.player.on_beats(beat_packet(k, meter=2))
    assert sorted({round(place, 3) for place in show.places()}) == [0.0, 0.667, 1.333]


class TestModel:
    """With the exported model."""

    @pytest.fixture(autouse=True)
    def _runtime(self):
        pytest.importorskip("onnxruntime")

    def test_it_plays_in_key_and_ends_every_note(self):
        show = Show(model="accompaniment", progression="auto", key="D minor", density=0.9)
        show.play(3)
        assert len(show.out) > 20
        for place, packet in zip(show.places(), show.out, strict=True):
            assert parse_key("D minor").tones[packet.data.pitch % 12]
            assert place % 4 + packet.data.duration / 0.5 <= 4 + 1e-6

    def test_the_same_packets_give_the_same_notes(self):
        one, two = (Show(model="accompaniment", progression="auto") for _ in range(2))
        assert one.play(2) == two.play(2)

    def test_a_late_bar_is_a_pattern_and_that_is_said_once(self, caplog):
        show = Show(model="accompaniment")
        show.player.on_beats(beat_packet(-1))
        with caplog.at_level(logging.WARNING):
            for k in range(3):
                show.player.clock.t = START + 4 * k * PERIOD - SECOND // 100
                show.player.on_bars(bar_packet(k))
                show.player.on_beats(beat_packet(4 * k))
        assert [r.levelname for r in caplog.records] == ["WARNING"]
        assert "not written in time" in caplog.text
        for place, packet in zip(show.places(), show.out, strict=True):
            chord = parse_chord(("Am", "F", "C")[int(place // 4)])
            assert chord.tones[packet.data.pitch % 12]
        assert len(show.out) > 8

    def test_a_first_bar_that_is_told_as_it_begins_is_a_pattern_and_no_fault(self, caplog):
        show, plain = Show(model="accompaniment", density=0.9), Show(density=0.9)
        with caplog.at_level(logging.WARNING):
            for each in (show, plain):
                each.player.on_beats(beat_packet(-1))
                each.player.clock.t = START - SECOND // 100
                each.player.on_bars(bar_packet(0))
                each.player.on_beats(beat_packet(0))
                each.player.clock.t = START + 2 * PERIOD
                each.player.on_bars(bar_packet(1))
                for beat in range(1, 8):
                    each.player.on_beats(beat_packet(beat))
        assert caplog.records == []
        first = [[p for p in x.out if p.t < START + 4 * PERIOD] for x in (show, plain)]
        assert first[0] == first[1] and first[0]
        assert show.out != plain.out  # the second bar is the model's

    def test_a_first_bar_that_was_told_early_and_is_late_all_the_same_is_said(self, caplog):
        show = Show(model="accompaniment")

        class Slow:
            t = START - 2 * SECOND

            def now(self):
                Slow.t += SECOND
                return Slow.t

        show.player.clock = Slow()
        with caplog.at_level(logging.WARNING):
            show.player.on_bars(bar_packet(0))
        assert "not written in time" in caplog.text

    def test_notes_that_are_long_past_are_left_out(self):
        show = Show(model="accompaniment", density=1.0)
        show.player.on_beats(beat_packet(-1))
        show.player.clock.t = START + 2 * PERIOD
        show.player.on_bars(bar_packet(0))
        assert show.out == []

    def test_a_gap_forgets_the_song(self):
        show = Show(model="accompaniment", progression="auto")
        fresh = Show(model="accompaniment", progression="auto")
        show.play(1)
        show.player.reset()
        show.player.rng = np.random.default_rng(0)
        fresh.player.rng = np.random.default_rng(0)
        del show.out[:]
        show.player.notes.seq = 0
        assert show.play(2) == fresh.play(2)


def test_over_a_drummer_every_note_leaves_in_time_and_in_order():
    drummer = Drummer()
    told = collect(drummer, beats=Beats())["bars"]
    show, ahead, taken = Show(density=0.9), [], 0
    for k in range(24):
        now = START + k * PERIOD - 3 * SECOND // 10  # beats are told 0.3 s ahead
        drummer.clock.t = show.player.clock.t = now
        drummer.on_beats(beat_packet(k))
        before = len(show.out)
        for packet in told[taken:]:
            show.player.on_bars(packet)
        taken = len(told)
        show.player.on_beats(beat_packet(k))
        ahead += [packet.t - now for packet in show.out[before:]]
    assert taken >= 6
    assert min(ahead) >= 3 * SECOND // 10
    assert {int(place // 4) for place in show.places()} >= set(range(6))
    times = [packet.t for packet in show.out]
    assert times == sorted(times)
