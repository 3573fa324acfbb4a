"""An engine for the window's tests: the same language, no torch; every answer can be foretold."""

import threading
import time
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np

from engine.attention_maps import AttentionResult, HeadAgreement, HeadMap, TfidfResult
from engine.cells import AblationResult, CellsResult
from engine.checkpoints import (
    CheckpointFinding,
    ImportResult,
    ImportTrial,
    InspectCheckpointResult,
    Question,
    TensorUse,
)
from engine.comparisons import BesideResult, CheckpointsResult, ExplainBesideResult, MapsBesideResult, SlicesResult
from engine.dataset_results import (
    AggregateResult,
    ConsistencyResult,
    CounterfactualResult,
    DatasetReportResult,
    NeighboursResult,
    PredictionsResult,
)
from engine.datasets.data import Datasets
from engine.descriptions import MethodDescription, OnlyWith, ParameterDescription
from engine.detective import CorpusTextResult, DetectResult, EffectResult, MarksResult, PhraseResult, UnitResult
from engine.edits import EditResult, WordOptionsResult
from engine.errors import LoadError, UserError
from engine.flow import GradientFlowResult
from engine.jobs import Partial
from engine.models.module_code import ModuleCode
from engine.over_training import OverTrainingResult
from engine.requests import (
    AblationRequest,
    AggregateRequest,
    AttentionRequest,
    AttributionRequest,
    BesideRequest,
    CatalogueRequest,
    CellsRequest,
    CheckpointsRequest,
    ConsistencyRequest,
    CorpusTextRequest,
    CounterfactualRequest,
    DatasetReportRequest,
    DatasetRequest,
    DetectRequest,
    EditRequest,
    EffectRequest,
    ExplainBesideRequest,
    GradientFlowRequest,
    HeadAgreementRequest,
    HeadRequest,
    ImageInput,
    ImportAnswers,
    ImportRequest,
    Input,
    InspectCheckpointRequest,
    MapsBesideRequest,
    MarksRequest,
    ModuleCodeRequest,
    NeighboursRequest,
    OpenModelRequest,
    OptimisationRequest,
    OverTrainingRequest,
    PhraseRequest,
    PredictionRequest,
    PredictionsRequest,
    SlicesRequest,
    TextInput,
    TfidfRequest,
    UnitRequest,
    WordOptionsRequest,
    in_words,
)
from engine.results import (
    AttentionInfo,
    AttributionResult,
    BaselineInfo,
    CatalogueResult,
    ClassPrediction,
    Completeness,
    Cost,
    FoundText,
    LayerInfo,
    ModelInfo,
    NearToken,
    Notice,
    OpenModelResult,
    PathCurve,
    PredictionResult,
    ReadImage,
    RecurrentInfo,
    ResolvedTarget,
    TextOptimisationResult,
    Token,
    TokenizedText,
)
from tests.gui import (
    made,
    made_attention,
    made_cells,
    made_comparisons,
    made_corpus,
    made_data,
    made_detective,
    made_flow,
    made_training,
)

LABELS = ("negative", "neutral", "positive")


def method(id: str = "integrated_gradients", label: str = "Integrated Gradients", **changes: Any) -> MethodDescription:
    steps = ParameterDescription("n_steps", "int", None, 1, 100_000, None, "Gradient evaluations; auto: as the tolerance asks.")
    rule = ParameterDescription(
        "quadrature",
        "str",
        "gauss_legendre",
        choices=("gauss_legendre", "midpoint"),
        help="Where on the path.",
        only_with=OnlyWith("n_steps", None, unless=True),
    )
    tolerance = ParameterDescription(
        "tolerance",
        "float",
        0.01,
        1e-6,
        1.0,
        help="How far off the sum may be, of all values.",
        only_with=OnlyWith("n_steps", None),
    )
    known: dict[str, Any] = {
        "id": id,
        "label": label,
        "summary": "Integrates the gradient along the straight path from the baseline to the input.",
        "source": "Sundararajan et al. 2017",
        "inputs": ("text", "image"),
        "needs": ("differentiable",),
        "signed": True,
        "complete": True,
        "axioms": ("completeness", "sensitivity"),
        "reduction": "sum",
        "parameters": (steps, rule, tolerance),
        "uses_baseline": True,
        "uses_seed": False,
        "uses_target": True,
    }
    return MethodDescription(**{**known, **changes})


