"""A performance on the page, from the first note to the file of it, and away again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rt_engine.exporting import FORMS
from rt_engine.graphfile import graph_folder
from tests.web.browser import PAINTED, Tab, chromium
from tests.web.conftest import Server
from tests.web.test_page_studio import GRAPHS, KEEP_STATS, order_of

TAKE = "document.querySelector('.take strong')?.textContent"
SAID = "document.querySelector('.take-time').textContent"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def studio(folder: Path, tmp_path: Path) -> Iterator[Server]:
    server = Server(folder, "studio", "small.yaml", "--port", "0", "--takes", str(tmp_path))
    yield server
    server.end()
    assert [path for path in graph_folder().iterdir() if path not in GRAPHS] == []


def start(tab: Tab, order: dict[str, Any]) -> None:
    tab.page.wait_for_selector(".card")
    call = "async order => { await (await import('/static/api.js')).post('/api/start', order); }"
    tab.page.evaluate(call, order)
    tab.graph()
    if order["changes"]:
        tab.page.click("#device .button")
    tab.page.evaluate(KEEP_STATS)
    tab.until("Object.values(rtEngine.stats?.nodes ?? {}).some(node => node.rate > 0)")


def record(tab: Tab, packets: int) -> str:
    """Record until so many packets have left some node; the name of the take."""
    tab.page.click("#record")
    tab.page.wait_for_selector("#record[aria-pressed=true]")
    tab.page.click("#marker")
    most = "Math.max(0, ...Object.values(rtEngine.stats.nodes).map(node => node.count))"
    before = tab.page.evaluate(most)
    tab.until(f"{most} > {before + packets}")
    tab.page.click("#record")
    tab.page.wait_for_selector("#record[aria-pressed=false]")
    name = tab.until(TAKE)
    tab.page.click("#stop")
    tab.page.wait_for_selector("#studio .card")
    return str(name)


def scrub(tab: Tab, name: str) -> None:
    """Open it, wait until all of it can be seen, and go to its end by the keyboard."""
    tab.page.click(f'[aria-label="Open {name}"]')
    tab.graph()
    tab.until("document.querySelector('.take-player')?.hidden === false")
    tab.until("document.querySelector('.take-head .quiet').textContent === ''")
    line = tab.page.query_selector(".take-line")
    tab.until(PAINTED, line)
    assert tab.page.eval_on_selector(".take-player h3", "e => e.textContent") == name
    line.focus()
    tab.page.keyboard.press("End")
    tab.until(f"/^(.*) of \\1$/.test({SAID})")
    tab.page.keyboard.press("Home")
    tab.until(f"/^0?0:00(\\.0)? of /.test({SAID})")


def export(tab: Tab, name: str, form: str) -> bytes:
    """Export it, and fetch the file by its link."""
    tab.page.select_option(f'[aria-label="Export {name}"]', form)
    link = tab.page.wait_for_selector(f'.take a[download$="{form}"]')
    with tab.page.expect_download() as fetched:
        link.click()
    return Path(fetched.value.path()).read_bytes()


def delete(tab: Tab, name: str) -> None:
    tab.page.click(f'[aria-label="Delete {name}"]')
    tab.page.click(f'[aria-label="Delete {name}"]')
    tab.until(f"{TAKE} === undefined")


def close(tab: Tab) -> None:
    tab.page.click(".take-player >> text=Close")
    tab.page.wait_for_selector("#studio .card")


def test_a_take_is_recorded_opened_scrubbed_exported_and_deleted(browser, studio, tmp_path):
    tab = Tab(browser, studio.url)
    start(tab, {"graph": "small", "changes": {}})
    name = record(tab, 150)
    assert re.fullmatch(r"small \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d", name)
    scrub(tab, name)
    assert len(tab.page.query_selector_all("[aria-label=Markers] .button")) == 1
    close(tab)
    assert export(tab, name, ".wav")[:4] == b"RIFF"
    delete(tab, name)
    assert [path for path in tmp_path.glob("**/*") if path.is_file()] == []
    assert tab.complaints == []
    tab.close()


def exported(tab: Tab, name: str, form: str) -> bool:
    """Whether the take could be exported so; if not, the page says that it lacks what it needs."""
    tab.page.select_option(f'[aria-label="Export {name}"]', form)
    link, alert = f'.take a[download$="{form}"]', "#errors .alert"
    tab.until(f"document.querySelector('{link}, {alert}')")
    if (said := tab.page.query_selector(alert)) is None:
        return True
    assert re.search(r"has no |is not installed", said.inner_text()), said.inner_text()
    tab.page.click("#errors .button")
    return False


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("path", GRAPHS, ids=lambda p: p.stem)
def test_every_graph_is_recorded_scrubbed_and_exported(browser, studio, path):
    tab = Tab(browser, studio.url)
    start(tab, order_of(path))
    name = record(tab, 100)
    scrub(tab, name)
    close(tab)
    assert any([exported(tab, name, form) for form in FORMS])
    delete(tab, name)
    assert tab.complaints == []
    tab.close()
