"""What goes into the networks of rhythm and comes out of them: names, and numbers in a frame."""

from __future__ import annotations

FPS = 50
INPUTS = {"mel": 80, "motion": 39, "video": 7, "present": 3}
OUTPUTS = {"beat": 2, "phrase": 1, "dynamics": 6, "articulation": 3}
