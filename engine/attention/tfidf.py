"""Does attention go to the words that are rare in a corpus? One point for each occurrence of a word in the text."""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from engine.attention.age import expected_by_age, of_one_age
from engine.attention.attend import attend, captured
from engine.attention.captures import Captures
from engine.attention.documents import WORD, Counted, count
from engine.attention.head_map import without_sinks
from engine.attention.heads import check_head, layer_numbered, merged, stack_named
from engine.attention.layers import pattern
from engine.attention.overview import sinks
from engine.attention.ranks import spearman
from engine.attention.sight import seen_by
from engine.attention_maps import NOT_IN_CORPUS, ONE_DOCUMENT, AttentionResult, History, TfidfResult, WordOccurrence
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay
from engine.models.model import TextModel
from engine.requests import TfidfRequest
from engine.results import Cost, FloatArray, Notice, Token

_FEWEST = 3  # words that a correlation is told of
_STANDOUTS = 10  # at most


def tfidf(model: TextModel, request: TfidfRequest, captures: Captures) -> Steps[TfidfResult]:
    """Attention received beside TF-IDF.

    A word's TF is its share of the text's words, its IDF ln((1 + n) / (1 + n with it)) + 1 over the corpus's n documents.
    Older tokens were seen by more steps, and a step that sees much gives each of it less: the attention that words of an
    age receive (``expected_by_age``) is taken out, and what is left is compared with TF-IDF again.

    Raises:
        UserError: the corpus or the model will not do.
    """
    start = time.perf_counter()
    read = yield from relay(_read(model, request, captures), _progress)
    words = list(WORD.finditer(read.text))
    if not words:
        raise UserError("There are no words in this text.", "empty_text")
    names = [found.group().lower() for found in words]
    counted = yield from count(request.corpus, request.text_column, frozenset(names))
    if not any(counted.containing[name] for name in names):
        raise UserError("None of the text's words is in the corpus, so none is rarer than another; choose another.", "no_word")
    counts, occurrences, places = Counter(names), [], read.places()
    for found, name in zip(words, names, strict=True):
        attention, age = read.over(places, found.start(), found.end())
        if age:
            holding = counted.containing[name]
            rarity = counts[name] / len(words) * (math.log((1 + counted.documents) / (1 + holding)) + 1)
            point = WordOccurrence(found.group(), *found.span(), rarity, attention, age, 1.0, counts[name], holding)
            occurrences.append(point)
    warnings = (*read.warnings, *_about(counted, frozenset(names)))
    cost = Cost(read.forward, 0, time.perf_counter() - start, model.info.device)
    return _result(model, request, read.text, occurrences, counted, cost, warnings)


