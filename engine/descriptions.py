"""What a method says of itself: controls, command-line options and help are made from this, torch-free."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.requests import Parameter, Reduction

if TYPE_CHECKING:
    from engine.results import ModelInfo

ParameterType = Literal["bool", "int", "float", "str"]

AXIOMS = {
    "completeness": "The attributions add up to f(input) − f(baseline).",
    "sensitivity": "A feature that alone differs from the baseline and changes the score is not given zero.",
    "dummy": "A feature the score does not depend on is given zero.",
    "linearity": "The attribution of a·f + b·g is a times that of f plus b times that of g.",
    "symmetry": "Features that the score treats alike, with equal values, are given equal attributions.",
    "implementation_invariance": "Two networks that compute the same function are given the same attribution.",
}


@dataclass(frozen=True, slots=True)
class OnlyWith:
    """A parameter counts only while another one has ``value`` (``unless``: while it has any other)."""

    parameter: str
    value: Parameter
    unless: bool = False

    def holds(self, values: Mapping[str, Parameter]) -> bool:
        """``values``: of all parameters, defaults included."""
        return (values.get(self.parameter) == self.value) is not self.unless

    def in_words(self) -> str:
        """When it counts, as a sentence."""
        name, value = self.parameter.replace("_", " "), "auto" if self.value is None else str(self.value).replace("_", " ")
        return f"Counts unless {name} is {value}." if self.unless else f"Counts only while {name} is {value}."


@dataclass(frozen=True, slots=True)
class ParameterDescription:
    """One keyword of a method. ``default`` None means "found by the method itself"; ``help`` says how."""

    name: str
    type: ParameterType
    default: Parameter
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None
    help: str = ""
    only_with: OnlyWith | None = None


@dataclass(frozen=True, slots=True)
class MethodDescription:
    """One attribution method.

    Args:
        needs: what a model must offer, ``differentiable``, ``relu``, ``averaged`` (a last map whose mean is classified).
        signed: positive raises the score, negative lowers it; otherwise a magnitude.
        complete: promises that the attributions add up to f(input) − f(baseline).
        uses_baseline: the baseline changes the answer.
        uses_seed: the seed changes the answer.
        uses_target: the target changes the answer.
        axioms: keys of ``AXIOMS`` that it keeps; the others are known to fail.
        reduction, image_reduction: its own, over d_model and over the channels of a pixel (None: the same).
    """

    id: str
    label: str
    summary: str
    source: str
    inputs: tuple[str, ...]
    needs: tuple[str, ...]
    signed: bool
    complete: bool
    axioms: tuple[str, ...]
    reduction: Reduction
    parameters: tuple[ParameterDescription, ...]
    uses_baseline: bool
    uses_seed: bool
    uses_target: bool
    image_reduction: Reduction | None = None

    def reduction_of(self, model: "ModelInfo") -> Reduction:
        """How the values of a feature become one where the user does not say."""
        return self.image_reduction or self.reduction if model.input_kind == "image" else self.reduction

    def unavailable_because(self, model: "ModelInfo") -> str | None:
        """Why this method cannot run on ``model``, as a sentence, or None when it can."""
        if model.input_kind not in self.inputs:
            return f"{self.label} reads {' or '.join(self.inputs)}; this model reads {model.input_kind}."
        because = model.unexplained_because
        if because is None and "relu" in self.needs and not model.rectified:
            because = f"{self.label} needs ReLUs; this model has none."
        if because is None and "averaged" in self.needs and model.averaged is None:
            because = f"{self.label} needs a network that averages its last map and classifies that alone; Grad-CAM does not."
        return because
