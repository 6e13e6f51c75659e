import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.weights import begin, begin_with_parts, read_weights  # noqa: E402

pytestmark = pytest.mark.train


def net(inputs=2):
    return torch.nn.ModuleDict({"a": torch.nn.Linear(inputs, 3), "b": torch.nn.Linear(3, 1)})


@pytest.fixture
def file(tmp_path):
    def write(content, name="best.pt"):
        torch.save(content, tmp_path / name)
        return tmp_path / name

    return write


def test_a_network_begins_where_another_ended(file):
    told, learner = net(), net()
    begin(learner, file(told.state_dict()))
    torch.testing.assert_close(dict(learner.state_dict()), dict(told.state_dict()))


def test_what_is_new_in_a_network_may_lack(file):
    told, learner = net(), net()
    older = {name: x for name, x in told.state_dict().items() if name.startswith("a.")}
    kept = learner["b"].weight.detach().clone()
    begin(learner, file(older), new="b.")
    torch.testing.assert_close(learner["a"].weight, told["a"].weight)
    torch.testing.assert_close(learner["b"].weight, kept)


def test_weights_of_another_network_are_refused_by_name(file):
    with pytest.raises(ValueError, match="1 of 4 parts differ: these are weights of another") as e:
        begin(net(), file(net(5).state_dict(), "other.pt"))
    assert "other.pt: " in str(e.value) and "\n" not in str(e.value)
    more = net().state_dict() | {"c": torch.zeros(1)}
    more.pop("b.bias")
    with pytest.raises(ValueError, match="2 of 5 parts differ"):
        begin(net(), file(more))


def test_parts_that_fit_are_taken(file):
    told, learner = net(5), net()
    begin_with_parts(learner, file(told.state_dict()))
    torch.testing.assert_close(learner["b"].weight, told["b"].weight)
    with pytest.raises(ValueError, match="no part"):
        begin_with_parts(learner, file({"x": torch.zeros(1)}, "other.pt"))


WAV = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40)
PICKLES = b"\x80\x02h\x05.", b"\x80\x02}K\x01u."  # damaged ones
OTHERS = *PICKLES, b'{"text": 1}\n', b"\x08\x07\x12\x07pytorch", WAV


@pytest.mark.parametrize("content", [b"", b"no weights at all", None, *OTHERS])
def test_a_file_that_holds_no_weights_is_named(content, tmp_path, file):
    path = file([1, 2]) if content is None else tmp_path / "best.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"best\.pt: no weights of a network; needed is [^\n]*$"):
        read_weights(path)


def test_a_part_without_a_name_is_no_part(file):
    with pytest.raises(ValueError, match="no weights of a network"):
        begin(net(), file({1: torch.zeros(1)}))


def test_a_folder_is_told_from_its_file(tmp_path):
    with pytest.raises(ValueError, match="a folder"):
        read_weights(tmp_path)
    with pytest.raises(FileNotFoundError, match="gone"):
        read_weights(tmp_path / "gone.pt")
