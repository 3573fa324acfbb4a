"""LRP's rules for convolutions, which tell what speaks for a value from what speaks against it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

ConvolutionRule = Literal["epsilon", "gamma", "z_plus", "alpha_beta"]
FirstRule = Literal["same", "w_square", "flat"]
Convolve = Callable[[Tensor, Tensor], Tensor]  # (inputs, weight): without a bias
_ARGUMENTS = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """One call of a convolution: what it was given, and itself as a function of input and weight."""

    inputs: Tensor
    weight: Tensor
    bias: Tensor | None
    convolve: Convolve

    @classmethod
    def of_call(cls, func: Callable[..., Tensor], args: Any, kwargs: Mapping[str, Any]) -> "Convolution":
        """Of ``func``, with its arguments in any spelling."""
        known = dict(zip(_ARGUMENTS, args, strict=False)) | dict(kwargs)
        options = {name: value for name, value in known.items() if name not in ("input", "weight", "bias")}
        return cls(known["input"], known["weight"], known.get("bias"), lambda x, w: func(x, w, None, **options))

    def folded(self, scale: Tensor, shift: Tensor) -> "Convolution":
        """With what a batch norm does after it: its output times ``scale`` plus ``shift``, both (channels,)."""
        weight = self.weight * scale.reshape(-1, *[1] * (self.weight.dim() - 1))
        bias = shift if self.bias is None else self.bias * scale + shift
        return Convolution(self.inputs, weight, bias, self.convolve)

    def under(self, rule: ConvolutionRule | FirstRule, gamma: float, alpha: float) -> Tensor:
        """Its output, with the way back of ``rule``."""
        found: Tensor = _RULED(self.inputs, self, rule, gamma, alpha)
        return found

    def output(self, inputs: Tensor) -> Tensor:
        """As the network computes it."""
        found = self.convolve(inputs, self.weight)
        return found if self.bias is None else found + self.bias.reshape(-1, *[1] * (found.dim() - 2))


class _Ruled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, convolution: Convolution, rule: str, gamma: float, alpha: float) -> Tensor:
        output = convolution.output(inputs)
        ctx.save_for_backward(inputs, convolution.weight, output.clone())  # what follows may work in place
        ctx.convolve, ctx.rule, ctx.gamma, ctx.alpha = convolution.convolve, rule, gamma, alpha
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, weight, output = ctx.saved_tensors
        sides = _Sides(inputs, weight, ctx.convolve)
        relevance = gradient * output
        if ctx.rule == "gamma":
            found = _gamma(sides, relevance, output, ctx.gamma)
        elif ctx.rule in ("w_square", "flat"):
            found = _blind(sides, relevance, weight**2 if ctx.rule == "w_square" else torch.ones_like(weight))
        else:
            found = _signed(sides, relevance, 1.0 if ctx.rule == "z_plus" else ctx.alpha)
        return found, None, None, None, None


_RULED: Any = _Ruled.apply


class _Sides:
    """The products x w of a convolution by their sign. What is handed back is a multiple of each x."""

    def __init__(self, inputs: Tensor, weight: Tensor, convolve: Convolve) -> None:
        self.inputs, self.weight, self._convolve = inputs, weight, convolve
        self._x = inputs.clamp(min=0), inputs.clamp(max=0)
        self._w = weight.clamp(min=0), weight.clamp(max=0)
        self._both = bool((inputs < 0).any())  # behind ReLUs there is one sign alone

    def sums(self, negative: bool) -> Tensor:
        """Σ of the products that are positive, or of those that are negative, of each output."""
        found = self._convolve(self._x[0], self._w[negative])
        return found + self._convolve(self._x[1], self._w[not negative]) if self._both else found

    def back(self, shares: Tensor, negative: bool) -> Tensor:
        """Σ over outputs of the weight times ``shares``, where the product has that sign."""
        found = torch.where(self.inputs > 0, self.transposed(self._w[negative], shares), 0.0)
        return torch.where(self.inputs < 0, self.transposed(self._w[not negative], shares), found) if self._both else found

    def transposed(self, weight: Tensor, values: Tensor) -> Tensor:
        """What a gradient of ``values`` would be at the input."""
        with torch.enable_grad():
            at = self.inputs.detach().requires_grad_()
            (found,) = torch.autograd.grad(self._convolve(at, weight), at, values)
        return found

    def counted(self, weight: Tensor) -> Tensor:
        """Σ of ``weight`` over what each output is computed from; padding is none of that."""
        return self._convolve(torch.ones_like(self.inputs), weight)


def _gamma(sides: _Sides, relevance: Tensor, output: Tensor, gamma: float) -> Tensor:
    """Products of the output's own sign count 1 + γ times."""
    positive = output >= 0
    own = torch.where(positive, sides.sums(negative=False), sides.sums(negative=True))
    shares = _divided(relevance, output + gamma * own)
    for_it, against_it = torch.where(positive, shares, 0.0), torch.where(positive, 0.0, shares)
    found = sides.transposed(sides.weight, shares) + gamma * sides.back(for_it, negative=False)
    return found + gamma * sides.back(against_it, negative=True) if bool(against_it.any()) else found


def _signed(sides: _Sides, relevance: Tensor, alpha: float) -> Tensor:
    """Positive products share α times the relevance, negative ones 1 − α times; where one side is missing, the other has all."""
    positive, negative = sides.sums(negative=False), sides.sums(negative=True)
    first = torch.where(negative == 0, 1.0, alpha)
    found = sides.back(_divided(relevance * first, positive), False)
    if alpha == 1:
        return found
    second = torch.where(positive == 0, 1.0, 1 - alpha)
    return found + sides.back(_divided(relevance * second, negative), True)


def _blind(sides: _Sides, relevance: Tensor, weight: Tensor) -> Tensor:
    """Shared whatever the input is. What is handed back is relevance over x, so that an x of exactly zero gets none."""
    shared = sides.transposed(weight, _divided(relevance, sides.counted(weight)))
    return _divided(shared, sides.inputs)


def _divided(values: Tensor, by: Tensor) -> Tensor:
    """0 where there is nothing to divide by."""
    return torch.where(by == 0, 0.0, values / torch.where(by == 0, 1.0, by))
