import sys

import numpy as np
import pytest

from rt_engine.core import SECOND, Packet, collect
from rt_engine.extras import MissingExtra
from rt_engine.kinds import Audio, Beat, Beats, Frames
from rt_engine.nodes import rhythm
from rt_engine.signal.onset import OnsetStrength

RATE, HOP = 22050, 220
FORMAT = Frames(rate=RATE / HOP, size=5, content="onset strength")
START = 7 * SECOND  # the stream begins somewhere on the engine clock


def clicks(bpm=120.0, seconds=16.0):
    """A metronome over a faint noise, float32."""
    sound = 1e-4 * np.random.default_rng(0).standard_normal(int(seconds * RATE))
    k = np.arange(400)
    for beat in np.arange(0.5, seconds - 0.1, 60 / bpm):
        start = round(beat * RATE)
        sound[start : start + 400] += np.sin(2 * np.pi * 1000 * k / RATE) * np.exp(-k / 100)
    return sound.astype(np.float32)


def drums(bpm=120.0, seconds=16.0):
    """Decaying bursts of noise on every beat, with more low end than a click, float32."""
    rng = np.random.default_rng(0)
    sound = 1e-3 * rng.standard_normal(int(seconds * RATE))
    fall = np.exp(-np.arange(3000) / 600)
    for beat in np.arange(0.5, seconds - 0.2, 60 / bpm):
        start = round(beat * RATE)
        sound[start : start + 3000] += 0.2 * fall * np.cumsum(rng.standard_normal(3000)) / 10
    return sound.astype(np.float32)


def packets(sound):
    onset = OnsetStrength(RATE, hop=HOP)
    rows = onset.process(sound)
    times = START + onset.times * SECOND // RATE
    return [Packet(int(t), row, k) for k, (t, row) in enumerate(zip(times, rows, strict=True))]


@pytest.fixture(scope="module")
def heard():
    return packets(clicks())


def follow(node, heard, until=1e9):
    out = collect(node, onset=FORMAT)
    for packet in heard:
        if packet.t < until * SECOND + START:
            node.on_onset(packet)
    return out


def off_grid(packet, bpm=120.0):
    """Seconds from a packet to the nearest click."""
    period = 60 / bpm
    return (packet.t / SECOND - START / SECOND - 0.5 + period / 2) % period - period / 2


def test_beats_are_due_at_the_clicks_and_leave_ahead(heard):
    node = rhythm.BeatTracker(lead=0.12)
    out = collect(node, onset=FORMAT)
    ahead = []
    for packet in heard:
        before = len(out["beats"])
        node.on_onset(packet)
        ahead += [(beat.t - packet.t) / SECOND for beat in out["beats"][before:]]
    late = [beat for beat in out["beats"] if beat.t > START + 6 * SECOND]
    assert len(late) >= 18
    assert max(abs(off_grid(beat)) for beat in late) < 0.02
    assert 0.1 < min(ahead[8:]) <= max(ahead) <= 0.12
    assert all(beat.data.bpm == pytest.approx(120, rel=0.02) for beat in late)
    assert {beat.data.position for beat in late} == {1, 2, 3, 4}


def test_tempo_is_sent_twenty_times_a_second_with_a_running_phase(heard):
    out = follow(rhythm.BeatTracker(), heard)
    rates = 1 / np.diff([packet.t / SECOND for packet in out["tempo"]])
    assert 15 < rates.min() <= rates.max() < 25
    last = [packet for packet in out["tempo"] if packet.t > START + 10 * SECOND]
    assert all(state.data.playing and state.data.confidence > 0.6 for state in last)
    phases = np.array([off_grid(packet) / 0.5 % 1 - packet.data.phase for packet in last])
    assert np.abs((phases + 0.5) % 1 - 0.5).max() < 0.05