METHODS = (
    method("saliency", "Saliency", parameters=(), signed=False, complete=False, reduction="l2", uses_baseline=False),
    method(),
    method("random", "Random", parameters=(), complete=False, uses_seed=True, uses_baseline=False, uses_target=False),
    method(
        "grad_cam",
        "Grad-CAM",
        parameters=(ParameterDescription("layer", "str", None, help="Whose map is weighted."),),
        inputs=("image",),
        complete=False,
        uses_baseline=False,
    ),
)


def layers() -> tuple[LayerInfo, ...]:
    listed = [LayerInfo("bert", "BertModel", None, 4_000_000), LayerInfo("bert.embeddings", "Embeddings", (8000, 384), 3_072_000)]
    for at in range(6):
        name = f"bert.encoder.layer.{at}"
        listed += [LayerInfo(name, "BertLayer", None, 1_774_464), LayerInfo(f"{name}.attention", "Attention", None, 591_360)]
        listed += [LayerInfo(f"{name}.attention.query", "Linear", (384, 384), 147_840)]
    return (*listed, LayerInfo("classifier", "Linear", (3, 384), 1_155))


def model(path: str = "/models/film-mood", **changes: Any) -> ModelInfo:
    known: dict[str, Any] = {
        "path": path,
        "format": "huggingface",
        "task": "text_classification",
        "labels": LABELS,
        "problem_type": "single_label",
        "parameters": 4_123_456,
        "dtype_on_disk": "float16",
        "bytes": 8_246_912,
        "forecast_bytes": 16_493_824,
        "tokenizer": "BertTokenizerFast, 8,000 pieces",
        "layers": layers(),
        "recurrent": (),
        "attention": AttentionInfo(6, 12),
        "can": ("attribution", "attention", "units"),
        "warnings": (),
        "sha256": f"sha of {path}",
        "baselines": ("zero", "zero_all", "pad", "mask", "unk"),
        "maximum_tokens": 512,
        "architecture": "BERT",
    }
    return ModelInfo(**{**known, **changes})


def lstm(path: str = "/models/lstm") -> ModelInfo:
    """A language model of characters, with two layers of cells; a “classifier” is none."""
    recurrent = (RecurrentInfo("lstm", "lstm", 2, 12, 1),)
    task = "text_classification" if "classifier" in path else "causal_lm"
    return model(path, recurrent=recurrent, attention=None, can=("attribution", "cells"), task=task, architecture="LSTM 2 × 12")


def model_at(path: str) -> ModelInfo:
    """What is there, by what it is called."""
    kinds: dict[str, dict[str, Any]] = {
        "gpt": {"can": ("attribution", "attention", "generation"), "task": "causal_lm", "architecture": "GPT"},
        "trained": {"checkpoints": made_training.NAMES},
        "encoder": {"task": "encoder", "labels": (), "can": ("attention",)},
        "stars": {"problem_type": "regression", "labels": ()},
        "topics": {"problem_type": "multi_label"},
    }
    if "lstm" in path:
        return lstm(path)
    if "writer" in path:
        return writer(path)
    if "vit" in path:
        return replace(shapes(path), can=("attribution", "attention"), attention=AttentionInfo(3, 4), architecture="ViT")
    if "shapes" in path:
        return shapes(path)
    return model(path, **next((changes for word, changes in kinds.items() if word in path), {}))


def writer(path: str = "/models/writer") -> ModelInfo:
    """A recurrent language model with one layer of attention over its window."""
    recurrent = (RecurrentInfo("rnn_1", "lstm", 1, 12, 1),)
    can = ("attribution", "attention", "cells", "generation")
    return model(path, format="textgenrnn", recurrent=recurrent, attention=AttentionInfo(1, 1), can=can, task="causal_lm")


def shapes(path: str = "/models/shapes") -> ModelInfo:
    """An image classifier."""
    return model(
        path,
        task="image_classification",
        input_kind="image",
        can=("attribution",),
        attention=None,
        tokenizer=None,
        maximum_tokens=None,
        baselines=("black", "grey", "white", "mean", "blur", "noise"),
        architecture="ResNet",
    )


def read_as(given: Input) -> TokenizedText | ReadImage:
    """What becomes of a text, or of a picture: its middle, as 8 × 8 pixels."""
    if isinstance(given, ImageInput):
        return made.read_image(given.path)
    return tokenized(PredictionRequest("", given))


