"""Conducting: metres, strokes of the hands, the body that makes them, and when they are due."""
