import contextlib
import time

from rt_engine.protocols.agenda import Agenda
from tests.rigs import wait_for

MS = 1_000_000


def opened(done):
    agenda = Agenda(lambda payload: done.append((payload, time.monotonic_ns())))
    return contextlib.closing(agenda)


def test_things_are_done_in_the_order_of_their_times_and_never_before():
    done, now = [], time.monotonic_ns()
    with opened(done) as agenda:
        for name, delay in ((b"c", 90), (b"a", 30), (b"b", 60)):
            agenda.put(name, now + delay * MS, [name])
        wait_for(lambda: len(done) == 3)
    assert [payload for payload, _ in done] == [[b"a"], [b"b"], [b"c"]]
    assert all(t >= now + delay * MS for (_, t), delay in zip(done, (30, 60, 90), strict=True))


def test_the_same_key_replaces_what_still_waits():
    done, now = [], time.monotonic_ns()
    with opened(done) as agenda:
        agenda.put("beat", now + 10_000 * MS, [b"far"])
        agenda.put("beat", now + 20 * MS, [b"near"])
        agenda.put("end", now + 40 * MS, [b"end"])
        wait_for(lambda: len(done) == 2)
    assert [payload for payload, _ in done] == [[b"near"], [b"end"]]


def test_what_is_overdue_is_done_at_once():
    done = []
    with opened(done) as agenda:
        agenda.put(1, 0, [b"late"])
        wait_for(lambda: done)


def test_closing_forgets_what_waits_and_does_not_wait_for_it():
    done = []
    with opened(done) as agenda:
        agenda.put(1, time.monotonic_ns() + 60_000 * MS, [b"never"])
    assert done == []
