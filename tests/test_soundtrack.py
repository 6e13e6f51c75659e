"""`rt-engine soundtrack`: a film in, the same pictures out, with the graph's notes as sound."""

from __future__ import annotations

import mido
import numpy as np
import pytest

from rt_engine import soundtrack as command
from rt_engine.cli import main
from rt_engine.core import Hold, Input, Node, Output
from rt_engine.extras import MissingExtra
from rt_engine.kinds import Beat, Beats, Images, Note, Notes
from rt_engine.synth.fonts import FontError

av = pytest.importorskip("av", reason="needs PyAV (extra 'soundtrack')")
pytest.importorskip("cv2", reason="needs OpenCV (extra 'pose')")

FRAMES = (6, 21, 39)  # pictures that flash
FPS = 30.0


class Flash(Node):
    """A click for every white picture; `rng` decides its velocity, and beats come by the way."""

    images = Input(Images)
    unused = Hold(Images)
    notes = Output(Notes)
    beats = Output(Beats)
    pitch: int = 33
    fail: bool = False

    def on_images(self, packet):
        if self.fail:
            raise ZeroDivisionError("seven by nothing")
        if packet.data.mean() > 128:
            velocity = int(self.rng.integers(90, 127))
            self.beats.emit(packet.t, Beat(packet.seq, 0, 0, 120.0, 0.5, 1.0))
            self.notes.emit(packet.t, Note(self.pitch, velocity, 0.05, 10))


class Never(Node):
    """Must not be part of a soundtrack: it leads to no notes."""

    images = Input(Images)

    def open(self):
        raise RuntimeError("opened")

    def on_images(self, packet):
        pass


def film(path, size=(64, 48), code="mp4v"):
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*code), FPS, size)
    for k in range(45):
        level = 255 if k in FRAMES else 0
        writer.write(np.full((size[1], size[0], 3), level, np.uint8))
    writer.release()
    return str(path)


@pytest.fixture
def graph(tmp_path):
    (tmp_path / "flash.yaml").write_text(
        "nodes:\n"
        "  camera: {is: video.Camera, camera: 0}\n"
        "  flash: {is: tests.test_soundtrack.Flash, in: camera}\n"
        "  band: {is: midi.Merge, in: {a: flash.notes}}\n"
        "  never: {is: tests.test_soundtrack.Never, in: camera}\n"
        "  control: {is: osc.Control}\n"
    )
    return str(tmp_path / "flash.yaml")


def run(graph, film, *options):
    changes = [option for option in options if "=" in option]
    rest = [option for option in options if option not in changes]
    return main(["soundtrack", film, *changes, "-o", *rest, "--graph", graph])


def decoded(path):
    """Pictures, and the sound (samples,) with its rate."""
    with av.open(str(path)) as source:
        shown = [frame.to_ndarray(format="gray") for frame in source.decode(video=0)]
    with av.open(str(path)) as source:
        parts = [frame.to_ndarray()[0] for frame in source.decode(audio=0)]
        return shown, np.concatenate(parts), source.streams.audio[0].rate


