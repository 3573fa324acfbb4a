"""What the controls hold, frozen: with a model and a text it is a request."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.requests import (
    DEFAULT_METHOD,
    AttributionRequest,
    Input,
    Parameter,
    Reduction,
    Target,
)

PREDICTED = "predicted"
TRUE = "true"
_RESERVED = (PREDICTED, TRUE)
_FORCED = ("label:", "index:", "unit:")


@dataclass(frozen=True, slots=True)
class Choices:
    """Fields as in ``AttributionRequest``; what the method does not use stands at its default."""

    target: Target = field(default_factory=Target)
    method: str = DEFAULT_METHOD
    baselines: tuple[str, ...] = ("zero",)
    reduction: Reduction | None = None
    seed: int = 0
    parameters: tuple[tuple[str, Parameter], ...] = ()
    background: str | None = None

    def request(self, input: Input, model_sha256: str) -> AttributionRequest:
        """Why did the model say that?"""
        return AttributionRequest(
            model_sha256,
            input,
            self.target,
            self.method,
            self.baselines,
            self.reduction,
            self.seed,
            self.parameters,
            self.background,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is set in the method panel, also what the chosen method does not use."""

    method: str
    wishes: tuple[tuple[str, tuple[tuple[str, Parameter], ...]], ...]  # what was set, by method
    target: Target
    baselines: tuple[str, ...]
    background: str
    reduction: Reduction | None
    seed: int

    def differences(self, other: "Snapshot") -> dict[str, object]:
        """What ``other`` has otherwise: names as on screen, and its values."""
        found: dict[str, object] = {}
        for name in ("method", "baselines", "background", "reduction", "seed"):
            if getattr(self, name) != getattr(other, name):
                found[name] = getattr(other, name)
        for name in ("choice", "versus", "true", "score", "position"):
            if getattr(self.target, name) != getattr(other.target, name):
                found["target" if name == "choice" else name] = getattr(other.target, name)
        ours, theirs = dict(self.wishes), dict(other.wishes)
        for method in ours.keys() | theirs.keys():
            mine, its = dict(ours.get(method, ())), dict(theirs.get(method, ()))
            found |= {name: its.get(name) for name in mine.keys() | its.keys() if mine.get(name) != its.get(name)}
        return found


def choice_for(labels: Sequence[str], index: int) -> str:
    """A target's spelling that means output ``index`` and nothing else: its label where that is plain."""
    if index >= len(labels):
        return f"index:{index}"
    label = labels[index]
    plain = label not in _RESERVED and not label.startswith(_FORCED) and not label.strip().lstrip("+-").isdigit()
    return label if label.strip() and plain and Counter(labels)[label] == 1 else f"index:{index}"


def choices_for(labels: Sequence[str]) -> tuple[str, ...]:
    """``choice_for`` of every output."""
    counts = Counter(labels)
    return tuple(
        choice_for((label,), 0) if counts[label] == 1 and choice_for((label,), 0) == label else f"index:{index}"
        for index, label in enumerate(labels)
    )
