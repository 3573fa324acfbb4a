"""From a bare file of weights to a recurrent folder: what it is, how it fares on a text, and the folder."""

import dataclasses
import math
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from engine.attribution.target import classes
from engine.checkpoints import CheckpointFinding, ImportResult, ImportTrial, InspectCheckpointResult, Question
from engine.errors import LoadError, UserError
from engine.inputs.text import Piece, tokenized_text
from engine.inputs.tokenise import Tokeniser
from engine.jobs import Partial, Steps
from engine.models.checkpoint import Recognised, recognise
from engine.models.checkpoint_file import Contents, read_checkpoint
from engine.models.checkpoint_questions import Settled, settle
from engine.models.files import Weights, sha256_of
from engine.models.model import layers_of, recurrent_layers_of
from engine.models.recurrent import RecurrentNetwork, save
from engine.models.recurrent_model import RecurrentModel, architecture_of, recurrent_model
from engine.models.recurrent_spec import RecurrentSpec
from engine.models.safety import refusals_in_words
from engine.requests import ImportAnswers, ImportRequest, InspectCheckpointRequest, PredictionRequest, TextInput
from engine.results import ModelInfo, Notice, PredictionResult

MOST_PIECES = 4_000  # of the text that is tried: a second's work
MOST_OUTPUTS = 20_000_000  # of a language model: pieces times vocabulary, in memory at once
MOST_UNKNOWN = 1_000  # that are pointed at
SHOWN_ENTRIES = 60


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """A checkpoint as it lay on disk when it was read."""

    path: Path
    stamp: tuple[int, int]  # when it was changed, and its size
    contents: Contents
    network: Recognised
    sha256: str


