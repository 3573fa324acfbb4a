"""ReLUs that pass back only what is positive: the one rule of guided backpropagation and of deconvolution."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from engine.attribution.propagation.recurrent import Weights, begins_at_zero, run_stack
from engine.attribution.propagation.rules import Arguments, Function, Options, depends, in_its_place, of_values


class RectifiedReLUs(TorchFunctionMode):
    """While it lasts, a ReLU passes back R = max(0, R'); everything else its gradient.

    Args:
        guided: and only where it was open forwards too.
    """

    def __init__(self, guided: bool) -> None:
        super().__init__()
        self._guided = guided

    def __torch_function__(self, func: Function, types: Any, args: Arguments = (), kwargs: Options | None = None) -> Any:
        kwargs = kwargs or {}
        name = func.__name__.strip("_")
        if name == "relu":
            given = args or (kwargs["input"],)
            if depends(given[:1]):
                others = {key: value for key, value in kwargs.items() if key != "input"}
                return in_its_place(func, given, _RECTIFIED(given[0], (of_values(func, given, others),), self._guided))
        if name == "rnn_relu" and depends(args[:1]) and begins_at_zero(args):
            return run_stack(name, args, self._unrolled)
        return func(*args, **kwargs)

    def _unrolled(self, inputs: Tensor, weights: Weights, _number: int) -> tuple[Tensor, Tensor]:
        """(seq, batch, d_input) -> (seq, batch, hidden_size): the ReLU of each step by itself."""
        w_ih, w_hh, *biases = weights
        own = F.linear(inputs, w_ih, biases[0] if biases else None)
        hidden = own.new_zeros(own.shape[1:])
        states = []
        for step in own.unbind():
            pre = step + F.linear(hidden, w_hh, biases[1] if biases else None)
            hidden = _RECTIFIED(pre, (pre.detach().relu(),), self._guided)
            states.append(hidden)
        return torch.stack(states), hidden


class _Rectified(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, output: tuple[Tensor], guided: bool) -> Tensor:
        ctx.guided = guided
        ctx.save_for_backward(output[0] > 0)
        return output[0]

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (was_open,) = ctx.saved_tensors
        passed = gradient.clamp(min=0)
        return (passed * was_open if ctx.guided else passed), None, None


_RECTIFIED: Any = _Rectified.apply
