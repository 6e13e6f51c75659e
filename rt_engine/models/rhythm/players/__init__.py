"""Simulated musicians: gestures, a figure that carries them, who plays how, and the webcam."""
