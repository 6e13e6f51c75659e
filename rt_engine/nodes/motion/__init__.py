"""Bodies in motion: from landmarks to a humanoid skeleton, and to numbers for music."""

from rt_engine.nodes.motion.dance import Dance
from rt_engine.nodes.motion.features import Features
from rt_engine.nodes.motion.ground import Ground
from rt_engine.nodes.motion.joint_velocity import JointVelocity
from rt_engine.nodes.motion.skeleton import Skeleton
from rt_engine.nodes.motion.style import Style

__all__ = ["Dance", "Features", "Ground", "JointVelocity", "Skeleton", "Style"]
