"""Beats, tempo and bar: the tracker of `rt_engine.rhythm` as a node, a click, and aubio."""

from __future__ import annotations

from collections import deque
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet, action
from rt_engine.extras import require
from rt_engine.kinds import (
    Audio,
    Beat,
    Beats,
    Frames,
    Note,
    Notes,
    Onset,
    Onsets,
    Tempo,
    TempoState,
)
from rt_engine.rhythm import (
    ActivationObservation,
    BodyObservation,
    Decision,
    JointObservation,
    Observation,
    OnsetObservation,
    PlacedObservation,
    Settings,
    Step,
    Tracker,
)
from rt_engine.rhythm.body import PRIOR

__all__ = ["Aubio", "BeatTracker", "Click"]

TEMPO_RATE = 20.0  # tempo packets a second
NEXT_PAUSE = SECOND // 10  # ns between two announcements of the coming beat
NEXT_MOVE = SECOND // 200  # ns by which it must have moved to be announced again
NEVER = -(10**18)
WAITING = 16  # frames that wait for what goes with them, and the reverse

Position = Annotated[int, Meta(ge=1, le=16)]


class BeatTracker(Node):
    """Follows the beat of music: a bar-pointer state-space filter over an activation.

    Takes onset strength in bands (`features.OnsetStrength`), or learned probabilities of beat
    and downbeat with the content "beat" or "beat, downbeat"; the latter are weighed together with
    the `accents` of the same frames (`features.MelOnset`) and with the `place` in the bar that the
    model tells, where those are wired. The content "motion beat" is that of a body
    (`motion_rhythm`); give it `bpm: [50, 200]`. Beats leave before they are due, by `lead`, and
    are not taken back. Settings and actions may change while it runs.
    """

    onset = Input(Frames)
    accents = Input(Frames, optional=True)
    place = Input(Frames, optional=True)
    beats = Output(Beats)
    next = Output(Beats)
    tempo = Output(Tempo)
    activation = Output(Frames)

    bpm: Annotated[
        tuple[float, float], Knob(unit="BPM", description="slowest and fastest tempo")
    ] = (60.0, 200.0)
    meters: Annotated[
        list[Position], Knob(min_length=1, description="beats a bar that may be, e.g. [3, 4]")
    ] = [4]
    lead: Annotated[
        float,
        Knob(ge=0, le=0.5, unit="s", description="a beat is decided this long before it is due"),
    ] = 0.1
    hold: Annotated[bool, Knob(description="keep tempo and phase, whatever is heard")] = False
    threshold: Annotated[
        float, Knob(ge=0, le=1, description="confidence from which beats are given out")
    ] = Settings.threshold
    coast: Annotated[
        float, Knob(ge=0, unit="s", description="beats go on this long when nothing is heard")
    ] = Settings.coast
    offset: Annotated[
        float, Knob(ge=-1, le=1, unit="s", description="moves every beat; later if positive")
    ] = Settings.offset

    def plan(self) -> None:
        rate = self.onset.format.rate
        if not rate:
            raise ValueError("the activation that arrives has no frame rate; set it in its source")
        observation = self._observation(rate)
        if "place" in self.formats:
            observation = self._placed(rate, observation, self.place.format)
        self.beside = [name for name in ("accents", "place") if name in self.formats]
        body = isinstance(observation, BodyObservation)
        self.prior = PRIOR if body else (Settings.centre, Settings.octaves)
        self.tracker = Tracker(rate, observation, self._settings())
        self.every = max(1, round(rate / TEMPO_RATE))
        self.activation.format = Frames(rate=rate, size=1, content="activation")

    def _observation(self, rate: float) -> Observation:
        content, size = self.onset.format.content, self.onset.format.size
        if "accents" in self.formats:
            return self._joint(rate, content, self.accents.format)
        if content in ("beat", "beat, downbeat"):
            return ActivationObservation(rate, size)
        if (content, size) == ("motion beat", 1):
            return BodyObservation(rate)
        if size != OnsetObservation.dims:
            raise ValueError(
                f"{content or 'activation'!r} of {size} numbers: take features.OnsetStrength "
                f"with its usual edges ({OnsetObservation.dims} numbers), or a model whose "
                "content is 'beat', 'beat, downbeat' or 'motion beat'"
            )
        return OnsetObservation(rate)

    def _joint(self, rate: float, content: str, accents: Frames) -> Observation:
        """The observation of learned probabilities and accents, frame by frame."""
        if content != "beat, downbeat":
            raise ValueError(f"accents go with 'beat, downbeat' of a model, not with {content!r}")
        if (accents.size, accents.rate) != (OnsetObservation.dims, rate):
            raise ValueError(
                f"accents of {accents.size} numbers at {accents.rate:g} frames/s beside a model "
                f"at {rate:g}: take features.MelOnset on the frames that the model hears"
            )
        return JointObservation(rate)

    def _placed(self, rate: float, other: Observation, place: Frames) -> Observation:
        """The observation with the place in the bar beside it, frame by frame."""
        if self.onset.format.content != "beat, downbeat":
            raise ValueError("a place in the bar goes with 'beat, downbeat' of the same model")
        if (place.content, place.rate) != ("place in the bar", rate):
            raise ValueError(
                f"{place.content!r} at {place.rate:g} frames/s beside a model at {rate:g}: take "
                "the output 'place' of the model that 'onset' comes from"
            )
        return PlacedObservation(other, place.size)

    def _settings(self) -> Settings:
        return Settings(
            bpm=self.bpm,
            meters=tuple(self.meters),
            lead=self.lead,
            hold=self.hold,
            threshold=self.threshold,
            coast=self.coast,
            offset=self.offset,
            centre=self.prior[0],
            octaves=self.prior[1],
        )

    def reset(self) -> None:
        self.tracker.reset()
        self.frame = 0
        self.announced = (NEVER, NEVER)
        self.heard: deque[Packet] = deque()
        self.arrived: dict[str, deque[Packet]] = {
            name: deque(maxlen=WAITING) for name in self.beside
        }

    def on_setting(self, name: str) -> None:
        self.tracker.configure(self._settings())

    def on_onset(self, packet: Packet) -> None:
        self.heard.append(packet)
        self._join()

    def on_accents(self, packet: Packet) -> None:
        self.arrived["accents"].append(packet)
        self._join()

    def on_place(self, packet: Packet) -> None:
        self.arrived["place"].append(packet)
        self._join()

    def _join(self) -> None:
        """Take the frames with all that goes with them, whichever came first; none waits long."""
        half = SECOND / self.onset.format.rate / 2
        while self.heard:
            packet = self.heard[0]
            behind = any(not r or r[-1].t < packet.t - half for r in self.arrived.values())
            if behind and len(self.heard) <= WAITING:
                return
            self.heard.popleft()
            beside = [self._at(name, packet.t, half) for name in self.beside]
            self._hear(packet.t, np.concatenate((packet.data, *beside)))

    def _at(self, name: str, t: int, half: float) -> NDArray[np.float32]:
        """What goes with the frame at `t`; NaN where it is missing."""
        near = [p.data for p in self.arrived[name] if abs(p.t - t) < half]
        return near[-1] if near else np.full(self.formats[name].size, np.nan, np.float32)

    def _hear(self, t: int, activation: NDArray[np.float32]) -> None:
        step = self.tracker.step(activation, t / SECOND)
        strength = self.tracker.observation.strength
        self.activation.emit(t, np.array([strength], np.float32))
        for decision in step.beats:
            self.beats.emit(nanoseconds(decision.due), beat_of(decision))
        self._announce(t, step)
        if self.frame % self.every == 0:
            self.tempo.emit(t, tempo_of(step))
        self.frame += 1

    def _announce(self, now: int, step: Step) -> None:
        """Tell the coming beat when it moved, at most ten times a second."""
        due = nanoseconds(step.next.due)
        told, before = self.announced
        if step.playing and now - told >= NEXT_PAUSE and abs(due - before) >= NEXT_MOVE:
            self.announced = (now, due)
            self.next.emit(due, beat_of(step.next))

    @action
    def tap(self, t: int) -> None:
        """A beat is now; two to four taps set tempo and phase."""
        self.tracker.tap(t / SECOND)

    @action
    def nudge(self, t: int, seconds: float) -> None:
        """Move all coming beats by `seconds`, later if positive."""
        self.tracker.nudge(float(seconds))

    @action
    def half(self, t: int) -> None:
        """Half the tempo, where the range allows it."""
        if not self.tracker.half():
            self.log.warning("half the tempo lies outside %s BPM", list(self.bpm))

    @action
    def double(self, t: int) -> None:
        """Double the tempo, where the range allows it."""
        if not self.tracker.double():
            self.log.warning("double the tempo lies outside %s BPM", list(self.bpm))

    @action
    def one(self, t: int) -> None:
        """The beat nearest to now is the first of its bar."""
        self.tracker.this_is_one(t / SECOND)


