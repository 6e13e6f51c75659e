"""From an event of the engine to the screen, in headless Chromium.

A page is opened on two graphs. The page notes, by the repaint after it has drawn, how late a beat
or a body is shown against its own time on the engine clock (rt_engine/web/page/screen.js). A beat
is told ahead, so that nothing but the page and its clock is left; of bodies the time that the
graph took to make them (their age when they leave their node) is counted off, as is the time
that a picture waits for the detector.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks._web.engine import scheduling  # noqa: E402
from benchmarks.common import Bar, Table, bar_table, report, summary  # noqa: E402
from tests.web.browser import Tab, chromium  # noqa: E402
from tests.web.conftest import Server  # noqa: E402

BEAT, BODY = 0.050, 0.060  # s: the bars, 95th percentile
RUNS = {"beat": "beat", "conductor": "skeleton", "dance_drums": "pose"}
KEEP = "void rtEngine.session.on('stats', stats => { rtEngine.stats = stats; })"


def measure(browser: Any, graph: str, what: str, seconds: float) -> dict[str, float]:
    """Lateness of `what` on the screen, and the age at the node that it comes from, in s."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), "studio", "--port", "0")
        tab = Tab(browser, server.url)
        tab.page.click(f"[data-graph={graph}] .primary")
        tab.graph()
        tab.page.evaluate(KEEP)
        tab.until(f"(rtEngine.lateness()['{what}']?.count ?? 0) >= 5")
        tab.page.evaluate("rtEngine.forget()")
        tab.page.wait_for_timeout(1000 * seconds)
        found: dict[str, float] = tab.page.evaluate(f"rtEngine.lateness()['{what}']")
        found["trip"] = tab.page.evaluate("rtEngine.session.clock.trip")
        found["age"] = tab.page.evaluate("rtEngine.stats.nodes.pose?.age[0] ?? 0")
        tab.close()
        server.end()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--no-report", action="store_true")
    options = parser.parse_args()
    with chromium() as browser:
        found = {g: measure(browser, g, what, options.seconds) for g, what in RUNS.items()}
    rows = [
        (graph, RUNS[graph], f"{f['count']:.0f}", ms(f["p50"]), ms(f["p95"]), ms(f["age"]))
        for graph, f in found.items()
    ]
    columns = ("graph", "what", "shown", "median", "95 %", "of that before the page")
    beat = found["beat"]["p95"]
    body = max(found["conductor"]["p95"], found["dance_drums"]["p95"] - found["dance_drums"]["age"])
    bars = [
        Bar("beat lamp after the beat, 95 %", f"<= {ms(BEAT)}", ms(beat), beat <= BEAT),
        Bar("body beside the detector, 95 %", f"<= {ms(BODY)}", ms(body), body <= BODY),
    ]
    trip = statistics.median(f["trip"] for f in found.values())
    notes = [
        "Shown: until the repaint after the drawing; a screen adds its own delay.",
        f"The clocks of page and engine are compared over a round trip of {ms(trip)}.",
        "Engine, network encoding and Chromium (drawing in software) share these cores.",
        "A conductor's frames are made ahead of their time, so they are shown a little early.",
        scheduling(),
        "What is before the page: the median age of a pose when the detector gives it out.",
    ]
    tables = [Table("Lateness on the screen", columns, rows), bar_table("Bars", bars)]
    report("web_screen", "The page: from the event to the screen", tables, notes,
           keep=not options.no_report)  # fmt: skip
    print(summary(bars))
    return 0


def ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"


if __name__ == "__main__":
    raise SystemExit(main())
