"""Record baselines: what stands for "no information", as embeddings of the same length as the record."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.errors import UserError
from engine.inputs.baselines import Baseline
from engine.models.model import Encoding

if TYPE_CHECKING:
    from engine.models.record_model import RecordModel


def _zero(model: "RecordModel", encoding: Encoding) -> Tensor:
    """Every character's embedding zero."""
    return torch.zeros_like(model.embed(encoding.ids))


def _blank(model: "RecordModel", encoding: Encoding) -> Tensor:
    """Every field filled with its own padding, as if nothing had been written in it."""
    return model.embed(torch.tensor([model.blank_ids()], device=model.device))


def _mean(model: "RecordModel", encoding: Encoding) -> Tensor:
    """The mean embedding of the whole vocabulary at every character."""
    every = torch.arange(model.vocabulary_size, device=model.device)[None]
    return model.embed(every).mean(dim=1, keepdim=True).expand(-1, encoding.ids.shape[1], -1).contiguous()


BASELINES: dict[str, Callable[["RecordModel", Encoding], Tensor]] = {"zero": _zero, "blank": _blank, "mean": _mean}


@torch.no_grad()
def record_baseline(
    name: str, model: "RecordModel", encoding: Encoding, background: str | None = None, seed: int = 0, draw: int = 0
) -> Baseline:
    """The baseline ``name``, one of ``BASELINES``; the other parameters are those of texts, and nothing is drawn here.

    Raises:
        UserError: no such baseline.
    """
    if name not in BASELINES:
        raise UserError(f"There is no baseline “{name}” of records; there are {', '.join(BASELINES)}.", "no_such_baseline")
    return Baseline(BASELINES[name](model, encoding))
