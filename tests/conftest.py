"""What all tests share: the project's root is importable, and a fresh journal for each test."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from tests.rigs import JackServer, MidiDump
    from tests.steady import Witness

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
    """A JACK server of the module's own; where the machine stands still, nothing is lost."""
    from tests.rigs import JackServer

    with JackServer(sync=True) as server:
        yield server


@pytest.fixture
def witness() -> Iterator[Witness]:
    """Who tells whether the machine kept time while something timed was tried."""
    from tests.steady import Witness

    with Witness() as witness:
        yield witness


HELD = 0.02  # s: a JACK server that is stopped for so long loses cycles, and what they carry
_began = pytest.StashKey[float]()
_watch: list[Witness] = []


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Watch the machine from the first test on that has a JACK server."""
    from tests.steady import Witness

    if item.get_closest_marker("jack"):
        if not _watch:
            _watch.append(Witness())
        item.stash[_began] = time.monotonic()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where a sound server was held up meanwhile, a failure is no verdict: skipped, and said."""
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed and _began in item.stash and _watch:
        stalls = [stall for stall in _watch[0].stalls(item.stash[_began]) if stall > HELD]
        if stalls:
            why = str(report.longrepr).rpartition("E   ")[2].partition("\n")[0].strip()
            reason = f"the machine stood still for {max(stalls):.3f} s; failed: {why}"
            report.outcome, report.longrepr = "skipped", (*item.location[:2], reason)


def pytest_sessionfinish() -> None:
    """End the watch."""
    while _watch:
        _watch.pop().__exit__()


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
