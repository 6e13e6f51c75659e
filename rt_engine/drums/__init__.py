"""Drums that a body plays: the kit, bars on a grid of sixteenths, and who writes and plays them."""