class Click(Node):
    """A click for every beat, at its due time, the downbeat accented."""

    beats = Input(Beats)
    notes = Output(Notes)
    pitch: Annotated[int, Knob(ge=0, le=127, description="MIDI note of a beat")] = 77
    accent: Annotated[int, Knob(ge=0, le=127, description="MIDI note of a downbeat")] = 76
    velocity: Annotated[int, Knob(ge=1, le=127, description="of a beat; a downbeat is louder")] = 80
    channel: Annotated[int, Meta(ge=1, le=16, description="MIDI channel; 10 is drums")] = 10

    def on_beats(self, packet: Packet) -> None:
        downbeat = packet.data.position == 1
        note = Note(
            pitch=self.accent if downbeat else self.pitch,
            velocity=min(127, self.velocity + 40) if downbeat else self.velocity,
            duration=0.05,
            channel=self.channel,
        )
        self.notes.emit(packet.t, note)


class Aubio(Node):
    """Beats and onsets as aubio hears them: the everyday baseline (extra `aubio`, GPL-3).

    Its beats come when they are heard, never ahead; the place in the bar is unknown.
    """

    audio = Input(Audio)
    beats = Output(Beats)
    onsets = Output(Onsets)
    window: Annotated[int, Meta(ge=64, description="samples of a window; a power of two")] = 1024
    hop: Annotated[int, Meta(ge=16, description="samples from a window to the next")] = 512

    def plan(self) -> None:
        self.rate = self.audio.format.rate
        if not self.rate:
            raise ValueError("the audio that arrives has no sample rate; set it in its source")
        self.aubio = require("aubio")

    def reset(self) -> None:
        self.follower = self.aubio.tempo("default", self.window, self.hop, self.rate)
        self.detector = self.aubio.onset("default", self.window, self.hop, self.rate)
        self.rest = np.zeros(0, np.float32)
        self.index = 0

    def on_audio(self, packet: Packet) -> None:
        sound = packet.data if packet.data.ndim == 1 else packet.data.mean(axis=1)
        start = packet.t - len(self.rest) * SECOND // self.rate
        sound = np.concatenate((self.rest, sound)).astype(np.float32)
        whole = len(sound) // self.hop * self.hop
        for at in range(0, whole, self.hop):
            self._hear(sound[at : at + self.hop], start + at * SECOND // self.rate)
        self.rest = sound[whole:]

    def _hear(self, block: NDArray[np.float32], t: int) -> None:
        if self.follower(block)[0]:
            self.beats.emit(t, self._beat())
        if self.detector(block)[0]:
            self.onsets.emit(t, Onset(float(self.detector.get_descriptor())))

    def _beat(self) -> Beat:
        bpm = float(self.follower.get_bpm())
        self.index += 1
        return Beat(
            index=self.index - 1,
            position=0,
            meter=0,
            bpm=bpm,
            period=60.0 / bpm if bpm else 0.0,
            confidence=float(min(max(self.follower.get_confidence(), 0.0), 1.0)),
        )


def nanoseconds(seconds: float) -> int:
    """Stream time in s as engine time."""
    return round(seconds * SECOND)


def beat_of(decision: Decision) -> Beat:
    """The payload of a decided beat."""
    return Beat(
        index=decision.index,
        position=decision.position,
        meter=decision.meter,
        bpm=decision.bpm,
        period=decision.period,
        confidence=decision.confidence,
    )


def tempo_of(step: Step) -> TempoState:
    """The payload of the running tempo."""
    return TempoState(
        bpm=step.bpm,
        period=step.period,
        confidence=step.confidence,
        phase=step.phase,
        position=step.position,
        meter=step.meter,
        playing=step.playing,
    )
