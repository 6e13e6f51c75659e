import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rt_engine.models.rhythm.evaluate import (  # noqa: E402
    chance,
    evaluate,
    phrases,
    quick,
    reader,
    table,
)
from rt_engine.models.rhythm.network import RhythmNet  # noqa: E402
from tests.models.synthetic import excerpt  # noqa: E402

pytestmark = pytest.mark.train


def knowing(made):
    """Outputs of one who knows the labels."""
    frames = np.arange(len(made))
    pair = np.full((len(made), 2), 0.005, np.float32)
    where = np.rint(made.beats[:, 0] * 50).astype(int)
    pair[where, (made.beats[:, 1] == 1).astype(int)] = 0.9
    rise = np.zeros(len(made), np.float32)
    for t in made.phrases:
        rise += np.exp(-0.5 * ((frames / 50 - t - 0.25) / 0.1) ** 2)
    return {
        "beat": pair,
        "phrase": np.minimum(rise, 1.0)[:, None],
        "dynamics": np.eye(6)[made.dynamics],
        "articulation": np.eye(3)[made.articulation],
    }


def test_who_knows_the_labels_gets_all_of_it():
    scores = evaluate(knowing, [excerpt(k) for k in (0, 3, 4)]).scores()
    assert scores["F"] > 98 and scores["CMLt"] > 95 and scores["downbeat"] > 90
    assert scores["phrase"] > 95
    assert scores["dynamics"] == scores["articulation"] == scores["dynamics1"] == 100
    assert abs(scores["bias"]) <= 20


def test_who_hears_nothing_gets_little():
    pieces = [excerpt(k) for k in range(4)]
    scores = evaluate(chance, pieces).scores()
    assert scores["F"] < 60 and scores["downbeat"] < 40 and scores["CMLt"] < 50
    assert scores["dynamics"] == pytest.approx(100 / 6, abs=5)
    assert scores["articulation"] == pytest.approx(100 / 3, abs=8)


def test_one_class_off_counts_as_near():
    def off(made):
        found = knowing(made)
        return found | {"dynamics": np.eye(6)[np.minimum(made.dynamics + 1, 5)]}

    scores = evaluate(off, [excerpt(2)]).scores()
    assert scores["dynamics1"] == 100 and scores["dynamics"] < 25


def test_phrases_are_peaks_some_seconds_apart():
    rows = np.zeros(1500, np.float32)
    rows[[300, 350, 900]] = 0.9, 0.8, 0.5
    rows[1200] = 0.1
    assert np.allclose(phrases(rows), [300 / 50 - 0.25, 900 / 50 - 0.25])


def test_the_table_has_every_kind_and_set_of_streams():
    torch.set_num_threads(1)
    net = RhythmNet()
    pieces = [excerpt(k, 400, bodies=k > 0) for k in range(3)]
    rows = table(net, pieces)
    assert set(rows) >= {"all", "made", "chance"}
    assert {"A", "M", "V", "A+M", "A+M+V"} <= {name.split()[0] for name in rows}
    assert "score" in quick(net, pieces)


def test_a_stream_left_out_is_not_looked_at():
    torch.set_num_threads(1)
    net, made = RhythmNet(), excerpt(1, 200)
    alone, both = (reader(net, use)(made) for use in (("mel",), ("mel", "motion")))
    assert not np.allclose(alone["beat"], both["beat"])
