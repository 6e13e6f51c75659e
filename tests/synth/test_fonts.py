"""Which sound font is taken, and what is said where there is none."""

import pytest

from rt_engine.synth import fonts


@pytest.fixture
def folders(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
    monkeypatch.setattr(fonts, "FOLDERS", (str(first), str(second), str(tmp_path / "none")))
    monkeypatch.delenv("SOUNDFONT", raising=False)
    return first, second


def test_the_best_known_font_is_taken_wherever_it_lies(folders):
    (folders[0] / "Violins.sf2").touch()
    (folders[0] / "readme.txt").touch()
    assert fonts.find_font().name == "Violins.sf2"
    (folders[1] / "default-GM.sf3").touch()
    assert fonts.find_font().name == "default-GM.sf3"
    (folders[1] / "FluidR3_GM.sf2").touch()
    assert fonts.find_font().name == "FluidR3_GM.sf2"


def test_a_file_that_is_named_comes_before_all(folders, tmp_path, monkeypatch):
    (folders[0] / "FluidR3_GM.sf2").touch()
    mine, other = tmp_path / "mine.sf2", tmp_path / "other.sf2"
    mine.touch()
    other.touch()
    monkeypatch.setenv("SOUNDFONT", str(other))
    assert fonts.find_font() == other
    assert fonts.find_font(str(mine)) == mine


def test_no_font_is_an_error_with_the_remedy(folders):
    with pytest.raises(fonts.FontError, match=r"apt install fluid-soundfont-gm.*soundfont"):
        fonts.find_font()
    with pytest.raises(fonts.FontError, match=r"'gone.sf2': no such file"):
        fonts.find_font("gone.sf2")
