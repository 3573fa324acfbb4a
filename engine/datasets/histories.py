"""How each row was learnt over training. Torch-free."""

import numpy as np

from engine.comparisons import CheckpointsResult, Histories
from engine.dataset_results import NONE


def histories(result: CheckpointsResult) -> Histories:
    """When its prediction came to stay right, or was lost, and how often it changed.

    Source: after Toneva et al., "An Empirical Study of Example Forgetting during Deep Neural Network Learning", ICLR 2019,
    arXiv:1812.05159, with checkpoints in place of steps.
    """
    predicted, judged = result.predicted, (result.true != NONE) & (result.predicted != NONE).all(axis=0)
    right = (predicted == result.true) & judged
    kept = np.logical_and.accumulate(right[::-1], axis=0)[::-1]  # right from here to the end
    never = np.logical_and.accumulate(~right[::-1], axis=0)[::-1]  # wrong from here to the end
    learnt = np.where(kept.any(axis=0), kept.argmax(axis=0), NONE)
    lost = judged & never.any(axis=0) & right.any(axis=0)
    forgotten = np.where(lost, never.argmax(axis=0), NONE)
    changes = (predicted[1:] != predicted[:-1]).sum(axis=0)
    return Histories(learnt.astype(np.int16), forgotten.astype(np.int16), changes.astype(np.int16))
