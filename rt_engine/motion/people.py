"""Which of several people is followed."""

from __future__ import annotations

from rt_engine.kinds import Pose, SkeletonPose

__all__ = ["Follower", "chosen"]


def chosen(poses: list[Pose], person: int, last: int) -> Pose | None:
    """The pose of `person`; of -1 that of `last`, or of the first in sight if `last` is gone."""
    people = {pose.person: pose for pose in poses}
    if person < 0 and last not in people and people:
        return people[min(people)]
    return people.get(person if person >= 0 else last)


class Follower:
    """Stays with one person as long as in sight, then takes who has that place now.

    `place` counts people from 1, in the order in which they were first seen.
    """

    def __init__(self, place: int) -> None:
        self._place = place
        self._person: int | None = None

    def choose(self, people: list[SkeletonPose]) -> SkeletonPose | None:
        """The one who is followed; None while there are too few people."""
        chosen = next((p for p in people if p.person == self._person), None)
        if chosen is None and len(people) >= self._place:
            chosen = sorted(people, key=lambda p: p.person)[self._place - 1]
            self._person = chosen.person
        return chosen
