"""What the body does: strokes on beats, smooth whatever happens, and what gestures promise."""

import numpy as np
import pytest

from rt_engine.conducting.conductor import Conductor
from rt_engine.conducting.metres import METRES
from rt_engine.conducting.performance import Played, perform
from rt_engine.conducting.style import ARTICULATIONS, STYLES, Style, drawn
from tests.conducting.motion import lowest

RIGHT, LEFT = 10, 9


def beats_of(metre, bars, period, start=1.5, level=0.5, detached=0.3):
    pulses = METRES[metre].pulses
    return [
        Played(start + i * period, i % pulses + 1, pulses, level, detached)
        for i in range(pulses * bars)
    ]


def farthest(found, wanted):
    return max(np.abs(found - t).min() for t in wanted)


@pytest.mark.parametrize("metre", [m for m in METRES if m != "1/4"])
@pytest.mark.parametrize(("detached", "level"), [(0.0, 0.3), (1.0, 0.5), (0.7, 0.95)])
def test_the_hand_is_lowest_on_every_stroke(metre, detached, level):
    beats = beats_of(metre, 3 if metre[0] < "5" else 2, 0.5, level=level, detached=detached)
    motion = perform(beats, rate=60.0, metre=metre)
    pulses = METRES[metre].pulses
    strokes = [b.t for i, b in enumerate(beats) if METRES[metre].stroke(i % pulses) is not None]
    lows = lowest(motion.times, motion.joints[:, RIGHT, 1].astype(float))
    settled = [t for t in strokes if t > 2.4]
    assert farthest(lows, settled) < 0.006
    assert farthest(motion.ictus, settled) < 1e-6


def test_articulation_shows_in_how_long_the_hand_stands():
    """Share of the time below a fifth of the greatest speed: legato flows, the others stop."""
    still = {}
    for name in ARTICULATIONS:
        conductor = Conductor(Style(wander=0.0))
        conductor.manner.articulation = name
        places = []
        for frame in range(800):
            if frame % 60 == 0:
                conductor.hear(1.6 + frame / 100, 0, 0, 0.6)
            places.append(conductor.at(frame / 100).right)
        speed = np.linalg.norm(np.diff(places[300:], axis=0), axis=1)
        still[name] = float((speed < speed.max() / 5).mean())
    assert still["legato"] < still["neutral"] < still["staccato"]
    assert still["marcato"] > still["neutral"]


def test_dynamics_show_in_the_size():
    heights = []
    for level in (0.1, 0.5, 0.9):
        motion = perform(beats_of("4/4", 4, 0.6, level=level), rate=50.0)
        heights.append(np.ptp(motion.joints[150:, RIGHT, 1]))
    assert heights[1] > 1.3 * heights[0] and heights[2] > 1.2 * heights[1]


class Trouble:
    """Beats that jump, metres that change and gestures at random, on a grid of 0.25 ms."""

    STEP = 0.00025
    GESTURES = (
        "cue", "fermata", "release", "cut_off", "start", "stop", "count_in", "express", "lead",
        "change", "prepare", "phrase", "metre", "articulation",
    )  # fmt: skip

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.conductor = Conductor(drawn(self.rng), seed)
        self.beat, self.period, self.count, self.meter = 1.2, 0.6, 0, 4
        self.next, self.late = 1.5, False

    def step(self, t):
        if self.beat - t < 0.25:
            self.hear()
        if not self.late and self.beat - t < 0.12:  # corrected when the hand falls already
            self.beat, self.late = self.beat + self.rng.normal(0, 0.02), True
        if self.beat <= t:
            self.count, self.late = self.count + 1, False
            self.period = float(np.clip(self.period * self.rng.uniform(0.8, 1.2), 0.35, 1.1))
            self.beat += self.period
            if self.rng.random() < 0.15:
                self.meter = int(self.rng.choice([2, 3, 4, 5, 6, 7]))
        if t > self.next:
            self.next = t + 0.5
            self.gesture(self.rng.choice(self.GESTURES))
        stance = self.conductor.at(t)
        return [stance.right, stance.left, stance.bearing[:3], stance.bearing[3:]]

    def hear(self):
        self.conductor.hear(self.beat, self.count % self.meter + 1, self.meter, self.period)

    def gesture(self, name):
        conductor, rng = self.conductor, self.rng
        arguments = {
            "cue": (rng.uniform(-50, 50),),
            "count_in": (2,),
            "express": tuple(rng.random(2)),
            "lead": (rng.choice([0.0, 80.0, 130.0]), 0.3),
            "change": (STYLES[rng.choice(sorted(STYLES))],),
        }
        if name == "metre":
            conductor.schedule.ask(str(rng.choice([*METRES, "auto"])))
        elif name == "articulation":
            conductor.manner.articulation = str(rng.choice([*ARTICULATIONS, "auto"]))
        else:
            getattr(conductor, name)(*arguments.get(name, ()))


