"""What can be asked of the engine: frozen, torch-free, hashable, so that a request is its own cache key.

Whatever can change an answer is in its request; a result carries the request it answers.
"""

from dataclasses import dataclass
from typing import Literal

from engine.cell_names import Cell

Parameter = bool | int | float | str | None
ScoreUnit = Literal["logit", "probability", "log_probability"]
Reduction = Literal["sum", "mean", "l1", "l2", "signed_max", "none"]
How = Literal["zero", "mean", "value"]
OptimisationMode = Literal["embeddings", "tokens"]
Device = Literal["auto", "cpu", "cuda", "mps"]
Grain = Literal["token", "word", "sentence", "field"]
Stack = Literal["self", "encoder", "decoder", "cross"]
AttentionQuantity = Literal["weights", "value_norm", "rollout", "relevance"]
HeadsMerged = Literal["mean", "maximum"]
Suggested = Literal["remove", "swap"]

DEFAULT_METHOD = "integrated_gradients"


@dataclass(frozen=True, slots=True)
class OpenModelRequest:
    """Open the model in ``path``; nothing found there is run, but for code that was consented to.

    Args:
        accept_reinitialised: the user knows that some weights are missing and random, and goes on.
        trust: consent to run the code of Python module folders: hashes of what lies in them, or ``all``.
    """

    path: str
    accept_reinitialised: bool = False
    device: Device = "auto"
    trust: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleCodeRequest:
    """What lies in this Python module folder? It is read, and not run."""

    path: str


@dataclass(frozen=True, slots=True)
class CatalogueRequest:
    """List the attribution methods with their parameters."""


@dataclass(frozen=True, slots=True)
class TextInput:
    """A text as typed, and the second text of a pair where the model reads pairs. Offsets count within each."""

    text: str
    pair: str | None = None


@dataclass(frozen=True, slots=True)
class ImageInput:
    """A picture in a file. ``sha256`` of its bytes: a file that changed is another question."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class RecordInput:
    """One row of a table, as (field, value as written)."""

    fields: tuple[tuple[str, str], ...]


Input = TextInput | ImageInput | RecordInput


def in_words(given: Input) -> str:
    """What was asked about, as a line or more of text."""
    if isinstance(given, ImageInput):
        return given.path
    return given.text if isinstance(given, TextInput) else ", ".join(f"{name}: {value}" for name, value in given.fields)


def is_empty(given: Input) -> bool:
    """Whether there is nothing in it to read."""
    if isinstance(given, TextInput):
        return not given.text.strip()
    return isinstance(given, RecordInput) and not any(value.strip() for _, value in given.fields)


def as_text(given: Input) -> TextInput:
    """``given``, where only a text can be meant.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(given, TextInput):
        raise TypeError(f"not a text: {type(given).__name__}")
    return given


@dataclass(frozen=True, slots=True)
class Target:
    """Which scalar of the model is explained.

    Args:
        choice: ``predicted``, ``true``, an exact label, an index, or ``label:X`` / ``index:N`` to force one reading.
        true: the true label, where the user gave it.
        versus: the label whose score is subtracted (A versus B), read as ``choice`` is.
        score: the unit.
        position: language models: explain the token after this one; None: after the last.
    """

    choice: str = "predicted"
    true: str | None = None
    versus: str | None = None
    score: ScoreUnit = "logit"
    position: int | None = None


@dataclass(frozen=True, slots=True)
class PredictionRequest:
    """What does the model say of this text? ``position`` as in ``Target``."""

    model_sha256: str
    input: Input
    position: int | None = None


@dataclass(frozen=True, slots=True)
class AttributionRequest:
    """Why did the model say that?

    Args:
        model_sha256: the open model.
        input: the text as typed, not token ids: equal ids can have other offsets.
        method, parameters: a registered method, and the values the user set; the others take their defaults.
        baselines: identifiers as on the command line (``zero``, ``pad``, ``text:…``, …); several: the average over
            them; empty: the first that the model offers.
        reduction: over d_model, or the channels of a pixel; None: the method's own.
        background: a file of texts that ``random_document`` is drawn from.
    """

    model_sha256: str
    input: Input
    target: Target = Target()
    method: str = DEFAULT_METHOD
    baselines: tuple[str, ...] = ()
    reduction: Reduction | None = None
    seed: int = 0
    parameters: tuple[tuple[str, Parameter], ...] = ()
    background: str | None = None


