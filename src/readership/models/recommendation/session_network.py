"""What is opened next in this session? A causal transformer over the session's last articles (in the manner of SASRec).

Article vectors have length one; so has the vector of a session, and a score is their cosine over a temperature. The
forward pass here is NumPy and is the model; `session_network_fit` learns its weights with PyTorch, and
`session_network_onnx` writes it as a graph. Kang & McAuley, Self-Attentive Sequential Recommendation, 2018.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from readership.errors import InputError
from readership.models.recommendation.sessions import Sessions

CHUNK = 2048
TINY = 1e-12
EPSILON = 1e-5
Numbers = NDArray[np.float32]


@dataclass(frozen=True)
class SessionNetwork:
    """Weights by name, float32, and what they are read with.

    weights      "articles" [n, d]; "places" [steps, d]; of layer k "k.attend" [d, 3d], "k.mix" [d, d], "k.widen"
                 [d, w], "k.narrow" [w, d]; "out" [d, d]; the shift of each beside it as "….shift"
    heads        of attention; d is a multiple
    temperature  by which cosines are divided
    """

    weights: dict[str, Numbers]
    heads: int
    temperature: float

    @property
    def articles(self) -> int:
        """Size of the catalogue it was fitted on; later articles are strangers to it."""
        return len(self.weights["articles"])

    @property
    def steps(self) -> int:
        """How many of a session's newest articles are read."""
        return len(self.weights["places"])

    @property
    def layers(self) -> int:
        """How many blocks of attention."""
        return sum(name.endswith(".attend") for name in self.weights)

    def scores(self, sessions: Sessions) -> Numbers:
        """Cosine over temperature of each session with every article, [m, articles]; 0 where it knows none of it."""
        vectors = unit(self.weights["articles"])
        return np.concatenate(
            [np.empty((0, self.articles), dtype=np.float32)]
            + [self.vectors(sessions.between(at, at + CHUNK)) @ vectors.T for at in range(0, len(sessions), CHUNK)]
        )

    def of(self, session: Sequence[int], candidates: NDArray[np.int32]) -> Numbers:
        """Scores [k] of these articles alone after one session, as a source of candidates has it.

        0 for an article it was not fitted on, and for all where it knows none of the session.
        """
        known = (candidates >= 0) & (candidates < self.articles)
        found = np.zeros(len(candidates), dtype=np.float32)
        found[known] = unit(self.weights["articles"][candidates[known]]) @ self.vectors(Sessions.of([session]))[0]
        return found

    def vectors(self, sessions: Sessions) -> Numbers:
        """Of each session, of length one over the temperature [m, d]; nothing where it knows none of it."""
        places = self.places(sessions)
        known = places[:, 0] >= 0
        found = np.zeros((len(sessions), self.weights["out"].shape[1]), dtype=np.float32)
        found[known] = self.forward(places[known]) / np.float32(self.temperature)
        return found

    def places(self, sessions: Sessions) -> NDArray[np.int64]:
        """The newest known articles of each session [m, steps], the oldest first, then −1.

        An article that the network was not fitted on is left out, as if it had not been opened.
        """
        newest = sessions.known(self.articles).newest(self.steps)
        places = np.full((len(sessions), self.steps), -1, dtype=np.int64)
        session = newest.session
        places[session, np.arange(len(session)) - newest.start[session]] = newest.article
        return places

    def forward(self, places: NDArray[np.int64]) -> Numbers:
        """Vectors of length one [m, d] of sessions with at least one article."""
        length = (places >= 0).sum(axis=1)
        places = places[:, : length.max(initial=1)]
        steps, width = places.shape[1], self.weights["out"].shape[0]
        h = unit(self.weights["articles"][np.maximum(places, 0)]) * np.float32(np.sqrt(width))
        h = h + self.weights["places"][:steps]
        for layer in range(self.layers):
            h = h + self._line(f"{layer}.mix", self._attention(self._line(f"{layer}.attend", centred(h))))
            h = h + self._line(f"{layer}.narrow", np.maximum(self._line(f"{layer}.widen", centred(h)), 0))
        newest = h[np.arange(len(h)), length - 1]
        return unit(self._line("out", centred(newest)))

    def _line(self, name: str, values: Numbers) -> Numbers:
        return values @ self.weights[name] + self.weights[f"{name}.shift"]

    def _attention(self, values: Numbers) -> Numbers:
        """Each place looks at itself and what came before it; `values` [m, steps, 3d] holds query, key and value."""
        rows, steps, width = values.shape[0], values.shape[1], values.shape[2] // 3
        parts = values.reshape(rows, steps, 3, self.heads, width // self.heads).transpose(2, 0, 3, 1, 4)
        query, key, value = parts
        fit = query @ key.swapaxes(-1, -2) / np.float32(np.sqrt(width // self.heads))
        fit = np.where(np.tril(np.ones((steps, steps), dtype=bool)), fit, np.float32(-np.inf))
        weight = np.exp(fit - fit.max(axis=-1, keepdims=True))
        seen = (weight / weight.sum(axis=-1, keepdims=True)) @ value
        return seen.transpose(0, 2, 1, 3).reshape(rows, steps, width)

    def content(self) -> bytes:
        """Everything, as npz; nothing of it is an object."""
        out = io.BytesIO()
        how = {"heads": np.array(self.heads), "temperature": np.array(self.temperature)}
        np.savez(out, **how, **{f"weight {name}": values for name, values in self.weights.items()})  # type: ignore[arg-type]
        return out.getvalue()

    @classmethod
    def read(cls, content: bytes) -> Self:
        """What `content` wrote; InputError where it is something else."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                weights = {name.removeprefix("weight "): stored[name] for name in stored if name.startswith("weight ")}
                return cls(weights, int(stored["heads"]), float(stored["temperature"]))
        except (ValueError, KeyError, OSError) as error:
            raise InputError(f"this is no session network ({error}); fit it again") from error


def unit(vectors: Numbers) -> Numbers:
    """Each of length one; nothing stays nothing."""
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return vectors / np.maximum(length, np.float32(TINY))


def centred(values: Numbers) -> Numbers:
    """Mean 0 and variance 1 along the last axis (layer norm, its scale left to the line behind it)."""
    moved = values - values.mean(axis=-1, keepdims=True)
    return moved / np.sqrt((moved * moved).mean(axis=-1, keepdims=True) + np.float32(EPSILON))
