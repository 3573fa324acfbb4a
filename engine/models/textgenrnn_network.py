"""The network textgenrnn trains: LSTMs over a window of tokens, and attention that looks back over all they said."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class TextgenrnnSpec:
    """The sizes of a network.

    Args:
        outputs: entries of the vocabulary, and one for padding, whose id is 0.
        max_length: how many tokens the window holds; shorter texts are padded at the left.
        single_text: trained on one long text, so that none begins with ``<s>``.
    """

    outputs: int
    embedding_size: int
    hidden_size: int
    layers: int
    bidirectional: bool
    max_length: int
    word_level: bool
    single_text: bool

    @property
    def features(self) -> int:
        """Of a token: its embedding and what every LSTM says there."""
        return self.embedding_size + self.layers * self.hidden_size * (2 if self.bidirectional else 1)


class TextgenrnnNetwork(nn.Module):
    """Embedding → rnn_1 → rnn_2 …; a weighted average of all of them over the window; one linear layer.

    Padding is read like any other token, and attended to: the original masks nothing.
    """

    def __init__(self, spec: TextgenrnnSpec) -> None:
        super().__init__()
        self.spec = spec
        self.embedding = nn.Embedding(spec.outputs, spec.embedding_size)
        size = spec.embedding_size
        for number in range(1, spec.layers + 1):
            layer = nn.LSTM(size, spec.hidden_size, batch_first=True, bidirectional=spec.bidirectional)
            self.add_module(f"rnn_{number}", layer)
            size = spec.hidden_size * (2 if spec.bidirectional else 1)
        self.attention = nn.Linear(spec.features, 1, bias=False)
        self.output = nn.Linear(spec.features, spec.outputs)

    @property
    def layers(self) -> list[nn.LSTM]:
        """The LSTMs in the order they run."""
        return [module for module in self.children() if isinstance(module, nn.LSTM)]

    def features(self, embeddings: Tensor) -> Tensor:
        """(batch, seq, d_model) -> (batch, seq, features): the embedding and what every LSTM makes of it."""
        parts = [embeddings]
        for layer in self.layers:
            parts.append(layer(parts[-1])[0])
        return torch.cat(parts, dim=-1)

    def pattern(self, features: Tensor) -> Tensor:
        """(batch, seq, features) -> (batch, seq): softmax over time of x · W."""
        scores: Tensor = self.attention(features)[..., 0]
        return scores.softmax(-1)

    def read_out(self, features: Tensor, pattern: Tensor) -> Tensor:
        """(batch, seq, features), (batch, seq) -> (batch, outputs)."""
        logits: Tensor = self.output((pattern[:, None] @ features)[:, 0])
        return logits

    def forward(self, embeddings: Tensor) -> Tensor:
        """(batch, max_length, d_model) -> (batch, outputs): the logits of the next token."""
        features = self.features(embeddings)
        return self.read_out(features, self.pattern(features))
