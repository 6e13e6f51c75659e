"""Drums from the models: a bar for a rhythm, or the next step for what a body does now.

Source: RhythmicNet (Su, Liu and Shlizerman, NeurIPS 2021), section 3, "Rhythm2Drum": a
transformer draws hits word by word, and a U-Net gives them velocities and offsets. Both models
learnt from bars of 4/4 in sixteenths; others are written as a part of such a bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from rt_engine.drums.bar import STEPS, Bar, Floats, empty
from rt_engine.drums.kit import DRUMS
from rt_engine.drums.words import Words
from rt_engine.inference import CardError
from rt_engine.inference.session import Session

__all__ = ["LIVE_MODEL", "MODELS", "HitsWriter", "StepWriter", "draw"]

MODELS = ("drums_rhythm", "drums_hits", "drums_touch")  # encoder, decoder, U-Net
LIVE_MODEL = "drums_live"
WINDOW = 2 * STEPS  # the bar before, and the bar that is written
TOP_K = 24  # words that are drawn from

Numbers = NDArray[np.float32]


class HitsWriter:
    """Writes bars for rhythms, as the continuation of the bar before.

    models: encoder, decoder and U-Net, names in `exported_models` or paths of their cards.
    complete: whether the rhythm tells every step that is to be struck; otherwise drums come in
    between as well. top_k: the likeliest words that are drawn from.

    Raises CardError where a model is absent, damaged or not of these words, MissingExtra without
    ONNX Runtime.
    """

    def __init__(
        self, models: Sequence[str | Path] = MODELS, complete: bool = False, top_k: int = TOP_K
    ) -> None:
        self.complete, self.top_k = complete, top_k
        self._encoder, self._decoder, self._touch = (Session(model, "cpu") for model in models)
        self.words = words_of(self._decoder, "logits")

    def write(self, rhythm: ArrayLike, past: Bar | None, temperature: float, rng: Generator) -> Bar:
        """A bar of as many steps as `rhythm`: every step above 0 is struck.

        past: the bar before, None where there is none. temperature: 0 (always the likeliest word)
        and up; 1 is as the drummers played. Raises ValueError for what is no rhythm.
        """
        told = np.asarray(rhythm, np.float32)
        if told.ndim != 1 or not np.isfinite(told).all():
            raise ValueError(f"a rhythm is a row of numbers, not {told.dtype}{list(told.shape)}")
        check_temperature(temperature)
        bars: list[Bar] = []
        for first in range(0, len(told), STEPS):
            part = told[first : first + STEPS]
            past = self._bar(part, past, temperature, rng)
            bars.append(past)
        return joined(bars) if bars else empty(0)

    def _bar(self, rhythm: Numbers, past: Bar | None, heat: float, rng: Generator) -> Bar:
        """At most 16 steps."""
        struck = np.resize(rhythm > 0, STEPS)
        before = None if past is None or not len(past) else filled(past)
        own = struck if before is None else before.hits.any(axis=1)
        told = np.concatenate([own, struck])
        frame = np.stack([told, np.full(WINDOW, self.complete)], axis=-1)
        context = self._encoder.step({"rhythm": frame.reshape(-1)})["context"]
        hits = self._hits(told[: STEPS + len(rhythm)], before, context, heat, rng)
        return self._touched(np.resize(hits, (STEPS, len(DRUMS))), before, len(hits))

    def _hits(
        self, told: NDArray[np.bool_], before: Bar | None, context: Numbers, heat: float,
        rng: Generator,
    ) -> NDArray[np.bool_]:  # fmt: skip
        """The hits of a bar, word by word; told: whether steps are struck, from the bar before."""
        self._decoder.reset()
        known = [] if before is None else self.words.of(before.hits).tolist()
        fed, first = [len(self.words), *known], len(known)
        for place in range(first, first + len(told) - STEPS):
            places = np.arange(place + 1 - len(fed), place + 1)
            frames = {
                "word": np.array(fed)[:, None],
                "place": places[:, None],
                "kind": 2 * self.complete + told[places][:, None],
                "context": np.broadcast_to(context, (len(fed), len(context))),
            }
            logits = self._decoder.run(frames)["logits"][-1]
            fed = [draw(logits, self.words, bool(told[place]), heat, rng, self.top_k)]
            known.append(fed[0])
        return self.words.hits[known[first:]]

    def _touched(self, hits: NDArray[np.bool_], before: Bar | None, steps: int) -> Bar:
        """The first `steps` of a bar of hits, with the touch of the bar before."""
        told = np.zeros((WINDOW, 3 * len(DRUMS) + 1), np.float32)
        told[:STEPS, : len(DRUMS)], told[STEPS:, : len(DRUMS)] = hits, hits
        if before is not None:
            touch = (before.hits, before.velocities, before.offsets, np.ones((STEPS, 1)))
            told[:STEPS] = np.concatenate(touch, axis=1)
        found = self._touch.step({"told": told.reshape(-1)})
        own = slice(STEPS, STEPS + steps)
        shape = WINDOW, len(DRUMS)
        velocities, offsets = (found[n].reshape(shape)[own] for n in ("velocities", "offsets"))
        return struck_with(hits[:steps], velocities, offsets)


class StepWriter:
    """Writes one sixteenth after the other, and remembers what it wrote until `reset`.

    model: a name in `exported_models` or the path of a card. top_k: the likeliest words that are
    drawn from. Raises as `HitsWriter` does.
    """

    def __init__(self, model: str | Path = LIVE_MODEL, top_k: int = TOP_K) -> None:
        self.top_k = top_k
        self._session = Session(model, "cpu")
        self.words = words_of(self._session, "words")
        self.reset()

    def reset(self) -> None:
        """Forget what was played."""
        self._session.reset()
        self._previous = empty(1)

    def played(self, step: Bar) -> None:
        """What was really played in place of the step written last; ValueError if not one step."""
        if len(step) != 1:
            raise ValueError(f"one step was written, {len(step)} are told as played")
        self._previous = step

    def step(
        self,
        position: int,
        rhythm: float,
        strength: float,
        density: float,
        intensity: float,
        temperature: float,
        rng: Generator,
    ) -> Bar:
        """One step: sixteenth `position` of a bar.

        rhythm: above 0 where the body strikes, with `strength` 0..1; something is struck there.
        density: 0..1, the share of steps to be struck. intensity: 0..1, the mean velocity.
        temperature: as of `HitsWriter.write`.
        """
        check_temperature(temperature)
        must = rhythm > 0
        now = np.zeros(STEPS + 4, np.float32)
        now[position % STEPS] = 1.0
        told = (float(must), strength * must, density, intensity)
        now[STEPS:] = np.clip(told, 0.0, 1.0)
        past = self._previous
        before = np.concatenate([past.hits, past.velocities, past.offsets], axis=1)
        found = self._session.step({"previous": before[0], "now": now})
        word = draw(found["words"], self.words, must, temperature, rng, self.top_k)
        hits = self.words.hits[[word]]
        self._previous = struck_with(hits, found["velocities"][None], found["offsets"][None])
        return self._previous


def draw(
    logits: Numbers, words: Words, must: bool, temperature: float, rng: Generator, top_k: int
) -> int:
    """One of the `top_k` likeliest words; `must`: of those that strike something."""
    scores = logits.astype(np.float64)
    if must:
        scores[~words.hits.any(axis=1)] = -np.inf
    best = np.argsort(-scores, kind="stable")[:top_k]
    chance = rng.random()  # drawn in any case, so that a temperature of 0 changes no other draw
    if temperature == 0:
        return int(best[0])
    chances = np.exp((scores[best] - scores[best[0]]) / temperature)
    last = len(best) - 1
    return int(best[min(np.searchsorted(chances.cumsum(), chance * chances.sum(), "right"), last)])


def words_of(session: Session, output: str) -> Words:
    """The vocabulary that the card of a model tells beside one of its outputs."""
    card = session.card
    port = next((port for port in card.outputs if port.name == output), None)
    names = port.content.split(", ") if port is not None else []
    try:
        words = Words.named(names)
    except ValueError as error:
        raise CardError(f"model {card.name!r}: {output!r} are no words of drums: {error}") from None
    if port is not None and port.size != len(words):
        raise CardError(f"model {card.name!r}: {port.size} logits for {len(words)} words")
    return words


def check_temperature(temperature: float) -> None:
    """ValueError for one that nothing can be drawn at."""
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature {temperature:g}: needed is a number from 0 on")


def filled(bar: Bar) -> Bar:
    """The last 16 steps of a bar; a shorter one begins anew until they are full."""
    shape = STEPS, len(DRUMS)
    hits, velocities, offsets = (
        np.resize(array[-STEPS:], shape) for array in (bar.hits, bar.velocities, bar.offsets)
    )
    return Bar(hits, velocities, offsets)


def struck_with(hits: NDArray[np.bool_], velocities: Floats, offsets: Floats) -> Bar:
    """A bar whose touch is 0 where nothing is struck."""
    touch = (np.where(hits, array, 0).astype(np.float32) for array in (velocities, offsets))
    return Bar(hits, *touch)


def joined(bars: Sequence[Bar]) -> Bar:
    """Bars in a row as one."""
    return Bar(
        np.concatenate([bar.hits for bar in bars]),
        np.concatenate([bar.velocities for bar in bars]),
        np.concatenate([bar.offsets for bar in bars]),
    )
