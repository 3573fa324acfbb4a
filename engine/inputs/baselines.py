"""Text baselines: what stands for "no information", as embeddings of the same length as the text."""

from collections.abc import Callable

import torch
from torch import Tensor

from engine.errors import UserError
from engine.models.model import Encoding, TextModel

_Baseline = Callable[[TextModel, Encoding], Tensor]


def _zero(model: TextModel, encoding: Encoding) -> Tensor:
    """Word embeddings of ordinary tokens zero; special tokens, positions and token types kept."""
    return torch.where(encoding.special[:, None], model.embed(encoding.ids), 0.0)


def _zero_all(model: TextModel, encoding: Encoding) -> Tensor:
    """All word embeddings zero, those of special tokens too."""
    return torch.zeros_like(model.embed(encoding.ids))


def _substitute(name: str) -> _Baseline:
    """Every ordinary token replaced by the vocabulary's token ``name``."""

    def baseline(model: TextModel, encoding: Encoding) -> Tensor:
        return model.embed(torch.where(encoding.special, encoding.ids, model.substitutes[name]))

    return baseline


BASELINES: dict[str, _Baseline] = {
    "zero": _zero,
    "zero_all": _zero_all,
    "pad": _substitute("pad"),
    "mask": _substitute("mask"),
    "unk": _substitute("unk"),
}


def baselines_of(substitutes: set[str]) -> tuple[str, ...]:
    """The baselines a model with these special tokens can compute."""
    return tuple(name for name in BASELINES if name.startswith("zero") or name in substitutes)


@torch.no_grad()
def baseline_embeddings(name: str, model: TextModel, encoding: Encoding) -> Tensor:
    """(1, seq, d_model) for the baseline ``name``.

    Raises:
        UserError: no such baseline, or the vocabulary lacks the token it needs.
    """
    if name not in BASELINES:
        raise UserError(f"There is no baseline “{name}”; there are {', '.join(model.info.baselines)}.", "no_such_baseline")
    if name not in model.info.baselines:
        raise UserError(
            f"This model's vocabulary has no {name} token; choose {', '.join(model.info.baselines)}.", "no_such_baseline"
        )
    return BASELINES[name](model, encoding)