def tokenized(request: PredictionRequest) -> TokenizedText:
    text, at, tokens = request.input.text, 0, [Token("", "[CLS]", 1, 0, 0, True)]
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        tokens.append(Token(word, word.lower(), len(word), start, at, False))
    tokens.append(Token("", "[SEP]", 2, len(text), len(text), True))
    return TokenizedText(text, tuple(tokens), request.input.pair)


def prediction(request: PredictionRequest) -> PredictionResult:
    """The longer the text, the better the mood."""
    mood = min(2.0, len(in_words(request.input)) / 40)
    logits = np.array([1.0 - mood, 0.2, mood - 0.5])
    shares = np.exp(logits) / np.exp(logits).sum()
    classes = [ClassPrediction(LABELS[i], int(i), float(logits[i]), float(shares[i])) for i in np.argsort(-logits)]
    return PredictionResult(request, read_as(request.input), tuple(classes))


def logits_of(input: TextInput) -> list[float]:
    said = prediction(PredictionRequest("", input)).classes
    return [one.logit for one in sorted(said, key=lambda one: one.index)]


def attribution(request: AttributionRequest, progress: float = 1.0, of: ModelInfo | None = None) -> AttributionResult:
    said = prediction(PredictionRequest(request.model_sha256, request.input))
    chosen = said.predicted.index if request.target.choice not in LABELS else LABELS.index(request.target.choice)
    versus = LABELS.index(request.target.versus) if request.target.versus in LABELS else None
    if isinstance(said.input, TokenizedText):
        rng = np.random.default_rng(len(in_words(request.input)))
        values = rng.normal(size=len(said.input.tokens)).astype(np.float32) * progress
        values[[token.special for token in said.input.tokens]] *= 0.1
    else:
        rng = np.random.default_rng(len(request.method))
        channels = (3,) if request.reduction == "none" else ()
        values = rng.normal(size=(*said.input.shape, *channels)).astype(np.float32) * progress
    alpha = np.linspace(0, 1, 22)
    total = float(values.sum())
    how = next((each for each in METHODS if each.id == request.method), METHODS[1])
    return AttributionResult(
        request,
        of or (model_at(request.model_sha256.removeprefix("sha of ")) if isinstance(request.input, ImageInput) else model()),
        how,
        said,
        ResolvedTarget(LABELS[chosen], chosen, request.target.versus, versus, request.target.score),
        values,
        request.reduction or how.reduction,
        (("n_steps", 22), ("quadrature", "gauss_legendre"), ("tolerance", 0.01))
        if how.id != "grad_cam"
        else (("layer", "encoder"),),
        tuple(BaselineInfo(id, said.classes) for id in request.baselines),
        Completeness(total - 0.31, -0.31, total, 0.001, 0.0004, 0.0005, True, 0.01) if how.complete else None,
        Cost(24, 22, 0.31, "cpu"),
        PathCurve(alpha, total * alpha**2, 2 * total * alpha) if how.complete else None,
        progress=progress,
    )


NO_SUCH_SEED = 404
WORDS = ("fine", "superb", "moving", "dull", "film")


def optimisation(request: OptimisationRequest, progress: float = 1.0, of: ModelInfo | None = None) -> TextOptimisationResult:
    """The score rises by one on the way; the best text says how far it is, and is never read back where the seed is 13."""
    count = request.tokens if request.start is None else len(request.start.text.split())
    done = round(progress * request.steps)
    words = [WORDS[(at + done) % len(WORDS)] for at in range(count)]
    column = tuple(NearToken(100 + rank, word, 0.9 - 0.2 * rank, 1.0 + rank) for rank, word in enumerate(WORDS))

    def text(words: list[str], score: float, step: int, typed: bool = True) -> FoundText:
        said = prediction(PredictionRequest(request.model_sha256, TextInput(" ".join(words)))).classes
        ids = (1, *(len(word) for word in words), 2)
        return FoundText(ids, TextInput(" ".join(words)), score, said, typed, score if typed else score - 1, step)

    steps = np.arange(0, done + 1, 5, dtype=np.float64)
    chosen = LABELS.index(request.target.choice) if request.target.choice in LABELS else 2
    return TextOptimisationResult(
        request,
        of or model(),
        ResolvedTarget(LABELS[chosen], chosen, None, None, request.target.score),
        text(["dull"] * count, -1.0, 0),
        text(words, 0.7 * progress - 1.0, done, request.seed != 13),
        tuple(range(1, count + 1)),
        (column,) * count,
        np.array([]) if request.mode == "tokens" else np.arange(done + 1) / request.steps - 1.0,
        steps,
        0.7 * steps / request.steps - 1.0,
        tuple("dull" for _ in steps),
        Cost(done, done, 0.2, "cpu"),
        () if request.seed != 13 else (Notice("Typed, the best text is read as other tokens than these.", "not_read_back"),),
        progress,
    )