@pytest.mark.parametrize("seed", range(2))
def test_nothing_makes_place_velocity_or_acceleration_jump(seed):
    """Of what is continuous, changes shrink with the step; a jump stays as large as it is.

    The largest change of acceleration is compared over steps of 1 ms and of 4 ms: of a
    continuous one it is about four times as large over the longer step, of a jump the same.
    """
    trouble = Trouble(seed)
    tracks = np.array([trouble.step(i * trouble.STEP) for i in range(16_000)])
    for part, scale in zip(np.moveaxis(tracks, 1, 0), (1.0, 1.0, 60.0, 60.0), strict=True):
        changes, speeds = [], []
        for stride in (4, 16):
            step = trouble.STEP * stride
            velocity = np.diff(part[::stride], axis=0) / step
            acceleration = np.diff(velocity, axis=0) / step
            changes.append(np.abs(np.diff(acceleration, axis=0)).max() / scale)
            speeds.append(np.abs(velocity).max() / scale)
        assert speeds[0] < 6.0  # m/s, and 360 degrees/s
        assert changes[1] < 0.1 or changes[1] > 2.2 * changes[0]


def test_a_tempo_that_changes_by_a_fifth_is_followed_at_once():
    times = list(np.arange(1.5, 6.0, 0.5)) + list(6.0 + np.arange(0, 5, 0.4))
    motion = perform([Played(t, i % 4 + 1, 4) for i, t in enumerate(times)], rate=100.0)
    lows = lowest(motion.times, motion.joints[:, RIGHT, 1].astype(float))
    late = [np.abs(lows - t).min() for t in times if t > 3.0]
    assert max(late) < 0.03
    assert max(late[-8:]) < 0.004


def test_the_same_seed_gives_the_same_performance_another_another():
    beats = beats_of("3/4", 5, 0.5)
    first, again, other = (perform(beats, seed=s).joints for s in (1, 1, 2))
    assert (first == again).all()
    assert np.abs(first[100:, RIGHT] - other[100:, RIGHT]).max() > 0.005


def test_individuals_differ():
    beats = beats_of("4/4", 4, 0.5)
    rng = np.random.default_rng(0)
    people = [perform(beats, drawn(rng)).joints[60:, RIGHT] for _ in range(6)]
    spread = np.std([np.ptp(path[:, 1]) for path in people])
    assert spread > 0.03


def test_hands_are_down_until_beats_come_and_after_they_end():
    motion = perform(beats_of("4/4", 2, 0.5, start=3.0), rate=50.0, seconds=12.0)
    height = motion.joints[:, RIGHT, 1]
    assert np.ptp(height[:50]) < 1e-6
    assert abs(height[-1] - height[0]) < 0.03 and height.max() > height[0] + 0.2


