"""What the engine asks of a model, whatever it reads and whatever format it came in."""

import copy
import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import torch
from torch import Tensor, nn

from engine.devices import BatchSize, available_memory
from engine.errors import LoadError, UserError
from engine.inputs.tokenise import Tokens
from engine.models.files import Weights, sha256_of
from engine.models.safety import refusals_in_words
from engine.models.training import FINAL, no_such_checkpoint
from engine.recurrent.recorder import KINDS
from engine.requests import ImageInput, Input, RecordInput, TextInput
from engine.results import AttentionInfo, InputKind, LayerInfo, ModelInfo, Notice, RecurrentInfo, TokenizedText

LONGEST_TEXT = 20_000  # tokens; whatever a network could read, the gradient through it has to fit in memory
FIRST_BATCH_POSITIONS = 128  # of the first batch of a length: a step must be short before anything is known


@dataclass(frozen=True, slots=True, eq=False)
class CheckpointWeights:
    """What was read of one training checkpoint: its network, frozen, the files it came from, and what is to be said of it."""

    network: nn.Module
    files: tuple[Path, ...]
    dtype: str
    warnings: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """A tokenised text as tensors on the model's device.

    Args:
        ids: (1, seq).
        special: (seq,) bool; true at special tokens.
        extras: what else the network is given, each (1, seq): ``attention_mask``, ``token_type_ids``.
    """

    input: TokenizedText
    ids: Tensor
    special: Tensor
    extras: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowIds:
    """One text of many: its token ids, its extras, and whether some of it was cut."""

    ids: Sequence[int]
    extras: Mapping[str, Sequence[int]]
    cut: bool


