"""What the engine answers: frozen, torch-free, NumPy at most. A result can always say how it was made."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.cell_names import RecurrentKind
from engine.descriptions import MethodDescription
from engine.records import FieldSpan, RecordField
from engine.requests import (
    AttributionRequest,
    Grain,
    OpenModelRequest,
    OptimisationRequest,
    Parameter,
    PredictionRequest,
    Reduction,
    ScoreUnit,
    TextInput,
)

ModelFormat = Literal["huggingface", "recurrent", "recurrent_checkpoint", "textgenrnn", "python_module"]
Task = Literal[
    "text_classification",
    "image_classification",
    "causal_lm",
    "masked_lm",
    "seq2seq_lm",
    "encoder",
    "record_regression",
    "record_classification",
]
ProblemType = Literal["single_label", "multi_label", "regression"]
FloatArray = NDArray[np.floating]
InputKind = Literal["text", "image", "record"]
LONGEST_NAME = 32  # characters of a baseline's own text that a sentence quotes


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """One module of the model. ``name`` is dotted as in torch; ``shape`` is its weight's, or None without one."""

    name: str
    type: str
    shape: tuple[int, ...] | None
    parameters: int  # of the module and all inside it


@dataclass(frozen=True, slots=True)
class RecurrentInfo:
    """One LSTM, GRU or RNN module."""

    name: str
    kind: RecurrentKind
    layers: int
    hidden_size: int
    directions: int


@dataclass(frozen=True, slots=True)
class AttentionInfo:
    """How many attention layers, and heads in each."""

    layers: int
    heads: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know before trusting a number: what, in words, and how grave."""

    message: str
    kind: str = "note"
    blocking: bool = False  # results are refused until the user accepts it


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What was recognised in a path.

    Args:
        path: as given by the user, made absolute.
        labels: of the classes, in the order of the outputs; empty for language models and regression.
        problem_type: how the outputs become probabilities (softmax, sigmoid, not at all).
        bytes, forecast_bytes: on disk, and in memory once loaded.
        can: ``attribution``, ``attention``, ``cells``, ``units``, ``generation``.
        sha256: over the sorted (relative path, sha256) of the files read.
        baselines: identifiers that can be computed for this model (no ``mask`` without a mask token).
        maximum_tokens: longer texts are cut; None: no limit.
        rectified: it computes with ReLUs.
        averaged: the layer whose map is averaged over space and then classified by one linear layer; None: there is none.
        fields: of a model that reads records, in the order in which it reads them.
        value_unit: of what a regression says, such as minutes; empty: not known.
        checkpoints: names of those kept from its training, the first first, the model itself last; empty: none.
        begins: it begins a text by itself, so that it can write from nothing.
    """

    path: str
    format: ModelFormat
    task: Task
    labels: tuple[str, ...]
    problem_type: ProblemType
    parameters: int
    dtype_on_disk: str
    bytes: int
    forecast_bytes: int
    tokenizer: str | None
    layers: tuple[LayerInfo, ...]
    recurrent: tuple[RecurrentInfo, ...]
    attention: AttentionInfo | None
    can: tuple[str, ...]
    warnings: tuple[Notice, ...]
    sha256: str
    baselines: tuple[str, ...] = ()
    maximum_tokens: int | None = None
    input_kind: InputKind = "text"
    reads_pairs: bool = False
    architecture: str = ""
    device: str = "cpu"
    rectified: bool = False
    averaged: str | None = None
    checkpoints: tuple[str, ...] = ()
    begins: bool = False
    fields: tuple[RecordField, ...] = ()
    value_unit: str = ""

    @property
    def answers_once(self) -> bool:
        """Whether it says one thing of all that it reads: a class, several, a number."""
        return self.task in ("text_classification", "image_classification", "record_regression", "record_classification")

    @property
    def name(self) -> str:
        """The folder's own name, as a person would call the model."""
        return self.path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]

    @property
    def unexplained_because(self) -> str | None:
        """Why what it says cannot be explained, as a sentence; None: it can."""
        if "attribution" in self.can:
            return None
        if self.task == "encoder":
            return "This model has no output to explain: it is a bare encoder."
        return "This model computes from token ids alone, so it cannot be explained yet."


@dataclass(frozen=True, slots=True)
class OpenModelResult:
    """A model that is now open under ``info.sha256``; with blocking warnings nothing but looking at it is allowed."""

    request: OpenModelRequest
    info: ModelInfo


