from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

import msgspec
import numpy as np
import pytest
import soundfile

from rt_engine import graphfile
from rt_engine.core import GraphError, Replay
from rt_engine.kinds import Audio
from rt_engine.nodes import audio

MIC = "  mic: {is: audio.File, path: tone.wav}\n"
NUMBERS = "  count: {is: tests.helpers.Count, rate: 50}\n"
SPEAKS = "  speaks: {is: tests.helpers.Speaks}\n"


def nodes(*lines: str) -> str:
    return "nodes:\n" + "".join(lines)


# file text, then what the one line must say: node, key, and what would be right
MISTAKES: dict[str, tuple[str, list[str]]] = {
    "empty": ("", ["'nodes'", "audio.Microphone"]),
    "only a comment": ("# nothing\n", ["'nodes'", "map of node names"]),
    "list at the top": ("- is: audio.File\n", ["'nodes'", "map of node names"]),
    "text": ("hello", ["'nodes'", "map of node names"]),
    "no nodes": ("name: x\n", ["'nodes'", "map of node names"]),
    "nodes empty": ("nodes: {}\n", ["'nodes'", "map of node names"]),
    "nodes a list": ("nodes: [{is: audio.File}]\n", ["'nodes'", "map of node names"]),
    "unknown top key": (nodes(MIC) + "node: {}\n", ["'node'", "did you mean 'nodes'"]),
    "tab": ("nodes:\n\tmic: {is: audio.File}\n", ["not YAML", "line 2", "'\\t'"]),
    "open brace": ("nodes: {mic: {is: audio.File\n", ["not YAML", "line"]),
    "not text": ("nodes: \udcff\n", ["not YAML"]),
    "a date that is none": ("name: 2020-13-45\n" + nodes(MIC), ["not YAML", "month"]),
    "too deep": ("nodes: " + "[" * 3000, ["not YAML"]),
    "node given twice": (nodes(MIC, MIC), ["'mic' is given twice", "line 3"]),
    "key given twice": (
        nodes("  mic:\n    is: audio.File\n    path: tone.wav\n    path: b.wav\n"),
        ["'path' is given twice", "line 5"],
    ),
    "python object": ("nodes: !!python/object:os.system {}\n", ["not YAML"]),
    "node without class": (nodes("  mic: {path: tone.wav}\n"), ["'mic'", "'is'", "audio.File"]),
    "node a text": (nodes("  mic: audio.File\n"), ["'mic'", "'is'", "found 'audio.File'"]),
    "node nothing": (nodes("  mic:\n"), ["'mic'", "'is'", "None"]),
    "class a number": (nodes("  mic: {is: 3}\n"), ["'mic'", "'is'"]),
    "unknown class": (
        nodes("  mic: {is: audio.Microfone}\n"),
        ["'mic'", "'is'", "'audio.Microfone'", "did you mean 'audio.Microphone'", "audio.File"],
    ),
    "class without module": (
        nodes("  mic: {is: Microphone}\n"),
        ["'Microphone'", "did you mean 'audio.Microphone'?", "audio.*", "rt-engine nodes"],
    ),
    "class with a dot first": (nodes("  mic: {is: .audio.File}\n"), ["'.audio.File'", "nodes:"]),
    "class empty": (nodes("  mic: {is: ''}\n"), ["'mic'", "'is'", "nodes:"]),
    "no node class": (nodes("  mic: {is: os.path.join}\n"), ["'os.path.join'", "nodes:"]),
    "unknown module": (nodes("  mic: {is: nowhere.Thing}\n"), ["'nowhere.Thing'", "nodes:"]),
    "module with a mistake": (nodes("  mic: {is: broken.Thing}\n"), ["'is'", "SyntaxError"]),
    "module that fails": (nodes("  mic: {is: failing.Thing}\n"), ["'is'", "ZeroDivisionError"]),
    "missing package": (nodes("  mic: {is: needy.Thing}\n"), ["'is'", "'need'"]),
    "missing extra": (nodes("  mic: {is: extra.Thing}\n"), ["pip install 'rt-engine[pose]'"]),
    "unknown setting": (
        nodes("  mic: {is: audio.File, path: tone.wav, blok: 64}\n"),
        ["'mic'", "'blok'", "did you mean 'block'", "rate"],
    ),
    "wrong type": (
        nodes("  mic: {is: audio.File, path: tone.wav, block: many}\n"),
        ["'mic'", "'block'", "`int`", "'many'"],
    ),
    "out of range": (
        nodes("  mic: {is: audio.File, path: tone.wav, block: 3}\n"),
        ["'mic'", "'block'", ">= 16", "found 3"],
    ),
    "wrong element": (
        nodes(NUMBERS, "  k: {is: tests.helpers.Knobs, in: count, need: x, bpm: [60, fast]}\n"),
        ["'k'", "'bpm'", "float", "fast"],
    ),
    "missing setting": (nodes("  mic: {is: audio.File}\n"), ["'mic'", "'path'", "is needed"]),
    "unknown source": (
        nodes(NUMBERS, "  s: {is: tests.helpers.Sink, in: cuont}\n"),
        ["'s'", "'in'", "'cuont'", "did you mean 'count'"],
    ),
    "source below": (
        nodes("  s: {is: tests.helpers.Sink, in: count}\n", NUMBERS),
        ["'s'", "'in'", "'count'", "above", "move it up"],
    ),
    "into itself": (
        nodes(NUMBERS, "  a: {is: tests.helpers.Add, in: a}\n"),
        ["'a'", "'in'", "above"],
    ),
    "cycle": (
        nodes(
            NUMBERS,
            "  a: {is: tests.helpers.Two, in: {a: count, b: b}}\n",
            "  b: {is: tests.helpers.Add, in: a}\n",
        ),
        ["'a'", "'in'", "'b'", "above"],
    ),
    "unknown output": (
        nodes(NUMBERS, "  s: {is: tests.helpers.Sink, in: count.ot}\n"),
        ["'s'", "'in'", "no output 'ot'", "did you mean 'out'"],
    ),
    "ambiguous output": (
        nodes(SPEAKS, "  r: {is: tests.helpers.Reads, in: speaks}\n"),
        ["'r'", "speaks.words or speaks.more"],
    ),
    "unknown input": (
        nodes(NUMBERS, "  s: {is: tests.helpers.Sink, in: {y: count}}\n"),
        ["'s'", "'in'", "no input 'y'", "inputs: x"],
    ),
    "which input": (
        nodes(NUMBERS, "  t: {is: tests.helpers.Two, in: count}\n"),
        ["'t'", "'in'", "say which input", "a, b"],
    ),
    "missing input": (
        nodes(NUMBERS, "  t: {is: tests.helpers.Two, in: {a: count}}\n"),
        ["'t'", "'in'", "nothing is wired to b", "count"],
    ),
    "no input at all": (
        nodes(NUMBERS, "  s: {is: tests.helpers.Sink}\n"),
        ["'s'", "'in'", "nothing is wired to x", "count"],
    ),
    "in a list": (
        nodes(NUMBERS, "  s: {is: tests.helpers.Sink, in: [count]}\n"),
        ["'s'", "'in'", "['count']", "node.output"],
    ),
    "in nothing": (
        nodes(NUMBERS, "  s: {is: tests.helpers.Sink, in: }\n"),
        ["'s'", "'in'", "None", "node.output"],
    ),
    "input of a source": (
        nodes(NUMBERS, "  m: {is: audio.File, path: tone.wav, in: count}\n"),
        ["'m'", "'in'", "inputs: none"],
    ),
    "kind mismatch": (
        nodes(MIC, "  s: {is: tests.helpers.Sink, in: mic}\n"),
        ["'s'", "'in'", "'mic' carries Audio, but Numbers is needed"],
    ),
    "rate mismatch": (
        nodes(
            NUMBERS,
            SPEAKS,
            "  r: {is: tests.helpers.Reads, in: {words: speaks.words, numbers: count}}\n",
        ),
        ["'r'", "'in.numbers'", "rate 50, but 100 is needed"],
    ),
    "name with a space": (nodes("  my mic: {is: audio.File, path: tone.wav}\n"), ["'my mic'"]),
    "name a number": (nodes("  1: {is: audio.File, path: tone.wav}\n"), ["'1'", "a letter"]),
    "bad on_error": (
        nodes("  mic: {is: audio.File, path: tone.wav, on_error: retry}\n"),
        ["'mic'", "'on_error'", "'retry'", "stop or restart"],
    ),
    "thread a number": (
        nodes("  mic: {is: audio.File, path: tone.wav, thread: 1}\n"),
        ["'mic'", "'thread'", "found 1", "true or false"],
    ),
    "missing sound file": (
        nodes("  mic: {is: audio.File, path: gone.wav}\n"),
        ["'mic'", "'settings'", "'gone.wav'", "no such file"],
    ),
    "broken sound file": (
        nodes("  mic: {is: audio.File, path: words.wav}\n"),
        ["'mic'", "'settings'", "'words.wav'", "not recognised"],
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a sound, a text called .wav, and modules that do not import."""
    soundfile.write(tmp_path / "tone.wav", np.zeros(1000, np.float32), 8_000)
    (tmp_path / "words.wav").write_text("these are words, no samples\n")
    (tmp_path / "broken.py").write_text("def (:\n")
    (tmp_path / "failing.py").write_text("1 / 0\n")
    (tmp_path / "needy.py").write_text("import need\n")
    (tmp_path / "extra.py").write_text(
        "from rt_engine.extras import MissingExtra\n"
        "raise MissingExtra(\"cv2 is not installed: pip install 'rt-engine[pose]'\")\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_one_line_that_helps(mistake: str, folder: Path) -> None:
    text, fragments = MISTAKES[mistake]
    (folder / "graph.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(GraphError) as caught:
        graphfile.load("graph.yaml")
    said = str(caught.value)
    assert said.startswith("graph.yaml: ") and "\n" not in said and "Traceback" not in said
    assert len(said) < 600
    for fragment in fragments:
        assert fragment in said, said


def test_there_are_forty_mistakes() -> None:
    assert len(MISTAKES) >= 40


def test_a_missing_file_and_a_folder_are_said(folder: Path) -> None:
    for name, reason in (("gone.yaml", "No such file"), (".", "directory")):
        with pytest.raises(GraphError, match=reason):
            graphfile.load(name)


GOOD = """
name: good
description: two nodes
nodes:
  mic: {is: audio.File, path: tone.wav, block: 100}
  level: {is: tests.helpers.Gain, in: mic.audio, gain: 2, thread: true, on_error: restart}
"""


@pytest.fixture
def good(folder: Path) -> str:
    (folder / "good.yaml").write_text(GOOD)
    return "good.yaml"


def test_a_good_file_becomes_its_graph(good: str) -> None:
    graph = graphfile.load(good)
    assert graph.name == "good" and list(graph.nodes) == ["mic", "level"]
    assert graph.lanes() == {"mic": "mic", "level": "level"}
    assert graph.policies["level"] == "restart"
    assert graph.nodes["level"].gain == 2.0  # type: ignore[attr-defined]
    Replay(graph).run()


def test_changes_set_settings_and_swap_sources(good: str, folder: Path) -> None:
    soundfile.write(folder / "other.flac", np.zeros((500, 2), np.float32), 16_000)
    graph = graphfile.load(good, {"mic": "other.flac", "mic.block": 64, "level.gain": 0.5})
    mic = graph.nodes["mic"]
    assert isinstance(mic, audio.File) and mic.path == "other.flac" and mic.block == 64
    assert mic.audio.format == Audio(rate=16_000)
    assert graph.nodes["level"].gain == 0.5  # type: ignore[attr-defined]


def test_a_device_can_be_replaced_by_a_file(folder: Path) -> None:
    (folder / "mic.yaml").write_text(
        "nodes:\n  mic: {is: audio.Microphone, port: none, rate: 48000, block: 256}\n"
    )
    mic = graphfile.load("mic.yaml", {"mic": "tone.wav"}).nodes["mic"]
    assert isinstance(mic, audio.File)
    assert (mic.block, mic.audio.format) == (256, Audio(rate=48_000))


@pytest.mark.parametrize(
    ("changes", "fragments"),
    [
        ({"mik.block": 3}, ["mik.block=3", "no node 'mik'", "did you mean 'mic'"]),
        ({"mic.blok": 64}, ["'mic'", "'blok'", "did you mean 'block'"]),
        ({"mic.block": "x"}, ["'mic'", "'block'", "found 'x'"]),
        ({"mic": "song.txt"}, ["mic=song.txt", ".wav", ".flac"]),
        ({"level": "tone.wav"}, ["level=tone.wav", "cannot be replaced"]),
        ({"mic": {"path": "x"}}, ["'mic'", "'is'"]),
    ],
)
def test_wrong_changes_are_named(
    good: str, changes: dict[str, object], fragments: list[str]
) -> None:
    with pytest.raises(GraphError) as caught:
        graphfile.load(good, changes)
    for fragment in fragments:
        assert fragment in str(caught.value)


def test_own_nodes_lie_beside_the_graph_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "shows").mkdir()
    (folder / "shows" / "nodes_beside.py").write_text(
        "from tests.helpers import Count\nclass Mine(Count):\n    n: int = 4\n"
    )
    (folder / "shows" / "show.yaml").write_text("nodes: {a: {is: nodes_beside.Mine}}\n")
    graph = graphfile.load("shows/show.yaml")
    assert graph.nodes["a"].n == 4  # type: ignore[attr-defined]


def of_few_values() -> list[tuple[str, str, tuple[object, ...]]]:
    """Node, setting and values of every setting that allows only some."""
    found = []
    for name, cls in graphfile.catalog().items():
        for field in msgspec.structs.fields(cls.Settings):
            hint = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
            if get_origin(hint) is Literal:
                found.append((name, field.name, get_args(hint)))
    return found


@pytest.mark.parametrize(("node", "setting", "values"), of_few_values())
def test_a_setting_of_few_values_names_them_when_it_is_given_another(
    node: str, setting: str, values: tuple[object, ...]
) -> None:
    spec = {"name": "test", "nodes": {"one": {"is": node, setting: "none of these"}}}
    with pytest.raises(GraphError) as caught:
        graphfile.build(spec, "test.yaml")
    text = str(caught.value)
    assert f"node 'one', {setting!r}: " in text
    assert f"(choices: {', '.join(sorted(map(str, values)))})" in text


def test_the_catalog_has_each_node_once_and_survives_a_missing_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = graphfile.catalog()
    assert names["audio.File"] is audio.File and "audio.Source" not in names
    real = graphfile.importlib.import_module

    def missing(name: str) -> object:
        if name.endswith("nodes.features"):
            raise ImportError("not installed")
        return real(name)

    monkeypatch.setattr(graphfile.importlib, "import_module", missing)
    rest = graphfile.catalog()
    assert rest == {n: c for n, c in names.items() if not n.startswith("features.")}


def test_a_node_of_a_folder_of_files_has_the_name_of_the_folder() -> None:
    for name, cls in graphfile.catalog().items():
        assert graphfile.known_as(cls) == name and graphfile.resolve(name) is cls
    assert graphfile.resolve("osc.Beats").__module__ == "rt_engine.nodes.osc.beats"
    assert not [name for name in graphfile.catalog() if name.count(".") != 1]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("[nobody]", r"key 'record': no node 'nobody'.*mic"),
        ("mic", r"'record': found 'mic', needed a list"),
    ],
)
def test_what_a_record_begins_at_must_be_nodes(tmp_path, names, said):
    path = tmp_path / "graph.yaml"
    path.write_text(f"record: {names}\nnodes: {{mic: {{is: audio.Microphone}}}}\n")
    with pytest.raises(GraphError, match=said):
        graphfile.load(path)
