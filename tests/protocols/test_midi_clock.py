"""The promises of the MIDI clock, played in simulated time; ticks are checked against the beats."""

import itertools
import random
from bisect import bisect_left, bisect_right

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rt_engine.protocols.midi_clock import (
    CLOCK,
    CONTINUE,
    SLEW,
    START,
    STOP,
    BeatTime,
    ClockSchedule,
)

MS = 1_000_000
SECOND = 1000 * MS


def beats(periods, start=SECOND, meter=4, first=0):
    """A beat at the end of each of `periods` (s), announced with the period that follows."""
    t, made = start, []
    for number, period in enumerate(periods, first):
        ns = round(period * SECOND)
        made.append(BeatTime(t, ns, number, number % meter + 1, meter))
        t += ns
    return made


def play(clock, announced, until, lead=0.1, commands=(), stalls=(), wake=lambda: 0):
    """Run `clock` as a process would; (time of sending, message) of all that it sent.

    `commands` are (time, call); in `stalls`, pairs of times, the process does not run;
    `wake()` is how many ns a wake-up comes late.
    """
    jobs = [(b.t - round(lead * SECOND), lambda now, b=b: clock.beat(b, now)) for b in announced]
    jobs = sorted([*jobs, *commands], key=lambda job: job[0])
    sent, now = [], 0
    while True:
        event = clock.next(now)
        if event and (not jobs or event.due <= jobs[0][0]):
            t, action = event.due, None
        elif jobs:
            t, action = jobs.pop(0)
        else:
            return sent
        now = max(now, t) + wake()
        now = next((end for start, end in stalls if start <= now < end), now)
        if now > until:
            return sent
        if action:
            action(now)
        else:
            clock.sent(now)
            sent.append((now, event.message))


def ticks(sent):
    return [t for t, message in sent if message == CLOCK]


def miss(sent, t):
    """Distance of the tick nearest to `t`, ns."""
    found = ticks(sent)
    at = bisect_left(found, t)
    return min(abs(tick - t) for tick in found[max(at - 1, 0) : at + 1])


def gaps(times):
    return [b - a for a, b in itertools.pairwise(times)]


def transport(sent):
    return [message for _, message in sent if message != CLOCK]


def song_position(message):
    assert message[0] == 0xF2
    return message[1] | message[2] << 7


PERIOD = st.floats(0.25, 1.5)


@given(period=PERIOD, lead=st.floats(-0.2, 1.0), count=st.integers(6, 20))
def test_a_steady_beat_has_exactly_24_ticks_and_each_beat_has_one_on_it(period, lead, count):
    announced = beats([period] * count)
    sent = play(ClockSchedule(), announced, announced[-1].t, lead)
    assert transport(sent) == [START]
    found = ticks(sent)
    assert found[0] in {beat.t for beat in announced if beat.position == 1}
    for beat in announced:
        if found[0] <= beat.t < announced[-1].t:
            inside = bisect_left(found, beat.t + beat.period - MS) - bisect_left(found, beat.t - MS)
            assert inside == 24
            assert miss(sent, beat.t) < 100  # ns


walk = st.lists(st.floats(-0.05, 0.05), min_size=8, max_size=40)


@st.composite
def music(draw):
    """Beats whose tempo wanders, and whose announced times are a little wrong."""
    period, periods = draw(st.floats(0.35, 0.9)), []
    for change in draw(walk):
        period = min(max(period * (1 + change), 0.3), 1.0)
        periods.append(period)
    errors = draw(st.lists(st.integers(-15 * MS, 15 * MS), min_size=len(periods)))
    return [b._replace(t=b.t + e) for b, e in zip(beats(periods), errors, strict=False)]


@settings(max_examples=60)
@given(announced=music(), lead=st.floats(0.0, 0.6), seed=st.integers(0, 1000))
def test_ticks_follow_wandering_music_and_never_come_in_bursts(announced, lead, seed):
    noise = random.Random(seed)

    sent = play(
        ClockSchedule(),
        announced,
        announced[-1].t,
        lead,
        wake=lambda: round(noise.expovariate(5 / MS)),
    )
    assert transport(sent) == [START]  # it glides, it does not jump
    found = ticks(sent)
    assert min(gaps(found)) > min(beat.period for beat in announced) / 24 / 2
    (first,) = [b for b in announced if abs(b.t - found[0]) < b.period / 4]
    for beat in announced[first.number :]:  # all beats have their 24 ticks, soon or a bit later
        assert abs(bisect_left(found, beat.t) - 24 * (beat.number - first.number)) < 0.4 * 24