@dataclass(frozen=True, slots=True)
class CatalogueResult:
    """Every registered attribution method, in the order they are offered."""

    methods: tuple[MethodDescription, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of the text. Offsets are code points into the text as typed; ``text`` is ``text[start:end]``.

    Special tokens have ``start == end``. Several pieces may share one span (an emoji in a byte-level vocabulary).
    ``segment`` 1 belongs to the second text of a pair.
    """

    text: str
    piece: str
    id: int
    start: int
    end: int
    special: bool
    segment: int = 0


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """A text as typed and the tokens the model was given.

    ``cut``: the code points [start, end) of the text that did not fit; ``cut_pair`` the same of the pair's second text.
    ``fields``: of a record, what ``text`` was laid out from; ``notices``: what was done to make it fit.
    """

    text: str
    tokens: tuple[Token, ...]
    pair: str | None = None
    cut: tuple[int, int] | None = None
    cut_pair: tuple[int, int] | None = None
    fields: tuple[FieldSpan, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def truncated(self) -> bool:
        """Whether some of what was typed did not reach the model."""
        return self.cut is not None or self.cut_pair is not None or any(field.cut for field in self.fields)


@dataclass(frozen=True, slots=True, eq=False)
class ReadImage:
    """A picture and what of it the model was given. Turned upright as its EXIF data say.

    Args:
        size: (width, height) of the picture.
        pixels: (height, width, 3) uint8 as a person sees it; smaller than ``size`` where the picture is huge.
        crop: (left, top, right, bottom) in the picture's pixels: what the model's input shows.
        shape: (height, width) of the model's input.
        steps: the preprocessing in words, in its order.
    """

    path: str
    size: tuple[int, int]
    pixels: NDArray[np.uint8]
    crop: tuple[float, float, float, float]
    shape: tuple[int, int]
    steps: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassPrediction:
    """One output. ``label`` and ``probability`` are None for regression."""

    label: str | None
    index: int
    logit: float
    probability: float | None


@dataclass(frozen=True, slots=True, eq=False)
class PredictionResult:
    """What the model says, highest first (language models: the first 20 and the target)."""

    request: PredictionRequest
    input: TokenizedText | ReadImage
    classes: tuple[ClassPrediction, ...]

    @property
    def text(self) -> TokenizedText:
        """What was read, of a model that reads text.

        Raises:
            TypeError: it was a picture.
        """
        if not isinstance(self.input, TokenizedText):
            raise TypeError(f"not a text: {type(self.input).__name__}")
        return self.input

    @property
    def predicted(self) -> ClassPrediction:
        """The highest output."""
        return self.classes[0]


@dataclass(frozen=True, slots=True)
class ResolvedTarget:
    """The target as it was understood. ``versus_index`` is None unless a difference is explained.

    ``layer``: a unit's activation is explained, number ``index`` of that layer's output; None: an output of the model.
    """

    label: str | None
    index: int
    versus: str | None
    versus_index: int | None
    score: ScoreUnit
    position: int | None = None
    layer: str | None = None

    @property
    def outputs(self) -> tuple[int, ...]:
        """Which of the model's outputs are explained: one, two (versus), or none (a unit inside)."""
        return () if self.layer is not None else tuple(i for i in (self.index, self.versus_index) if i is not None)


def unit_words(target: ResolvedTarget) -> str:
    """The unit of the target's score."""
    return "activation" if target.layer is not None else target.score.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Completeness:
    """Do the attributions add up to what the method promises? All in units of the score.

    ``delta`` = ``sum`` − (``f_input`` − ``f_baseline``); ``relative_delta`` = |delta| / Σ|values|;
    ``delta_of_difference`` = |delta| / |f_input − f_baseline|. ``converged``: ``relative_delta`` ≤ ``tolerance``, and
    for methods that estimate their error, that estimate ≤ ``tolerance`` too. ``conservation``: it is f(input) that was handed
    down (``f_baseline`` is 0 and stands for nothing); what biases and positions hold of it is missing, and no failure.
    """

    f_input: float
    f_baseline: float
    sum: float
    delta: float
    relative_delta: float
    delta_of_difference: float
    converged: bool
    tolerance: float
    conservation: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """Samples (not batches) that went through the model; the displayed prediction is not counted."""

    forward: int
    backward: int
    seconds: float
    device: str


@dataclass(frozen=True, slots=True, eq=False)
class PathCurve:
    """The score along the straight path from baseline (α = 0) to input (α = 1).

    ``slope`` is the directional derivative d score / d α; NaN where only the score was evaluated.
    """

    alpha: FloatArray  # (n,), ascending
    score: FloatArray  # (n,)
    slope: FloatArray  # (n,)


@dataclass(frozen=True, slots=True)
class BaselineInfo:
    """A baseline and what the model predicts on it, highest class first: an information-less input should not convince.

    ``confident``: it does, more than half of the way from chance to certainty. ``notice``: it had to be made to fit.
    """

    id: str
    prediction: tuple[ClassPrediction, ...]
    confident: bool = False
    notice: Notice | None = None

    @property
    def name(self) -> str:
        """As a sentence says it."""
        kind, colon, text = self.id.partition(":")
        line = " ".join(text.split())
        shown = line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"
        return f"{kind} “{shown}”" if colon else kind.replace("_", " ")


@dataclass(frozen=True, slots=True, eq=False)
class AttributionResult:
    """Why the model said that: one value per token (reduction ``none``: one row of d_model per token).

    ``parameters`` holds every effective value; ``progress`` is below 1 for a partial map (shown while it sharpens, kept
    when the user cancels).
    """

    request: AttributionRequest
    model: ModelInfo
    method: MethodDescription
    prediction: PredictionResult
    target: ResolvedTarget
    values: FloatArray  # (seq,) or (seq, d_model), float32, in the score's unit
    reduction: Reduction
    parameters: tuple[tuple[str, Parameter], ...]
    baselines: tuple[BaselineInfo, ...]
    completeness: Completeness | None
    cost: Cost
    path: PathCurve | None = None
    warnings: tuple[Notice, ...] = ()
    progress: float = 1.0
    magnitudes: bool = False  # the parameters made a signed method's values unsigned
    grain: Grain = "token"  # what one value stands for; ``at_grain`` puts pieces together

    @property
    def tokens(self) -> tuple[Token, ...]:
        """One for each row of ``values``."""
        return self.prediction.text.tokens

    @property
    def token_reduction(self) -> Reduction:
        """How one value for each token comes about: where every dimension is there, they are summed."""
        return self.reduction if self.values.ndim == 1 else "sum"

    @property
    def unit(self) -> str:
        """Of ``values``, in words."""
        return self.model.value_unit if self.model.value_unit and self.target.layer is None else unit_words(self.target)

    @property
    def signed(self) -> bool:
        """Whether positive raises the score and negative lowers it; a norm has no sign."""
        return self.method.signed and not self.magnitudes and self.reduction not in ("l1", "l2")


@dataclass(frozen=True, slots=True)
class NearToken:
    """A token of the vocabulary beside an embedding: the cosine of the angle between them, and how far it is."""

    id: int
    piece: str
    similarity: float
    distance: float


@dataclass(frozen=True, slots=True)
class FoundText:
    """Real tokens put through the model, and the text they make.

    ``score`` and ``prediction`` are of exactly these tokens. Typed, the text may be read as others: then ``typed_score`` is
    what it has that way (None where the target is not there); ``reads_back`` says which.
    """

    ids: tuple[int, ...]  # special tokens and all
    input: TextInput
    score: float
    prediction: tuple[ClassPrediction, ...]
    reads_back: bool
    typed_score: float | None
    step: int


@dataclass(frozen=True, slots=True, eq=False)
class TextOptimisationResult:
    """What makes the target high, as far as it was found.

    ``score[i]`` is that of the embeddings after i steps (empty where real tokens are swapped); ``text_score[j]`` that of
    the text of their nearest tokens after ``text_steps[j]`` steps, put through the model as real tokens: they differ.
    ``positions`` are the free ones, ``near`` the tokens beside each, nearest first.
    """

    request: OptimisationRequest
    model: ModelInfo
    target: ResolvedTarget
    start: FoundText
    best: FoundText
    positions: tuple[int, ...]
    near: tuple[tuple[NearToken, ...], ...]
    score: FloatArray
    text_steps: FloatArray
    text_score: FloatArray
    texts: tuple[str, ...]  # one for each of ``text_score``
    cost: Cost
    warnings: tuple[Notice, ...] = ()
    progress: float = 1.0

    @property
    def unit(self) -> str:
        """Of every score, in words."""
        return unit_words(self.target)


Result = OpenModelResult | CatalogueResult | PredictionResult | AttributionResult | TextOptimisationResult