class Importer:
    """Reads a checkpoint once, however often its questions are answered anew."""

    def __init__(self) -> None:
        self._read: _Read | None = None
        self._held: tuple[_Read, ImportAnswers, Settled] | None = None
        self._made: tuple[_Read, RecurrentSpec, tuple[str, ...], RecurrentModel] | None = None

    def inspect(self, request: InspectCheckpointRequest) -> Steps[InspectCheckpointResult]:
        """What is it, and what does it not say?

        Raises:
            LoadError: it is no checkpoint of a recurrent network, or an answer does not fit it.
        """
        path = _path_of(request.path)
        yield Partial(0, 1, doing=f"Reading {path.name}")
        with refusals_in_words(path.name):
            read = self._reading(path)
            return InspectCheckpointResult(request, _finding(read, self._settle(read, request.answers)))

    def run(self, request: ImportRequest) -> Steps[ImportResult]:
        """Try it on a text, then keep it.

        Raises:
            LoadError: as ``inspect``; a question is open, named with its option; the folder cannot be written.
        """
        path = _path_of(request.path)
        yield Partial(0, 3, doing=f"Reading {path.name}")
        with refusals_in_words(path.name):
            read = self._reading(path)
            settled = self._settle(read, request.answers)
            finding = _finding(read, settled)
        bar = finding.unanswered if request.guesses else finding.open_questions
        if bar and (request.folder is not None or not request.guesses):
            raise LoadError(_not_known(path.name, bar), "not_told", _whys(bar))
        if bar or settled.spec is None or settled.vocabulary is None:
            return ImportResult(request, finding, None)
        if request.folder is not None:
            _require_free(Path(request.folder).expanduser())
        yield Partial(1, 3, doing="Trying it on a text")
        with refusals_in_words(path.name):
            trial = _try(self._model(read, settled.spec, settled.vocabulary.entries), request.text)
        if request.folder is not None:
            yield Partial(2, 3, doing="Writing the folder")
            _write(Path(request.folder).expanduser(), read, settled.spec, settled.vocabulary.entries)
            self._read = self._held = self._made = None  # they are not needed twice, and can be large
        return ImportResult(request, finding, trial)

    def _reading(self, path: Path) -> _Read:
        stamp = (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else (0, 0)
        if self._read is None or (self._read.path, self._read.stamp) != (path, stamp):
            self._read = self._held = self._made = None  # before another one is in memory
            contents = read_checkpoint(path)
            self._read = _Read(path, stamp, contents, recognise(contents), sha256_of(path.parent, (path,)))
        return self._read

    def _settle(self, read: _Read, answers: ImportAnswers) -> Settled:
        """Vocabularies can be long, and are not looked for at every keystroke in the text."""
        if self._held is None or self._held[0] is not read or self._held[1] != answers:
            self._held = read, answers, settle(read.contents, read.network, answers)
        return self._held[2]

    def _model(self, read: _Read, spec: RecurrentSpec, entries: tuple[str, ...]) -> RecurrentModel:
        if self._made is None or self._made[0] is not read or self._made[1:3] != (spec, entries):
            weights = Weights(read.network.weights, (read.path,))
            self._made = read, spec, entries, recurrent_model(spec, list(entries), weights, read.path, read.sha256, "cpu")
        return self._made[3]


def _path_of(name: str) -> Path:
    try:
        return Path(name).expanduser().absolute()
    except (OSError, ValueError, RuntimeError):
        raise LoadError(f"There is no file at {name!r}; check the path.", "no_such_path") from None


def _not_known(name: str, questions: tuple[Question, ...]) -> str:
    words = ", ".join(q.title.lower() for q in questions)
    options = ", ".join(q.option for q in questions)
    return f"{name} does not say everything ({words}); give {options}."


def _whys(questions: tuple[Question, ...]) -> str:
    return "\n".join(f"{q.title}: {q.why}." + (f" A guess: {q.value}" if q.value else "") for q in questions)


def _finding(read: _Read, settled: Settled) -> CheckpointFinding:
    network, vocabulary = read.network, settled.vocabulary
    warnings = (*settled.warnings, *(Notice(f"{words[:1].upper()}{words[1:]}.") for words in read.contents.left_out))
    return CheckpointFinding(
        path=str(read.path),
        model=_info(read, settled, warnings),
        tensors=network.uses,
        questions=settled.questions,
        settled=network.settled,
        warnings=warnings,
        vocabulary=None if vocabulary is None else len(vocabulary.entries),
        vocabulary_from="" if vocabulary is None else vocabulary.origin,
        entries=() if vocabulary is None else vocabulary.entries[:SHOWN_ENTRIES],
    )


def _info(read: _Read, settled: Settled, warnings: tuple[Notice, ...]) -> ModelInfo:
    """As far as it is known; nothing can be asked of it before it is imported."""
    network = read.network
    spec = settled.spec or _bare_spec(network)
    with torch.device("meta"):
        modules = RecurrentNetwork(spec, network.vocabulary_size)
    parameters = sum(p.numel() for p in modules.parameters())
    asked = ", ".join(q.title.lower() for q in settled.questions if q.demanded and q.source in ("guess", "unknown"))
    first = Notice("A bare file of weights: import it first." + (f" It does not say: {asked}." if asked else ""), "import")
    known = {q.key for q in settled.questions if q.source in ("told", "file")}
    problems = {"multi_label": "multi_label", "regression": "regression"}
    problem = problems.get(settled.task, "single_label")
    return ModelInfo(
        path=str(read.path),
        format="recurrent_checkpoint",
        task="causal_lm" if settled.task == "causal_lm" else "text_classification",
        labels=settled.labels if "labels" in known else (),
        problem_type=problem,  # type: ignore[arg-type]  # one of its three
        parameters=parameters,
        dtype_on_disk=read.contents.dtype,
        bytes=read.path.stat().st_size,
        forecast_bytes=4 * parameters,
        tokenizer=settled.tokeniser if "tokeniser" in known else None,
        layers=layers_of(modules),
        recurrent=recurrent_layers_of(modules),
        attention=None,
        can=(),
        warnings=(first, *warnings),
        sha256=read.sha256,
        architecture=architecture_of(spec),
    )


def _bare_spec(network: Recognised) -> RecurrentSpec:
    """The sizes alone, for the list of layers."""
    return RecurrentSpec(
        network.kind,
        "text_classification",
        network.hidden_size,
        network.head,
        (),
        network.layers,
        network.bidirectional,
        network.projection,
        network.bias,
        network.embedding_size,
        ("none",) * (len(network.head) - 1),
    )


@torch.no_grad()
def _try(model: RecurrentModel, text: str) -> ImportTrial:
    """What it makes of ``text``: how much of it it knows, what it answers, and how surprised a language model is."""
    spec = model.spec
    pieces: list[Piece] = []
    unknown: list[tuple[int, int]] = []
    count, most = 0, min(MOST_PIECES, max(64, MOST_OUTPUTS // len(model.vocabulary)))
    known_ids = {entry: i for i, entry in reversed(list(enumerate(model.vocabulary)))}
    for piece, known, start, end in Tokeniser(spec.tokeniser, known_ids, None, spec.lowercase).pieces(text):
        if count == most:
            break
        count += 1
        if known is None:
            unknown.append((start, end))
            known = model.substitutes.get("unk")
        if known is not None:
            pieces.append(Piece(piece, known, start, end, 0))
    trial = ImportTrial(text, count, count - len(unknown), tuple(unknown[:MOST_UNKNOWN]), None)
    if not pieces:
        return trial
    ids = torch.tensor([[piece.id for piece in pieces]], device=model.device)
    outputs: Tensor = model.network(model.embed(ids))
    language_model = spec.task == "causal_lm"
    logits = (outputs[0, -1] if language_model else outputs[0]).cpu()
    request = PredictionRequest(model.info.sha256, TextInput(text))
    prediction = PredictionResult(request, tokenized_text(text, None, pieces, False), classes(model, logits))
    trial = dataclasses.replace(trial, prediction=prediction)
    if not language_model or spec.bidirectional or len(pieces) < 2:
        return trial
    nats = torch.nn.functional.cross_entropy(outputs[0, :-1].double(), ids[0, 1:]).item()
    bits = nats / math.log(2) if spec.tokeniser == "char" else None
    return dataclasses.replace(
        trial, perplexity=math.exp(min(nats, 700.0)), bits_per_character=bits, choices=len(model.vocabulary)
    )


def _require_free(folder: Path) -> None:
    """Nothing that lies there is written over."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists and is not empty; name a new folder.", "exists")
    if not folder.absolute().parent.is_dir():
        raise UserError(f"There is no folder {folder.absolute().parent} to write in; make it first.", "no_such_path")


def _write(folder: Path, read: _Read, spec: RecurrentSpec, entries: tuple[str, ...]) -> None:
    """Whole or not at all."""
    stored = getattr(torch, read.contents.dtype, torch.float32)
    dtype = stored if stored in (torch.float16, torch.bfloat16) else torch.float32
    with _draft_of(folder) as draft:
        save(draft, spec, read.network.weights, entries, dtype)


@contextmanager
def _draft_of(folder: Path) -> Iterator[Path]:
    """A folder beside ``folder`` that takes its place when all went well."""
    folder = folder.absolute()
    try:
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name[:100]}.", dir=folder.parent))
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error.strerror}); nothing was changed.", "unwritable") from None
    try:
        yield draft
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(draft, 0o777 & ~mask)
        if folder.is_dir():
            folder.rmdir()
        os.replace(draft, folder)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(error, OSError):
            raise UserError(f"{folder} cannot be written ({error.strerror}); nothing was changed.", "unwritable") from None
        raise
