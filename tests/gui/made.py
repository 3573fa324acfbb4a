"""Results made by hand: what a view needs, and nothing that computes."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.descriptions import MethodDescription
from engine.requests import AttributionRequest, ImageInput, PredictionRequest, TextInput
from engine.results import (
    AttributionResult,
    BaselineInfo,
    ClassPrediction,
    Completeness,
    Cost,
    ModelInfo,
    Notice,
    PathCurve,
    PredictionResult,
    ReadImage,
    ResolvedTarget,
    Token,
    TokenizedText,
)

SHA = "ab" * 32
COST = Cost(24, 22, 0.31, "cpu")
POSITIVE = ResolvedTarget("positive", 1, None, None, "logit")
PIECES = re.compile(r"\w{1,6}|[^\w\s]")


def pieces(text: str, segment: int = 0) -> list[Token]:
    """Words cut after six letters, and every other sign."""
    found = enumerate(PIECES.finditer(text))
    return [Token(m.group(), m.group().lower(), 100 + i, m.start(), m.end(), False, segment) for i, m in found]


def special(name: str, segment: int = 0) -> Token:
    return Token("", name, 1, 0, 0, True, segment)


def document(text: str, pair: str | None = None, cut: tuple[int, int] | None = None) -> TokenizedText:
    """As a BERT would have it; the tokens of what was cut are gone."""
    read = [token for token in pieces(text) if cut is None or token.end <= cut[0]]
    tokens = [special("[CLS]"), *read, special("[SEP]")]
    if pair is not None:
        tokens += [*pieces(pair, 1), special("[SEP]", 1)]
    return TokenizedText(text, tuple(tokens), pair, cut)


def spans(text: str, *offsets: tuple[int, int]) -> TokenizedText:
    """Tokens exactly there."""
    return TokenizedText(text, tuple(Token(text[a:b], text[a:b], i, a, b, False) for i, (a, b) in enumerate(offsets)))


def prediction(
    doc: TokenizedText | None = None,
    logits: Sequence[float] = (-1.2, 2.1),
    labels: Sequence[str | None] = ("negative", "positive"),
    probabilities: Sequence[float | None] | None = None,
) -> PredictionResult:
    doc = doc or document("A fine film.")
    shares = np.exp(np.array(logits) - max(logits))
    odds = list(probabilities) if probabilities is not None else [float(p) for p in shares / shares.sum()]
    made = [ClassPrediction(label, i, z, p) for i, (label, z, p) in enumerate(zip(labels, logits, odds, strict=True))]
    made.sort(key=lambda one: -one.logit)
    return PredictionResult(PredictionRequest(SHA, TextInput(doc.text, doc.pair)), doc, tuple(made))


def model(labels: tuple[str, ...] = ("negative", "positive")) -> ModelInfo:
    return ModelInfo(
        "/models/movie-sentiment", "huggingface", "text_classification", labels, "single_label", 1, "float32",
        1, 1, "wordpiece", (), (), None, ("attribution",), (), SHA,
    )  # fmt: skip


def method(*, signed: bool = True, complete: bool = True) -> MethodDescription:
    name = "Integrated Gradients" if complete else "Saliency"
    return MethodDescription(name.lower(), name, "", "", ("text",), (), signed, complete, (), "sum", (), complete, False, True)


def completeness(converged: bool = True, f_input: float = 2.14, f_baseline: float = -0.31, total: float = 2.44) -> Completeness:
    delta = total - (f_input - f_baseline)
    return Completeness(f_input, f_baseline, total, delta, 0.004 if converged else 0.13, 0.004, converged, 0.01)


def result(
    doc: TokenizedText | None = None,
    values: Sequence[float] | np.ndarray | None = None,
    *,
    signed: bool = True,
    complete: bool = True,
    sums: Completeness | None = None,
    path: PathCurve | None = None,
    progress: float = 1.0,
    warnings: tuple[str, ...] = (),
    cost: Cost = COST,
    baseline_probability: float = 0.58,
    target: ResolvedTarget = POSITIVE,
) -> AttributionResult:
    doc = doc or document("A fine film.")
    if values is None:
        values = np.linspace(-1, 1, len(doc.tokens))
    on_baseline = (ClassPrediction("negative", 0, 0.3, baseline_probability),)
    return AttributionResult(
        request=AttributionRequest(SHA, TextInput(doc.text, doc.pair)),
        model=model(),
        method=method(signed=signed, complete=complete),
        prediction=prediction(doc),
        target=target,
        values=np.asarray(values, dtype=np.float32),
        reduction="sum",
        parameters=(("n_steps", 22),) if complete else (),
        baselines=(BaselineInfo("zero", on_baseline, baseline_probability > 0.9),) if complete else (),
        completeness=(sums or completeness()) if complete and progress >= 1 else None,
        cost=cost,
        path=path,
        warnings=tuple(Notice(words) for words in warnings),
        progress=progress,
    )


def pixels(width: int = 60, height: int = 40) -> np.ndarray:
    """(height, width, 3): red grows to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([x, y, np.full_like(x, 128)], axis=-1).astype(np.uint8)


def read_image(
    path: str = "/pictures/cat.png", crop: tuple[float, float, float, float] = (10, 0, 50, 40), shape: tuple[int, int] = (8, 8)
) -> ReadImage:
    """60 × 40 pixels, of which a square in the middle is read as 8 × 8."""
    return ReadImage(path, (60, 40), pixels(), crop, shape, ("resized to 8 × 12", "centre 8 × 8"))


def image_result(values: np.ndarray | None = None, read: ReadImage | None = None, **changes: Any) -> AttributionResult:
    """A map over a picture: by default 63 zeros and a one in row 2, column 5."""
    read = read or read_image()
    if values is None:
        values = np.zeros(read.shape, dtype=np.float32)
        values[2, 5] = 1.0
    made = result(values=values, **changes)
    given = ImageInput(read.path, "cd" * 32)
    said = replace(made.prediction, input=read, request=PredictionRequest(SHA, given))
    of = replace(made.model, task="image_classification", input_kind="image", tokenizer=None)
    return replace(made, request=replace(made.request, input=given), prediction=said, model=of)


def curve() -> PathCurve:
    alpha = np.linspace(0, 1, 22)
    score = alpha**3
    slope = 3 * alpha**2
    slope[3] = np.nan
    return PathCurve(alpha, score, slope)
