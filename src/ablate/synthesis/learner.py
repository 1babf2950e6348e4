"""The learner's ceiling: what the training documents tell somebody who knows the law but not whose word is whose."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ablate.synthesis.documents import Rows
from ablate.synthesis.posterior import Eta, Posterior
from ablate.synthesis.tokens import Tokens
from ablate.synthesis.words import words
from ablate.synthesis.world import World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NODES, MASS = np.polynomial.hermite_e.hermegauss(3)
MANY, BATCH = 8_192, 512


class Learner:
    """Bayes' rule over the owner of every keyword, given training documents.

    Known are topics, blocks, the evidence of each label, over how many words it is spread, how their strengths vary
    (log-normal, three-point Gauss-Hermite) and how often each keyword is written by no label. Unknown is which label
    owns a keyword and how strongly it is written. A keyword that label c owns at rate r occurs at rate t (s + r) in
    documents with c and t s in others, s being spurious, so with K its occurrences and T the exposure in training
    documents with c

        log P(training | c, r) - log P(training | nobody) = K log((s + r) / s) - T r,

    and an owner's prior is its number of words. In a new document a word that is there k times counts for label c as
    the mixture says, log sum P(owner, r | training) ((s + r) / s)^k, words being taken as independent and the label's
    whole evidence, exp(-t r) over its words, as known; topics, blocks and noise are treated as in :class:`Posterior`.
    Observed labels are taken for true ones. A ceiling for models that learn from the same documents, not an exact
    posterior.
    """

    def __init__(self, world: World, train: Tokens, labels: Rows) -> None:
        self.world = world
        self._posterior = Posterior(world)
        self._place = np.full(len(words()), -1)
        self._place[world.keywords.word] = np.arange(len(world.keywords.word))
        sizes = np.bincount(world.keywords.label, minlength=world.spec.labels)
        spread = np.exp(world.spec.keywords.sd * NODES)
        self._rates = (world.evidence / sizes)[:, None] * spread / (spread @ MASS / MASS.sum())  # [L, 3]
        self._owner = self._owners(*self._heard(train, labels), sizes)

    def eta(self, tokens: Tokens) -> Eta:
        """Sparse probabilities of labels, in the order of the documents."""
        starts = range(0, len(tokens), MANY)
        return Eta.joined([Eta.of(self._parts(tokens.part(at, at + MANY)), self.world.spec.labels) for at in starts])

    def _parts(self, tokens: Tokens) -> Iterator[Floats]:
        ratios = self.log_ratios(tokens)
        starts = range(0, len(tokens), BATCH)
        parts = ((tokens.part(at, at + BATCH), ratios[at : at + BATCH]) for at in starts)
        return (self._posterior.given_ratios(part, mine) for part, mine in parts)

    def dense(self, tokens: Tokens) -> Floats:
        """Probabilities of labels, [N, L]; for batches, as all of it is held."""
        return self._posterior.given_ratios(tokens, self.log_ratios(tokens))

    def log_ratios(self, tokens: Tokens) -> Floats:
        """Log likelihood ratio of each label, it alone against none, [N, L]."""
        counts = self.counts(tokens)
        ratios = -np.outer(self.world.exposure(tokens.plain), self.world.evidence)
        for times in np.unique(counts.data).astype(int):
            here = counts.copy()
            here.data = (counts.data == times).astype(np.float64)
            here.eliminate_zeros()
            heard = np.unique(here.indices)
            ratios += np.asarray(here[:, heard] @ self._weights(heard.astype(np.int64), int(times)))
        return ratios

    def counts(self, tokens: Tokens) -> sparse.csr_matrix:
        """Occurrences of keywords, [N, K]."""
        place = self._place[tokens.word]
        mine = place >= 0
        shape = (len(tokens), len(self.world.keywords.word))
        return sparse.csr_matrix((np.ones(mine.sum()), (tokens.row[mine], place[mine])), shape)

    def _heard(self, train: Tokens, labels: Rows) -> tuple[Floats, Floats]:
        """Occurrences of each keyword in documents with each label, [K, L], and the exposure of these, [L]."""
        ones = np.ones(len(labels.indices))
        member = sparse.csr_matrix((ones, labels.indices, labels.indptr), (len(labels), labels.width))
        heard = self.counts(train).T @ member
        return np.asarray(heard.todense()), np.asarray(member.T @ self.world.exposure(train.plain))

    def _owners(self, heard: Floats, exposure: Floats, sizes: Ints) -> list[Floats]:
        """P(owner, rate | training) of each keyword: for each of the three rates [K, L]; all sum to 1 over both."""
        logs = [
            heard * self._gain(slice(None), rates) - exposure * rates + np.log(sizes * mass)
            for rates, mass in zip(self._rates.T, MASS, strict=True)
        ]
        top = np.max([log.max(1) for log in logs], axis=0)
        owner = [np.exp(log - top[:, None]) for log in logs]
        total = sum(part.sum(1) for part in owner)
        return [part / np.asarray(total)[:, None] for part in owner]

    def _gain(self, keywords: Ints | slice, rates: Floats) -> Floats:
        """log((s + r) / s), [k, L]."""
        return np.log1p(rates / self.world.keywords.spurious[keywords, None])

    def _weights(self, keywords: Ints, times: int) -> Floats:
        """What these keywords, each there so many times, say for each label, [k, L]."""
        more = sum(
            owner[keywords] * np.expm1(np.minimum(times * self._gain(keywords, rates), 600))
            for owner, rates in zip(self._owner, self._rates.T, strict=True)
        )
        return np.asarray(np.log1p(more))
