"""Text as a short vector: hashed TF-IDF and SVD, fitted with scikit-learn, applied with NumPy alone."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 2**15
WIDTH = 64
_WORD = re.compile(r"\w+")
_MOST_CHARACTERS = 20_000


class TextModel(NamedTuple):
    """Weights of hashed words and the directions they lie in.

    idf         float32 [BUCKETS]
    components  float32 [BUCKETS, WIDTH]
    """

    idf: NDArray[np.float32]
    components: NDArray[np.float32]

    @classmethod
    def unfitted(cls) -> Self:
        """Every word counts the same and has a direction by chance: texts that share words still lie close."""
        return cls(*_by_chance())

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Self:
        """Rare words weigh more, and words that go together lie together.

        `unfitted` where the texts are fewer than the directions asked for.
        """
        words = [_buckets(text) for text in texts]
        words = [found for found in words if found]
        if len(words) <= WIDTH:
            return cls.unfitted()
        return cls(*_fitted(words))

    def vector(self, text: str) -> NDArray[np.float32]:
        """Direction of a text, float32 [WIDTH] of length 1; zeros where it holds no word."""
        found = _buckets(text)
        if not found:
            return np.zeros(WIDTH, dtype=np.float32)
        buckets = np.fromiter(found, dtype=np.int64, count=len(found))
        counts = np.fromiter(found.values(), dtype=np.float32, count=len(found))
        sum_of_words = ((1 + np.log(counts)) * self.idf[buckets]) @ self.components[buckets]
        length = float(np.linalg.norm(sum_of_words))
        return (sum_of_words / length if length > 0 else sum_of_words).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """For a file."""
        return self._asdict()

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """What `arrays` gave."""
        return cls(arrays["idf"], arrays["components"])


def _buckets(text: str) -> Counter[int]:
    """How often each hashed word occurs; a word outside ASCII also gives its pairs of characters.

    Scripts without spaces are thereby compared by pairs of characters.
    """
    words: list[str] = []
    for word in _WORD.findall(text[:_MOST_CHARACTERS].lower()):
        words.append(word)
        if not word.isascii():
            words.extend(word[i : i + 2] for i in range(len(word) - 1))
    return Counter(crc32(word.encode()) % BUCKETS for word in words)


@lru_cache(maxsize=1)
def _by_chance() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    directions = np.random.default_rng(0).standard_normal((BUCKETS, WIDTH), dtype=np.float32)
    return np.ones(BUCKETS, dtype=np.float32), directions


def _fitted(words: Sequence[Counter[int]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    from scipy.sparse import csr_matrix
    from sklearn.decomposition import TruncatedSVD

    column = np.array([bucket for found in words for bucket in found])
    count = np.array([number for found in words for number in found.values()], dtype=np.float32)
    row = np.repeat(np.arange(len(words)), [len(found) for found in words])
    texts_with = np.bincount(column, minlength=BUCKETS)
    idf = (np.log((1 + len(words)) / (1 + texts_with)) + 1).astype(np.float32)
    weight = (1 + np.log(count)) * idf[column]
    weight /= np.sqrt(np.bincount(row, weight**2))[row]
    table = csr_matrix((weight, (row, column)), shape=(len(words), BUCKETS))
    svd = TruncatedSVD(n_components=WIDTH, random_state=0).fit(table)
    return idf, np.ascontiguousarray(svd.components_.T, dtype=np.float32)
