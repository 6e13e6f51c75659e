from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from rt_engine import graphfile
from rt_engine.graphfile import build, graph_files
from rt_engine.web.errors import PageError
from rt_engine.web.presets import Presets, apply, file_of, settings_of


@pytest.fixture
def graph() -> Any:
    return build(
        {
            "name": "test",
            "nodes": {
                "count": {"is": "tests.helpers.Count"},
                "knobs": {"is": "tests.helpers.Knobs", "in": {"x": "count"}, "need": "x"},
                "add": {"is": "tests.helpers.Add", "in": "count", "k": 3},
            },
        }
    )


def test_a_preset_brings_back_all_that_was_changed(graph: Any, tmp_path: Path) -> None:
    kept = Presets(tmp_path / "g.presets.yaml")
    kept.save("quiet", settings_of(graph))
    graph.nodes["knobs"].gain, graph.nodes["add"].k = 9.0, 7
    done: list[tuple[str, str, Any]] = []
    assert apply(graph, kept.get("quiet"), lambda *change: done.append(change)) == []
    assert sorted(done) == [("add", "k", 3), ("knobs", "gain", 1.0)], "and nothing else"


def test_what_does_not_exist_or_fit_is_named_and_the_rest_applied(graph: Any) -> None:
    settings = {
        "knobs.gain": 2.0, "gone.gain": 1.0, "knobs.need": "y", "knobs.nothing": 1, "add.k": -4,
        "add.wrong": None,
    }  # fmt: skip
    done: list[tuple[str, str, Any]] = []
    skipped = apply(graph, settings, lambda *change: done.append(change))
    assert skipped == ["gone.gain", "knobs.need", "knobs.nothing", "add.k", "add.wrong"]
    assert done == [("knobs", "gain", 2.0)]


def test_presets_are_renamed_and_deleted(tmp_path: Path) -> None:
    kept = Presets(tmp_path / "g.presets.yaml")
    for name in ("a", "b"):
        kept.save(name, {"x.y": name})
    kept.rename("a", "größer 1")
    assert list(kept.all()) == ["größer 1", "b"]
    with pytest.raises(PageError, match="there is a preset 'b' already"):
        kept.rename("größer 1", "b")
    kept.remove("b")
    with pytest.raises(PageError, match="no preset 'b'"):
        kept.get("b")
    kept.remove("größer 1")
    assert list(tmp_path.iterdir()) == [], "no file is left behind"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61, None, 5, ["a"]])
def test_bad_names_are_said(tmp_path: Path, name: Any) -> None:
    with pytest.raises(PageError, match="is no name for a preset"):
        Presets(tmp_path / "g.presets.yaml").save(name, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("a: [", "is not YAML"),
        ("- 1", "needs a key 'presets'"),
        ("presets: 5", "needs a key 'presets'"),
        ("presets: {a: [1]}", "preset 'a' is no map of node.setting"),
        ("presets: {a: {gain: 1}}", "preset 'a' is no map of node.setting"),
        ("presets: {a: !!python/object/apply:os.system [id]}", "is not YAML"),
    ],
)
def test_a_broken_file_gives_one_error_and_is_left_alone(
    tmp_path: Path, content: str, why: str
) -> None:
    path = tmp_path / "g.presets.yaml"
    path.write_text(content)
    with pytest.raises(PageError, match=why) as error:
        Presets(path).save("new", {"a.b": 1})
    assert str(path) in str(error.value) and "Correct the file" in error.value.remedy
    assert path.read_text() == content


def test_they_lie_beside_the_graph_file_or_with_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert file_of(tmp_path / "beat.yaml", "beat") == tmp_path / "beat.presets.yaml"
    user = tmp_path / "config" / "rt-engine" / "presets"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert file_of(tmp_path / "beat.yaml", "x") == user / "beat.presets.yaml"
    assert file_of(None, "../a take") == user / "---a-take.presets.yaml"
    Presets(file_of(None, "g")).save("one", {"a.b": 1})
    assert (user / "g.presets.yaml").is_file()


def test_what_the_page_keeps_beside_a_graph_is_no_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphfile, "graph_folder", lambda: tmp_path)
    for name in ("beat", "beat.presets", "beat.midi"):
        (tmp_path / f"{name}.yaml").touch()
    assert graph_files() == [tmp_path / "beat.yaml"]
