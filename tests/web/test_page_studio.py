"""From an empty page to a playing graph, errors with their remedies, and a browser as a device."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rt_engine.graphfile import graph_files, read
from tests.web.browser import SIZES, Tab, chromium, findings
from tests.web.conftest import Server

DEVICE = """
name: device
nodes:
  camera: {is: web.Camera, size: [320, 240], fps: 15}
  mic:    {is: web.Microphone}
  level:  {is: features.Rms, in: mic}
  look:   {is: tests.web.gallery.Look, in: camera}
"""

# `void`: a function that an expression leaves would be called
KEEP_STATS = "void rtEngine.session.on('stats', stats => { rtEngine.stats = stats; })"
GRAPHS = graph_files()


def order_of(path: Path) -> dict[str, Any]:
    """A start with the browser as devices, without nodes that need hardware, a display or a port
    that others may have.
    """
    spec = read(path)["nodes"]
    browsers = {"audio.Microphone": "web.Microphone", "video.Camera": "web.Camera"}
    changes = {name: browsers[keys["is"]] for name, keys in spec.items() if keys["is"] in browsers}
    needy = {"midi.Clock", "midi.Notes", "midi.Control", "beats.MidiClock", "synth.FluidSynth",
             "osc.Control", "video.View", "stage.View"}  # fmt: skip
    without = [name for name, keys in spec.items() if keys["is"] in needy]
    return {"graph": path.stem, "changes": changes, "without": without}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def studio(folder) -> Iterator[Server]:
    server = Server(folder, "studio", "--port", "0")
    yield server
    server.end()


@pytest.fixture
def tab(browser, studio) -> Iterator[Tab]:
    tab = Tab(browser, studio.url)
    yield tab
    assert tab.complaints == []
    if tab.page.is_visible("#stop"):
        tab.page.click("#stop")
        tab.page.wait_for_selector("#studio")
    tab.close()


def test_one_click_on_a_card_plays_bundled_material(tab):
    pytest.importorskip("onnxruntime", reason="needs ONNX Runtime (extra 'cpu')")
    tab.page.click("[data-graph=beat] .primary")
    tab.graph()
    tab.until("(rtEngine.lateness().beat?.count ?? 0) >= 2")
    bpm = "parseFloat(document.querySelector('.tile .bpm').textContent)"
    tab.until(f"90 < {bpm} && {bpm} < 130")  # the bundled piece: 104, then 118
    tab.page.click("#stop")
    tab.page.wait_for_selector("#studio .card")
    assert not tab.page.is_visible("#live")


@pytest.mark.parametrize("width", SIZES)
def test_cards_of_every_graph_fit_and_axe_finds_nothing_serious(tab, width):
    tab.resize(width)
    tab.page.wait_for_selector(".card")
    names = tab.page.eval_on_selector_all(".card", "all => all.map(e => e.dataset.graph)")
    assert set(names) >= {path.stem for path in GRAPHS}
    assert tab.fits()
    assert findings(tab.page) == []


def test_devices_of_a_card_are_chosen_by_name(tab):
    tab.page.click("[data-graph=beat] [aria-expanded]")
    field = tab.page.wait_for_selector("[data-graph=beat] select[name=mic]")
    options = field.eval_on_selector_all("option", "all => all.map(e => e.textContent)")
    assert options[0] == "as in the graph file"
    assert options[-1] == "this browser's microphone"


def test_an_error_of_the_engine_is_shown_with_its_remedy(tab, studio):
    tab.page.wait_for_selector(".card")
    tab.page.evaluate("rtEngine.session.set('nobody', 'level', 1)")
    alert = tab.page.wait_for_selector("#errors .alert")
    assert "no graph runs" in alert.inner_text() and "Start one first." in alert.inner_text()
    assert tab.page.get_attribute("#errors", "role") == "alert"
    assert findings(tab.page) == []
    tab.page.click("#errors .button")
    assert not tab.page.query_selector("#errors .alert")


def test_a_graph_that_fails_at_its_start_may_go_without_the_node(tab, monkeypatch):
    """Here no node fails: the server's messages are played to the page."""
    tab.page.wait_for_selector(".card")
    tab.page.route("**/api/start", lambda route: route.fulfill(json={}))
    tab.page.evaluate(
        "() => { const card = document.querySelector('[data-graph=landmarks] [aria-expanded]');"
        "card.click(); }"
    )
    tab.page.click("[data-graph=landmarks] [type=submit]")
    tab.page.evaluate(
        "() => { const { session } = rtEngine;"
        "session.tell('error', { text: \"node 'camera', open: gone\", remedy: 'Plug it in.' });"
        "session.tell('ended', { code: 1 }); }"
    )
    with tab.page.expect_request("**/api/start") as asked:
        tab.page.click("text=Start without camera")
    assert asked.value.post_data_json["without"] == ["camera"]


def test_browser_lends_its_camera_and_microphone(browser, folder):
    (folder / "device.yaml").write_text(DEVICE)
    server = Server(folder, "run", "device.yaml", "--web", "0")
    tab = Tab(browser, server.url)
    tab.graph()
    tab.page.click("#device .button")
    stats = "rtEngine.stats?.nodes"
    tab.page.evaluate(KEEP_STATS)
    tab.until(f"{stats}?.camera?.rate > 0 && {stats}?.level?.rate > 10")
    age = tab.page.evaluate(f"[{stats}.camera.age[0], {stats}.mic.age[0]]")
    assert all(0 <= each < 1 for each in age)  # s: stamped with the capture, not the epoch
    assert tab.complaints == []
    tab.close()
    server.end()


@pytest.mark.slow
@pytest.mark.parametrize("path", GRAPHS, ids=lambda p: p.stem)
def test_every_graph_opens_with_a_browser_as_its_devices(browser, studio, path):
    order = order_of(path)
    tab = Tab(browser, studio.url)
    tab.page.wait_for_selector(".card")
    tab.page.evaluate(
        "async order => (await import('/static/api.js')).post('/api/start', order)", order
    )
    tab.graph()
    if order["changes"]:
        tab.page.click("#device .button")
        source = next(iter(order["changes"]))
        tab.page.evaluate(KEEP_STATS)
        tab.until(f"rtEngine.stats?.nodes['{source}']?.rate > 0")
    for width in SIZES:
        tab.resize(width)
        assert tab.fits()
        assert findings(tab.page) == []
    assert tab.complaints == []
    tab.page.click("#stop")
    tab.page.wait_for_selector("#studio .card")
    tab.close()
