"""Attention rollout: how much of each token is in what a layer gives, if attention only mixed."""

from collections.abc import Sequence

from torch import Tensor

from engine.attention.heads import merged
from engine.attention.layers import Layer
from engine.errors import UserError
from engine.jobs import Partial, Steps, relay


def rollout(layers: Sequence[Layer], residual: float) -> Steps[Tensor]:
    """(query, key) with rows that sum to 1, through ``layers`` from the first to the last.

    R ← (r I + (1 − r) Ā) R with Ā the mean over a layer's heads, its rows made to sum to 1, and R = I at the tokens.

    Args:
        residual: r, the share that goes past attention; the paper has 0.5.

    Raises:
        UserError: ``residual`` is no share.

    Source: Abnar & Zuidema, "Quantifying Attention Flow in Transformers", ACL 2020, arXiv:2005.00928, eq. 1 and 4.
    """
    if not 0 <= residual <= 1:
        raise UserError("The residual share must lie between 0 and 1.", "residual")
    found: Tensor | None = None
    for done, layer in enumerate(layers):

        def shown(partial: Partial, done: int = done) -> Partial:
            return Partial(done + 0.9 * (partial.fraction or 0.0), len(layers), doing="Rollout")

        mixing = yield from relay(merged(layer, "mean"), shown)
        mixing /= mixing.sum(-1, keepdim=True).clamp_min(1e-12)
        mixing *= 1 - residual
        mixing.diagonal().add_(residual)
        found = mixing if found is None else mixing @ found
        del mixing
        yield Partial(done + 1, len(layers), doing="Rollout")
    assert found is not None, "a stack has layers"
    return found