@given(announced=music(), lead=st.floats(0.0, 0.6))
def test_a_tick_is_never_much_shorter_or_longer_than_the_one_before(announced, lead):
    sent = play(ClockSchedule(), announced, announced[-1].t, lead)
    for a, b in itertools.pairwise(gaps(ticks(sent))):
        assert abs(b / a - 1) <= SLEW * 1.001


@given(st.integers(-100, 100))
def test_an_error_of_phase_is_gone_after_a_few_beats(error):
    announced = beats([0.5] * 24)
    announced = [b._replace(t=b.t + error * MS * (b.number >= 8)) for b in announced]
    sent = play(ClockSchedule(bend=0.04), announced, announced[-1].t)
    assert transport(sent) == [START]
    last = announced[-2]
    assert miss(sent, last.t) < MS
    steady = 0.5 * SECOND / 24
    assert all(steady / 1.0401 < gap < steady / 0.9599 for gap in gaps(ticks(sent)))


def test_tempo_follows_a_ramp_from_100_to_120_with_24_ticks_a_beat():
    bpm = [100 + min(max(n - 8, 0), 20) for n in range(40)]
    announced = beats([60 / b for b in bpm])
    sent = play(ClockSchedule(), announced, announced[-1].t)
    assert transport(sent) == [START]
    assert max(abs(b / a - 1) for a, b in itertools.pairwise(gaps(ticks(sent)))) < 0.011
    assert len(ticks(sent)) in range(39 * 24 - 1, 39 * 24 + 2)
    for beat in announced[:-1]:
        assert miss(sent, beat.t) < 2 * MS


def test_a_sudden_change_from_100_to_120_is_taken_within_two_beats_and_without_a_jump():
    announced = beats([0.6] * 8 + [0.5] * 16)
    sent = play(ClockSchedule(), announced, announced[-1].t)
    assert transport(sent) == [START]
    assert max(abs(b / a - 1) for a, b in itertools.pairwise(gaps(ticks(sent)))) <= SLEW * 1.001
    assert miss(sent, announced[-2].t) < MS


@pytest.mark.parametrize("mode", ["downbeat", "beat"])
@pytest.mark.parametrize("joined", range(4))
def test_it_starts_on_the_first_beat_that_was_asked_for(mode, joined):
    announced = beats([0.5] * 12)[joined:]
    sent = play(ClockSchedule(start=mode), announced, announced[-1].t)
    wanted = announced[0].t if mode == "beat" else next(b.t for b in announced if b.position == 1)
    assert ticks(sent)[0] == wanted
    (started,) = [t for t, message in sent if message == START]
    assert wanted - 10 * MS < started <= wanted - MS  # the standard asks for 1 ms


def test_without_a_known_bar_it_starts_on_the_next_beat():
    announced = [b._replace(position=0, meter=0) for b in beats([0.5] * 4)]
    sent = play(ClockSchedule(), announced, announced[-1].t)
    assert ticks(sent)[0] == announced[0].t


def test_a_late_announcement_starts_on_a_later_downbeat_that_can_be_met():
    announced = beats([0.5] * 12)
    sent = play(ClockSchedule(), announced, announced[-1].t, lead=-0.01)
    assert ticks(sent)[0] == announced[4].t


def test_manual_waits_for_start_and_then_for_the_downbeat():
    clock, announced = ClockSchedule(start="manual"), beats([0.5] * 12)
    pressed = announced[1].t
    sent = play(clock, announced, announced[-1].t, commands=[(pressed, clock.start)])
    assert transport(sent) == [START]
    assert ticks(sent)[0] == announced[4].t


def test_stop_is_sent_at_once_and_no_tick_follows():
    clock, announced = ClockSchedule(), beats([0.5] * 12)
    pressed = announced[5].t + 3 * MS
    sent = play(clock, announced, announced[-1].t, commands=[(pressed, clock.stop)])
    assert sent[-1] == (pressed, STOP)