def test_the_coming_beat_is_told_when_it_moves_and_at_most_ten_times_a_second(heard):
    node = rhythm.BeatTracker()
    out = collect(node, onset=FORMAT)
    told = []
    for packet in heard:
        before = len(out["next"])
        node.on_onset(packet)
        told += [(packet.t, beat.t) for beat in out["next"][before:]]
    times = np.array([now for now, _ in told]) / SECOND
    assert np.diff(times).min() >= 0.1
    assert all(due > now for now, due in told)
    assert np.abs(np.diff([due for _, due in told])).min() >= SECOND // 200
    late = [due for now, due in told if now > START + 8 * SECOND]
    assert 10 < len(late) < 40


def test_the_activation_is_one_number_a_frame_between_0_and_1(heard):
    node = rhythm.BeatTracker()
    out = follow(node, heard)
    values = np.concatenate([packet.data for packet in out["activation"]])
    assert [packet.t for packet in out["activation"]] == [packet.t for packet in heard]
    assert 0 <= values.min() < 0.1
    assert 0.5 < values.max() <= 1
    assert node.activation.format == Frames(rate=FORMAT.rate, size=1, content="activation")


LEARNED = Frames(50.0, 2, "beat, downbeat")
ACCENTS = Frames(50.0, 5, "onset strength")


def learned(seconds=16):
    """Frames of a model that hears beats at 120 BPM, and their accents, 20 ms apart."""
    rows, accents = np.full((seconds * 50, 2), 0.02), np.full((seconds * 50, 5), 0.05)
    for k, beat in enumerate(np.arange(0.5, seconds - 0.1, 0.5)):
        rows[round(beat * 50), int(k % 4 == 0)] = 0.7
        accents[round(beat * 50)] += 1.0
    return stamped(rows), stamped(accents)