def starts(sound, rate):
    loud = np.flatnonzero(np.abs(sound) > 0.2 * np.max(np.abs(sound)))
    return loud[np.diff(loud, prepend=-rate) > rate // 20] / rate


@pytest.mark.parametrize("voice", ["fluidsynth", "builtin"])
def test_sound_lies_where_the_picture_made_it(tmp_path, graph, monkeypatch, voice, caplog):
    if voice == "builtin":

        def missing(font):
            raise FontError("no font")

        monkeypatch.setattr(command, "Fluid", missing)
    else:
        from tests.rigs import need_synthesiser

        need_synthesiser()
    out = tmp_path / "out.mp4"
    assert run(graph, film(tmp_path / "in.mp4"), str(out)) == 0
    shown, sound, rate = decoded(out)
    bright = [k for k, picture in enumerate(shown) if picture.mean() > 128]
    assert tuple(bright) == FRAMES and len(shown) == 45
    assert starts(sound, rate) == pytest.approx([k / FPS for k in FRAMES], abs=0.01)
    assert len(sound) / rate == pytest.approx(1.5, abs=0.05)
    assert 0.6 < np.max(np.abs(sound)) <= 1.0
    assert ("the built-in voice plays" in caplog.text) == (voice == "builtin")


def test_an_old_codec_is_coded_again_and_odd_sizes_fit(tmp_path, graph, capsys):
    source = film(tmp_path / "in.avi", (65, 49), "MJPG")
    assert run(graph, source, str(tmp_path / "out.mp4")) == 0
    assert "pictures coded again" in capsys.readouterr().out
    shown, _, _ = decoded(tmp_path / "out.mp4")
    assert shown[0].shape == (48, 64) and len(shown) == 45
    assert [k for k, picture in enumerate(shown) if picture.mean() > 128] == list(FRAMES)


def test_the_midi_file_has_the_same_notes(tmp_path, graph):
    midi = tmp_path / "out.mid"
    assert run(graph, film(tmp_path / "in.mp4"), str(tmp_path / "a.mp4"), "--midi", str(midi)) == 0
    t, found = 0.0, []
    for message in mido.MidiFile(midi):
        t += message.time
        if message.type == "note_on":
            found.append((t, message.channel, message.note))
    assert [key for _, *key in found] == [[9, 33]] * 3
    assert [t for t, *_ in found] == pytest.approx([k / FPS for k in FRAMES], abs=0.002)


def test_another_seed_is_another_take_and_the_same_one_the_same(tmp_path, graph):
    source = film(tmp_path / "in.mp4")

    def velocities(seed, name):
        midi = tmp_path / f"{name}.mid"
        options = "--midi", str(midi), "--seed", str(seed)
        assert run(graph, source, str(tmp_path / f"{name}.mp4"), *options) == 0
        return [m.velocity for m in mido.MidiFile(midi) if m.type == "note_on"]

    first = velocities(1, "a")
    assert velocities(1, "b") == first != velocities(2, "c")


def test_a_node_that_fails_is_one_line_and_exit_code_1_and_leaves_no_file(tmp_path, graph, capsys):
    source, out = film(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    assert run(graph, source, str(out), "flash.fail=true") == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "'flash'" in error and "seven by nothing" in error
    assert not list(tmp_path.glob("out*"))


def refused(graph, capsys, film, output, *options):
    code = run(graph, film, str(output), *options)
    error = capsys.readouterr().err
    assert code == 2 and error.count("\n") == 1
    return error


def test_what_cannot_be_is_one_line(tmp_path, graph, capsys, monkeypatch):
    source, out = film(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    assert "no such file" in refused(graph, capsys, str(tmp_path / "gone.mp4"), out)
    assert "cannot be read" in refused(graph, capsys, graph, out)
    out.touch()
    assert "--force" in refused(graph, capsys, source, out)
    out.unlink()
    assert "none" in refused(graph, capsys, source, tmp_path / "none" / "out.mp4")
    assert "no.sf2" in refused(graph, capsys, source, out, "--soundfont", "no.sf2")
    silent = tmp_path / "silent.mp4"
    monkeypatch.setattr("tests.test_soundtrack.FRAMES", ())
    assert "plays nothing" in refused(graph, capsys, film(silent), out)
    assert not out.exists()


def test_a_missing_extra_is_the_line_to_type(tmp_path, graph, capsys, monkeypatch):
    def missing(module):
        raise MissingExtra(f"{module} is not installed: pip install 'rt-engine[soundtrack]'")

    monkeypatch.setattr(command, "require", missing)
    error = refused(graph, capsys, "dance.mp4", tmp_path / "out.mp4")
    assert "pip install 'rt-engine[soundtrack]'" in error
