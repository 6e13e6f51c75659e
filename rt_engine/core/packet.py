"""What flows over a wire: packets, the kinds of their payload, and their bytes."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import numpy as np

__all__ = ["Control", "Controls", "Kind", "Packet", "decode", "encode"]

_ARRAY = 1  # msgpack extension code of a NumPy array


class Packet(msgspec.Struct, frozen=True, gc=False):
    """A value and the moment in the world that it belongs to.

    `t` is integer nanoseconds on the engine clock (first sample, mid-exposure, due time);
    `seq` counts at the output, so a jump marks a loss. Nobody changes `data` after emitting it.
    """

    t: int
    data: Any
    seq: int


class Kind(msgspec.Struct, frozen=True):
    """The format of a stream. A subclass names its payload type and adds fields.

    A field left at its default in a declared port means "any".
    """

    payload: ClassVar[Any] = Any

    def mismatch(self, found: Kind) -> str | None:
        """Why a stream of format `found` cannot enter a port declared as this kind, or None."""
        wanted = type(self)
        if not isinstance(found, wanted):
            return f"carries {type(found).__name__}, but {wanted.__name__} is needed"
        for field in msgspec.structs.fields(wanted):
            need, have = getattr(self, field.name), getattr(found, field.name)
            if need not in (field.default, have):
                return f"has {field.name} {have!r}, but {need!r} is needed"
        return None


class Control(msgspec.Struct, frozen=True):
    """A change of a live setting, or the call of an action, of the node named `node`."""

    node: str
    name: str
    value: list[Any] = []


class Controls(Kind, frozen=True):
    """A stream of `Control`; the runner delivers each to the node that it names."""

    payload = Control


def encode(data: Any) -> bytes:
    """Payload to bytes: msgpack, arrays as (dtype, shape, raw C order). Equal data, equal bytes."""
    return _encoder.encode(data)


def decode(raw: bytes, payload: Any = Any) -> Any:
    """Bytes of `encode` to a payload of type `payload`; msgspec.DecodeError when they are not."""
    return msgspec.msgpack.decode(raw, type=payload, ext_hook=_unpack)


def _pack(value: Any) -> Any:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        shape = (value.dtype.str, list(value.shape), np.ascontiguousarray(value).tobytes())
        return msgspec.msgpack.Ext(_ARRAY, msgspec.msgpack.encode(shape))
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a payload of type {type(value).__name__} has no byte form")


def _unpack(code: int, raw: memoryview) -> Any:
    if code != _ARRAY:
        raise msgspec.DecodeError(f"unknown extension {code}")
    dtype, shape, buffer = msgspec.msgpack.decode(raw, type=tuple[str, list[int], bytes])
    try:
        return np.frombuffer(buffer, dtype).reshape(shape)
    except (TypeError, SyntaxError) as error:  # what NumPy says of a damaged dtype
        raise msgspec.DecodeError(str(error)) from None


_encoder = msgspec.msgpack.Encoder(enc_hook=_pack)
