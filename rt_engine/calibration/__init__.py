"""Measuring a person and a set-up: body, camera tilt, and the camera against the microphone."""

from rt_engine.calibration.body import Body, calibrate_body, load_body, save_body
from rt_engine.calibration.claps import Offset, calibrate_av
from rt_engine.calibration.session import av_graph, body_graph, gather

__all__ = [
    "Body",
    "Offset",
    "av_graph",
    "body_graph",
    "calibrate_av",
    "calibrate_body",
    "gather",
    "load_body",
    "save_body",
]
