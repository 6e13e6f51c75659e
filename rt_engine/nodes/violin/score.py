"""The place in a score."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.violin import Follower, Place, read_score

__all__ = ["Score"]

Part = Annotated[int, Meta(ge=0, description="part of a MusicXML file, from 0")]


class Score(Node):
    """Follows a score (MIDI or MusicXML): the notes again, with bar and beat.

    Where the place is sure, intonation is told against the written note, and timing and tempo
    against the player's own tempo through the score, unless `timing` is "heard".
    """

    notes = Input(kinds.PlayedNotes)
    placed = Output(kinds.PlayedNotes)
    path: Annotated[str, Meta(description=".mid, .musicxml, .xml or .mxl; empty: no score")] = ""
    part: Part = 0
    timing: Annotated[
        Literal["score", "heard"], Meta(description="against the score, or as it was heard")
    ] = "score"
    sure: Annotated[float, Knob(ge=0, le=1, description="confidence from which a place holds")] = (
        0.5
    )

    def plan(self) -> None:
        self.follower = Follower(read_score(self.path, self.part)) if self.path else None

    def reset(self) -> None:
        if self.follower:
            self.follower.reset()

    def on_notes(self, packet: Packet) -> None:
        note: kinds.PlayedNote = packet.data
        if self.follower:
            heard = note.pitch.value - note.tuning.value / 100 if note.target else None
            place = self.follower.hear(packet.t / SECOND, heard)
            if place.confidence >= self.sure:
                note = self._placed(note, place)
        self.placed.emit(packet.t, note)

    def _placed(self, note: kinds.PlayedNote, place: Place) -> kinds.PlayedNote:
        changes: dict[str, Any] = {
            "bar": place.event.bar,
            "beat": place.event.beat,
            "place": place.confidence,
        }
        if note.target and note.target not in place.event.pitches:
            # Another note than the written one is no question of intonation.
            changes["intonation"] = kinds.Measured(note.intonation.value, 0.0)
        if self.timing == "score":
            sure = place.steady * place.confidence
            changes["timing"] = kinds.Measured(place.late, sure)
            changes["tempo"] = kinds.Measured(place.bpm, sure)
        return msgspec.structs.replace(note, **changes)
