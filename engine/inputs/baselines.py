"""Text baselines: what stands for "no information", as embeddings of the same length as the text."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.errors import UserError
from engine.inputs.background import read_texts
from engine.models.model import Encoding, TextModel
from engine.requests import TextInput
from engine.results import Notice

OWN_TEXT, RANDOM_DOCUMENT = "text:", "random_document"


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """(1, seq, d_model) embeddings, and what had to be done to make them fit."""

    embeddings: Tensor
    notice: Notice | None = None


def _zero(model: TextModel, encoding: Encoding) -> Tensor:
    """Word embeddings of ordinary tokens zero; special tokens, positions and token types kept."""
    return torch.where(encoding.special[:, None], model.embed(encoding.ids), 0.0)


def _zero_all(model: TextModel, encoding: Encoding) -> Tensor:
    """All word embeddings zero, those of special tokens too."""
    return torch.zeros_like(model.embed(encoding.ids))


def _mean(model: TextModel, encoding: Encoding) -> Tensor:
    """The mean embedding of the whole vocabulary at every ordinary token."""
    every = torch.arange(model.vocabulary_size, device=model.device)[None]
    return torch.where(encoding.special[:, None], model.embed(encoding.ids), model.embed(every).mean(dim=1, keepdim=True))


def _substitute(name: str) -> Callable[[TextModel, Encoding], Tensor]:
    """Every ordinary token replaced by the vocabulary's token ``name``."""

    def baseline(model: TextModel, encoding: Encoding) -> Tensor:
        return model.embed(torch.where(encoding.special, encoding.ids, model.substitutes[name]))

    return baseline


BASELINES: dict[str, Callable[[TextModel, Encoding], Tensor]] = {
    "zero": _zero,
    "zero_all": _zero_all,
    "pad": _substitute("pad"),
    "mask": _substitute("mask"),
    "unk": _substitute("unk"),
    "mean": _mean,
}


def baselines_of(substitutes: set[str]) -> tuple[str, ...]:
    """The baselines a model with these special tokens can compute by itself."""
    return tuple(name for name in BASELINES if name not in ("pad", "mask", "unk") or name in substitutes)


@torch.no_grad()
def baseline_for(
    name: str, model: TextModel, encoding: Encoding, background: str | None = None, seed: int = 0, draw: int = 0
) -> Baseline:
    """The baseline ``name``: one of ``BASELINES``, ``text:…``, or a ``random_document`` of the file ``background``.

    ``draw``: of the random documents, which: those of one seed follow one another in one random order.

    Raises:
        UserError: no such baseline, a token the vocabulary lacks, a text of which nothing is left, or no file to draw from.
    """
    if name.startswith(OWN_TEXT):
        return _own_text([name.removeprefix(OWN_TEXT)], model, encoding)
    if name == RANDOM_DOCUMENT:
        if background is None:
            raise UserError("A random document needs texts to draw from; give a file of them with --background.", "no_background")
        texts = list(read_texts(background))
        random.Random(seed).shuffle(texts)
        first = draw % len(texts)
        return _own_text(texts[first:] + texts[:first], model, encoding)
    if name in BASELINES and name in model.info.baselines:
        return Baseline(BASELINES[name](model, encoding))
    known = ", ".join((*model.info.baselines, "text:…", RANDOM_DOCUMENT))
    if name in BASELINES:
        raise UserError(f"This model's vocabulary has no {name} token; choose {known}.", "no_such_baseline")
    raise UserError(f"There is no baseline “{name}”; there are {known}.", "no_such_baseline")


def _own_text(texts: Sequence[str], model: TextModel, encoding: Encoding) -> Baseline:
    """The ordinary tokens of ``texts`` laid over those of the input: cut, or continued by the next text, then by padding."""
    wanted = int((~encoding.special).sum())
    ids: list[int] = []
    for text in texts:
        other = model.encode(TextInput(text))
        ids += other.ids[0][~other.special].tolist()
        if len(ids) >= wanted:
            break
    embeddings = model.embed(encoding.ids).clone()
    places = (~encoding.special).nonzero().flatten()
    fitting = torch.tensor(ids[:wanted], device=model.device)
    embeddings[0, places[: len(fitting)]] = model.embed(fitting[None])[0]
    embeddings[0, places[len(fitting) :]] = _padding(model)
    return Baseline(embeddings, _misfit(len(ids), wanted) if len(texts) == 1 else None)


def _padding(model: TextModel) -> Tensor | float:
    """What stands where a baseline's text has ended."""
    if "pad" not in model.substitutes:
        return 0.0
    return model.embed(torch.tensor([[model.substitutes["pad"]]], device=model.device))[0, 0]


def _misfit(found: int, wanted: int) -> Notice | None:
    if found == wanted:
        return None
    did = "its end was left out" if found > wanted else "the rest is padding"
    return Notice(f"The baseline text has {found} tokens and the input {wanted}: {did}.", "baseline_length")
