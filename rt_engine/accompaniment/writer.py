"""Bars of an instrument over bars of drums, token by token from the model, with its memory.

Source: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 3, "Drum2Music": the drums of
the bar are given to the encoder, and the tokens are drawn one by one, the `top_k` likeliest at a
temperature. What may be drawn is limited by `grammar.Grammar`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rt_engine.accompaniment import tokens as tk
from rt_engine.accompaniment.drums import numbers_of
from rt_engine.accompaniment.grammar import Grammar
from rt_engine.accompaniment.harmony import (
    CHORDS,
    NO_CHORD,
    Key,
    diatonic,
    home_of,
    homeward,
    transposed,
)
from rt_engine.accompaniment.notes import BarNote, in_beats, without_overlaps
from rt_engine.accompaniment.progression import Chords
from rt_engine.drums.bar import Bar
from rt_engine.inference import CardError
from rt_engine.inference.session import Session

__all__ = ["MODELS", "TooLate", "Wish", "Writer"]

HOME = Key(0, "major")  # in which the model works, and its relative minor

Floats = NDArray[np.float64]
Rng = np.random.Generator

MODELS = ("accompaniment_drums", "accompaniment_notes")  # encoder and decoder
TURN = 512  # sixteenths after which the model's musical time begins anew
STRICT = 8.0  # nats that a pitch out of the key loses at a strength just below 1
CONSONANT = 5.0  # nats that a tone of the chord gains at a full `harmony`
PULL = 3.0  # nats that the loudest hit adds to its position when the drums are followed wholly


class TooLate(Exception):  # noqa: N818 (says what it is)
    """The bar was not finished in time; what was written of it is forgotten."""


@dataclass(frozen=True)
class Wish:
    """How a bar is to be written.

    tempo: BPM. chords: of the halves of the bar (indices of `harmony.CHORDS`, or NO_CHORD);
    None: the model finds them, within the key where one is given. density: 0..1, None leaves it
    open. key_strength: 0 (not at all) to 1 (never out of the key, but for the tones of given
    chords). harmony, follow: 0..1, how much the tones of the chord are preferred, and the hits of
    the drums draw the notes to them, by rule, over what the model has learnt. temperature: above
    0. top_k: tokens that are drawn from, 1 or more.
    """

    instrument: str = "piano"
    tempo: float = 120.0
    chords: Chords | None = None
    density: float | None = None
    key: Key | None = None
    key_strength: float = 1.0
    harmony: float = 0.5
    follow: float = 0.0
    temperature: float = 1.0
    top_k: int = 12


def never() -> bool:
    """There is time enough."""
    return False


class Writer:
    """Writes one bar after the other; what it wrote before is remembered until `reset`.

    The model works in the key without signs: what goes in and comes out is transposed, from the
    key that is wished for or from the chords so far; without both, from any key, drawn at a reset.

    models: encoder and decoder, names in `exported_models` or paths of their cards. Raises
    CardError where a model is absent, damaged or not of this vocabulary, MissingExtra without
    ONNX Runtime.

    Attributes: `chords`, of the last bar.
    """

    def __init__(self, models: Sequence[str | Path] = MODELS) -> None:
        self.encoder, self.decoder = (Session(model, "cpu") for model in models)
        found = self.decoder.card.outputs[0].size
        if found != tk.SIZE:
            name = self.decoder.card.name
            raise CardError(f"model {name!r} knows {found} tokens, needed are {tk.SIZE}")
        self.reset()

    def reset(self) -> None:
        """Forget what was played."""
        self.encoder.reset()
        self.decoder.reset()
        self.chords: Chords = (NO_CHORD, NO_CHORD)
        self._time, self._instrument = 0, ""
        self._heard = np.zeros(12)  # how often each pitch class was in a chord
        self._shift: int | None = None  # semitones from what sounds to what the model sees
        self._pending: list[tuple[int, int, NDArray[np.float32]]] = []

    def write(
        self, bar: Bar, wish: Wish, rng: Rng, late: Callable[[], bool] = never
    ) -> list[BarNote]:
        """The notes over a bar of drums of any length, in order; none rings beyond the bar.

        late: asked before every token. Raises TooLate when it says so.
        """
        if self._instrument not in ("", wish.instrument):
            self.reset()
        self._instrument = wish.instrument
        notes: list[BarNote] = []
        halves: list[int] = []
        for first in range(0, len(bar), tk.STEPS):
            cut = slice(first, first + tk.STEPS)
            part = Bar(bar.hits[cut], bar.velocities[cut], bar.offsets[cut])
            notes += in_beats(self._part(part, wish, rng, late), first)
            halves += self.chords
        if halves:
            self.chords = halves[0], halves[-1]
        return without_overlaps(notes)

    def _part(self, part: Bar, wish: Wish, rng: Rng, late: Callable[[], bool]) -> list[tk.Written]:
        """The notes of at most 16 steps."""
        context = self.encoder.step({"drums": numbers_of(part)})["context"]
        shift = self._home(wish, rng)
        place = 0
        try:
            self.chords, logits = self._head(wish, shift, context, rng)
            classes, density = allowed(wish, self.chords), density_class(wish)
            grammar = Grammar(wish.instrument, len(part), classes, shift, density)
            halves = [leaning(wish, self.chords, k, shift, part) for k in range(2)]
            body: list[int] = []
            while not body or body[-1] != tk.END:
                if late():
                    raise TooLate(f"{len(body)} tokens were written")
                bias = halves[2 * place >= tk.STEPS]
                token = draw(logits + bias, grammar.mask(), wish, rng)
                grammar.take(token)
                body.append(token)
                place = max(grammar.place, 0)
                if token != tk.END:
                    logits = self._feed([token], place, context)
        finally:
            self._pending = [(tk.END, (self._time + place) % TURN, context)]
            self._time += tk.STEPS
        return [note._replace(pitch=note.pitch - shift) for note in tk.decode(body)]

    def _home(self, wish: Wish, rng: Rng) -> int:
        """Semitones that bring the music to the key of the model."""
        for index in wish.chords or ():
            if index != NO_CHORD:
                self._heard += CHORDS[index].tones
        if wish.key is not None:
            self._shift = home_of(wish.key.tones.astype(float))
        elif self._heard.any():
            self._shift = home_of(self._heard)
        elif self._shift is None:
            self._shift = homeward(int(rng.integers(12)))
        return self._shift

    def _head(
        self, wish: Wish, shift: int, context: NDArray[np.float32], rng: Rng
    ) -> tuple[Chords, Floats]:
        """Begin a bar: its chords, as they sound, and the logits after them."""
        given = wish.chords or (NO_CHORD, NO_CHORD)
        seen = transposed(given[0], shift), transposed(given[1], shift)
        head = tk.Head(wish.instrument, wish.tempo, density_class(wish), seen)
        if wish.chords is not None:
            return wish.chords, self._feed(head.tokens, 0, context)
        logits = self._feed(head.tokens[: tk.HEAD - 2], 0, context)
        mask = np.zeros(tk.SIZE, np.bool_)
        mask[tk.CHORD.tokens] = diatonic(HOME)
        found = []
        for _ in range(2):
            token = draw(logits, mask, wish, rng)
            found.append(transposed(token - tk.CHORD.first, -shift))
            logits = self._feed([token], 0, context)
        return (found[0], found[1]), logits

    def _feed(self, tokens: list[int], place: int, context: NDArray[np.float32]) -> Floats:
        """Tell the decoder these tokens at a place of the bar; the logits of what follows."""
        time = (self._time + place) % TURN
        rows = [*self._pending, *((token, time, context) for token in tokens)]
        self._pending = []
        frames = {
            "token": np.array([[row[0]] for row in rows], np.float32),
            "time": np.array([[row[1]] for row in rows], np.float32),
            "context": np.stack([row[2] for row in rows]),
        }
        logits: Floats = self.decoder.run(frames)["logits"][-1].astype(np.float64)
        return logits


def density_class(wish: Wish) -> int:
    """The class of density that is wished for; never that of silence."""
    if wish.density is None:
        return tk.ANY_DENSITY
    return 1 + min(int(wish.density * len(tk.DENSITIES)), len(tk.DENSITIES) - 1)


def allowed(wish: Wish, chords: Chords) -> NDArray[np.bool_]:
    """Pitch classes that may sound at all: in a key of full strength its tones and the chords'."""
    if wish.key is None or wish.key_strength < 1.0:
        return np.ones(12, np.bool_)
    return inside(wish.key, chords)


