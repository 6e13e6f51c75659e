"""What all tests share: the project's root is importable, and a fresh journal for each test."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from tests.rigs import JackServer, MidiDump

settings.register_profile(
    "rt", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("rt")


@pytest.fixture
def frantic() -> Iterator[None]:
    """Threads that are switched as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def journal() -> Iterator[list[str]]:
    """Every open, reset and close of the nodes in `tests.helpers`, in order, as "open NAME"."""
    from tests import helpers

    helpers.JOURNAL.clear()
    yield helpers.JOURNAL
    helpers.JOURNAL.clear()


@pytest.fixture(scope="module")
def server() -> Iterator[JackServer]:
    """A JACK server of the module's own."""
    from tests.rigs import JackServer

    with JackServer() as server:
        yield server


_dumps = itertools.count()


@pytest.fixture
def dump(server: JackServer) -> Iterator[MidiDump]:
    """A listener at a MIDI port of `server`, `dump.port`."""
    from tests.rigs import MidiDump, wait_for

    name = f"dump{next(_dumps)}"
    with MidiDump(name) as dump:
        dump.port = f"{name}:input"
        wait_for(lambda: dump.port in server.ports())
        yield dump
