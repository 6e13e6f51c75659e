"""What of pictures a network hears music in: optical flow and both hands, 7 numbers, 0 to 1.

As in MOSA: the mean magnitude of dense optical flow, and of the centre of each hand its speed
and its velocity to the right and up in the picture. Unlike there, fifty frames a second and
scaled by the past alone (`rt_engine.motion.rates`), so that this runs live.

Source: Y.-F. Huang et al., MOSA (2024), section IV A 3; the flow is that of G. Farneback,
"Two-frame motion estimation based on polynomial expansion" (SCIA 2003), in OpenCV.
"""

from __future__ import annotations

import numpy as np

from rt_engine.kinds import Pose
from rt_engine.motion import landmarks as lm
from rt_engine.motion.quaternion import Arrays, Floats
from rt_engine.motion.rates import FPS, GAP, Rates, Rows
from rt_engine.motion.smooth import trust
from rt_engine.video.opencv import opencv
from rt_engine.video.reader import Image

__all__ = ["FPS", "SIZE", "UNSEEN", "Flow", "HandFlow", "changes", "hand_centres"]

SIZE = 7  # flow; of the left hand speed, to the right, up; of the right hand the same
SMALL = 72  # rows of the picture that flow is taken from; it is as much a mean over pixels
FASTEST = 5.0  # picture heights a second: quicker is a landmark that jumped
# Heights a second, the least scale: several times what a sensor's noise shows, and a landmark's.
FLOOR = (0.02, *2 * (0.1, 0.1, 0.1))
GROUPS = (0, 1, 4)
SIGNED = (False, *2 * (False, True, True))
UNSEEN: tuple[Floats, Floats] = (np.zeros((2, 2)), np.zeros(2))  # hands that nobody sees
_HANDS = np.array([lm.WRISTS, lm.INDEXES, lm.PINKIES]).T  # (2, 3): left, right


class Flow:
    """Mean magnitude of optical flow from picture to picture, in picture heights."""

    def __init__(self) -> None:
        self._last: Image | None = None

    def step(self, image: Image) -> float:
        """The mean way of the pixels since the picture before; 0 for the first."""
        cv2 = opencv()
        height, width = image.shape[:2]
        size = max(round(width * SMALL / height), 1), SMALL
        thin = max(
            height // (4 * SMALL), 1
        )  # a mean over every pixel would cost more than the flow
        small = cv2.resize(image[::thin, ::thin], size, interpolation=cv2.INTER_AREA)
        grey: Image = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY) if small.ndim == 3 else small
        last, self._last = self._last, grey
        if last is None or last.shape != grey.shape:
            return 0.0
        # The picture's own pyramid and window: 3 levels, 15 pixels, 2 rounds, as in OpenCV's
        # sample, with a polynomial of 5 pixels.
        flow = cv2.calcOpticalFlowFarneback(last, grey, None, 0.5, 3, 15, 2, 5, 1.1, 0)
        return float(np.linalg.norm(flow, axis=-1).mean()) / SMALL


class HandFlow:
    """The stream of one person's pictures: frames of 7 numbers, in the order of SIZE.

    The first, fourth ... are magnitudes from 0 (rest) to 1; the others have 0.5 at rest. A hand
    that is not seen is at rest.
    """

    def __init__(self) -> None:
        self._rates = Rates(FLOOR, SIGNED, GROUPS)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._rates.reset()
        self._last: tuple[float, Floats, Floats] | None = None

    def step(self, t: float, flow: float, hands: Arrays, seen: Arrays) -> Rows:
        """The frames that a picture at time `t` (s) completes.

        flow: of the picture, as from `Flow`. hands: (2, 2), left and right, x to the right and
        y up in picture heights. seen: (2,), their trust from 0 to 1.
        """
        now = np.asarray(hands, np.float64), np.asarray(seen, np.float64)
        last = self._last
        if last is not None and t <= last[0]:
            return self._rates.step(t, np.zeros(SIZE))
        self._last = t, *now
        if last is None or t - last[0] > GAP:
            return self._rates.step(t, np.zeros(SIZE))
        pair = (np.array([last[0], t]), np.array([0.0, flow]))
        way = changes(*pair, *(np.stack(x) for x in zip(last[1:], now, strict=True)))
        return self._rates.step(t, way[1])

    def offline(self, t: Arrays, flow: Arrays, hands: Arrays, seen: Arrays) -> Rows:
        """The same of whole arrays (n,), (n,), (n, 2, 2), (n, 2); leaves the stream alone."""
        keep = np.concatenate([[True], t[1:] > np.maximum.accumulate(t)[:-1]])
        t = t[keep]
        return self._rates.offline(t, changes(t, flow[keep], hands[keep], seen[keep]))


def changes(t: Arrays, flow: Arrays, hands: Arrays, seen: Arrays) -> Floats:
    """The ways (n, SIZE) from picture to picture; of no meaning in the first."""
    moved = np.diff(hands, axis=0, prepend=hands[:1])
    both = np.minimum(seen, np.concatenate([seen[:1], seen[:-1]]))
    length = np.linalg.norm(moved, axis=-1)
    believed = both * (length <= FASTEST * np.diff(t, prepend=t[:1])[:, None])
    each = np.concatenate([length[..., None], moved], axis=-1) * believed[..., None]
    return np.concatenate([flow[:, None], each.reshape(len(t), 6)], axis=1)


def hand_centres(pose: Pose) -> tuple[Floats, Floats]:
    """Centres (2, 2) of the left and right hand in picture heights, y up, and trust (2,).

    From wrist and knuckles of the body's landmarks, which are there with and without fingers.
    """
    points = pose.image[_HANDS, :2].astype(np.float64).mean(axis=1)
    seen = trust(pose.visibility[_HANDS].min(axis=1))
    return points * [1.0, -1.0] / max(pose.height, 1), seen
