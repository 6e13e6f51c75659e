"""A small, strict BVH reader for tests: it knows the format and nothing of us."""

import numpy as np
from scipy.spatial.transform import Rotation


class BvhFile:
    """Joints in file order, their channels, offsets and end sites, and the frames."""

    def __init__(self, text):
        head, tail = text.split("MOTION\n")
        self.names, self.parents, self.offsets = [], [], []
        self.channels, self.ends = {}, {}
        self._hierarchy(head.split())
        lines = tail.splitlines()
        assert lines[0].startswith("Frames:") and lines[1].startswith("Frame Time:")
        self.count = int(lines[0].removeprefix("Frames:"))
        self.frame_time = float(lines[1].removeprefix("Frame Time:"))
        self.frames = np.array([[float(x) for x in line.split()] for line in lines[2:]])
        width = sum(len(channels) for channels in self.channels.values())
        assert self.count == len(self.frames) and (self.frames.shape[1:] or (width,)) == (width,)
        assert text.endswith("\n")

    def _hierarchy(self, words):
        assert words[0] == "HIERARCHY"
        place, stack, end = 1, [], False
        while place < len(words):
            word = words[place]
            if word in ("ROOT", "JOINT"):
                self.names.append(words[place + 1])
                self.parents.append(stack[-1] if stack else -1)
                pushed = len(self.names) - 1
                place += 2
            elif word == "End":
                assert words[place + 1] == "Site"
                end, pushed = True, stack[-1]
                place += 2
            elif word == "{":
                stack.append(pushed)
                place += 1
            elif word == "}":
                stack.pop()
                end = False
                place += 1
            elif word == "OFFSET":
                offset = [float(x) for x in words[place + 1 : place + 4]]
                if end:
                    self.ends[self.names[stack[-1]]] = offset
                else:
                    self.offsets.append(offset)
                place += 4
            else:
                assert word == "CHANNELS", word
                count = int(words[place + 1])
                self.channels[self.names[stack[-1]]] = words[place + 2 : place + 2 + count]
                place += 2 + count
        assert not stack

    def places(self):
        """Joint places (frames, joints, 3)."""
        found = np.zeros((len(self.frames), len(self.names), 3))
        turned, column = [], 0
        for i, name in enumerate(self.names):
            channels = self.channels[name]
            values = dict(
                zip(channels, self.frames[:, column : column + len(channels)].T, strict=True)
            )
            column += len(channels)
            axes = [c for c in channels if c.endswith("rotation")]
            angles = np.stack([values[c] for c in axes], -1)
            local = Rotation.from_euler("".join(c[0] for c in axes), angles, degrees=True)
            moved = [values.get(f"{axis}position", 0.0) for axis in "XYZ"]
            shift = np.array(self.offsets[i]) + np.stack(np.broadcast_arrays(*moved), -1)
            parent = self.parents[i]
            if parent < 0:
                found[:, i] = shift
                turned.append(local)
            else:
                found[:, i] = found[:, parent] + turned[parent].apply(shift)
                turned.append(turned[parent] * local)
        return found
