"""The command line that makes the map on screen again, to the letter of the contract."""

import hashlib
import json
import shlex
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from engine.atomic_file import write_atomically
from engine.attention_maps import AttentionResult, TfidfResult
from engine.cell_values import stored
from engine.cells import Cell, CellsResult
from engine.comparisons import BesideResult, SlicesResult
from engine.dataset_results import PredictionsResult, Rows
from engine.detective import CorpusTextResult, DetectResult, EffectResult
from engine.errors import UserError
from engine.flow import GradientFlowResult
from engine.models.module_code import is_module_folder
from engine.over_training import OverTrainingResult
from engine.requests import (
    AttributionRequest,
    DetectRequest,
    EffectRequest,
    Generation,
    HeadRequest,
    ImageInput,
    Input,
    OptimisationRequest,
    Parameter,
    RecordInput,
    Scanned,
    Target,
    TextInput,
    as_text,
)
from engine.results import AttributionResult, TextOptimisationResult

LONGEST_ARGUMENT = 8000  # characters; longer texts are unwieldy on a command line, and forbidden on some
_PLAIN_CONTROLS = "\n\t"
MAIN = Path(__file__).resolve().parent.parent / "main.py"


def command_for(result: AttributionResult, texts: Path, accept_reinitialised: bool = False) -> str:
    """As one line for a POSIX shell.

    Args:
        texts: a folder for texts that no command line can hold (very long, or with control characters); the command
            then names a file there.
        accept_reinitialised: the model was opened despite missing weights.

    Raises:
        OSError: such a file cannot be written.
        UserError: the second text of a pair cannot be put on a command line.
    """
    return shlex.join(arguments_for(result, texts, accept_reinitialised))


def gradient_flow_command(result: GradientFlowResult, texts: Path, accept_reinitialised: bool = False) -> str:
    """As ``command_for``."""
    words = [result.model.path, *_input(result.request.input, texts), *_target(result.request.target)]
    return _line("gradient-flow", words, result.cost.device, accept_reinitialised)


def over_training_command(result: OverTrainingResult, texts: Path, accept_reinitialised: bool = False) -> str:
    """As ``command_for``."""
    request, first = result.request.attribution, result.maps[0]
    words = [result.model.path, *_question(request, first, texts)]
    words += [word for name in result.request.checkpoints for word in _option("--checkpoint", name)]
    return _line("over-training", words, result.cost.device, accept_reinitialised)


def cells_command(result: CellsResult, cell: Cell, gate: str, texts: Path, accept_reinitialised: bool = False) -> str:
    """What one cell did on this text; as ``command_for``."""
    words = [result.model.path, *_input(result.request.input, texts)]
    words += [*_option("--unit", str(cell)), *_option("--gate", gate)]
    return _line("cells", words, result.cost.device, accept_reinitialised)


def corpus_cells_command(result: CorpusTextResult, out: str, accept_reinitialised: bool = False) -> str:
    """What one cell did all through this corpus, written to ``out``, a ``.npz`` file.

    Raises:
        UserError: the corpus fits no command line.
    """
    scanned = result.request.scanned
    if not all(map(_fits, scanned.corpus)):
        raise UserError("Names of files with control characters fit no command line.", "no_command")
    words = [result.model.path, *(word for source in scanned.corpus for word in _option("--corpus", source))]
    words += _option("--limit", scanned.limit) + _option("--unit", str(result.request.cell))
    words += _option("--gate", stored(result.request.quantity)) + _option("--out", out)
    return _line("cells", words, result.model.device, accept_reinitialised)


def attention_command(result: AttentionResult, shown: HeadRequest | None, texts: Path, accept_reinitialised: bool = False) -> str:
    """The weights of one head on this text, or of a recurrent model's one layer; as ``command_for``.

    Raises:
        UserError: what is shown is not a head's weights as they are.
    """
    words = [result.model.path, *_input(result.request.input, texts), *_option("--decoder-text", result.request.decoder_text)]
    if shown is not None:
        if shown.quantity != "weights" or shown.without_sinks or not isinstance(shown.head, int):
            raise UserError("The command line writes the weights of single heads; choose one to copy its line.", "no_command")
        words += [*_option("--layer", shown.layer), *_option("--head", shown.head)]
    return _line("attention", [*words, *_generation(result.request.generation)], result.cost.device, accept_reinitialised)


def tfidf_command(result: TfidfResult, texts: Path, accept_reinitialised: bool = False) -> str:
    """The same words held against the same corpus; as ``command_for``."""
    request, attention = result.request, result.request.attention
    words = [result.model.path, *_input(attention.input, texts), *_option("--decoder-text", attention.decoder_text)]
    words += [word for source in request.corpus for word in _option("--corpus", source)]
    words += _option("--text-column", request.text_column or None)
    words += [*_option("--layer", request.layer), *_option("--head", request.head)]
    words += _option("--stack", request.stack if request.stack != "self" else None)
    words += ["--without-sinks"] if request.without_sinks else []
    return _line("tfidf", [*words, *_generation(attention.generation)], result.cost.device, accept_reinitialised)


