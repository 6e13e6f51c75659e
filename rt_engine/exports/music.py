"""Notes and beats of a take as a MIDI file."""

from __future__ import annotations

from pathlib import Path

from rt_engine.core import Packet
from rt_engine.exports.material import Material, Place
from rt_engine.kinds import Beat, Beats, Note, Notes, PlayedNote, PlayedNotes
from rt_engine.protocols.midi_file import BeatAt, Timed, midi_file, write
from rt_engine.soundtrack import note_ends

__all__ = ["to_midi"]

DRUMS, DOWN, UP = 10, 76, 77  # channel and wood blocks of General MIDI, for beats without notes
CLICK = 0.05  # s
QUIETEST = -60.0  # dBFS, for the velocity of a note that was heard


def to_midi(material: Material, output: Path) -> str:
    """Notes that were made or heard, over the tempo of the beats; where there are no notes, the
    beats themselves as clicks. Tick 0 is the start of the take. Returns what was written.
    """
    ends = note_ends(material.graph)
    made = [place for place in material.of(Notes) if material.wish or place in ends]
    heard, beating = material.of(PlayedNotes), _beats(material)
    notes: list[Timed] = []
    beats: list[BeatAt] = []

    def see(node: str, output: str, packet: Packet | None) -> None:
        if packet is None:
            return
        if isinstance(packet.data, Beat):
            beats.append((packet.t, packet.data))
        elif isinstance(packet.data, PlayedNote):
            notes.extend(_heard(packet.t, packet.data))
        else:
            notes.append((packet.t, packet.data))

    if not (made or heard or beating):
        raise material.lacks(".mid", "notes or beats")
    material.play([*made, *heard[:1], *beating], see)
    if not (notes or beats):
        raise material.lacks(".mid", "note and no beat in all its length")
    counted = (
        f"{len(notes)} notes, {len(beats)} beats" if notes else f"{len(beats)} beats as clicks"
    )
    notes = notes or [(t, _click(beat)) for t, beat in beats]
    write(midi_file(notes, beats, material.origin, _programs(material)), output)
    return counted


def _beats(material: Material) -> list[Place]:
    """The beats that give the tempo: an output of that name, else the first of its kind."""
    wish, material.wish = material.wish, ""
    found = material.of(Beats)
    material.wish = wish
    if wish and (chosen := material.of(Beats)):
        return chosen[:1]
    return sorted(found, key=lambda place: place[1] != "beats")[:1]


def _heard(t: int, note: PlayedNote) -> list[Timed]:
    """A note that was heard, where its pitch is known."""
    pitch = note.target or round(note.pitch.value)
    share = 1 - min(max(note.level.value / QUIETEST, 0.0), 1.0)
    known = 0 < pitch < 128 and note.duration > 0
    return [(t, Note(pitch, 1 + round(126 * share), note.duration))] if known else []


def _click(beat: Beat) -> Note:
    return Note(DOWN if beat.position == 1 else UP, 100, CLICK, DRUMS)


def _programs(material: Material) -> dict[int, int]:
    """Those that the graph's own synthesiser plays."""
    given = [getattr(node, "programs", None) for node in material.graph.nodes.values()]
    return next((programs for programs in given if programs), {})