def inside(key: Key, chords: Chords) -> NDArray[np.bool_]:
    """Pitch classes of a key and of chords."""
    tones: NDArray[np.bool_] = key.tones
    for index in chords:
        if index != NO_CHORD:
            tones = tones | CHORDS[index].tones
    return tones


def leaning(wish: Wish, chords: Chords, half: int, shift: int, drums: Bar) -> Floats:
    """What is added to the logits in a half of the bar, 0 or 1: (SIZE,)."""
    bias = np.zeros(tk.SIZE)
    classes = (np.arange(tk.LOWEST, tk.HIGHEST + 1) - shift) % 12
    pitches, places = bias[tk.PITCH.tokens], bias[tk.POSITION.tokens]
    if wish.key is not None and wish.key_strength < 1.0:
        pitches -= STRICT * wish.key_strength * ~inside(wish.key, chords)[classes]
    if chords[half] != NO_CHORD:
        pitches += CONSONANT * wish.harmony * CHORDS[chords[half]].tones[classes]
    accents = drums.velocities.max(axis=1, initial=0.0)
    places[: len(accents)] += PULL * wish.follow * (accents - accents.mean())
    return bias


def draw(logits: Floats, mask: NDArray[np.bool_], wish: Wish, rng: Rng) -> int:
    """One of the `top_k` likeliest tokens that may follow, by their chances at the temperature."""
    open_ = np.flatnonzero(mask)
    best = open_[np.argsort(-logits[open_], kind="stable")[: wish.top_k]]
    scores = logits[best] / wish.temperature
    chances = np.exp(scores - scores.max())
    return int(best[np.searchsorted(np.cumsum(chances), rng.random() * chances.sum())])
