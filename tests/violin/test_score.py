import zipfile

import mido
import pytest

from rt_engine.violin.score import read_score

MUSICXML = """<?xml version="1.0"?><score-partwise version="3.1"><part-list/>
<part id="P1"><measure number="1"><attributes><divisions>2</divisions>
<time><beats>3</beats><beat-type>4</beat-type></time></attributes>
<note><pitch><step>A</step><octave>4</octave></pitch><duration>2</duration></note>
<note><grace/><pitch><step>C</step><octave>5</octave></pitch></note>
<note><rest/><duration>1</duration></note>
<note><pitch><step>F</step><alter>1</alter><octave>5</octave></pitch><duration>1</duration></note>
<note><chord/><pitch><step>D</step><octave>5</octave></pitch><duration>1</duration></note>
<note><pitch><step>E</step><octave>5</octave></pitch><duration>2</duration>
<tie type="start"/></note></measure>
<measure number="2"><note><pitch><step>E</step><octave>5</octave></pitch><duration>2</duration>
<tie type="stop"/></note>
<note><pitch><step>B</step><alter>-1</alter><octave>3</octave></pitch><duration>4</duration></note>
<backup><duration>6</duration></backup>
<note><pitch><step>G</step><octave>3</octave></pitch><duration>6</duration></note>
</measure></part></score-partwise>"""

EVENTS = [
    (0.0, (69,), 1, 1.0, 1.0),
    (1.5, (74, 78), 1, 2.5, 0.5),
    (2.0, (76,), 1, 3.0, 2.0),
    (3.0, (55,), 2, 1.0, 3.0),
    (4.0, (58,), 2, 2.0, 2.0),
]


def test_musicxml_with_chords_rests_ties_voices_and_grace_notes(tmp_path):
    path = tmp_path / "piece.musicxml"
    path.write_text(MUSICXML)
    assert [tuple(event) for event in read_score(path)] == EVENTS


def test_packed_musicxml_is_the_same(tmp_path):
    path = tmp_path / "piece.mxl"
    with zipfile.ZipFile(path, "w") as archive:
        container = '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("a.xml", MUSICXML)
    assert [tuple(event) for event in read_score(path)] == EVENTS


def midi(path, notes, metres=()):
    """A file of (quarter, pitch, quarters), with metres (quarter, over, under)."""
    song, track = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()
    song.tracks.append(track)
    events = [(q, mido.MetaMessage("time_signature", numerator=a, denominator=b))
              for q, a, b in metres]  # fmt: skip
    for quarter, pitch, length in notes:
        events.append((quarter, mido.Message("note_on", note=pitch, velocity=64)))
        events.append((quarter + length, mido.Message("note_on", note=pitch, velocity=0)))
    last = 0.0
    for quarter, message in sorted(events, key=lambda e: (e[0], getattr(e[1], "velocity", -1))):
        track.append(message.copy(time=round((quarter - last) * 480)))
        last = quarter
    song.save(path)
    return path


def test_midi_with_a_change_of_metre(tmp_path):
    notes = [(0, 62, 1), (1, 64, 1), (2, 66, 1), (3, 67, 0.5), (3.5, 69, 0.5), (5, 71, 1)]
    events = read_score(midi(tmp_path / "a.mid", notes, [(0, 3, 4), (3, 2, 4)]))
    assert [(e.bar, e.beat) for e in events] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 1.5), (3, 1)]
    assert [e.pitches for e in events] == [(p,) for _, p, _ in notes]


def test_midi_without_a_metre_has_bars_of_four_quarters(tmp_path):
    events = read_score(midi(tmp_path / "a.mid", [(k, 62, 1) for k in range(9)]))
    assert [e.bar for e in events] == [1] * 4 + [2] * 4 + [3]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pdf", b"x", "it must be .mid, .musicxml, .xml or .mxl"),
        ("a.mid", b"no midi", "cannot be read"),
        ("a.xml", b"<score-timewise/>", "needed is MusicXML 'score-partwise'"),
        ("a.xml", b"<score-partwise><part/></score-partwise>", "holds no notes"),
        ("a.xml", b"<broken", "cannot be read"),
        ("a.mxl", b"no zip", "cannot be read"),
    ],
)
def test_what_is_no_score_is_named(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"score .*{name}.*{said}"):
        read_score(path)
    with pytest.raises(ValueError, match="no such file"):
        read_score(tmp_path / "nothing.mid")
    (tmp_path / "b.xml").write_text(MUSICXML)
    with pytest.raises(ValueError, match=r"no part 3; it has 1, counted from 0"):
        read_score(tmp_path / "b.xml", 3)
