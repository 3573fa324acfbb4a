"""What a bare file of weights was taken for, what it cannot say, and how an import of it fares. Frozen, torch-free."""

import csv
import io
from dataclasses import dataclass
from typing import Literal

from engine.requests import ImportRequest, InspectCheckpointRequest
from engine.results import ModelInfo, Notice, PredictionResult

NONE = "none"  # the answer that there is no such entry
Source = Literal["told", "file", "guess", "unknown"]
SOURCE_WORDS: dict[Source, str] = {"told": "as told", "file": "in the file", "guess": "assumed", "unknown": "not known"}


@dataclass(frozen=True, slots=True)
class TensorUse:
    """One tensor of the file, and what it was taken for."""

    name: str
    shape: tuple[int, ...]
    taken_for: str


@dataclass(frozen=True, slots=True)
class Question:
    """Something that names and shapes do not say.

    Args:
        key: the field of ``ImportAnswers``.
        options: (value, words); the first is offered first.
        free: other values than these can be given.
        value: what holds as things stand; None: nobody knows.
        source: who says so. A ``guess`` has nothing but habit behind it; ``file``: evidence, named in ``why``.
        demanded: without being told this, nothing is imported on the command line.
        option: of the command line.
    """

    key: str
    title: str
    options: tuple[tuple[str, str], ...]
    value: str | None
    source: Source
    why: str
    demanded: bool
    option: str
    free: bool = False


@dataclass(frozen=True, slots=True)
class CheckpointFinding:
    """What was recognised.

    Args:
        model: as far as it is known; nothing can be asked of it yet.
        tensors: every tensor of the state dict, in the order in which a text passes them.
        settled: what follows from names and shapes, or had to be decided, in words.
        vocabulary: how many entries; None: there is none yet.
        vocabulary_from: where it was found; empty: nowhere.
        entries: the first few of it.
    """

    path: str
    model: ModelInfo
    tensors: tuple[TensorUse, ...]
    questions: tuple[Question, ...]
    settled: tuple[str, ...]
    warnings: tuple[Notice, ...]
    vocabulary: int | None
    vocabulary_from: str
    entries: tuple[str, ...]

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """Those that a person has to answer; a guess does not count."""
        return tuple(q for q in self.questions if q.demanded and q.source in ("guess", "unknown"))

    @property
    def unanswered(self) -> tuple[Question, ...]:
        """Those without which there is nothing to try."""
        return tuple(q for q in self.questions if q.value is None)

    def question(self, key: str) -> Question | None:
        """That of this field, where it is one."""
        return next((q for q in self.questions if q.key == key), None)


@dataclass(frozen=True, slots=True)
class InspectCheckpointResult:
    """What the file is taken for, with the answers given so far."""

    request: InspectCheckpointRequest
    finding: CheckpointFinding


@dataclass(frozen=True, slots=True, eq=False)
class ImportTrial:
    """What the model makes of a text, so that a wrong guess shows.

    Args:
        pieces, known: how many the tokeniser cut, and how many of them the vocabulary has.
        unknown: the spans (code points) of those it has not, up to a thousand.
        prediction: None where no piece of the text can be read.
        perplexity: of a language model that reads one way, per piece; ``choices`` is that of a blind guess.
        bits_per_character: of one that reads characters.
    """

    text: str
    pieces: int
    known: int
    unknown: tuple[tuple[int, int], ...]
    prediction: PredictionResult | None
    perplexity: float | None = None
    bits_per_character: float | None = None
    choices: int = 0

    @property
    def coverage(self) -> float:
        """The share of pieces that the vocabulary has; 1 of a text without any."""
        return self.known / self.pieces if self.pieces else 1.0

    @property
    def unknown_pieces(self) -> tuple[str, ...]:
        """Each once, in order."""
        return tuple(dict.fromkeys(self.text[start:end] for start, end in self.unknown))


@dataclass(frozen=True, slots=True, eq=False)
class ImportResult:
    """A checkpoint tried on a text and, with a folder, kept there. ``trial`` is None while a question bars it."""

    request: ImportRequest
    finding: CheckpointFinding
    trial: ImportTrial | None


def join_labels(labels: tuple[str, ...]) -> str:
    """As one line that ``split_labels`` reads: A,B,C with quotes where a name holds a comma."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(labels)
    return line.getvalue()


def split_labels(text: str) -> tuple[str, ...]:
    """The names in A,B,C; blanks around each are dropped."""
    rows = list(csv.reader([" ".join(text.splitlines())], skipinitialspace=True)) if text.strip() else []
    return tuple(label.strip() for label in rows[0]) if rows else ()
