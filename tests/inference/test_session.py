"""Models frame by frame: the memory is carried, and what does not fit is refused before a run."""

import sys

import numpy as np
import pytest

from rt_engine.extras import MissingExtra
from rt_engine.inference import CardError, Port, State
from rt_engine.inference.session import Session

from .models import MOVES, SIZE, expected, save

RNG = np.random.default_rng(1)
MEL = RNG.normal(size=(20, SIZE)).astype(np.float32)
MOTION = RNG.normal(size=(20, MOVES)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def runtime():
    return pytest.importorskip("onnxruntime", reason="needs the extra 'cpu' or 'gpu'")


@pytest.fixture
def session(tmp_path):
    return Session(save(tmp_path), "cpu")


def stepped(session, **streams):
    rows = zip(*streams.values(), strict=True)
    return np.array([session.step(dict(zip(streams, row, strict=True)))["beat"] for row in rows])


def test_frame_by_frame_the_model_says_what_numpy_says(session):
    assert session.provider == "CPUExecutionProvider"
    np.testing.assert_allclose(stepped(session, mel=MEL), expected(MEL), atol=1e-6)


def test_streaming_equals_all_frames_at_once(session):
    at_once = session.run({"mel": MEL, "motion": MOTION})["beat"]
    session.reset()
    np.testing.assert_allclose(stepped(session, mel=MEL, motion=MOTION), at_once, atol=1e-6)


def test_an_absent_stream_is_told_to_the_model(session):
    with_motion = stepped(session, mel=MEL, motion=MOTION)
    np.testing.assert_allclose(with_motion, expected(MEL, MOTION), atol=1e-6)
    session.reset()
    without = stepped(session, mel=MEL)
    zeros = expected(MEL, np.zeros_like(MOTION))
    assert np.abs(without - zeros).max() > 0.1  # zeros that are there are something else


def test_a_reset_forgets_everything(session):
    first = stepped(session, mel=MEL)
    assert np.abs(stepped(session, mel=MEL) - first).max() > 0.1
    session.reset()
    np.testing.assert_array_equal(stepped(session, mel=MEL), first)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": [Port("mal", (1, 1, SIZE), rate=50.0)]}, r"names \['mal'\], the file has"),
        ({"inputs": [Port("mel", (1, 1, SIZE), rate=50.0)]}, r"nothing of the inputs \['motion'"),
        ({"outputs": [Port("beat", (1, 1, 3))]}, r"'beat' has shape .* \[1, 1, 3\] in the card"),
        ({"states": [State("state_h", "state_h_out", (1, 1, 9))]}, "'state_h' has shape"),
    ],
)
def test_a_card_that_is_not_of_its_file_is_refused(tmp_path, change, said):
    with pytest.raises(CardError, match=said):
        Session(save(tmp_path, **change))


def test_a_file_that_is_no_model_is_refused(tmp_path):
    from .models import card_of

    path = tmp_path / "running.onnx"
    path.write_bytes(b"nonsense")
    from rt_engine.inference import write_card

    write_card(card_of(path), tmp_path)
    with pytest.raises(CardError, match=r"running\.onnx: is no model"):
        Session(path)


def test_cuda_that_is_not_there_is_said_where_it_is_asked_for(tmp_path, runtime):
    if "CUDAExecutionProvider" in runtime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with pytest.raises(CardError, match=r"cannot run on CUDA here: .*rt-engine\[gpu\]"):
        Session(save(tmp_path), "cuda")
    assert Session(save(tmp_path, own_thread=True)).provider == "CPUExecutionProvider"


def test_without_onnx_runtime_the_line_to_type_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtra, match=r"pip install 'rt-engine\[cpu\]'"):
        Session(save(tmp_path))
