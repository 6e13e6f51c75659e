"""The command line as a user meets it: messages, exit codes, pictures, schema."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import soundfile
import yaml

from rt_engine.cli import main
from rt_engine.demos import hits
from rt_engine.graphfile import catalog, graph_files

GRAPH = """
name: small
nodes:
  mic:   {{is: audio.File, path: {path}, block: 256}}
  level: {{is: features.Rms, in: mic}}
  show:  {{is: console.Meter, in: {{activation: level}}}}
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A graph file over half a second of noise."""
    noise = np.random.default_rng(1).normal(0, 0.1, 24_000).astype(np.float32)
    soundfile.write(tmp_path / "noise.wav", noise, 48_000)
    path = tmp_path / "small.yaml"
    path.write_text(GRAPH.format(path=tmp_path / "noise.wav"))
    return path


def test_check_names_threads_and_formats(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(graph)]) == 0
    out = capsys.readouterr().out
    assert "thread mic: mic, level" in out
    assert "thread show: show" in out
    assert "Audio(rate=48000, channels=1)" in out


def test_check_draws_every_node_and_wire(graph: Path, tmp_path: Path) -> None:
    picture = tmp_path / "small.svg"
    assert main(["check", str(graph), "--svg", str(picture)]) == 0
    root = ElementTree.parse(picture).getroot()
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"mic", "level", "show", "audio.File", "features.Rms"} <= set(texts)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) == 2


def test_mermaid_has_a_subgraph_a_thread(graph: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(graph), "--mermaid"]) == 0
    out = capsys.readouterr().out
    assert out.count("subgraph thread_") == 2
    assert "mic -->|audio| level" in out


def test_run_ends_with_the_table_and_equals_its_own_replay(
    graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    take = tmp_path / "take.mcap"
    assert main(["run", str(graph), "--record", str(take), "--digest"]) == 0
    live = capsys.readouterr().out
    assert main(["replay", str(take), "--digest"]) == 0
    again = capsys.readouterr().out
    assert "Latency" in live
    total = [line for line in live.splitlines() if line.endswith("all outputs")]
    assert total == [line for line in again.splitlines() if line.endswith("all outputs")]
    assert len(total) == 1


def test_settings_and_sources_change_on_the_command_line(
    graph: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "other.flac", np.zeros(8_000, np.float32), 16_000)
    assert main(["check", str(graph), f"mic={tmp_path / 'other.flac'}", "level.fps=50"]) == 0
    out = capsys.readouterr().out
    assert "Audio(rate=16000" in out
    assert "Frames(rate=50.0" in out


@pytest.mark.parametrize(
    ("arguments", "fragments"),
    [
        (["run", "nosuch"], ["nosuch", "no such graph"]),
        (["run", "{graph}", "mic"], ["'mic'", "NODE.SETTING=VALUE"]),
        (["run", "{graph}", "mice.block=3"], ["no node 'mice'", "did you mean 'mic'"]),
        (["run", "{graph}", "mic=song.txt"], ["mic=song.txt", ".wav"]),
        (["run", "{graph}", "mic=gone.wav"], ["gone.wav", "no such file"]),
        (["run", "{graph}", "mic.block=3"], ["'mic'", "'block'", "16"]),
        (["run", "{graph}", "--without", "nobody"], ["nobody", "mic, level, show"]),
        (["replay", "{graph}"], ["small.yaml", "no record"]),
        (["replay", "gone.mcap"], ["gone.mcap", "No such file"]),
        (["nodes", "audio.Fil"], ["audio.Fil", "did you mean 'audio.File'"]),
        (["demo", "bear"], ["'bear'", "no such graph"]),
        (["record", "{graph}", "-o", "{graph}"], ["exists already", "--force"]),
        (["record", "{graph}", "-o", "/nowhere/x.mcap"], ["/nowhere/x.mcap", "cannot be written"]),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    graph: Path, arguments: list[str], fragments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([a.format(graph=graph) for a in arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("rt-engine: error: ")
    for fragment in fragments:
        assert fragment in error


def test_every_node_is_listed_with_its_ports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes"]) == 0
    out = capsys.readouterr().out
    for name, cls in catalog().items():
        assert name in out
        assert all(port in out for port in cls.ports)


def test_schema_accepts_our_graphs_and_refuses_wrong_ones(
    graph: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["nodes", "--schema"]) == 0
    check = jsonschema.Draft202012Validator(json.loads(capsys.readouterr().out))
    for path in [graph, *graph_files()]:
        check.validate(yaml.safe_load(path.read_text()))
    for text in ("mic: {is: audio.File, path: 3}", "mic: {is: audio.File}", "mic: {path: x}"):
        assert not check.is_valid({"nodes": yaml.safe_load(text)})
    assert not check.is_valid({"nodes": {"m": {"is": "audio.File", "path": "x", "blok": 64}}})


def test_doctor_says_what_is_missing_and_how_to_get_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("ok  numpy") for line in lines)
    assert all(line[:2] in ("ok", "--") for line in lines)
    assert all(":" in line for line in lines if line.startswith("--"))


def test_hits_count_each_true_beat_once() -> None:
    assert hits([1.0, 1.05, 2.0], [1.02, 2.5]) == 1
    assert hits([0.5, 1.0, 1.5], [0.5, 1.0, 1.5]) == 3
