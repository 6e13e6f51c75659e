"""The card of a model: what goes in and out, what it was made of, and how good it is.

`exported_models/NAME.json` lies beside `NAME.onnx`. It is the contract between the training,
which writes it, and the live node, which checks its wires against it before a graph starts.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import msgspec

from rt_engine.core.errors import exists

__all__ = [
    "Card",
    "CardError",
    "Material",
    "Metric",
    "Port",
    "State",
    "check_file",
    "find_card",
    "model_folder",
    "model_names",
    "read_card",
    "sha256_of",
    "write_card",
]


class CardError(ValueError):
    """A model that is not there or not what its card says; the message says what to do."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a card is made of."""


class Port(_Part, frozen=True):
    """An input or output of the model, as it is named in the ONNX file.

    shape: of the tensor for one frame, such as (1, 1, 80): batch, frames, numbers. content: what
    the numbers are, as in `kinds.Frames`; several of them are separated by ", ". rate: frames a
    second; 0: that of the first input. optional: zeros are fed while the stream is absent.
    present: the inputs whose presence (0 or 1) the numbers of this input tell; the engine fills
    such an input by itself.
    """

    name: str
    shape: tuple[int, ...]
    content: str = ""
    rate: float = 0.0
    optional: bool = False
    present: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Numbers in one frame."""
        return math.prod(self.shape)


class State(_Part, frozen=True):
    """A memory of the model: `output` of one frame is `input` of the next; zeros at the start."""

    input: str
    output: str
    shape: tuple[int, ...]


class Material(_Part, frozen=True):
    """A set that the model was trained on."""

    name: str
    licence: str
    use: str = ""  # which part of it, and for what


class Metric(_Part, frozen=True):
    """A figure that was measured."""

    on: str  # the material
    what: str
    value: float
    unit: str = ""


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything to know about a model before it runs.

    file, sha256: of the ONNX file in the folder of the card, with its weights inside. inputs: the
    first one drives the model, a frame at a time. front_end: the node that makes the first input,
    with its settings. latency: s that the outputs lie behind the inputs. own_thread: whether the
    model is slow enough to need one. training, measuring: the commands that made and measured it.
    """

    name: str
    version: str
    file: str
    sha256: str
    about: str
    inputs: list[Port]
    outputs: list[Port]
    states: list[State] = []
    front_end: dict[str, Any] = {}
    latency: float = 0.0
    own_thread: bool = True
    parameters: int = 0
    licence: str = "Apache-2.0"
    data: list[Material] = []
    metrics: list[Metric] = []
    limits: list[str] = []
    training: str = ""
    measuring: str = ""

    def __post_init__(self) -> None:
        if not self.inputs or not self.outputs:
            raise ValueError("a model needs inputs and outputs")
        if not self.inputs[0].rate > 0:
            raise ValueError(f"the first input, {self.inputs[0].name!r}, needs a rate")
        names = [port.name for port in (*self.inputs, *self.outputs)]
        names += [name for state in self.states for name in (state.input, state.output)]
        if double := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"{double[0]!r} names more than one input, output or state")
        for port in self.inputs:
            if unknown := sorted(set(port.present) - {other.name for other in self.inputs}):
                raise ValueError(f"{port.name!r} tells the presence of {unknown[0]!r}, no input")

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.inputs[0].rate

    @property
    def streams(self) -> list[Port]:
        """The inputs that come from outside, the first one and the optional ones."""
        return [port for port in self.inputs if not port.present]


def model_folder() -> Path:
    """Where exported models are: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).parent.parent
    beside = package.parent / "exported_models"
    return beside if beside.is_dir() else package / "exported_models"


def model_names() -> list[str]:
    """The names of the models that are there."""
    return sorted(path.stem for path in model_folder().glob("*.json"))


def find_card(model: str | Path) -> Path:
    """The card file of a model: a name in `model_folder`, or a path to its .json or .onnx.

    Raises CardError, which names what exists, where there is none.
    """
    path = Path(model)
    if path.suffix in (".json", ".onnx"):
        path = path.with_suffix(".json")
    elif len(path.parts) == 1:
        path = model_folder() / f"{model}.json"
    if not path.is_file():
        known = exists(str(model), model_names(), "models")
        raise CardError(f"no model {str(model)!r}: {path} is not there{known}")
    return path


def read_card(model: str | Path) -> Card:
    """The card of a model, by its name or a path; CardError where it is absent or damaged."""
    path = find_card(model)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Card)
    except (OSError, msgspec.DecodeError) as error:
        raise CardError(f"{path}: is no card of a model: {error}") from None


def write_card(card: Card, folder: Path) -> Path:
    """Write `NAME.json` into a folder, readable, and return its path."""
    path = folder / f"{card.name}.json"
    text = msgspec.json.format(msgspec.json.encode(card), indent=2)
    path.write_bytes(text + b"\n")
    return path


def check_file(card: Card, folder: Path) -> Path:
    """The ONNX file of a card in a folder; CardError where it is absent or another one."""
    path = folder / card.file
    if not path.is_file():
        raise CardError(f"model {card.name!r}: {path} is not there; export or copy it again")
    if (found := sha256_of(path)) != card.sha256:
        raise CardError(
            f"model {card.name!r}: {path} is not the file of its card (sha256 {found[:12]}..., "
            f"the card says {card.sha256[:12]}...); export or copy both again"
        )
    return path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