@dataclass(frozen=True, slots=True)
class OverTrainingRequest:
    """How did the answer to ``attribution`` come about while the model was trained?

    The target is the one it has at the open model: of ``predicted``, the class that is predicted in the end.

    Args:
        attribution: one value per token; the reduction ``none`` stands for the method's own.
        checkpoints: by name; empty: all there are.
    """

    attribution: AttributionRequest
    checkpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GradientFlowRequest:
    """How much of the target's gradient reaches each layer, and each step of recurrent ones?"""

    model_sha256: str
    input: Input
    target: Target = Target()


@dataclass(frozen=True, slots=True)
class CellsRequest:
    """What do the recurrent layers do while they read this text?

    Args:
        alternatives: language models: so many likeliest next tokens after each position.
        quantities: what of the layers is wanted; empty: everything they have.
    """

    model_sha256: str
    input: Input
    alternatives: int = 0
    quantities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AblationRequest:
    """What changes when these cells are held still while the text is read?

    Args:
        cells: their c (LSTM) or h (GRU, RNN) is held at every step.
        how: at zero, at their mean over this text, or at ``value``.
        alternatives: language models: so many likeliest next tokens after each position.
        generate: language models: so many tokens are written after the text; greedily, unless there is a ``temperature``.
        seed: of the sampling; the intact model and the other draw the same numbers.
    """

    model_sha256: str
    input: Input
    cells: tuple[Cell, ...]
    how: How = "zero"
    value: float = 0.0
    alternatives: int = 0
    generate: int = 0
    temperature: float | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Generation:
    """How a text is continued.

    Args:
        tokens: so many are written; 0: the text is only read.
        temperature: None: the likeliest token each time.
        top_k, top_p: of a sample, only the ``top_k`` likeliest, and of them the fewest that hold ``top_p`` of the mass.
        forced: (step, token's text): what is written at that step, whatever the model would have chosen.
        alternatives: so many likeliest tokens are told of each step, with their probabilities before temperature.
        checkpoint: of a model that carries several, by name; None: the last.
    """

    tokens: int = 0
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    forced: tuple[tuple[int, str], ...] = ()
    alternatives: int = 5
    seed: int = 0
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class AttentionRequest:
    """What does every head attend to while the model reads this text, and goes on with it; or looks at this picture?

    Args:
        decoder_text: encoder-decoders: what the decoder reads; None: its start token, and what it generates.
    """

    model_sha256: str
    input: TextInput | ImageInput
    generation: Generation = Generation()
    decoder_text: str | None = None


@dataclass(frozen=True, slots=True)
class HeadRequest:
    """One map of query by key, out of what ``attention`` captured.

    Args:
        head: a number, or the heads of the layer merged; ``rollout`` and ``relevance`` are of all heads and up to ``layer``.
        layer: counts from 0 within ``stack``.
        quantity: ``weights`` as the softmax gave them; ``value_norm``: ‖α v W_O‖, what each of them moves; ``rollout`` and
            gradient-weighted ``relevance`` from the layer's output down to the tokens.
        without_sinks: special tokens, the first token and padding get nothing, and the rest of each row sums to 1.
        residual: rollout: the share of each layer that goes past attention.
        target: of ``relevance``, which alone depends on it.
    """

    attention: AttentionRequest
    stack: Stack = "self"
    layer: int = 0
    head: int | HeadsMerged = 0
    quantity: AttentionQuantity = "weights"
    without_sinks: bool = False
    residual: float = 0.5
    target: Target = Target()


@dataclass(frozen=True, slots=True)
class AttentionFileRequest:
    """Every map that was captured, or those of one layer or head, as they go into a file."""

    attention: AttentionRequest
    layer: int | None = None
    head: int | None = None


@dataclass(frozen=True, slots=True)
class HeadAgreementRequest:
    """How far does what each head attends to go along with an attribution of the same text?"""

    attention: AttentionRequest
    attribution: AttributionRequest


