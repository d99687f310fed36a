"""Learns the session network with PyTorch, on one thread or a GPU, within a budget of seconds that it always keeps.

Every opening of a session is predicted from those before it, all of a session in one pass. Where the catalogue is
large the softmax runs over the batch's own articles and a uniform sample, each corrected by its chance of being there
(log Q), so that the loss stays that of the whole catalogue in expectation.
"""

import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models._pytorch import one_thread, pytorch_for
from readership.models.recommendation.session_network import EPSILON, Numbers, SessionNetwork
from readership.models.recommendation.session_vectors import together_vectors
from readership.models.recommendation.session_windows import Windows
from readership.models.recommendation.sessions import Sessions

FULL = 4096
"""Articles up to which the softmax runs over all of them."""
CHECKED = 3072
"""Beginnings of later sessions on which the best state is chosen."""
WARMING = 100
HUSHED = np.float32(0.2)


@dataclass(frozen=True)
class Plan:
    """Size of the network and how it is learned; the defaults were chosen on later sessions of Diginetica.

    openings   predicted in one step
    sample     articles drawn into the softmax beside those of the batch
    smoothing  share of the target spread over all articles
    unread     share of an article's vector dropped on the way in; `drop` of what each layer adds
    wider      of the layer inside a block, times `width`
    recency    a pass reads each session with the chance e^(−age / recency); age: share of all that began after it
    """

    width: int = 128
    heads: int = 2
    layers: int = 2
    wider: int = 2
    steps: int = 12
    temperature: float = 0.07
    smoothing: float = 0.05
    unread: float = 0.2
    drop: float = 0.2
    rate: float = 0.002
    openings: int = 1024
    sample: int = 2048
    recency: float = 0.7
    epochs: int = 12


class Fitted(NamedTuple):
    """A network, how it came about and what it is worth.

    passes   over the training sessions that were made, in whole or in part
    loss     mean −log of the chance given to what followed, on the sessions held out; nan without them
    seconds  that it took
    """

    network: SessionNetwork
    passes: float
    loss: float
    seconds: float


def fit(
    past: Sessions,
    articles: int,
    *,
    seconds: float,
    held_out: tuple[Sessions, NDArray[np.int32]] | None = None,
    start: SessionNetwork | None = None,
    plan: Plan = Plan(),
    seed: int = 0,
) -> Fitted:
    """The best state by the loss on `held_out` (beginnings and what followed), or the last one where it is None.

    `start` is a network of the same shape that goes on learning, else it begins at `together_vectors`.

    The learning rate falls with the passes made or the time gone, whichever is further. Same seed, same weights,
    wherever the budget allows all passes. Raises MissingExtra without PyTorch, InputError where nothing follows.
    """
    began, torch = time.monotonic(), pytorch_for("the session network")
    windows = Windows.of(past, plan.steps, plan.recency)
    if not len(windows.opened):
        raise InputError(f"none of the {len(past)} sessions has two articles; a session network needs some that do")
    with torch.random.fork_rng(), one_thread(torch):
        torch.manual_seed(seed)
        learner = _Learner(torch, plan, past, articles, seed, start)
        return _within(learner, windows, held_out, began, seconds)


def _within(
    learner: "_Learner",
    windows: Windows,
    held_out: tuple[Sessions, NDArray[np.int32]] | None,
    began: float,
    seconds: float,
) -> Fitted:
    """Pass after pass until the plan or the time ends; time to validate once more is always kept back."""
    plan, clock = learner.plan, _Clock(began, seconds)
    per_pass, made = windows.batches_of_a_pass(plan.openings), 0
    asked = None if held_out is None else _few(*held_out)
    network = learner.network()
    best = (np.inf if asked is None else clock.validated(network, *asked), network)
    for epoch in range(plan.epochs):
        for batch in windows.batches(plan.openings, np.random.default_rng([learner.seed, epoch])):
            if clock.gone >= 1:
                break
            share = made / (per_pass * plan.epochs)
            learner.step(batch, share if made < WARMING else max(share, clock.gone), made)
            made += 1
        network = learner.network()
        loss = -float(epoch) if asked is None else clock.validated(network, *asked)
        best = (loss, network) if loss < best[0] else best
        if clock.gone >= 1:
            break
    return Fitted(best[1], made / per_pass, np.nan if asked is None else best[0], time.monotonic() - began)


