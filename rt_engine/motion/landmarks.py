"""Where things are in MediaPipe's lists of landmarks: 33 of the body, 21 of a hand.

Pairs are (left, right): the person's own left and right.
"""

from __future__ import annotations

__all__ = [
    "ANKLES",
    "EARS",
    "ELBOWS",
    "EYES",
    "HEELS",
    "HIPS",
    "INDEXES",
    "KNEES",
    "KNUCKLES",
    "NOSE",
    "PINKIES",
    "SHOULDERS",
    "TOES",
    "WRIST",
    "WRISTS",
]

NOSE = 0
EYES = (2, 5)
EARS = (7, 8)
SHOULDERS = (11, 12)
ELBOWS = (13, 14)
WRISTS = (15, 16)
PINKIES = (17, 18)  # the knuckle of the little finger
INDEXES = (19, 20)  # the knuckle of the index finger
HIPS = (23, 24)
KNEES = (25, 26)
ANKLES = (27, 28)
HEELS = (29, 30)
TOES = (31, 32)  # the tip of the foot

# Of a hand: the wrist, and the first knuckle of thumb, index, middle, ring and little finger;
# three more landmarks follow each, up to the tip.
WRIST = 0
KNUCKLES = (1, 5, 9, 13, 17)
