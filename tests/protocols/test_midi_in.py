"""MIDI inputs that are not there; knobs and keys to changes of settings and actions."""

import os

import numpy as np
import pytest

from rt_engine.protocols.midi_in import Assignments, Change, NoMidiError, Stamps, open_in
from rt_engine.protocols.midi_out import open_out


def turned(entries, *messages, channel=0):
    made = Assignments(entries, channel)
    return [change for message in messages if (change := made.change(bytes(message)))]


def cc(number, value, channel=1):
    return 0xB0 | channel - 1, number, value


def test_a_knob_goes_from_0_to_1_or_between_two_numbers():
    assert turned({"cc 7": "drums.density"}, cc(7, 0), cc(7, 127)) == [
        Change("drums", "density", [0.0]),
        Change("drums", "density", [1.0]),
    ]
    found = turned({"cc 7": ["drums.count", 0, 4]}, *(cc(7, value) for value in range(128)))
    assert [change.values for change in found] == [[0], [1], [2], [3], [4]]
    (half,) = turned({"cc 7": ["x.y", -2.0, 2.0]}, cc(7, 64))
    assert half.values == [pytest.approx(-2 + 4 * 64 / 127)]


def test_what_is_no_number_is_switched_in_the_middle():
    messages = [cc(7, value) for value in (0, 30, 70, 127, 63)]
    found = turned({"cc 7": ["drums.lock", False, True]}, *messages)
    assert [change.values for change in found] == [[False], [True], [False]]


def test_keys_call_actions_and_set_while_they_are_held():
    entries = {"note 36": "drums.fill", "note 37": ["drums.feel", "double", "normal"]}
    on, off = (0x99, 36, 100), (0x89, 36, 0)
    assert turned(entries, on, off, on) == [Change("drums", "fill", [])] * 2
    held = turned(entries, (0x90, 37, 80), (0x90, 37, 0))  # velocity 0 is a note off
    assert [change.values for change in held] == [["double"], ["normal"]]


def test_buttons_are_controllers_that_are_pressed():
    found = turned({"button 64": ["drums.toggle", "snare"]}, cc(64, 127), cc(64, 0), cc(64, 127))
    assert found == [Change("drums", "toggle", ["snare"])] * 2


def test_other_messages_and_channels_change_nothing():
    entries = {"cc 7": "drums.density", "note 36": "drums.fill"}
    others = [(0xF8,), (0xC0, 7), (0xE0, 7, 7), (0xB0, 8, 1), (0x90, 40, 1)]
    assert turned(entries, *others) == []
    assert turned(entries, cc(7, 3, channel=2), channel=1) == []
    assert len(turned(entries, cc(7, 3, channel=2), channel=2)) == 1


def test_a_knob_goes_through_all_values_of_a_choice():
    entries = {"cc 7": ["a.mode", "low", "mid", "high"]}
    found = [change.values[0] for change in turned(entries, *(cc(7, v) for v in range(128)))]
    assert found == ["low", "mid", "high"]  # 0 to 42, 43 to 85, 86 to 127


@pytest.mark.parametrize(
    ("key", "entry", "says"),
    [
        ("knob 7", "a.b", "'knob 7': expected 'cc N'"),
        ("cc 128", "a.b", "0 to 127"),
        ("cc 7", "density", "'density' is no 'node.setting'"),
        ("cc 7", [], "no 'node.setting'"),
        ("cc 7", ["a.b", 1], "1 values behind 'a.b', expected 0, 2 or more"),
        ("note 7", ["a.b", 1, 2, 3], "3 values behind 'a.b', expected 0, 1 or 2"),
    ],
)
def test_a_wrong_entry_is_named(key, entry, says):
    with pytest.raises(ValueError, match=says):
        Assignments({key: entry})


def test_times_are_those_of_the_messages_however_late_they_are_asked_for():
    stamps, rng = Stamps(), np.random.default_rng(3)
    true = np.arange(200) * 20_000_000 + 5_000_000_000
    late = rng.integers(0, 60_000_000, 200)  # a machine that stands still
    asked = np.maximum.accumulate(true + late)
    gaps = np.diff(true, prepend=true[0]) / 1e9
    found = np.array([stamps.step(int(n), gap) for n, gap in zip(asked, gaps, strict=True)])
    assert np.all(found >= true)  # never before it came
    assert np.all(found <= asked)
    assert np.abs(found - true)[50:].max() < 6_000_000  # a tenth


def test_a_clock_of_theirs_that_drifts_is_followed():
    stamps = Stamps()
    true = np.arange(0, 600 * 10**9, 10**9)
    for t in true:
        found = stamps.step(int(t), 1.0 - 1e-4)  # theirs is slow by 100 ppm
    assert abs(found - true[-1]) < 1_000_000


@pytest.fixture
def _no_midi(monkeypatch):
    rtmidi = pytest.importorskip("rtmidi")

    def refuse(api, client):
        os.write(2, b"ALSA lib seq_hw.c: open /dev/snd/seq failed\n")
        raise rtmidi.SystemError("no sequencer")

    monkeypatch.setattr(rtmidi, "MidiIn", refuse)
    monkeypatch.setattr(rtmidi, "MidiOut", refuse)


@pytest.mark.usefixtures("_no_midi")
def test_where_no_midi_works_that_is_said_and_libraries_print_nothing(capfd):
    import rtmidi

    api = rtmidi.get_api_name(rtmidi.get_compiled_api()[0])
    with pytest.raises(NoMidiError, match="does not work here: no sequencer"):
        open_in("", "us", "in", "")
    with pytest.raises(OSError, match="does not work here: no sequencer"):
        open_out(f"rtmidi-{api}", "us", "out", "")
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("_no_midi")
def test_an_api_that_was_asked_for_must_work():
    import rtmidi

    with pytest.raises(OSError, match="no sequencer") as caught:
        open_in(rtmidi.get_api_name(rtmidi.get_compiled_api()[0]), "us", "in", "")
    assert not isinstance(caught.value, NoMidiError)
