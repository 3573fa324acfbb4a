"""The question of an optimisation held against the model, and what was found so far."""

import math
import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from engine.attribution.score import Score
from engine.attribution.target import check_position, classes, resolve, score_function
from engine.attribution.unit import read_unit
from engine.errors import UserError
from engine.models.model import Encoding, TextModel, require_output
from engine.optimisation.template import MOST_TOKENS, random_template, template_of
from engine.optimisation.vocabulary import Vocabulary
from engine.requests import OptimisationRequest, TextInput
from engine.results import ClassPrediction, Cost, FoundText, NearToken, Notice, ResolvedTarget, TextOptimisationResult

NEIGHBOURS = 5
MOST_STEPS = 100_000
WORTH_SAYING = 0.5  # a text that keeps less than this of what the embeddings gained is far from them


class Search:
    """Everything but the way: what is free, its score, and a record of the texts that were tried.

    Raises:
        UserError: the request does not fit the model, in one sentence.
    """

    def __init__(self, model: TextModel, request: OptimisationRequest) -> None:
        _check(model, request)
        self.model, self.request = model, request
        if request.start is None:
            self.template = random_template(model, request.tokens, request.seed)
        else:
            self.template = template_of(model, request.start)
        encoding = self.template.encoding
        self.target = _resolved(model, request, encoding)
        self._began = time.perf_counter()
        self.vocabulary = Vocabulary(model)
        batch = model.batch_size_for(encoding.ids.shape[1])
        self.score = Score(score_function(model, encoding, self.target), batch, model.recurrent)
        self._embedded = self.embed(encoding.ids)
        self._curve = np.full(request.steps + 1, np.nan)
        self._known: dict[tuple[int, ...], float] = {}
        self._looks: list[tuple[int, float, str]] = []
        self._near: tuple[tuple[NearToken, ...], ...] = ()
        self.start = self.best = self._found(tuple(encoding.ids[0].tolist()), 0)

    @property
    def free(self) -> Tensor:
        """Where the free tokens stand."""
        return self.template.free

    @torch.no_grad()
    def embed(self, ids: Tensor) -> Tensor:
        """See ``TextModel``; without a graph."""
        return self.model.embed(ids)

    def points_of_start(self) -> Tensor:
        """(n, d_model), a copy."""
        return self._embedded[0, self.free].clone()

    def points(self, free: Tensor) -> Tensor:
        """(n, d_model) for the free positions -> (1, seq, d_model)."""
        points = self._embedded.clone()
        points[0, self.free] = free
        return points

    def note(self, step: int, value: float) -> None:
        """The score of the embeddings after ``step`` steps."""
        if not math.isfinite(value):
            raise UserError("The score on the way is not a finite number; take a smaller learning rate.", "not_finite")
        self._curve[step] = value

    def look(self, embeddings: Tensor) -> Tensor:
        """The tokens nearest to (n, d_model) ``embeddings``, noted; (n,) the first of each."""
        beside = self.vocabulary.beside(embeddings, NEIGHBOURS)
        columns = zip(beside.ids.tolist(), beside.similarity.tolist(), beside.distance.tolist(), strict=True)
        self._near = tuple(
            tuple(NearToken(*near) for near in zip(ids, self.model.pieces(ids), similarities, distances, strict=True))
            for ids, similarities, distances in columns
        )
        return beside.ids[:, 0]

    def try_text(self, step: int, ids: Tensor) -> None:
        """(n,) real tokens at the free positions: put through the model, and kept where none was better."""
        full = tuple(self.template.with_tokens(ids[None])[0].tolist())
        value = self._value(full)
        if value > self.best.score:
            self.best = self._found(full, step)
        self._looks.append((step, value, self.template.text_of(self.model, full).text))

    def result(self, progress: float) -> TextOptimisationResult:
        """All that was found, as a copy."""
        steps, values, texts = zip(*self._looks, strict=True) if self._looks else ((), (), ())
        device = self.model.info.device
        found = TextOptimisationResult(
            request=self.request,
            model=self.model.info,
            target=self.target,
            start=self.start,
            best=self.best,
            positions=tuple(self.free.tolist()),
            near=self._near,
            score=self._curve[np.isfinite(self._curve)],
            text_steps=np.array(steps, dtype=np.float64),
            text_score=np.array(values, dtype=np.float64),
            texts=texts,
            cost=Cost(self.score.forward, self.score.backward, time.perf_counter() - self._began, device),
            progress=progress,
        )
        return replace(found, warnings=tuple(_warnings(found)))

    def _value(self, ids: tuple[int, ...]) -> float:
        """The score of a whole text; equal texts are evaluated once."""
        if ids not in self._known:
            self._known[ids] = float(self.score.values(self.embed(self._row(ids)))[0])
        return self._known[ids]

    def _found(self, ids: tuple[int, ...], step: int) -> FoundText:
        text, value = self.template.text_of(self.model, ids), self._value(ids)
        typed = _read(self.model, text)
        reads_back = typed is not None and tuple(typed.ids[0].tolist()) == ids
        typed_score = value if reads_back or typed is None else self._score_of(typed)
        prediction = self._prediction(replace(self.template.encoding, ids=self._row(ids)))
        return FoundText(ids, text, value, prediction, reads_back, None if typed is None else typed_score, step)

    def _row(self, ids: tuple[int, ...]) -> Tensor:
        return torch.tensor([ids], device=self.model.device)

    def _prediction(self, encoding: Encoding) -> tuple[ClassPrediction, ...]:
        """What the model says of a text, at the target's position where that is one of its outputs."""
        target = self.target
        position = check_position(None if target.layer is not None else target.position, self.model, encoding)
        also = () if target.layer is not None else tuple(i for i in (target.index, target.versus_index) if i is not None)
        return classes(self.model, _logits(self.model, encoding, position), also)

    def _score_of(self, encoding: Encoding) -> float | None:
        """The target's score of another text, asked for at the same place; None where that is not there."""
        wanted = self.request.target
        try:
            if self.target.layer is not None:
                position = read_unit(wanted.choice, wanted.position, self.model, encoding).position
            else:
                position = check_position(wanted.position, self.model, encoding)
        except UserError:
            return None
        function = score_function(self.model, encoding, replace(self.target, position=position))
        with torch.no_grad():
            return float(function(self.model.embed(encoding.ids))[0])