def _generation(generation: Generation) -> list[str]:
    if not generation.tokens:
        return _option("--checkpoint", generation.checkpoint)
    named = (
        ("--generate", generation.tokens),
        ("--temperature", generation.temperature),
        ("--sample-top-k", generation.top_k),
        ("--top-p", generation.top_p),
        ("--seed", generation.seed if generation.temperature is not None else None),
        ("--alternatives", generation.alternatives),
        ("--checkpoint", generation.checkpoint),
    )
    words = [word for name, value in named for word in _option(name, value)]
    return words + [word for step, token in generation.forced for word in _option("--force", f"{step}={token}")]


def dataset_command(
    result: PredictionsResult,
    errors: bool = False,
    method: str | None = None,
    accept_reinitialised: bool = False,
    more: Sequence[str] = (),
) -> str:
    """The line that predicts the same rows, and with a method explains those it writes. ``more``: options behind them."""
    source = result.request.source
    words = [result.model.path, source.path]
    for name, value in (("--text-column", source.text), ("--pair-column", source.pair), ("--encoding", source.encoding)):
        words += _option(name, value)
    words += _option("--delimiter", "\\t" if source.delimiter == "\t" else source.delimiter)
    words += [] if source.quoted is None else _option("--quotes", "double" if source.quoted else "none")
    words += [] if source.header is None else _option("--header", "yes" if source.header else "no")
    columns = ("",) if source.labels == () else source.labels or ()
    words += [word for column in columns for word in _option("--label-column", column)]
    words += [word for written, label in source.names for word in _option("--label", f"{written}={label}")]
    words += (["--errors"] if errors else []) + _option("--method", method) + list(more)
    return _line("dataset", words, result.cost.device, accept_reinitialised)


def beside_command(result: BesideResult, accept_reinitialised: bool = False) -> str:
    """The line that compares the same two models over the same rows."""
    other = result.request.other
    accepted = accept_reinitialised or other.accept_reinitialised
    more = _option("--beside", other.checkpoint or result.other.path)
    return dataset_command(result.first, accept_reinitialised=accepted, more=more)


def slices_command(result: SlicesResult, predictions: PredictionsResult, accept_reinitialised: bool = False) -> str:
    """The line that compares the same slices.

    Raises:
        UserError: they are more than the rows with one value in one column.
    """
    named = [each.name for each in result.request.slices]
    if not all(_is_column_of(name, rows, predictions) for name, rows in zip(named, result.rows, strict=True)):
        raise UserError("The command line compares errors with rows that are right; these slices fit none.", "no_command")
    columns = [_COLUMN_OF[name] for name in named]
    return dataset_command(predictions, accept_reinitialised=accept_reinitialised, more=["--slices", *columns])


_COLUMN_OF = {"Errors": "correct=no", "Right": "correct=yes"}  # as the window names them


def _is_column_of(name: str, rows: Rows, predictions: PredictionsResult) -> bool:
    """Whether the slice is all of what a column says."""
    wanted = {"correct=no": 0, "correct=yes": 1}.get(_COLUMN_OF.get(name, ""))
    return wanted is not None and len(rows) == int((predictions.correct == wanted).sum())


def detect_command(result: DetectResult, accept_reinitialised: bool = False, ablation: EffectResult | None = None) -> str:
    """The line that ranks the same units again, and holds the same cells.

    Raises:
        UserError: what was asked about fits no command line.
    """
    request, known = result.request, DetectRequest("", Scanned(()))
    if request.painted or not request.controls or not all(map(_fits, request.patterns)):
        raise UserError("Places painted by hand and patterns with control characters fit no command line.", "no_command")
    words = [result.model.path]
    repeated = (("--corpus", request.scanned.corpus), ("--pattern", request.patterns), ("--gate", request.scanned.gates))
    for name, values in repeated:
        words += [word for value in values for word in _option(name, value)]
    words += _option("--predicate", request.predicate) + _option("--limit", request.scanned.limit)
    words += _option("--column", request.column) + _option("--text-column", request.scanned.text_column or None)
    for name in ("top", "holdout", "shifts", "seed"):
        value = getattr(request, name)
        words += _option(f"--{name}", value) if value != getattr(known, name) else []
    words += [] if ablation is None else _ablation(ablation.request)
    return _line("detect", words, result.cost.device, accept_reinitialised)


def _ablation(request: EffectRequest) -> list[str]:
    held = _written(request.value) if request.how == "value" else request.how
    if request.part is not None and not _fits(request.part):
        raise UserError("Patterns with control characters fit no command line.", "no_command")
    return ["--ablate", *map(str, request.cells), *_option("--hold", held), *_option("--part", request.part)]


