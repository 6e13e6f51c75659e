"""What a tracker is told and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field

from rt_engine.rhythm.pulse import Steering


@dataclass(frozen=True)
class Settings:
    """What a `Tracker` is told.

    bpm: slowest and fastest tempo. meters: beats a bar that may be. lead: seconds before its due
    time at which a beat is decided, counted from the time of the frame (its centre); from then on
    it stays. threshold: confidence from which beats are given out. coast: seconds that they go on
    after the confidence fell under it. hold: keep tempo and phase whatever is heard.
    centre, octaves: BPM and deviation of the log-normal prior over tempi, which settles between
    half and double. offset: seconds that every beat is given out later.
    """

    bpm: tuple[float, float] = (60.0, 200.0)
    meters: tuple[int, ...] = (4,)
    lead: float = 0.1
    threshold: float = 0.3
    coast: float = 5.0
    hold: bool = False
    centre: float = 115.0
    octaves: float = 0.5
    offset: float = 0.0
    steering: Steering = field(default_factory=Steering)


@dataclass(frozen=True)
class Decision:
    """A beat: `due` is its own time in s, mostly ahead of the frame that decided it.

    index: counts beats from the start of tracking. position: in the bar of `meter` beats, 1 is
    the downbeat. period: s to the next beat. confidence: 0..1.
    """

    due: float
    index: int
    position: int
    meter: int
    period: float
    confidence: float

    @property
    def bpm(self) -> float:
        """Beats a minute."""
        return 60.0 / self.period


@dataclass(frozen=True)
class Step:
    """What one frame led to, at its time `t` (s).

    beats: decided now, each given once. next: the coming beat, not decided yet. phase: 0..1 since
    the last beat. position: in the bar, of the beat that runs at `t`. playing: whether beats are
    given out.
    """

    t: float
    beats: tuple[Decision, ...]
    next: Decision
    phase: float
    position: int
    playing: bool

    @property
    def bpm(self) -> float:
        """Beats a minute."""
        return self.next.bpm

    @property
    def period(self) -> float:
        """Seconds a beat."""
        return self.next.period

    @property
    def meter(self) -> int:
        """Beats a bar."""
        return self.next.meter

    @property
    def confidence(self) -> float:
        """0 (no rhythm is heard) to 1, see `Tracker`."""
        return self.next.confidence
