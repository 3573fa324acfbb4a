"""Attention: what was captured, and the maps that can be had of it. Frozen, torch-free."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.requests import AttentionFileRequest, AttentionRequest, HeadAgreementRequest, HeadRequest, Stack, TfidfRequest
from engine.results import Cost, FloatArray, ModelInfo, Notice, ReadImage, ResolvedTarget, Token, TokenizedText

ONE_DOCUMENT, NOT_IN_CORPUS = "one_document", "not_in_corpus"  # kinds of notices
THUMBNAIL = 48  # cells a side, at most


@dataclass(frozen=True, slots=True)
class HeadScore:
    """A number that sums up one head, and what it means; ``name`` is a key, ``label`` stands on the screen."""

    name: str
    label: str
    unit: str
    help: str


HEAD_SCORES = (
    HeadScore("entropy", "Entropy", "nats", "How widely a row is spread, averaged over the queries that have a choice."),
    HeadScore("distance", "Distance", "tokens", "How far away the keys are that a query attends to, averaged by weight."),
    HeadScore("maximum", "Largest weight", "", "The largest weight of each row, averaged."),
    HeadScore("previous", "To the previous token", "", "The weight each query gives to the token before it, averaged."),
    HeadScore("first", "To the first token", "", "The weight each query gives to the first token, averaged."),
    HeadScore("same", "To the same token", "", "The weight each query gives to itself or to an equal token, averaged."),
    HeadScore("sinks", "To sinks", "", "The weight that goes to special tokens, the first token and padding, averaged."),
)


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Where the tokens of a picture lie: behind ``first`` others that lie nowhere, row by row.

    Args:
        crop: (left, top, right, bottom) of all patches together, in the picture's pixels.
    """

    read: ReadImage
    rows: int
    columns: int
    first: int
    crop: tuple[float, float, float, float]

    def cell_of(self, token: int) -> tuple[int, int] | None:
        """Row and column of a patch; None: the token is none."""
        at = token - self.first
        return divmod(at, self.columns) if 0 <= at < self.rows * self.columns else None

    def token_of(self, cell: tuple[int, int]) -> int:
        """The patch there."""
        return self.first + cell[0] * self.columns + cell[1]

    def rectangle_of(self, token: int) -> tuple[float, float, float, float] | None:
        """(left, top, right, bottom) of a patch in the picture's pixels."""
        cell = self.cell_of(token)
        if cell is None:
            return None
        left, top, right, bottom = self.crop
        wide, high = (right - left) / self.columns, (bottom - top) / self.rows
        return left + cell[1] * wide, top + cell[0] * high, left + (cell[1] + 1) * wide, top + (cell[0] + 1) * high


