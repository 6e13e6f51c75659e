from __future__ import annotations

import re
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from rt_engine.cli import main
from rt_engine.core import GraphError
from rt_engine.exporting import FORMS, export
from tests.exports.nodes import RATE, take_of


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A take of a band, a note an octave higher, a tone, and a body."""
    return take_of(
        tmp_path_factory.mktemp("take") / "take.mcap",
        band={"is": "Band"},
        higher={"is": "Octave", "in": "band.notes"},
        tone={"is": "Tone"},
        body={"is": "Body", "n": 60},
    )


def notes(path: Path) -> list[tuple[float, int]]:
    """(seconds, pitch) of every note that starts in a MIDI file."""
    now, found = 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on" and message.velocity:
            found.append((round(now, 2), message.note))
    return found


def test_notes_come_from_the_end_of_the_graph_with_the_tempo_of_the_beats(
    take: Path, tmp_path: Path
) -> None:
    said = export(take, tmp_path / "x.mid")
    assert said == "8 notes, 8 beats"
    got = notes(tmp_path / "x.mid")
    assert [pitch for _, pitch in got] == [72 + i for i in range(8)]
    gaps = np.diff([t for t, _ in got])
    assert np.allclose(gaps, 0.5, atol=0.01)


def test_another_output_can_be_chosen(take: Path, tmp_path: Path) -> None:
    export(take, tmp_path / "x.mid", "band.notes")
    assert [pitch for _, pitch in notes(tmp_path / "x.mid")] == [60 + i for i in range(8)]
    with pytest.raises(GraphError, match=r"has no skeletons at 'band'.*band\.notes \(Notes\)"):
        export(take, tmp_path / "x.bvh", "band")


def test_beats_without_notes_become_clicks(tmp_path: Path) -> None:
    take = take_of(tmp_path / "take.mcap", pulse={"is": "Pulse"})
    assert export(take, tmp_path / "x.mid") == "8 beats as clicks"
    assert [pitch for _, pitch in notes(tmp_path / "x.mid")] == [76, 77, 77, 77] * 2


def test_notes_that_were_heard_become_notes(tmp_path: Path) -> None:
    take = take_of(tmp_path / "take.mcap", violin={"is": "Violin", "n": 3})
    export(take, tmp_path / "x.mid")
    starts = [m for m in mido.MidiFile(tmp_path / "x.mid") if m.type == "note_on"]
    assert [m.note for m in starts] == [69] * 3 and {m.velocity for m in starts} == {64}


def test_sound_is_the_same_to_the_last_bit(take: Path, tmp_path: Path) -> None:
    export(take, tmp_path / "x.wav")
    sound, rate = soundfile.read(tmp_path / "x.wav", dtype="float32")
    whole = np.arange(6400, dtype=np.float32) / 65_536
    assert rate == RATE
    assert np.array_equal(sound[-6400:], whole)
    assert len(sound) < 6400 + 0.5 * RATE and not sound[:-6400].any(), "silence before it, if any"


def test_what_was_lost_of_a_sound_is_silence(tmp_path: Path) -> None:
    take = take_of(tmp_path / "take.mcap", tone={"is": "Tone", "hole": 3})
    export(take, tmp_path / "x.wav")
    sound, _ = soundfile.read(tmp_path / "x.wav", dtype="float32")
    whole = np.arange(6400, dtype=np.float32) / 65_536
    whole[2400:3200] = 0
    assert np.array_equal(sound, whole)


def test_a_body_walks_as_it_did(take: Path, tmp_path: Path) -> None:
    export(take, tmp_path / "x.bvh")
    text = (tmp_path / "x.bvh").read_text()
    frames = [line.split() for line in text.partition("Frame Time:")[2].splitlines()[1:] if line]
    assert len(frames) == int(re.search(r"Frames:\s+(\d+)", text)[1])  # type: ignore[index]
    x = np.array([float(frame[0]) for frame in frames])
    assert abs(len(x) - 59 / 30 * 60) <= 1.5
    assert np.allclose(np.diff(x), 0.5, atol=0.01), "cm: half a frame of the take a frame"


def test_pictures_have_their_times_and_the_sound_beside_them(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="needs the extra 'soundtrack'")
    pytest.importorskip("cv2", reason="needs the extra 'pose'")
    take = take_of(
        tmp_path / "take.mcap", film={"is": "Film", "n": 20}, tone={"is": "Tone", "n": 8}
    )
    said = export(take, tmp_path / "x.mp4")
    assert said == "20 pictures, with the sound of tone.audio"
    with av.open(str(tmp_path / "x.mp4")) as film:
        shown = [(f.time, f.to_ndarray(format="rgb24").mean()) for f in film.decode(video=0)]
        film.seek(0)
        heard = sum(f.samples for f in film.decode(audio=0)) / film.streams.audio[0].rate
    times, greys = np.array(shown).T
    assert np.allclose(np.diff(times), 0.04, atol=0.002)
    assert np.allclose(greys, 10 * np.arange(20), atol=6)
    assert abs(heard - 0.8) < 0.2


def test_bodies_are_drawn_where_there_are_no_pictures(take: Path, tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="needs the extra 'soundtrack'")
    pytest.importorskip("cv2", reason="needs the extra 'pose'")
    export(take, tmp_path / "x.mp4")
    with av.open(str(tmp_path / "x.mp4")) as film:
        pictures = [f.to_ndarray(format="rgb24") for f in film.decode(video=0)]
    assert 50 <= len(pictures) <= 60
    moved = np.abs(pictures[-1].astype(int) - pictures[0]).max()
    assert moved > 60, "the body has walked"


def test_a_table_has_a_row_for_every_event(take: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'export'")
    assert export(take, tmp_path / "x.parquet").startswith("24 rows")
    rows = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    beats = [row for row in rows if row["kind"] == "Beats"]
    assert [row["index"] for row in beats] == list(range(8))
    assert {row["bpm"] for row in beats} == {120.0} and beats[0]["pitch"] is None
    assert np.allclose(np.diff([row["seconds"] for row in beats]), 0.5)
    higher = [row["pitch"] for row in rows if row["output"] == "higher"]
    assert higher == [72 + i for i in range(8)]


def test_measured_values_have_two_columns(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra 'export'")
    take = take_of(tmp_path / "take.mcap", violin={"is": "Violin", "n": 2})
    export(take, tmp_path / "x.parquet")
    row = parquet.read_table(tmp_path / "x.parquet").to_pylist()[0]
    assert (row["pitch"], row["pitch_reliability"], row["target"]) == (69.2, 0.9, 69)


@pytest.mark.parametrize(
    ("form", "lacking"),
    [(".mid", "notes or beats"), (".wav", "sound"), (".bvh", "skeletons")],
)
def test_what_a_take_does_not_have_is_said_with_what_it_has(
    tmp_path: Path, form: str, lacking: str
) -> None:
    node = "Tone" if form != ".wav" else "Pulse"
    take = take_of(tmp_path / "take.mcap", it={"is": node, "n": 2})
    with pytest.raises(GraphError, match=f"has no {lacking}, which .* needs; it has: it\\."):
        export(take, tmp_path / f"x{form}")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["take.mcap"]


def test_bad_requests_are_said(take: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(GraphError, match=r"unknown form '.doc'; needed is one of .bvh, .mid"):
        export(take, tmp_path / "x.doc")
    with pytest.raises(GraphError, match="there is no such folder"):
        export(take, tmp_path / "no" / "x.wav")
    (tmp_path / "x.wav").write_text("mine")
    assert main(["export", str(take), "-o", str(tmp_path / "x.wav")]) == 2
    assert "exists already; another name, or --force" in capsys.readouterr().err
    assert (tmp_path / "x.wav").read_text() == "mine"
    assert main(["export", str(tmp_path / "x.wav"), "-o", str(tmp_path / "y.wav")]) == 2
    assert "is no record of rt-engine" in capsys.readouterr().err


def test_the_share_that_is_done_grows_to_one(take: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    export(take, tmp_path / "x.mid", show=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1.0 and set(FORMS) == {
        ".bvh", ".mid", ".mp4", ".parquet", ".wav",
    }  # fmt: skip


def test_a_take_that_was_cut_off_gives_what_it_has(take: Path, tmp_path: Path) -> None:
    content = take.read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(content[: len(content) * 2 // 3])
    export(cut, tmp_path / "x.wav")
    sound, _ = soundfile.read(tmp_path / "x.wav", dtype="float32")
    assert 0 < len(sound) <= 6400 + 0.5 * RATE
