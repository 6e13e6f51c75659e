"""`python -m rt_engine.models.violinists.fit`: where the simulation's numbers come from.

Prints what was measured beside what the simulation does: the error of a webcam (DrumPy), the
manner of a violinist in a video, strokes seen by a Kinect, turns of the forearm felt by an IMU.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rt_engine.models.violinists import playing, webcam
from rt_engine.violin.simulation.noise import MEASURED

__all__ = ["main"]

# technique of the set (an integer there), and the length of a simulated stroke as quick, s
TECHNIQUES = ((3, 0.75), (6, 0.175))
TRAINED, HELD_OUT = (1, 2, 3, 4), (5,)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print all tables; 1, with one line, where the data is not there."""
    parser = argparse.ArgumentParser(description="Measured and simulated violinists, side by side.")
    parser.add_argument("--data", type=Path, required=True, help="has violin and pose/drumpy")
    data = parser.parse_args(arguments).data
    try:
        _webcam(data / "pose" / "drumpy")
        _playing(data / "violin")
    except FileNotFoundError as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


def _webcam(folder: Path) -> None:
    measured, simulated = webcam.errors_of(folder), webcam.simulated_errors()
    print("webcam: fitted to DrumPy (plane, depth) | in the table of noise")
    for part, errors in measured.items():
        for name, new, old in zip(
            MEASURED[part]._fields, webcam.fitted(errors), MEASURED[part], strict=True
        ):
            print(f"  {part:6} {name:8} {new[0]:.4f} {new[1]:.4f} | {old[0]:.4f} {old[1]:.4f}")
    print("autocorrelation after 0.1, 0.5 and 1 s: measured | simulated")
    for part, errors in measured.items():
        for axis, columns in (("plane", webcam.PLANE), ("depth", webcam.DEPTH)):
            rows = [webcam.correlations_of(e, columns) for e in (errors, simulated[part])]
            first, second = (" ".join(f"{x:5.2f}" for x in row[[1, 3, 4]]) for row in rows)
            print(f"  {part:6} {axis} {first} | {second}")


def _playing(folder: Path) -> None:
    print("a violinist in a video | simulated (sd over players)")
    simulated = playing.simulated_manner()
    for name, value in playing.measured_manner(folder / "urmp2d").items():
        print(f"  {name:28} {value:6.2f} | {simulated[name][0]:6.2f} ({simulated[name][1]:.2f})")
    print("eight strokes by Kinect | simulated")
    strokes = playing.simulated_strokes()
    for name, value in playing.kinect_strokes(folder / "urmp2d").items():
        print(f"  {name:28} {value:6.2f} | {strokes[name]:6.2f}")
    print("turn of the forearm, s: subjects 1 to 4, subject 5 held out | simulated")
    imu = folder / "bowstrokes" / "bowstrokes_imu.npz"
    for label, length in TECHNIQUES:
        felt = [playing.measured_turns(imu, label, who) for who in (TRAINED, HELD_OUT)]
        made = playing.simulated_turns(length)
        print(f"  technique {label}: {felt[0]:.2f} {felt[1]:.2f} | {made:.2f}")


if __name__ == "__main__":
    sys.exit(main())
