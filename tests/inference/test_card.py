"""Cards of models: what is written is read back, and what is wrong is said."""

import json

import msgspec
import pytest

from rt_engine.inference import (
    CardError,
    Material,
    Metric,
    Port,
    check_file,
    find_card,
    model_names,
    read_card,
)

from .models import card_of, save


def test_a_card_is_read_back_by_path_of_the_card_or_of_the_model(tmp_path):
    path = save(tmp_path, data=[Material("POP909", "MIT")], metrics=[Metric("test", "F", 91.5)])
    card = read_card(path)
    assert read_card(tmp_path / "running.onnx") == card
    assert card.data[0].licence == "MIT"
    assert card.metrics[0].value == 91.5
    assert [port.name for port in card.streams] == ["mel", "motion"]
    assert json.loads(path.read_text())["sha256"] == card.sha256


def test_a_model_is_found_by_name_and_an_unknown_name_says_what_exists(tmp_path, monkeypatch):
    monkeypatch.setattr("rt_engine.inference.card.model_folder", lambda: tmp_path)
    path = save(tmp_path)
    assert find_card("running") == path
    assert model_names() == ["running"]
    with pytest.raises(CardError, match=r"did you mean 'running'"):
        read_card("runing")


def test_a_file_that_is_no_card_is_refused_by_name(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{}")
    with pytest.raises(CardError, match=r"x\.json: is no card of a model: .*missing.*`name`"):
        read_card(path)
    path.write_text("not json")
    with pytest.raises(CardError, match=r"x\.json"):
        read_card(path)


def test_a_missing_or_another_model_file_is_refused(tmp_path):
    card = read_card(save(tmp_path))
    model = tmp_path / "running.onnx"
    assert check_file(card, tmp_path) == model
    model.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(CardError, match="is not the file of its card"):
        check_file(card, tmp_path)
    model.unlink()
    with pytest.raises(CardError, match=r"running\.onnx is not there"):
        check_file(card, tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": []}, "needs inputs and outputs"),
        ({"inputs": [Port("mel", (1, 1, 4))]}, "'mel', needs a rate"),
        ({"outputs": [Port("mel", (1, 1, 4))]}, "'mel' names more than one"),
        ({"inputs": [Port("mel", (1,), rate=1.0, present=("x",))]}, "the presence of 'x'"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(tmp_path, change, said):
    card = card_of(save(tmp_path).with_suffix(".onnx"))
    with pytest.raises((ValueError, msgspec.ValidationError), match=said):
        msgspec.structs.replace(card, **change)
