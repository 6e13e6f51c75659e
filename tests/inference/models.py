"""Small ONNX files for tests, written byte by byte: protocol buffers need no package."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rt_engine.inference import Card, Port, State, sha256_of, write_card

FLOAT, INT64 = 1, 7
SIZE, MOVES = 4, 2  # numbers in a frame of sound and of motion


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number, value):
    """A field: a whole number, or text, bytes or an inner message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def node(kind, inputs, output, **attributes):
    parts = [field(1, name) for name in inputs] + [field(2, output), field(4, kind)]
    for name, value in attributes.items():
        parts.append(field(5, field(1, name) + field(3, value) + field(20, 2)))
    return field(1, b"".join(parts))


def constant(name, array):
    kind = INT64 if array.dtype == np.int64 else FLOAT
    dims = b"".join(field(1, n) for n in array.shape)
    return field(5, dims + field(2, kind) + field(8, name) + field(9, array.tobytes()))


def port(number, name, shape):
    dims = b"".join(field(1, field(2, n) if isinstance(n, str) else field(1, n)) for n in shape)
    tensor = field(1, field(1, FLOAT) + field(2, dims))
    return field(number, field(1, name) + field(2, tensor))


def weights():
    rng = np.random.default_rng(5)
    names = {"mel_w": (SIZE, 3), "motion_w": (MOVES, 3), "present_w": (2, 3), "out_w": (3, 2)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in names.items()}


def model_bytes():
    """h = running sum of mel A + motion B + present C; beat = sigmoid(h D); any frames at once."""
    nodes = [
        node("MatMul", ["mel", "mel_w"], "a"),
        node("MatMul", ["motion", "motion_w"], "b"),
        node("MatMul", ["present", "present_w"], "c"),
        node("Add", ["a", "b"], "ab"),
        node("Add", ["ab", "c"], "x"),
        node("CumSum", ["x", "one"], "sum"),
        node("Add", ["sum", "state_h"], "h"),
        node("Gather", ["h", "last"], "state_h_out", axis=1),
        node("MatMul", ["h", "out_w"], "y"),
        node("Sigmoid", ["y"], "beat"),
    ]
    constants = [constant(name, array) for name, array in weights().items()]
    constants += [constant("one", np.array(1)), constant("last", np.array([-1]))]
    inputs = {"mel": SIZE, "motion": MOVES, "present": 2}
    ports = [port(11, name, (1, "frames", size)) for name, size in inputs.items()]
    ports += [port(11, "state_h", (1, 1, 3)), port(12, "beat", (1, "frames", 2))]
    ports += [port(12, "state_h_out", (1, 1, 3))]
    graph = b"".join([*nodes, field(2, "test"), *constants, *ports])
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 17))


def expected(mel, motion=None, there=None):
    """What the model says of frames (n, SIZE), and of motion (n, MOVES) where it is `there`."""
    w = weights()
    there = np.full(len(mel), motion is not None) if there is None else there
    x = mel @ w["mel_w"] + np.column_stack([np.ones(len(mel)), there]) @ w["present_w"]
    x = x if motion is None else x + motion * there[:, None] @ w["motion_w"]
    return 1 / (1 + np.exp(-np.cumsum(x, axis=0) @ w["out_w"]))


def card_of(path, **changes):
    about = {
        "name": "running",
        "version": "1",
        "file": path.name,
        "sha256": sha256_of(path),
        "about": "A running sum, for tests.",
        "inputs": [
            Port("mel", (1, 1, SIZE), "tiny mel", 50.0),
            Port("motion", (1, 1, MOVES), "tiny motion", 50.0, optional=True),
            Port("present", (1, 1, 2), present=("mel", "motion")),
        ],
        "outputs": [Port("beat", (1, 1, 2), "beat, downbeat")],
        "states": [State("state_h", "state_h_out", (1, 1, 3))],
        "own_thread": False,
        "front_end": {"is": "features.RhythmMel"},
    }
    return Card(**{**about, **changes})


def save(folder: Path, **changes) -> Path:
    """Model and card in a folder; the path of the card."""
    path = folder / "running.onnx"
    path.write_bytes(model_bytes())
    return write_card(card_of(path, **changes), folder)
