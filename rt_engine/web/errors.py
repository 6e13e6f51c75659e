"""Errors as the page shows them: what is wrong, and what to do about it."""

from __future__ import annotations

import re
from typing import Any

from rt_engine.core import NodeError

__all__ = ["PageError", "remedy_of", "told"]

BUSY = "End the other program that has it, or choose another port."
REMEDIES = (
    (r"no (input|output) device|there is no (input|output)|gives no more sound|is gone\b",
     "Plug the device in, or choose another one under Devices; the graph goes on by itself."),
    (r"camera .*(cannot be opened|gives no more|silent)|there is no camera",
     "Plug the camera in, end the program that uses it, or choose another one under Devices."),
    (r"refuses \d+ Hz", "Choose a rate that the device offers, such as mic.rate=48000."),
    (r"UDP port \d+|[Aa]ddress already in use", BUSY),
    (r"\bMIDI\b|\bmidi\b", "Start a JACK server or load ALSA's sequencer (modprobe snd-seq), "
     "or leave the node out."),
    (r"is not installed: (pip install .*)", "Type: {0}"),
    (r"nobody listens there", "Start the program that shall receive, or change `to`."),
    (r"too slow|is not sent: \d+ ms late|in time\b",
     "Close other programs, or lower the rate of the node before it."),
    (r"no display", "Leave the window out: the page shows the same pictures."),
    (r"did you mean ('[^']+')", "Write {0} instead."),
    (r"no such file|cannot be read", "Check the name of the file and the folder it is in."),
    (r"lost samples", "Close other programs, or choose a larger block, such as mic.block=1024."),
    (r"came too late", "Close other programs, or let what plays the notes announce them earlier."),
    (r"no OSC|as VMC", "Check what the other program sends to this port, and that it is the port."),
    (r"the performer is silent", "Start the program that performs, and let it send to this port."),
    (r"the built-in voice plays|for want of a model", "Type: rt-engine doctor"),
    (r"lies outside .* BPM", "Widen `bpm` of this node."),
    (r"lost on its way", "Bring the browser nearer to its network, or use a cable."),
    (r"a picture is no JPEG|is not finite", "Reload the page that sends it."),
    (r"did not return", "Leave the node out or replace it, then start again."),
)  # fmt: skip
COMPILED = [(re.compile(pattern), text) for pattern, text in REMEDIES]
GENERAL = "Correct what the message names, then start again; the terminal has the details."


class PageError(Exception):
    """A request that cannot be met; `status` is that of HTTP."""

    def __init__(self, what: str, remedy: str = "", status: int = 400) -> None:
        super().__init__(what)
        self.what, self.remedy, self.status = what, remedy or remedy_of(what), status


def remedy_of(text: str, general: str = GENERAL) -> str:
    """What to do about an error of the engine whose message is `text`; `general` where only the
    message itself says it.
    """
    for pattern, remedy in COMPILED:
        if found := pattern.search(text):
            return remedy.format(*found.groups())
    return general


def told(error: BaseException) -> dict[str, Any]:
    """The message of an error to the page."""
    text = str(error) or type(error).__name__
    remedy = error.remedy if isinstance(error, PageError) else remedy_of(text)
    node = {"node": error.node.name} if isinstance(error, NodeError) else {}
    return {"is": "error", "text": text, "remedy": remedy, **node}
