"""The session network: its own forward pass and its graph from made-up weights, and PyTorch's where it is."""

import subprocess
import sys
import time

import numpy as np
import pytest

from readership.errors import InputError
from readership.models.recommendation.session_blend import chosen_blend, place_of
from readership.models.recommendation.session_neighbours import Neighbourhood, SessionNeighbours
from readership.models.recommendation.session_network import SessionNetwork, centred
from readership.models.recommendation.session_network_onnx import to_onnx
from readership.models.recommendation.session_vectors import together_vectors
from readership.models.recommendation.sessions import Sessions

ARTICLES = 12
ONWARD = Neighbourhood(same=0.0, walks=0.0, again=0.0)
"""Nobody goes back."""


def made_up(seed: int = 0, width: int = 8, steps: int = 5, layers: int = 2) -> SessionNetwork:
    """A network nobody fitted."""
    rng = np.random.default_rng(seed)
    shapes = {"out": (width, width), "articles": (ARTICLES, width), "places": (steps, width)}
    for layer in range(layers):
        lines = {"attend": 3 * width, "mix": width, "widen": 2 * width}
        shapes |= {f"{layer}.{name}": (width, out) for name, out in lines.items()}
        shapes[f"{layer}.narrow"] = (2 * width, width)
    shifts = {f"{name}.shift": shape[1:] for name, shape in shapes.items() if name not in ("articles", "places")}
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in (shapes | shifts).items()}
    return SessionNetwork(weights, heads=2, temperature=0.07)


def some_sessions(count: int = 40, seed: int = 1) -> Sessions:
    rng = np.random.default_rng(seed)
    return Sessions.of([rng.integers(0, ARTICLES, rng.integers(1, 9)) for _ in range(count)])


def test_nothing_but_the_last_article_by_hand() -> None:
    """Layers that say nothing and an identity at the end: the cosine of the centred last vector with each article."""
    network = made_up(layers=1)
    for name in network.weights:
        if name.startswith("0.") or name.endswith(".shift") or name == "places":
            network.weights[name][:] = 0
    network.weights["out"][:] = np.eye(8)
    vectors = network.weights["articles"].astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    last = vectors[4] - vectors[4].mean()
    expected = vectors @ last / np.linalg.norm(last) / 0.07
    np.testing.assert_allclose(network.scores(Sessions.of([[1, 4]]))[0], expected, atol=1e-4)


def test_what_comes_later_does_not_change_what_is_seen_before() -> None:
    """A batch, in which a short session stands beside a long one, equals its sessions one by one."""
    network, sessions = made_up(), some_sessions()
    alone = [network.scores(sessions.between(at, at + 1))[0] for at in range(len(sessions))]
    np.testing.assert_allclose(network.scores(sessions), alone, atol=1e-4)


def test_the_graph_equals_numpy() -> None:
    import onnxruntime

    network, sessions = made_up(), some_sessions()
    served = onnxruntime.InferenceSession(to_onnx(network), providers=["CPUExecutionProvider"])
    margin = served.run(["margin"], {"features": network.places(sessions).astype(np.float32)})[0]
    scale = 1 / network.temperature
    np.testing.assert_allclose(margin / scale, network.scores(sessions) / scale, atol=1e-5)


def test_only_the_newest_articles_of_a_long_session_are_read() -> None:
    network = made_up(steps=5)
    long = list(range(12)) * 3
    np.testing.assert_array_equal(network.scores(Sessions.of([long])), network.scores(Sessions.of([long[-5:]])))
    other = [0, *long[-4:]]
    assert not np.allclose(network.scores(Sessions.of([long])), network.scores(Sessions.of([other])))


def test_an_article_unknown_to_it_is_as_if_it_had_not_been_opened() -> None:
    network = made_up()
    np.testing.assert_array_equal(network.scores(Sessions.of([[99, 3, -1]])), network.scores(Sessions.of([[3]])))
    assert not network.scores(Sessions.of([[99], []])).any()


def test_candidates_of_one_session() -> None:
    """The same scores as of all articles; an unknown candidate has 0."""
    network = made_up()
    found = network.of([2, 7], np.array([7, 99, 0], dtype=np.int32))
    every = network.scores(Sessions.of([[2, 7]]))[0]
    np.testing.assert_allclose(found, [every[7], 0, every[0]], rtol=1e-4)


