"""Layer-wise relevance propagation: AttnLRP for transformers, the signal-takes-all rule for recurrent layers."""

from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from engine.attribution.attribution import Attribution, as_array, conservation_of
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
from engine.attribution.propagation.rules import (
    PRODUCTS,
    RECURRENT,
    Arguments,
    Function,
    Options,
    Propagation,
    Sloped,
    additive_mask,
    depends,
    derivative,
    in_its_place,
    of_values,
)
from engine.attribution.registry import Range, attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps

_THROUGH_ZERO = (  # elementwise, f(0) = 0: all of f(x) is handed to x
    "relu relu6 leaky_relu elu selu celu gelu silu mish hardswish hardtanh tanh tanhshrink softshrink hardshrink softsign erf sin "
    "sinh tan atan arctan asinh arcsinh abs square log1p expm1 pow float_power"
).split()
_BY_GRADIENT = (  # softmax: its Taylor expansion is its gradient; the others have an offset that belongs to no input
    "softmax log_softmax logsumexp sigmoid hardsigmoid logsigmoid log_sigmoid softplus exp log cos max amax min amin maximum "
    "minimum clamp clip max_pool1d max_pool2d adaptive_max_pool1d adaptive_max_pool2d"
).split()
_FIXED = "rsqrt sqrt reciprocal rdiv norm linalg_vector_norm vector_norm std var rpow".split()  # scales, as those of norms
_DIVISIONS = ("div", "idiv", "truediv", "divide", "true_divide")
_EACH_BY_ITSELF = ("mul", "imul", "multiply")
_SUMS = ("linear", "addmm", "conv1d", "conv2d", "conv3d")


@attribution_method(
    "lrp",
    label="LRP",
    signed=True,
    complete=False,
    axioms=("linearity",),
)
def lrp(score: Score, inputs: Tensor, *, epsilon: Annotated[float, Range(0.0, 1.0)] = 0.0) -> Steps[Attribution]:
    """Hand the score down layer by layer, each value to what it was computed from, in proportion to what that contributed.

    The relevance R of z = Σ_i x_i w_i + b is shared as R_i = x_i w_i / (z + ε sign z) · R; what b contributed stays there, so
    that the sum is the score itself only where a network has no biases and no position embeddings. Everything else follows
    AttnLRP: f(x) hands all to x (activations, and norms with their scale held fixed); softmax by its Taylor expansion,
    R_i = x_i (R_i − s_i Σ_j R_j); a product A B shares equally, R_A = A · B R / (2 A B + ε). In an LSTM or GRU the signal of a
    product with a gate takes all, and the gate nothing (Arras et al., 2017 and 2019). Every R is x times a modified gradient,
    so that one pass forwards and one back find them all.

    Args:
        epsilon: Stabiliser of the ε-rule in linear layers, products and recurrent states; it absorbs relevance. 0: the rule's limit.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (seq, d_model) in units of the score, and how much of the score they conserve.

    Raises:
        UserError: the model computes with a function that LRP has no rule for.

    Source: Achtibat et al., "AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for Transformers", ICML 2024,
        arXiv:2402.05602; for LSTMs Arras et al., "Explaining Recurrent Neural Network Predictions in Sentiment Analysis", 2017,
        arXiv:1706.07206; for GRUs Arras et al., "Explaining and Interpreting LSTMs", 2019, arXiv:1909.12114.
    """
    yield Partial(0, 1)
    with score.under(lambda: RelevanceRules(epsilon)):
        scores, gradients = score.value_and_gradient(inputs)
    values = as_array((inputs * gradients)[0])
    return Attribution(values, conservation_of(values, float(scores[0])))


