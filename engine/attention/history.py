"""A recurrent model's attention over the window it has read, for every token of a text and every one it goes on with."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.attention_maps import Alternative, AttentionResult, GeneratedToken, History
from engine.errors import UserError
from engine.jobs import Partial, Steps
from engine.models.model import LONGEST_TEXT, Encoding, TextModel
from engine.models.textgenrnn import PAD, TextgenrnnModel
from engine.models.textgenrnn_files import META
from engine.models.textgenrnn_network import TextgenrnnNetwork
from engine.recurrent.read import warnings_of
from engine.requests import AttentionRequest, Generation, as_text
from engine.results import Cost, FloatArray, Notice, Token, TokenizedText
from engine.sampling import check_temperature, choose

STEP_SECONDS = 0.1  # of writing, before what was found is shown
_STEPS_AT_ONCE = 2_560  # of the LSTMs, in a batch of windows: short enough to cancel
_MOST_CELLS = 20_000_000  # of steps by window
_PADDING, _META = -1, -2  # positions that are no token of the text


def attend_history(model: TextModel, request: AttentionRequest) -> Steps[AttentionResult]:
    """Read a text window by window, then go on with it.

    Yields:
        Progress; while it writes, the result so far.

    Raises:
        UserError: no such attention layer or checkpoint, or a generation that cannot be.
    """
    yield Partial(0, doing="Reading")
    start = time.perf_counter()
    if not isinstance(model, TextgenrnnModel):
        raise UserError("This model has no attention layer over a window of its recurrent layers.", "unavailable")
    if request.decoder_text is not None:
        raise UserError("This model reads and writes one text; leave the decoder's text out.", "arguments")
    generation = request.generation
    check_generation(generation)
    forced = {step: _forced(model, text) for step, text in generation.forced}
    network = model.at_checkpoint(generation.checkpoint).network
    encoding = model.encode_beginning(as_text(request.input))
    _check_size(model, encoding, generation)
    written, rows = _Written(model, encoding.input), _Rows([], [], [], [])
    first = 0 if model.meta is None else 1  # <s> stands there whatever the model thinks of it
    yield from _read(network, written, rows, first)

    def so_far(warnings: Sequence[Notice] = ()) -> AttentionResult:
        return AttentionResult(
            request=request,
            model=model.info,
            input=written.text(),
            prompt=encoding.ids.shape[1],
            stacks=(),
            generated=tuple(written.generated),
            history=rows.history(written, first),
            verification=None,
            cost=Cost(len(written.ids) - first, 0, time.perf_counter() - start, model.info.device),
            checkpoints=model.checkpoints,
            warnings=tuple(warnings),
        )

    shown = time.perf_counter()
    for step in _go_on(network, written, rows, generation, forced):
        tell = time.perf_counter() - shown >= STEP_SECONDS
        yield Partial(step, generation.tokens, so_far() if tell else None, "Writing")
        shown = time.perf_counter() if tell else shown
    return so_far(_warnings(model, encoding, written, generation))


def _read(network: TextgenrnnNetwork, written: "_Written", rows: "_Rows", first: int) -> Steps[None]:
    """Every token of the text from the window before it, many windows at a time."""
    tokens = len(written.ids)
    at_once = max(1, _STEPS_AT_ONCE // network.spec.max_length)
    for begin in range(first, tokens, at_once):
        places = range(begin, min(begin + at_once, tokens))
        seen = _look_back(network, torch.stack([written.window(at) for at in places]))
        rows.add(_told_apart(network, *seen, [written.ids[at] for at in places]))
        del seen
        yield Partial(places[-1] + 1, tokens, doing="Reading")


def _go_on(
    network: TextgenrnnNetwork, written: "_Written", rows: "_Rows", generation: Generation, forced: Mapping[int, int]
) -> Iterator[int]:
    """One token after another, until there are enough or the text ends; gives how many there are."""
    noise = torch.Generator().manual_seed(generation.seed)
    for step in range(generation.tokens):
        seen = _look_back(network, written.window(len(written.ids))[None])
        chosen = _choose(written.model, _logits(network, *seen), generation, noise, forced.get(step))
        rows.add(_told_apart(network, *seen, [chosen.index]))
        del seen
        written.add(chosen)
        yield step + 1
        if chosen.index == written.model.meta:
            return


def check_generation(generation: Generation) -> None:
    """Refuse what no model could do.

    Raises:
        UserError: one plain sentence.
    """
    top_p = generation.top_p
    if generation.tokens < 0 or generation.alternatives < 0:
        raise UserError("The number of tokens to write, and of alternatives to tell, cannot be negative.", "arguments")
    check_temperature(generation.temperature)
    if generation.top_k is not None and generation.top_k < 1:
        raise UserError("At least one token must be left to choose from (top k).", "arguments")
    if top_p is not None and not 0 < top_p <= 1:
        raise UserError("The share of the probability to choose from (top p) lies above 0 and is at most 1.", "arguments")
    for step, text in generation.forced:
        if not 0 <= step < generation.tokens:
            raise UserError(
                f"“{text}” is to be written at step {step}, but {generation.tokens} tokens are written, from step 0 on.",
                "arguments",
            )


@dataclass(slots=True)
class _Rows:
    """What was found so far, one array for each batch of steps."""

    patterns: list[FloatArray]
    contributions: list[FloatArray]
    bias: list[FloatArray]
    logit: list[FloatArray]

    def add(self, found: tuple[FloatArray, ...]) -> None:
        for kept, values in zip((self.patterns, self.contributions, self.bias, self.logit), found, strict=True):
            kept.append(values)

    def history(self, written: "_Written", first: int) -> History:
        steps, window = range(first, len(written.ids)), written.model.spec.max_length
        none, nothing = np.zeros(0, np.float32), np.zeros((0, window), np.float32)  # of a text of nothing
        return History(
            patterns=np.concatenate([nothing, *self.patterns]),
            tokens=tuple(written.window_texts(at) for at in steps),
            positions=np.array([written.window_positions(at) for at in steps], dtype=int).reshape(-1, window),
            contributions=np.concatenate([nothing, *self.contributions]),
            bias=np.concatenate([none, *self.bias]),
            logit=np.concatenate([none, *self.logit]),
            start=first,
        )


@dataclass(slots=True)
class _Written:
    """The text so far: ids, what is read of each token, and what was generated."""

    model: TextgenrnnModel
    known: TokenizedText
    ids: list[int] = field(init=False)
    texts: list[str] = field(init=False)
    generated: list[GeneratedToken] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.ids = [token.id for token in self.known.tokens]
        self.texts = [token.piece if token.special else token.text for token in self.known.tokens]

    def window(self, at: int) -> Tensor:
        """The ids that token ``at`` is chosen from, (max_length,)."""
        read = self.ids[max(0, at - self.model.spec.max_length) : at]
        return torch.tensor([0] * (self.model.spec.max_length - len(read)) + read)

    def window_positions(self, at: int) -> NDArray[np.integer]:
        """Which token stands where."""
        positions = np.arange(at - self.model.spec.max_length, at)
        positions[positions < 0] = _PADDING
        if self.model.meta is not None:
            positions[positions == 0] = _META
        return positions

    def window_texts(self, at: int) -> tuple[str, ...]:
        """As typed where it was typed: an unknown word is padding to the model, and still a word to the reader."""
        read = self.texts[max(0, at - self.model.spec.max_length) : at]
        return (*[PAD] * (self.model.spec.max_length - len(read)), *read)

    def add(self, token: GeneratedToken) -> None:
        """The next one."""
        self.generated.append(token)
        self.ids.append(token.index)
        self.texts.append(token.text)

    def text(self) -> TokenizedText:
        """Typed and generated; what was generated has its place in the text too."""
        text, tokens = self.known.text, list(self.known.tokens)
        for token in self.generated:
            longer = self.model.going_on(text, [token.index])
            special = longer == text
            start = len(longer) if special else len(longer) - len(token.text)
            tokens.append(Token(longer[start:], token.text, token.index, start, len(longer), special))
            text = longer
        return replace(self.known, text=text, tokens=tuple(tokens))


@torch.no_grad()
def _look_back(network: TextgenrnnNetwork, windows: Tensor) -> tuple[Tensor, Tensor]:
    """(batch, window) ids -> (batch, window, features), and how much of each is attended to."""
    features = network.features(network.embedding(windows.to(network.output.weight.device)))
    return features, network.pattern(features)


@torch.no_grad()
def _logits(network: TextgenrnnNetwork, features: Tensor, pattern: Tensor) -> Tensor:
    """(batch, outputs), as the network itself has them."""
    return network.read_out(features, pattern).double().cpu()


@torch.no_grad()
def _told_apart(network: TextgenrnnNetwork, features: Tensor, pattern: Tensor, chosen: Sequence[int]) -> tuple[FloatArray, ...]:
    """Pattern, contributions, bias and logit of a batch of windows, for the token that was chosen after each.

    logit = b + Σ_t α_t (x_t · W): the layer after the average is linear, so its logit falls apart into time steps.
    """
    index = torch.tensor(chosen, device=features.device)
    said = (features.double() @ network.output.weight[index].double()[..., None])[..., 0]  # (batch, window)
    contributions, bias = pattern.double() * said, network.output.bias[index].double()
    logit = contributions.sum(-1) + bias
    return tuple(part.float().numpy(force=True) for part in (pattern, contributions, bias, logit))


def _choose(
    model: TextgenrnnModel, logits: Tensor, generation: Generation, noise: torch.Generator, forced: int | None
) -> GeneratedToken:
    """The next token; never padding, which stands for nothing that could be written."""
    open_to = logits.clone()
    open_to[:, 0] = -torch.inf
    drawn = int(choose(open_to, noise, generation.temperature, generation.top_k, generation.top_p))
    index = drawn if forced is None else forced
    probabilities = logits[0].softmax(-1)
    likeliest = open_to[0].topk(min(generation.alternatives, len(open_to[0]) - 1)).indices.tolist()
    pieces = model.pieces(likeliest)
    alternatives = tuple(Alternative(piece, i, float(probabilities[i])) for piece, i in zip(pieces, likeliest, strict=True))
    return GeneratedToken(model.pieces([index])[0], index, float(probabilities[index]), alternatives, forced is not None)


def _forced(model: TextgenrnnModel, text: str) -> int:
    """The token that is to be written.

    Raises:
        UserError: the vocabulary has none that is ``text``.
    """
    for spelling in (text, text.strip(), text.strip().lower()) if model.spec.word_level else (text,):
        index = model.output_index(spelling)
        if index:  # 0 is padding
            return index
    raise UserError(f"“{text}” is not in the model's vocabulary, so it cannot be written; force another token.", "unknown_token")


def _check_size(model: TextgenrnnModel, encoding: Encoding, generation: Generation) -> None:
    """Refuse what would not fit in memory, or has no end to go on from."""
    tokens = encoding.ids.shape[1] + generation.tokens
    if generation.tokens and encoding.input.cut:
        raise UserError(f"The text is longer than {LONGEST_TEXT:,} tokens; shorten it before it is gone on with.", "too_long")
    if tokens * model.spec.max_length > _MOST_CELLS:
        raise UserError(
            f"{tokens:,} steps by a window of {model.spec.max_length:,} are more than can be shown; shorten the text, or write "
            "less.",
            "too_long",
        )


def _warnings(model: TextgenrnnModel, encoding: Encoding, written: _Written, generation: Generation) -> list[Notice]:
    warnings = warnings_of(model, encoding)
    count = len(written.generated)
    if count and written.generated[-1].index == model.meta:
        when = "at once" if count == 1 else f"after {count} of {generation.tokens} tokens"
        mend = "force another token, or raise the temperature, to go on" if count < generation.tokens else "the text is complete"
        warnings.append(Notice(f"The model ended {when}: it wrote {META}, the end of a text; {mend}.", "ended"))
    return warnings
