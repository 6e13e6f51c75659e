"""Nodes and their ports: settings, state and handlers, and nothing of threads or queues."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import numpy as np

from rt_engine.core.clock import Clock, LiveClock
from rt_engine.core.errors import choices
from rt_engine.core.meter import Stats
from rt_engine.core.packet import Kind, Packet

__all__ = ["Hold", "Input", "Knob", "Node", "Output", "Source", "action"]

Action = TypeVar("Action", bound=Callable[..., Any])


def Knob(*, unit: str = "", **constraints: Any) -> msgspec.Meta:  # noqa: N802 (reads as a type)
    """`msgspec.Meta` of a setting that may change while the graph runs."""
    return msgspec.Meta(extra={"live": True, "unit": unit}, **constraints)


def action(method: Action) -> Action:
    """Mark a method that a `Control` may call: `method(self, t, *values)`, t in ns."""
    method.__action__ = True  # type: ignore[attr-defined]
    return method


class Port:
    """What inputs, holds and outputs share: a name and the format that flows there."""

    def __init__(self, kind: Kind | type[Kind]) -> None:
        self.kind = kind if isinstance(kind, Kind) else kind()
        self.format: Any = self.kind
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name


class Input(Port):
    """Packets arriving here call `on_<name>(packet)`.

    Where a thread stands before the node, `keep="all"` queues up to `size` packets, and
    `keep="latest"` keeps only the newest one.
    """

    def __init__(
        self,
        kind: Kind | type[Kind],
        keep: Literal["all", "latest"] = "all",
        size: int = 64,
        optional: bool = False,
    ) -> None:
        super().__init__(kind)
        self.keep, self.size, self.optional = keep, size, optional


class Hold(Port):
    """Sample and hold: triggers nothing; in the node, `self.<name>` is the last packet or None."""

    optional = True

    def __get__(self, node: Any, owner: type) -> Packet | None:
        raise AttributeError(self.name)  # a node's own attribute of this name hides it


class Output(Port):
    """`emit` calls the targets in order; the runner decides what a target is."""

    def __init__(self, kind: Kind | type[Kind]) -> None:
        super().__init__(kind)
        self.seq = 0
        self.targets: list[Callable[[Packet], None]] = []
        self.resets: list[Callable[[], None]] = []

    def emit(self, t: int, data: Any) -> None:
        """Send `data`, which belongs to engine time `t` (ns), to all targets."""
        packet = Packet(t, data, self.seq)
        self.seq += 1
        for target in self.targets:
            target(packet)

    def gap(self) -> None:
        """Say that data is missing here: `seq` jumps, and all behind forgets the stream."""
        self.seq += 1
        for reset in self.resets:
            reset()


class Node:
    """A step of a graph. Subclasses declare ports and settings as class fields.

    Every public annotated class field is a setting; its annotation is checked and coerced by
    msgspec. Life cycle: `plan` when the graph is built, then `open`, `reset`, the handlers,
    and `close`, all in the node's own thread.
    """

    threaded: ClassVar[bool] = False  # True: a rate or latency boundary (a model, a blocking sink)
    on_error: ClassVar[Literal["stop", "restart"]] = "stop"
    latency: ClassVar[float] = 0.0  # seconds that the node declares to add, e.g. a lookahead
    live_only: ClassVar[bool] = False  # talks to the world in real time: left out of a replay
    Settings: ClassVar[type[msgspec.Struct]]
    ports: ClassVar[dict[str, Port]] = {}
    actions: ClassVar[frozenset[str]] = frozenset()
    clock: Clock  # this and the four below are set by the runner
    rng: np.random.Generator
    log: logging.Logger
    name: str
    look: Callable[[], Mapping[str, Stats]]  # the meters of the whole graph

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        members = {name: getattr(cls, name, None) for base in cls.__mro__ for name in vars(base)}
        found = [v for base in reversed(cls.__mro__) for v in vars(base).values()]
        cls.ports = {port.name: port for port in found if isinstance(port, Port)}
        cls.actions = frozenset(n for n, m in members.items() if hasattr(m, "__action__"))
        for port in cls.ports.values():
            if isinstance(port, Input) and not hasattr(cls, f"on_{port.name}"):
                raise TypeError(f"{cls.__name__} has an input {port.name!r} but no on_{port.name}")
        cls.Settings = _settings(cls)

    def __init__(self, **settings: Any) -> None:
        for name, value in _checked(type(self), settings).items():
            setattr(self, name, value)
        for name, port in self.ports.items():
            own = None if isinstance(port, Hold) else copy.copy(port)
            if isinstance(own, Output):
                own.targets, own.resets = [], []
            setattr(self, name, own)
        self.formats: dict[str, Any] = {}  # of the wired inputs and holds, for `plan`
        self.bind(type(self).__name__, LiveClock(), 0, dict)

    def bind(
        self, name: str, clock: Clock, seed: int, look: Callable[[], Mapping[str, Stats]]
    ) -> None:
        """Give the node its name, its time, its randomness and a view of the meters."""
        self.name, self.clock, self.look = name, clock, look
        self.rng = np.random.default_rng(seed)
        self.log = logging.getLogger(f"rt_engine.{name}")

    def plan(self) -> None:
        """Check `self.<input>.format` and set `self.<output>.format`; ValueError: not possible."""

    def open(self) -> None:
        """Load and connect."""

    def reset(self) -> None:
        """Forget the state of the stream: at the start, and after a gap."""

    def close(self) -> None:
        """Let go of everything; called once for every `open`, even one that failed."""

    def control(self, t: int, name: str, value: list[Any]) -> None:
        """Set live setting `name`, or call action `name`; ValueError when it is neither."""
        if name in self.actions:
            getattr(self, name)(t, *value)
        elif name in live_settings(type(self)):
            given = coerce(type(self), name, value[0] if len(value) == 1 else value)
            before = getattr(self, name)
            setattr(self, name, given)
            try:
                self.on_setting(name)
            except ValueError:
                setattr(self, name, before)
                raise
        else:
            known = ", ".join(sorted(live_settings(type(self)) | self.actions)) or "none"
            raise ValueError(f"{self.name!r} has no live setting or action {name!r}; has: {known}")

    def on_setting(self, name: str) -> None:
        """Live setting `name` has just changed; ValueError takes the change back."""


def outputs(node: Node) -> dict[str, Output]:
    """The outputs of a node, by name."""
    return {port.name: port for port in vars(node).values() if isinstance(port, Output)}


def live_settings(cls: type[Node]) -> frozenset[str]:
    """Names of the settings that may change while the graph runs."""
    hints = {f.name: f.type for f in msgspec.structs.fields(cls.Settings)}
    return frozenset(n for n, hint in hints.items() if (meta(hint).extra or {}).get("live"))


def meta(hint: Any) -> msgspec.Meta:
    """The `msgspec.Meta` of an annotation; an empty one where there is none."""
    found = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return next((m for m in found if isinstance(m, msgspec.Meta)), msgspec.Meta())


def coerce(cls: type[Node], name: str, value: Any) -> Any:
    """`value` as the type of setting `name`; ValueError names both when it does not fit."""
    hint = next(f.type for f in msgspec.structs.fields(cls.Settings) if f.name == name)
    try:
        return msgspec.convert(value, hint, strict=False)
    except msgspec.ValidationError as error:
        text = f"setting {name!r}: {error}, found {value!r}{choices(value, hint)}"
        raise ValueError(text) from None


def _checked(cls: type[Node], settings: dict[str, Any]) -> dict[str, Any]:
    """All settings, with their defaults; ValueError names the first that does not fit."""
    try:
        return msgspec.structs.asdict(msgspec.convert(settings, cls.Settings, str_keys=True))
    except msgspec.ValidationError as error:
        reason, at, place = str(error).partition(" - at ")
        raise ValueError(f"{reason}{_choices(cls, settings)}{at}{place}") from None


def _choices(cls: type[Node], settings: dict[str, Any]) -> str:
    """What would be right, where it is one of few values that does not fit."""
    for field in msgspec.structs.fields(cls.Settings):
        if field.name not in settings:
            continue
        try:
            msgspec.convert(settings[field.name], field.type, str_keys=True)
        except msgspec.ValidationError:
            return choices(settings[field.name], field.type)
    return ""


def _settings(cls: type[Node]) -> type[msgspec.Struct]:
    fields: list[Any] = []
    if taken := {"clock", "log", "look", "name", "rng"} & set(vars(cls).get("__annotations__", ())):
        raise TypeError(
            f"{cls.__name__}: every node has {min(taken)!r}; name the setting otherwise"
        )
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if name in vars(Node)["__annotations__"] or name[0] == "_" or get_origin(hint) is ClassVar:
            continue
        if not hasattr(cls, name):
            fields.append((name, hint))
        elif isinstance(default := getattr(cls, name), list | dict | set):
            copied = msgspec.field(default_factory=partial(copy.deepcopy, default))
            fields.append((name, hint, copied))
        else:
            fields.append((name, hint, default))
    options: Any = {"kw_only": True, "forbid_unknown_fields": True}
    return msgspec.defstruct(cls.__name__, fields, **options)


class Source(Node):
    """A node that starts streams: its `read` is called over and over in a thread of its own."""

    threaded = True
    device: ClassVar[bool] = False  # a device never waits for the graph; a file does
    realtime: ClassVar[bool] = False  # asks for real-time priority: a source that keeps pace
    suffixes: ClassVar[tuple[str, ...]] = ()  # of the files that it reads, from its setting `path`
    prefixes: ClassVar[tuple[str, ...]] = ()  # of the addresses that it reads, likewise

    def read(self) -> bool | None:
        """Emit what is there next, blocking at most about 0.25 s; False at the end."""
        raise NotImplementedError
