"""What all tests share: the project's root is importable, and a fresh journal for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

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
