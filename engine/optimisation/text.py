"""The text that makes an output or a unit fire: ascent on embeddings, or on real tokens one at a time."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from engine.jobs import Partial, Steps
from engine.models.model import TextModel
from engine.optimisation.search import Search
from engine.requests import OptimisationRequest
from engine.results import TextOptimisationResult

LOOKS = 50  # times on the way that the nearest tokens are read and put through the model
BETAS = (0.9, 0.999)
CANDIDATES = 48  # swaps that are tried for real, of those that promise most


def optimise_text(model: TextModel, request: OptimisationRequest) -> Steps[TextOptimisationResult]:
    """Look for the text that makes the target highest.

    Mode ``embeddings``: with x the (n, d_model) embeddings of the free tokens, s the score, a the learning rate, and e(x)
    the real embedding at the smallest angle to each row of x, every step goes ::

        x ← x + a ρ Adam(∇s(x));   x ← x · min(1, ρ / ‖x‖);   x ← x + p (e(x) − x)

    Adam divides by the norm of a row's gradient, not by each number's, so each row goes about a ρ. ρ is the norm of the
    longest embedding of an ordinary token: every text of the vocabulary lies inside. p is ``pull`` times the square of the
    share of steps done: first it climbs, then it settles near real tokens. What the continuous optimum reaches no text may
    reach: the text of its nearest tokens is put through the model by itself as it goes.

    Mode ``tokens``: every step takes the gradient at the text as it is, tries those swaps of one token that promise most to
    first order, ∇s · (e(new) − e(old)), and makes the best of them if it really raises the score; where none does, it ends.

    Yields:
        The result so far, after every step.

    Raises:
        UserError: the request does not fit the model, in one sentence.

    Source: ascent under a bound on the norm: Erhan, Bengio, Courville & Vincent, "Visualizing Higher-Layer Features of a
    Deep Network", 2009. Its optimum is far from every word, hence the second score: Poerner, Roth & Schütze, "Interpretable
    Textual Neuron Representations for NLP", BlackboxNLP 2018. Steps: Kingma & Ba, "Adam", 2015, arXiv:1412.6980. Swaps:
    Ebrahimi, Rao, Lowd & Dou, "HotFlip", ACL 2018, arXiv:1712.06751, greedily and with the candidates evaluated
    exactly. The pull follows no paper: a proximal step, kept apart from Adam as AdamW keeps its weight decay.
    """
    yield Partial(0, request.steps, doing="Reading the vocabulary")
    search = Search(model, request)
    way = _swaps if request.mode == "tokens" else _ascent
    for done in way(search):
        yield Partial(done, request.steps, search.result(min(done / request.steps, 0.99)), doing="Optimising")
    return search.result(1.0)


def _ascent(search: Search) -> Iterator[int]:
    """Gives how many steps are done."""
    request, largest = search.request, search.vocabulary.largest_norm
    free = search.points_of_start()
    stride = _Stride(free, request.learning_rate * largest)
    every = math.ceil(request.steps / LOOKS)
    for step in range(request.steps):
        value, gradient = search.score.value_and_gradient(search.points(free))
        search.note(step, float(value[0]))
        if step % every == 0:
            search.try_text(step, search.look(free))
        free += stride(gradient[0, search.free])
        _shorten(free, largest)
        _pull(free, search, request.pull * ((step + 1) / request.steps) ** 2)
        yield step + 1
    search.note(request.steps, float(search.score.values(search.points(free))[0]))
    search.try_text(request.steps, search.look(free))


class _Stride:
    """Adam with one second moment for each row: per number, it would bend the gradient, and the bound be met elsewhere."""

    def __init__(self, like: Tensor, length: float) -> None:
        self._length = length
        self._mean, self._square = torch.zeros_like(like), torch.zeros_like(like[:, :1])
        self._steps = 0

    def __call__(self, gradient: Tensor) -> Tensor:
        """(n, d_model) -> how far to go, each row about ``length``."""
        self._steps += 1
        self._mean.lerp_(gradient, 1 - BETAS[0])
        self._square.lerp_(gradient.square().sum(dim=-1, keepdim=True), 1 - BETAS[1])
        mean, square = self._mean / (1 - BETAS[0] ** self._steps), self._square / (1 - BETAS[1] ** self._steps)
        return self._length * mean / square.sqrt().clamp(min=1e-30)


def _shorten(free: Tensor, largest: float) -> None:
    """In place: no row longer than ``largest``."""
    free.mul_((largest / free.norm(dim=-1, keepdim=True).clamp(min=1e-12)).clamp(max=1.0))


def _pull(free: Tensor, search: Search, share: float) -> None:
    """In place: ``share`` of the way to the nearest real embedding."""
    if share > 0:
        nearest = search.vocabulary.beside(free, 1).ids[:, 0]
        free.lerp_(search.embed(nearest[None])[0], share)


def _swaps(search: Search) -> Iterator[int]:
    """Gives how many steps are done."""
    ids = search.template.encoding.ids[0, search.free]
    value = search.start.score
    for step in range(search.request.steps):
        here = search.embed(ids[None])[0]
        search.look(here)
        search.try_text(step, ids)
        candidates = _candidates(search, ids, search.score.gradient(search.points(here))[0, search.free], here)
        values = search.score.values(search.embed(search.template.with_tokens(candidates)))
        if not float(values.max()) > value:
            return
        ids, value = candidates[int(values.argmax())], float(values.max())
        yield step + 1
    search.look(search.embed(ids[None])[0])
    search.try_text(search.request.steps, ids)


def _candidates(search: Search, ids: Tensor, gradient: Tensor, here: Tensor) -> Tensor:
    """(k, n): ``ids`` with one token swapped, those first that promise most."""
    gains, tokens = search.vocabulary.steepest(gradient, here, CANDIDATES)
    first = gains.flatten().topk(min(CANDIDATES, gains.numel())).indices
    candidates = ids.repeat(len(first), 1)
    rows = torch.arange(len(first), device=ids.device)
    candidates[rows, first // gains.shape[1]] = tokens.flatten()[first]
    return candidates