def question(key: str, options: tuple[tuple[str, str], ...], guess: str | None, told: str | None, free: bool = False) -> Question:
    source: Any = "told" if told is not None else "unknown" if guess is None else "guess"
    value = guess if told is None else told
    why = "" if told is not None else f"why {key}"
    return Question(key, key.capitalize(), options, value, source, why, key != "lowercase", f"--{key}", free)


def finding(path: str, answers: ImportAnswers, vocabulary: bool = True) -> CheckpointFinding:
    """An LSTM; a file called “bare” has no vocabulary."""
    questions = (
        question("vocabulary", (), "“vocab” in the file" if vocabulary else None, answers.vocabulary, True),
        question("tokeniser", (("char", "characters"), ("word", "words")), "word", answers.tokeniser, True),
        question("lowercase", (("yes", "yes"), ("no", "no")), "yes", answers.lowercase),
        question("labels", (), "0,1,2", answers.labels, True),
        question("readout", (("last", "the last state"), ("mean", "the mean")), "last", answers.readout),
    )
    tensors = (
        TensorUse("embedding.weight", (1000, 64), "embedding"),
        *(TensorUse(f"lstm.weight_{side}_l0", (256, 64), f"LSTM layer 0: {side}") for side in ("ih", "hh")),
        TensorUse("fc.weight", (3, 64), "linear layer"),
    )
    known = vocabulary or answers.vocabulary is not None
    model_of = model(path, format="recurrent_checkpoint", architecture="LSTM 1 × 64", can=())
    return CheckpointFinding(path, model_of, tensors, questions, ("settled",), (), 1000 if known else None, "", ())


CODE_HASH = "c" * 64


