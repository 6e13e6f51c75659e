import logging
import socket
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from rt_engine import kinds
from rt_engine.core import SECOND, GraphError, Packet, Replay, collect
from rt_engine.graphfile import build, graph_folder, read
from rt_engine.kinds import Audio, Beat, Beats, Cue, Cues, PlayedNotes
from rt_engine.nodes.synth import FluidSynth
from rt_engine.nodes.violin import Features, Notes, Osc, Score, Show
from rt_engine.running import prune
from tests.violin.practice import played
from tests.violin.strings import RATE, bowed, scale

MELODY = (62, 64, 66, 67, 69, 71, 73, 74)
DATA = Path(__file__).parents[3] / "shared" / "data" / "violin" / "bach"


def feed(node, sound, block=512, start=7 * SECOND):
    for k in range(0, len(sound), block):
        t = start + k * SECOND // RATE
        node.on_audio(Packet(t, sound[k : k + block], k // block))


def hear(sound, block=512, **settings):
    node = Notes(**settings)
    out = collect(node, audio=Audio(rate=RATE))
    feed(node, sound, block)
    return out


def test_notes_are_stamped_with_their_start_on_the_engine_clock():
    tones = scale(MELODY, 0.3)
    out = hear(bowed(tones, 3.2))
    assert [packet.data.target for packet in out["notes"]] == list(MELODY)
    starts = [7 + tone.start for tone in tones]
    np.testing.assert_allclose([p.t / SECOND for p in out["notes"]], starts, atol=0.02)
    np.testing.assert_allclose([p.t / SECOND for p in out["onsets"]], starts, atol=0.02)
    assert out["pitch"][100].t / SECOND == pytest.approx(8.01, abs=0.02)


def test_blocks_of_another_size_give_the_same_notes():
    sound = bowed(scale(MELODY, 0.3), 3.2)
    few, many = hear(sound, 333)["notes"], hear(sound, 4096)["notes"]
    assert [p.data for p in few] == [p.data for p in many]
    np.testing.assert_allclose([p.t for p in few], [p.t for p in many], atol=50_000)


def test_two_channels_are_mixed():
    sound = bowed(scale(MELODY, 0.3), 3.2)
    node = Notes()
    out = collect(node, audio=Audio(rate=RATE, channels=2))
    feed(node, np.stack((sound, sound), axis=1))
    assert len(out["notes"]) == len(MELODY)


def test_temperament_and_reference_move_what_is_right():
    sound = bowed(scale((69, 73, 69, 73), 0.4), 2.4)

    def cents(**settings):
        notes = hear(sound, follow=False, **settings)["notes"]
        return [packet.data.intonation.value for packet in notes[:2]]

    np.testing.assert_allclose(cents(), [0, 0], atol=1)
    np.testing.assert_allclose(cents(temperament="just"), [0, 13.7], atol=1)
    np.testing.assert_allclose(cents(temperament="pythagorean"), [0, -7.8], atol=1)
    np.testing.assert_allclose(cents(reference=442), [-7.85, -7.85], atol=1)


def test_beats_on_the_wire_set_the_timing():
    node = Notes()
    out = collect(node, audio=Audio(rate=RATE), beats=Beats())
    for k in range(8):
        beat = Beat(k, 0, 0, 120.0, 0.5, 0.8)
        node.on_beats(Packet(round((7.3 + 0.5 * k) * SECOND), beat, k))
    feed(node, bowed(scale(MELODY[:5], 0.45, gap=0.07), 3.4))
    late = [packet.data.timing.value for packet in out["notes"]]
    np.testing.assert_allclose(late, [0.02 * k for k in range(5)], atol=0.02)


def test_sound_without_a_violin_is_said_once_and_its_return_too(caplog):
    noise = 0.1 * np.random.default_rng(1).standard_normal(9 * RATE).astype(np.float32)
    sound = np.concatenate((noise, bowed(scale(MELODY * 3, 0.3), 9.0)))
    with caplog.at_level(logging.WARNING):
        hear(sound, 4096)
    said = [record.message for record in caplog.records]
    assert said == ["sound, but no violin is heard", "a violin is heard"]


def test_after_a_gap_all_is_new():
    sound = bowed(scale(MELODY[:4], 0.3), 1.9)
    node = Notes()
    out = collect(node, audio=Audio(rate=RATE))
    feed(node, sound)
    first = [packet.data for packet in out["notes"]]
    node.reset()
    feed(node, sound, start=60 * SECOND)
    assert [packet.data for packet in out["notes"][len(first) :]] == first
    assert out["notes"][len(first)].t > 60 * SECOND


def midi_score(path):
    song, track = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()
    song.tracks.append(track)
    track.append(mido.MetaMessage("time_signature", numerator=2, denominator=4, time=0))
    for pitch in MELODY * 3:
        track.append(mido.Message("note_on", note=pitch, velocity=64, time=0))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=480))
    song.save(path)
    return path


