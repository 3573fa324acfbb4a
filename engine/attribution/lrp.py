"""Layer-wise relevance propagation: AttnLRP for transformers, the signal-takes-all rule for recurrent layers."""

from typing import Annotated

from torch import Tensor

from engine.attribution.attribution import Attribution, as_array, conservation_of
from engine.attribution.propagation.convolution import ConvolutionRule, FirstRule
from engine.attribution.propagation.relevance import RelevanceRules
from engine.attribution.registry import Range, attribution_method
from engine.attribution.score import Score
from engine.descriptions import OnlyWith
from engine.jobs import Partial, Steps


@attribution_method(
    "lrp",
    label="LRP",
    signed=True,
    complete=False,
    axioms=("linearity",),
    inputs=("text", "image", "record"),
)
def lrp(
    score: Score,
    inputs: Tensor,
    *,
    epsilon: Annotated[float, Range(0.0, 1.0)] = 0.0,
    convolutions: ConvolutionRule = "gamma",
    first_convolution: FirstRule = "same",
    gamma: Annotated[float, Range(0.0, 100.0), OnlyWith("convolutions", "gamma")] = 0.25,
    alpha: Annotated[float, Range(1.0, 10.0), OnlyWith("convolutions", "alpha_beta")] = 2.0,
) -> Steps[Attribution]:
    """Hand the score down layer by layer, each value to what it was computed from, in proportion to what that contributed.

    The relevance R of z = Σ_i x_i w_i + b is shared as R_i = x_i w_i / (z + ε sign z) · R; what b contributed stays there, so
    that the sum is the score itself only where a network has no biases and no position embeddings. Everything else follows
    AttnLRP: f(x) hands all to x (activations, and norms with their scale held fixed); softmax by its Taylor expansion,
    R_i = x_i (R_i − s_i Σ_j R_j); a product A B shares equally, R_A = A · B R / (2 A B + ε). In an LSTM or GRU the signal of a
    product with a gate takes all, and the gate nothing (Arras et al., 2017 and 2019). Every R is x times a modified gradient,
    so that one pass forwards and one back find them all.

    Of an image's convolutions, with what follows them of batch norm folded in, ε would leave the gradient times the input, torn
    by signs that cancel. γ counts products x w of the output's own sign 1 + γ times; z⁺ shares among the positive ones alone; αβ
    hands α to them and 1 − α to the negative ones; w² shares by squared weights and flat equally, whatever the pixels are.

    Args:
        epsilon: Stabiliser of the ε-rule in linear layers, products and recurrent states; it absorbs relevance. 0: its limit.

        convolutions: Rule of two-dimensional convolutions.
        first_convolution: Rule of the convolution that the input goes through first, where it is another one.
        gamma: How much more what speaks for a value counts; 0: the ε-rule.
        alpha: Share of what speaks for a value; what speaks against it has 1 − α.

    Yields:
        Progress only; one backward pass is the whole work.

    Returns:
        ``values`` (seq, d_model) in units of the score, and how much of the score they conserve.

    Raises:
        UserError: the model computes with a function that LRP has no rule for.

    Source: Achtibat et al., "AttnLRP: Attention-Aware Layer-Wise Relevance Propagation for Transformers", ICML 2024,
        arXiv:2402.05602; for LSTMs Arras et al., "Explaining Recurrent Neural Network Predictions in Sentiment Analysis", 2017,
        arXiv:1706.07206; for GRUs Arras et al., "Explaining and Interpreting LSTMs", 2019, arXiv:1909.12114; for convolutions
        Montavon et al., "Layer-Wise Relevance Propagation: An Overview", 2019.
    """
    yield Partial(0, 1)
    with score.under(lambda: RelevanceRules(epsilon, convolutions, first_convolution, gamma, alpha)):
        scores, gradients = score.value_and_gradient(inputs)
    values = as_array((inputs * gradients)[0])
    return Attribution(values, conservation_of(values, float(scores[0])))