def optimisation_command(result: TextOptimisationResult, accept_reinitialised: bool = False) -> str:
    """The line that looks for the same text again.

    Raises:
        UserError: its start cannot be put on a command line.
    """
    request, known = result.request, OptimisationRequest("")
    if request.start is not None and (request.start.pair is not None or not _fits(request.start.text)):
        raise UserError("A start that is a pair, very long or holds control characters fits no command line.", "no_command")
    words = [result.model.path, *_target(request.target), *_option("--mode", request.mode)]
    if request.start is None:
        words += _option("--tokens", request.tokens)
    else:
        words += _option("--start", request.start.text)
    words += _option("--steps", request.steps) + _option("--seed", request.seed)
    for name in ("learning_rate", "pull"):
        value = getattr(request, name)
        words += _option("--set", f"{name}={_written(value)}") if value != getattr(known, name) else []
    return _line("optimise", words, result.cost.device, accept_reinitialised)


def _line(command: str, words: list[str], device: str, accepted: bool) -> str:
    ending = [*_option("--device", device), *(["--accept-reinitialised"] if accepted else [])]
    return shlex.join([*program(), command, *words, *ending, *_trust(words[0])])


def _trust(path: str) -> list[str]:
    """Who copies the line has consented to the model's code; a line that travels must not consent for its reader."""
    return ["--trust"] if is_module_folder(Path(path)) else []


def portable_command(result: AttributionResult) -> str:
    """The same for a file that travels: started in the project's folder.

    A text that no command line can hold is named ``text.txt``, to be saved there first.
    """
    accepted = any(notice.blocking for notice in result.model.warnings)
    return shlex.join(["python", "main.py", *_arguments(result, None, accepted)])


def needs_a_text_file(result: AttributionResult) -> bool:
    """Whether ``portable_command`` names a file that has to be made."""
    return isinstance(result.request.input, TextInput) and not _fits(result.request.input.text)


def program() -> list[str]:
    """What starts Neuroloupe from anywhere."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, str(MAIN)]


def arguments_for(result: AttributionResult, texts: Path, accept_reinitialised: bool = False) -> list[str]:
    """The words of the command."""
    return [*program(), *_arguments(result, texts, accept_reinitialised), *_trust(result.model.path)]


def _arguments(result: AttributionResult, texts: Path | None, accept_reinitialised: bool) -> list[str]:
    words = ["explain", result.model.path, *_question(result.request, result, texts)]
    words += _option("--grain", result.grain) if result.grain != "token" else []
    words += _option("--device", result.cost.device)
    return words + (["--accept-reinitialised"] if accept_reinitialised else [])


def _question(request: AttributionRequest, result: AttributionResult, texts: Path | None) -> list[str]:
    words = [*_input(request.input, texts), *_option("--method", request.method)]
    words += _target(request.target)
    for baseline in (request.baselines or [each.id for each in result.baselines]) if result.method.uses_baseline else ():
        words += _option("--baseline", baseline)
    words += _option("--background", request.background)
    words += _option("--reduction", result.reduction)
    words += _option("--seed", request.seed) if result.method.uses_seed else []
    for name, value in request.parameters:
        words += _option("--layer", value) if name == "layer" else _option("--set", f"{name}={_written(value)}")
    return words


def _input(given: Input, texts: Path | None) -> list[str]:
    if isinstance(given, ImageInput):
        return _option("--image", given.path)
    if isinstance(given, RecordInput):
        return _record(given)
    text = as_text(given)
    return _text(text.text, texts) + (_pair(text.pair) if texts else _option("--text-pair", text.pair))


def _record(given: RecordInput) -> list[str]:
    """Characters that fit no command line are escaped, which JSON can do for itself."""
    plain = all(map(_fits, (part for pair in given.fields for part in pair)))
    return _option("--record", json.dumps(dict(given.fields), ensure_ascii=not plain))


def _target(target: Target) -> list[str]:
    named = (
        ("--target", target.choice),
        ("--true", target.true),
        ("--versus", target.versus),
        ("--score", target.score),
        ("--position", target.position),
    )
    return [word for name, value in named for word in _option(name, value)]


def _option(name: str, value: Parameter) -> list[str]:
    """Joined by = where the value would be read as an option itself."""
    if value is None:
        return []
    written = _written(value)
    return [f"{name}={written}"] if written.startswith("-") else [name, written]


def _written(value: Parameter) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _fits(text: str) -> bool:
    return len(text) <= LONGEST_ARGUMENT and not any(map(_is_awkward, text))


def _text(text: str, texts: Path | None) -> list[str]:
    if _fits(text):
        return _option("--text", text)
    if texts is None:
        return ["--text-file", "text.txt"]
    content = text.encode()
    path = texts / f"text-{hashlib.sha256(content).hexdigest()[:16]}.txt"
    texts.mkdir(parents=True, exist_ok=True)
    if text.startswith("\ufeff"):
        content = b"\xef\xbb\xbf" + content  # one such mark is dropped when the file is read
    write_atomically(path, content)
    return ["--text-file", str(path)]


def _pair(pair: str | None) -> list[str]:
    if pair is not None and not _fits(pair):
        raise UserError("The second text is too long for a command line or holds control characters.", "no_command")
    return _option("--text-pair", pair)


def _is_awkward(character: str) -> bool:
    return unicodedata.category(character) == "Cc" and character not in _PLAIN_CONTROLS