def test_a_score_gives_bar_beat_and_tempo(tmp_path):
    node = Score(path=str(midi_score(tmp_path / "piece.mid")))
    out = collect(node, notes=PlayedNotes())
    heard = hear(bowed(scale(MELODY * 2, 0.4), 7.2))["notes"]
    for packet in heard:
        node.on_notes(packet)
    assert [p.data.bar for p in out["placed"]] == [1 + k // 2 for k in range(16)]
    assert [p.data.beat for p in out["placed"]] == [1 + k % 2 for k in range(16)]
    last = out["placed"][-1].data
    assert last.tempo.value == pytest.approx(150, rel=0.03)
    assert abs(last.timing.value) < 0.02
    assert last.timing.reliability > 0.6


def test_a_wrong_note_is_no_question_of_intonation(tmp_path):
    node = Score(path=str(midi_score(tmp_path / "piece.mid")))
    out = collect(node, notes=PlayedNotes())
    for k, pitch in enumerate((*MELODY[:5], 70, *MELODY[6:])):
        note = played(k, target=pitch, pitch=(float(pitch), 0.9), intonation=(5.0, 0.9))
        node.on_notes(Packet(k * SECOND // 2, note, k))
    sure = [packet.data.intonation.reliability for packet in out["placed"]]
    assert sure == [0.9] * 5 + [0.0] + [0.9] * 2


def test_without_a_score_notes_pass():
    node = Score()
    out = collect(node, notes=PlayedNotes())
    node.on_notes(Packet(5, played(3), 0))
    assert out["placed"] == [Packet(5, played(3), 0)]


def test_a_missing_score_is_told_when_the_graph_is_built():
    changes = {"score.path": "nowhere.mid"}
    with pytest.raises(GraphError, match=r"score.*score 'nowhere.mid': no such file"):
        build(read(graph_folder() / "violin_practice.yaml", changes))


def test_features_carry_the_time_of_their_moment():
    node = Features()
    out = collect(node, audio=Audio(rate=RATE))
    sound = bowed(scale(MELODY[:3], 0.3), 1.5)
    feed(node, sound)
    rows = np.array([packet.data for packet in out["frames"]])
    loud = np.array([p.t / SECOND for p in out["frames"]])[rows[:, 34] > 0.05]
    assert loud[0] == pytest.approx(7.3, abs=0.03)
    assert node.frames.format.size == rows.shape[1] == 35


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.bind(("127.0.0.1", 0))
        own.settimeout(2)
        yield own


def test_cues_and_notes_go_out_as_osc(receiver):
    own = {"note": "/n/{name} f:{intonation} f:{intonation_sure}"}
    node = Osc(to=f"127.0.0.1:{receiver.getsockname()[1]}", messages=own)
    collect(node, notes=PlayedNotes(), cues=Cues())
    node.on_notes(Packet(0, played(target=70, intonation=(8.0, 0.5)), 0))
    node.on_cues(Packet(0, Cue(0, "timing", "wait", 0.5, "s", 0.75, 3), 0))
    assert receiver.recv(999) == b"/n/A#4\0\0,ff\0\x41\0\0\0\x3f\0\0\0"
    sent = receiver.recv(999)
    assert sent.startswith(
        b"/violin/cue\0,ssfsfi\0timing\0\0wait\0\0\0\0\x3f\0\0\0s\0\0\0\x3f\x40\0\0"
    )
    assert sent.endswith(b"\0\0\0\x03")
    node.close()
    known = r"unknown event 'beat' \(events: note, stroke, posture, cue\)"
    with pytest.raises(ValueError, match=known):
        collect(Osc(messages={"beat": "/x"}), notes=PlayedNotes())


def test_the_screen_says_cues_and_notes(capsys):
    node = Show()
    collect(node, cues=Cues(), notes=PlayedNotes())
    node.on_cues(Packet(0, Cue(0, "intonation", "a little lower", 14.2, "cents", 0.8, 12), 0))
    node.on_notes(Packet(0, played(target=69, intonation=(14.2, 0.8)), 0))
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "bar 12: intonation: a little lower (+14.2 cents)"
    assert said[1].split() == ["A4", "0.30", "s", "+14", "cents"]


def run(path):
    """Packets of the practice graph on a file, by node and output."""
    file = graph_folder() / "violin_practice.yaml"
    spec = prune(read(file, {"mic": str(path), "mic.rate": 0}), ["control", "camera"], str(file))
    told: dict[tuple[str, str], list[Packet]] = {}

    def tap(node, output, packet):
        if packet is not None:
            told.setdefault((node, output), []).append(packet)

    Replay(build(spec), taps=[tap]).run()
    return told


def test_the_practice_graph_hears_and_speaks(tmp_path):
    flat = [tone._replace(cents=-30.0 * (k > 40)) for k, tone in enumerate(scale(MELODY * 9, 0.25))]
    soundfile.write(tmp_path / "take.wav", bowed(flat, 19.0), RATE)
    told = run(tmp_path / "take.wav")
    notes = [packet.data for packet in told["score", "placed"]]
    assert len(notes) == pytest.approx(72, abs=2)
    cues = [packet.data for packet in told["coach", "cues"]]
    assert cues[0].topic == "intonation"
    assert (cues[0].text, cues[0].value < -12) == ("a little higher", True)
    start = told["mic", "audio"][0].t
    assert (told["coach", "cues"][0].t - start) / SECOND > 0.3 + 40 * 0.25


@pytest.mark.shared
@pytest.mark.skipif(not DATA.exists(), reason=f"research data violin/bach is not at {DATA}")
def test_a_real_violinist_is_heard(tmp_path):
    import mir_eval

    name = "john-garner_bwv1002_mov6"
    sound, rate = soundfile.read(DATA / f"{name}.mp3", dtype="float32", frames=44100 * 25)
    soundfile.write(tmp_path / "take.wav", sound.mean(axis=1), rate)
    told = run(tmp_path / "take.wav")
    first = told["mic", "audio"][0].t
    starts = np.array([(p.t - first) / SECOND for p in told["notes", "onsets"]])
    true = np.loadtxt(DATA / f"{name}.alignment.csv", delimiter=",", skiprows=1)[:, 0] + 1
    true = np.unique(true[true < 24])
    assert mir_eval.onset.f_measure(true, np.sort(starts[starts < 24]), window=0.05)[0] > 0.8


def test_where_no_sound_can_be_made_the_rest_goes_on(monkeypatch, caplog):
    def nothing(*_, **__):
        raise OSError("no output device")

    monkeypatch.setattr("rt_engine.nodes.synth.SynthLink", nothing)
    node = FluidSynth(voice="builtin", required=False)
    collect(node, notes=kinds.Notes())
    with caplog.at_level(logging.WARNING):
        node.on_notes(Packet(0, kinds.Note(72, 70, 0.12, 1), 0))
        node.control(0, "gain_db", [-6.0])
        node.control(0, "panic", [])
        node.close()
    assert [r.getMessage() for r in caplog.records] == [
        "no output device; it stays silent, all else goes on"
    ]
    with pytest.raises(OSError, match="no output device"):
        collect(FluidSynth(voice="builtin"), notes=kinds.Notes())
