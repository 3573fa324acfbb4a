"""What could stand in a word's place: the model's word for nothing, and other words that would change its answer."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import regex
import torch
from torch import Tensor

from engine.attribution.explain import predict
from engine.attribution.score import Score
from engine.attribution.target import classes
from engine.datasets.editing import replaced, with_segment
from engine.edits import BlankKind, OptionSource, WordOption, WordOptionsResult
from engine.errors import UserError
from engine.jobs import Partial, Steps, run
from engine.models.model import Encoding, TextModel
from engine.optimisation.vocabulary import Vocabulary
from engine.requests import PredictionRequest, TextInput, WordOptionsRequest
from engine.results import ClassPrediction, Cost

PROMISING = 96  # tokens, of those the gradient promises most of
_TRIED = 32  # words of them that are put through the model
_AT_ONCE = 8
_MOST_OPTIONS = 50
_UNREADABLE = ("⁇", "\ufffd", "qqzzx")  # what a vocabulary hardly knows
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}\p{M}'’\-]*")
_BLANKS: tuple[BlankKind, ...] = ("mask", "unk")
NO_CLASSES = "Other words are suggested where a model chooses one class of several, or guesses what is masked."


def word_options(model: TextModel, request: WordOptionsRequest) -> Steps[WordOptionsResult]:
    """Words for one place, each tried in the text as it would be typed.

    Raises:
        UserError: there is no such place in what the model reads.
    """
    yield Partial(0, doing="Trying other words")
    start = time.perf_counter()
    place = _Place(model, request)
    blank, kind = place.blank()
    original: tuple[ClassPrediction, ...] = ()
    options: list[WordOption] = []
    source: OptionSource | None = None
    because, cost = "", (0, 0)
    if model.info.task == "masked_lm" and kind == "mask":
        source, options, cost = "masked_lm", place.guessed(blank), (1, 0)
    elif model.info.task == "text_classification" and model.info.problem_type == "single_label" and len(model.info.labels) > 1:
        original = run(predict(model, PredictionRequest(request.model_sha256, request.input))).classes
        source = "hotflip"
        options, cost = yield from _swaps(place, original[0].index)
        cost = (cost[0] + 1, cost[1])
    else:
        because = NO_CLASSES
    if source is not None and not options:
        because = "No other single word was found for this place."
    spent = Cost(*cost, time.perf_counter() - start, model.info.device)
    return WordOptionsResult(request, model.info, original, blank, kind, tuple(options), source, because, spent)


@dataclass(slots=True, eq=False)
class _Place:
    """A word of a text, and the tokens it is read as."""

    model: TextModel
    request: WordOptionsRequest
    encoding: Encoding
    tokens: list[int]

    def __init__(self, model: TextModel, request: WordOptionsRequest) -> None:
        self.model, self.request = model, request
        text = self._text()
        if not 1 <= request.count <= _MOST_OPTIONS:
            raise UserError(f"Between 1 and {_MOST_OPTIONS} words can be suggested, not {request.count}.", "out_of_range")
        if not 0 <= request.start < request.end <= len(text):
            raise UserError("There is no such place in the text.", "no_such_place")
        self.encoding = model.encode(request.input)
        self.tokens = self._within(self.encoding, request.start, request.end)
        if not self.tokens:
            raise UserError("The model does not read this part of the text.", "not_read")

    def _text(self) -> str:
        return (self.request.input.pair or "") if self.request.segment else self.request.input.text

    @property
    def word(self) -> str:
        return self._text()[self.request.start : self.request.end]

    def _within(self, encoding: Encoding, start: int, end: int) -> list[int]:
        return [
            at
            for at, token in enumerate(encoding.input.tokens)
            if not token.special and token.segment == self.request.segment and token.start < end and token.end > start
        ]

    def with_word(self, word: str) -> TextInput:
        """The text with ``word`` in the place."""
        text = replaced(self._text(), (self.request.start, self.request.end), word)
        return with_segment(self.request.input, self.request.segment, text)

    def read(self, word: str) -> tuple[Encoding, list[int]] | None:
        """The text with ``word``, and the ids of the tokens in the place; None: it cannot be read."""
        try:
            encoding = self.model.encode(self.with_word(word))
        except UserError:
            return None
        within = self._within(encoding, self.request.start, self.request.start + len(word))
        return encoding, encoding.ids[0, within].tolist()

    def blank(self) -> tuple[str, BlankKind | None]:
        """What can be typed for “no word” and is read so: whole tokens of the kind, nothing else."""
        for kind in _BLANKS:
            id = self.model.substitutes.get(kind)
            if id is None:
                continue
            for word in (self.model.pieces([id])[0], *(_UNREADABLE if kind == "unk" else ())):
                found = self.read(word)
                if found is not None and found[1] and set(found[1]) == {id}:
                    return word, kind
        return "", None

    def guessed(self, blank: str) -> list[WordOption]:
        """Of a masked language model: what it would say there."""
        asked = self.read(blank)
        assert asked is not None, "it was read"
        encoding, _ = asked
        (position,) = self._within(encoding, self.request.start, self.request.start + len(blank))
        said = run(predict(self.model, PredictionRequest(self.request.model_sha256, self.with_word(blank), position)))
        words = ((one, (one.label or "").strip()) for one in said.classes)
        found = [
            WordOption(word, self.with_word(word), (), one.probability)
            for one, word in words
            if word and not word.startswith("##") and word != self.word
        ]
        return found[: self.request.count]


def _swaps(place: _Place, predicted: int) -> Steps[tuple[list[WordOption], tuple[int, int]]]:
    """Those the gradient promises most of, put in, the one that takes most from the predicted class first.

    Source: Ebrahimi, Rao, Lowd & Dou, "HotFlip: White-Box Adversarial Examples for Text Classification", ACL 2018,
    arXiv:1712.06751, eq. 10; what follows it here is no estimate.
    """
    model, score = place.model, _distance(place, predicted)
    first = place.tokens[0]
    with torch.no_grad():
        point = model.embed(place.encoding.ids)
    gradient = score.gradient(point)[0, first]
    _, ids = Vocabulary(model).steepest(gradient[None], point[0, first][None], PROMISING)
    yield Partial(0, 1, doing="Trying other words")
    tried = _readable(place, ids[0].tolist())
    found: list[WordOption] = []
    for at in range(0, len(tried), _AT_ONCE):
        found += _predicted(place, tried[at : at + _AT_ONCE])
        yield Partial(at + _AT_ONCE, len(tried), doing="Trying other words")
    found.sort(
        key=lambda option: next(one.logit for one in option.prediction if one.index == predicted) - _rival(option, predicted)
    )
    return found[: place.request.count], (score.forward + len(tried), score.backward)


def _rival(option: WordOption, predicted: int) -> float:
    return max(one.logit for one in option.prediction if one.index != predicted)


def _distance(place: _Place, predicted: int) -> Score:
    """How far the strongest other class is above the predicted one."""

    def above(embeddings: Tensor) -> Tensor:
        logits = place.model.logits(embeddings, place.encoding)
        others = torch.ones(logits.shape[1], dtype=torch.bool, device=logits.device)
        others[predicted] = False
        return logits[:, others].amax(dim=1) - logits[:, predicted]

    return Score(above, place.model.batch_size_for(place.encoding.ids.shape[1]), place.model.recurrent)


def _readable(place: _Place, ids: Sequence[int]) -> list[tuple[str, Encoding]]:
    """Words that are read as exactly the one token they were written for; a word in a word's place, a mark in a mark's."""
    wants_word = _WORD.fullmatch(place.word) is not None
    found: list[tuple[str, Encoding]] = []
    known = {place.word.casefold()}
    for id in ids:
        word = place.model.text_of([id]).strip()
        if not word or word.casefold() in known or (_WORD.fullmatch(word) is not None) != wants_word:
            continue
        known.add(word.casefold())
        read = place.read(word)
        if read is not None and read[1] == [id] and (not found or read[0].ids.shape == found[0][1].ids.shape):
            found.append((word, read[0]))
            if len(found) == _TRIED:
                break
    return found


@torch.no_grad()
def _predicted(place: _Place, tried: Sequence[tuple[str, Encoding]]) -> list[WordOption]:
    """All of one length: a token stands where the word stood."""
    ids = torch.cat([encoding.ids for _, encoding in tried])
    logits = place.model.logits(place.model.embed(ids), tried[0][1]).cpu()
    return [
        WordOption(word, place.with_word(word), classes(place.model, row)) for (word, _), row in zip(tried, logits, strict=True)
    ]
