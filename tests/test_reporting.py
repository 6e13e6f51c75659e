"""Mistakes with the paths of `rt-engine report`."""

import pytest

from rt_engine.cli import main


def test_a_folder_is_no_take(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 2
    assert "a folder; needed is a recorded take" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--force"]])
def test_a_report_never_goes_over_its_take(more, tmp_path, capsys):
    take = tmp_path / "take.mcap"
    take.write_bytes(b"precious")
    assert main(["report", str(take), "-o", str(tmp_path / "." / "take.mcap"), *more]) == 2
    assert "is the take itself" in capsys.readouterr().err
    assert take.read_bytes() == b"precious"
