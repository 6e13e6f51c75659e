"""What failed first is told first, and nothing is lost."""

from __future__ import annotations

from typing import Any

from rt_engine.web.journal import Journal


def line(text: str, level: str = "error") -> dict[str, Any]:
    return {"is": "log", "level": level, "node": "", "text": text}


def test_the_cause_comes_before_what_else_failed() -> None:
    told: list[dict[str, Any]] = []
    journal = Journal(told.append)
    journal.begin()
    journal.add(line("one"))
    journal.add(line("also: two"))
    journal.add(line("three", "warning"))
    journal.cause({"is": "error", "text": "the cause"})
    journal.add(line("also: four"))
    texts = [message["text"] for message in told]
    assert texts == ["one", "three", "the cause", "also: two", "also: four"]
    assert [text in kept for text, kept in zip(
        ("one", "three", "two", "four"), journal.lines(), strict=True)] == [True] * 4  # fmt: skip


def test_without_a_cause_all_is_told_at_the_end() -> None:
    told: list[dict[str, Any]] = []
    journal = Journal(told.append)
    journal.begin()
    journal.add(line("also: two"))
    assert told == []
    journal.end()
    assert [message["text"] for message in told] == ["also: two"]
