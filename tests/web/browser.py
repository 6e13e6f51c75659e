"""A headless Chromium with a fake camera and microphone, and what a test asks of a page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra 'test'")

NAMES = ("chromium", "chromium-browser", "google-chrome")
FAKES = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
SIZES = {1440: 900, 820: 1180, 390: 844}  # width and height: desktop, tablet, phone
PATIENCE = 40_000  # ms that a busy machine may take
EVERY = 50  # ms between two looks


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where there is none."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox", *FAKES])
        yield browser
        browser.close()


class Tab:
    """A page with what its console complained about."""

    def __init__(self, browser: Any, url: str, width: int = 1440, **options: Any) -> None:
        size = {"width": width, "height": SIZES.get(width, 900)}
        allowed = ["camera", "microphone"]
        self.context = browser.new_context(viewport=size, permissions=allowed, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.complaints: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(url)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.text} {message.location}")

    def graph(self) -> Any:
        """The page, once a graph is drawn."""
        self.page.wait_for_selector(".box")
        return self.page

    def resize(self, width: int) -> None:
        """Another screen."""
        self.page.set_viewport_size({"width": width, "height": SIZES[width]})
        self.until("width => innerWidth === width", width)
        self.page.evaluate(TWO_FRAMES)

    def until(self, condition: str, argument: Any = None) -> Any:
        """Wait until JavaScript finds this true; its value.

        Not `wait_for_function`: that evaluates in the page, which its policy forbids.
        """
        for _ in range(PATIENCE // EVERY):
            if found := self.page.evaluate(condition, argument):
                return found
            self.page.wait_for_timeout(EVERY)
        raise AssertionError(f"never true: {condition}")

    def fits(self) -> bool:
        """Whether the page gets no wider than its window, once it has settled."""
        return bool(self.until("document.documentElement.scrollWidth <= innerWidth"))

    def close(self) -> None:
        self.context.close()


def findings(page: Any) -> list[str]:
    """What axe finds to be serious or critical."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
    found = axe.Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    return [f"{each['id']}: {[node['html'][:120] for node in each['nodes']]}" for each in serious]


# What has been resized is drawn by then.
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"

# Whether a canvas has been painted on: it has more than one colour. A copy is read, since the
# browser complains of one that is drawn by the graphics card and read again and again.
PAINTED = """canvas => {
  const {width, height} = canvas;
  if (!width || !height) return false;
  const copy = Object.assign(document.createElement('canvas'), {width, height});
  const paper = copy.getContext('2d', {willReadFrequently: true});
  paper.drawImage(canvas, 0, 0);
  const data = new Uint32Array(paper.getImageData(0, 0, width, height).data.buffer);
  return new Set(data).size > 2;
}"""
