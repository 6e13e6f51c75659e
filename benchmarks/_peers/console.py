"""rt_engine as its user meets it: a graph file, run by the command line."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rt_engine.cli import main
from rt_engine.core import Input, Node, Packet
from rt_engine.kinds import Frames

from . import work
from .offline import MUSIC

GRAPH = """\
name: first
nodes:
  file: {{is: audio.File, path: {music}}}
  mel: {{is: features.LogMel, in: file}}
  first: {{is: _peers.console.First, in: mel}}
"""


class First(Node):
    """Says when the first packet came, and what memory the process has then."""

    frames = Input(Frames)

    def reset(self) -> None:
        self.seen = False

    def on_frames(self, packet: Packet) -> None:
        if not self.seen:
            self.seen = True
            work.say("running", work.now())
            work.say("memory", work.resident())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "first.yaml"
        path.write_text(GRAPH.format(music=MUSIC), encoding="utf-8")
        sys.exit(main(["run", str(path)]))