def test_saved_and_read_it_says_the_same() -> None:
    network = made_up()
    again = SessionNetwork.read(network.content())
    np.testing.assert_array_equal(again.scores(some_sessions()), network.scores(some_sessions()))
    with pytest.raises(InputError, match="no session network"):
        SessionNetwork.read(b"something else")


def test_scoring_needs_no_pytorch() -> None:
    code = (
        "import sys; import readership.models.recommendation.session_network, "
        "readership.models.recommendation.session_blend; print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_centred() -> None:
    np.testing.assert_allclose(centred(np.array([[1.0, 3.0]], dtype=np.float32)), [[-1, 1]], atol=1e-4)


def test_articles_opened_together_point_one_way() -> None:
    """Two circles of three articles that never meet; a seventh that nobody opened has a direction all the same."""
    rng = np.random.default_rng(0)
    past = [[3 * (k % 2) + i for i in rng.permutation(3)] for k in range(60)]
    vectors = together_vectors(Sessions.of(past), 7, width=2, seed=0)
    cosine = vectors @ vectors.T
    np.testing.assert_allclose(np.diag(cosine), 1, atol=1e-5)
    assert cosine[0, 1] > 0.5 > 0.1 > abs(cosine[0, 4])


def chains(count: int = 400, seed: int = 0) -> Sessions:
    """0 → 1 → … → 11 → 0, entered anywhere."""
    rng = np.random.default_rng(seed)
    return Sessions.of(
        [
            [(first + step) % ARTICLES for step in range(length)]
            for first, length in zip(rng.integers(0, ARTICLES, count), rng.integers(2, 9, count), strict=True)
        ]
    )


def test_a_chain_is_learnt_the_same_twice_and_its_blend_follows_it() -> None:
    pytest.importorskip("torch")
    from readership.models.recommendation.session_network_fit import Plan, fit

    plan = Plan(width=16, steps=4, openings=64, epochs=8, recency=np.inf)
    past, later = chains().between(0, 300), chains().between(300, 400).beginnings()
    once, twice = (fit(past, ARTICLES, seconds=300, held_out=later, plan=plan) for _ in range(2))
    for name, values in once.network.weights.items():
        np.testing.assert_array_equal(values, twice.network.weights[name])
    nexts = once.network.scores(Sessions.of([[0], [3, 4], [7, 8, 9, 10, 11]])).argmax(axis=1)
    assert nexts.tolist() == [1, 5, 0]
    assert once.loss < 1.5 < np.log(ARTICLES)
    blend = chosen_blend(SessionNeighbours(past, ARTICLES, ONWARD), once.network, *later)
    assert (place_of(blend.scores(later[0]), later[1]) == 1).mean() > 0.9


def test_a_sampled_softmax_learns_the_chain_too(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from readership.models.recommendation import session_network_fit
    from readership.models.recommendation.session_network_fit import Plan, fit

    monkeypatch.setattr(session_network_fit, "FULL", 5)
    plan = Plan(width=16, steps=4, openings=64, epochs=8, sample=4, recency=np.inf)
    network = fit(chains(), ARTICLES, seconds=300, plan=plan, seed=2).network
    assert network.scores(Sessions.of([[0], [3, 4], [11]])).argmax(axis=1).tolist() == [1, 5, 0]


def test_it_goes_on_from_a_network_and_stops_in_time() -> None:
    """A plan of a million passes ends with its budget of two seconds, with the best state so far."""
    pytest.importorskip("torch")
    from readership.models.recommendation.session_network_fit import Plan, fit

    plan = Plan(width=16, steps=4, openings=64, epochs=10**6)
    begun = fit(chains(), ARTICLES, seconds=0, plan=plan).network
    began = time.monotonic()
    further = fit(chains(), ARTICLES, seconds=2, held_out=chains(50, seed=9).beginnings(), start=begun, plan=plan)
    assert time.monotonic() - began < 8
    assert 0 < further.passes < 10**6
    assert further.loss < fit(chains(), ARTICLES, seconds=0, held_out=chains(50, seed=9).beginnings(), plan=plan).loss


def test_sessions_of_one_article_are_refused() -> None:
    pytest.importorskip("torch")
    from readership.models.recommendation.session_network_fit import fit

    with pytest.raises(InputError, match="none of the 2 sessions has two articles"):
        fit(Sessions.of([[3], [5]]), ARTICLES, seconds=1)