class Model(ABC):
    """A frozen network in eval mode. Everything is computed from features, so that they can be attributed to: the embeddings
    of tokens, the channels of pixels.
    """

    info: ModelInfo
    network: nn.Module
    earlier: Mapping[str, Path] = MappingProxyType({})  # training checkpoints by name, the first first
    own_checkpoint = FINAL  # the name of the open model's own weights among them
    has_history = False  # a window of tokens that an attention layer looks back over

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """Names of the training checkpoints, the first first, the open model last; empty: there is nothing beside it."""
        return (*self.earlier, self.own_checkpoint) if self.earlier else ()

    def at_checkpoint(self, name: str | None) -> Self:
        """The model as it was then, for any job; None: as it is.

        Only the network is another: it is read now, and gone when nobody holds the answer. This model is left alone.

        Raises:
            UserError: there is no such checkpoint.
            LoadError: it cannot be read, or is another model's.
        """
        if name is None or name == self.own_checkpoint:
            return self
        if name not in self.earlier:
            raise no_such_checkpoint(name, self.checkpoints)
        with refusals_in_words(self.earlier[name].name):
            read = self.read_checkpoint(self.earlier[name])
            sha256 = sha256_of(Path(self.info.path), read.files)
        then = copy.copy(self)
        then.network, then.earlier = read.network, {}
        then.info = replace(
            self.info,
            warnings=read.warnings,
            dtype_on_disk=read.dtype,
            bytes=sum(path.stat().st_size for path in read.files),
            sha256=sha256,
            checkpoints=(),
        )
        return then

    def read_checkpoint(self, path: Path) -> CheckpointWeights:
        """What lies in ``path``, one of ``earlier``.

        Raises:
            LoadError: it cannot be read, or is another model's.
        """
        raise NotImplementedError(type(self).__name__)  # of a format that has none

    def batch_size_for(self, positions: int) -> BatchSize:
        """What was learnt about inputs of about this length; a cautious guess before the first."""
        longest = 1 << (positions - 1).bit_length()
        return self._batch_sizes.setdefault(longest, BatchSize(max(1, FIRST_BATCH_POSITIONS // longest)))

    @functools.cached_property
    def _batch_sizes(self) -> dict[int, BatchSize]:
        return {}

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    @property
    def recurrent(self) -> bool:
        """cuDNN cannot differentiate recurrent layers in eval mode; it is left out for them."""
        return bool(self.info.recurrent)

    @abstractmethod
    def encode(self, given: Any) -> Any:
        """``given`` as tensors on the model's device, with ``input``: what was read.

        Raises:
            UserError: there is nothing to read.
        """

    @abstractmethod
    def features(self, encoding: Any) -> Tensor:
        """(1, positions, features): what is attributed to."""

    @abstractmethod
    def logits(self, features: Tensor, encoding: Any, position: int | None = None) -> Tensor:
        """(batch, positions, features) in place of ``encoding``'s -> (batch, n_outputs)."""

    @abstractmethod
    def trial(self) -> Any:
        """The encoding of the least that can be read: to try on the network what it computes with."""

    def default_position(self, encoding: Any) -> int:
        """Language models: the token that is asked about where the user names none."""
        raise NotImplementedError(type(self).__name__)  # of a model that answers once

    def no_such_output(self, name: str, outputs: int) -> str:
        """What to say of a target that does not exist."""
        labels = self.info.labels
        known = ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "") if labels else f"{outputs} outputs, named by index:N"
        return f"The model has no class “{name}”; it has {known}."

    def output_label(self, index: int) -> str | None:
        """What output ``index`` means, in the user's words; None where it has no name (regression)."""
        return self.info.labels[index] if index < len(self.info.labels) else None

    def output_index(self, text: str) -> int | None:
        """The output with exactly this label."""
        return self.info.labels.index(text) if text in self.info.labels else None


class TextModel(Model):
    """It reads tokens; what is attributed to are their embeddings."""

    substitutes: Mapping[str, int]  # token ids for the baselines pad, mask and unk, where the vocabulary has them
    window: int | None = None  # how many tokens a prediction is made from, padded at the left; None: all there are

    @abstractmethod
    def encode(self, text: Any) -> Encoding:
        """Tokenise ``text``, a ``TextInput`` or a ``RecordInput``; what does not fit is cut, and said so.

        Raises:
            UserError: nothing to read, or a piece outside a vocabulary that has no word for the unknown.
        """

    def encode_many(self, texts: Sequence[Any]) -> "list[RowIds | UserError]":
        """What ``encode`` gives of each, but only as much as a prediction needs; of those it refuses, why."""
        found: list[RowIds | UserError] = []
        for text in texts:
            try:
                encoding = self.encode(text)
            except UserError as error:
                found.append(error)
                continue
            extras = {key: value[0].tolist() for key, value in encoding.extras.items()}
            found.append(RowIds(encoding.ids[0].tolist(), extras, encoding.input.truncated))
        return found

    @abstractmethod
    def embed(self, ids: Tensor) -> Tensor:
        """(batch, seq) token ids -> (batch, seq, d_model) word embeddings."""

    def features(self, encoding: Encoding) -> Tensor:
        """(1, seq, d_model): the word embeddings."""
        return self.embed(encoding.ids)

    def trial(self) -> Encoding:
        """See ``Model``: one token, whichever is the first of the vocabulary."""
        ids = torch.zeros(1, 1, dtype=torch.long, device=self.device)
        return Encoding(TokenizedText("", ()), ids, torch.zeros(1, dtype=torch.bool, device=self.device))

    @abstractmethod
    def logits(self, embeddings: Tensor, encoding: Encoding, position: int | None = None) -> Tensor:
        """(batch, seq, d_model) word embeddings in place of ``encoding``'s -> (batch, n_outputs).

        ``position``: language models: the output after this token; None: after the last.
        """

    def tokens_of(self, text: str) -> Tokens:
        """All tokens of a text of any length, where the model reads token after token without end.

        Raises:
            UserError: it does not.
        """
        raise UserError("Only a recurrent model reads a corpus from end to end; this one reads single texts.", "unavailable")

    def run_tokens(self, ids: Tensor) -> Tensor:
        """(batch, seq) token ids -> whatever the recurrent layers make of them; for those who record the layers on the way.

        Raises:
            UserError: as ``tokens_of``.
        """
        raise UserError("Only a recurrent model reads a corpus from end to end; this one reads single texts.", "unavailable")

    def logits_of_states(self, states: Tensor) -> Tensor | None:
        """Recurrent language models: (batch, seq, directions · d_hidden) of the last layer -> (batch, seq, vocabulary), each
        position by itself. None: this model is another kind.
        """
        return None

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """How many token ids can be embedded."""

    @abstractmethod
    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The vocabulary's own spelling of each token."""

    @abstractmethod
    def text_of(self, ids: Sequence[int]) -> str:
        """``ids`` written as a text; read again, it need not give the same ids."""

    @functools.cached_property
    def ordinary(self) -> Tensor:
        """(vocabulary_size,) bool on the CPU: tokens that stand for text, none of them special, unknown or reserved."""
        return self._ordinary()

    @abstractmethod
    def _ordinary(self) -> Tensor:
        """Computed once."""

    def default_position(self, encoding: Encoding) -> int:
        """The token a language model is asked about where the user names none: the last, after which the next follows.

        Raises:
            UserError: there is none (a masked language model without a mask in the text).
        """
        return len(encoding.input.tokens) - 1


def freeze(network: nn.Module) -> nn.Module:
    """Eval mode, no parameter gradients: a third less memory per gradient, and nothing a job could leave behind."""
    return network.eval().requires_grad_(False)


def fill(network: nn.Module, state: Mapping[str, Tensor], device: torch.device) -> None:
    """Give a network that was described on the meta device its weights, and freeze it.

    Raises:
        LoadError: it does not fit in memory.
    """
    needed, free = 4 * sum(p.numel() for p in network.parameters()), available_memory(device)
    if free is not None and needed > free:
        raise LoadError(
            f"This model needs {1e-9 * needed:.1f} GB of memory and {1e-9 * free:.1f} GB are free; close other programs.",
            "out_of_memory",
        )
    network.to_empty(device=device)
    network.load_state_dict(dict(state))
    freeze(network)


def shapes_of(network: nn.Module) -> dict[str, torch.Size]:
    """Of everything that is saved."""
    return {name: tensor.shape for name, tensor in network.state_dict().items()}


def layers_of(network: nn.Module) -> tuple[LayerInfo, ...]:
    """Every module with a name, outermost first."""
    return tuple(
        LayerInfo(name, type(module).__name__, _weight_shape(module), sum(p.numel() for p in module.parameters()))
        for name, module in network.named_modules()
        if name
    )


def _weight_shape(module: nn.Module) -> tuple[int, ...] | None:
    weight = getattr(module, "weight", None)
    return tuple(weight.shape) if isinstance(weight, Tensor) else None


def recurrent_layers_of(network: nn.Module) -> tuple[RecurrentInfo, ...]:
    """Every LSTM, GRU and RNN, found by type wherever it sits."""
    return tuple(
        RecurrentInfo(name, KINDS[type(module)], module.num_layers, module.hidden_size, 2 if module.bidirectional else 1)
        for name, module in network.named_modules()
        if isinstance(module, nn.RNNBase) and type(module) in KINDS
    )


def attention_of(config: object) -> AttentionInfo | None:
    """Layers and heads as a Hugging Face config tells them."""
    layers, heads = getattr(config, "num_hidden_layers", None), getattr(config, "num_attention_heads", None)
    return AttentionInfo(layers, heads) if isinstance(layers, int) and isinstance(heads, int) else None


_KINDS: dict[type[Input], InputKind] = {TextInput: "text", ImageInput: "image", RecordInput: "record"}


def as_read_by(model: Model, given: Input) -> Input:
    """``given``, where ``model`` reads such.

    Raises:
        UserError: it reads something else.
    """
    kind = _KINDS[type(given)]
    if kind != model.info.input_kind:
        raise UserError(f"This model reads {model.info.input_kind}s; what it was given is of the kind {kind}.", "wrong_kind")
    return given


def require_output(model: Model) -> None:
    """Refuse a model that cannot be asked what it says.

    Raises:
        UserError: it cannot.
    """
    because = model.info.unexplained_because
    if because is not None:
        raise UserError(because, "unavailable")


def require_text(text: TextInput, reads_pairs: bool = False) -> None:
    """Refuse what there is nothing to explain in."""
    if not text.text.strip():
        raise UserError("There is no text yet; type a sentence.", "empty_text")
    if text.pair is not None and not reads_pairs:
        raise UserError("This model reads one text, not a pair; leave the second text out.", "no_pairs")


def not_finite(network: nn.Module) -> list[str]:
    """The names of tensors that hold NaN or infinity."""
    return [name for name, p in network.named_parameters() if not bool(torch.isfinite(p.detach().sum()))]


def named(names: list[str]) -> str:
    """As in: 3 tensors (a, b, …) are."""
    shown = ", ".join(names[:2]) + (", …" if len(names) > 2 else "")
    return f"{len(names)} tensor{'s' if len(names) > 1 else ''} ({shown}) {'are' if len(names) > 1 else 'is'}"


def notices_of_weights(network: nn.Module, weights: Weights) -> list[Notice]:
    """What is to be said of the numbers in the file."""
    notices = []
    broken = not_finite(network)
    if broken:
        notices.append(Notice(f"{named(broken)} not finite (NaN or infinity): the file is damaged.", "not_finite", True))
    if weights.dtype not in ("float32", "float64"):
        notices.append(Notice(f"Stored as {weights.dtype}, computed in float32.", "dtype"))
    return notices
