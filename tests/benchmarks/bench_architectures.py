"""Every method on every architecture, tiny and random: it runs, or the model is refused with its reason."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for the makers of tiny models, which the tests share

import numpy as np

from bench import Row, benchmark
from engine.attribution.explain import explain
from engine.attribution.registry import METHODS
from engine.devices import leave_a_core_free
from engine.errors import LoadError, UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttributionRequest, Target, TextInput
from tests.engine.tiny_models import ARCHITECTURES, TEXT, opened, write

LANGUAGE_MODELS = {"CausalLM": ("gpt2", "llama", "qwen2", "gemma"), "MaskedLM": ("bert", "roberta", "modernbert", "deberta-v2")}


@benchmark
def every_method_on_every_architecture() -> Iterator[Row]:
    leave_a_core_free()
    for model_type in ARCHITECTURES:
        yield _row(model_type, "SequenceClassification")
    for head, model_types in LANGUAGE_MODELS.items():
        for model_type in model_types:
            yield _row(model_type, head)


def _row(model_type: str, head: str) -> Row:
    """Methods that ran; a model that is refused when it is opened has none to run."""
    what = f"{model_type} for {head}: methods that ran"
    with tempfile.TemporaryDirectory() as folder:
        try:
            model = opened(write(Path(folder), model_type, head=head))
        except LoadError as refusal:
            return Row(what, 0, unit="", figures=f"refused: {refusal.message}")
    said = {name: _said(model, name, head) for name in METHODS if "text" in METHODS[name].description.inputs}
    ran = sum(words != "failed" for words in said.values())
    odd = "; ".join(
        f"{', '.join(method for method in said if said[method] == words)} {words}"
        for words in dict.fromkeys(said.values())
        if words != "ran"
    )
    return Row(what, ran, at_least=len(said), unit="", figures=odd or "all complete where they promise it")


def _said(model: TextModel, method: str, head: str) -> str:
    target = Target(position=2 if head == "MaskedLM" else None)
    try:
        result = run(explain(model, AttributionRequest("any", TextInput(TEXT), target, method)))
    except UserError as refusal:
        return f"refused ({refusal.message})"
    if not np.isfinite(result.values).all():
        return "failed"
    sums = result.completeness  # of LRP too, though what biases hold of the score is missing there
    return "ran" if sums is None or sums.converged or sums.conservation else "not converged"