@dataclass(frozen=True, slots=True)
class TfidfRequest:
    """Does attention go to the words that are rare in a corpus?

    Args:
        corpus: text files, folders or ``stdlib``; each file, or each row of a table, is a document.
        layer, head: of a transformer; a recurrent model's attention layer has one of each.
        text_column: of tables; empty: that which looks like it.
        stack: of an encoder-decoder, whose usual one is its encoder.
        without_sinks: as of ``HeadRequest``; a sink is then no point.
    """

    attention: AttentionRequest
    corpus: tuple[str, ...]
    layer: int = 0
    head: int | HeadsMerged = "mean"
    text_column: str = ""
    stack: Stack = "self"
    without_sinks: bool = False


@dataclass(frozen=True, slots=True)
class OptimisationRequest:
    """Which text would make the target as high as it can be?

    Args:
        target: as of an attribution; ``predicted`` is what the start predicts.
        mode: ``embeddings`` climbs in the space of embeddings and reads the nearest tokens; ``tokens`` swaps one real token
            at a time.
        tokens: how many there are, where the start is drawn at random.
        start: every ordinary token of this text is free; None: random tokens.
        learning_rate: how far an embedding goes in a step, in units of the vocabulary's largest norm.
        pull: share of the way to the nearest real embedding that each step goes in the end, 0 … 1; 0: none.
    """

    model_sha256: str
    target: Target = Target()
    mode: OptimisationMode = "embeddings"
    tokens: int = 8
    start: TextInput | None = None
    steps: int = 200
    learning_rate: float = 1.0
    pull: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ImportAnswers:
    """What a bare file of weights does not say, as a person types it; None: as guessed.

    Args:
        task: ``text_classification``, ``multi_label``, ``regression`` or ``causal_lm``.
        vocabulary: a file that holds it.
        tokeniser: ``char``, ``word`` or a regular expression.
        lowercase: ``yes`` or ``no``.
        unknown, padding: an entry of the vocabulary, else its id, else ``none``.
        labels: A,B,C.
        readout: ``last``, ``last_step``, ``mean`` or ``max``.
        activation: between the linear layers: one for all, or as many, with commas.
    """

    task: str | None = None
    vocabulary: str | None = None
    tokeniser: str | None = None
    lowercase: str | None = None
    unknown: str | None = None
    padding: str | None = None
    labels: str | None = None
    readout: str | None = None
    activation: str | None = None


