"""Torch's functions met one by one as a network calls them, each given a way back of its own.

The functions are caught, not the modules: whatever a model is made of, it is the same few functions in the end. The model is
not touched, and what a rule does not know is refused by name, never passed over.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from engine.errors import UserError

Arguments = Sequence[Any]
Options = Mapping[str, Any]
Function = Callable[..., Any]


def names(*words: str) -> frozenset[str]:
    """Of functions, without the underscores around them."""
    return frozenset(name for line in words for name in line.split())


LINEAR = names(  # in what depends on the input
    "add iadd radd sub isub rsub neg positive sum mean cumsum dropout feature_dropout alpha_dropout",
    "linear addmm conv1d conv2d conv3d avg_pool1d avg_pool2d adaptive_avg_pool1d adaptive_avg_pool2d batch_norm",
    "cat concat concatenate stack hstack vstack split chunk tensor_split unbind getitem setitem get copy zero fill index_copy",
    "view view_as reshape reshape_as flatten unflatten squeeze unsqueeze transpose swapaxes permute movedim t adjoint contiguous",
    "clone expand expand_as broadcast_to repeat repeat_interleave tile flip roll narrow select index_select index_add gather",
    "take_along_dim masked_fill masked_scatter masked_select where tril triu diagonal pad",
    "to type float double half bfloat16 type_as cpu cuda requires_grad",
)
PRODUCTS = ("mul", "imul", "multiply", "matmul", "rmatmul", "bmm", "mm", "mv", "dot", "inner", "outer", "einsum", "baddbmm")
RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_LEADING = ("input", "query", "key", "value", "other", "mat2")
_ELEMENTWISE_MODULES = "transformers.activations"  # written out in small steps there, but one function each


class Propagation(TorchFunctionMode, ABC):
    """While it lasts, torch's functions have the values they have, and go back by ``rules``.

    Args:
        label: of the method, as a refusal names it.
    """

    def __init__(self, label: str) -> None:
        super().__init__()
        self._label = label
        self.rules: Mapping[str, Callable[..., Any]] = {}
        self._active: tuple[nn.Module, Tensor] | None = None  # an activation module at work, and what it was given
        self._handles: tuple[Any, ...] = ()

    def __enter__(self) -> "Propagation":
        before: Any = self._before
        self._handles = (register_module_forward_pre_hook(before), register_module_forward_hook(self._after))
        enter: Any = super().__enter__
        enter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        for handle in self._handles:
            handle.remove()
        leave: Any = super().__exit__
        leave(kind, error, traceback)

    def __torch_function__(self, func: Function, types: Any, args: Arguments = (), kwargs: Options | None = None) -> Any:
        kwargs = kwargs or {}
        if self._active is not None:
            return func(*args, **kwargs)
        name = func.__name__.strip("_")
        if name in self.rules:
            return self.met(name, func, *_by_position(args, kwargs))
        found = func(*args, **kwargs)
        if name not in LINEAR and isinstance(found, (Tensor, tuple, list)) and depends([found]):
            raise self.refusal(name)
        return found

    def met(self, name: str, func: Function, args: Arguments, kwargs: Options) -> Any:
        """A function with a rule is called; the rule counts where something depends on the input."""
        return self.rules[name](func, args, kwargs) if depends(args) or depends(kwargs.values()) else func(*args, **kwargs)

    @abstractmethod
    def activated(self, module: nn.Module, inputs: Tensor, output: Tensor) -> Tensor:
        """An activation module was run by itself; ``inputs`` may depend on the input, ``output`` does not."""

    def takes_over(self, given: Any) -> bool:
        """Whether an activation module that is given this is run by itself."""
        return depends([given])

    def refusal(self, name: str) -> UserError:
        """Of a function without a rule."""
        return UserError(
            f"{self._label} has no rule for the function “{name}”, which this model computes with; "
            "choose a method that needs the gradient alone, such as Integrated Gradients.",
            "no_rule",
        )

    def _before(self, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        elementwise = type(module).__module__ == _ELEMENTWISE_MODULES and len(args) == 1
        if not elementwise or self._active is not None or not self.takes_over(args[0]):
            return None
        self._active = module, args[0]
        return (args[0].detach(),)

    def _after(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> Any:
        if self._active is None or self._active[0] is not module:
            return None
        try:
            return self.activated(module, self._active[1], output)
        finally:
            self._active = None


def _by_position(args: Arguments, kwargs: Options) -> tuple[Arguments, Options]:
    """What rules look at comes without its name."""
    if not kwargs or kwargs.keys().isdisjoint(_LEADING):
        return args, kwargs
    others = {key: value for key, value in kwargs.items() if key not in _LEADING}
    return (*args, *(kwargs[name] for name in _LEADING if name in kwargs)), others


def tensors_in(value: Any) -> Iterator[Tensor]:
    """A tensor, or those in a tuple or list of them."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from tensors_in(each)


