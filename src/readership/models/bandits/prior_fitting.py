"""How alike things were in earlier campaigns or tests, by marginal likelihood (empirical Bayes).

Each level's strength k is the one under which the clicks seen are likeliest, the rates integrated out:
Σ ln B(kp + clicks, k(1 − p) + misses) − ln B(kp, k(1 − p)), p the mean that the level above gives (Robbins 1956;
Casella 1985 of the method).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from readership.errors import NotEnoughData
from readership.models.bandits.evidence import Evidence, Floats
from readership.models.bandits.prior import Flat, Hierarchy, Shrinkage

STRENGTHS = (1.0, 1e6)
"""The least and the most alike that things are taken to be."""
FEW_GROUPS = 3
"""Of fewer placements, contexts or ads, how alike they are cannot be told."""


def fit_flat(shown: Floats, clicked: Floats) -> Flat:
    """The Beta distribution under which these clicks are likeliest; NotEnoughData without a click, or with one arm.

    shown, clicked  of any arms, in any shape; those never shown count for nothing
    """
    used = shown > 0
    shown, clicked = shown[used], clicked[used]
    if len(shown) < FEW_GROUPS or not 0 < clicked.sum() < shown.sum():
        raise NotEnoughData(
            f"{len(shown)} arms with {shown.sum():.0f} impressions and {clicked.sum():.0f} clicks say nothing of how "
            f"arms differ; give at least {FEW_GROUPS} arms with clicks, or a prior of your own"
        )
    from scipy.optimize import minimize

    rate = clicked.sum() / shown.sum()
    start = np.log([rate / (1 - rate), _strength(lambda k: _beta_binomial(shown, clicked, rate, k))])

    def unlikely(at: Floats) -> float:
        k = np.exp(np.clip(at[1], *np.log(STRENGTHS)))
        return -_beta_binomial(shown, clicked, 1 / (1 + np.exp(-at[0])), k)

    logit, strength = minimize(unlikely, start, method="Nelder-Mead", options={"xatol": 1e-4, "fatol": 1e-4}).x
    rate, k = 1 / (1 + np.exp(-logit)), np.exp(np.clip(strength, *np.log(STRENGTHS)))
    return Flat(float(rate * k), float((1 - rate) * k))


def fit_shrinkage(evidence: Evidence, placement_of: NDArray[np.integer], *, recurring: bool = True) -> Shrinkage:
    """The strengths of each level, from the whole down; infinite where there is too little to tell.

    placement_of  the number of each cell's placement [cells]
    recurring     whether a column is the same ad in every cell; False of tests, each with arms of its own
    """
    shown, clicked = evidence.shown, evidence.clicked
    placements = [np.bincount(placement_of, of.sum(axis=1)).astype(np.float64) for of in (shown, clicked)]
    rate, placement = _top(placements[0], placements[1])
    by_placement = ((placement * rate + placements[1]) / (placement + placements[0]))[placement_of]
    context = _of_contexts(shown.sum(axis=1), clicked.sum(axis=1), by_placement, placement_of)
    cells = _shrunk(shown.sum(axis=1), clicked.sum(axis=1), by_placement, context)
    ad = _of_ads(shown, clicked, shown * cells[:, None]) if recurring else float("inf")
    known = Hierarchy(Shrinkage(rate, placement, context, ad, np.inf), placement_of).believed(evidence)
    used = shown > 0
    cell = _strength(lambda k: _beta_binomial(shown[used], clicked[used], known.rate[used], k))
    return Shrinkage(rate, placement, context, ad, cell)


def _top(shown: Floats, clicked: Floats) -> tuple[float, float]:
    """The rate of the whole, and how closely placements follow it."""
    if (shown > 0).sum() >= FEW_GROUPS:
        flat = fit_flat(shown, clicked)
        return flat.rate, flat.strength
    if not 0 < clicked.sum() < shown.sum():
        raise NotEnoughData(
            f"{shown.sum():.0f} impressions with {clicked.sum():.0f} clicks say nothing of a click rate; "
            "give earlier campaigns with clicks, or a prior of your own"
        )
    return float(clicked.sum() / shown.sum()), float(FEW_GROUPS / (clicked.sum() / shown.sum()))


def _of_contexts(shown: Floats, clicked: Floats, rate: Floats, placement_of: NDArray[np.integer]) -> float:
    several = (np.bincount(placement_of) > 1)[placement_of] & (shown > 0)
    if several.sum() < FEW_GROUPS:
        return float("inf")
    return _strength(lambda k: _beta_binomial(shown[several], clicked[several], rate[several], k))


def _of_ads(shown: Floats, clicked: Floats, expected: Floats) -> float:
    """Of clicks ~ Poisson(expected · factor), factor ~ Gamma(k, k): how large k is, in clicks."""
    several = (shown > 0).sum(axis=0) > 1
    if several.sum() < FEW_GROUPS:
        return float("inf")
    return _strength(lambda k: _gamma_poisson(clicked.sum(axis=0)[several], expected.sum(axis=0)[several], k))


def _shrunk(shown: Floats, clicked: Floats, rate: Floats, strength: float) -> Floats:
    return rate if np.isinf(strength) else (strength * rate + clicked) / (strength + shown)


def _strength(likelihood: Callable[[float], float]) -> float:
    """The likeliest strength, to a hundredth of its logarithm: far less than it can be known to."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: -likelihood(float(np.exp(log))),
        bounds=tuple(np.log(STRENGTHS)), method="bounded", options={"xatol": 0.01},
    )  # fmt: skip
    return float(np.exp(found.x))


def _beta_binomial(shown: Floats, clicked: Floats, rate: Floats | float, k: float) -> float:
    from scipy.special import betaln

    a, b = k * rate, k * (1 - np.asarray(rate))
    return float((betaln(a + clicked, b + shown - clicked) - betaln(a, b)).sum())


def _gamma_poisson(clicks: Floats, expected: Floats, k: float) -> float:
    from scipy.special import gammaln

    known = gammaln(k + clicks) - gammaln(k) + k * np.log(k) - (k + clicks) * np.log(k + expected)
    return float((known + clicks * np.log(np.maximum(expected, 1e-300))).sum())
