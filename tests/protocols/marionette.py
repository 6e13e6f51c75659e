"""A marionette for tests: receives real UDP and is as strict as the strictest receiver.

The rules are those read in receivers' sources (EVMC4U, VSeeFace, Godot's and Blender's add-ons);
the bytes are read with python-osc, the bones put together with SciPy, neither of them ours.
"""

import math
import socket
from collections import Counter

import numpy as np
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from scipy.spatial.transform import Rotation

from rt_engine.motion.skeleton import BONES, PARENTS

TAGS = {
    "/VMC/Ext/OK": {",i", ",iii", ",iiii"},
    "/VMC/Ext/T": {",f"},
    "/VMC/Ext/Root/Pos": {",sfffffff"},
    "/VMC/Ext/Bone/Pos": {",sfffffff"},
    "/VMC/Ext/Blend/Val": {",sf"},
    "/VMC/Ext/Blend/Apply": {","},
    "/VMC/Ext/Midi/Note": {",iiif"},
}


def ancestors(bone):
    return [] if PARENTS[bone] < 0 else [*ancestors(PARENTS[bone]), PARENTS[bone]]


ORDER = sorted(range(len(BONES)), key=lambda bone: len(ancestors(bone)))


def contents(datagram):
    """Every (address, type tags, arguments), bundles unpacked."""
    if OscBundle.dgram_is_bundle(datagram):
        return [m for part in OscBundle(datagram) for m in contents(part.dgram)]
    message = OscMessage(datagram)
    start = len(message.address) // 4 * 4 + 4
    tags = datagram[start : datagram.index(b"\0", start)].decode()
    return [(message.address, tags, message.params)]


class Marionette:
    """A socket, and the frames that came over it; every packet is checked as it arrives."""

    def __init__(self, largest=1472, bundles=True, bones=55, zeros=False):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(3)
        self.to = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.largest, self.bundles, self.bones, self.zeros = largest, bundles, bones, zeros
        self.times, self.blends, self.datagrams = [], {}, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def frame(self):
        """The next frame: (names of bones, root (7,), bones (n, 7), whether tracked)."""
        seen = []
        self.datagrams = []
        while not seen or seen[-1][0] != "/VMC/Ext/T":
            datagram = self.socket.recv(65536)
            assert len(datagram) <= self.largest
            assert datagram.startswith(b"#bundle\0") == self.bundles
            self.datagrams.append(datagram)
            for address, tags, values in contents(datagram):
                assert tags in TAGS.get(address, {",s", ",sf", ",si"}), (address, tags)
                seen.append((address, tags, values))
        self.times.append(seen[-1][2][0])
        return self._checked(seen)

    def _checked(self, seen):
        counts = Counter(address for address, _, _ in seen)
        assert counts["/VMC/Ext/T"] == 1
        assert seen[0][0] == "/VMC/Ext/OK" and counts["/VMC/Ext/OK"] == 1
        assert math.isfinite(seen[-1][2][0])
        tracked = bool(seen[0][2][-1])
        self.blends = {v[0]: v[1] for a, _, v in seen if a == "/VMC/Ext/Blend/Val"}
        assert counts["/VMC/Ext/Blend/Apply"] == bool(self.blends)
        bones = [values for address, _, values in seen if address == "/VMC/Ext/Bone/Pos"]
        if not tracked:
            assert not bones
            return [], None, None, False
        roots = [values for address, _, values in seen if address == "/VMC/Ext/Root/Pos"]
        assert len(roots) == 1 and roots[0][0] == "root"
        names = [values[0] for values in bones]
        assert set(names) <= set(BONES) and len(set(names)) == len(names) == self.bones
        poses = np.array([values[1:] for values in bones])
        assert np.isfinite(poses).all()
        assert np.allclose(np.linalg.norm(poses[:, 3:], axis=1), 1, atol=1e-5)
        if not self.zeros:
            assert (np.abs(poses[:, :3]).max(axis=1) > 1e-3).all()
        return names, np.array(roots[0][1:]), poses, True


def accumulate(root, bones, flip=None):
    """Joint places (n, 55, 3) and rotations, as an engine puts local poses together.

    `root` (n, 7), `bones` (n, 55, 7) in the order of BONES. `flip` says what the engine does with
    positions and quaternions as they arrive.
    """
    position, quaternion = flip or (np.ones(3), np.ones(4))
    places, turned = np.zeros((len(bones), 55, 3)), [None] * 55
    start = Rotation.from_quat(root[:, 3:] * quaternion), root[:, :3] * position
    for bone in ORDER:
        parent = PARENTS[bone]
        frame, origin = start if parent < 0 else (turned[parent], places[:, parent])
        places[:, bone] = origin + frame.apply(bones[:, bone, :3] * position)
        turned[bone] = frame * Rotation.from_quat(bones[:, bone, 3:] * quaternion)
    return places, turned


def unity(root, bones):
    """As Unity has it, back in the body frame: its mirror image in X."""
    places, turned = accumulate(root, bones)
    mirrored = np.diag([-1.0, 1.0, 1.0])
    return places @ mirrored, [mirrored @ t.as_matrix() @ mirrored for t in turned]


def godot(root, bones):
    """As Godot has it, back in the body frame: half a turn about Y."""
    places, turned = accumulate(root, bones, (np.array([1, 1, -1.0]), np.array([1, 1, -1.0, -1.0])))
    half = np.diag([-1.0, 1.0, -1.0])
    return places @ half, [half @ t.as_matrix() @ half for t in turned]
