"""Records made by hand. ``from tests.gui import made_records``."""

from dataclasses import replace

import numpy as np

from engine.records import RecordField, lay_out
from engine.requests import AttributionRequest, PredictionRequest, RecordInput
from engine.results import AttributionResult, ClassPrediction, ModelInfo, PredictionResult, ResolvedTarget, Token, TokenizedText
from tests.gui import made

FIELDS = (
    RecordField("day", 3, kind="choice", choices=("mon", "tue", "sun")),
    RecordField("hour", 2, align="right", kind="integer"),
    RecordField("weight", 4, align="right", kind="number"),
    RecordField("name", 5),
)
RECORD = RecordInput((("day", "mon"), ("hour", "8"), ("weight", "12.5"), ("name", "anna")))


def model() -> ModelInfo:
    """A regressor of ``FIELDS``."""
    return replace(
        made.model(),
        task="record_regression",
        labels=(),
        problem_type="regression",
        input_kind="record",
        fields=FIELDS,
        value_unit="minutes",
        baselines=("zero", "blank", "mean"),
    )


def document(given: RecordInput = RECORD) -> TokenizedText:
    """As the model reads it."""
    laid_out = lay_out(FIELDS, given)
    tokens = tuple(Token(c, c, ord(c), at, at + 1, False) for at, c in enumerate(laid_out.text))
    return TokenizedText(laid_out.text, tokens, fields=laid_out.fields)


def prediction(given: RecordInput = RECORD, value: float = 60.0) -> PredictionResult:
    """A number."""
    return PredictionResult(PredictionRequest(made.SHA, given), document(given), (ClassPrediction(None, 0, value, None),))


def result(values: np.ndarray, given: RecordInput = RECORD) -> AttributionResult:
    """A map of ``given``, a value for each character."""
    request = AttributionRequest(made.SHA, given)
    target = ResolvedTarget(None, 0, None, None, "logit")
    known = made.result(document(given), values.astype(np.float32))
    return replace(known, request=request, model=model(), prediction=prediction(given), target=target)
