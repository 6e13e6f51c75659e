from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from rt_engine.core import Packet
from rt_engine.core.inbox import Inbox, LatestSlot, Slot


class Receiver:
    """An inbox with one slot, and what came out of it."""

    def __init__(self, cls: type[Slot] = Slot, size: int = 4, waits: bool = False) -> None:
        self.inbox = Inbox()
        self.got: list[Any] = []
        self.lost = 0
        self.work: Callable[[], None] = lambda: None
        self.slot = cls(
            self.inbox, self._take, lambda: self.got.append("reset"), self._lose, size, waits
        )
        self.thread = threading.Thread(target=self.inbox.run, daemon=True)

    def put(self, *numbers: int) -> None:
        for number in numbers:
            self.slot.put(Packet(0, number, number))

    def finish(self) -> list[Any]:
        self.inbox.end()
        if not self.thread.ident:
            self.thread.start()
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.got

    def _take(self, packet: Packet, wait: int) -> None:
        assert wait >= 0
        self.work()
        self.got.append(packet.data)

    def _lose(self) -> None:
        self.lost += 1


def test_order_is_kept_and_counted() -> None:
    receiver = Receiver()
    receiver.put(1, 2, 3)
    assert receiver.finish() == [1, 2, 3]
    assert (receiver.slot.overruns, receiver.slot.dropped) == (0, 0)


def test_overrun_is_counted_said_once_a_gap_and_marked_in_order() -> None:
    receiver = Receiver(size=4)
    receiver.put(*range(7))
    assert receiver.slot.overruns == 3 and receiver.lost == 1
    receiver.inbox.run_pending()
    receiver.put(7)
    assert receiver.finish() == [0, 1, 2, 3, "reset", 7]
    assert receiver.slot.overruns == 3 and receiver.lost == 1


def test_after_an_overrun_there_is_room_for_half_before_any_more_is_taken() -> None:
    """One long gap, so that the node is not reset before every other packet."""
    receiver = Receiver(size=4)
    receiver.put(*range(5))
    take = receiver.inbox._queue.get
    for expected in (0, 1, 2):
        call, values = take()  # type: ignore[misc]
        call(*values)
        assert receiver.got[-1] == expected
        receiver.put(10 + expected)
    assert receiver.finish() == [0, 1, 2, 3, "reset", 12]
    assert receiver.slot.overruns == 3


@pytest.mark.parametrize("size", [1, 2, 3])
def test_small_queues_mark_every_gap(size: int) -> None:
    receiver = Receiver(size=size)
    receiver.put(*range(size + 1))
    receiver.inbox.run_pending()
    receiver.put(9)
    assert receiver.finish() == [*range(size), "reset", 9]


@pytest.mark.parametrize("size", [1, 2, 64])
def test_a_waiting_sender_loses_nothing(size: int, frantic: None) -> None:
    receiver = Receiver(size=size, waits=True)
    receiver.thread.start()
    most = 0
    for number in range(3000):
        receiver.put(number)
        most = max(most, receiver.slot.sent - receiver.slot.taken)
    assert receiver.finish() == list(range(3000))
    assert receiver.slot.overruns == 0 and most <= size


def test_a_sender_waits_for_room_until_the_inbox_is_closed() -> None:
    receiver = Receiver(size=1, waits=True)
    sender = threading.Thread(target=receiver.put, args=range(3))
    sender.start()
    sender.join(0.2)
    assert sender.is_alive()
    receiver.inbox.close()
    sender.join(5)
    assert not sender.is_alive()


def test_many_senders_into_one_inbox_keep_their_own_order(frantic: None) -> None:
    receiver = Receiver(size=8, waits=True)
    slots = [
        Slot(receiver.inbox, receiver.slot.deliver, lambda: None, lambda: None, 8, True)
        for _ in range(4)
    ]

    def send(who: int) -> None:
        for number in range(800):
            slots[who].put(Packet(0, (who, number), number))

    receiver.thread.start()
    senders = [threading.Thread(target=send, args=(who,)) for who in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)
    got = receiver.finish()
    assert len(got) == 3200
    for who in range(4):
        assert [n for w, n in got if w == who] == list(range(800))


def test_overruns_of_a_frantic_run_add_up(frantic: None) -> None:
    receiver = Receiver(size=4)
    receiver.thread.start()
    receiver.put(*range(20_000))
    got = receiver.finish()
    data = [item for item in got if item != "reset"]
    assert data == sorted(data)
    assert len(data) + receiver.slot.overruns == 20_000
    for before, item, after in zip([-1, *got], got, [*got[1:], None], strict=False):
        if item == "reset" and after is not None:
            assert after > before + 1, "a reset where nothing was lost"
        elif item != "reset" and before != "reset":
            assert item == before + 1, "a loss without a reset"


def test_latest_keeps_the_newest_and_counts_the_others() -> None:
    receiver = Receiver(LatestSlot)
    receiver.put(1, 2, 3)
    assert receiver.slot.dropped == 2
    assert receiver.finish() == [3]
    assert receiver.slot.dropped == 2 and receiver.slot.overruns == 0


def test_latest_resets_before_what_came_after_the_gap() -> None:
    receiver = Receiver(LatestSlot)
    receiver.put(1)
    receiver.slot.reset()
    receiver.put(2)
    assert receiver.finish() == ["reset", 2]


def test_latest_never_loses_the_last_packet(frantic: None) -> None:
    receiver = Receiver(LatestSlot)
    receiver.thread.start()
    for burst in range(3000):
        receiver.put(*range(4 * burst, 4 * burst + 4))
        end = time.monotonic() + 10
        while receiver.got[-1:] != [4 * burst + 3]:
            assert time.monotonic() < end, f"lost the last packet of burst {burst}"
    assert receiver.finish() == sorted(set(receiver.got))
    assert len(receiver.got) + receiver.slot.dropped == 12_000


def test_close_ends_a_busy_inbox_with_work_left() -> None:
    receiver = Receiver(size=1000)
    receiver.work = lambda: time.sleep(0.01)
    receiver.put(*range(1000))
    receiver.thread.start()
    time.sleep(0.03)
    receiver.inbox.close()
    receiver.thread.join(5)
    assert not receiver.thread.is_alive() and len(receiver.got) < 500