def stamped(rows):
    """Rows as packets, 50 a second."""
    return [
        Packet(START + k * SECOND // 50, row.astype(np.float32), k) for k, row in enumerate(rows)
    ]


@pytest.mark.parametrize("behind", [-2, 0, 3])
def test_a_model_and_accents_are_joined_by_time_whichever_comes_first(behind):
    node = rhythm.BeatTracker(meters=[2, 3, 4])
    out = collect(node, onset=LEARNED, accents=ACCENTS)
    beats, accents = learned()
    arrivals = [(packet.seq + behind, node.on_onset, packet) for packet in beats]
    arrivals += [(packet.seq, node.on_accents, packet) for packet in accents]
    for _, take, packet in sorted(arrivals, key=lambda arrival: arrival[0]):
        take(packet)
    late_beats = [beat for beat in out["beats"] if beat.t > START + 6 * SECOND]
    assert len(late_beats) >= 17
    assert max(abs(off_grid(beat)) for beat in late_beats) < 0.03
    assert {beat.data.position for beat in late_beats} == {1, 2, 3, 4}


PLACE = Frames(50.0, 8, "place in the bar")


def alike(first, seconds=16):
    """Frames of a model whose beats are all alike, and the place in bars from beat `first` on."""
    rows, places = np.full((seconds * 50, 2), 0.02), np.full((seconds * 50, 8), 0.01)
    rows[25::25] = 0.3
    part = (np.arange(len(rows)) / 50 - 0.5 - first / 2) / 2 % 1 * 8  # bars of 2 s
    places[np.arange(len(rows)), part.astype(int)] = 0.93
    return stamped(rows), stamped(places)


@pytest.mark.parametrize("accented", [False, True])
@pytest.mark.parametrize("first", [0, 3])
def test_the_place_that_a_model_tells_says_which_beat_is_the_first(first, accented):
    node = rhythm.BeatTracker()
    formats = {"onset": LEARNED, "place": PLACE, **({"accents": ACCENTS} if accented else {})}
    out = collect(node, **formats)
    for frame, place in zip(*alike(first), strict=True):
        node.on_onset(frame)
        if accented:
            node.on_accents(Packet(frame.t, np.full(5, 0.05, np.float32), frame.seq))
        node.on_place(place)
    late = [beat for beat in out["beats"] if beat.t > START + 10 * SECOND]
    assert len(late) >= 9
    for beat in late:
        number = round(((beat.t - START) / SECOND - 0.5) / 0.5)
        assert (beat.data.position - 1 - number + first) % 4 == 0


def test_frames_do_not_wait_long_for_a_place_that_stops():
    node = rhythm.BeatTracker()
    out = collect(node, onset=LEARNED, place=PLACE)
    frames, places = alike(0)
    for frame, place in zip(frames, places, strict=True):
        node.on_onset(frame)
        if frame.t < START + 8 * SECOND:
            node.on_place(place)
    assert len(out["activation"]) >= 16 * 50 - 20
    assert out["beats"][-1].t > START + 15 * SECOND


def test_frames_of_a_model_do_not_wait_long_for_accents_that_never_come():
    node = rhythm.BeatTracker()
    out = collect(node, onset=LEARNED, accents=ACCENTS)
    for packet in learned()[0]:
        node.on_onset(packet)
    assert len(out["beats"]) > 15
    assert len(out["activation"]) >= 16 * 50 - 20


@pytest.mark.parametrize(
    ("onset", "beside", "said"),
    [
        (FORMAT, {"accents": ACCENTS}, "accents go with 'beat, downbeat' of a model"),
        (LEARNED, {"accents": Frames(100.0, 5, "onset strength")}, "take features.MelOnset"),
        (LEARNED, {"accents": Frames(50.0, 1, "rms")}, "take features.MelOnset"),
        (FORMAT, {"place": PLACE}, "a place in the bar goes with 'beat, downbeat'"),
        (
            LEARNED,
            {"place": Frames(100.0, 8, "place in the bar")},
            "the output 'place' of the model",
        ),
        (LEARNED, {"place": Frames(50.0, 8, "chroma")}, "'chroma' at 50 frames/s"),
    ],
)
def test_accents_and_a_place_that_do_not_fit_are_refused(onset, beside, said):
    with pytest.raises(ValueError, match=said):
        collect(rhythm.BeatTracker(), onset=onset, **beside)


def test_a_reset_starts_anew_with_the_same_bits(heard):
    node = rhythm.BeatTracker()
    first = follow(node, heard, until=8)["beats"]
    node.reset()
    second = [(p.t, p.data) for p in follow(node, heard, until=8)["beats"]]
    assert [(p.t, p.data) for p in first] == second


def test_actions_reach_the_tracker(heard):
    node = rhythm.BeatTracker(bpm=(60, 250))
    out = follow(node, heard, until=10)
    now = heard[0].t + 10 * SECOND
    node.control(now, "half", [])
    assert node.tracker.predict(1)[0].bpm == pytest.approx(60, rel=0.02)
    node.control(now, "double", [])
    assert node.tracker.predict(1)[0].bpm == pytest.approx(120, rel=0.02)
    due = node.tracker.predict(1)[0].due
    node.control(now, "nudge", [0.02])
    assert node.tracker.predict(1)[0].due == pytest.approx(due + 0.02)
    node.control(round((due + 0.02) * SECOND), "one", [])
    assert node.tracker.predict(1)[0].position == 1
    for k in range(4):
        node.control(now + round(0.4 * k * SECOND), "tap", [])
    assert node.tracker.predict(1)[0].bpm == pytest.approx(150, rel=0.02)
    assert out["beats"]


def test_live_settings_take_effect_and_wrong_ones_are_taken_back(heard):
    node = rhythm.BeatTracker()
    follow(node, heard, until=8)
    node.control(0, "hold", [True])
    node.control(0, "lead", [0.2])
    node.control(0, "bpm", [80, 160])
    node.control(0, "meters", [[3, 4]])
    settings = node.tracker.settings
    assert (settings.hold, settings.lead, settings.bpm) == (True, 0.2, (80, 160))
    assert settings.meters == (3, 4)
    with pytest.raises(ValueError, match="range"):
        node.control(0, "bpm", [160, 80])
    assert node.bpm == (80, 160)
    assert node.tracker.settings.bpm == (80, 160)
    before = len(heard)
    for packet in heard[-before // 3 :]:
        node.on_onset(packet)
    assert node.tracker.playing


def test_half_out_of_range_is_said_and_changes_nothing(heard, caplog):
    node = rhythm.BeatTracker(bpm=(90, 150))
    follow(node, heard, until=8)
    before = node.tracker.predict(1)
    node.control(0, "half", [])
    node.control(0, "double", [])
    assert node.tracker.predict(1) == before
    assert caplog.text.count("lies outside") == 2


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (Frames(size=5), "frame rate"),
        (Frames(rate=100, size=12, content="chroma"), "chroma.*OnsetStrength"),
    ],
)
def test_an_activation_that_cannot_be_is_explained(found, word):
    with pytest.raises(ValueError, match=word):
        collect(rhythm.BeatTracker(), onset=found)


