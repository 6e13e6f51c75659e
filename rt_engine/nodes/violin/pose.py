"""A violinist's pose, corrected by what is heard."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from rt_engine import kinds
from rt_engine.core import Input, Node, Output, Packet
from rt_engine.extras import require
from rt_engine.inference import check_file, find_card, read_card
from rt_engine.inference.session import Session
from rt_engine.motion.people import chosen
from rt_engine.nodes.motion.following import Person
from rt_engine.violin.features import PerformanceFeatures
from rt_engine.violin.pose import Corrected, Corrector, prior_of

__all__ = ["Pose"]


class Pose(Node):
    """Poses of a violinist fifty times a second: calm, complete, moved by what is heard.

    `poses` may come 15 to 60 times a second at uneven times, with joints missing or exchanged;
    `features` are those of violin.Features, and may be left out. A pose comes when the model has
    seen and heard its lookahead: without sound 0.1 s after its time (at once with the model
    `pose_correction_0`, 0.3 s with `pose_correction_300`), with sound 0.26 s later, as the sound's
    own numbers take so long.
    Sound that ceases, or the person who is seen no more, and their return are said once; what is
    left goes on, without the person for 1 s; then one packet without a pose. Without sound it is
    the packets with nobody that tell. One person is followed. Needs the extra `cpu` or `gpu`.

    After MAPnet: Shrestha et al. 2022, "AIMusicGuru". See `rt_engine.violin.pose`.
    """

    threaded = True
    poses = Input(kinds.Poses)
    features = Input(kinds.Frames, optional=True)
    corrected = Output(kinds.Poses)
    model: Annotated[str, Meta(description="a name in exported_models, or the path of a card")] = (
        "pose_correction"
    )
    person: Person = -1

    def plan(self) -> None:
        card = read_card(self.model)
        check_file(card, find_card(self.model).parent)
        prior_of(card)
        require("onnxruntime")
        if "features" in self.formats:
            found: kinds.Frames = self.features.format
            wanted = (50.0, PerformanceFeatures.dims, "performance features")
            if (found.rate, found.size, found.content) != wanted:
                raise ValueError(
                    f"'features' gets {found.size} numbers of {found.content!r} at {found.rate:g} "
                    "frames/s: put violin.Features before it"
                )
        self.corrected.format = self.poses.format

    def open(self) -> None:
        self._corrector = Corrector(Session(self.model, "cpu"), "features" in self.formats)

    def reset(self) -> None:
        self._corrector.reset()
        self._followed = -1
        self._deaf = self._blind = False

    def on_poses(self, packet: Packet) -> None:
        pose = chosen(packet.data, self.person, self._followed)
        if pose is None:
            self._tell(self._corrector.miss(packet.t))
            return
        if pose.person != self._followed:
            if self._followed >= 0:
                self._corrector.begin()
            self._followed = pose.person
        self._tell(self._corrector.see(packet.t, pose))

    def on_features(self, packet: Packet) -> None:
        self._tell(self._corrector.hear(packet.t, packet.data))

    def _tell(self, found: list[Corrected]) -> None:
        for t, pose in found:
            self.corrected.emit(t, [pose] if pose is not None else [])
        grid = self._corrector.grid
        if grid.deaf != self._deaf:
            self._deaf = grid.deaf
            said = "sound is lost: poses go on without it" if grid.deaf else "sound is back"
            self.log.warning("%s", said)
        if grid.blind != self._blind:
            self._blind = grid.blind
            self.log.warning("%s", "poses are lost" if grid.blind else "poses are back")
