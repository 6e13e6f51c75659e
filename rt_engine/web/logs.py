"""The log of the engine on the page, with what to do about each warning."""

from __future__ import annotations

import logging

from rt_engine.web.errors import remedy_of
from rt_engine.web.stage import Stage

__all__ = ["Lines"]

ROOT = "rt_engine"


class Lines(logging.Handler):
    """Sends what is logged to the page of `stage`, while it is entered."""

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self._stage = stage

    def emit(self, record: logging.LogRecord) -> None:
        """Tell one line; the logger's name says which node it is from."""
        try:
            text = record.getMessage()
        except Exception:  # a wrong format string shall not end the node that logs
            self.handleError(record)
            return
        node = record.name.removeprefix(ROOT).lstrip(".")
        line = {"is": "log", "level": record.levelname.lower(), "node": node, "text": text}
        if record.levelno >= logging.WARNING and (remedy := remedy_of(text, "")):
            line["remedy"] = remedy
        self._stage.log(line)

    def __enter__(self) -> Lines:
        logging.getLogger(ROOT).addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger(ROOT).removeHandler(self)
