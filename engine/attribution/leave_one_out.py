"""Leave-one-out: what the score loses when one token is hidden."""

import numpy as np
from torch import Tensor

from engine.attribution.attribution import Attribution
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps, relay
from engine.perturbation.masking import MaskingGame
from engine.results import FloatArray


@attribution_method(
    "leave_one_out",
    label="Leave-one-out",
    signed=True,
    complete=False,
    axioms=("sensitivity", "dummy", "linearity", "symmetry", "implementation_invariance"),
    needs=(),
)
def leave_one_out(score: Score, inputs: Tensor, *, baseline: Tensor) -> Steps[Attribution]:
    """The score minus the score without the token, which is replaced by the baseline's.

    Yields:
        The tokens done so far; the others are zero.

    Returns:
        ``values`` (seq, d_model) in units of the score: each token's effect, spread evenly over its dimensions.

    Source: Li, Monroe & Jurafsky, "Understanding Neural Networks through Representation Erasure", 2016, arXiv:1612.08220.
    """
    game = MaskingGame(score, inputs, baseline)
    masks = np.vstack([np.ones((1, game.size), dtype=bool), ~np.eye(game.size, dtype=bool)])

    def so_far(partial: Partial) -> Partial:
        whole, *known = (game.value_so_far(mask) for mask in masks)
        effects = np.array([0.0 if value is None or whole is None else whole - value for value in known])
        return Partial(partial.done, partial.total, _attribution(effects, inputs))

    scores = yield from relay(game.values(masks), so_far)
    return _attribution(scores[0] - scores[1:], inputs)


def _attribution(effects: FloatArray, inputs: Tensor) -> Attribution:
    """(seq,) -> (seq, d_model) that sums back to it."""
    d_model = inputs.shape[-1]
    return Attribution(np.repeat(effects[:, None] / d_model, d_model, axis=1))
