"""DeepLIFT, rescale rule: the difference from a baseline, handed down through the differences of every activation."""

from torch import Tensor

from engine.attribution.attribution import Attribution, as_array, completeness_of
from engine.attribution.propagation.differences import MET, DifferenceRules
from engine.attribution.propagation.reference import Reference
from engine.attribution.registry import attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "deeplift",
    label="DeepLIFT",
    signed=True,
    complete=True,
    axioms=("completeness", "sensitivity", "linearity"),
    inputs=("text", "image", "record"),
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
    reference = Reference("DeepLIFT", MET)
    with score.under(lambda: reference):
        f_baseline = float(score.values(baseline)[0])
    yield Partial(1, 3)
    with score.under(lambda: DifferenceRules(reference)):
        scores, multipliers = score.value_and_gradient(inputs)
    values = as_array((inputs - baseline)[0]) * as_array(multipliers[0])
    return Attribution(values, completeness_of(values, float(scores[0]), f_baseline))
