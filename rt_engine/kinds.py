"""The kinds of streams in this project: formats of the wires, and payloads.

Times of packets: audio carries the time of its first sample, a picture that of its mid-exposure,
a frame of features that of the centre of its window, an event its own moment, which may lie in
the future (a due time).

The body frame of everything that moves is right-handed, in metres, Y up; a person who faces the
camera looks along +Z, and +X is to the person's left. Quaternions are unit, in the order xyzw.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from rt_engine.core.packet import Kind

__all__ = [
    "ARTICULATIONS",
    "DYNAMICS",
    "Audio",
    "Beat",
    "Beats",
    "BowStroke",
    "BowStrokes",
    "Cue",
    "Cues",
    "DrumBar",
    "DrumBars",
    "Expression",
    "Expressions",
    "Frames",
    "Images",
    "Measured",
    "Note",
    "Notes",
    "Onset",
    "Onsets",
    "Phrase",
    "Phrases",
    "PlayedNote",
    "PlayedNotes",
    "Pose",
    "Poses",
    "Posture",
    "Postures",
    "SkeletonPose",
    "Skeletons",
    "Tempo",
    "TempoState",
]


class Audio(Kind, frozen=True):
    """Sound: float32, full scale 1.0, shape (n,) for one channel, else (n, channels)."""

    payload = np.ndarray
    rate: int = 0  # Hz
    channels: int = 1


class Frames(Kind, frozen=True):
    """One vector of features a packet: float32, shape (size,)."""

    payload = np.ndarray
    rate: float = 0.0  # frames a second
    size: int = 0
    content: str = ""  # "log-mel", "onset strength", ...


class Beat(msgspec.Struct, frozen=True):
    """A beat, heard or predicted."""

    index: int  # counts from the start of tracking
    position: int  # in the bar: 1 is the downbeat, 0 unknown
    meter: int  # beats a bar, 0 unknown
    bpm: float
    period: float  # s to the next beat
    confidence: float  # 0 (none) to 1


class Beats(Kind, frozen=True):
    """Beats; the packet's time is that of the beat itself, and often ahead of the clock."""

    payload = Beat


class TempoState(msgspec.Struct, frozen=True):
    """Where the music stands now."""

    bpm: float
    period: float  # s a beat
    confidence: float  # 0 to 1
    phase: float  # 0 (on the beat) to 1
    position: int  # of the beat in the bar, 1 is the downbeat, 0 unknown
    meter: int  # beats a bar, 0 unknown
    playing: bool  # whether music is followed now


class Tempo(Kind, frozen=True):
    """The running tempo, several times a second."""

    payload = TempoState


class Phrase(msgspec.Struct, frozen=True):
    """The start of a musical phrase: told at once, and told again when the music bore it out."""

    index: int  # counts from the start of tracking
    confidence: float  # 0 to 1
    confirmed: bool  # False: as it seemed at once; True: what followed speaks for it too


class Phrases(Kind, frozen=True):
    """Phrase boundaries; the packet's time is that of the boundary, mostly a downbeat."""

    payload = Phrase


DYNAMICS = ("pp", "p", "mp", "mf", "f", "ff")  # the outer two include ppp and fff
ARTICULATIONS = ("legato", "neutral", "staccato")


class Expression(msgspec.Struct, frozen=True):
    """How the music is played now; -1 where a class, and 0 where its confidence, is unknown."""

    dynamics: int  # index of `DYNAMICS`
    level: float  # the same without steps: 0 (softest) to 1 (loudest)
    dynamics_confidence: float  # 0 to 1
    articulation: int  # index of `ARTICULATIONS`
    detached: float  # the same without steps: 0 (legato) to 1 (staccato)
    articulation_confidence: float  # 0 to 1


class Expressions(Kind, frozen=True):
    """Dynamics and articulation, when they change and several times a second."""

    payload = Expression


class Note(msgspec.Struct, frozen=True):
    """A MIDI note; the packet's time is the due time of its start."""

    pitch: int  # MIDI number
    velocity: int  # 1 to 127
    duration: float  # s
    channel: int = 1  # 1 to 16


class Notes(Kind, frozen=True):
    """Notes to be played."""

    payload = Note


class DrumBar(msgspec.Struct, frozen=True):
    """A bar of drums as it is going to be played; the fields are those of `drums.bar.Bar`."""

    index: int  # counts bars from the start of playing
    period: float  # s a beat, as predicted
    hits: npt.NDArray[np.bool_]  # (steps, 9): sixteenths, drums of `drums.kit.DRUMS`
    velocities: npt.NDArray[np.float32]  # (steps, 9): 0 to 1
    offsets: npt.NDArray[np.float32]  # (steps, 9): -0.5 to 0.5 of a step, later if positive
    source: str  # "model", "pattern", "fill", "lock": where it comes from


class DrumBars(Kind, frozen=True):
    """Bars of drums; the packet's time is that of the first step, ahead of the clock."""

    payload = DrumBar


class Onset(msgspec.Struct, frozen=True):
    """The start of a sound."""

    strength: float


