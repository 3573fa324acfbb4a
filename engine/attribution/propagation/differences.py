"""DeepLIFT's rules: multipliers, which say how much of a difference goes where, go back where a gradient would."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from engine.attribution.propagation.differences_recurrent import WAYS
from engine.attribution.propagation.pairs import Pair, logsumexp, mapped, maximum, normed, product_of, rescaled, scaled, softmax
from engine.attribution.propagation.recurrent import Weights, begins_at_zero, run_stack, walked
from engine.attribution.propagation.reference import ACTIVATION, Reference
from engine.attribution.propagation.rules import (
    PRODUCTS,
    RECURRENT,
    Arguments,
    Function,
    Options,
    Propagation,
    additive_mask,
    depends,
    in_its_place,
    names,
    of_values,
)
from engine.errors import UserError

_ELEMENTWISE = names(
    "relu relu6 leaky_relu elu selu celu gelu silu mish hardswish hardtanh hardsigmoid tanh tanhshrink softshrink hardshrink",
    "softsign erf sin cos sinh cosh tan atan arctan asinh arcsinh abs square log log1p expm1 exp sigmoid logsigmoid log_sigmoid",
    "softplus pow float_power rpow sqrt rsqrt reciprocal rdiv clamp clip",
)
_DIVISIONS = ("div", "idiv", "truediv", "divide", "true_divide")
_MAXIMA = ("amax", "max")
MET = (  # what the reference has to remember
    *_ELEMENTWISE,
    *_DIVISIONS,
    *PRODUCTS,
    *_MAXIMA,
    "max_pool2d",
    *RECURRENT,
    "softmax",
    "log_softmax",
    "logsumexp",
    "layer_norm",
    "rms_norm",
    "scaled_dot_product_attention",
)


class DifferenceRules(Propagation):
    """Multipliers: what is handed back here, in place of a gradient."""

    def __init__(self, reference: Reference) -> None:
        super().__init__("DeepLIFT")
        self._reference, self._number = reference, 0
        self._then: tuple[Arguments, Options] = ((), {})  # what the call at hand was given on the baseline
        self._scales: dict[int, Tensor] = {}  # results of rsqrt and reciprocal, by id; kept, so that no id is used again
        self.rules = {
            **dict.fromkeys(_ELEMENTWISE, self._elementwise),
            **dict.fromkeys(_DIVISIONS, self._division),
            **dict.fromkeys(PRODUCTS, self._product),
            **dict.fromkeys(_MAXIMA, self._maximum),
            "max_pool2d": self._max_pool,
            "softmax": self._softmax,
            "log_softmax": self._log_softmax,
            "logsumexp": self._logsumexp,
            "layer_norm": self._layer_norm,
            "rms_norm": self._rms_norm,
            "scaled_dot_product_attention": self._attention,
            **{kind: self._recurrent(kind) for kind in RECURRENT},
        }

    def met(self, name: str, func: Function, args: Arguments, kwargs: Options) -> Any:
        """See ``Propagation``."""
        self._then = self._taken(name)
        return super().met(name, func, args, kwargs)

    def activated(self, module: nn.Module, inputs: Tensor, output: Tensor) -> Tensor:
        """See ``Propagation``."""
        (before, output_before), _ = self._taken(ACTIVATION)
        return rescaled(Pair(inputs, before), output, output_before, lambda points: module.forward(points))

    def _taken(self, name: str) -> tuple[Arguments, Options]:
        """What the same call was given on the baseline."""
        found = self._reference.call(self._number, name)
        self._number += 1
        if found is None:
            raise UserError("DeepLIFT cannot compare: the model computes otherwise on the baseline than on the input.", "no_rule")
        return found

    def _pair(self, args: Arguments, at: int = 0) -> Pair:
        return Pair(args[at], self._then[0][at])

    def _elementwise(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        if depends(args[1:]):
            raise self.refusal(func.__name__.strip("_"))

        def function(points: Tensor) -> Tensor:
            found: Tensor = func(points, *args[1:], **kwargs)
            return found

        before = self._pair(args)
        found = rescaled(before, of_values(func, args, kwargs), of_values(func, (before.then, *args[1:]), kwargs), function)
        if func.__name__ in ("rsqrt", "reciprocal"):
            self._scales[id(found)] = found
        return in_its_place(func, args, found)

    def _product(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        if func.__name__ == "einsum":
            return self._einsum(func, args)
        if not (depends(args[:1]) and depends(args[1:2])):
            found: Tensor = func(*args, **kwargs)
            return found
        if len(args) != 2 or kwargs:
            raise self.refusal(func.__name__.strip("_"))
        plain = {"mul_": torch.mul, "__imul__": torch.mul}.get(func.__name__, func)
        first, second = self._pair(args), self._pair(args, 1)
        if plain is torch.mul or func is torch.Tensor.mul:
            if id(args[1]) in self._scales:
                return in_its_place(func, args, scaled(first, second).now)
            if id(args[0]) in self._scales:
                return in_its_place(func, args, scaled(second, first).now)
        return in_its_place(func, args, product_of(plain, first, second).now)

    def _einsum(self, func: Function, args: Arguments) -> Tensor:
        equation, *operands = args
        then = list(self._then[0][1:])
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands, then = list(operands[0]), list(then[0])
        if len(operands) != 2 or not all(depends([each]) for each in operands):
            if sum(depends([each]) for each in operands) > 1:
                raise self.refusal("einsum")
            found: Tensor = func(equation, *operands)
            return found
        first, second = (Pair(*each) for each in zip(operands, then, strict=True))
        return product_of(lambda a, b: func(equation, a, b), first, second).now

    def _division(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        numerator, divisor = args[:2]
        if not (isinstance(divisor, Tensor) and divisor.requires_grad):
            found: Tensor = func(*args, **kwargs)
            return found
        inverse = mapped(torch.reciprocal, self._pair(args, 1))
        if isinstance(numerator, Tensor) and numerator.requires_grad:
            return in_its_place(func, args, scaled(self._pair(args), inverse).now)
        return torch.mul(inverse.now, numerator)

    def _maximum(self, func: Function, args: Arguments, kwargs: Options) -> Any:
        pair = self._pair(args)
        axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
        if not isinstance(axis, int):
            raise self.refusal(func.__name__.strip("_"))
        keep = bool(kwargs.get("keepdim", args[2] if len(args) > 2 else False))
        found, here = maximum(pair, axis)
        found, here = (found, here) if keep else (found.squeeze(axis), here.squeeze(axis))
        return found if func.__name__ == "amax" else torch.return_types.max((found, here))

    def _max_pool(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        """Each window's maximum by itself."""
        known = dict(zip(_OF_MAX_POOL, args, strict=False)) | dict(kwargs)
        if known.get("ceil_mode") or known.get("return_indices") or _both(known.get("dilation") or 1) != (1, 1):
            raise self.refusal("max_pool2d")
        size = _both(known["kernel_size"])
        stride, (down, across) = _both(known.get("stride") or size), _both(known.get("padding") or 0)
        lowest = torch.finfo(args[0].dtype).min / 4  # nothing is gained or lost where there is no pixel

        def windows(x: Tensor) -> Tensor:
            padded = torch.nn.functional.pad(x, (across, across, down, down), value=lowest)
            return padded.unfold(-2, size[0], stride[0]).unfold(-2, size[1], stride[1]).flatten(-2)

        found, _ = maximum(self._pair(args).through(windows), -1)
        return found.squeeze(-1)

    def _softmax(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        return softmax(self._pair(args), _axis(args, kwargs)).now

    def _log_softmax(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        pair, axis = self._pair(args), _axis(args, kwargs)
        return pair.now - logsumexp(pair, axis, keep=True).now

    def _logsumexp(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        keep = bool(kwargs.get("keepdim", args[2] if len(args) > 2 else False))
        return logsumexp(self._pair(args), _axis(args, kwargs), keep).now

    def _layer_norm(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        known = dict(zip(("input", "normalized_shape", "weight", "bias", "eps"), args, strict=False)) | dict(kwargs)
        axes = tuple(range(-len(known["normalized_shape"]), 0))
        centred = self._pair(args).through(lambda x: x - x.mean(axes, keepdim=True))
        return normed(centred, axes, known.get("eps", 1e-5), known.get("weight"), known.get("bias"))

    def _rms_norm(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        known = dict(zip(("input", "normalized_shape", "weight", "eps"), args, strict=False)) | dict(kwargs)
        axes = tuple(range(-len(known["normalized_shape"]), 0))
        eps = known.get("eps")
        return normed(self._pair(args), axes, torch.finfo(args[0].dtype).eps if eps is None else eps, known.get("weight"), None)

    def _attention(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        query, key, value = (self._pair(args, at) for at in range(3))
        known = dict(zip(("attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa"), args[3:], strict=False)) | dict(kwargs)
        if known.get("enable_gqa"):
            groups = query.now.shape[-3] // key.now.shape[-3]
            key, value = (each.through(lambda x: x.repeat_interleave(groups, -3)) for each in (key, value))
        scale = known.get("scale") or query.now.shape[-1] ** -0.5
        mask = additive_mask(query.now, key.now, known.get("attn_mask"), bool(known.get("is_causal")))
        scores = product_of(torch.matmul, query, key.through(lambda x: x.mT)).through(lambda x: x * scale)
        pattern = softmax(scores if mask is None else scores.through(lambda x: x + mask), -1)
        return product_of(torch.matmul, pattern, value).now

    def _recurrent(self, kind: str) -> Callable[..., Any]:
        def rule(func: Function, args: Arguments, kwargs: Options) -> Any:
            if not begins_at_zero(args):
                raise self.refusal(kind)
            then: dict[int, Tensor] = {}  # what each layer and direction gave on the baseline

            def on_the_baseline(inputs: Tensor, weights: Weights, number: int) -> tuple[Tensor, Tensor]:
                then[number] = inputs
                output, cell, _ = WAYS[kind](kind, inputs, inputs, weights)
                return output, cell

            def run(inputs: Tensor, weights: Weights, number: int) -> tuple[Tensor, Tensor]:
                with torch.no_grad():
                    output, cell, way = WAYS[kind](kind, inputs.detach(), then[number], weights)
                return walked(inputs, output, cell, way)

            with torch.no_grad():
                run_stack(kind, (self._then[0][0], *args[1:]), on_the_baseline)
            return run_stack(kind, args, run)

        return rule


_OF_MAX_POOL = ("input", "kernel_size", "stride", "padding", "dilation", "ceil_mode", "return_indices")


def _both(value: Any) -> tuple[int, int]:
    """Of rows and of columns."""
    first, second = (value, value) if isinstance(value, int) else (value[0], value[-1])
    return int(first), int(second)


def _axis(args: Arguments, kwargs: Options) -> Any:
    return kwargs.get("dim", args[1] if len(args) > 1 else -1)