def depends(values: Iterable[Any]) -> bool:
    """Whether any of ``values`` depends on the input: the network's own tensors are frozen."""
    for value in values:
        if isinstance(value, Tensor):
            if value.requires_grad:
                return True
        elif isinstance(value, (tuple, list)) and depends(value):
            return True
    return False


def in_its_place(func: Function, args: Arguments, found: Tensor) -> Tensor:
    """``found`` where ``func`` would have left it: a function that works in place has changed its argument."""
    if not _works_in_place(func):
        return found
    changed: Tensor = args[0].copy_(found)
    return changed


def _works_in_place(func: Function) -> bool:
    name = func.__name__
    return (name.endswith("_") and not name.startswith("__")) or name.startswith("__i")


def of_values(func: Function, args: Arguments, kwargs: Options) -> Tensor:
    """What an elementwise function gives, outside of any graph; the argument stays as it is."""
    changes = _works_in_place(func) or True in args[1:] or bool(kwargs.get("inplace"))
    inputs = args[0].detach()
    found: Tensor = func(inputs.clone() if changes else inputs, *args[1:], **kwargs)
    return found


def derivative(function: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """Of an elementwise function."""
    with torch.enable_grad():
        at = points.detach().clone().requires_grad_()
        values = function(at.clone())
        (slopes,) = torch.autograd.grad(values.sum(), at)
    return slopes


def valued(way_back: Tensor, values: Tensor) -> Tensor:
    """``values``, with the way back of another tensor."""
    found: Tensor = _VALUED(way_back, values)
    return found


def sloped(inputs: Tensor, output: Tensor, slope: Tensor) -> Tensor:
    """``output``, which is of no graph, as if it were ``slope`` times ``inputs``."""
    found: Tensor = _SLOPED(inputs, (output,), slope)
    return found


def passing_back(found: Tensor, share: Tensor | float) -> Tensor:
    """``found``, of what arrives at which only ``share`` is handed on."""
    hook: Any = found.register_hook
    hook(lambda gradient: gradient * share)
    return found


class _Valued(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, way_back: Tensor, values: Tensor) -> Tensor:
        return values.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None


class _Sloped(torch.autograd.Function):
    """The output comes wrapped, so that it becomes no view, which could not be changed in place."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, output: tuple[Tensor], slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        return output[0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradient * slope, None, None


_VALUED: Any = _Valued.apply
_SLOPED: Any = _Sloped.apply


def additive_mask(query: Tensor, key: Tensor, mask: Tensor | None, is_causal: bool) -> Tensor | None:
    """What SDPA adds to the scores: finite, so that differences of two scores stay numbers."""
    least = torch.finfo(query.dtype).min / 4
    if is_causal:
        mask = torch.ones(query.shape[-2], key.shape[-2], dtype=torch.bool, device=query.device).tril()
    if mask is None:
        return None
    if mask.dtype == torch.bool:
        return torch.zeros(mask.shape, dtype=query.dtype, device=query.device).masked_fill(~mask, least)
    return mask.clamp(min=least)
