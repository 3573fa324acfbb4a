"""LRP's rules: relevance divided by the value it belongs to goes back where a gradient would."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from engine.attribution.propagation.convolution import Convolution, ConvolutionRule, FirstRule
from engine.attribution.propagation.recurrent import Weights, begins_at_zero, run_stack, walked
from engine.attribution.propagation.relevance_recurrent import WAYS, ratio, stable_share
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
    passing_back,
    sloped,
)

_THROUGH_ZERO = names(  # elementwise, f(0) = 0: all of f(x) is handed to x
    "relu relu6 leaky_relu elu selu celu gelu silu mish hardswish hardtanh tanh tanhshrink softshrink hardshrink softsign erf",
    "sin sinh tan atan arctan asinh arcsinh abs square log1p expm1 pow float_power",
)
_BY_GRADIENT = names(  # softmax: its Taylor expansion is its gradient; the others have an offset that belongs to no input
    "softmax log_softmax logsumexp sigmoid hardsigmoid logsigmoid log_sigmoid softplus exp log cos clamp clip",
    "max amax min amin maximum minimum max_pool1d max_pool2d adaptive_max_pool1d adaptive_max_pool2d",
)
_FIXED = names("rsqrt sqrt reciprocal rdiv norm linalg_vector_norm vector_norm std var rpow")  # scales, as those of norms
_DIVISIONS = ("div", "idiv", "truediv", "divide", "true_divide")
_GATES = ("sigmoid", "hardsigmoid")
_EACH_BY_ITSELF = ("mul", "imul", "multiply")
_SUMS = ("linear", "addmm", "conv1d", "conv2d", "conv3d")


_SLOPES: dict[str, Callable[..., Tensor]] = {  # f(x) / x where it has a name of its own
    "relu": lambda x, *_: (x > 0).to(x.dtype),
    "silu": lambda x, *_: x.sigmoid(),
    "square": lambda x: x,
    "pow": lambda x, exponent: x.pow(exponent - 1),
}


class RelevanceRules(Propagation):
    """Relevance divided by the value it belongs to: what is handed back here, in place of a gradient.

    Args:
        convolutions, first: the rules of two-dimensional convolutions, and of the one that the input goes through first.
        gamma, alpha: of those rules.
    """

    def __init__(
        self,
        epsilon: float = 0.0,
        convolutions: ConvolutionRule = "epsilon",
        first: FirstRule = "same",
        gamma: float = 0.25,
        alpha: float = 2.0,
    ) -> None:
        super().__init__("LRP")
        self._epsilon, self._convolutions, self._first, self._gamma, self._alpha = epsilon, convolutions, first, gamma, alpha
        self._gates: dict[int, Tensor] = {}  # results of sigmoids, by id; kept, so that no id is used again
        self._last: tuple[Tensor, Convolution, ConvolutionRule | FirstRule] | None = None  # a batch norm may follow it
        self.rules = {
            **dict.fromkeys(_THROUGH_ZERO, self._identity),
            **dict.fromkeys(_BY_GRADIENT, _gradient),
            **dict.fromkeys(_FIXED, _fixed),
            **dict.fromkeys(_GATES, self._gate),
            **dict.fromkeys(_DIVISIONS, _division),
            **dict.fromkeys(PRODUCTS, self._product),
            **dict.fromkeys(_SUMS if epsilon else (), self._sum),
            "conv2d": self._convolution,
            "batch_norm": self._batch_norm,
            "layer_norm": _layer_norm,
            "rms_norm": _rms_norm,
            "scaled_dot_product_attention": self._attention,
            **{kind: self._recurrent(kind) for kind in RECURRENT},
        }

    def activated(self, module: nn.Module, inputs: Tensor, output: Tensor) -> Tensor:
        """See ``Propagation``: the identity rule."""
        return identity_rule(inputs, output, lambda points: module.forward(points))

    def _identity(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        name = func.__name__.strip("_")
        if name in ("pow", "float_power") and (depends(args[1:2]) or not _at_least_one(args[1])):
            return _fixed(func, args, kwargs)
        values = of_values(func, args, kwargs)
        if name in _SLOPES:
            return in_its_place(func, args, sloped(args[0], values, _SLOPES[name](args[0].detach(), *args[1:])))
        return in_its_place(func, args, identity_rule(args[0], values, lambda x: func(x, *args[1:], **kwargs)))

    def _gate(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        """A gradient; but what it is multiplied with is a signal, which takes all."""
        found: Tensor = func(*args, **kwargs)
        self._gates[id(found)] = found
        return found

    def _product(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        """Of two factors; with a constant it is linear: a layer, or each number by itself, which has nothing to share. A gate
        is a constant to what it lets through.
        """
        gates = [id(each) in self._gates for each in args[:2]]
        signal = args[gates.index(False)] if sum(gates) == 1 else None
        if func.__name__.strip("_") in _EACH_BY_ITSELF and signal is not None and depends([signal]):
            args = tuple(each.detach() if id(each) in self._gates else each for each in args)
        factors = sum(depends([each]) for each in _flat(args))
        if factors > 2:
            raise self.refusal(func.__name__.strip("_"))
        found: Tensor = func(*args, **kwargs)
        if factors == 2:
            return self._stable(_halved(found), 2.0)
        return found if func.__name__.strip("_") in _EACH_BY_ITSELF else self._stable(found)

    def _sum(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        found: Tensor = func(*args, **kwargs)
        return self._stable(found)

    def _convolution(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        rule: ConvolutionRule | FirstRule = self._convolutions if self._first == "same" else self._first
        self._first = "same"
        if rule == "epsilon":
            return self._sum(func, args, kwargs)
        convolution = Convolution.of_call(func, args, kwargs)
        found = convolution.under(rule, self._gamma, self._alpha)
        self._last = found, convolution, rule
        return found

    def _batch_norm(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        """Linear; one that follows a convolution is a part of it, since it may turn signs around."""
        last, self._last = self._last, None
        if last is None or last[0] is not args[0]:
            found: Tensor = func(*args, **kwargs)
            return found
        known = dict(zip(("input", "mean", "variance", "weight", "bias", "training", "momentum", "eps"), args, strict=False))
        scale, shift = _affine(known | {_OF_BATCH_NORM.get(name, name): value for name, value in kwargs.items()})
        return last[1].folded(scale, shift).under(last[2], self._gamma, self._alpha)

    def _stable(self, found: Tensor, parts: float = 1.0) -> Tensor:
        """What arrives is handed on as z / (z + ε sign z) of it; ``parts``: of a product of two, (2 z + ε sign z) / 2."""
        if self._epsilon:
            passing_back(found, stable_share(found.detach(), self._epsilon / parts))
        return found

    def _attention(
        self,
        func: Function,
        args: Arguments,
        kwargs: Options,
    ) -> Tensor:
        query, key, value, *rest = args
        if not self._epsilon:
            found: Tensor = func(_halved(query.view_as(query)), _halved(key.view_as(key)), value, *rest, **kwargs)
            return _halved(found)
        return self._written_out(query, key, value, *rest, **kwargs)

    def _written_out(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> Tensor:
        """SDPA as the products it stands for, each of which has an ε."""
        if enable_gqa:
            groups = query.shape[-3] // key.shape[-3]
            key, value = key.repeat_interleave(groups, -3), value.repeat_interleave(groups, -3)
        mask = additive_mask(query, key, attn_mask, is_causal)
        scores = self._product(torch.matmul, (query, key.mT), {}) * (query.shape[-1] ** -0.5 if scale is None else scale)
        pattern = (scores if mask is None else scores + mask).softmax(-1)
        return self._product(torch.matmul, (pattern, value), {})

    def _recurrent(self, kind: str) -> Callable[..., Any]:
        def rule(func: Function, args: Arguments, kwargs: Options) -> Any:
            if not begins_at_zero(args):
                raise self.refusal(kind)

            def run(inputs: Tensor, weights: Weights, _direction: int) -> tuple[Tensor, Tensor]:
                with torch.no_grad():
                    output, cell, way = WAYS[kind](kind, inputs.detach(), weights, self._epsilon)
                return walked(inputs, output, cell, way)

            return run_stack(kind, args, run)

        return rule


def identity_rule(inputs: Tensor, output: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """f(x) with the slope f(x) / x, which hands all of f(x)'s relevance to x; at x = 0 its limit f'(0)."""
    return sloped(inputs, output, ratio(inputs.detach(), output, function))


_OF_BATCH_NORM = {"running_mean": "mean", "running_var": "variance"}


def _affine(known: Options) -> tuple[Tensor, Tensor]:
    """What a batch norm that has seen its data multiplies by, and what it adds."""
    scale = (known["variance"] + known.get("eps", 1e-5)).rsqrt()
    scale = scale if known.get("weight") is None else scale * known["weight"]
    shift = -known["mean"] * scale
    return scale, shift if known.get("bias") is None else shift + known["bias"]


def _halved(found: Tensor) -> Tensor:
    """Each of two factors is handed half of what arrives."""
    return passing_back(found, 0.5)


def _flat(args: Arguments) -> list[Any]:
    return [each for value in args for each in (value if isinstance(value, (list, tuple)) else (value,))]


def _at_least_one(exponent: Any) -> bool:
    """Below, a power is a root, or one divided by it: a scale."""
    return bool((exponent >= 1).all()) if isinstance(exponent, Tensor) else exponent >= 1


def _gradient(func: Function, args: Arguments, kwargs: Options) -> Any:
    return func(*args, **kwargs)


def _fixed(func: Function, args: Arguments, kwargs: Options) -> Tensor:
    """A scale: nothing is handed to what it was computed from."""
    found: Tensor = func(*args, **kwargs)
    return found.detach()


def _division(func: Function, args: Arguments, kwargs: Options) -> Tensor:
    """Linear in the numerator; the divisor is a scale."""
    numerator, divisor, *rest = args
    found: Tensor = func(numerator, divisor.detach() if isinstance(divisor, Tensor) else divisor, *rest, **kwargs)
    return found


class _Normed(torch.autograd.Function):
    """Layer norm with its standard deviation held fixed; what is left is linear: (x − mean) · γ / σ + β."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, shape: list[int], weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
        output, _, scale = torch.native_layer_norm(inputs, shape, weight, bias, eps)
        ctx.save_for_backward(scale if weight is None else scale * weight)
        ctx.axes = tuple(range(-len(shape), 0))
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (scale,) = ctx.saved_tensors
        scaled = gradient * scale
        return scaled - scaled.mean(ctx.axes, keepdim=True), None, None, None, None


_NORMED: Any = _Normed.apply


def _layer_norm(func: Function, args: Arguments, kwargs: Options) -> Tensor:
    known = dict(zip(("input", "normalized_shape", "weight", "bias", "eps"), args, strict=False)) | dict(kwargs)
    shape = [int(size) for size in known["normalized_shape"]]
    found: Tensor = _NORMED(known["input"], shape, known.get("weight"), known.get("bias"), known.get("eps", 1e-5))
    return found


def _rms_norm(func: Function, args: Arguments, kwargs: Options) -> Tensor:
    """x · γ / σ with σ held fixed."""
    known = dict(zip(("input", "normalized_shape", "weight", "eps"), args, strict=False)) | dict(kwargs)
    inputs, weight, eps = known["input"], known.get("weight"), known.get("eps")
    axes = tuple(range(-len(known["normalized_shape"]), 0))
    least = torch.finfo(inputs.dtype).eps if eps is None else eps
    scaled: Tensor = inputs * torch.rsqrt(inputs.detach().square().mean(axes, keepdim=True) + least)
    return scaled if weight is None else scaled * weight
