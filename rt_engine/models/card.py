"""The card of an exported network, from the network and from what is known of its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from rt_engine.inference import Card, Material, Metric, Port, State, sha256_of, write_card
from rt_engine.models.export import Streaming, export
from rt_engine.models.training import BEST, count_parameters

OF_EARLIER = "(of an earlier training)"
EARLIER = "An earlier network's material is not listed here."


def publish(
    net: Streaming, name: str, folder: Path, inputs: list[Port], outputs: list[Port], **told: Any
) -> Card:
    """Export a network as `NAME.onnx` into a folder, and write the card beside it.

    inputs, outputs: what the ports mean, in the network's order. told: the fields of `Card` that
    only the training knows; where that began with weights, as `begun_with` tells it, the limits
    say so too. The file is written whole or not at all.
    """
    if OF_EARLIER in told.get("training", ""):
        told["limits"] = [*told.get("limits", ()), EARLIER]
    folder.mkdir(parents=True, exist_ok=True)
    path, part = folder / f"{name}.onnx", folder / f"{name}.part.onnx"
    export(net, part)
    part.replace(path)
    card = Card(
        name=name,
        file=path.name,
        sha256=sha256_of(path),
        inputs=inputs,
        outputs=outputs,
        states=states(net),
        parameters=count_parameters(net) if isinstance(net, nn.Module) else 0,
        **told,
    )
    write_card(card, folder)
    return card


def begun_with(option: str, path: Path) -> str:
    """An option with weights of an earlier training, as a card has it, wherever they lie."""
    return f"--{option} {path.name if path.suffix == '.onnx' else BEST} {OF_EARLIER}"


def states(net: Streaming) -> list[State]:
    """The memory of a network, as its file names it."""
    shapes = {name: tuple(x.shape) for name, x in net.initial_state().items()}
    return [State(f"state_{n}", f"state_{n}_out", shape) for n, shape in shapes.items()]


def metrics(on: str, scores: dict[str, float], units: dict[str, str]) -> list[Metric]:
    """Scores by name as figures of a card; the unit is % where none is given."""
    return [Metric(on, name, value, units.get(name, "%")) for name, value in scores.items()]


def materials(sets: list[tuple[str, str, float]]) -> list[Material]:
    """Sets (name, licence, hours) as a card lists them."""
    return [Material(name, licence, f"{hours:.2f} h of excerpts") for name, licence, hours in sets]