@dataclass(frozen=True, slots=True, eq=False)
class StackOverview:
    """All heads of a stack of layers at a glance.

    Args:
        queries, keys: the tokens of the two axes; the same ones but for ``cross``.
        causal: keys after the query have no weight, by construction.
        kinds: of each layer, as the config tells it: ``full``, ``sliding`` …
        thumbnails: (layer, head, rows, columns) float16, the largest weight in each cell, so that single bright ones survive.
        scores: by ``HeadScore.name``, (layer, head) float32; NaN where it means nothing.
        of_patches: tokens lie in a plane, and ``distance`` is from patch to patch there, in patches.
    """

    name: Stack
    queries: tuple[Token, ...]
    keys: tuple[Token, ...]
    causal: bool
    kinds: tuple[str, ...]
    thumbnails: FloatArray
    scores: Mapping[str, FloatArray]
    of_patches: bool = False

    @property
    def layers(self) -> int:
        """How many."""
        return int(self.thumbnails.shape[0])

    @property
    def heads(self) -> int:
        """How many in each layer."""
        return int(self.thumbnails.shape[1])


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that might have been written."""

    text: str
    index: int
    probability: float


@dataclass(frozen=True, slots=True)
class GeneratedToken:
    """One step of a generation: the token written, its probability before temperature, and the likeliest instead.

    ``text`` is as the model's vocabulary writes it, a leading space counted.
    """

    text: str
    index: int
    probability: float
    alternatives: tuple[Alternative, ...]
    forced: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """A recurrent model's attention over the window it has read, at each step.

    Step s is the choice of token ``start + s`` of ``input``'s tokens, the generated ones counted on; the window holds the
    ``max_length`` tokens before it, padded at the left.

    Args:
        patterns: (step, max_length) float32, each row sums to 1.
        tokens: (step, max_length) as written, ``<pad>`` and ``<s>`` included.
        positions: (step, max_length) int: which token of the whole text stands there; −1 for padding, −2 for ``<s>``.
        contributions: (step, max_length) float32: what each of them adds to the logit of the token that was chosen;
            with ``bias`` (step,) they sum to ``logit`` (step,) exactly.
        start: 1 where the tokens begin with ``<s>``, which nothing chose.
    """

    patterns: FloatArray
    tokens: tuple[tuple[str, ...], ...]
    positions: NDArray[np.integer]
    contributions: FloatArray
    bias: FloatArray
    logit: FloatArray
    start: int = 0


@dataclass(frozen=True, slots=True)
class Verification:
    """Maps rebuilt from queries and keys, held against the model's own eager attention.

    Args:
        rows: how many rows were compared, at least one of each layer; 0: the maps are the model's own.
        largest_difference: of a weight.
    """

    rows: int
    largest_difference: float


@dataclass(frozen=True, slots=True, eq=False)
class AttentionResult:
    """What was captured: every head at a glance, the maps themselves on demand (``HeadRequest``).

    Args:
        input: the text as read, and what was generated: ``text`` is both, and generated tokens count on.
        prompt: how many of ``input.tokens`` were given; the others were generated, and the last of them is no query.
        stacks: of a transformer; empty for a recurrent model.
        generated: one for each token written.
        history: of a recurrent model with an attention layer.
        checkpoints: names of the training checkpoints there are, the first first; empty: there is only one.
        patches: what the tokens of a picture stand for, which are no text; None: it was a text.
    """

    request: AttentionRequest
    model: ModelInfo
    input: TokenizedText
    prompt: int
    stacks: tuple[StackOverview, ...]
    generated: tuple[GeneratedToken, ...]
    history: History | None
    verification: Verification | None
    cost: Cost
    checkpoints: tuple[str, ...] = ()
    decoder_input: TokenizedText | None = None
    warnings: tuple[Notice, ...] = ()
    patches: Patches | None = None

    def stack(self, name: Stack) -> StackOverview:
        """The one called ``name``.

        Raises:
            KeyError: there is none.
        """
        return {stack.name: stack for stack in self.stacks}[name]


@dataclass(frozen=True, slots=True, eq=False)
class HeadMap:
    """One map of query by key.

    Args:
        pattern: (query, key) float32; zero above the diagonal where the stack is causal.
        unit: of a value: ``weight``, ``norm``, ``share``, ``relevance``.
        target: of relevance; None: the map does not depend on a target.
    """

    request: HeadRequest
    queries: tuple[Token, ...]
    keys: tuple[Token, ...]
    causal: bool
    pattern: FloatArray
    unit: str
    target: ResolvedTarget | None
    cost: Cost
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AttentionFile:
    """What goes into a file (contract: ``attention``).

    Args:
        patterns: by stack, (layer, head, query, key) float32; selected axes keep length 1.
        generated: (step, layer, head, key) float32, NaN beyond what each step could see; None: nothing was generated.
    """

    request: AttentionFileRequest
    attention: AttentionResult
    patterns: Mapping[Stack, FloatArray]
    generated: FloatArray | None


@dataclass(frozen=True, slots=True, eq=False)
class HeadAgreement:
    """Rank correlation of each head with an attribution, over the tokens of the text.

    Args:
        correlations: by stack, (layer, head): Spearman's of the attention each token receives with the magnitude of its
            attribution; NaN where one of them is constant.
        query: the position whose row is compared; None: the mean over all queries.
    """

    request: HeadAgreementRequest
    correlations: Mapping[Stack, FloatArray]
    query: int | None
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class WordOccurrence:
    """One occurrence of a word: a point of the TF-IDF picture.

    Args:
        start, end: code points of the text.
        tfidf: its share of the text's words × (ln((1 + documents) / (1 + documents with it)) + 1).
        attention: it receives, the mean over the steps that can see it, summed over its tokens.
        age: how many steps could see it.
        expected: the attention that words of this age receive.
        count: how often it stands in the text.
        documents: how many of the corpus hold it.
    """

    word: str
    start: int
    end: int
    tfidf: float
    attention: float
    age: int
    expected: float
    count: int
    documents: int

    @property
    def without_age(self) -> float:
        """What is left once its age is taken out: how many times what words of its age receive."""
        return self.attention / self.expected


@dataclass(frozen=True, slots=True, eq=False)
class TfidfResult:
    """Attention received by each word, beside how rare it is.

    Args:
        text: that was read, and written.
        correlation, correlation_without_age: Spearman's with TF-IDF, as it is and with age taken out; None from fewer than
            three words, or where one of the two is constant.
        standouts: indices of the occurrences furthest above what their age explains, the furthest first.
        documents, kinds: how many the corpus has, and what each is: ``rows``, ``files``, ``paragraphs``, ``lines``.
        ages_differ: there was an age to take out; of a model that reads both ways there is none.
    """

    request: TfidfRequest
    model: ModelInfo
    text: str
    occurrences: tuple[WordOccurrence, ...]
    correlation: float | None
    correlation_without_age: float | None
    standouts: tuple[int, ...]
    documents: int
    kinds: tuple[str, ...]
    ages_differ: bool
    cost: Cost
    warnings: tuple[Notice, ...] = ()

    @property
    def chance(self) -> float:
        """What a correlation of as many unrelated words keeps below, either way, 95 times in 100."""
        return min(1.0, 1.96 / math.sqrt(max(1, len(self.occurrences) - 1)))
