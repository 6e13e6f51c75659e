"""What the documentation shows works as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from rt_engine import graphfile
from rt_engine.core import Packet, collect
from rt_engine.kinds import Audio

DOCS = Path(__file__).parents[1] / "docs"


def blocks(page: str, start: str) -> list[str]:
    """The indented code blocks of a page that begin with `start`."""
    text = (DOCS / page).read_text()
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    plain = [re.sub(r"^    ", "", block, flags=re.MULTILINE).strip() + "\n" for block in found]
    return [block for block in plain if block.startswith(start)]


def test_the_node_of_the_tutorial_measures_loudness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = blocks("concepts/writing-a-node.md", "from typing")
    (tmp_path / "mine.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    node = graphfile.resolve("mine.Loudness")(smooth=1.0)
    out = collect(node, audio=Audio(rate=48_000))
    node.on_audio(Packet(0, np.full(2048, 0.1, np.float32), 0))
    assert out["level"][0].data[0] == pytest.approx(-20, abs=1e-4)
    node.reset()
    node.on_audio(Packet(1, np.zeros(512, np.float32), 1))
    assert out["level"][1].data[0] == -180


def test_the_graph_of_the_concepts_page_can_be_built(tmp_path: Path) -> None:
    (text,) = blocks("concepts/graphs.md", "name:")
    path = tmp_path / "loudness.yaml"
    path.write_text(text)
    assert list(graphfile.load(path).nodes) == ["mic", "level", "show"]


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda p: str(p.name))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_exported_model_has_its_row() -> None:
    folder = DOCS.parent / "exported_models"
    rows = re.findall(r"^\| `(\w+)` \|", (folder / "README.md").read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(path.stem for path in folder.glob("*.onnx"))