class StubEngine:
    """Steps are as slow as told. Texts beginning with ``!`` fail; paths are opened by what they are called."""

    def __init__(self, step_seconds: float = 0.0, steps: int = 4) -> None:
        self.step_seconds, self.steps = step_seconds, steps
        self.asked: list[Any] = []
        self.closed: list[Any] = []
        self.threads: set[int] = set()
        self.datasets = Datasets()

    def job_for(self, request: Any) -> Generator[Partial, None, Any]:
        self.asked.append(request)
        self.threads.add(threading.get_ident())
        jobs = {
            CatalogueRequest: self._catalogue,
            OpenModelRequest: self._open,
            PredictionRequest: self._predict,
            AttributionRequest: self._explain,
            OverTrainingRequest: self._explain_over_training,
            GradientFlowRequest: self._flow,
            OptimisationRequest: self._optimise,
            CellsRequest: self._read_cells,
            DetectRequest: self._detect,
            EffectRequest: self._hold,
            AblationRequest: self._ablate,
            MarksRequest: self._match,
            CorpusTextRequest: self._lay_out_corpus,
            UnitRequest: self._spread,
            PhraseRequest: self._agree,
            AttentionRequest: self._attend,
            HeadRequest: self._map_head,
            HeadAgreementRequest: self._agree_heads,
            TfidfRequest: self._weigh_words,
            InspectCheckpointRequest: self._inspect,
            ModuleCodeRequest: self._read_code,
            ImportRequest: self._import,
            DatasetRequest: self.datasets.read,
            PredictionsRequest: self._predict_rows,
            AggregateRequest: self._sum_up,
            ConsistencyRequest: self._rewrite,
            CounterfactualRequest: self._flip,
            EditRequest: self._compare_edit,
            WordOptionsRequest: self._other_words,
            NeighboursRequest: self._compare_rows,
            DatasetReportRequest: self._report,
            BesideRequest: self._compare_models,
            ExplainBesideRequest: self._explain_beside,
            MapsBesideRequest: self._compare_maps,
            CheckpointsRequest: self._predict_over_training,
            SlicesRequest: self._compare_slices,
        }
        return self._noted(request, jobs[type(request)](request))

    def _noted(self, request: Any, job: Generator[Partial, None, Any]) -> Generator[Partial, None, Any]:
        try:
            return (yield from job)
        except GeneratorExit:
            self.closed.append(request)
            raise

    def _catalogue(self, request: CatalogueRequest) -> Generator[Partial, None, CatalogueResult]:
        yield Partial(0, 1)
        return CatalogueResult(METHODS)

    def _open(self, request: OpenModelRequest) -> Generator[Partial, None, OpenModelResult]:
        for step, doing in enumerate(("Reading the description", "Reading the weights", "Checking")):
            yield Partial(step, 3, doing=doing)
            time.sleep(self.step_seconds)
        if "missing" in request.path:
            raise LoadError(f"There is nothing at {request.path}; check the path.", "no_such_path", "looked in vain")
        opened = model_at(request.path)
        if request.path.endswith(".pt"):
            raise LoadError(f"{request.path} is a bare file of weights; import it first.", "bare_weights")
        if "module" in request.path and CODE_HASH not in request.trust:
            raise LoadError("It holds code of its own (module.py), which opening it runs; consent to that.", "untrusted_code")
        if "random" in request.path:
            words = "2 weights are missing in the file and are random: classifier.weight, classifier.bias."
            opened = replace(opened, warnings=(Notice(words, "reinitialised", blocking=True),))
        return OpenModelResult(request, opened)

    def _predict(self, request: PredictionRequest) -> Generator[Partial, None, PredictionResult]:
        yield Partial(0, 1)
        return prediction(request)

    def _explain(self, request: AttributionRequest) -> Generator[Partial, None, AttributionResult]:
        if in_words(request.input).startswith("!"):
            raise UserError("The model's answer is not a number; its weights hold NaN.", "nan", "layer 3")
        yield Partial(0, result=prediction(PredictionRequest(request.model_sha256, request.input)), doing="Predicting")
        for step in range(self.steps):
            time.sleep(self.step_seconds)
            done = (step + 1) / self.steps
            yield Partial(step + 1, self.steps, attribution(request, done if done < 1 else 0.99))
        return attribution(request)

    def _explain_over_training(self, request: OverTrainingRequest) -> Generator[Partial, None, OverTrainingResult]:
        if request.attribution.input.text.startswith("!"):
            raise UserError("The model's answer is not a number; its weights hold NaN.", "nan", "layer 3")
        path = request.attribution.model_sha256.removeprefix("sha of ")
        last = attribution(request.attribution)
        for done in range(1, len(made_training.NAMES) + 1):
            yield Partial(done - 1, len(made_training.NAMES), doing="Reading")
            time.sleep(self.step_seconds)
            result = made_training.over_training(request, model(path, checkpoints=made_training.NAMES), last, done=done)
            yield Partial(done, len(made_training.NAMES), result)
        return result

    def _flow(self, request: GradientFlowRequest) -> Generator[Partial, None, GradientFlowResult]:
        if request.input.text.startswith("!"):
            raise UserError("The model's answer is not a number; its weights hold NaN.", "nan", "layer 3")
        yield Partial(0, doing="Gradient flow")
        time.sleep(self.step_seconds)
        path = request.model_sha256.removeprefix("sha of ")
        said = prediction(PredictionRequest(request.model_sha256, request.input))
        return made_flow.flow(request, model(path), said, recurrent=("lstm",) if "lstm" in path else ())

    def _optimise(self, request: OptimisationRequest) -> Generator[Partial, None, TextOptimisationResult]:
        if request.seed == NO_SUCH_SEED:
            raise UserError("The target is not there; choose another.", "no_such_class")
        yield Partial(0, request.steps)
        for step in range(1, self.steps):
            time.sleep(self.step_seconds)
            yield Partial(step, self.steps, optimisation(request, step / self.steps))
        time.sleep(self.step_seconds)
        return optimisation(request)

    def _read_cells(self, request: CellsRequest) -> Generator[Partial, None, CellsResult]:
        yield Partial(0, doing="Reading cells")
        if request.input.text.startswith("!"):
            raise UserError("The gates and states of this text need more memory than is free; shorten the text.", "out_of_memory")
        read = made_cells.characters(request.input.text)
        return replace(made_cells.cells_result(read, alternatives=request.alternatives), request=request, model=lstm())

    def _detect(self, request: DetectRequest) -> Generator[Partial, None, DetectResult]:
        """A corpus called “binary” is none."""
        yield Partial(0, 2, doing="Scanning")
        if "binary" in request.scanned.corpus[0]:
            raise UserError("binary.bin is not text; name a text file.", "not_text")
        path = request.model_sha256.removeprefix("sha of ")
        yield Partial(1, 2, made_detective.detected(request, lstm(path), weighed=False), "Ranked")
        for _ in range(self.steps):
            time.sleep(self.step_seconds)
            yield Partial(1, 2, doing="Shifting labels")
        return made_detective.detected(request, lstm(path))

    def _hold(self, request: EffectRequest) -> Generator[Partial, None, EffectResult]:
        """A value of 404 cannot be held; a corpus called “few” has three files."""
        yield Partial(0, 12, doing="Measuring cells")
        if request.value == NO_SUCH_SEED:
            raise UserError("Cells can be held only at a number that is finite.", "arguments")
        for file in range(1, self.steps):
            time.sleep(self.step_seconds)
            yield Partial(file, 12, made_detective.effect(request, lstm(), files=file), "Holding cells")
        return made_detective.effect(request, lstm(), files=3 if "few" in request.scanned.corpus[0] else 12)

    def _ablate(self, request: AblationRequest) -> Generator[Partial, None, AblationResult]:
        yield Partial(0, doing="Reading")
        return made_detective.ablated(request, lstm())

    def _match(self, request: MarksRequest) -> Generator[Partial, None, MarksResult]:
        """Every letter h; a bracket alone is no expression."""
        yield Partial(0, 1, doing="Matching")
        if request.patterns == ("(",):
            raise UserError("'(' is not a regular expression (missing )).", "bad_pattern")
        found = tuple((at, at + 1) for at, letter in enumerate(request.text) if letter == "h")
        return MarksResult(request, (("h", found),))

    def _lay_out_corpus(self, request: CorpusTextRequest) -> Generator[Partial, None, CorpusTextResult]:
        """A corpus called “binary” is none."""
        for step in range(self.steps):
            time.sleep(self.step_seconds)
            yield Partial(step, self.steps, doing="Scanning")
        if "binary" in request.scanned.corpus[0]:
            raise UserError("binary.bin is not text; name a text file.", "not_text")
        return made_corpus.corpus_text(request, lstm())

    def _spread(self, request: UnitRequest) -> Generator[Partial, None, UnitResult]:
        yield Partial(0, 1)
        return made_corpus.unit(request, lstm())

    def _agree(self, request: PhraseRequest) -> Generator[Partial, None, PhraseResult]:
        yield Partial(0, 1, doing="Looking for places like it")
        return made_corpus.phrase(request, lstm())

    def _attend(self, request: AttentionRequest) -> Generator[Partial, None, AttentionResult]:
        """Texts beginning with ``!`` are too long; a path that holds “translate” has three stacks, “writer” a history.

        “qwertz” is in no vocabulary.
        """
        yield Partial(0, doing="Reading attention")
        time.sleep(self.step_seconds)
        if in_words(request.input).startswith("!"):
            raise UserError("The text has 900 tokens; this model reads 512. Shorten it.", "too_long")
        if any(text == "qwertz" for _, text in request.generation.forced):
            raise UserError("“qwertz” is not in the model's vocabulary, so it cannot be written.", "unknown_token")
        result = self._attention(request)
        for count in range(1, len(result.generated) + 1):
            time.sleep(self.step_seconds)
            yield Partial(count, request.generation.tokens, made_attention.grown(result, count), "Writing")
        if result.history is not None:
            return result
        yield Partial(0, 2, replace(result, stacks=(), verification=None), "Reading attention")
        yield Partial(1, 2, made_attention.half(result), "Looking at the heads")
        return result

    def _attention(self, request: AttentionRequest) -> AttentionResult:
        path = request.model_sha256.removeprefix("sha of ")
        if isinstance(request.input, ImageInput):
            return made_attention.of_picture(request, model_at(path))
        read = tokenized(PredictionRequest(request.model_sha256, request.input))
        if "writer" in path or request.generation.tokens:
            return made_attention.written(request, read, model_at(path), recurrent="writer" in path)
        return made_attention.attention(request, read, seq2seq="translate" in path, of=model_at(path))

    def _map_head(self, request: HeadRequest) -> Generator[Partial, None, HeadMap]:
        yield Partial(0, doing="Reading attention")
        time.sleep(self.step_seconds)
        return made_attention.head_map(request, self._attention(request.attention))

    def _agree_heads(self, request: HeadAgreementRequest) -> Generator[Partial, None, HeadAgreement]:
        yield Partial(0, doing="Comparing")
        return made_attention.agreement(request, self._attention(request.attention))

    def _weigh_words(self, request: TfidfRequest) -> Generator[Partial, None, TfidfResult]:
        """A corpus called “binary” is none; one called “slow” takes ``steps``."""
        for step in range(self.steps if "slow" in request.corpus[0] else 1):
            yield Partial(step, self.steps, doing="Counting words")
            time.sleep(self.step_seconds)
        if "binary" in request.corpus[0]:
            raise UserError("binary.bin is not a text file (it holds zero bytes); leave it out of the corpus.", "not_text")
        return made_attention.tfidf(request, self._attention(request.attention))

    def _predict_rows(self, request: PredictionsRequest) -> Generator[Partial, None, PredictionsResult]:
        """As it says of each text by itself; a row that begins with ``!`` fails."""
        data = yield from self.datasets.open(request.source, request.data_sha256)
        path = request.model_sha256.removeprefix("sha of ")
        for partial in made_data.predicting(request, data, model_at(path), logits_of, self.steps):
            yield partial
            time.sleep(self.step_seconds)
        return made_data.predicted(request, data, model_at(path), logits_of, data.rows)

    def _sum_up(self, request: AggregateRequest) -> Generator[Partial, None, AggregateResult]:
        """A method called “saliency” cannot be summed up."""
        data = yield from self.datasets.open(request.source, request.data_sha256)
        if request.explanation.method == "saliency":
            raise UserError("This method has no sign; choose another.", "unsigned")
        of, most = model(request.explanation.model_sha256.removeprefix("sha of ")), max(len(each.rows) for each in request.slices)
        for step in range(self.steps):
            time.sleep(self.step_seconds)
            done = most * step // self.steps
            yield Partial(done, most, made_data.aggregated(request, of, data, done) if done else None, "Explaining")
        return made_data.aggregated(request, of, data, most)

    def _rewrite(self, request: ConsistencyRequest) -> Generator[Partial, None, ConsistencyResult]:
        data = yield from self.datasets.open(request.source, request.data_sha256)
        if request.own and request.own[0][0] == "(":
            raise UserError("'(' → '' is not a rule (missing )).", "pattern")
        of = model(request.model_sha256.removeprefix("sha of "))
        yield Partial(1, 2, made_data.rewritten(request, of, data, 1), "Rewriting")
        return made_data.rewritten(request, of, data, 99)

    def _flip(self, request: CounterfactualRequest) -> Generator[Partial, None, CounterfactualResult]:
        yield Partial(0, 1)
        return made_data.flipped(request, model(), prediction(PredictionRequest(request.model_sha256, request.input)))

    def _compare_edit(self, request: EditRequest) -> Generator[Partial, None, EditResult]:
        yield Partial(0, 3, doing="Comparing the edit")
        time.sleep(self.step_seconds)
        before, after = attribution(request.before), attribution(replace(request.before, input=request.after))
        return made_data.compared(request, model(request.before.model_sha256.removeprefix("sha of ")), before, after)

    def _other_words(self, request: WordOptionsRequest) -> Generator[Partial, None, WordOptionsResult]:
        yield Partial(0, doing="Trying other words")
        return made_data.options(request, model(), lambda text: prediction(PredictionRequest(request.model_sha256, text)))

    def _compare_rows(self, request: NeighboursRequest) -> Generator[Partial, None, NeighboursResult]:
        data = yield from self.datasets.open(request.source, request.data_sha256)
        return made_data.alike(request, model(), data)

    def _said_of(self, request: PredictionsRequest) -> Generator[Partial, None, PredictionsResult]:
        data = yield from self.datasets.open(request.source, request.data_sha256)
        path = request.model_sha256.removeprefix("sha of ")
        return made_data.predicted(request, data, model_at(path), logits_of, data.rows)

    def _compare_models(self, request: BesideRequest) -> Generator[Partial, None, BesideResult]:
        """A path that holds “missing” is none."""
        first = yield from self._said_of(request.predictions)
        if "missing" in request.other.path:
            raise LoadError(f"There is nothing at {request.other.path}; check the path.", "no_such_path")
        other, rows = model_at(request.other.path or first.model.path), first.data.rows
        for step in range(1, self.steps):
            done = rows * step // self.steps
            yield Partial(done, rows, made_comparisons.beside(request, first, other, done), "Predicting")
            time.sleep(self.step_seconds)
        return made_comparisons.beside(request, first, other, rows)

    def _explain_beside(self, request: ExplainBesideRequest) -> Generator[Partial, None, ExplainBesideResult]:
        """A text that begins with ``!`` cannot be explained."""
        if request.attribution.input.text.startswith("!"):
            raise UserError("The model's answer is not a number; its weights hold NaN.", "nan")
        first = attribution(request.attribution)
        yield Partial(1, 2, made_comparisons.explained(request, first, whole=False))
        time.sleep(self.step_seconds)
        return made_comparisons.explained(request, first, whole=True)

    def _compare_maps(self, request: MapsBesideRequest) -> Generator[Partial, None, MapsBesideResult]:
        rows = len(request.rows)
        yield Partial(1, rows, made_comparisons.likeness(request, 1), "Explaining")
        return made_comparisons.likeness(request, rows)

    def _predict_over_training(self, request: CheckpointsRequest) -> Generator[Partial, None, CheckpointsResult]:
        last, names = (yield from self._said_of(request.predictions)), made_training.NAMES
        for done in range(1, len(names)):
            yield Partial(done, len(names), made_comparisons.over_checkpoints(request, last, names, done), "Predicting")
            time.sleep(self.step_seconds)
        return made_comparisons.over_checkpoints(request, last, names, len(names))

    def _compare_slices(self, request: SlicesRequest) -> Generator[Partial, None, SlicesResult]:
        said = yield from self._said_of(request.predictions)
        empty = next((each for each in request.slices if not each.rows), None)
        if empty is not None:
            raise UserError(f"The slice “{empty.name}” has no rows; choose another.", "no_rows")
        return made_comparisons.slices(request, said)

    def _report(self, request: DatasetReportRequest) -> Generator[Partial, None, DatasetReportResult]:
        yield Partial(0, 1)
        return DatasetReportResult(request, b"<!doctype html><title>report</title>")

    def _read_code(self, request: ModuleCodeRequest) -> Generator[Partial, None, ModuleCode]:
        yield Partial(0, 1)
        if "gone" in request.path:
            raise LoadError("There is nothing there any more; check the path.", "no_such_path")
        texts = (("module.py", "def build():\n    return Net()\n"), ("model.json", "{}"))
        return ModuleCode(request.path, texts, ("weights.pth",), CODE_HASH)

    def _inspect(self, request: InspectCheckpointRequest) -> Generator[Partial, None, InspectCheckpointResult]:
        yield Partial(0, 1)
        if "junk" in request.path:
            raise LoadError("junk.pt is damaged, or not a file of torch; copy it again from its source.", "damaged")
        return InspectCheckpointResult(request, finding(request.path, request.answers, "bare" not in request.path))

    def _import(self, request: ImportRequest) -> Generator[Partial, None, ImportResult]:
        """Words of more than six letters are in no vocabulary."""
        yield Partial(0, 1)
        time.sleep(self.step_seconds)
        found = finding(request.path, request.answers, "bare" not in request.path)
        if request.answers.labels is not None and request.answers.labels.count(",") != 2:
            raise LoadError("There are 2 different labels for 3 outputs; name each once (--labels).", "labels")
        if request.folder is not None and "full" in request.folder:
            raise UserError(f"{request.folder} cannot be written (No space left on device); nothing was changed.", "unwritable")
        if found.vocabulary is None:
            return ImportResult(request, found, None)
        said = prediction(PredictionRequest("sha", TextInput(request.text)))
        words = [token for token in said.input.tokens if not token.special]
        unknown = tuple((token.start, token.end) for token in words if len(token.text) > 6)
        trial = ImportTrial(request.text, len(words), len(words) - len(unknown), unknown, said)
        return ImportResult(request, found, trial)
