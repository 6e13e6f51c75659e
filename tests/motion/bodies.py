"""Bodies for tests: random legal postures, and the landmarks that a perfect camera would see."""

import numpy as np

from rt_engine.kinds import Pose
from rt_engine.motion.joints import Joints
from rt_engine.motion.quaternion import from_rotvec, multiply, rotate
from rt_engine.motion.skeleton import (
    ENDS,
    FINGERS,
    INDEX,
    OFFSETS,
    PHALANGES,
    SOLE,
    forward,
    identity,
    orientations,
)

SIDES = ("Left", "Right")
LIMBS = [
    f"{side}{bone}"
    for side in SIDES
    for bone in ("UpperArm", "LowerArm", "UpperLeg", "LowerLeg", "Hand", "Foot")
]
DIGITS = [f"{side}{f}{p}" for side in SIDES for f in FINGERS for p in PHALANGES]
TRUNK = ["Spine", "Chest", "UpperChest", "Neck", "Head"]

# In the frame of the head (m): ears, eyes and the tip of the nose.
FACE = {7: (0.075, 0, 0), 8: (-0.075, 0, 0), 0: (0, -0.02, 0.12)}
FACE |= {i: (0.02 + 0.012 * k, 0.02, 0.08) for k, i in enumerate((1, 2, 3))}
FACE |= {i: (-0.02 - 0.012 * k, 0.02, 0.08) for k, i in enumerate((4, 5, 6))}
FACE |= {9: (0.025, -0.06, 0.09), 10: (-0.025, -0.06, 0.09)}


def random_posture(rng, trunk=0.5, width=0.9):
    """Local rotations (55, 4) inside the anatomical ranges, anywhere in space."""
    rotations = identity()
    for bones, share in ((LIMBS, width), (DIGITS, width), (TRUNK, trunk)):
        joints = Joints(bones, margin=0)
        low, high = joints.low * share, joints.high * share
        rotations[joints.bones] = joints.rotation(rng.uniform(low, high))
    _turn_hands(rotations, rng)
    axis = rng.normal(size=3)
    rotations[0] = from_rotvec(axis / np.linalg.norm(axis) * rng.uniform(0, 2.5))
    return rotations


def _turn_hands(rotations, rng):
    """Turn the forearms by up to 80 degrees, half of it at the wrist."""
    for side in SIDES:
        forearm, hand = Joints([f"{side}LowerArm"], margin=0), INDEX[f"{side}Hand"]
        bent = forearm.of_rotation(rotations[forearm.bones])
        half = forearm.turning(rng.uniform(-40, 40, 1) * np.pi / 180)
        bent[:, 0] = 0
        rotations[forearm.bones] = multiply(forearm.rotation(bent), half)
        rotations[hand] = multiply(half[0], rotations[hand])


def pose(rotations, person=0, visibility=1.0, hands=True, offsets=OFFSETS):
    """The landmarks of a body in posture `rotations`, all seen with `visibility`."""
    places = forward(rotations, np.zeros(3), offsets)
    turned = orientations(rotations)
    world = np.zeros((33, 3))
    joints = {"UpperArm": 11, "LowerArm": 13, "Hand": 15, "LittleProximal": 17}
    joints |= {"IndexProximal": 19, "ThumbProximal": 21, "UpperLeg": 23, "LowerLeg": 25, "Foot": 27}
    for side, name in enumerate(SIDES):
        for bone, landmark in joints.items():
            world[landmark + side] = places[INDEX[name + bone]]
        foot = INDEX[f"{name}Foot"]
        world[29 + side], world[31 + side] = places[foot] + rotate(turned[foot], SOLE)
    head = INDEX["Head"]
    for landmark, place in FACE.items():
        world[landmark] = places[head] + rotate(turned[head], np.array(place))
    world -= (world[23] + world[24]) / 2
    both = [hand(places, turned, name) if hands else None for name in SIDES]
    return Pose(
        person=person,
        image=np.zeros((33, 3), np.float32),
        world=world.astype(np.float32),
        visibility=np.full(33, visibility, np.float32),
        width=640,
        height=480,
        left_hand=both[0],
        right_hand=both[1],
    )


def hand(places, turned, side):
    """The 21 landmarks of a hand, from the wrist."""
    points = [places[INDEX[f"{side}Hand"]]]
    for finger in FINGERS:
        chain = [INDEX[f"{side}{finger}{phalanx}"] for phalanx in PHALANGES]
        points += [places[i] for i in chain]
        points.append(places[chain[-1]] + rotate(turned[chain[-1]], ENDS[chain[-1]]))
    return (np.array(points) - points[0]).astype(np.float32)


def limb_directions(rotations, offsets=OFFSETS):
    """Unit vectors in the body frame of the bones that landmarks show: by bone name."""
    return seen_directions(pose(rotations, offsets=offsets))


def seen_directions(seen):
    """The same, straight from landmarks."""
    chains = {
        "UpperArm": (11, 13),
        "LowerArm": (13, 15),
        "UpperLeg": (23, 25),
        "LowerLeg": (25, 27),
    }
    chains["Foot"] = (29, 31)
    world = np.asarray(seen.world, float)
    found = {}
    for side, name in enumerate(SIDES):
        for bone, (start, end) in chains.items():
            found[name + bone] = world[end + side] - world[start + side]
        knuckles = (world[17 + side] + world[19 + side]) / 2
        found[f"{name}Hand"] = knuckles - world[15 + side]
        points = seen.left_hand if side == 0 else seen.right_hand
        if points is not None:
            for k, finger in enumerate(FINGERS):
                for n, phalanx in enumerate(PHALANGES):
                    first = 1 + 4 * k + n
                    found[f"{name}{finger}{phalanx}"] = points[first + 1] - points[first]
            found[f"{name}Hand"] = (points[5] + points[17]) / 2 - points[0]
    return {bone: v / np.linalg.norm(v) for bone, v in found.items()}


def degrees(a, b):
    """Angle between unit vectors."""
    return float(np.degrees(2 * np.arcsin(min(1.0, np.linalg.norm(a - b) / 2))))
