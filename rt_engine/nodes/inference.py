"""Trained models in a graph."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from rt_engine.core import SECOND, Hold, Input, Node, Output, Packet
from rt_engine.core.errors import exists
from rt_engine.extras import require
from rt_engine.inference import Card, CardError, check_file, find_card, read_card
from rt_engine.inference.session import Device, Session
from rt_engine.kinds import Frames

__all__ = ["Onnx"]

SAME_RATE = 0.005  # relative: hops are whole numbers of samples, so a rate is seldom exact


class Onnx(Node):
    """A model of `exported_models`, run frame by frame; needs the extra `cpu` or `gpu`.

    Its inputs and outputs are those of the model's card (`NAME.json`), checked against the wires
    before the graph starts. One input drives it: the first of the card, or `driven_by`. Of the
    others the newest frame counts, while it is not older than `hold`; without one the model is
    told that the stream is absent, so a stream may vanish and return.
    """

    card: ClassVar[Card]
    driver: ClassVar[str]
    model: Annotated[str, Meta(description="a name in exported_models, or the path of a card")]
    driven_by: Annotated[str, Meta(description="input whose frames drive it; '': the first")] = ""
    device: Annotated[Device, Meta(description="auto: CUDA where it works and is worth it")] = (
        "auto"
    )
    hold: Annotated[
        float, Meta(ge=0, le=10, description="s, from which age on another input is absent")
    ] = 0.2

    def __new__(cls, *, model: str = "", driven_by: str = "", **_: Any) -> Onnx:
        """An instance of the subclass that has the ports of the model."""
        named = cls is Onnx and model and isinstance(model, str)
        return super().__new__(node_class(read_card(model), driven_by) if named else cls)

    def plan(self) -> None:
        check_file(self.card, find_card(self.model).parent)
        require("onnxruntime")
        for port in self.card.streams:
            if port.name in self.formats:
                self._check(port.name, port.size, port.content, port.rate or self.card.rate)
            elif not port.optional:
                raise ValueError(f"nothing is wired to {port.name!r}, which the model needs")
        for port in self.card.outputs:
            rate = port.rate or self.card.rate
            getattr(self, port.name).format = Frames(rate, port.size, port.content)

    def _check(self, name: str, size: int, content: str, rate: float) -> None:
        """ValueError where the wired frames are not those that the model was trained on."""
        found: Frames = self.formats[name]
        same = abs(found.rate - rate) <= SAME_RATE * rate
        if same and (found.size, found.content) == (size, content):
            return
        maker = self.card.front_end.get("is") if name == self.card.inputs[0].name else None
        raise ValueError(
            f"{name!r} gets {found.size} numbers of {found.content!r} at {found.rate:g} frames/s; "
            f"model {self.card.name!r} was trained on {size} of {content!r} at {rate:g}"
            + (f": put {maker} before it" if maker else "")
        )

    def open(self) -> None:
        self.session = Session(self.model, self.device)
        self.log.info("model %s runs on %s", self.card.name, self.session.provider)

    def reset(self) -> None:
        self.session.reset()

    def on_frame(self, packet: Packet) -> None:
        """Run the model on a frame of the driving input."""
        frame = {self.driver: packet.data}
        for port in self.card.streams:
            held: Packet | None = getattr(self, port.name) if port.name != self.driver else None
            if held is not None and abs(packet.t - held.t) <= self.hold * SECOND:
                frame[port.name] = held.data
        t = packet.t - round(self.latency * SECOND)  # the moment that the outputs speak of
        for name, value in self.session.step(frame).items():
            getattr(self, name).emit(t, value)


def node_class(card: Card, driven_by: str = "") -> type[Onnx]:
    """`Onnx` with the ports of a model; CardError where they cannot be a node's.

    A model that remembers must hear every frame; for another one the newest is enough.
    """
    names = [port.name for port in card.streams]
    driver = driven_by or names[0]
    if driver not in names:
        raise CardError(f"driven_by: no input {driver!r}{exists(driver, names, 'inputs')}")
    outputs = [port.name for port in card.outputs]
    own = {*dir(Onnx), *Node.__annotations__, *Onnx.__annotations__, "formats", "session"}
    if taken := sorted(own & {*names, *outputs}):
        raise CardError(f"model {card.name!r}: a node cannot have a port named {taken[0]!r}")
    ports: dict[str, Any] = {name: Hold(Frames) for name in names if name != driver}
    ports[driver] = Input(Frames, keep="all" if card.states else "latest")
    ports |= {name: Output(Frames) for name in outputs}
    about = {"__module__": __name__, "__doc__": card.about, "card": card, "driver": driver}
    cost = {"threaded": card.own_thread, "latency": card.latency}
    handler = {f"on_{driver}": lambda self, packet: self.on_frame(packet)}
    return type("Onnx", (Onnx,), {**about, **cost, **ports, **handler})