def _check(model: TextModel, request: OptimisationRequest) -> None:
    """Refuse what cannot be done before anything is computed."""
    require_output(model)
    for name, value, low, high in (
        ("tokens", request.tokens, 1, MOST_TOKENS),
        ("steps", request.steps, 1, MOST_STEPS),
        ("learning_rate", request.learning_rate, 1e-6, 100.0),
        ("pull", request.pull, 0.0, 1.0),
    ):
        if not low <= value <= high:
            raise UserError(f"{name} must lie between {low:g} and {high:,g}, and is {value:g}.", "out_of_range")


def _resolved(model: TextModel, request: OptimisationRequest, encoding: Encoding) -> ResolvedTarget:
    """Read once, of the start."""
    of_a_unit = request.target.choice.startswith("unit:")
    logits = _logits(model, encoding, check_position(None if of_a_unit else request.target.position, model, encoding))
    classes(model, logits)  # refuses what is not finite
    return resolve(request.target, model, encoding, logits)


@torch.no_grad()
def _logits(model: TextModel, encoding: Encoding, position: int | None) -> Tensor:
    """(n_outputs,) on the CPU."""
    return model.logits(model.embed(encoding.ids), encoding, position)[0].cpu()


def _read(model: TextModel, text: TextInput) -> Encoding | None:
    """As the model reads it when it is typed; None where it cannot."""
    try:
        return model.encode(text)
    except UserError:
        return None


def _warnings(found: TextOptimisationResult) -> list[Notice]:
    """What one should know before trusting the text, in words."""
    warnings = [notice for notice in found.model.warnings if notice.blocking]
    if found.request.target.versus is not None and found.target.versus_index is None:
        warnings.append(Notice(f"The predicted class is the true one: {found.target.label} is taken by itself.", "same_class"))
    if not found.best.reads_back:
        warnings.append(Notice(_not_read_back(found), "not_read_back"))
    if found.progress < 1:
        warnings.append(Notice(f"Stopped at {100 * found.progress:.0f} %: the search is not finished.", "stopped"))
    elif len(found.score):
        reached, gained = float(found.score[-1]) - found.start.score, found.best.score - found.start.score
        if gained < WORTH_SAYING * reached:
            words = (
                f"The continuous optimum is no text: it reaches {found.score[-1]:.3g}, and the best text of its nearest tokens "
            )
            warnings.append(Notice(words + f"only {found.best.score:.3g} (start {found.start.score:.3g}).", "no_text"))
    return warnings


def _not_read_back(found: TextOptimisationResult) -> str:
    typed = found.best.typed_score
    known = "is not read" if typed is None else f"has the score {typed:.3g}"
    return f"Typed, the best text is read as other tokens than these: that way it {known}."
