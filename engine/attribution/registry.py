"""The attribution methods, each one file that registers itself. Controls and command-line options come from here."""

import inspect
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from torch import Tensor

from engine.attribution.attribution import Attribution
from engine.attribution.score import Score
from engine.descriptions import AXIOMS, MethodDescription, OnlyWith, ParameterDescription, ParameterType
from engine.errors import UserError
from engine.jobs import Steps
from engine.requests import Parameter, Reduction

if TYPE_CHECKING:
    from engine.attribution.layer_map import Layers

Function = Callable[..., Steps[Attribution]]
_GIVEN = ("score", "inputs", "baseline", "baselines", "seed", "layers")  # by the engine, not by the user's form


@dataclass(frozen=True, slots=True)
class Range:
    """The bounds of a number, both included: ``steps: Annotated[int, Range(1, 1000)]``."""

    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Method:
    """A registered method: what it says of itself, and the generator that computes it."""

    description: MethodDescription
    function: Function

    @property
    def takes_all_baselines(self) -> bool:
        """It averages over a set of baselines itself, rather than being run once for each."""
        return "baselines" in inspect.signature(self.function).parameters

    @property
    def looks_inside(self) -> bool:
        """It asks what single layers of the model give."""
        return "layers" in inspect.signature(self.function).parameters

    def steps(
        self,
        score: Score,
        inputs: Tensor,
        baseline: Tensor,
        seed: int,
        parameters: Mapping[str, Parameter],
        layers: "Layers | None" = None,
    ) -> Steps[Attribution]:
        """Start it on an input, (1, seq, d_model), and a baseline of that shape (or a set of them, stacked)."""
        arguments: dict[str, Any] = {"seed": seed} if self.description.uses_seed else {}
        arguments |= {"layers": layers} if self.looks_inside else {}
        if self.description.uses_baseline:
            arguments["baselines" if self.takes_all_baselines else "baseline"] = baseline
        return self.function(score, inputs, **arguments, **parameters)

    def effective(self, given: Mapping[str, Parameter]) -> dict[str, Parameter]:
        """Every parameter's value, those the user left alone included.

        Raises:
            UserError: no such parameter, or a value of the wrong type or out of its bounds.
        """
        known = {p.name: p for p in self.description.parameters}
        for name in given:
            if name not in known:
                there = f"it has {', '.join(known)}" if known else "it has none"
                raise UserError(f"{self.description.label} has no parameter “{name}”; {there}.", "no_such_parameter")
        return {name: _checked(p, given[name]) if name in given else p.default for name, p in known.items()}


METHODS: dict[str, Method] = {}


def method(method_id: str) -> Method:
    """The method registered as ``method_id``.

    Raises:
        UserError: there is none.
    """
    if method_id not in METHODS:
        raise UserError(f"There is no method “{method_id}”; there are {', '.join(METHODS)}.", "no_such_method")
    return METHODS[method_id]


def attribution_method(
    method_id: str,
    *,
    label: str,
    signed: bool,
    complete: bool,
    axioms: tuple[str, ...],
    reduction: Reduction = "sum",
    image_reduction: Reduction | None = None,
    inputs: tuple[str, ...] = ("text", "record"),
    needs: tuple[str, ...] = ("differentiable",),
    uses_target: bool = True,
) -> Callable[[Function], Function]:
    """Register a generator function as an attribution method.

    Its keyword parameters become controls and options: annotate them with ``Annotated[int, Range(…)]`` or ``Literal[…]``,
    with ``OnlyWith(…)`` where another one decides whether they count, and say what each does under ``Args:`` in its docstring.
    """
    unknown = set(axioms) - set(AXIOMS)
    if unknown or complete != ("completeness" in axioms):
        raise ValueError(f"{method_id}: axioms {axioms} are unknown or disagree with complete={complete}")

    def register(function: Function) -> Function:
        signature = inspect.signature(function)
        documentation = inspect.getdoc(function) or ""
        METHODS[method_id] = Method(
            MethodDescription(
                id=method_id,
                label=label,
                summary=_plain(documentation.partition("\n\n")[0]),
                source=_section(documentation, "Source"),
                inputs=inputs,
                needs=needs,
                signed=signed,
                complete=complete,
                axioms=axioms,
                reduction=reduction,
                image_reduction=image_reduction,
                parameters=_parameters(function, signature, documentation),
                uses_baseline=bool({"baseline", "baselines"} & set(signature.parameters)),
                uses_seed="seed" in signature.parameters,
                uses_target=uses_target,
            ),
            function,
        )
        return function

    return register


def _parameters(function: Function, signature: inspect.Signature, documentation: str) -> tuple[ParameterDescription, ...]:
    hints = get_type_hints(function, include_extras=True)
    names = [name for name in signature.parameters if name not in _GIVEN]
    return tuple(_parameter(name, hints[name], signature.parameters[name].default, documentation) for name in names)


def _parameter(name: str, hint: Any, default: Parameter, documentation: str) -> ParameterDescription:
    notes: list[Any] = []
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
    bounds = next((note for note in notes if isinstance(note, Range)), None)
    only_with = next((note for note in notes if isinstance(note, OnlyWith)), None)
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    choices = get_args(hint) if get_origin(hint) is Literal else None
    kind: ParameterType = "str" if choices else hint.__name__
    low, high = (bounds.minimum, bounds.maximum) if bounds else (None, None)
    return ParameterDescription(name, kind, default, low, high, choices, _argument(documentation, name), only_with)


def _argument(documentation: str, name: str) -> str:
    """What ``Args:`` says of ``name``."""
    found = re.search(rf"^    {name}: (.*(?:\n {{8}}.*)*)", _raw_section(documentation, "Args"), re.MULTILINE)
    return _plain(found.group(1)) if found else ""


def _section(documentation: str, title: str) -> str:
    return _plain(_raw_section(documentation, title))


def _raw_section(documentation: str, title: str) -> str:
    found = re.search(rf"^{title}:(.*?)(?=^\w[\w ]*:|\Z)", documentation, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else ""


def _plain(text: str) -> str:
    """One line, without the marks that are only for reading the source."""
    return " ".join(text.replace("``", "").split())


def _checked(parameter: ParameterDescription, value: Parameter) -> Parameter:
    """``value`` in the parameter's type: True, 1 and 1.0 are one key to Python, but not one question."""
    if value is None and parameter.default is None:
        return None
    if parameter.choices is not None and value not in parameter.choices:
        raise UserError(f"{parameter.name} must be one of {', '.join(parameter.choices)}, not {value!r}.", "bad_parameter")
    allowed = {"bool": (bool,), "int": (int,), "float": (int, float), "str": (str,)}[parameter.type]
    if not isinstance(value, allowed) or (isinstance(value, bool) and parameter.type != "bool"):
        raise UserError(f"{parameter.name} must be of type {parameter.type}, not {value!r}.", "bad_parameter")
    if isinstance(value, (str, bool)) or value is None:
        return value
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and not value >= low) or (high is not None and not value <= high):
        raise UserError(f"{parameter.name} must be between {low:g} and {high:g}, not {value}.", "bad_parameter")
    return float(value) if parameter.type == "float" else value