def test_resume_goes_on_from_the_bar_line_after_the_place_where_it_stopped():
    clock, announced = ClockSchedule(), beats([0.5] * 32)
    commands = [(announced[6].t + MS, clock.stop), (announced[13].t + MS, clock.resume)]
    sent = play(clock, announced, announced[-1].t, commands=commands)
    start, stop, position, resume = transport(sent)
    assert (start, stop, resume) == (START, STOP, CONTINUE)
    assert song_position(position) == 8 * 4  # stopped in the second bar: on with the third
    resumed = next(t for t, message in sent if message == CONTINUE)
    assert next(t for t in ticks(sent) if t > resumed) == announced[16].t


def test_start_while_playing_begins_the_song_anew_on_a_downbeat():
    clock, announced = ClockSchedule(), beats([0.5] * 16)
    commands = [(announced[5].t + MS, clock.start)]
    sent = play(clock, announced, announced[-1].t, commands=commands)
    assert transport(sent) == [START, STOP, START]
    again = [t for t, message in sent if message == START][1]
    assert next(t for t in ticks(sent) if t > again) == announced[8].t


@pytest.mark.parametrize("shift", [0.42, 0.47, -0.45])
def test_a_large_error_of_phase_is_corrected_at_once_by_song_position(shift):
    announced = beats([0.5] * 24)
    moved = [b._replace(t=b.t + round(shift * b.period) * (b.number >= 8)) for b in announced]
    sent = play(ClockSchedule(), moved, moved[-1].t)
    start, stop, position, resume = transport(sent)
    assert (start, stop, resume) == (START, STOP, CONTINUE)
    jump = next(t for t, message in sent if message == STOP)
    first = next(t for t in ticks(sent) if t > jump + MS)
    sixteenths = (first - moved[8].t) / (moved[8].period / 4) + 8 * 4
    assert song_position(position) == pytest.approx(sixteenths, abs=1e-6)
    assert first - jump < 150 * MS
    assert all(miss(sent, b.t) < 100 for b in moved[9:-1])


@pytest.mark.parametrize("factor", [0.5, 2])
def test_half_and_double_tempo_jump_instead_of_sliding(factor):
    announced = beats([0.5] * 8 + [0.5 * factor] * 16)
    sent = play(ClockSchedule(), announced, announced[-1].t)
    assert transport(sent)[::2][:2] == [START, transport(sent)[2]]
    assert transport(sent).count(CONTINUE) == 1
    lengths = gaps(ticks(sent))[-48:]
    assert all(abs(length - 0.5 * factor * SECOND / 24) < 100 for length in lengths)


@given(start=st.floats(3, 4), length=st.floats(0.001, 3.0))
def test_after_a_stall_there_is_no_burst_and_the_clock_finds_its_place_in_the_song(start, length):
    announced = beats([0.5] * 48)
    stall = (round(start * SECOND), round((start + length) * SECOND))
    sent = play(ClockSchedule(), announced, announced[-1].t, stalls=[stall])
    tick = 0.5 * SECOND / 24
    assert min(gaps(ticks(sent))) > tick / 2.001
    assert transport(sent).count(START) == 1
    last = announced[-2]
    assert miss(sent, last.t) < MS
    # Where a receiver thinks that it is: it counts ticks from each song position.
    count = 0
    for t, message in sent:
        if t > last.t - MS:
            break
        if message[0] == 0xF2:
            count = song_position(message) * 6
        elif message == CLOCK:
            count += 1
    first = next(b for b in announced if b.position == 1 and b.t == ticks(sent)[0])
    assert count == (last.number - first.number) * 24


def test_without_beats_it_coasts_then_stops_then_starts_anew():
    early = beats([0.5] * 8)
    later = beats([0.5] * 12, start=early[-1].t + 10 * SECOND, first=50, meter=4)
    sent = play(ClockSchedule(coast=3.0), [*early, *later], later[-1].t)
    assert transport(sent) == [START, STOP, START]
    stopped = next(t for t, message in sent if message == STOP)
    assert 3 * SECOND <= stopped - early[-1].t <= 3.1 * SECOND
    coasted = [t for t in ticks(sent) if early[-1].t < t <= stopped]
    assert len(coasted) == pytest.approx(3 / 0.5 * 24, abs=2)
    again = next(t for t in ticks(sent) if t > stopped)
    assert again == next(b.t for b in later if b.position == 1)