class RelevanceRules(Propagation):
    """Relevance divided by the value it belongs to: what is handed back here, in place of a gradient."""

    def __init__(self, epsilon: float = 0.0) -> None:
        super().__init__("LRP")
        self._epsilon = epsilon
        self.rules = {
            **dict.fromkeys(_THROUGH_ZERO, self._identity),
            **dict.fromkeys(_BY_GRADIENT, _gradient),
            **dict.fromkeys(_FIXED, _fixed),
            **dict.fromkeys(_DIVISIONS, _division),
            **dict.fromkeys(PRODUCTS, self._product),
            **dict.fromkeys(_SUMS if epsilon else (), self._sum),
            "layer_norm": _layer_norm,
            "rms_norm": _rms_norm,
            "scaled_dot_product_attention": self._attention,
            **{kind: self._recurrent(kind) for kind in RECURRENT},
        }

    def activated(self, module: nn.Module, inputs: Tensor, output: Tensor) -> Tensor:
        """See ``Propagation``: the identity rule."""
        return identity_rule(inputs, output, lambda points: module.forward(points))

    def _identity(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        if func.__name__.strip("_") in ("pow", "float_power") and (depends(args[1:2]) or not _positive(args[1])):
            return _fixed(func, args, kwargs)
        values = of_values(func, args, kwargs)
        return in_its_place(func, args, identity_rule(args[0], values, lambda x: func(x, *args[1:], **kwargs)))

    def _product(self, func: Function, args: Arguments, kwargs: Options) -> Tensor:
        """Of two factors; with a constant it is linear: a layer, or each number by itself, which has nothing to share."""
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

    def _stable(self, found: Tensor, parts: float = 1.0) -> Tensor:
        """What arrives is handed on as z / (z + ε sign z) of it; ``parts``: of a product of two, (2 z + ε sign z) / 2."""
        if self._epsilon:
            share = stable_share(found.detach(), self._epsilon / parts)
            found.register_hook(lambda gradient: gradient * share)
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
                    output, cell, way = _WAYS[kind](kind, inputs.detach(), weights, self._epsilon)
                ends: tuple[Tensor, Tensor] = Walked.apply(inputs, output, cell, way)
                return ends

            return run_stack(kind, args, run)

        return rule


def identity_rule(inputs: Tensor, output: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """f(x) with the slope f(x) / x, which hands all of f(x)'s relevance to x; at x = 0 its limit f'(0)."""
    found: Tensor = Sloped.apply(inputs, (output,), ratio(inputs.detach(), output, function))
    return found


def ratio(inputs: Tensor, output: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """f(x) / x."""
    slope = output / inputs
    at_zero = inputs == 0
    if bool(at_zero.any()):
        slope = torch.where(at_zero, derivative(function, inputs.new_zeros(1)), slope)
    return slope


def stable_share(values: Tensor, epsilon: float) -> Tensor:
    """z / (z + ε sign z), where the sign of 0 is 1."""
    return values / torch.where(values >= 0, values + epsilon, values - epsilon)


def _halved(found: Tensor) -> Tensor:
    """Each of two factors is handed half of what arrives."""
    found.register_hook(lambda gradient: 0.5 * gradient)
    return found


def _flat(args: Arguments) -> list[Any]:
    return [each for value in args for each in (value if isinstance(value, (list, tuple)) else (value,))]


def _positive(exponent: Any) -> bool:
    return bool((exponent > 0).all()) if isinstance(exponent, Tensor) else exponent > 0


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
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        (scale,) = ctx.saved_tensors
        scaled = gradient * scale
        return scaled - scaled.mean(ctx.axes, keepdim=True), None, None, None, None


def _layer_norm(func: Function, args: Arguments, kwargs: Options) -> Tensor:
    known = dict(zip(("input", "normalized_shape", "weight", "bias", "eps"), args, strict=False)) | dict(kwargs)
    shape = [int(size) for size in known["normalized_shape"]]
    found: Tensor = _Normed.apply(known["input"], shape, known.get("weight"), known.get("bias"), known.get("eps", 1e-5))
    return found


def _rms_norm(func: Function, args: Arguments, kwargs: Options) -> Tensor:
    """x · γ / σ with σ held fixed."""
    known = dict(zip(("input", "normalized_shape", "weight", "eps"), args, strict=False)) | dict(kwargs)
    inputs, weight, eps = known["input"], known.get("weight"), known.get("eps")
    axes = tuple(range(-len(known["normalized_shape"]), 0))
    least = torch.finfo(inputs.dtype).eps if eps is None else eps
    scaled: Tensor = inputs * torch.rsqrt(inputs.detach().square().mean(axes, keepdim=True) + least)
    return scaled if weight is None else scaled * weight


# ---- recurrent layers: what arrives at a product of gate and signal goes to the signal ------------------------------------------


def _of_lstm(_kind: str, inputs: Tensor, weights: Weights, epsilon: float) -> tuple[Tensor, Tensor, Way]:
    """R_c' = f c' / c · R_c, R_g = i g / c · R_c, R_c = R_h; from g through its linear layer."""
    states = lstm_states(inputs, weights)
    i, f, g, o = states.pre
    size = g.shape[-1]
    to_candidate, keep = i.sigmoid() * ratio(g, g.tanh(), torch.tanh), f.sigmoid()
    through_cell = o.sigmoid() * ratio(states.cell, states.cell.tanh(), torch.tanh)
    if epsilon:
        shared = stable_share(states.cell, epsilon)
        to_candidate, keep = to_candidate * shared * stable_share(g, epsilon), keep * shared
    rows = slice(2 * size, 3 * size)
    way = LstmWay(through_cell, keep, (to_candidate,), None, (weights[0][rows], weights[1][rows]), w_projection(weights))
    return states.output, states.cell[-1], way


def _of_gru(_kind: str, inputs: Tensor, weights: Weights, epsilon: float) -> tuple[Tensor, Tensor, Way]:
    """R_h' = z h' / h · R_h, R_n = (1 − z) n / h · R_h; from n through its linear layer, r being a gate."""
    states = gru_states(inputs, weights)
    r, z, u = states.pre
    keep, to_candidate = z.sigmoid(), (1 - z.sigmoid()) * ratio(u, u.tanh(), torch.tanh)
    to_memory = r.sigmoid()
    if epsilon:
        shared = stable_share(states.output, epsilon)
        to_candidate, keep = to_candidate * shared * stable_share(u, epsilon), keep * shared
        to_memory = to_memory * stable_share(states.memory, epsilon)
    return states.output, states.output[-1], GruWay(keep, to_candidate, to_memory, None, None, weights)


def _of_rnn(kind: str, inputs: Tensor, weights: Weights, epsilon: float) -> tuple[Tensor, Tensor, Way]:
    states = rnn_states(kind, inputs, weights)
    slope = ratio(states.pre, states.output, torch.tanh if kind == "rnn_tanh" else torch.relu)
    if epsilon:
        slope = slope * stable_share(states.pre, epsilon)
    return states.output, states.output[-1], RnnWay(slope, weights)


_WAYS: dict[str, Callable[[str, Tensor, Weights, float], tuple[Tensor, Tensor, Way]]] = {
    "lstm": _of_lstm,
    "gru": _of_gru,
    "rnn_tanh": _of_rnn,
    "rnn_relu": _of_rnn,
}
