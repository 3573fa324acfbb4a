"""Gradient-weighted attention: which weights would raise the target, carried down to the tokens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from engine.attention.capture import Capture
from engine.attention.hooked import watching
from engine.attention.interface import Call, dispatches, listening
from engine.attention.layers import Layer, pattern
from engine.attention.reading import Transformer, encoding_again
from engine.attribution.target import check_position, resolve, score_function
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.requests import Target
from engine.results import ResolvedTarget

Score = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class _Slope:
    """How the target answers to a layer's weights: by what came out of attention and what went in, or as it is.

    Args:
        output, value: (query, head, d_head) gradient, and (key, head or group, d_head): the gradient of weight (i, j) is
            their product, since the output is the weights times the values.
        weights: (head, query, key) gradient, of architectures that show only weights.
    """

    output: Tensor | None = None
    value: Tensor | None = None
    weights: Tensor | None = None

    def of_head(self, head: int) -> Tensor:
        """(query, key)."""
        if self.weights is not None:
            return self.weights[head]
        assert self.output is not None
        assert self.value is not None
        group = head // (self.output.shape[1] // self.value.shape[1])
        return (self.output[:, head] @ self.value[:, group].T).float().cpu()


def target_again(model: Transformer, capture: Capture, wanted: Target) -> tuple[Any, ResolvedTarget]:
    """The target, read against the whole text with what was generated.

    Raises:
        UserError: this model is asked nothing, or there is no such target.
    """
    if "attribution" not in model.info.can:
        raise UserError("This model has no output to be relevant for; choose rollout, which needs none.", "unavailable")
    encoding = encoding_again(model, capture)
    of_a_unit = wanted.choice.startswith("unit:")
    position = check_position(None if of_a_unit else wanted.position, model, encoding)
    with torch.no_grad():
        logits = model.logits(model.features(encoding), encoding, position)[0].cpu()
    return encoding, resolve(wanted, model, encoding, logits)


def relevance(model: Transformer, layers: Sequence[Layer], encoding: Any, target: ResolvedTarget) -> Steps[Tensor]:
    """(query, key): what each token's place in the last of ``layers`` owes to each token.

    R ← R + Ā R with Ā the mean over a layer's heads of (∂score/∂A ⊙ A)⁺, and R = I at the tokens. As a product,
    R = (I + Ā_L) … (I + Ā_1), taken from the left, so that one layer's map is alive beside R. Weights and their gradients
    are never held: the gradient of A is that of A V, times V.

    Source: Chefer, Gur & Wolf, "Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder
    Transformers", ICCV 2021, arXiv:2103.15679, eq. 5 and 6.
    """
    yield Partial(0, len(layers), doing="Relevance")
    slopes = _slopes(model, encoding, target, len(layers))
    tokens = layers[0].shape[1]
    found = torch.eye(tokens)
    for done, (layer, slope) in enumerate(zip(reversed(layers), reversed(slopes), strict=True)):
        heads = layer.shape[0]
        if slope is None:  # the target does not depend on it
            continue
        raising = torch.zeros(tokens, tokens)
        for head in range(heads):
            raising += pattern(layer, head).mul_(slope.of_head(head)).clamp_(min=0)
            yield Partial(done + 0.9 * (head + 1) / heads, len(layers), doing="Relevance")
        found = found.addmm(found, raising.div_(heads))
        yield Partial(done + 1, len(layers), doing="Relevance")
    return found


def _slopes(model: Transformer, encoding: Any, target: ResolvedTarget, layers: int) -> list[_Slope | None]:
    """Of the first layers. One forward and one backward pass."""
    score = score_function(model, encoding, target)
    with torch.enable_grad():
        points = model.features(encoding).detach().requires_grad_()
        if dispatches(model.network):
            return _by_outputs(model, points, score, layers)
        return _by_weights(model, points, score, layers)


def _by_outputs(model: Transformer, points: Tensor, score: Score, layers: int) -> list[_Slope | None]:
    calls: list[Call] = []
    with listening(model.network, calls.append):
        value = score(points)[0]
    gradients = torch.autograd.grad(value, [call.output for call in calls[:layers]], allow_unused=True)
    return [
        None if gradient is None else _Slope(gradient[0], call.value[0].transpose(0, 1).detach())
        for gradient, call in zip(gradients, calls, strict=False)
    ]


def _by_weights(model: Transformer, points: Tensor, score: Score, layers: int) -> list[_Slope | None]:
    """All maps and their gradients at once: the graph holds them anyway where attention is computed eagerly."""
    seen: list[tuple[Tensor, Tensor]] = []
    with watching(model.network, lambda _name, maps, own: seen.append((maps, own)), consume=False):
        value = score(points)[0]
    inner = [own for at, (_, own) in enumerate(seen) if all(own is not other for _, other in seen[:at])]
    gradients = torch.autograd.grad(value, inner[:layers], allow_unused=True)
    if any(gradient is None for gradient in gradients):
        raise UserError("This architecture does not show how its attention bears on the answer; choose rollout.", "unavailable")
    return [_Slope(weights=gradient[0].float().cpu()) for gradient in gradients]
