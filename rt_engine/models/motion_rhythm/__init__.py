"""Beats from a moving body, after RhythmicNet: simulated motion, networks, scores."""
