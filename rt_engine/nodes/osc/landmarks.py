"""Landmarks of bodies out."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import Hold, Input, Node, Packet
from rt_engine.nodes.osc.sending import To, addresses
from rt_engine.protocols import landmarks
from rt_engine.udp import Sender

__all__ = ["Landmarks"]


class Landmarks(Node):
    """Landmarks of bodies as OSC messages over UDP, as soon as they come.

    Forms (`rt_engine.protocols.landmarks` has addresses and types): "arr", the one message
    `/poses/arr` of PoseOSC and VisionOSC in pixels; "normalised", a message a point in fractions
    of the picture; "world", a message a point in metres. While nobody is seen only headers are
    sent; the size of the picture that they hold is that of `images`, where it is wired. Nothing
    is mirrored here: leave `mirror` of the camera off.
    """

    live_only = True
    poses = Input(kinds.Poses)
    images = Hold(kinds.Images)
    to: To = "127.0.0.1:9527"
    form: Annotated[
        landmarks.Form | list[landmarks.Form], Meta(description="what is sent, one or several")
    ] = "arr"
    points: Annotated[Literal[17, 33], Meta(description="of arr: PoseNet's or MediaPipe's")] = 17

    def plan(self) -> None:
        self._receivers = addresses(self.to)
        self._forms = [self.form] if isinstance(self.form, str) else self.form

    def open(self) -> None:
        self._sender = Sender(self._receivers, self.log)

    def reset(self) -> None:
        found = self.formats.get("images", kinds.Images())
        self._size = (found.width, found.height)

    def on_poses(self, packet: Packet) -> None:
        if packet.data:
            self._size = (packet.data[0].width, packet.data[0].height)
        elif self.images is not None:
            height, width = self.images.data.shape[:2]
            self._size = (width, height)
        made = landmarks.datagrams(self._forms, packet.data, self._size, self.points)
        self._sender.send(made)

    def close(self) -> None:
        if hasattr(self, "_sender"):
            self._sender.close()