class _Clock:
    """The time there is, from now on, less what one validation takes."""

    def __init__(self, began: float, seconds: float) -> None:
        self._now, self._end, self._validation = time.monotonic(), began + seconds, 0.0

    @property
    def gone(self) -> float:
        """Share of the time that is over; 1 or more where none is left."""
        there = self._end - self._validation - self._now
        return (time.monotonic() - self._now) / there if there > 0 else 1.0

    def validated(self, network: SessionNetwork, asked: Sessions, following: NDArray[np.int32]) -> float:
        """`loss_of`; from now on half as much time again as it took is kept back."""
        began = time.monotonic()
        loss = loss_of(network, asked, following)
        self._validation = max(self._validation, 1.5 * (time.monotonic() - began))
        return loss


def loss_of(network: SessionNetwork, asked: Sessions, following: NDArray[np.int32]) -> float:
    """Mean −log of the chance given to what followed; articles unknown to the network are left out."""
    known = np.flatnonzero(following < network.articles)
    total = 0.0
    for at in range(0, len(known), 512):
        part = known[at : at + 512]
        scores = network.scores(asked.chosen(part))
        highest = scores.max(axis=1)
        every = np.log(np.exp(scores - highest[:, None]).sum(axis=1, dtype=np.float64)) + highest
        total += float((every - scores[np.arange(len(part)), following[part]]).sum())
    return total / max(len(known), 1)


