"""Expected Gradients: Integrated Gradients averaged over a whole set of baselines, by sampling."""

from typing import Annotated

import torch
from torch import Tensor

from engine.attribution.attribution import Attribution, completeness_of
from engine.attribution.noise import generator_for
from engine.attribution.registry import Range, attribution_method
from engine.attribution.score import Score
from engine.jobs import Partial, Steps


@attribution_method(
    "expected_gradients",
    label="Expected Gradients",
    signed=True,
    complete=True,
    axioms=("completeness", "sensitivity", "dummy", "linearity", "symmetry", "implementation_invariance"),
    inputs=("text", "image", "record"),
)
def expected_gradients(
    score: Score,
    inputs: Tensor,
    *,
    baselines: Tensor,
    seed: int,
    n_samples: Annotated[int, Range(1, 100_000)] = 200,
) -> Steps[Attribution]:
    """Average (input − baseline) · gradient over random baselines of the chosen set and random points on the way.

    Args:
        n_samples: Pairs of a baseline and a point; the error falls with their number.

    Yields:
        The average so far.

    Returns:
        ``values`` (seq, d_model), complete against the mean score of the baselines, as far as the samples reach.

    Source: Erion et al., "Improving performance of deep learning models with axiomatic attribution priors and expected
        gradients", 2021, arXiv:1906.10670, equation 3.
    """
    total, done = torch.zeros(inputs.shape[1:], dtype=torch.float64), 0
    f_input, f_baseline = float(score.values(inputs)[0]), float(score.values(baselines).mean())
    order, partners = (torch.randperm(n_samples, generator=generator_for(seed, n_samples + i)).tolist() for i in (0, 1))
    while done < n_samples:
        samples = order[done : done + score.take(n_samples - done)]
        chosen = baselines[[partners[i] % len(baselines) for i in samples]]  # each baseline equally often, on no fixed part
        points = torch.lerp(chosen, inputs, _alphas(samples, n_samples, seed).to(inputs.dtype).to(inputs.device)[:, None, None])
        total += ((inputs - chosen) * score.gradient(points)).detach().cpu().double().sum(0)
        done += len(samples)
        if done < n_samples:
            yield Partial(
                done, n_samples, Attribution((total / done).numpy(), completeness_of((total / done).numpy(), f_input, f_baseline))
            )
    values = (total / n_samples).numpy()
    return Attribution(values, completeness_of(values, f_input, f_baseline))


def _alphas(samples: list[int], n_samples: int, seed: int) -> Tensor:
    """Stratified: sample i lies anywhere in the i-th of n equal parts of the path, which is unbiased and quieter."""
    jitter = [float(torch.rand((), generator=generator_for(seed, i), dtype=torch.float64)) for i in samples]
    return torch.tensor([(i + offset) / n_samples for i, offset in zip(samples, jitter, strict=True)], dtype=torch.float64)