def test_a_count_in_beats_and_then_the_bar_begins():
    conductor = Conductor(metre="4/4")
    conductor.at(0.0)
    conductor.count_in(2, 120.0)
    struck = {}
    for frame in range(600):
        conductor.at(frame / 100)
        if (strike := conductor.ahead(frame / 100 + 0.015)) is not None:
            struck[strike.serial] = (round(strike.t, 2), strike.number)
    times, numbers = zip(*struck.values(), strict=True)
    assert numbers[:4] == (2, 3, 0, 1)
    assert np.allclose(np.diff(times), 0.5)
    assert len(times) < 12  # nobody plays: it does not go on for ever


def test_a_leader_goes_on_alone():
    conductor = Conductor(metre="4/4")
    conductor.lead(100.0)
    conductor.start()
    struck = set()
    for frame in range(3000):
        conductor.at(frame / 100)
        if (strike := conductor.ahead(frame / 100 + 0.015)) is not None:
            struck.add(round(strike.t, 6))
    assert np.allclose(np.diff(sorted(struck)), 0.6)
    assert len(struck) > 45


def test_a_fermata_holds_until_the_release():
    conductor = Conductor()
    heights, states = [], []
    for frame in range(1200):
        t = frame / 100
        if frame % 50 == 0:
            conductor.hear(t + 1.0, frame // 50 % 4 + 1, 4, 0.5)
        if frame == 450:
            conductor.fermata()
        if frame == 800:
            conductor.release()
        heights.append(conductor.at(t).right[1])
        states.append(conductor.state)
    assert states[449] == "beating" and states[600] == "held" and states[1100] == "beating"
    assert np.ptp(heights[560:800]) < 0.12  # it hardly moves
    assert np.ptp(heights[950:1150]) > 0.15


def test_after_a_cut_off_nobody_conducts_until_start():
    conductor = Conductor()
    states = []
    for frame in range(1000):
        t = frame / 100
        if frame % 50 == 0:
            conductor.hear(t + 1.0, 0, 4, 0.5)
        if frame == 400:
            conductor.cut_off()
        if frame == 700:
            conductor.start()
        conductor.at(t)
        states.append(conductor.state)
    assert set(states[401:700]) == {"rest"} and states[800] == "beating"


def test_a_start_joins_the_beats_that_are_heard():
    conductor, struck = Conductor(), set()
    for frame in range(900):
        t = frame / 100
        if frame % 60 == 0:
            conductor.hear(t + 1.0, 0, 4, 0.6)
        if frame == 300:
            conductor.stop()
        if frame == 500:
            conductor.start()
        conductor.at(t)
        if t > 5.5 and (strike := conductor.ahead(t + 0.015)) is not None:
            struck.add(round(strike.t, 6))
    assert len(struck) >= 4
    assert all(min((t - 1.0) % 0.6, 0.6 - (t - 1.0) % 0.6) < 1e-6 for t in struck)


def test_a_cue_points_to_the_player():
    for azimuth in (45.0, -30.0):
        conductor = Conductor()
        conductor.at(0.0)
        conductor.cue(azimuth)
        stance = conductor.at(0.8)
        x, y, z = stance.left
        assert y > 1.25
        assert np.degrees(np.arctan2(x - 0.2, z)) == pytest.approx(azimuth, abs=3)
        turned = stance.bearing.look + stance.bearing.turn
        assert np.sign(turned) == np.sign(azimuth)
        assert conductor.at(5.0).left[1] < 1.0


def test_left_hand_rises_with_a_crescendo():
    conductor = Conductor()
    highest = 0.0
    for frame in range(700):
        t = frame / 100
        if frame % 50 == 0:
            conductor.hear(t + 1.0, 0, 4, 0.5)
        conductor.express(0.2 if frame < 400 else 0.6, 0.3)
        stance = conductor.at(t)
        if frame == 390:
            assert stance.left[1] < 1.05
        highest = max(highest, stance.left[1])
    assert highest > 1.3


def test_time_must_not_fall():
    conductor = Conductor()
    conductor.at(1.0)
    with pytest.raises(ValueError, match="asked for after"):
        conductor.at(0.9)
    with pytest.raises(ValueError, match="in order of time"):
        perform([Played(1.0), Played(1.0)])
