"""The process of a job: `python -m rt_engine.web.worker cache|export TAKE OUTPUT [OUTPUTS]`."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError, NodeError

__all__ = ["main"]

SAID = 0.1  # s between two lines
POLITE = 10  # the engine and the page come first


def main(arguments: list[str]) -> int:
    """Do it; the exit code."""
    logging.disable(logging.WARNING)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with contextlib.suppress(AttributeError, OSError):
        os.nice(POLITE)
    what, take, output, *chosen = arguments
    show = _Line()
    try:
        if what == "cache":
            from rt_engine.web.caching import cache

            cache(Path(take), Path(output), show)
        else:
            from rt_engine.exporting import export

            export(take, output, chosen[0] if chosen else "", show)
    except (GraphError, NodeError, OSError, ImportError, ValueError) as error:
        _say({"error": str(error).replace(take, Path(take).name)})
        return 1
    _say({"done": 1.0, "file": Path(output).name})
    return 0


class _Line:
    """Says how far it is, now and then."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, share: float) -> None:
        if (now := time.monotonic()) >= self._next:
            self._next = now + SAID
            _say({"done": round(min(max(share, 0.0), 1.0), 4)})


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
