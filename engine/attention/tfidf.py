"""Does attention go to the words that are rare in a corpus? One point for each occurrence of a word in the text."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.attention.attend import attend, captured
from engine.attention.captures import Captures
from engine.attention.documents import documents_of
from engine.attention.heads import check_head, layer_numbered, merged
from engine.attention.layers import pattern
from engine.attention.ranks import spearman
from engine.attention_maps import AttentionResult, History, TfidfResult, WordOccurrence
from engine.corpora.corpus import open_corpus
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.models.model import TextModel
from engine.requests import TfidfRequest
from engine.results import FloatArray, Notice, Token

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_FEWEST = 3  # words that a correlation is told of
_STANDOUTS = 10  # at most


def tfidf(model: TextModel, request: TfidfRequest, captures: Captures) -> Steps[TfidfResult]:
    """Attention received beside TF-IDF.

    A word's TF is its share of the text's words, its IDF ln((1 + n) / (1 + n with it)) + 1 over the corpus's n documents.
    Older tokens were seen by more steps, and a step that sees much gives each of it less: what a parabola in ln(age), fitted
    by least squares, says of attention is taken out, and what is left is compared with TF-IDF again.

    Raises:
        UserError: the corpus or the model will not do.
    """
    read = yield from _read(model, request, captures)
    words = list(_WORD.finditer(read.text))
    if not words:
        raise UserError("There are no words in this text.", "empty_text")
    wanted = frozenset(found.group().lower() for found in words)
    documents, containing = yield from _counted(request.corpus, wanted)
    counts = Counter(found.group().lower() for found in words)
    rarity = {word: math.log((1 + documents) / (1 + containing[word])) + 1 for word in wanted}
    occurrences = []
    for found in words:
        attention, age = read.of(found.start(), found.end())
        word = found.group().lower()
        if age:
            point = WordOccurrence(found.group(), *found.span(), counts[word] / len(words) * rarity[word], attention, age, 0.0)
            occurrences.append(point)
    warnings = read.warnings
    if documents < 2:
        warnings = (*warnings, Notice("The corpus is one document, so every word is as rare as another.", "one_document"))
    return _result(request, occurrences, documents, warnings)


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A text, and of each token the mean attention of the steps that could see it, and how many they were."""

    text: str
    tokens: tuple[Token, ...]
    received: FloatArray
    seen: FloatArray
    warnings: tuple[Notice, ...]

    def of(self, start: int, end: int) -> tuple[float, int]:
        """Summed over the tokens that overlap the code points [start, end); the age is that of the oldest."""
        own = [at for at, t in enumerate(self.tokens) if t.segment == 0 and t.start < end and t.end > start and self.seen[at]]
        return float(self.received[own].sum()), int(max(self.seen[own], default=0))


def _read(model: TextModel, request: TfidfRequest, captures: Captures) -> Steps[_Read]:
    if model.has_history:
        result: AttentionResult = yield from attend(model, request.attention, captures)
        if result.history is None:
            raise UserError("Nothing was read that attention could look back over.", "no_attention")
        received, seen = from_history(result.history, len(result.input.tokens))
        return _Read(result.input.text, result.input.tokens, received, seen, result.warnings)
    capture = yield from captured(model, request.attention, captures)
    stack = capture.stacks["self" if "self" in capture.stacks else "encoder"]
    layer = layer_numbered(stack, request.layer)
    if isinstance(request.head, int):
        check_head(layer, request.head)
        weights = pattern(layer, request.head).numpy()
    else:
        weights = (yield from merged(layer, request.head)).numpy()
    queries, keys = weights.shape
    seen = queries - np.arange(keys) if stack.causal else np.full(keys, queries)
    return _Read(capture.input.text, stack.keys, weights.sum(0) / seen, seen, capture.warnings)


def from_history(history: History, tokens: int) -> tuple[FloatArray, FloatArray]:
    """(token,) of the whole text: the mean weight over the steps whose window holds it, and how many they are."""
    places = np.asarray(history.positions, dtype=np.int64)
    inside = (places >= 0) & (places < tokens)
    seen = np.bincount(places[inside], minlength=tokens)
    total = np.bincount(places[inside], weights=np.asarray(history.patterns, np.float64)[inside], minlength=tokens)
    received: FloatArray = total / np.maximum(seen, 1)
    return received, seen.astype(np.float64)


def _counted(sources: Sequence[str], wanted: frozenset[str]) -> Steps[tuple[int, Counter[str]]]:
    """How many documents there are, and how many hold each of the ``wanted`` words."""
    corpus = yield from open_corpus(sources)
    documents, containing = 0, Counter[str]()
    for done, file in enumerate(corpus.files):
        for document in documents_of(file.path, file.text(), alone=len(corpus.files) == 1):
            documents += 1
            containing.update(wanted.intersection(found.group().lower() for found in _WORD.finditer(document)))
        yield Partial(done + 1, len(corpus.files), doing="Counting words")
    return documents, containing


def _result(request: TfidfRequest, points: Sequence[WordOccurrence], documents: int, warnings: tuple[Notice, ...]) -> TfidfResult:
    attention = np.array([point.attention for point in points])
    rarity = np.array([point.tfidf for point in points])
    left = without_age(attention, np.array([point.age for point in points]))
    spread = float(left.std()) if len(left) else 0.0
    standing_out = [int(at) for at in np.argsort(-left, kind="stable")[:_STANDOUTS] if spread > 0 and left[at] > spread]
    return TfidfResult(
        request,
        tuple(replace(point, without_age=float(value)) for point, value in zip(points, left, strict=True)),
        _told(attention, rarity),
        _told(left, rarity),
        tuple(standing_out),
        documents,
        warnings,
    )


def without_age(attention: FloatArray, age: FloatArray) -> FloatArray:
    """(n,) residuals of the least squares fit of 1, ln(age) and ln(age)²; where all are of one age, of the mean.

    Where fewer than four points would let the parabola run through all of them, the mean is taken out.
    """
    if not len(attention):
        return attention
    past = np.log(np.maximum(age, 1))
    powers = 3 if len(np.unique(age)) > _FEWEST else 1
    columns = np.vander(past - past.mean(), powers)
    left: FloatArray = attention - columns @ np.linalg.lstsq(columns, attention, rcond=None)[0]
    return np.where(np.abs(left) < 1e-12 * np.abs(attention).max(), 0.0, left)


def _told(first: FloatArray, second: FloatArray) -> float | None:
    found = spearman(first, second) if len(first) >= _FEWEST else math.nan
    return None if math.isnan(found) else found