def _progress(partial: Partial) -> Partial:
    return replace(partial, result=None)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A text, and of each token the mean attention of the steps that could see it, and how many they were."""

    text: str
    tokens: tuple[Token, ...]
    received: FloatArray
    seen: FloatArray
    forward: int
    warnings: tuple[Notice, ...]

    def over(self, places: FloatArray, start: int, end: int) -> tuple[float, int]:
        """Summed over the tokens that overlap the code points [start, end); the age is that of the oldest."""
        own = np.flatnonzero((places[:, 0] < end) & (places[:, 1] > start) & (self.seen > 0))
        return float(self.received[own].sum()), int(self.seen[own].max(initial=0))

    def places(self) -> FloatArray:
        """(token, 2) where each begins and ends; nowhere for those that are no part of the text."""
        return np.array([(t.start, t.end) if t.segment == 0 and not t.special else (0, 0) for t in self.tokens]).reshape(-1, 2)


def _read(model: TextModel, request: TfidfRequest, captures: Captures) -> Steps[_Read]:
    pad = model.substitutes.get("pad")
    if model.has_history:
        result: AttentionResult = yield from attend(model, request.attention, captures)
        if result.history is None or not len(result.history.patterns):
            raise UserError("Nothing was read that attention could look back over; type a longer text.", "no_attention")
        left_out = sinks(result.input.tokens, pad) if request.without_sinks else np.zeros(len(result.input.tokens), dtype=bool)
        received, seen = from_history(result.history, left_out)
        return _Read(result.input.text, result.input.tokens, received, seen, result.cost.forward, result.warnings)
    capture = yield from captured(model, request.attention, captures)
    usual = request.stack == "self" and "self" not in capture.stacks
    stack = stack_named(capture, "encoder" if usual else request.stack)
    layer = layer_numbered(stack, request.layer)
    if isinstance(request.head, int):
        check_head(layer, request.head)
        weights = pattern(layer, request.head)
    else:
        weights = yield from merged(layer, request.head)
    seen = seen_by(layer, stack.causal)
    if request.without_sinks:
        left_out = sinks(stack.keys, pad)
        weights = without_sinks(weights, left_out)
        seen[left_out] = 0
    received = weights.sum(0, dtype=torch.float64).numpy() / np.maximum(seen, 1)
    text = capture.decoder_input if stack.name == "decoder" and capture.decoder_input is not None else capture.input
    return _Read(text.text, stack.keys, received, seen, capture.forward, capture.warnings)


def from_history(history: History, left_out: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(token,) of the whole text: the mean weight over the steps whose window holds it, and how many they are.

    Args:
        left_out: (token,) bool: gets nothing, nor does padding then, and what is left of each row sums to 1.
    """
    places, weights = np.asarray(history.positions, dtype=np.int64), np.asarray(history.patterns, np.float64)
    tokens = len(left_out)
    inside = (places >= 0) & (places < tokens)
    inside[inside] = np.logical_not(left_out[places[inside]])
    if left_out.any():
        weights = np.where(inside, weights, 0)
        weights = weights / np.maximum(weights.sum(1, keepdims=True), np.finfo(np.float64).tiny)
    seen = np.bincount(places[inside], minlength=tokens)
    total = np.bincount(places[inside], weights=weights[inside], minlength=tokens)
    received: FloatArray = total / np.maximum(seen, 1)
    return received, seen.astype(np.float64)


def _about(counted: Counted, names: frozenset[str]) -> list[Notice]:
    """What the numbers cannot tell."""
    if counted.documents < 2:
        words = "The corpus is one document, which cannot tell rare words from common ones; give a table, a folder or more files."
        return [Notice(words, ONE_DOCUMENT)]
    missing = sum(not counted.containing[name] for name in names)
    if not missing:
        return []
    those = "is in no document and counts" if missing == 1 else "are in no document and count"
    return [Notice(f"{missing:,} of the text's {len(names):,} different words {those} as rarest.", NOT_IN_CORPUS)]


def _result(
    model: TextModel,
    request: TfidfRequest,
    text: str,
    points: Sequence[WordOccurrence],
    counted: Counted,
    cost: Cost,
    warnings: tuple[Notice, ...],
) -> TfidfResult:
    attention, age = np.array([point.attention for point in points]), np.array([point.age for point in points])
    rarity, expected = np.array([point.tfidf for point in points]), expected_by_age(attention, age)
    left = attention / expected
    return TfidfResult(
        request,
        model.info,
        text,
        tuple(replace(point, expected=float(value)) for point, value in zip(points, expected, strict=True)),
        _told(attention, rarity),
        _told(left, rarity),
        standing_out(left),
        counted.documents,
        counted.kinds,
        not of_one_age(age),
        cost,
        warnings,
    )


def standing_out(left: FloatArray) -> tuple[int, ...]:
    """The largest of what is left, at most ten, and only those as far above as most are off at all (one standard deviation)."""
    off = np.log(np.maximum(left, np.finfo(np.float64).tiny))
    known = off[left > 0]
    spread = float(known.std()) if len(known) else 0.0
    return tuple(int(at) for at in np.argsort(-off, kind="stable")[:_STANDOUTS] if spread > 0 and off[at] > spread)


def _told(first: FloatArray, second: FloatArray) -> float | None:
    found = spearman(first, second) if len(first) >= _FEWEST else math.nan
    return None if math.isnan(found) else found
