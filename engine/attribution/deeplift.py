"""DeepLIFT, rescale rule: the difference from a baseline, handed down through the differences of every activation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.attribution.attribution import Attribution, as_array, completeness_of
from engine.attribution.propagation.recurrent import (
    GruWay,
    LstmWay,
    RnnWay,
    Walked,
    Way,
    Weights,
    begins_at_zero,
    gru_states,
    lstm_states,
    rnn_states,
    run_stack,
    w_projection,
)
from engine.attribution.propagation.reference import ACTIVATION, Reference
from engine.attribution.propagation.rules import (
    PRODUCTS,
    RECURRENT,
    Arguments,
    Function,
    Options,
    Propagation,
    Sloped,
    Valued,
    additive_mask,
    depends,
    derivative,
    in_its_place,
    of_values,
)
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.errors import UserError
from engine.jobs import Partial, Steps

_ELEMENTWISE = (
    "relu relu6 leaky_relu elu selu celu gelu silu mish hardswish hardtanh hardsigmoid tanh tanhshrink softshrink hardshrink "
    "softsign erf sin cos sinh cosh tan atan arctan asinh arcsinh abs square log log1p expm1 exp sigmoid logsigmoid log_sigmoid "
    "softplus pow float_power rpow sqrt rsqrt reciprocal rdiv clamp clip"
).split()
_DIVISIONS = ("div", "idiv", "truediv", "divide", "true_divide")
_MAXIMA = ("amax", "max")


@attribution_method(
    "deeplift",
    label="DeepLIFT",
    signed=True,
    complete=True,
    axioms=("completeness", "sensitivity", "linearity"),
)
def deeplift(score: Score, inputs: Tensor, *, baseline: Tensor) -> Steps[Attribution]:
    """Compare every activation with what it is on the baseline, and hand the score's difference down along these differences.

    An activation y = f(x) has the multiplier Δy / Δx (the rescale rule; where Δx vanishes, the derivative). Multipliers chain as
    gradients do, and a linear layer's are its weights. A product hands on Δ(a b) = b̄ Δa + ā Δb, with b̄ the mean of b and of its
    reference; so do A B, attention, gates and norms, which are taken apart: softmax into exp, sum and division, layer norm into
    square, mean, root and product. A maximum hands what it gains to the place it has, and the rest to the place it had. All of
    it adds up exactly.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (input − baseline) · multiplier, (seq, d_model), in units of the score.

    Raises:
        UserError: the model computes with a function that DeepLIFT has no rule for.

    Source: Shrikumar, Greenside & Kundaje, "Learning Important Features Through Propagating Activation Differences", ICML 2017,
        arXiv:1704.02685, equations 1 to 4.
    """
    yield Partial(0, 1)
    reference = Reference("DeepLIFT", _MET)
    with score.under(lambda: reference):
        f_baseline = float(score.values(baseline)[0])
    yield Partial(1, 3)
    with score.under(lambda: DifferenceRules(reference)):
        scores, multipliers = score.value_and_gradient(inputs)
    values = as_array((inputs - baseline)[0]) * as_array(multipliers[0])
    return Attribution(values, completeness_of(values, float(scores[0]), f_baseline))


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A tensor and what it is on the baseline; the way back of ``now`` is its multipliers."""

    now: Tensor
    then: Tensor

    @property
    def middle(self) -> Tensor:
        return (self.now.detach() + self.then) / 2

    def through(self, linear: Callable[[Tensor], Tensor]) -> "Pair":
        """Both by a function that is linear, but for a constant."""
        return Pair(linear(self.now), linear(self.then))


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
        return _rescaled(Pair(inputs, before), output, output_before, lambda points: module.forward(points))

    def _taken(self, name: str) -> tuple[Arguments, Options]:
        """What the same call was given on the baseline."""
        found = self._reference.call(self._number, name)
        self._number += 1
        if found is None:
            raise UserError("DeepLIFT cannot compare: the model computes otherwise on the baseline than on the text.", "no_rule")
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
        found = _rescaled(before, of_values(func, args, kwargs), of_values(func, (before.then, *args[1:]), kwargs), function)
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
                return in_its_place(func, args, _scaled(first, second).now)
            if id(args[0]) in self._scales:
                return in_its_place(func, args, _scaled(second, first).now)
        return in_its_place(func, args, _product(plain, first, second).now)

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
        return _product(lambda a, b: func(equation, a, b), first, second).now

    def _division(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        numerator, divisor = args[:2]
        if not (isinstance(divisor, Tensor) and divisor.requires_grad):
            found: Tensor = func(*args, **kwargs)
            return found
        inverse = _mapped(torch.reciprocal, self._pair(args, 1))
        if isinstance(numerator, Tensor) and numerator.requires_grad:
            return in_its_place(func, args, _scaled(self._pair(args), inverse).now)
        return numerator * inverse.now

    def _maximum(self, func: Function, args: Arguments, kwargs: Options) -> Any:
        """Δy goes to where the maximum is, as far as it is above the other one, and to where it was, as far as it was."""
        pair = self._pair(args)
        axis = kwargs.get("dim", args[1] if len(args) > 1 else None)
        if not isinstance(axis, int):
            raise self.refusal(func.__name__.strip("_"))
        keep = bool(kwargs.get("keepdim", args[2] if len(args) > 2 else False))
        (now, here), (then, there) = pair.now.detach().max(axis, keepdim=True), pair.then.max(axis, keepdim=True)
        crossed = torch.maximum(now, then)
        way_back = sum(
            (pair.now.gather(axis, place) * _slope(gain, (pair.now - pair.then).detach().gather(axis, place), torch.zeros_like(now)))
            for place, gain in ((here, crossed - then), (there, now - crossed))
        )
        found: Tensor = Valued.apply(way_back, now)
        found = found if keep else found.squeeze(axis)
        return found if func.__name__ == "amax" else torch.return_types.max((found, here if keep else here.squeeze(axis)))

    def _softmax(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        return _softmax(self._pair(args), _axis(args, kwargs)).now

    def _log_softmax(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        pair, axis = self._pair(args), _axis(args, kwargs)
        return pair.now - _logsumexp(pair, axis, keep=True).now

    def _logsumexp(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        keep = bool(kwargs.get("keepdim", args[2] if len(args) > 2 else False))
        return _logsumexp(self._pair(args), _axis(args, kwargs), keep).now

    def _layer_norm(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        known = dict(zip(("input", "normalized_shape", "weight", "bias", "eps"), args, strict=False)) | dict(kwargs)
        axes = tuple(range(-len(known["normalized_shape"]), 0))
        centred = self._pair(args).through(lambda x: x - x.mean(axes, keepdim=True))
        return _normed(centred, axes, known.get("eps", 1e-5), known.get("weight"), known.get("bias"))

    def _rms_norm(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        known = dict(zip(("input", "normalized_shape", "weight", "eps"), args, strict=False)) | dict(kwargs)
        axes = tuple(range(-len(known["normalized_shape"]), 0))
        eps = known.get("eps")
        return _normed(self._pair(args), axes, torch.finfo(args[0].dtype).eps if eps is None else eps, known.get("weight"), None)

    def _attention(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        query, key, value = (self._pair(args, at) for at in range(3))
        known = dict(zip(("attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa"), args[3:], strict=False)) | dict(kwargs)
        if known.get("enable_gqa"):
            groups = query.now.shape[-3] // key.now.shape[-3]
            key, value = (each.through(lambda x: x.repeat_interleave(groups, -3)) for each in (key, value))
        scale = known.get("scale") or query.now.shape[-1] ** -0.5
        mask = additive_mask(query.now, key.now, known.get("attn_mask"), bool(known.get("is_causal")))
        scores = _product(torch.matmul, query, key.through(lambda x: x.mT)).through(lambda x: x * scale)
        pattern = _softmax(scores if mask is None else scores.through(lambda x: x + mask), -1)
        return _product(torch.matmul, pattern, value).now

    def _recurrent(self, kind: str) -> Callable[..., Any]:
        def rule(func: Function, args: Arguments, kwargs: Options) -> Any:
            if not begins_at_zero(args):
                raise self.refusal(kind)
            then: dict[int, Tensor] = {}  # what each layer and direction gave on the baseline

            def on_the_baseline(inputs: Tensor, weights: Weights, number: int) -> tuple[Tensor, Tensor]:
                then[number] = inputs
                output, cell, _ = _WAYS[kind](kind, inputs, inputs, weights)
                return output, cell

            def run(inputs: Tensor, weights: Weights, number: int) -> tuple[Tensor, Tensor]:
                with torch.no_grad():
                    output, cell, way = _WAYS[kind](kind, inputs.detach(), then[number], weights)
                ends: tuple[Tensor, Tensor] = Walked.apply(inputs, output, cell, way)
                return ends

            with torch.no_grad():
                run_stack(kind, (self._then[0][0], *args[1:]), on_the_baseline)
            return run_stack(kind, args, run)

        return rule


_MET = (*_ELEMENTWISE, *_DIVISIONS, *PRODUCTS, *_MAXIMA, *RECURRENT)
_MET = (*_MET, "softmax", "log_softmax", "logsumexp", "layer_norm", "rms_norm", "scaled_dot_product_attention")


def _rescaled(before: Pair, now: Tensor, then: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    found: Tensor = Sloped.apply(before.now, (now,), multiplier(before.now.detach(), before.then, now, then, function))
    return found


def multiplier(
    inputs: Tensor, inputs_then: Tensor, output: Tensor, output_then: Tensor, function: Callable[[Tensor], Tensor]
) -> Tensor:
    """Δy / Δx, and the derivative halfway where Δx is too small to divide by."""
    change = inputs - inputs_then
    least = torch.finfo(inputs.dtype).eps ** 0.5 * torch.maximum(inputs.abs(), inputs_then.abs()).clamp(min=1e-3)
    told_apart = change.abs() > least
    slope = (output - output_then) / torch.where(told_apart, change, 1.0)
    if bool(told_apart.all()):
        return slope
    return torch.where(told_apart, slope, derivative(function, (inputs + inputs_then) / 2))


def _slope(gain: Tensor, change: Tensor, otherwise: Tensor) -> Tensor:
    return torch.where(gain == 0, otherwise, gain / torch.where(change == 0, 1.0, change))


def _mapped(function: Callable[[Tensor], Tensor], pair: Pair) -> Pair:
    """An elementwise function of a pair."""
    now, then = function(pair.now.detach()), function(pair.then)
    return Pair(_rescaled(pair, now, then, function), then)


def _product(product: Callable[[Tensor, Tensor], Tensor], a: Pair, b: Pair) -> Pair:
    """Δ(a b) = b̄ Δa + ā Δb, for anything bilinear."""
    with torch.no_grad():
        now, then = product(a.now, b.now), product(a.then, b.then)
    found: Tensor = Valued.apply(product(a.now, b.middle) + product(a.middle, b.now), now)
    return Pair(found, then)


def _softmax(pair: Pair, axis: int) -> Pair:
    """exp(x) / Σ exp(x); both are moved by the same constant, so that neither overflows."""
    exponentials = _mapped(torch.exp, _moved(pair, axis))
    total = exponentials.through(lambda x: x.sum(axis, keepdim=True))
    return _scaled(exponentials, _mapped(torch.reciprocal, total))


def _logsumexp(pair: Pair, axis: int, keep: bool) -> Pair:
    peak = _peak(pair, axis)
    total = _mapped(torch.exp, _moved(pair, axis)).through(lambda x: x.sum(axis, keepdim=True))
    found = _mapped(torch.log, total).through(lambda x: x + peak)
    return found if keep else found.through(lambda x: x.squeeze(axis))


def _moved(pair: Pair, axis: int) -> Pair:
    peak = _peak(pair, axis)
    return pair.through(lambda x: x - peak)


def _peak(pair: Pair, axis: int) -> Tensor:
    """Half way between the two, which are as far from overflowing as they can be."""
    return (pair.now.detach().amax(axis, keepdim=True) + pair.then.amax(axis, keepdim=True)) / 2


def _scaled(values: Pair, scale: Pair) -> Pair:
    """x r, where r divides by the size of x: Δ(x r) = r̃ Δx + x̃ Δr.

    With the means of both, Δx and Δr would each be blown up by the larger r, and cancel, where a baseline has next to no size
    (zeros before a norm). So the mean of r leans to the smaller one, r̃ = w r + (1 − w) r', and that of x to the other's x,
    x̃ = (1 − w) x + w x', with w = r'² / (r² + r'²): the sum stays exact, and the two sides can be exchanged.
    """
    r, r_then = scale.now.detach(), scale.then
    w = 1 / (1 + (r / r_then) ** 2)
    x, x_then = values.now.detach(), values.then
    way_back = values.now * (w * r + (1 - w) * r_then) + ((1 - w) * x + w * x_then) * scale.now
    return Pair(Valued.apply(way_back, x * r), x_then * r_then)


def _normed(centred: Pair, axes: tuple[int, ...], eps: float, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """x / √(mean x² + ε) · γ + β."""
    variance = _mapped(torch.square, centred).through(lambda x: x.mean(axes, keepdim=True) + eps)
    found = _scaled(centred, _mapped(torch.rsqrt, variance)).now
    found = found if weight is None else found * weight
    return found if bias is None else found + bias


def _axis(args: Arguments, kwargs: Options) -> Any:
    return kwargs.get("dim", args[1] if len(args) > 1 else -1)


# ---- recurrent layers: activations by the rescale rule, gates and states as products -------------------------------------------


def _of_lstm(_kind: str, inputs: Tensor, before: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Way]:
    now, then = lstm_states(inputs, weights), lstm_states(before, weights)
    functions = (torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid)
    gates = [_gate(f, a, b) for f, a, b in zip(functions, now.pre, then.pre, strict=True)]
    (i, at_i), (f, at_f), (g, at_g), (o, at_o) = gates
    cell, through_tanh = _gate(torch.tanh, now.cell, then.cell)
    kept = (now.cell_before + then.cell_before) / 2
    way = LstmWay(
        through_cell=o * through_tanh,
        keep=f,
        from_cell=(g * at_i, kept * at_f, i * at_g),
        from_output=cell * at_o,
        rows=(weights[0], weights[1]),
        projection=w_projection(weights),
    )
    return now.output, now.cell[-1], way


def _of_gru(_kind: str, inputs: Tensor, before: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Way]:
    now, then = gru_states(inputs, weights), gru_states(before, weights)
    functions = (torch.sigmoid, torch.sigmoid, torch.tanh)
    (r, at_r), (z, at_z), (n, at_n) = (_gate(f, a, b) for f, a, b in zip(functions, now.pre, then.pre, strict=True))
    memory, hidden = (now.memory + then.memory) / 2, (now.hidden_before + then.hidden_before) / 2
    way = GruWay(z, (1 - z) * at_n, r, (hidden - n) * at_z, memory * at_r, weights)
    return now.output, now.output[-1], way


def _of_rnn(kind: str, inputs: Tensor, before: Tensor, weights: Weights) -> tuple[Tensor, Tensor, Way]:
    now, then = rnn_states(kind, inputs, weights), rnn_states(kind, before, weights)
    _, slope = _gate(torch.tanh if kind == "rnn_tanh" else torch.relu, now.pre, then.pre)
    return now.output, now.output[-1], RnnWay(slope, weights)


def _gate(function: Callable[[Tensor], Tensor], now: Tensor, then: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of f now and then, and the multiplier of f."""
    value, before = function(now), function(then)
    return (value + before) / 2, multiplier(now, then, value, before, function)


_WAYS: dict[str, Callable[[str, Tensor, Tensor, Weights], tuple[Tensor, Tensor, Way]]] = {
    "lstm": _of_lstm,
    "gru": _of_gru,
    "rnn_tanh": _of_rnn,
    "rnn_relu": _of_rnn,
}
