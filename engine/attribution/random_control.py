"""Random attributions: the control that every method should beat."""

import torch
from torch import Tensor

from engine.attribution.attribution import Attribution, as_array
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "random",
    label="Random (control)",
    signed=True,
    complete=False,
    axioms=("sensitivity", "implementation_invariance"),
    needs=(),
    uses_target=False,
    inputs=("text", "image", "record"),
)
def random(score: Score, inputs: Tensor, *, seed: int) -> Steps[Attribution]:
    """Values drawn at random, blind to model and text: whatever looks as good as this is worth nothing.

    Yields:
        Progress only.

    Returns:
        ``values`` (seq, d_model) from the standard normal distribution. The same seed gives the same values.

    Source: the random baseline of Samek et al., "Evaluating the Visualization", 2015, arXiv:1509.06321.
    """
    yield Partial(0, 1)
    generator = torch.Generator().manual_seed(seed)
    return Attribution(as_array(torch.randn(inputs.shape[1:], generator=generator, dtype=torch.float64)))
