"""What a network computed on a reference input, remembered call by call for those who compare."""

from collections.abc import Collection
from typing import Any

from torch import Tensor, nn

from engine.attribution.propagation.rules import Arguments, Function, Options, Propagation, tensors_in

ACTIVATION = "activation"  # of a module that was run by itself


class Reference(Propagation):
    """While it lasts, every call of a function in ``names`` is remembered with its arguments, in order."""

    def __init__(self, label: str, names: Collection[str]) -> None:
        super().__init__(label)
        self.rules = dict.fromkeys(names, _as_it_is)
        self._calls: list[tuple[str, Arguments, Options]] = []

    def __enter__(self) -> "Reference":
        self._calls.clear()  # of a run that memory was too short for
        super().__enter__()
        return self

    def met(self, name: str, func: Function, args: Arguments, kwargs: Options) -> Any:
        """See ``Propagation``; what is changed in place later is remembered as it was."""
        self._calls.append((name, _copies(args), {key: _copy(value) for key, value in kwargs.items()}))
        return func(*args, **kwargs)

    def activated(self, module: nn.Module, inputs: Tensor, output: Tensor) -> Tensor:
        """See ``Propagation``."""
        self._calls.append((ACTIVATION, (_copy(inputs), _copy(output)), {}))
        return output

    def call(self, number: int, name: str) -> tuple[Arguments, Options] | None:
        """What call ``number`` was given; None: there it was another function, so that the two cannot be compared."""
        if number >= len(self._calls) or self._calls[number][0] != name:
            return None
        return self._calls[number][1:]

    def takes_over(self, given: Any) -> bool:
        """See ``Propagation``: without gradients nothing tells what depends on the input."""
        return True


def _as_it_is(func: Function, args: Arguments, kwargs: Options) -> Any:
    return func(*args, **kwargs)


def _copies(values: Arguments) -> tuple[Any, ...]:
    return tuple(_copy(value) for value in values)


def _copy(value: Any) -> Any:
    """Weights stay what they are."""
    if isinstance(value, Tensor):
        return value if isinstance(value, nn.Parameter) or not value.is_floating_point() else value.detach().clone()
    if isinstance(value, (tuple, list)) and next(tensors_in(value), None) is not None:
        return type(value)(_copy(each) for each in value) if type(value) in (tuple, list) else value
    return value
