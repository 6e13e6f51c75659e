import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage

from rt_engine.protocols.osc_templates import FIELDS, PRESETS, Template, templates

BEAT = {
    "index": 8,
    "position": 1,
    "meter": 4,
    "bar": 3,
    "bpm": 120.0,
    "hz": 2.0,
    "period": 0.5,
    "confidence": 0.0,
    "in_seconds": 0.25,
    "unix_time": 1.7e9,
}
TEMPO = {**BEAT, "phase": 0.25, "bar_phase": 0.0625}
EXAMPLES = {
    **dict.fromkeys(("next", "beat", "downbeat", "release"), BEAT),
    **dict.fromkeys(("tempo", "phase"), TEMPO),
    "transport": {"state": "play"},
}


def decoded(template, fields):
    raw = template.encode(fields)
    start = raw.index(b",") + 1
    return (
        OscMessage(raw).address,
        raw[start : raw.index(b"\0", start)].decode(),
        OscMessage(raw).params,
    )


def of_preset(preset):
    made = templates(preset, {})
    return {e: [decoded(t, EXAMPLES[e]) for t in made[e]] for e in FIELDS if made[e]}


def test_the_native_set_is_the_one_that_is_documented():
    assert of_preset("native") == {
        "next": [("/beat/next", "fdi", [0.25, 1.7e9, 1])],
        "beat": [("/beat", "iifff", [8, 1, 120.0, 0.0, 0.5])],
        "downbeat": [("/downbeat", "i", [3])],
        "tempo": [("/tempo", "f", [120.0])],
        "phase": [("/phase", "ff", [0.25, 0.0625])],
        "transport": [("/transport", "s", ["play"])],
    }


def test_resolume_gets_its_tempo_as_a_fader_from_20_to_500():
    preset = of_preset("resolume")
    assert preset["downbeat"] == [("/composition/tempocontroller/resync", "i", [1])]
    address, tags, (value,) = preset["tempo"][0]
    assert (address, tags) == ("/composition/tempocontroller/tempo", "f")
    assert 20 + 480 * value == pytest.approx(120, abs=1e-4)


def test_qlc_buttons_are_let_go():
    preset = of_preset("qlc")
    assert preset["beat"] == [("/beat", "f", [1.0])]
    assert preset["release"] == [("/beat", "f", [0.0]), ("/downbeat", "f", [0.0])]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_encodes_all_its_events(preset):
    for made in of_preset(preset).values():
        for address, _, _ in made:
            assert address.startswith("/")


def test_fields_in_addresses_constants_and_words():
    template = Template("/light/{position}/flash f:1 s:on i:-2", FIELDS["beat"])
    assert decoded(template, BEAT) == ("/light/1/flash", "fsi", [1.0, "on", -2])
    assert decoded(template, {**BEAT, "position": 4})[0] == "/light/4/flash"


@given(st.floats(-1000, 1000))
def test_a_range_maps_to_0_and_1_and_no_further(bpm):
    template = Template("/x d:{bpm:60..180}", FIELDS["tempo"])
    (value,) = decoded(template, {**TEMPO, "bpm": bpm})[2]
    assert value == min(max((bpm - 60) / 120, 0.0), 1.0)


def test_a_range_may_be_upside_down():
    template = Template("/x d:{phase:1..0}", FIELDS["phase"])
    assert decoded(template, TEMPO)[2] == [0.75]


def test_own_lines_replace_those_of_the_preset_and_an_empty_one_silences():
    made = templates("native", {"beat": ["/a", "/b i:{index}"], "next": ""})
    assert [decoded(t, BEAT) for t in made["beat"]] == [("/a", "", []), ("/b", "i", [8])]
    assert made["next"] == []
    assert len(made["tempo"]) == 1


@pytest.mark.parametrize(
    ("event", "line", "said"),
    [
        ("beats", "/x", "unknown event 'beats' .*beat"),
        ("beat", "/x i:{indx}", r"no field \{indx\} .*index"),
        ("beat", "/x/{phase}", r"no field \{phase\}"),
        ("beat", "x", "begins with '/'"),
        ("beat", "/x y", "tag:value"),
        ("beat", "/x b:1", "tag:value"),
        ("beat", "/x i:one", "'one' is no value"),
        ("beat", "/x f:{bpm:60..60}", "range .* empty"),
        ("beat", "/x/{bpm f:1", "holds '{'"),
    ],
)
def test_a_wrong_template_is_refused_with_what_exists(event, line, said):
    with pytest.raises(ValueError, match=said):
        templates("native", {event: line})
