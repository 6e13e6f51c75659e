"""Features of sound, one frame a packet, each stamped with the time of its window's centre."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
from msgspec import Meta

from rt_engine import signal
from rt_engine.core import SECOND, Input, Knob, Node, Output, Packet
from rt_engine.kinds import Audio, Frames
from rt_engine.signal.onset import EDGES

__all__ = [
    "Chroma",
    "LogMel",
    "MelOnset",
    "Mfcc",
    "OnsetStrength",
    "Pitch",
    "RhythmMel",
    "Rms",
    "Stft",
]

Extractor: TypeAlias = signal.Extractor[np.float32] | signal.OnsetStrength

Edges = Annotated[list[float], Meta(description="frequencies between the bands, Hz")]
Bands = Annotated[int, Meta(ge=1, le=512, description="bands of the mel scale")]
Low = Annotated[float, Meta(ge=0, description="lowest frequency, Hz")]
High = Annotated[float, Meta(ge=0, description="highest frequency, Hz; 0 is half the sample rate")]


class _Feature(Node):
    """What the nodes below share: audio of any channel count, mixed down, to frames."""

    content: ClassVar[str]
    audio = Input(Audio)
    frames = Output(Frames)

    def make(self, rate: int) -> Extractor:
        """The state machine that does the work; ValueError where the settings do not fit."""
        raise NotImplementedError

    def plan(self) -> None:
        self.rate = self.audio.format.rate
        if not self.rate:
            raise ValueError("the audio that arrives has no sample rate; set it in its source")
        self.feature = self.make(self.rate)
        self.frames.format = Frames(
            rate=self.feature.frame_rate, size=self.feature.dims, content=self.content
        )

    def reset(self) -> None:
        self.feature.reset()
        self.received = 0

    def on_audio(self, packet: Packet) -> None:
        samples = packet.data if packet.data.ndim == 1 else packet.data.mean(axis=1)
        rows = self.feature.process(samples)
        for centre, row in zip(self.feature.times.tolist(), rows, strict=True):
            self.frames.emit(packet.t + (centre - self.received) * SECOND // self.rate, row)
        self.received += len(samples)


class RhythmMel(_Feature):
    """Log-mel spectrum relative to its own running level: what the rhythm models hear.

    50 frames a second of 80 bands, whatever the sample rate; the level does not matter.
    """

    content = "rhythm mel"

    def make(self, rate: int) -> Extractor:
        return signal.RhythmMel(rate)


class MelOnset(Node):
    """Onset strength in bands, from the frames of `RhythmMel`: accents for `rhythm.BeatTracker`."""

    mel = Input(Frames)
    frames = Output(Frames)

    def plan(self) -> None:
        found: Frames = self.mel.format
        if (found.size, found.content) != (signal.RhythmMel.BANDS, RhythmMel.content):
            raise ValueError(f"{found.content!r} of {found.size} numbers: take features.RhythmMel")
        self.onset = signal.MelOnset()
        self.frames.format = Frames(found.rate, self.onset.dims, OnsetStrength.content)

    def reset(self) -> None:
        self.onset.reset()

    def on_mel(self, packet: Packet) -> None:
        self.frames.emit(packet.t, self.onset.step(packet.data))


class _Framed(_Feature):
    """A feature whose windows the user chooses."""

    window_length: ClassVar[float] = 0.046  # s, where `size` is 0
    size: Annotated[
        int, Meta(ge=0, le=65_536, description="samples in a window; 0 chooses a power of two")
    ] = 0
    fps: Annotated[
        float, Meta(gt=0, le=2000, description="frames a second; a whole number of samples apart")
    ] = 100.0

    def make(self, rate: int) -> Extractor:
        size = self.size or 2 ** round(np.log2(rate * self.window_length))
        return self.extractor(rate, size, max(1, round(rate / self.fps)))

    def extractor(self, rate: int, size: int, hop: int) -> Extractor:
        """As `make`, for windows of `size` samples that begin `hop` apart."""
        raise NotImplementedError


class Stft(_Framed):
    """Magnitude spectrum: size / 2 + 1 bins from 0 Hz to half the sample rate."""

    content = "stft magnitude"
    window: Annotated[
        Literal["hann", "hamming", "blackman", "rectangular"],
        Meta(description="shape of the window"),
    ] = "hann"

    def extractor(self, rate: int, size: int, hop: int) -> Extractor:
        return signal.Spectrum(rate, size, hop, self.window, start="whole")


class LogMel(_Framed):
    """Log-mel spectrum, the usual input of neural networks for music and speech."""

    content = "log-mel"
    bands: Bands = 128
    low: Low = 0.0
    high: High = 0.0
    scale: Annotated[
        Literal["slaney", "htk"], Meta(description="mel scale: of Slaney, as librosa, or of HTK")
    ] = "slaney"
    area: Annotated[bool, Meta(description="triangles of equal area; else of equal height")] = True
    power: Annotated[Literal[1, 2], Meta(description="1 sums magnitudes, 2 powers")] = 2
    compression: Annotated[
        Literal["none", "ln", "log10", "db"],
        Meta(description="x, ln(1 + gain x), log10(1 + gain x), or decibels"),
    ] = "db"
    gain: Annotated[float, Meta(gt=0, description="factor before the logarithm")] = 1.0

    def extractor(self, rate: int, size: int, hop: int) -> Extractor:
        filters = signal.mel_filters(
            rate, size, self.bands, self.low, self.high or None, self.scale, self.area
        )
        self.empty = int(np.count_nonzero(~filters.any(axis=1)))
        return signal.LogBands(
            rate, size, hop, filters, self.power, self.compression, self.gain, start="whole"
        )

    def open(self) -> None:
        if self.empty:
            self.log.warning(
                "%d of %d bands are narrower than the bins of the spectrum and stay empty: "
                "take fewer bands or a larger size",
                self.empty,
                self.bands,
            )


class OnsetStrength(_Framed):
    """Spectral flux against a maximum-filtered past, in bands of frequency and over all.

    The level of the sound does not matter. Four bands (up to 150, 500, 2500 Hz and above) and
    the mean over all of them last, unless `edges` says otherwise.
    """

    content = "onset strength"
    edges: Edges = list(EDGES)

    def extractor(self, rate: int, size: int, hop: int) -> Extractor:
        return signal.OnsetStrength(rate, size, hop, self.edges)


class Chroma(_Framed):
    """Energy of the twelve pitch classes, C first."""

    content = "chroma"
    window_length = 0.093
    a4: Annotated[float, Meta(ge=380, le=480, description="tuning: the A above middle C, Hz")] = 440
    norm: Annotated[
        Literal["none", "sum", "euclidean", "max"],
        Meta(description="what each frame is divided by"),
    ] = "max"

    def extractor(self, rate: int, size: int, hop: int) -> Extractor:
        return signal.Chroma(rate, size, hop, a4=self.a4, norm=self.norm, start="whole")


class Mfcc(_Framed):
    """Mel-frequency cepstral coefficients: the colour of the sound in a few numbers."""

    content = "mfcc"
    coefficients: Annotated[int, Meta(ge=1, le=128, description="how many, the level first")] = 20
    bands: Bands = 128
    low: Low = 0.0
    high: High = 0.0

    def extractor(self, rate: int, size: int, hop: int) -> Extractor:
        mel = {"bands": self.bands, "low": self.low, "high": self.high or None}
        return signal.Mfcc(rate, size, hop, self.coefficients, start="whole", **mel)


class Rms(_Framed):
    """Root mean square, full scale 1."""

    content = "rms"

    def extractor(self, rate: int, size: int, hop: int) -> Extractor:
        return signal.Rms(rate, size, hop, start="whole")


class Pitch(_Framed):
    """Pitch of one voice (YIN): frequency in Hz, and confidence from 0 to 1.

    Lower notes than `low` need a larger `size`: two periods must fit.
    """

    content = "pitch"
    low: Annotated[float, Meta(gt=0, description="lowest note, Hz")] = 55.0
    high: Annotated[float, Meta(gt=0, description="highest note, Hz")] = 1760.0
    threshold: Annotated[
        float, Knob(gt=0, le=1, description="aperiodicity below which a period is taken")
    ] = 0.1

    def extractor(self, rate: int, size: int, hop: int) -> Extractor:
        self.yin = signal.Pitch(rate, size, hop, self.low, self.high, self.threshold, start="whole")
        return self.yin

    def on_setting(self, name: str) -> None:
        self.yin.threshold = self.threshold
