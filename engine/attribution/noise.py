"""Random numbers that depend on the seed and on what they are for, never on batch size or on other jobs."""

import numpy as np
import torch
from torch import Tensor


def generator_for(seed: int, index: int) -> torch.Generator:
    """A CPU generator of its own for sample ``index``."""
    state = np.random.SeedSequence([abs(seed), int(seed < 0), index]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def noisy(inputs: Tensor, deviation: float, seed: int, indices: range) -> Tensor:
    """(1, seq, d_model) -> (len(indices), seq, d_model): copies with Gaussian noise, one generator for each."""
    noise = [torch.randn(inputs.shape[1:], generator=generator_for(seed, i), dtype=torch.float64) for i in indices]
    return inputs + (deviation * torch.stack(noise)).to(inputs.dtype).to(inputs.device)
