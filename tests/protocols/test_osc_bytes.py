"""OSC bytes, read back by decoders that are not ours: python-osc and liblo's oscdump."""

import socket
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_message import OscMessage
from pythonosc.osc_packet import OscPacket

from rt_engine.protocols.osc import IMMEDIATELY, Layout, bundle, message, ntp_time
from tests.rigs import OscDump, wait_for

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
ARGUMENT = st.one_of(
    st.tuples(st.just("i"), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just("h"), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just("f"), st.floats(width=32, allow_nan=False)),
    st.tuples(st.just("d"), st.floats(allow_nan=False)),
    st.tuples(st.just("s"), TEXT),
    st.tuples(st.just("b"), st.binary(min_size=1, max_size=9)),
    st.tuples(st.just("T"), st.just(True)),
    st.tuples(st.just("F"), st.just(False)),
)


@given(st.lists(ARGUMENT, max_size=8))
def test_another_decoder_reads_tags_and_values(arguments):
    tags = "".join(tag for tag, _ in arguments)
    values = [value for _, value in arguments]
    raw = message("/some/where", tags, values)
    assert len(raw) % 4 == 0
    read = OscMessage(raw)
    assert read.address == "/some/where"
    assert read.params == values
    assert b"," + tags.encode() + b"\0" in raw


def test_a_float_that_is_zero_stays_a_float_and_an_int_that_is_a_float_becomes_one():
    raw = message("/x", "fi", [0, 3.0])
    assert raw == b"/x\0\0,fi\0" + struct.pack(">fi", 0.0, 3)


def test_a_prepared_layout_gives_the_same_bytes_each_time():
    layout = Layout("/tempo", "fd")
    assert layout.pack([120, 0]) == message("/tempo", "fd", [120, 0])
    assert layout.pack([90, 1]) == message("/tempo", "fd", [90, 1])


@given(st.integers(0, 2**32 * 10**9 - 2_208_988_800 * 10**9 - 1))
def test_time_tags_keep_unix_time_to_the_nanosecond(unix):
    tag = ntp_time(unix)
    seconds, fraction = tag >> 32, tag & 0xFFFFFFFF
    again = (seconds - 2_208_988_800) * 10**9 + fraction * 10**9 / 2**32
    assert again == pytest.approx(unix, abs=256)  # a float of today's ns has that resolution
    assert 0 <= tag < 2**64


def test_time_tags_as_another_decoder_reads_them():
    now = time.time_ns()
    assert OscBundle(bundle([], ntp_time(now))).timestamp == pytest.approx(now / 1e9, abs=1e-6)
    assert bundle([], IMMEDIATELY)[8:] == bytes(7) + b"\1"


def test_a_bundle_holds_its_messages_in_order_and_bundles_nest():
    inner = bundle([message("/c", "i", [3])])
    packet = OscPacket(bundle([message("/a", "i", [1]), message("/b", "s", ["two"]), inner]))
    read = [(m.message.address, m.message.params) for m in packet.messages]
    assert read == [("/a", [1]), ("/b", ["two"]), ("/c", [3])]


@pytest.mark.parametrize(
    ("address", "tags", "values", "said"),
    [
        ("beat", "", [], "begins with '/'"),
        ("/beat", "ix", [1, 2], "'x'"),
        ("/beat", "if", [1], "1 values"),
        ("/beat", "s", ["zero\0byte"], "zero byte"),
    ],
)
def test_what_is_no_message_is_refused(address, tags, values, said):
    with pytest.raises(ValueError, match=said):
        message(address, tags, values)


def test_oscdump_shows_our_tags_over_the_network():
    with OscDump() as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", receiver.port))
        sender.send(message("/beat", "iifff", [7, 1, 120, 0, 0.5]))
        sender.send(bundle([message("/in/bundle", "d", [0]), message("/none")]))
        wait_for(lambda: len(receiver.messages) == 3)
        assert receiver.messages == [
            ("/beat", "iifff", ["7", "1", "120.000000", "0.000000", "0.500000"]),
            ("/in/bundle", "d", ["0.000000"]),
            ("/none", "", []),
        ]


def test_oscdump_holds_a_bundle_back_until_its_time_tag():
    with OscDump() as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", receiver.port))
        sent = time.monotonic_ns()
        sender.send(bundle([message("/later")], ntp_time(time.time_ns() + 300_000_000)))
        wait_for(lambda: receiver.messages)
        assert receiver.times[0] - sent > 250_000_000
