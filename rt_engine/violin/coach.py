"""A coach: says little, and only what is sure.

In a trial with fifty players constant feedback helped the bow and hurt the sound (Blanco, Tassani
and Ramirez 2021, "Real-time sound and motion feedback for violin bow technique learning"). So there
is one cue at a time and a pause after it; nothing is said within a tolerance (bandwidth feedback);
and the better a topic goes, the rarer it is spoken of (fading feedback).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from rt_engine.kinds import Cue
from rt_engine.violin.topics import SUBJECTS, TOPICS, Finding, Topic

__all__ = ["Coach", "Settings"]

PAUSE = 4.0  # s: the least between two cues, whatever is set
RECENT = 24  # findings by which it is judged how well a topic goes
AGED = 20.0  # s after which a finding is no reason any more


@dataclass(frozen=True)
class Settings:
    """How the coach speaks.

    pause: s between two cues, at least 4. reliability: 0 to 1, below which nothing is told.
    bandwidth: factor of every tolerance. fade: factor by which the pause of a topic grows when
    all of it is fine lately. topics: what is spoken of.
    """

    pause: float = PAUSE
    reliability: float = 0.5
    bandwidth: float = 1.0
    fade: float = 6.0
    topics: tuple[str, ...] = SUBJECTS

    def __post_init__(self) -> None:
        if self.pause < PAUSE:
            raise ValueError(f"pause {self.pause:g} s must be at least {PAUSE:g} s")
        if unknown := sorted(set(self.topics) - set(SUBJECTS)):
            raise ValueError(f"topic {unknown[0]!r} is unknown; there are {', '.join(SUBJECTS)}")


@dataclass
class Line:
    """What is remembered of one topic."""

    topic: Topic
    reasons: deque[tuple[float, Finding]] = field(default_factory=deque)
    fine: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT))
    said: float = -1e9  # s

    @property
    def share(self) -> float:
        """Part of the recent findings that was within the tolerance."""
        return sum(self.fine) / len(self.fine) if self.fine else 0.0


class Coach:
    """Findings in, at most one cue out."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.reset()

    def reset(self) -> None:
        """Forget all findings, and that anything was said."""
        self._lines = {topic.name: Line(topic) for topic in TOPICS.values()}
        self._said = -1e9
        self._index = 0

    def hear(self, t: float, found: Iterable[Finding]) -> Cue | None:
        """Take the findings of one moment, `t` s, not before the last; what to say now."""
        for finding in found:
            self._take(t, finding)
        if t - self._said < self.settings.pause:
            return None
        for line in self._by_rank():
            cue = self._cue(t, line)
            if cue is not None:
                self._said = line.said = t
                line.reasons.clear()
                self._index += 1
                return cue
        return None

    def _by_rank(self) -> list[Line]:
        lines, wanted = self._lines.values(), self.settings.topics
        asked = [line for line in lines if (line.topic.subject or line.topic.name) in wanted]
        return sorted(asked, key=lambda line: line.topic.rank)

    def _take(self, t: float, finding: Finding) -> None:
        line = self._lines[finding.topic]
        if finding.reliability < self.settings.reliability:
            return
        line.reasons.append((t, finding))
        while len(line.reasons) > line.topic.notes or t - line.reasons[0][0] > AGED:
            line.reasons.popleft()
        line.fine.append(abs(finding.value) <= self._tolerance(line.topic))

    def _tolerance(self, topic: Topic) -> float:
        return topic.tolerance * self.settings.bandwidth

    def _cue(self, t: float, line: Line) -> Cue | None:
        """What a topic has to say: enough findings that agree on a side, and lie outside."""
        topic, waits = line.topic, self.settings.pause * (1 + self.settings.fade * line.share)
        recent = [finding for at, finding in line.reasons if t - at <= AGED]
        if len(recent) < topic.notes or t - line.said < waits:
            return None
        values = np.array([finding.value for finding in recent])
        sure = np.array([finding.reliability for finding in recent])
        mean = float(np.average(values, weights=sure))
        text = topic.over if mean > 0 else topic.under
        agree = float(np.mean(np.sign(values) == np.sign(mean)))
        if abs(mean) <= self._tolerance(topic) or agree < 0.75 or not text:
            return None
        return Cue(
            index=self._index, topic=topic.subject or topic.name, text=text, value=mean,
            unit=topic.unit, reliability=float(sure.mean()), bar=recent[-1].bar,
        )  # fmt: skip
