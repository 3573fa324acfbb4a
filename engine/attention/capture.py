"""What is kept of one reading: enough to make any map again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from engine.attention.layers import Layer
from engine.attention_maps import AttentionResult, GeneratedToken, Patches, Verification
from engine.requests import AttentionRequest, Stack
from engine.results import FloatArray, Notice, Token, TokenizedText


@dataclass(frozen=True, slots=True, eq=False)
class CapturedStack:
    """A stack of layers, all of one shape. ``kinds``: as in ``StackOverview``."""

    name: Stack
    queries: tuple[Token, ...]
    keys: tuple[Token, ...]
    causal: bool
    kinds: tuple[str, ...]
    layers: tuple[Layer, ...]
    patches: Patches | None = None


@dataclass(slots=True, eq=False)
class Capture:
    """A text that was read, and gone on with, or a picture.

    Args:
        ids: what the network read in the end, (encoder's) input and generated tokens but the last.
        decoder_ids: the same of the decoder of an encoder-decoder.
        norms: of values, (head, key) by stack and layer, once they were asked for.
        result, received: the overview and (layer, head, key) mean weights, once they were made.
        patches: of a picture, which has no ``ids``.
    """

    request: AttentionRequest
    input: TokenizedText
    decoder_input: TokenizedText | None
    prompt: int
    ids: tuple[int, ...]
    decoder_ids: tuple[int, ...]
    stacks: Mapping[Stack, CapturedStack]
    generated: tuple[GeneratedToken, ...]
    verification: Verification
    forward: int
    seconds: float
    warnings: tuple[Notice, ...] = ()
    norms: dict[tuple[Stack, int], Tensor] = field(default_factory=dict)
    result: AttentionResult | None = None
    received: Mapping[Stack, FloatArray] = field(default_factory=dict)
    patches: Patches | None = None

    @property
    def bytes(self) -> int:
        """Held, more or less."""
        return sum(layer.bytes for stack in self.stacks.values() for layer in stack.layers)
