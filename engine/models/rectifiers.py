"""Whether a model computes with ReLUs: found by running it, since many are functions and no modules."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from engine.models.model import Model

_RELUS = ("relu", "rnn_relu")


class _Listening(TorchFunctionMode):
    heard = False

    def __torch_function__(self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        self.heard = self.heard or func.__name__.strip("_") in _RELUS
        return func(*args, **(kwargs or {}))


@torch.no_grad()
def has_relus(model: Model) -> bool:
    """The least that can be read is tried."""
    position = 0 if model.info.task in ("causal_lm", "masked_lm") else None
    with _Listening() as listening:
        try:
            encoding = model.trial()
            model.logits(model.features(encoding), encoding, position)
        except Exception:  # an architecture that cannot read one token alone: what needs ReLUs stays greyed
            return False
    return bool(listening.heard)