def test_learned_activations_are_taken_by_their_content():
    node = rhythm.BeatTracker()
    out = collect(node, onset=Frames(rate=100, size=2, content="beat, downbeat"))
    for frame in range(1500):
        row = np.array([0.02, 0.02], np.float32)
        if frame % 50 == 0:
            row[int(frame % 200 == 0)] = 0.9
        node.on_onset(Packet(frame * SECOND // 100, row, frame))
    late = [packet for packet in out["beats"] if packet.t > 8 * SECOND]
    assert late
    for packet in late:
        assert packet.data.position == round(packet.t / SECOND / 0.5) % 4 + 1


def test_click_accents_the_downbeat_at_the_due_time():
    node = rhythm.Click(velocity=80)
    out = collect(node, beats=Beats())
    for k in range(4):
        beat = Beat(k, k % 4 + 1, 4, 120.0, 0.5, 0.9)
        node.on_beats(Packet(k * SECOND // 2, beat, k))
    notes = out["notes"]
    assert [note.t for note in notes] == [k * SECOND // 2 for k in range(4)]
    assert [note.data.pitch for note in notes] == [76, 77, 77, 77]
    assert notes[0].data.velocity > notes[1].data.velocity
    assert {note.data.channel for note in notes} == {10}


@pytest.mark.parametrize("block", [441, 512, 4000])
def test_aubio_follows_a_metronome(block):
    pytest.importorskip("aubio")
    node = rhythm.Aubio()
    out = collect(node, audio=Audio(rate=RATE))
    sound = drums()
    for k, start in enumerate(range(0, len(sound), block)):
        packet = Packet(START + start * SECOND // RATE, sound[start : start + block], k)
        node.on_audio(packet)
    late = [packet for packet in out["beats"] if packet.t > START + 6 * SECOND]
    assert len(late) > 10
    assert np.median([abs(off_grid(packet)) for packet in late]) < 0.06
    assert len(out["onsets"]) > 20
    assert all(0 <= packet.data.confidence <= 1 for packet in out["beats"])


def test_without_aubio_the_line_to_type_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "aubio", None)
    with pytest.raises(MissingExtra, match=r"rt-engine\[aubio\]"):
        collect(rhythm.Aubio(), audio=Audio(rate=RATE))


@pytest.mark.parametrize(
    ("wrong", "word"),
    [({"lead": 3.0}, "lead"), ({"meters": []}, "meters"), ({"bpm": [60]}, "bpm")],
)
def test_a_wrong_setting_is_told_by_its_name(wrong, word):
    with pytest.raises(ValueError, match=word):
        rhythm.BeatTracker(**wrong)


def test_a_range_that_cannot_be_is_told_when_the_node_is_planned():
    with pytest.raises(ValueError, match="tempo range"):
        collect(rhythm.BeatTracker(bpm=(200, 60)), onset=FORMAT)
