"""Beats, downbeats, phrases, dynamics and articulation, learnt from sound and bodies."""
