"""How late the camera is against the microphone: claps heard, and hands seen to meet."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from rt_engine.core import SECOND, Packet
from rt_engine.kinds import Pose
from rt_engine.motion.landmarks import HIPS, SHOULDERS, WRISTS

__all__ = ["Offset", "calibrate_av", "claps_heard", "claps_seen", "offset_between"]

Floats = npt.NDArray[np.float64]

NEEDED = 4  # claps heard and seen
APART = 0.15  # s between two claps
LOUD = 0.2  # of the loudest clap
CLEAR = 8.0  # times the median of the envelope
ATTACK = 0.2  # of a clap's peak: where it begins
SEEN = 0.3  # visibility of the wrists
SWING = 0.4  # of the range of distances: how far the hands come together for a clap
REACH = 0.5  # s before a contact in which the hands were apart
FLANK = (0.15, 0.85)  # of the way of the hands: where their approach is a straight line
BLUR = 1 / 3  # of a picture's time: what jitter was seen to shift all contacts by, at most
WIDTH = 0.04  # s: claps whose offsets differ less agree


class Offset(msgspec.Struct, frozen=True):
    """Camera against microphone: `ms` that the times of pictures are late (negative: early).

    Add it to `delay_ms` of the camera. uncertainty: half of a 95 % interval, in ms. claps: how
    many were used.
    """

    ms: float
    uncertainty: float
    claps: int


def calibrate_av(
    audio: Sequence[Packet], rate: int, poses: Sequence[Packet], most: float = 0.6
) -> Offset:
    """The offset from claps at uneven distances, hands well apart between them.

    `audio`: packets of `Audio` at `rate` Hz, `poses`: packets of `Poses`, of the same time.
    `most`: s that the offset can be. Raises ValueError that says what was missing.
    """
    heard, seen = claps_heard(audio, rate), claps_seen(poses)
    for found, what in ((heard, "heard"), (seen, "seen")):
        if len(found) < NEEDED:
            raise ValueError(
                f"{len(found)} claps were {what}, {NEEDED} are needed: clap at least 8 times, "
                "at uneven distances, hands in the picture and well apart between two claps"
            )
    frame = float(np.median(np.diff([packet.t for packet in poses]))) / SECOND
    return offset_between(heard, seen, most, BLUR * frame)


def claps_heard(audio: Sequence[Packet], rate: int) -> Floats:
    """Times in s at which claps begin: sudden peaks of the differentiated signal."""
    if not audio:
        return np.zeros(0)
    blocks = [_mono(packet.data) for packet in audio]
    starts = np.concatenate([[0], np.cumsum([len(block) for block in blocks])])
    hop = rate // 1000  # 1 ms
    change = np.diff(np.concatenate(blocks), prepend=0.0)
    steps = len(change) // hop
    level = np.sqrt((change[: steps * hop].reshape(steps, hop) ** 2).mean(axis=1))
    peaks = _peaks(level)
    times = np.append([p.t for p in audio], audio[-1].t + len(blocks[-1]) * SECOND // rate)
    return np.interp([_attack(level, k) * hop for k in peaks], starts, times / SECOND)


def claps_seen(poses: Sequence[Packet]) -> Floats:
    """Times in s at which the hands meet: where their approach reaches the distance of contact."""
    t, distance = _wrist_distance(poses)
    if len(t) < 5:
        return np.zeros(0)
    low, high = np.quantile(distance, (0.02, 0.98))
    minima = [k for k in range(1, len(t)) if _is_contact(t, distance, k, SWING * (high - low))]
    if not minima:
        return np.zeros(0)
    contact = _contact_distance(t, distance, minima)
    return np.array([_meeting(t, distance, k, contact) for k in minima])


def offset_between(heard: Floats, seen: Floats, most: float = 0.6, blur: float = 0.0) -> Offset:
    """The offset on which most pairs agree; `blur` (s) is an error that all claps share.

    Raises ValueError where two offsets are equally likely.
    """
    pairs = (seen[:, None] - heard[None, :]).ravel()
    pairs = pairs[np.abs(pairs) <= most]
    votes = np.exp(-(((pairs[:, None] - pairs[None, :]) / WIDTH) ** 2)).sum(axis=1)
    if not len(pairs) or votes.max() < NEEDED / 2:
        raise ValueError("the claps that were heard are not those that were seen")
    best = pairs[votes.argmax()]
    rival = votes[np.abs(pairs - best) > 3 * WIDTH].max(initial=0.0)
    if rival > 0.8 * votes.max():
        raise ValueError("the claps were too regular to tell them apart: clap at uneven distances")
    agreed = pairs[np.abs(pairs - best) < 2 * WIDTH]
    middle = float(np.median(agreed))
    agreed = agreed[np.abs(agreed - middle) < WIDTH]
    if len(agreed) < NEEDED:
        raise ValueError(f"only {len(agreed)} claps were both heard and seen, {NEEDED} are needed")
    spread = 1.4826 * float(np.median(np.abs(agreed - np.median(agreed))))
    error = np.hypot(1.96 * max(spread, 0.003) / np.sqrt(len(agreed)), blur)
    return Offset(round(1000 * float(agreed.mean()), 1), round(1000 * float(error), 1), len(agreed))


def _mono(data: npt.NDArray[np.float32]) -> Floats:
    sound = np.asarray(data, np.float64)
    return sound if sound.ndim == 1 else sound.mean(axis=1)


def _peaks(level: Floats) -> list[int]:
    """The loudest steps, the loudest first, that are some way apart; in order of time."""
    threshold = max(LOUD * level.max(initial=0.0), CLEAR * float(np.median(level)), 1e-6)
    taken: list[int] = []
    for k in np.flatnonzero(level > threshold)[np.argsort(-level[level > threshold])]:
        if all(abs(k - other) > APART * 1000 for other in taken):
            taken.append(int(k))
    return sorted(taken)


def _attack(level: Floats, peak: int) -> int:
    """The step at which the rise to `peak` begins."""
    begin = ATTACK * level[peak]
    k = peak
    while k > 0 and level[k - 1] > begin and peak - k < 30:
        k -= 1
    return k


def _wrist_distance(poses: Sequence[Packet]) -> tuple[Floats, Floats]:
    """Times in s, and the distance of the wrists in the picture, in lengths of the trunk."""
    rows = []
    for packet in poses:
        people: list[Pose] = packet.data
        if people and people[0].visibility[list(WRISTS)].min() >= SEEN:
            points = np.asarray(people[0].image, np.float64)[:, :2]
            trunk = points[list(SHOULDERS)].mean(axis=0) - points[list(HIPS)].mean(axis=0)
            gap = np.linalg.norm(points[WRISTS[0]] - points[WRISTS[1]])
            rows.append((packet.t / SECOND, gap, np.linalg.norm(trunk)))
    if not rows:
        return np.zeros(0), np.zeros(0)
    t, gap, trunk = np.array(rows).T
    return t, gap / max(float(np.median(trunk)), 1e-6)


def _is_contact(t: Floats, distance: Floats, k: int, swing: float) -> bool:
    """Whether the hands are nearest at `k`, were far apart before, and move apart after."""
    near = np.abs(t - t[k]) < APART
    before = distance[(t < t[k]) & (t > t[k] - REACH)]
    first = int(np.flatnonzero(near)[distance[near].argmin()]) == k
    return first and bool(before.size) and float(before.max()) - distance[k] > swing


def _contact_distance(t: Floats, distance: Floats, minima: list[int]) -> float:
    """The distance of the wrists while the hands touch.

    Between two pictures hands that bounce come nearer than in either: the nearest of all is the
    contact. Where they stay together, jitter makes the nearest too near, and the pictures
    in between tell the distance.
    """
    nearest = float(np.quantile(distance[minima], 0.1))
    together = []
    for k in minima:
        begin = _meeting(t, distance, k, nearest)
        end = -_meeting(-t[::-1], distance[::-1], len(t) - 1 - k, nearest)
        together += list(distance[(t > begin) & (t < end)])
    return float(np.median(together)) if len(together) >= len(minima) else nearest


def _meeting(t: Floats, distance: Floats, k: int, contact: float) -> float:
    """Where the line through the approach reaches `contact`; k is the nearest picture."""
    first = int(np.searchsorted(t, t[k] - REACH))
    drop = float(distance[first:k].max(initial=contact)) - contact
    j = k
    while j > first and distance[j] < contact + FLANK[0] * drop:
        j -= 1
    i = max(j - 1, 0)
    while i > first and distance[i] < contact + FLANK[1] * drop:
        i -= 1
    slope, start = np.polyfit(t[i : j + 1] - t[k], distance[i : j + 1], 1)
    if slope >= 0:
        return float(t[k])
    return float(t[k] + min((contact - start) / slope, t[min(k + 1, len(t) - 1)] - t[k]))
