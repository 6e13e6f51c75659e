"""Models in graphs: their ports are those of the card, and wires that do not fit are refused."""

import numpy as np
import pytest

from rt_engine.core import SECOND, Graph, GraphError, Packet, Replay, Source, collect
from rt_engine.core.node import Hold, Input, Output
from rt_engine.graphfile import build
from rt_engine.inference import Port
from rt_engine.kinds import Frames
from rt_engine.nodes.inference import Onnx
from tests.inference.models import MOVES, SIZE, expected, save

RNG = np.random.default_rng(2)
MEL = RNG.normal(size=(30, SIZE)).astype(np.float32)
MOTION = RNG.normal(size=(30, MOVES)).astype(np.float32)
TINY = Frames(50.0, SIZE, "tiny mel")
MOVING = Frames(50.0, MOVES, "tiny motion")
FRAME = SECOND // 50


@pytest.fixture(autouse=True)
def runtime():
    return pytest.importorskip("onnxruntime", reason="needs the extra 'cpu' or 'gpu'")


@pytest.fixture
def card(tmp_path):
    return str(save(tmp_path))


def feed(node, out, motion=None):
    """Frames of sound, and motion held where it is given; the beats (n, 2)."""
    for k, row in enumerate(MEL):
        if motion is not None:
            node.motion = motion(k)
        node.on_mel(Packet(k * FRAME, row, k))
    return np.array([packet.data for packet in out["beat"]])


def test_the_ports_are_those_of_the_card(card):
    node = Onnx(model=card)
    assert {name: type(port) for name, port in node.ports.items()} == {
        "mel": Input,
        "motion": Hold,
        "beat": Output,
    }
    assert node.ports["mel"].keep == "all"  # it remembers: no frame may be left out
    assert not node.threaded
    assert Onnx.ports == {}


def test_every_frame_gives_outputs_at_its_time(card):
    node = Onnx(model=card)
    out = collect(node, mel=TINY)
    np.testing.assert_allclose(feed(node, out), expected(MEL), atol=1e-6)
    assert [packet.t for packet in out["beat"]] == [k * FRAME for k in range(len(MEL))]
    assert node.beat.format == Frames(50.0, 2, "beat, downbeat")


def test_a_reset_starts_anew(card):
    node = Onnx(model=card)
    out = collect(node, mel=TINY)
    feed(node, out)
    node.reset()
    again = feed(node, out)
    np.testing.assert_array_equal(again[: len(MEL)], again[len(MEL) :])


def test_a_second_stream_counts_while_it_is_fresh_and_may_vanish_and_return(card):
    node = Onnx(model=card, hold=0.1)
    out = collect(node, mel=TINY, motion=MOVING)
    gone = range(8, 20)

    def held(k):
        last = 7 if k in gone else k
        return Packet(last * FRAME, MOTION[last], last)

    got = feed(node, out, held)
    seen = np.array([k not in gone or k - 7 <= 5 for k in range(len(MEL))])  # 100 ms: 5 frames
    used = np.array([held(k).data for k in range(len(MEL))])
    np.testing.assert_allclose(got, expected(MEL, used, seen), atol=1e-5)


def test_another_stream_can_drive_it(card):
    node = Onnx(model=card, driven_by="motion")
    assert isinstance(node.ports["motion"], Input)
    with pytest.raises(ValueError, match="nothing is wired to 'mel', which the model needs"):
        collect(node, motion=MOVING)


class Tiny(Source):
    """Frames of sound, as a front end would send them."""

    frames = Output(Frames)
    rate: float = 50.0
    size: int = SIZE
    content: str = "tiny mel"

    def plan(self):
        self.frames.format = Frames(self.rate, self.size, self.content)

    def reset(self):
        self.k = 0

    def read(self):
        self.frames.emit(self.k * FRAME, MEL[self.k])
        self.k += 1
        return self.k < len(MEL)


def test_in_a_graph_its_outputs_are_wired_by_name(card):
    graph = Graph("test")
    graph.add("mel", Tiny())
    graph.add("net", Onnx(model=card), "mel")
    heard = []
    replay = Replay(graph, taps=[lambda node, port, packet: heard.append((node, port, packet))])
    replay.run()
    beats = [packet.data for node, port, packet in heard if (node, port) == ("net", "beat")]
    np.testing.assert_allclose(beats, expected(MEL), atol=1e-6)


@pytest.mark.parametrize(
    ("wrong", "found"),
    [({"rate": 100.0}, "at 100 frames/s"), ({"size": 5}, "5 numbers"), ({"content": "x"}, "'x'")],
)
def test_a_wire_that_does_not_fit_is_refused_before_the_start(card, wrong, found):
    graph = Graph("test")
    graph.add("mel", Tiny(**wrong))
    with pytest.raises(GraphError, match=rf"node 'net'.*{found}.*put features.RhythmMel before"):
        graph.add("net", Onnx(model=card), "mel")


def test_a_rate_that_is_rounded_to_whole_samples_fits(card):
    assert collect(Onnx(model=card), mel=Frames(50.11, SIZE, "tiny mel")) == {"beat": []}


def test_an_unknown_model_or_input_is_said_with_what_exists(card, tmp_path):
    nodes = {"net": {"is": "inference.Onnx", "model": "no_such_model"}}
    with pytest.raises(GraphError, match=r"node 'net'.*no model 'no_such_model'.*\(models: "):
        build({"name": "x", "nodes": nodes})
    with pytest.raises(ValueError, match=r"no input 'mal'; did you mean 'mel'\?"):
        Onnx(model=card, driven_by="mal")
    with pytest.raises(ValueError, match="missing required field `model`"):
        Onnx()
    named = save(tmp_path, outputs=[Port("clock", (1, 1, 2))])
    with pytest.raises(ValueError, match="a node cannot have a port named 'clock'"):
        Onnx(model=str(named))
