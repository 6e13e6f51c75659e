"""Excerpts to learn from: MIDI with known beats, made into many kinds of recordings."""