class _Learner:
    """The network as PyTorch tensors, its two optimisers and one step of them."""

    def __init__(
        self, torch: Any, plan: Plan, past: Sessions, articles: int, seed: int, start: SessionNetwork | None
    ) -> None:
        self.torch, self.plan, self.seed, self.articles = torch, plan, seed, articles
        self.rng = np.random.default_rng([seed, articles])
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        if start is None:
            weights = {"articles": together_vectors(past, articles, plan.width, seed)} | _start(plan, self.rng)
        else:
            weights = start.weights
        self.tensors = {
            name: torch.tensor(values, device=self.device, requires_grad=True) for name, values in weights.items()
        }
        opened = np.bincount(past.article, minlength=articles)
        self.chance = opened / opened.sum()
        rest = [tensor for name, tensor in self.tensors.items() if name != "articles"]
        self.dense = torch.optim.Adam(rest, betas=(0.9, 0.98), fused=True)
        self.sparse = torch.optim.SparseAdam([self.tensors["articles"]], betas=(0.9, 0.98))

    def step(self, batch: NDArray[np.int64], gone: float, made: int) -> None:
        """One batch of windows [b, steps + 1], −1 after the last opening; `gone` is the share of the way."""
        rate = self.plan.rate * min(1.0, (made + 1) / WARMING) * max(0.02, 0.5 * (1 + np.cos(np.pi * gone)))
        for optimiser in (self.dense, self.sparse):
            optimiser.zero_grad()
            for group in optimiser.param_groups:
                group["lr"] = rate
        self._loss(batch).backward()
        self.dense.step()
        self.sparse.step()

    def network(self) -> SessionNetwork:
        """The weights as they are now."""
        weights = {name: tensor.detach().cpu().numpy().copy() for name, tensor in self.tensors.items()}
        return SessionNetwork(weights, self.plan.heads, self.plan.temperature)

    def _loss(self, batch: NDArray[np.int64]) -> Any:
        functional = self.torch.nn.functional
        before, target = batch[:, :-1], batch[:, 1:].ravel()
        there = np.flatnonzero(target >= 0)
        target = target[there]
        rivals, correction = self._rivals(target)
        needed = np.unique(np.concatenate([rivals, np.maximum(before, 0).ravel()]))
        rows = functional.embedding(self._there(needed), self.tensors["articles"], sparse=True)
        rows = functional.normalize(rows, dim=-1)
        begun = rows[self._there(np.searchsorted(needed, np.maximum(before, 0)))]
        state = self._states(begun).reshape(-1, self.plan.width)[self._there(there)]
        vector = functional.normalize(self._line("out", self._centred(state)), dim=-1)
        rival = rows[self._there(np.searchsorted(needed, rivals))]
        raw = vector @ rival.T / self.plan.temperature
        return self._cross_entropy(raw, self._there(np.searchsorted(rivals, target)), correction)

    def _cross_entropy(self, raw: Any, target: Any, correction: Numbers) -> Any:
        """Of a softmax where each rival stands for those not drawn; the target is always there and stands for itself.

        Smoothed: part of the target is spread over all rivals.
        """
        torch = self.torch
        shift = torch.tensor(correction, device=self.device)
        own = raw.gather(1, target[:, None])
        rivals = (raw + shift).scatter(1, target[:, None], own)
        every = torch.logsumexp(rivals, dim=1)
        smoothing = self.plan.smoothing
        return (every - (1 - smoothing) * own[:, 0] - smoothing * raw.mean(dim=1)).mean()

    def _rivals(self, target: NDArray[np.int64]) -> tuple[NDArray[np.int64], Numbers]:
        """Articles of the softmax, rising, and −log of each one's chance of being among them."""
        if self.articles <= FULL:
            return np.arange(self.articles), np.zeros(self.articles, dtype=np.float32)
        drawn = self.rng.integers(0, self.articles, self.plan.sample)
        rivals = np.unique(np.concatenate([target, drawn]))
        absent = len(target) * np.log1p(-self.chance[rivals]) + self.plan.sample * np.log1p(-1 / self.articles)
        return rivals, -np.log(-np.expm1(absent)).astype(np.float32)

    def _states(self, articles: Any) -> Any:
        """The forward pass of `SessionNetwork`, of every place [b, steps, d], with parts dropped."""
        functional, plan = self.torch.nn.functional, self.plan
        steps = articles.shape[1]
        h = articles * float(np.sqrt(plan.width)) + self.tensors["places"][:steps]
        h = functional.dropout(h, plan.unread)
        for layer in range(plan.layers):
            seen = self._attention(self._line(f"{layer}.attend", self._centred(h)))
            h = h + functional.dropout(self._line(f"{layer}.mix", seen), plan.drop)
            wide = functional.relu(self._line(f"{layer}.widen", self._centred(h)))
            h = h + functional.dropout(self._line(f"{layer}.narrow", wide), plan.drop)
        return h

    def _attention(self, values: Any) -> Any:
        rows, steps, plan = values.shape[0], values.shape[1], self.plan
        parts = values.view(rows, steps, 3, plan.heads, plan.width // plan.heads).permute(2, 0, 3, 1, 4)
        seen = self.torch.nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
        return seen.transpose(1, 2).reshape(rows, steps, plan.width)

    def _line(self, name: str, values: Any) -> Any:
        return self.torch.addmm(
            self.tensors[f"{name}.shift"], values.reshape(-1, values.shape[-1]), self.tensors[name]
        ).view(*values.shape[:-1], -1)

    def _centred(self, values: Any) -> Any:
        return self.torch.nn.functional.layer_norm(values, values.shape[-1:], eps=EPSILON)

    def _there(self, places: NDArray[np.int64]) -> Any:
        return self.torch.from_numpy(places).to(self.device)


def _start(plan: Plan, rng: np.random.Generator) -> dict[str, Numbers]:
    """Layers that hardly speak yet, so that at first a session's vector is about that of its last article."""
    d = plan.width
    shapes = {"out": (d, d)}
    for layer in range(plan.layers):
        lines = {"attend": (d, 3 * d), "mix": (d, d), "widen": (d, plan.wider * d), "narrow": (plan.wider * d, d)}
        shapes |= {f"{layer}.{name}": shape for name, shape in lines.items()}
    drawn = {
        name: rng.uniform(-1, 1, shape).astype(np.float32) / np.float32(np.sqrt(shape[0]))
        for name, shape in shapes.items()
    }
    drawn |= {name: HUSHED * lines for name, lines in drawn.items() if name.endswith((".mix", ".narrow"))}
    drawn["out"] = np.eye(d, dtype=np.float32)
    shifts = {f"{name}.shift": np.zeros(shape[1], dtype=np.float32) for name, shape in shapes.items()}
    places = rng.standard_normal((plan.steps, d)).astype(np.float32) * np.float32(0.02 * np.sqrt(d))
    return drawn | shifts | {"places": places}


def _few(asked: Sessions, following: NDArray[np.int32]) -> tuple[Sessions, NDArray[np.int32]]:
    """Some of them, evenly spread."""
    chosen = np.unique(np.linspace(0, len(asked) - 1, min(len(asked), CHECKED)).astype(np.int64))
    return asked.chosen(chosen), following[chosen]
