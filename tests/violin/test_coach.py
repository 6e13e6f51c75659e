import numpy as np
import pytest

from rt_engine.core import Packet, collect
from rt_engine.kinds import Notes, PlayedNotes
from rt_engine.nodes.violin import Coach as CoachNode
from rt_engine.violin.coach import Coach, Settings
from rt_engine.violin.topics import Finding
from tests.violin.practice import played, simulate


def say(coach, values, topic="intonation", sure=0.9, start=0.0, every=0.5):
    """Cues of a row of findings, with the times when they came."""
    cues = []
    for k, value in enumerate(values):
        t = start + k * every
        if cue := coach.hear(t, [Finding(topic, value, sure)]):
            cues.append((t, cue))
    return cues


@pytest.mark.parametrize("seed", range(2))
def test_in_an_hour_no_two_cues_within_four_seconds_and_none_below_its_reliability(seed):
    cues = simulate(3600, seed)
    times = np.array([t for t, _ in cues])
    assert len(cues) > 50
    assert np.diff(times).min() >= 4
    assert min(cue.reliability for _, cue in cues) >= 0.5
    assert [cue.index for _, cue in cues] == list(range(len(cues)))
    assert len({cue.topic for _, cue in cues}) >= 4


def test_a_good_player_hears_nothing():
    assert simulate(600, skill=0.1) == []


def test_a_better_player_is_told_less():
    counts = [len(simulate(900, skill=skill)) for skill in (0.5, 1.0, 2.0)]
    assert counts[0] < counts[1] < counts[2]


def test_unsure_notes_are_no_reason():
    assert say(Coach(), [40.0] * 40, sure=0.49) == []


def test_notes_that_disagree_are_no_reason():
    assert say(Coach(), [35.0, -33.0] * 20) == []


def test_a_fault_is_told_once_it_is_sure_and_says_which_way():
    ((first, cue), *_) = say(Coach(), [30.0] * 6)
    assert first == 1.5  # the fourth note
    assert (cue.topic, cue.value, cue.unit, cue.text) == (
        "intonation", pytest.approx(30), "cents", "a little lower",
    )  # fmt: skip
    ((_, cue),) = say(Coach(), [-30.0] * 4)
    assert cue.text == "a little higher"


def test_the_better_it_goes_the_rarer_it_is_told():
    def pauses(fine):
        coach = Coach()
        say(coach, [0.0] * fine)
        times = [t for t, _ in say(coach, [30.0] * 60, start=100.0)]
        return np.diff(times)[0]

    assert pauses(0) == 4
    assert pauses(24) >= 8


def test_a_wider_band_says_less():
    values = [18.0] * 20
    assert say(Coach(Settings(bandwidth=1.0)), values)
    assert say(Coach(Settings(bandwidth=2.0)), values) == []


def test_what_is_heard_goes_before_what_comes_later_in_rank():
    coach = Coach()
    for k in range(8):
        both = [Finding("timing", 0.09, 0.9), Finding("intonation", 30.0, 0.9)]
        if cue := coach.hear(float(k), both):
            assert cue.topic == "intonation"
            return
    raise AssertionError("nothing was said")


def test_only_what_is_asked_for_is_spoken_of():
    coach = Coach(Settings(topics=("timing",)))
    assert say(coach, [30.0] * 20) == []
    assert say(coach, [0.09] * 20, topic="timing", start=50.0)


def test_old_reasons_are_forgotten():
    assert say(Coach(), [30.0] * 10, every=9.0) == []


def test_wrong_settings_are_told():
    with pytest.raises(ValueError, match="must be at least 4 s"):
        Settings(pause=3)
    with pytest.raises(ValueError, match=r"topic 'style' is unknown; there are intonation"):
        collect(CoachNode(topics=["style"]), notes=PlayedNotes())


def test_the_node_gives_a_sound_with_each_cue_and_obeys_its_knobs():
    node = CoachNode()
    out = collect(node, notes=PlayedNotes())

    def play(start, count):
        for k in range(count):
            note = played(k, intonation=(30.0, 0.9))
            node.on_notes(Packet(round((start + 0.5 * k) * 1e9), note, k))

    play(0, 30)
    told = len(out["cues"])
    assert told == len(out["sounds"]) > 1
    assert out["cues"][0].t == out["sounds"][0].t == round(1.8e9)
    assert isinstance(node.sounds.format, Notes)
    node.control(0, "bandwidth", [5.0])
    play(100, 30)
    assert len(out["cues"]) == told


@pytest.mark.parametrize(
    ("figure", "value", "pitch"),
    [
        ("intonation", 30.0, 84),
        ("intonation", -30.0, 72),
        ("timing", -0.08, 84),
        ("timing", 0.08, 72),
    ],
)
def test_the_tone_is_high_for_too_high_and_too_early(figure, value, pitch):
    node = CoachNode(topics=[figure])
    out = collect(node, notes=PlayedNotes())
    for k in range(12):
        node.on_notes(Packet(round(0.5e9 * k), played(k, **{figure: (value, 0.9)}), k))
    assert {packet.data.pitch for packet in out["sounds"]} == {pitch}