@dataclass(frozen=True, slots=True)
class InspectCheckpointRequest:
    """What is in this bare file of weights, and what does it not say?"""

    path: str
    answers: ImportAnswers = ImportAnswers()


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """Try the weights in ``path`` on a text; with ``folder``, keep them there as a recurrent folder.

    ``guesses``: go on where nothing but a guess answers a question, which is what the window shows and the command line
    refuses.
    """

    path: str
    answers: ImportAnswers = ImportAnswers()
    folder: str | None = None
    text: str = ""
    guesses: bool = False


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan of a corpus depends on, apart from the model.

    Args:
        corpus: text files, folders, ``stdlib`` (Python's standard library) or ``stdlib:argparse,json``.
        gates: the quantities to scan; empty: everything the cells have.
        limit: the most positions to read; None: as many as the cache has room for.
        text_column: the corpus is tables (CSV, TSV, JSONL), each row of which is a text by itself, in this column; empty: in
            that which looks like it. None: files are read as they stand.
    """

    corpus: tuple[str, ...]
    gates: tuple[str, ...] = ()
    limit: int | None = None
    text_column: str | None = None


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """Read a corpus with the model and keep what its cells did."""

    model_sha256: str
    scanned: Scanned


@dataclass(frozen=True, slots=True)
class DetectRequest:
    """Which cells know that a position matches?

    Args:
        patterns: regular expressions; group 1 marks what is meant, or the whole match.
        predicate: a ready hypothesis in their place, such as ``inside_quotes``.
        painted: places painted by hand in their place: (path of a file of the corpus, start, end) in code points.
        column: of the corpus's tables, in their place: what it says of a row holds at every position of the row.
        top: how many units are wanted.
        holdout: the share of every file, at its end, that tests what the first part found; of a table, the share of its rows.
        shifts: of the null: circular shifts, or rows' labels dealt anew; 0: no null, and nothing is called interpretable.
        controls: whether to compare with untrained networks, the token's identity and the position in the line.
    """

    model_sha256: str
    scanned: Scanned
    patterns: tuple[str, ...] = ()
    predicate: str | None = None
    painted: tuple[tuple[str, int, int], ...] = ()
    column: str | None = None
    top: int = 20
    holdout: float = 0.5
    shifts: int = 200
    seed: int = 0
    controls: bool = True


@dataclass(frozen=True, slots=True)
class MarksRequest:
    """Where in this text would a pattern or predicate match? For showing it while it is typed; needs no model."""

    text: str
    patterns: tuple[str, ...] = ()
    predicate: str | None = None


@dataclass(frozen=True, slots=True)
class UnitRequest:
    """How is one unit spread over a scanned corpus, and where is it highest and lowest?"""

    model_sha256: str
    scanned: Scanned
    quantity: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class TracksRequest:
    """Write what one cell, or a quantity of every cell, did all through a corpus.

    Args:
        scanned: its ``gates`` are the quantities wanted.
        cell: only this one; None: all, and ``gates`` must say of what.
        out: a ``.npz`` file.
    """

    model_sha256: str
    scanned: Scanned
    out: str
    cell: Cell | None = None


@dataclass(frozen=True, slots=True)
class PhraseRequest:
    """Where else in the corpus do the cells do what they do over this phrase?

    Args:
        text, start, end: the phrase is ``text[start:end]``, in code points.
        quantity: what is compared.
        threshold: a cell is on where it is above this, or below its negative (LSTMVis has 0.3 of tanh c).
        top: how many places are wanted.
    """

    model_sha256: str
    scanned: Scanned
    text: str
    start: int
    end: int
    quantity: str = "hidden_state"
    threshold: float = 0.3
    top: int = 50


@dataclass(frozen=True, slots=True)
class CorpusTextRequest:
    """A scanned corpus as one text, and what one cell did on it; ``quantity`` may be ``tanh_cell_state``."""

    model_sha256: str
    scanned: Scanned
    quantity: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class EffectRequest:
    """Does the model use these cells where a hypothesis holds? Its loss there and elsewhere, whole and with the cells held.

    Args:
        scanned, patterns, predicate, painted, holdout: as of the ``DetectRequest`` that ranked them; the part held out is read.
        cells: their c (LSTM) or h (GRU, RNN) is held, all at once.
        part: an alternative or named group by its name; None: the whole hypothesis.
        how: at zero, at their mean over what is read, or at ``value``.
        positions: how many are scored, about.
        random_sets: how many sets of other cells are held beside them.
        seed: of the files, the places in them, and the random sets.
    """

    model_sha256: str
    scanned: Scanned
    cells: tuple[Cell, ...]
    patterns: tuple[str, ...] = ()
    predicate: str | None = None
    painted: tuple[tuple[str, int, int], ...] = ()
    part: str | None = None
    holdout: float = 0.5
    how: How = "zero"
    value: float = 0.0
    positions: int = 8000
    random_sets: int = 20
    seed: int = 0


def effect_request(
    ranked: DetectRequest, cells: tuple[Cell, ...], part: str | None = None, how: How = "zero", value: float = 0.0
) -> EffectRequest:
    """Hold cells that ``ranked`` found, where its hypothesis, or a part of it, holds."""
    return EffectRequest(
        ranked.model_sha256,
        ranked.scanned,
        cells,
        ranked.patterns,
        ranked.predicate,
        ranked.painted,
        part,
        ranked.holdout,
        how,
        value,
        seed=ranked.seed,
    )


@dataclass(frozen=True, slots=True)
class DataSource:
    """A file of examples and how it is read; what is None is guessed, and the answer says what was.

    Args:
        path: ``.csv .tsv .jsonl .parquet``, or a plain text with an example a line.
        delimiter, encoding, quoted, header: of CSV and TSV: one character; a codec such as ``utf-8``; whether double quotes
            hold cells together; whether the first line names the columns.
        text, pair: columns; ``pair`` empty: there is none.
        labels: columns; of several, each is yes or no about one label of a multi-label model. Empty: there is none.
        names: (as the data write it, the model's label): corrections of how labels are matched; the second empty: it is none
            of the model's.
        fields: names of the fields that the open model reads: where columns are named so, a row is a record. Empty: a text.
    """

    path: str
    delimiter: str | None = None
    encoding: str | None = None
    quoted: bool | None = None
    header: bool | None = None
    text: str | None = None
    pair: str | None = None
    labels: tuple[str, ...] | None = None
    names: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetRequest:
    """Open a file of examples; needs no model."""

    source: DataSource


@dataclass(frozen=True, slots=True)
class PredictionsRequest:
    """What does the model say of every example? Kept on disk, and taken up where it was left.

    Args:
        data_sha256: of the file as it was opened, so that one that has changed since is noticed; None: as it is now.
    """

    model_sha256: str
    source: DataSource
    data_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnFilter:
    """Rows by one column of the data, or by one of ``engine.datasets.select.COMPUTED``.

    Args:
        equals: as it is written; of ``correct`` ``yes``, ``no`` or empty (not known); of ``tag`` one of the row's tags.
        pattern: a regular expression that is found in the cell; upper and lower case are the same.
        minimum, maximum: of numbers, both included.
        inverted: the rows that are not so.
    """

    column: str
    equals: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    inverted: bool = False


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows that pass every filter, in an order: (column, whether descending), the first counts most."""

    filters: tuple[ColumnFilter, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class SliceRequest:
    """Which rows are selected? ``tags``: of rows that have any, (row, tag)."""

    predictions: PredictionsRequest
    selection: Selection = Selection()
    tags: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NamedRows:
    """A slice by its name; an empty one is an answer, too."""

    name: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ExplainRowsRequest:
    """Explain rows one after the other, each as ``explain`` would; kept on disk.

    Args:
        explanation: how; its ``input`` is replaced by the row's, ``target.true`` by the row's label where it has one.
    """

    source: DataSource
    rows: tuple[int, ...]
    explanation: AttributionRequest
    data_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class AggregateRequest:
    """What do the explanations of many rows have in common? Each slice by itself, for standing side by side.

    Args:
        explanation: as of ``ExplainRowsRequest``.
        top: how many words of each class.
        checkpoint: of the model's training, by name: as it was then; None: as it is.
    """

    source: DataSource
    slices: tuple[NamedRows, ...]
    explanation: AttributionRequest
    data_sha256: str | None = None
    top: int = 30
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetReportRequest:
    """One page about the predictions of some rows: confusion, the worst errors explained, what explanations have in common.

    Args:
        rows: a slice; None: every row.
        most: how many errors are shown, and how many rows that are right stand beside them in the summary.
        title: what the page is called; empty: by model and data.
    """

    predictions: PredictionsRequest
    explanation: AttributionRequest
    rows: tuple[int, ...] | None = None
    most: int = 30
    title: str = ""


@dataclass(frozen=True, slots=True)
class ConsistencyRequest:
    """Does the prediction stay when what should not matter is rewritten?

    Args:
        rules: of ``engine.datasets.rewrites.RULES``; empty: all, unless there are rules of one's own.
        own: (regular expression, replacement), each a rule.
        resamples: of the bootstrap behind the intervals.
    """

    model_sha256: str
    source: DataSource
    rows: tuple[int, ...]
    rules: tuple[str, ...] = ()
    own: tuple[tuple[str, str], ...] = ()
    data_sha256: str | None = None
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CounterfactualRequest:
    """What would have to be different for another answer?

    Args:
        kind: the fewest words removed, or tokens swapped along the gradient (HotFlip).
        to: the label that is wanted; None: any other than the predicted one.
        fill: ``remove``: the baseline a removed word is replaced by while it is searched.
        most: how many changes are tried.
    """

    model_sha256: str
    input: TextInput
    kind: Suggested = "remove"
    to: str | None = None
    fill: str = "zero"
    most: int = 8


@dataclass(frozen=True, slots=True)
class EditRequest:
    """What does an edit of a text change? The prediction, what speaks for it, and the attention each word receives.

    Args:
        before: how the text before is explained; its target, once it is understood there, is also that of the text after.
        after: the edited text.
        attention: whether that of models that have any is compared.
        layer: of their first stack of layers; None: its last.
    """

    before: AttributionRequest
    after: TextInput
    attention: bool = True
    layer: int | None = None
    head: int | HeadsMerged = "mean"


@dataclass(frozen=True, slots=True)
class WordOptionsRequest:
    """What could stand in a word's place: the model's word for nothing, and others that would change the answer.

    Args:
        start, end, segment: the word, in code points of the first text (0) or the second (1).
        count: how many others.
    """

    model_sha256: str
    input: TextInput
    start: int
    end: int
    segment: int = 0
    count: int = 8


@dataclass(frozen=True, slots=True)
class NeighboursRequest:
    """Which rows does the model take for alike? By the cosine of what its last layer reads.

    Args:
        input: what is compared with the rows.
        row: ``input`` is this row, which is not its own neighbour.
    """

    model_sha256: str
    source: DataSource
    input: Input
    row: int | None = None
    count: int = 10
    data_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class OtherModel:
    """A second model to hold beside the open one: one of its own training checkpoints, or whatever lies in ``path``.

    ``accept_reinitialised``, ``trust``: as of ``OpenModelRequest``.
    """

    path: str = ""
    checkpoint: str = ""
    accept_reinitialised: bool = False
    trust: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BesideRequest:
    """Where do two models disagree over a set of examples? The second one's predictions are kept as the first one's are.

    Args:
        resamples: of the bootstrap behind the interval of the difference.
    """

    predictions: PredictionsRequest
    other: OtherModel
    resamples: int = 2000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ExplainBesideRequest:
    """Why did two models say that of one text? Both are asked about the same target, by its label."""

    attribution: AttributionRequest
    other: OtherModel


@dataclass(frozen=True, slots=True)
class MapsBesideRequest:
    """How alike are two models' explanations of each row? Both are asked about its true class; kept on disk.

    Args:
        explanation: as of ``ExplainRowsRequest``; of its target only the unit of the score counts.
    """

    source: DataSource
    rows: tuple[int, ...]
    explanation: AttributionRequest
    other: OtherModel
    data_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class CheckpointsRequest:
    """What did the model say of every example as it was trained?

    Args:
        checkpoints: by name; empty: all there are.
    """

    predictions: PredictionsRequest
    checkpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlicesRequest:
    """How do two slices differ? ``resamples``: of the bootstrap behind the intervals that have no closed form."""

    predictions: PredictionsRequest
    slices: tuple[NamedRows, NamedRows]
    resamples: int = 1000
    seed: int = 0


AboutACorpus = ScanRequest | DetectRequest | EffectRequest | UnitRequest | TracksRequest | PhraseRequest | CorpusTextRequest
AboutAttention = AttentionRequest | HeadRequest | AttentionFileRequest | HeadAgreementRequest | TfidfRequest
AboutADataset = (
    PredictionsRequest
    | SliceRequest
    | ExplainRowsRequest
    | AggregateRequest
    | DatasetReportRequest
    | ConsistencyRequest
    | NeighboursRequest
    | CheckpointsRequest
    | SlicesRequest
)
AboutTwoModels = BesideRequest | ExplainBesideRequest | MapsBesideRequest
AboutAModel = (
    PredictionRequest
    | AttributionRequest
    | OverTrainingRequest
    | GradientFlowRequest
    | OptimisationRequest
    | CellsRequest
    | AblationRequest
    | CounterfactualRequest
    | EditRequest
    | WordOptionsRequest
    | AboutAttention
    | AboutACorpus
    | AboutADataset
    | AboutTwoModels
)
Request = (
    OpenModelRequest
    | ModuleCodeRequest
    | CatalogueRequest
    | InspectCheckpointRequest
    | ImportRequest
    | MarksRequest
    | DatasetRequest
    | AboutAModel
)


def model_asked(request: AboutAModel) -> str:
    """The sha256 of the model that is meant."""
    if isinstance(request, HeadRequest | AttentionFileRequest | HeadAgreementRequest | TfidfRequest):
        return request.attention.model_sha256
    if isinstance(request, OverTrainingRequest | ExplainBesideRequest):
        return request.attribution.model_sha256
    if isinstance(request, EditRequest):
        return request.before.model_sha256
    if isinstance(request, SliceRequest | DatasetReportRequest | BesideRequest | CheckpointsRequest | SlicesRequest):
        return request.predictions.model_sha256
    if isinstance(request, ExplainRowsRequest | AggregateRequest | MapsBesideRequest):
        return request.explanation.model_sha256
    return request.model_sha256
