"""What names and shapes do not say: told by a person, read in the file, guessed from it, or not known."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.checkpoints import NONE, Question, Source, join_labels, split_labels
from engine.errors import LoadError
from engine.inputs.tokenise import OWN, Tokeniser
from engine.models.checkpoint import Recognised
from engine.models.checkpoint_file import Contents
from engine.models.checkpoint_words import Vocabulary, find_labels, find_vocabulary, read_vocabulary
from engine.models.recurrent_spec import ACTIVATIONS, RecurrentSpec
from engine.requests import ImportAnswers
from engine.results import Notice

_SPECIAL = re.compile(r"[<\[{(|]+\S*[>\]})|]+|__?\w+__?|PAD|UNK|unk|UNKNOWN|OOV|EOS|BOS|SOS")
_UNKNOWN = ("<unk>", "[UNK]", "<UNK>", "UNK", "<oov>", "<OOV>", "[OOV]", "<unknown>", "UNKNOWN", "_unk_", "__unk__", "unk")
_PADDING = ("<pad>", "[PAD]", "<PAD>", "PAD", "_pad_", "__pad__", "<padding>")
_SUBWORDS = re.compile(r"^(##|Ġ|▁)|</w>$")
_BLANKS = r"\S+"
_MOSTLY = 0.98  # of the entries: so many must be single words for the word tokeniser to be the guess
_READOUTS = {"final": "last", "avg": "mean", "average": "mean"} | {name: name for name in ("last", "last_step", "mean", "max")}
_KINDS_OF_TOKENS = dict.fromkeys(("char", "chars", "character", "characters", "char_level", "char-level"), "char")
_KINDS_OF_TOKENS |= dict.fromkeys(("word", "words", "word_level", "word-level"), "word")
_TASKS = {
    "causal_lm": "the next piece (a language model)",
    "text_classification": "one of the classes",
    "multi_label": "each label by itself (sigmoid)",
    "regression": "a number",
}


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """As things stand: the questions with their answers, and the model they make.

    ``spec`` is None while something is missing that cannot be guessed.
    """

    questions: tuple[Question, ...]
    vocabulary: Vocabulary | None
    spec: RecurrentSpec | None
    task: str
    labels: tuple[str, ...]
    tokeniser: str | None
    warnings: tuple[Notice, ...]


def settle(contents: Contents, network: Recognised, answers: ImportAnswers) -> Settled:
    """Hold ``answers`` against the file.

    Raises:
        LoadError: one of them does not fit, named with its option.
    """
    return _Settling(contents, network, answers).settle()


class _Settling:
    def __init__(self, contents: Contents, network: Recognised, answers: ImportAnswers) -> None:
        self._contents, self._network, self._answers = contents, network, answers
        self._outputs = network.head[-1]
        self._questions: list[Question] = []
        self._warnings: list[Notice] = []

    def settle(self) -> Settled:
        if self._network.kind == "rnn" and self._hint(r"nonlinearity", lambda v: v == "relu"):
            raise LoadError("This plain RNN was made with relu; a recurrent folder holds RNNs with tanh.", "relu_rnn")
        labels, labels_source, labels_why = self._labels()
        task = self._task(labels_source)
        vocabulary = self._vocabulary()
        entries = vocabulary.entries if vocabulary else ()
        tokeniser = self._tokeniser(entries)
        lowercase = self._lowercase(entries)
        unknown = self._entry("unknown", entries, _UNKNOWN, r"^(unk|oov)(nown)?_?(idx|index|id|token_id)$")
        padding = self._entry("padding", entries, _PADDING, r"^pad(ding)?_?(idx|index|id|token_id)$")
        if task in ("causal_lm", "regression"):
            labels = ()
        else:
            self._ask_labels(labels, labels_source, labels_why)
        readout = "last" if task == "causal_lm" else self._readout()
        activations = self._activations()
        known: dict[str, Any] = {
            "labels": labels,
            "activations": activations,
            "readout": readout,
            "lowercase": lowercase == "yes",
            "unknown": unknown,
            "padding": padding,
        }
        complete = vocabulary is not None and tokeniser is not None
        spec = self._spec(task, tokeniser=tokeniser, **known) if complete else None
        return Settled(tuple(self._questions), vocabulary, spec, task, labels, tokeniser, tuple(self._warnings))

    def _spec(self, task: str, **known: Any) -> RecurrentSpec:
        problems: dict[str, Any] = {"multi_label": "multi_label", "regression": "regression"}
        return RecurrentSpec(
            architecture=self._network.kind,
            task="causal_lm" if task == "causal_lm" else "text_classification",
            hidden_size=self._network.hidden_size,
            head=self._network.head,
            layers=self._network.layers,
            bidirectional=self._network.bidirectional,
            projection=self._network.projection,
            bias=self._network.bias,
            embedding_size=self._network.embedding_size,
            problem_type=problems.get(task, "single_label"),
            **known,
        )

    def _ask(
        self,
        key: str,
        title: str,
        options: Sequence[tuple[str, str]],
        value: str | None,
        source: Source,
        why: str,
        option: str,
        demanded: bool = False,
        free: bool = False,
    ) -> None:
        self._questions.append(Question(key, title, tuple(options), value, source, why, demanded, option, free))

    def _hint(self, pattern: str, fits: Callable[[Any], bool]) -> tuple[Any, str] | None:
        """A value the file holds under such a name, and where."""
        for keys, value in self._contents.said:
            if re.search(pattern, keys[-1], re.IGNORECASE) and isinstance(value, str | int | bool) and fits(value):
                return value, f"the file says {keys[-1]}: {value}"
        return None

    def _told(self, key: str, options: Sequence[str], option: str) -> str | None:
        """What a person said, when it is one of ``options``."""
        value: str | None = getattr(self._answers, key)
        if value is not None and value not in options:
            raise LoadError(f"{option} takes {', '.join(options[:-1])} or {options[-1]}, not {value!r}.", "arguments")
        return value

    def _task(self, labels: Source) -> str:
        outputs, rows = self._outputs, self._network.vocabulary_size
        value: str
        source: Source = "guess"
        if outputs == rows and outputs > 1:
            options = ["causal_lm", "text_classification", "multi_label"]
            value, source, why = "causal_lm", "file", f"as many outputs as it can read pieces: {outputs:,}"
        elif outputs == 1:
            options = ["multi_label", "regression"]
            value, why = "multi_label", "one output: a probability or a number, which the file does not say"
            source = "guess" if labels == "guess" else labels
        else:
            options = ["text_classification", "multi_label", "regression"]
            value, why = "text_classification", f"{outputs:,} outputs, taken to exclude one another"
        told = self._told("task", options, "--task")
        if told is not None:
            value, source, why = told, "told", ""
        demanded = outputs == 1
        self._ask("task", "Task", [(o, _TASKS[o]) for o in options], value, source, why, "--task", demanded)
        return value

    def _vocabulary(self) -> Vocabulary | None:
        size, told = self._network.vocabulary_size, self._answers.vocabulary
        if told is not None:
            found: Vocabulary | None = read_vocabulary(told, size)
        else:
            found, refused = find_vocabulary(self._contents, size)
            self._warnings += [Notice(words, "vocabulary") for words in refused[:2]]
        if found is not None and found.doubled:
            self._warn(f"The vocabulary holds “{found.doubled[0]}” twice; the first of them is used.")
        if found is not None and found.filled:
            ids = ", ".join(str(i) for i in found.filled)
            self._warn(f"The vocabulary has nothing for the id {ids}; a name was made up for it.")
        one_hot = "" if self._network.embedding_size else f" Without an embedding, its {size:,} inputs must be one-hot over one."
        nowhere = f"neither the file nor one beside it has one of {size:,} entries.{one_hot}"
        source: Source = "unknown" if found is None else "file" if told is None else "told"
        why = nowhere if found is None else found.origin
        value = told or (found.origin if found is not None else None)
        self._ask("vocabulary", "Vocabulary", (), value, source, why, "--vocabulary FILE", True, True)
        return found

    def _warn(self, words: str) -> None:
        self._warnings.append(Notice(words, "vocabulary"))

    def _tokeniser(self, entries: Sequence[str]) -> str | None:
        options = [
            ("char", "characters"),
            ("word", "words and single punctuation marks"),
            (_BLANKS, "what stands between blanks"),
        ]
        told = self._answers.tokeniser
        value: str | None
        source: Source
        if told is not None:
            Tokeniser(told, {}, None, False)  # raises what is wrong with it
            value, source, why = told, "told", ""
        elif hint := self._hint(r"^(tokeni[sz]er|token_?type|level|granularity|mode|unit)$", lambda v: v in _KINDS_OF_TOKENS):
            value, source, why = _KINDS_OF_TOKENS[hint[0]], "file", hint[1]
        elif not entries:
            value, source, why = None, "unknown", "the vocabulary will tell"
        else:
            value, source, why = self._tokeniser_of(entries)
        self._ask("tokeniser", "Tokeniser", options, value, source, why, "--tokeniser word|char|REGEX", True, True)
        return value

    def _tokeniser_of(self, entries: Sequence[str]) -> tuple[str, Source, str]:
        ordinary = ordinary_entries(entries)
        if all(len(entry) == 1 for entry in ordinary):
            return "char", "file", "every entry of the vocabulary is one character"
        if sum(bool(_SUBWORDS.search(entry)) for entry in ordinary) > 0.1 * len(ordinary):
            words = (
                "The vocabulary holds parts of words; a tokeniser that makes them cannot be given, so texts will read as unknown."
            )
            self._warnings.append(Notice(words, "subwords"))
        whole = sum(OWN["word"].fullmatch(entry) is not None for entry in ordinary) / len(ordinary)
        if whole >= _MOSTLY:
            return "word", "guess", f"{100 * whole:.0f} % of the entries are single words or marks"
        return _BLANKS, "guess", f"{100 * (1 - whole):.0f} % of the entries join words and marks"

    def _lowercase(self, entries: Sequence[str]) -> str:
        letters = "".join(ordinary_entries(entries))
        told = self._told("lowercase", ("yes", "no"), "--lowercase")
        source: Source = "guess"
        if told is not None:
            value, source, why = told, "told", ""
        elif hint := self._hint(r"^(do_)?lower(_?cased?)?$", lambda v: isinstance(v, bool)):
            value, source, why = "yes" if hint[0] else "no", "file", hint[1]
        elif letters != letters.lower():
            value, source, why = "no", "file", "the vocabulary has capitals"
        elif letters != letters.upper():
            value, why = "yes", "the vocabulary has no capitals"
        else:
            value, why = "no", "the vocabulary has no letters"
        options = [("yes", "yes: pieces are lower-cased"), ("no", "no: as typed")]
        self._ask("lowercase", "Lower case", options, value, source, why, "--lowercase or --no-lowercase")
        return value

    def _entry(self, key: str, entries: Sequence[str], usual: Sequence[str], pattern: str) -> str | None:
        """A special entry of the vocabulary, or None."""
        told: str | None = getattr(self._answers, key)
        source: Source = "file"
        held = set(entries)
        named = next((name for name in usual if name in held), None)
        empty = self._network.empty_rows if key == "padding" else ()
        value: str | None
        if told is not None and entries:
            value, source, why = named_entry(told, entries, f"--{key}"), "told", ""
        elif hint := self._hint(pattern, lambda v: type(v) is int and 0 <= v < len(entries)):
            value, why = entries[hint[0]], hint[1]
        elif named is not None:
            value, why = named, "the vocabulary has an entry of that name"
        elif len(empty) == 1 and empty[0] < len(entries):
            value, why = entries[empty[0]], "its embedding is all zeros"
        else:
            refused = "; pieces outside the vocabulary are refused" if key == "unknown" else ""
            value, source, why = None, "guess", f"the vocabulary has no entry of such a name{refused}"
        special = [entry for entry in dict.fromkeys(entries) if _SPECIAL.fullmatch(entry)][:20]
        options = [(NONE, "none"), *((entry, entry) for entry in special)]
        title = {"unknown": "Unknown", "padding": "Padding"}[key]
        self._ask(key, title, options, NONE if value is None else value, source, why, f"--{key} TOKEN|ID", False, True)
        return value

    def _labels(self) -> tuple[tuple[str, ...], Source, str]:
        """As many names as outputs; of a single output that says yes or no, that of the yes."""
        outputs = self._outputs
        if self._answers.labels is not None:
            labels = split_labels(self._answers.labels)
            if outputs == 1 and len(labels) == 2:
                labels = labels[1:]
            if len(labels) != outputs or len(set(labels)) < len(labels) or not all(labels):
                raise LoadError(
                    f"There are {len(set(labels))} different labels for {outputs} outputs; name each once (--labels).",
                    "labels",
                )
            return labels, "told", ""
        for count in (outputs, 2) if outputs == 1 else (outputs,):
            found, origin, refused = find_labels(self._contents, count)
            if found is not None:
                return found[-outputs:], "file", origin
        for words in refused[:1] if self._outputs != self._network.vocabulary_size else ():
            self._warnings.append(Notice(words, "labels"))
        return tuple(str(i) for i in range(outputs)), "guess", "neither the file nor one beside it names them"

    def _ask_labels(self, labels: tuple[str, ...], source: Source, why: str) -> None:
        self._ask("labels", "Labels", (), join_labels(labels), source, why, "--labels A,B,C", True, True)

    def _readout(self) -> str:
        options = [("last", "the last state (of both directions, h_n)" if self._network.bidirectional else "the last state")]
        if self._network.bidirectional:
            options.append(("last_step", "the output at the last step"))
        options += [("mean", "the mean over the text"), ("max", "the maximum over the text")]
        names = [name for name, _ in options]
        told = self._told("readout", names, "--readout")
        source: Source = "guess"
        if told is not None:
            value, source, why = told, "told", ""
        elif hint := self._hint(r"pool|read_?out|aggregat", lambda v: isinstance(v, str) and _READOUTS.get(v.lower()) in names):
            value, source, why = _READOUTS[hint[0].lower()], "file", hint[1]
        else:
            value, why = "last", "nothing in the file says which states the linear layers read"
        self._ask("readout", "Read-out", options, value, source, why, f"--readout {'|'.join(names)}", True)
        return value

    def _activations(self) -> tuple[str, ...]:
        """Between the linear layers; where two follow each other in one ``nn.Sequential``, none."""
        gaps = self._network.between
        asked = [gap for gap in gaps if gap is not False]
        if not asked:
            return ("none",) * len(gaps)
        told = self._answers.activation
        source: Source = "guess"
        if told is not None:
            names = [name.strip() for name in told.split(",")]
            if any(name not in ACTIVATIONS for name in names) or len(names) not in (1, len(gaps)):
                many = f", or {len(gaps)} of them with commas" if len(gaps) > 1 else ""
                raise LoadError(
                    f"--activation takes {', '.join(ACTIVATIONS[:-1])} or {ACTIVATIONS[-1]}{many}, not {told!r}.", "arguments"
                )
            value, source, why = ",".join(names), "told", ""
        elif hint := self._hint(r"^(activation|act_fn|hidden_act)$", lambda v: isinstance(v, str) and v.lower() in ACTIVATIONS):
            value, source, why = hint[0].lower(), "file", hint[1]
        else:
            something = ", but something is: their numbers leave one out" if any(asked) else ""
            value, why = "relu", f"weights do not say what is between the linear layers{something}"
        options = [(name, name) for name in ACTIVATIONS]
        self._ask("activation", "Activation", options, value, source, why, f"--activation {'|'.join(ACTIVATIONS)}", True)
        names = value.split(",")
        if len(names) > 1:
            return tuple(names)
        return tuple("none" if gap is False else value for gap in gaps)


def ordinary_entries(entries: Sequence[str]) -> list[str]:
    """Without those such as <pad>; all of them where nothing else is left."""
    return [entry for entry in entries if len(entry) == 1 or (entry and not _SPECIAL.fullmatch(entry))] or list(entries)


def named_entry(name: str, entries: Sequence[str], option: str) -> str | None:
    """An entry of exactly this text first, else the one with this id, else none.

    Raises:
        LoadError: the vocabulary has neither.
    """
    if name in entries:
        return name
    if name.isdecimal() and len(name) < 10 and int(name) < len(entries):
        return entries[int(name)]
    if name in (NONE, ""):
        return None
    raise LoadError(
        f"The vocabulary has no entry {name!r} among its {len(entries):,}, of which {entries[0]!r} is the first; name another "
        f"({option}).",
        "arguments",
    )
