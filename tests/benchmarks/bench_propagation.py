"""LRP against input × gradient, which is the same passes with the plain gradient; DeepLIFT, for comparison."""

from collections.abc import Callable, Iterator, Mapping

import torch

from bench import Row, benchmark, seconds
from engine.attribution.deeplift import deeplift
from engine.attribution.input_x_gradient import input_x_gradient
from engine.attribution.lrp import lrp
from engine.attribution.score import Score
from engine.attribution.target import score_function
from engine.devices import BatchSize, leave_a_core_free
from engine.inputs.baselines import baseline_for
from engine.jobs import run
from engine.models.model import TextModel
from engine.models.opening import open_model
from engine.requests import OpenModelRequest, TextInput
from engine.results import ResolvedTarget

REVIEW = "Not once does it come close to being exciting, and the ending left nobody in the whole room in any doubt about that. "
REPEATS: Mapping[str, tuple[int, ...]] = {"movie-sentiment": (1, 8), "tiny-gpt": (1, 8), "news-bilstm": (1, 8)}
BAR = 1.3


@benchmark
def relevance_costs_about_a_gradient() -> Iterator[Row]:
    leave_a_core_free()
    for sample, repeats in REPEATS.items():
        model = run(open_model(OpenModelRequest(sample)))
        for times in repeats:
            yield from _rows(sample, model, times * REVIEW)


def _rows(sample: str, model: TextModel, text: str) -> Iterator[Row]:
    encoding = model.encode(TextInput(text))
    position = len(encoding.input.tokens) - 1 if model.info.task == "causal_lm" else None
    target = ResolvedTarget(None, 0, None, None, "logit", position)
    with torch.no_grad():
        inputs, baseline = model.embed(encoding.ids), baseline_for("zero", model, encoding).embeddings
    score = Score(score_function(model, encoding, target), BatchSize(1, 1), model.recurrent)
    steps: tuple[Callable[[], object], ...] = (
        lambda: run(input_x_gradient(score, inputs)),
        lambda: run(lrp(score, inputs)),
        lambda: run(deeplift(score, inputs, baseline=baseline)),
    )
    gradient, relevance, difference = seconds(*steps, repeats=15, warm_up=3)
    what = f"{sample}, {len(encoding.input.tokens)} tokens ÷ input × gradient"
    figures = f"{1000 * gradient:.1f} ms"
    bar = None if model.recurrent else BAR  # torch's fused gradient of an LSTM has no rules that could be changed
    yield Row(f"LRP on {what}", relevance / gradient, at_most=bar, figures=f"{1000 * relevance:.1f} ms, {figures}")
    yield Row(f"DeepLIFT on {what}", difference / gradient, figures=f"{1000 * difference:.1f} ms, {figures}")