class Onsets(Kind, frozen=True):
    """Onsets, at the time of each."""

    payload = Onset


class Images(Kind, frozen=True):
    """Pictures: uint8, shape (height, width, 3), blue green red, not mirrored."""

    payload = np.ndarray
    width: int = 0
    height: int = 0
    rate: float = 0.0  # pictures a second


class Pose(msgspec.Struct, frozen=True):
    """The landmarks of one person, in MediaPipe's order of 33, and of the hands in its of 21."""

    person: int  # stays with the person while in sight
    image: npt.NDArray[np.float32]  # (33, 3): x right, y down in pixels from the top left; depth
    world: npt.NDArray[np.float32]  # (33, 3): body frame, origin between the hips
    visibility: npt.NDArray[np.float32]  # (33,), 0 to 1
    width: int  # of the picture, in pixels
    height: int
    left_hand: npt.NDArray[np.float32] | None = None  # (21, 3): body frame
    right_hand: npt.NDArray[np.float32] | None = None


class Poses(Kind, frozen=True):
    """The people in one picture; an empty list: nobody is seen."""

    payload = list[Pose]


class SkeletonPose(msgspec.Struct, frozen=True):
    """A humanoid in a posture; bones in the order of `rt_engine.motion.skeleton.BONES`."""

    person: int
    root: npt.NDArray[np.float32]  # (3,): the hips, body frame, the floor at Y = 0
    rotations: npt.NDArray[np.float32]  # (55, 4): local, against the T-pose
    confidence: npt.NDArray[np.float32]  # (55,), 0 to 1
    scale: float = 1.0  # height of the person over that of the rest skeleton
    contacts: tuple[bool, bool] = (False, False)  # left and right foot on the floor


class Skeletons(Kind, frozen=True):
    """The people in motion at one moment; an empty list: nobody."""

    payload = list[SkeletonPose]


class Measured(msgspec.Struct, frozen=True):
    """A figure and how far it can be relied on: 0 (not at all) to 1."""

    value: float = 0.0
    reliability: float = 0.0


class PlayedNote(msgspec.Struct, frozen=True):
    """A note that was heard, when it has ended; the packet's time is that of its start."""

    index: int  # counts from the start of listening
    duration: float  # s
    pitch: Measured  # MIDI number with its fraction, A = 69 at the reference
    target: int  # MIDI number of the note meant, 0 unknown
    intonation: Measured  # cents from the target in its temperament, sharp if positive
    tuning: Measured  # cents by which the whole playing lies above the reference
    vibrato_rate: Measured  # Hz
    vibrato_extent: Measured  # cents from the middle to either side
    level: Measured  # dBFS
    evenness: Measured  # dB, standard deviation of the level within the note
    timing: Measured  # s from where the pulse, click or score has it; late if positive
    tempo: Measured  # BPM of the pulse, click or score
    bow_change: Measured  # 1 where the bow turned at its start, else 0
    brightness: Measured  # octaves of the spectral centroid above the note; a relative tone proxy
    noisiness: Measured  # part of the sound without period, 0 to 1; a relative tone proxy
    bar: int = 0  # of the score, from 1; 0 unknown
    beat: float = 0.0  # in the bar, from 1; 0 unknown
    place: float = 0.0  # how sure bar and beat are, 0 to 1


class PlayedNotes(Kind, frozen=True):
    """Notes of a player, measured."""

    payload = PlayedNote


class Cue(msgspec.Struct, frozen=True):
    """One hint to a player."""

    index: int  # counts from the start
    topic: str  # "intonation", "timing", ...
    text: str  # in a few words
    value: float  # what was measured, in `unit`, over the notes that the hint is about
    unit: str
    reliability: float  # 0 to 1
    bar: int = 0  # of the score, from 1; 0 unknown


class Cues(Kind, frozen=True):
    """Hints to a player, at most one at a time; the packet's time is that of its last reason."""

    payload = Cue


class BowStroke(msgspec.Struct, frozen=True):
    """A stroke of the bow that was seen, when it has ended; the packet's time is its start."""

    index: int  # counts from the start of watching
    direction: int  # 1 down, the hand leaves the violin; -1 up
    duration: float  # s
    amount: Measured  # m of bow
    speed: Measured  # m/s, the mean
    rate: Measured  # strokes a minute, lately
    straightness: Measured  # proxy: 1 where the wrist went along one line, 0 where it circled


class BowStrokes(Kind, frozen=True):
    """Strokes of a violinist's bow, measured."""

    payload = BowStroke


class Posture(msgspec.Struct, frozen=True):
    """How far a violinist's posture lies from the player's own good one, of late."""

    shoulders: Measured  # degrees that they tilt; positive where the left one is too high
    elbow: Measured  # cm of the right elbow against its shoulder; too high if positive
    head: Measured  # degrees that it tilts; positive where it leans too far to the left
    hand: Measured  # cm of the left hand against its shoulder; too high if positive
    calibrated: bool = False  # whether the good posture is known; else all reliabilities are 0


class Postures(Kind, frozen=True):
    """Postures, a few times a second; the packet's time is that of the newest pose."""

    payload = Posture
