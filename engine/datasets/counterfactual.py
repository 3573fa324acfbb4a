"""The least that would have to be different for another answer: words removed, or tokens swapped along the gradient."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.attribution.explain import predict
from engine.attribution.score import Score
from engine.dataset_results import Counterfactual, CounterfactualResult
from engine.datasets.editing import without
from engine.datasets.predict import require_classifier
from engine.errors import UserError
from engine.inputs.baselines import baseline_for
from engine.inputs.grain import Grouping, group
from engine.jobs import Partial, Steps, relay, run
from engine.models.model import Encoding, TextModel
from engine.optimisation.template import Template, template_of
from engine.optimisation.vocabulary import Vocabulary
from engine.perturbation.masking import MaskingGame, Masks
from engine.requests import CounterfactualRequest, PredictionRequest, TextInput
from engine.results import ClassPrediction, Cost, Notice

MOST_SHOWN = 5
MOST_SETS = 4_000  # of one size that are all tried; above that only what looks promising
BEAM = 24  # sets that are gone on with
CANDIDATES = 64  # swaps that are tried of those the gradient promises
DOING = {"remove": "Removing words", "swap": "Swapping tokens"}
_MOST_CHANGES = 50


def counterfactual(model: TextModel, request: CounterfactualRequest) -> Steps[CounterfactualResult]:
    """Look for the fewest changes.

    Raises:
        UserError: the model is no classifier of one label, or the label that is wanted is the predicted one or none of its own.
    """
    yield Partial(0, doing=DOING[request.kind])
    question = _Question(model, request)
    if request.kind == "remove":
        found, exhausted = yield from relay(_removals(question), question.on_the_way)
    else:
        found, exhausted = (yield from relay(_swaps(question), question.on_the_way)), False
    return question.answer(found, exhausted)


class _Question:
    """The request held against the model; ``score`` is how far the answer is from the wanted one: negative, and it is given."""

    def __init__(self, model: TextModel, request: CounterfactualRequest) -> None:
        require_classifier(model)
        if model.info.problem_type != "single_label" or len(model.info.labels) < 2:
            raise UserError("Another answer can be looked for where a model chooses one class of several.", "unavailable")
        if not 1 <= request.most <= _MOST_CHANGES:
            raise UserError(f"Between 1 and {_MOST_CHANGES} changes can be tried, not {request.most}.", "out_of_range")
        self.model, self.request = model, request
        self._start = time.perf_counter()
        self.encoding: Encoding = model.encode(request.input)
        self.original = self.say(request.input)
        self.predicted = self.original[0].index
        self.to = self._wanted()
        batch = model.batch_size_for(self.encoding.ids.shape[1])
        self.score = Score(self._distance, batch, model.recurrent)

    def _wanted(self) -> int | None:
        if self.request.to is None:
            return None
        index = self.model.output_index(self.request.to)
        if index is None:
            raise UserError(self.model.no_such_output(self.request.to, len(self.model.info.labels)), "no_such_class")
        if index == self.predicted:
            raise UserError(f"The model says {self.request.to} already; name another class, or none.", "same_class")
        return index

    def _distance(self, embeddings: Tensor) -> Tensor:
        """(n, seq, d_model) -> (n,) logits: of the strongest class that is not wanted minus the strongest that is."""
        logits = self.model.logits(embeddings, self.encoding)
        wanted = torch.zeros(logits.shape[1], dtype=torch.bool, device=logits.device)
        if self.to is None:
            wanted[:] = True
            wanted[self.predicted] = False
        else:
            wanted[self.to] = True
        return logits[:, ~wanted].amax(dim=1) - logits[:, wanted].amax(dim=1)

    def say(self, text: TextInput) -> tuple[ClassPrediction, ...]:
        """What the model says of a text as it would be typed."""
        return run(predict(self.model, PredictionRequest(self.request.model_sha256, text))).classes

    def flips(self, prediction: tuple[ClassPrediction, ...]) -> bool:
        """Whether that is what is wanted."""
        index = prediction[0].index
        return index != self.predicted if self.to is None else index == self.to

    def on_the_way(self, partial: Partial) -> Partial:
        """How much is tried, out of nobody knows how much."""
        return Partial(self.score.forward, doing=DOING[self.request.kind])

    def answer(self, found: Sequence[Counterfactual], exhausted: bool) -> CounterfactualResult:
        cost = Cost(self.score.forward, self.score.backward, time.perf_counter() - self._start, self.model.info.device)
        return CounterfactualResult(
            self.request, self.model.info, self.original, tuple(found), exhausted, cost, tuple(self._warnings(found))
        )

    def _warnings(self, found: Sequence[Counterfactual]) -> list[Notice]:
        wanted = self.request.to or "another class"
        if not found:
            what = "words removed" if self.request.kind == "remove" else "tokens swapped"
            return [Notice(f"No {self.request.most} {what} were found that lead to {wanted}.", "none_found")]
        if not any(each.flips for each in found):
            how = f"replaced by {self.request.fill}" if self.request.kind == "remove" else "taken as tokens"
            return [
                Notice(f"The changes lead to {wanted} where they are {how}, but not in the text as it is typed.", "not_typed")
            ]
        return []


def _removals(question: _Question) -> Steps[tuple[list[Counterfactual], bool]]:
    """The smallest sets of words, and whether no smaller one is left untried."""
    document, encoding = question.encoding.input, question.encoding
    words = group(document, "word")
    special = encoding.special.cpu().numpy()
    places = [at for at in range(len(words)) if not special[words.first[at]]]
    fill = baseline_for(question.request.fill, question.model, encoding, None, 0, 0).embeddings
    with torch.no_grad():
        inputs = question.model.embed(encoding.ids)
    game = MaskingGame(question.score, inputs, fill, [words.tokens_of(at).tolist() for at in places])
    sets, exhausted = yield from smallest_sets(game, min(question.request.most, len(places) - 1))
    found = [removal(question, words, [places[at] for at in each]) for each in sets]
    return sorted(found, key=lambda each: not each.flips), exhausted


def smallest_sets(game: MaskingGame, most: int) -> Steps[tuple[list[tuple[int, ...]], bool]]:
    """Sets of features that turn the game's value negative when they are hidden, of the smallest size found, the lowest first.

    All sets of a size are tried where that is no more than ``MOST_SETS``; else those that add one feature to the best.

    Returns:
        The sets, and whether every smaller one was tried.
    """
    singles = list(combinations(range(game.size), 1)) if most >= 1 else []
    sets, exhausted = singles, True
    for size in range(1, most + 1):
        if size > 1:
            beam = sets[:BEAM]
            everything = _sets_of(game.size, size)
            complete = everything <= MOST_SETS
            grown = {tuple(sorted({*each, at})) for each in beam for at in range(game.size) if at not in each}
            sets = list(combinations(range(game.size), size)) if complete else sorted(grown)
        else:
            complete = True
        values = yield from game.values(_hidden(game.size, sets))
        order = np.argsort(values, kind="stable")
        sets = [sets[at] for at in order]
        turned = int((values < 0).sum())
        if turned:
            return sets[: min(turned, MOST_SHOWN)], exhausted
        exhausted = exhausted and complete
    return [], exhausted


def _sets_of(features: int, size: int) -> int:
    count = 1
    for at in range(size):
        count = count * (features - at) // (at + 1)
    return count


def _hidden(features: int, sets: Sequence[tuple[int, ...]]) -> Masks:
    masks: NDArray[np.bool_] = np.ones((len(sets), features), np.bool_)
    for row, each in enumerate(sets):
        masks[row, list(each)] = False
    return masks


def removal(question: _Question, words: Grouping, chosen: Sequence[int]) -> Counterfactual:
    """The text without these words."""
    document = question.encoding.input
    spans = tuple(
        (int(words.start[at]), int(words.end[at]), document.tokens[int(words.first[at])].segment) for at in sorted(chosen)
    )
    parts = [[(start, end) for start, end, segment in spans if segment == own] for own in (0, 1)]
    pair = None if document.pair is None else without(document.pair, parts[1])
    text = TextInput(without(document.text, parts[0]), pair)
    said = question.say(text) if text.text.strip() else ()
    return Counterfactual(
        text,
        said,
        bool(said) and question.flips(said),
        removed=spans,
        masked_flips=True,
    )


@dataclass(slots=True, eq=False)
class _Swapped:
    ids: Tensor
    value: float


def _swaps(question: _Question) -> Steps[list[Counterfactual]]:
    """One token after the other, always the swap that helps most of those the gradient promises.

    Source: Ebrahimi, Rao, Lowd & Dou, "HotFlip: White-Box Adversarial Examples for Text Classification", ACL 2018,
    arXiv:1712.06751, eq. 10.
    """
    template, vocabulary = template_of(question.model, question.request.input), Vocabulary(question.model)
    original = question.encoding.ids[0, template.free]
    now = _Swapped(original, float("inf"))
    swapped = torch.zeros(len(original), dtype=torch.bool, device=original.device)
    for _ in range(min(question.request.most, len(original))):
        better = _best_swap(question, template, vocabulary, now.ids, swapped)
        if better is None or better.value >= now.value:
            return []
        swapped |= better.ids != now.ids
        now = better
        yield Partial(0)
        if now.value < 0:
            return [_swap(question, template, original, now.ids)]
    return []


def _best_swap(question: _Question, template: Template, vocabulary: Vocabulary, ids: Tensor, swapped: Tensor) -> _Swapped | None:
    with torch.no_grad():
        points = question.model.embed(template.with_tokens(ids[None]))
    gradient = question.score.gradient(points)[0, template.free]
    gains, tokens = vocabulary.steepest(-gradient, points[0, template.free], CANDIDATES)
    gains = gains.masked_fill(swapped[:, None] | (tokens == ids[:, None]), -torch.inf)
    best = gains.flatten().topk(min(CANDIDATES, gains.numel()))
    chosen = best.indices[best.values > -torch.inf]
    if not len(chosen):
        return None
    candidates = ids.repeat(len(chosen), 1)
    rows = torch.arange(len(chosen), device=ids.device)
    candidates[rows, chosen // gains.shape[1]] = tokens.flatten()[chosen]
    with torch.no_grad():
        embedded = question.model.embed(template.with_tokens(candidates))
    values = question.score.values(embedded)
    first = int(values.argmin())
    return _Swapped(candidates[first], float(values[first]))


def _swap(question: _Question, template: Template, original: Tensor, ids: Tensor) -> Counterfactual:
    """Put into the text where the tokens stood."""
    tokens, texts = question.encoding.input.tokens, [question.request.input.text, question.request.input.pair]
    changed = [at for at in range(len(ids)) if ids[at] != original[at]]
    swapped = []
    for at in sorted(changed, reverse=True):
        place = int(template.free[at])
        token, text = tokens[place], texts[tokens[place].segment] or ""
        new = question.model.pieces([int(ids[at])])[0]
        texts[token.segment] = text[: token.start] + _written(question.model, int(ids[at]), token.text) + text[token.end :]
        swapped.append((place, token.piece, new))
    typed = TextInput(texts[0] or "", texts[1])
    said = question.say(typed)
    return Counterfactual(typed, said, question.flips(said), swapped=tuple(reversed(swapped)))


def _written(model: TextModel, id: int, instead_of: str) -> str:
    """As it stands in a text, with the space that stood before the other."""
    word = model.text_of([id]).strip().removeprefix("##")
    return f" {word}" if instead_of.startswith(" ") else word
