"""A textgenrnn model opened as one that can be asked."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import regex
import torch
from torch import Tensor

from engine.devices import choose_device
from engine.errors import LoadError, UserError
from engine.inputs.baselines import baselines_of
from engine.inputs.text import Piece, tokenized_text
from engine.inputs.tokenise import Tokeniser, Tokens
from engine.models.files import sha256_of
from engine.models.model import (
    LONGEST_TEXT,
    CheckpointWeights,
    Encoding,
    TextModel,
    fill,
    layers_of,
    not_finite,
    recurrent_layers_of,
    require_text,
    shapes_of,
)
from engine.models.textgenrnn_files import (
    META,
    TextgenrnnFiles,
    files_of,
    find_checkpoints,
    read_vocabulary,
    read_weights,
    spec_of,
)
from engine.models.textgenrnn_network import TextgenrnnNetwork, TextgenrnnSpec
from engine.requests import OpenModelRequest, TextInput
from engine.results import AttentionInfo, ModelInfo, Notice

PAD = "<pad>"
_PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[]^_`{|}~\n\t'‘’“”–—…"  # each a token of its own on word level; no backslash
_CLOSING, _OPENING, _BETWEEN = set("!%),.:;?]}’”…"), set("$([{‘“"), set("'\n\t")


def open_textgenrnn(path: Path, request: OpenModelRequest) -> "TextgenrnnModel":
    """Open a file of textgenrnn's weights, or a folder of checkpoints.

    Raises:
        LoadError: a file is missing, damaged, hostile or another model's.
    """
    checkpoints = find_checkpoints(path)
    state, dtype = read_weights(checkpoints[-1].path)
    files = files_of(checkpoints)
    vocabulary = read_vocabulary(files.vocabulary)
    spec = spec_of(state, vocabulary, files)
    device = choose_device(request.device)
    network = _build(spec, state, device)
    model = TextgenrnnModel(network, vocabulary, files)
    parameters = sum(p.numel() for p in network.parameters())
    model.info = ModelInfo(
        path=str(path),
        format="textgenrnn",
        task="causal_lm",
        labels=(),
        problem_type="single_label",
        parameters=parameters,
        dtype_on_disk=dtype,
        bytes=sum(c.path.stat().st_size for c in files.checkpoints),
        forecast_bytes=4 * parameters,
        tokenizer="word" if spec.word_level else "char",
        layers=layers_of(network),
        recurrent=recurrent_layers_of(network),
        attention=AttentionInfo(1, 1),
        can=("attribution", "attention", "cells", "generation"),
        warnings=(_reach(spec), *_notices(network, dtype)),
        sha256=sha256_of(files.folder, files.all),
        baselines=baselines_of(set(model.substitutes)),
        maximum_tokens=LONGEST_TEXT,
        architecture=_architecture(spec),
        device=str(device),
        checkpoints=model.checkpoints,
        begins=model.meta is not None,
    )
    return model


def _architecture(spec: TextgenrnnSpec) -> str:
    return f"textgenrnn, LSTM {spec.layers} × {spec.hidden_size}" + (" bidirectional" if spec.bidirectional else "")


def _build(spec: TextgenrnnSpec, state: Mapping[str, Tensor], device: torch.device) -> TextgenrnnNetwork:
    with torch.device("meta"):
        network = TextgenrnnNetwork(spec)
    fill(network, state, device)
    return network


def _reach(spec: TextgenrnnSpec) -> Notice:
    reach = f"It predicts from the last {spec.max_length} tokens; what came before them has no effect."
    return Notice(f"{reach} A {'word' if spec.word_level else 'character'} it does not know is padding to it.")


def _notices(network: TextgenrnnNetwork, dtype: str) -> list[Notice]:
    notices = []
    broken = not_finite(network)
    if broken:
        notices.append(Notice(f"{broken[0]} is not finite (NaN or infinity): the file is damaged.", "not_finite", True))
    if dtype not in ("float32", "float64"):
        notices.append(Notice(f"Stored as {dtype}, computed in float32.", "dtype"))
    return notices


class TextgenrnnModel(TextModel):
    """A language model that looks back over a window of tokens.

    A text begins with ``<s>``, unless the model was trained on one long text. What is outside the vocabulary has the id of
    padding, as textgenrnn has it.
    """

    network: TextgenrnnNetwork
    has_history = True

    def __init__(self, network: TextgenrnnNetwork, vocabulary: Mapping[str, int], files: TextgenrnnFiles) -> None:
        self.network, self.spec = network, network.spec
        self.window = self.spec.max_length
        self._vocabulary, self._files = vocabulary, files
        self._pieces = [PAD, *sorted(vocabulary, key=lambda piece: vocabulary[piece])]
        self.substitutes = {"pad": 0}
        self.meta = None if self.spec.single_text else vocabulary[META]
        kind = _word_pattern(vocabulary) if self.spec.word_level else "char"
        self._tokeniser = Tokeniser(kind, vocabulary, 0, lowercase=self.spec.word_level)
        *earlier, own = files.checkpoints
        self.earlier, self.own_checkpoint = {checkpoint.name: checkpoint.path for checkpoint in earlier}, own.name

    def read_checkpoint(self, path: Path) -> CheckpointWeights:
        """See ``TextModel``."""
        state, dtype = read_weights(path)
        if {key: tensor.shape for key, tensor in state.items()} != shapes_of(self.network):
            last = self._files.checkpoints[-1].path.name
            raise LoadError(f"{path.name} is of another network than {last}; take it out of the folder.", "checkpoint_mismatch")
        network = _build(self.spec, state, self.device)
        return CheckpointWeights(network, (path,), dtype, tuple(_notices(network, dtype)))

    def encode(self, text: TextInput) -> Encoding:
        """See ``TextModel``."""
        require_text(text)
        encoding = self._encode(text)
        if encoding.special.all():
            raise UserError("There is nothing in this text that the model's tokeniser reads; type a word.", "empty_text")
        return encoding

    def encode_beginning(self, text: TextInput) -> Encoding:
        """As ``encode``, to be gone on with: where ``<s>`` begins every text, a text of nothing is one, too."""
        blank = text.pair is None and not text.text.strip()
        return self._encode(text) if blank and self.info.begins else self.encode(text)

    def _encode(self, text: TextInput) -> Encoding:
        pieces: list[Piece] = [] if self.meta is None else [Piece(META, self.meta, 0, 0, None)]
        first, overflowed = len(pieces), False
        for _, known, start, end in self._tokeniser.pieces(text.text):
            if len(pieces) == LONGEST_TEXT:
                overflowed = True
                break
            pieces.append(Piece(self._pieces[known or 0], known or 0, start, end, 0))
        special = torch.zeros(len(pieces), dtype=torch.bool, device=self.device)
        special[:first] = True
        ids = torch.tensor([[piece.id for piece in pieces]], device=self.device)
        return Encoding(tokenized_text(text.text, None, pieces, overflowed), ids, special)

    def windows(self, embeddings: Tensor, position: int) -> Tensor:
        """(batch, seq, d_model) -> (batch, max_length, d_model): what the token after ``position`` is predicted from."""
        read = embeddings[:, max(0, position + 1 - self.spec.max_length) : position + 1]
        padding = self.network.embedding.weight[0].expand(len(read), self.spec.max_length - read.shape[1], -1)
        return torch.cat((padding, read), dim=1)

    def embed(self, ids: Tensor) -> Tensor:
        """See ``TextModel``."""
        embedded: Tensor = self.network.embedding(ids)
        return embedded

    def logits(self, embeddings: Tensor, encoding: Encoding, position: int | None = None) -> Tensor:
        """See ``TextModel``."""
        logits: Tensor = self.network(self.windows(embeddings, embeddings.shape[1] - 1 if position is None else position))
        return logits

    def tokens_of(self, text: str) -> Tokens:
        """See ``TextModel``; without ``<s>``, since a corpus is no text of the kind the model was trained on."""
        return self._tokeniser.tokens(text)

    def run_tokens(self, ids: Tensor) -> Tensor:
        """See ``TextModel``; in one go, not window by window."""
        return self.network.features(self.embed(ids))

    @property
    def vocabulary_size(self) -> int:
        """See ``TextModel``."""
        return len(self._pieces)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """See ``TextModel``."""
        return tuple(self._pieces[i] for i in ids)

    def text_of(self, ids: Sequence[int]) -> str:
        """See ``TextModel``; padding and ``<s>`` are no text."""
        return self.going_on("", ids)

    def going_on(self, text: str, ids: Sequence[int]) -> str:
        """``text`` and what ``ids`` add to it: on word level with spaces where English has them."""
        for i in ids:
            if i not in (0, self.meta):
                piece = self._pieces[i]
                text += (" " if self.spec.word_level and _apart(text, piece) else "") + piece
        return text

    def output_label(self, index: int) -> str | None:
        """See ``TextModel``."""
        return self._pieces[index]

    def output_index(self, text: str) -> int | None:
        """See ``TextModel``."""
        return 0 if text == PAD else self._vocabulary.get(text)

    def no_such_output(self, name: str, outputs: int) -> str:
        """See ``TextModel``."""
        return f"“{name}” is not in the model's vocabulary of {outputs - 1:,}; name another token, or an output by index:N."

    def _ordinary(self) -> Tensor:
        ordinary = torch.ones(self.vocabulary_size, dtype=torch.bool)
        ordinary[[0, *([] if self.meta is None else [self.meta])]] = False
        return ordinary


def _word_pattern(vocabulary: Mapping[str, int]) -> str:
    """Words between white space and punctuation; line breaks and tabs are tokens where the vocabulary has them."""
    marks = regex.escape("".join(mark for mark in _PUNCTUATION if not mark.isspace() or mark in vocabulary))
    return rf"[{marks}]|[^\s{regex.escape(_PUNCTUATION)}]+"


def _apart(text: str, piece: str) -> bool:
    """Whether a space goes between ``text`` and the word or mark that follows it."""
    if not text or text[-1].isspace():
        return False
    opened = text.count('"') % 2 == 1
    touches = piece in _CLOSING or piece in _BETWEEN or text[-1] in _OPENING or text[-1] in _BETWEEN
    return not touches and not (piece == '"' and opened) and not (text[-1] == '"' and opened)