def test_coasting_for_ever_is_possible():
    announced = beats([0.5] * 8)
    sent = play(ClockSchedule(coast=0), announced, announced[-1].t + 600 * SECOND)
    assert transport(sent) == [START]
    assert len(ticks(sent)) == pytest.approx(603.5 * 48, abs=2)


def test_a_restarted_count_of_beats_does_not_disturb_the_song():
    announced = beats([0.5] * 12)
    again = beats([0.5] * 12, start=announced[-1].t + announced[-1].period)
    sent = play(ClockSchedule(), [*announced, *again], again[-1].t)
    assert transport(sent) == [START]
    assert all(abs(gap - 0.5 * SECOND / 24) < 100 for gap in gaps(ticks(sent)))


def test_a_beat_announced_again_with_a_better_time_replaces_the_first():
    announced = beats([0.5] * 16)
    rough = [b._replace(t=b.t + 8 * MS) for b in announced]
    clock = ClockSchedule()
    better = [(b.t - 200 * MS, lambda now, b=b: clock.beat(b, now)) for b in announced]
    sent = play(clock, rough, announced[-1].t, lead=0.4, commands=better)
    assert transport(sent) == [START]
    assert miss(sent, announced[-2].t) < 4 * MS


@pytest.mark.parametrize("offset", [-30, 0, 45])
def test_the_offset_moves_all_ticks(offset):
    clock, announced = ClockSchedule(), beats([0.5] * 12)
    clock.offset = offset * MS
    sent = play(clock, announced, announced[-1].t, lead=0.2)
    assert all(miss(sent, b.t + offset * MS) < 100 for b in announced[:-1])


def test_a_change_of_the_offset_glides():
    clock, announced = ClockSchedule(), beats([0.5] * 24)
    change = [(announced[6].t, lambda now: setattr(clock, "offset", -50 * MS))]
    sent = play(clock, announced, announced[-1].t, commands=change)
    assert transport(sent) == [START]
    assert miss(sent, announced[-2].t - 50 * MS) < MS
    for a, b in itertools.pairwise(gaps(ticks(sent))):
        assert abs(b / a - 1) <= SLEW * 1.001


def test_beats_of_no_sensible_tempo_are_ignored():
    clock, announced = ClockSchedule(), beats([0.5] * 12)
    bad = [announced[4]._replace(period=p) for p in (0, -5, 10 * MS, 20 * SECOND)]
    sent = play(clock, sorted([*announced, *bad]), announced[-1].t)
    assert transport(sent) == [START]
    assert all(abs(gap - 0.5 * SECOND / 24) < 100 for gap in gaps(ticks(sent)))


def test_song_position_has_14_bits():
    clock, announced = ClockSchedule(coast=0, start="beat"), beats([0.5] * 2, meter=4)
    hours = announced[-1].t + 2500 * SECOND
    again = beats([0.5] * 8, start=hours + 200 * MS, first=announced[-1].number + 5001)
    sent = play(clock, [*announced, *again], again[-1].t)
    (position,) = [message for message in transport(sent) if message[0] == 0xF2]
    assert all(byte < 128 for byte in position[1:])
    assert bisect_right(ticks(sent), hours) > 5000 * 24


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.floats(0, 12), st.sampled_from(["start", "stop", "resume"])), max_size=12)
)
def test_whatever_is_pressed_receivers_get_a_sensible_sequence(pressed):
    clock, announced = ClockSchedule(), beats([0.4] * 40)
    commands = [(round(t * SECOND), getattr(clock, name)) for t, name in pressed]
    sent = play(clock, announced, 14 * SECOND, commands=commands)
    playing = False
    for _, message in sent:
        if message == CLOCK:
            assert playing
        elif message == STOP:
            assert playing
            playing = False
        else:
            assert not playing  # START, CONTINUE and song position are for a stopped receiver
            playing = message in (START, CONTINUE)
    assert len(set(ticks(sent))) == len(ticks(sent))
