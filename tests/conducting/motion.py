"""What a motion shows by itself."""

import numpy as np


def lowest(times, heights):
    """Times of the minima of a sampled height, by the parabola through three samples."""
    found = []
    for i in np.flatnonzero((heights[1:-1] < heights[:-2]) & (heights[1:-1] <= heights[2:])) + 1:
        a, b, c = heights[i - 1 : i + 2]
        found.append(times[i] + 0.5 * (a - c) / (a - 2 * b + c) * (times[1] - times[0]))
    return np.array(found)
