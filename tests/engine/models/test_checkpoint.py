"""Checkpoints as people save them, imported without their code: what plain torch computes is what is computed."""

import argparse
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file, save_model
from torch import Tensor, nn

from engine.checkpoints import ImportResult, join_labels, split_labels
from engine.errors import LoadError, UserError
from engine.jobs import run
from engine.models.checkpoint_file import read_checkpoint
from engine.models.importing import Importer
from engine.models.recurrent_model import RecurrentModel
from engine.requests import ImportAnswers, ImportRequest, InspectCheckpointRequest
from tests.engine.tiny_models import opened

WORDS = ("<pad>", "<unk>", "the", "film", "was", "not", "good", "bad", "a", "bore", ".")
CHARS = tuple("\n !abcdefghij")
IDS = torch.tensor([[2, 3, 4, 5, 6, 10]])  # the film was not good .
LABELS = ("negative", "neutral", "positive")
READ = ImportAnswers(tokeniser="word", readout="last")


class Classifier(nn.Module):
    """As in a hundred tutorials; ``pool`` and ``between`` are what no file says."""

    def __init__(self, kind: type[nn.RNNBase] = nn.LSTM, pool: str = "last", hidden: int = 0, **options: Any) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(len(WORDS), 6, padding_idx=0)
        self.rnn = kind(6, 5, batch_first=True, **options)
        size = (options.get("proj_size") or 5) * (2 if options.get("bidirectional") else 1)
        self.pool = pool
        if hidden:
            self.fc1, self.fc2 = nn.Linear(size, hidden), nn.Linear(hidden, 3)
        else:
            self.fc = nn.Linear(size, 3)

    def forward(self, ids: Tensor) -> Tensor:
        states, last = self.rnn(self.embedding(ids))
        h_n = last[0] if isinstance(last, tuple) else last
        ends = torch.cat((h_n[-2], h_n[-1]), -1) if self.rnn.bidirectional else h_n[-1]
        pooled = {"last": ends, "last_step": states[:, -1], "mean": states.mean(1), "max": states.amax(1)}[self.pool]
        return self.fc2(torch.tanh(self.fc1(pooled))) if hasattr(self, "fc1") else self.fc(pooled)


class LanguageModel(nn.Module):
    """PyTorch's own example of one."""

    def __init__(self, tied: bool, vocabulary: int = len(CHARS)) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.encoder, self.rnn = nn.Embedding(vocabulary, 7), nn.GRU(7, 7, 2)
        self.decoder = nn.Linear(7, vocabulary)
        if tied:
            self.decoder.weight = self.encoder.weight

    def forward(self, ids: Tensor) -> Tensor:
        return self.decoder(self.rnn(self.encoder(ids.T))[0][-1])


class OneHot(nn.Module):
    """Karpathy's way."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.lstm, self.out = nn.LSTM(len(CHARS), 8, batch_first=True), nn.Linear(8, len(CHARS))

    def forward(self, ids: Tensor) -> Tensor:
        return self.out(self.lstm(torch.nn.functional.one_hot(ids, len(CHARS)).float())[0][:, -1])


class Cells(nn.Module):
    """Layers written out step by step."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.emb = nn.Embedding(len(WORDS), 4)
        self.cells = nn.ModuleList([nn.LSTMCell(4, 5), nn.LSTMCell(5, 5)])
        self.fc = nn.Linear(5, 3)

    def forward(self, ids: Tensor) -> Tensor:
        states = [(torch.zeros(1, 5), torch.zeros(1, 5)) for _ in self.cells]
        for x in self.emb(ids).unbind(1):
            for at, cell in enumerate(self.cells):
                states[at] = cell(x, states[at])
                x = states[at][0]
        return self.fc(states[-1][0])


class Stacked(nn.Module):
    """One module a layer, linear layers in one ``nn.Sequential``, no biases."""

    def __init__(self, dropout: bool = True) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.word_embeddings = nn.Embedding(len(WORDS), 6)
        self.lstm1, self.lstm2 = nn.LSTM(6, 5, batch_first=True, bias=False), nn.LSTM(5, 5, batch_first=True, bias=False)
        gap = [nn.ReLU()] if dropout else []
        self.classifier = nn.Sequential(nn.Linear(5, 4, bias=False), *gap, nn.Linear(4, 3, bias=False))

    def forward(self, ids: Tensor) -> Tensor:
        return self.classifier(self.lstm2(self.lstm1(self.word_embeddings(ids))[0])[0].mean(1))


@dataclass(frozen=True)
class Habit:
    """One way of saving; ``beside``: other files in the folder, by name."""

    make: Callable[[], nn.Module]
    save: Callable[[nn.Module, Path], None]
    answers: ImportAnswers = READ
    beside: Mapping[str, Any] = field(default_factory=dict)
    ids: Tensor = field(default_factory=lambda: IDS)
    entries: tuple[str, ...] = WORDS
    name: str = "model.pt"
    tolerance: float = 1e-5


def saved(**more: Any) -> Callable[[nn.Module, Path], None]:
    """``torch.save`` of a dict; ``...`` stands for the state dict."""

    def save(module: nn.Module, path: Path) -> None:
        torch.save({key: module.state_dict() if value is ... else value for key, value in more.items()}, path)

    return save


def bare(module: nn.Module, path: Path) -> None:
    torch.save(module.state_dict(), path)


def prefixed(prefix: str, **more: Any) -> Callable[[nn.Module, Path], None]:
    def save(module: nn.Module, path: Path) -> None:
        renamed = {f"{prefix}{name}": tensor for name, tensor in module.state_dict().items()}
        torch.save({"state_dict": renamed, "stoi": STOI, "label2id": LABEL2ID, **more}, path)

    return save


def with_optimiser(module: nn.Module, path: Path) -> None:
    optimiser = torch.optim.Adam(module.parameters(), lr=0.0)
    module(IDS).sum().backward()
    optimiser.step()
    saved(model=..., optimizer=optimiser.state_dict(), epoch=7, losses=[0.5, 0.25], vocab=list(WORDS), labels=LABELS)(
        module, path
    )


def safetensors_metadata(module: nn.Module, path: Path) -> None:
    words = {"vocab": json.dumps(WORDS), "labels": json.dumps(LABELS)}
    save_file(module.state_dict(), path, metadata=words)


def apart(module: nn.Module, path: Path) -> None:
    """Each part by itself."""
    torch.save({name: part.state_dict() for name, part in module.named_children()} | {"word2idx": STOI}, path)


STOI = {word: i for i, word in enumerate(WORDS)}
LABEL2ID = {label: i for i, label in enumerate(LABELS)}
NAMED = ImportAnswers(tokeniser="word", readout="last", labels="negative,neutral,positive")
CHAR_IDS = torch.tensor([[3, 4, 5, 1, 6]])
HYPER = {"hyper_parameters": {"lr": 1e-3, "lowercase": True, "pooling": "mean", "num_classes": 3}, "epoch": 3}
LIGHTNING = HYPER | {"pytorch-lightning_version": "2.1.0", "global_step": 10, "optimizer_states": [], "loops": {"fit_loop": {}}}
IN_CHARS: dict[str, Any] = {"answers": ImportAnswers(), "ids": CHAR_IDS, "entries": CHARS}
MEAN = ImportAnswers(tokeniser="word", readout="mean", labels="a,b,c")
HABITS = {
    "state dict beside vocabulary and labels": Habit(
        Classifier, saved(model_state_dict=..., vocab=STOI, classes=list(LABELS), epoch=3)
    ),
    "DataParallel": Habit(Classifier, prefixed("module.")),
    "Lightning": Habit(lambda: Classifier(pool="mean"), prefixed("model.", **LIGHTNING), ImportAnswers(tokeniser="word")),
    "compiled": Habit(Classifier, prefixed("_orig_mod.model.")),
    "weights of the loss": Habit(
        Classifier,
        lambda m, p: torch.save({**m.state_dict(), "criterion.weight": torch.ones(3)}, p),
        NAMED,
        {"vocab.json": STOI},
    ),
    "optimiser alongside": Habit(Classifier, with_optimiser),
    "tied decoder": Habit(lambda: LanguageModel(True), saved(model=..., chars=list(CHARS)), **IN_CHARS),
    "untied decoder": Habit(lambda: LanguageModel(False), saved(net=..., ix_to_char=dict(enumerate(CHARS))), **IN_CHARS),
    "tied, in safetensors": Habit(
        lambda: LanguageModel(True),
        lambda m, p: save_model(m, str(p)),
        beside={"char2idx.json": {c: i for i, c in enumerate(CHARS)}},
        name="model-final.safetensors",
        **IN_CHARS,
    ),
    "one-hot input": Habit(OneHot, saved(state_dict=..., tokens="".join(CHARS)), **IN_CHARS),
    "two linear layers": Habit(
        lambda: Classifier(hidden=4),
        saved(model_state_dict=..., word_index=STOI, labels=dict(enumerate(LABELS))),
        ImportAnswers(tokeniser="word", readout="last", activation="tanh"),
    ),
    "bidirectional": Habit(lambda: Classifier(bidirectional=True), saved(state_dict=..., itos=list(WORDS), names=LABELS)),
    "bidirectional, last step": Habit(
        lambda: Classifier(pool="last_step", bidirectional=True, num_layers=2),
        saved(state_dict=..., itos=list(WORDS), names=LABELS),
        ImportAnswers(tokeniser="word", readout="last_step"),
    ),
    "projected": Habit(
        lambda: Classifier(proj_size=3, num_layers=2, bidirectional=True), saved(state_dict=..., itos=list(WORDS), names=LABELS)
    ),
    "GRU, mean": Habit(
        lambda: Classifier(nn.GRU, "mean", num_layers=3),
        saved(state_dict=..., vocab={"stoi": STOI, "itos": list(WORDS)}, class_to_idx=LABEL2ID),
        ImportAnswers(tokeniser="word", readout="mean"),
    ),
    "RNN, max": Habit(
        lambda: Classifier(nn.RNN, "max", bidirectional=True),
        saved(state_dict=..., id2word=dict(enumerate(WORDS)), idx_to_class=dict(enumerate(LABELS))),
        ImportAnswers(tokeniser="word", readout="max"),
    ),
    "LSTM cells": Habit(Cells, saved(weights=..., vocab=list(WORDS)), NAMED),
    "a module a layer": Habit(Stacked, saved(params=..., vocab=list(WORDS)), replace(MEAN, activation="relu")),
    "nothing between": Habit(lambda: Stacked(False), saved(params=..., vocab=list(WORDS)), MEAN),
    "words in the metadata": Habit(Classifier, safetensors_metadata, READ, name="model.safetensors"),
    "words in text files": Habit(Classifier, bare, READ, {"vocab.txt": "\n".join(WORDS) + "\n", "labels.txt": "\n".join(LABELS)}),
    "words with their ids": Habit(Classifier, bare, NAMED, {"model_vocab.txt": "\n".join(f"{w}\t{i}" for w, i in STOI.items())}),
    "words in JSON": Habit(
        Classifier, bare, READ, {"vocabulary.json": {"id2word": dict(enumerate(WORDS))}, "labels.json": LABEL2ID}
    ),
    "the file that fits": Habit(Classifier, bare, NAMED, {"vocab.json": STOI, "vocab_old.json": ["a", "b"]}),
    "each part by itself": Habit(Classifier, apart, NAMED),
    "half precision": Habit(
        Classifier, lambda m, p: torch.save(m.half().state_dict(), p), NAMED, {"vocab.json": STOI}, tolerance=2e-3
    ),
    "the old format": Habit(
        Classifier,
        lambda m, p: torch.save({"state": m.state_dict(), "vocab": STOI}, p, _use_new_zipfile_serialization=False),
        NAMED,
        name="model.pth",
    ),
}


def imported(
    path: Path, answers: ImportAnswers, folder: Path | None = None, text: str = "", guesses: bool = False
) -> ImportResult:
    return run(Importer().run(ImportRequest(str(path), answers, None if folder is None else str(folder), text, guesses)))


def inspected(path: Path, answers: ImportAnswers | None = None) -> Any:
    return run(Importer().inspect(InspectCheckpointRequest(str(path), answers or ImportAnswers()))).finding


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("habit", HABITS.values(), ids=HABITS)
def test_what_plain_torch_computes_is_computed(habit: Habit, tmp_path: Path):
    module = habit.make().eval()
    expected = module(habit.ids)[0].detach().numpy().copy()
    for name, content in habit.beside.items():
        (tmp_path / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    path = tmp_path / habit.name
    habit.save(module, path)
    result = imported(path, habit.answers, tmp_path / "made")
    model = opened(tmp_path / "made")
    assert isinstance(model, RecurrentModel)
    assert tuple(model.vocabulary) == habit.entries
    got = model.network(model.embed(habit.ids))[0]
    got = got[-1] if model.spec.task == "causal_lm" else got
    np.testing.assert_allclose(got.numpy(), expected, atol=habit.tolerance)
    assert {tensor.name for tensor in result.finding.tensors} == set(read_checkpoint(path).tensors)


def written(path: Path, module: nn.Module | None = None, **more: Any) -> Path:
    """A checkpoint with a vocabulary and labels; ``more`` replaces or adds, ``None`` takes away."""
    known: dict[str, Any] = {"state_dict": (module or Classifier()).state_dict(), "vocab": STOI, "labels": list(LABELS)} | more
    torch.save({key: value for key, value in known.items() if value is not None}, path)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.pt"


def refused(path: Path, answers: ImportAnswers = NAMED, folder: Path | None = None) -> LoadError:
    """The one sentence with which an import is refused."""
    with pytest.raises(LoadError) as caught:
        imported(path, answers, folder)
    assert len(caught.value.message.splitlines()) == 1
    assert caught.value.message.endswith(".")
    return caught.value


def test_every_tensor_is_called_by_its_use(path: Path):
    uses = {t.name: (t.shape, t.taken_for) for t in inspected(written(path, Classifier(bidirectional=True, hidden=4))).tensors}
    assert uses["embedding.weight"] == ((11, 6), "embedding")
    assert uses["rnn.weight_hh_l0_reverse"] == ((20, 5), "LSTM layer 0 backwards: recurrence")
    assert uses["fc1.weight"] == ((4, 10), "linear layer 1 of 2")
    assert uses["fc2.bias"] == ((3,), "linear layer 2 of 2, bias")


def test_what_is_known_without_answers(path: Path):
    info = inspected(written(path, Classifier(nn.GRU, num_layers=2))).model
    assert (info.format, info.task, info.labels, info.can) == ("recurrent_checkpoint", "text_classification", LABELS, ())
    assert info.architecture == "GRU 2 × 5"
    assert [(r.kind, r.layers, r.hidden_size, r.directions) for r in info.recurrent] == [("gru", 2, 5, 1)]
    assert info.tokenizer is None
    assert info.parameters == sum(p.numel() for p in Classifier(nn.GRU, num_layers=2).parameters())
    assert "tokeniser, read-out" in info.warnings[0].message


def test_nothing_is_written_before_every_question_is_answered(path: Path, tmp_path: Path):
    written(path, Classifier(hidden=4), labels=None)
    error = refused(path, ImportAnswers(), tmp_path / "made")
    for option in ("--tokeniser", "--labels", "--readout", "--activation"):
        assert option in error.message
    assert "--vocabulary" not in error.message
    assert not (tmp_path / "made").exists()
    assert [q.key for q in inspected(path).open_questions] == ["tokeniser", "labels", "readout", "activation"]


def test_the_window_may_go_on_with_guesses(path: Path, tmp_path: Path):
    imported(written(path, Classifier(hidden=4), labels=None), ImportAnswers(), tmp_path / "made", guesses=True)
    assert opened(tmp_path / "made").info.labels == ("0", "1", "2")


def test_without_a_vocabulary_nothing_is_tried(path: Path):
    finding = inspected(written(path, vocab=None))
    assert [q.key for q in finding.unanswered] == ["vocabulary", "tokeniser"]
    assert imported(path, ImportAnswers(), guesses=True).trial is None
    assert "--vocabulary" in refused(path).message


def test_a_vocabulary_that_is_named_is_taken(path: Path, tmp_path: Path):
    (tmp_path / "others.json").write_text(json.dumps([w.upper() for w in WORDS]))
    finding = inspected(written(path), ImportAnswers(vocabulary=str(tmp_path / "others.json")))
    assert finding.entries[2] == "THE"
    assert finding.question("vocabulary").source == "told"


def test_ids_that_begin_at_one_leave_a_place_for_the_padding(path: Path):
    finding = inspected(written(path, vocab={word: i for i, word in enumerate(WORDS) if i > 0}))
    assert finding.entries == WORDS
    assert "id 0" in finding.warnings[0].message


@pytest.mark.parametrize(
    ("vocabulary", "said"),
    [
        ([*WORDS, "more"], "12 entries, more than the 11"),
        (list(WORDS[:-1]), "10 entries, fewer than the 11"),
        ({word: i for i, word in enumerate(WORDS[:5])}, "5 entries, fewer than the 11"),
        ({word: 100 * i for i, word in enumerate(WORDS)}, "run up to 1,000"),
        (["a", 3, None], "holds no vocabulary"),
        ({"size": "large"}, "holds no vocabulary"),
        (17, "holds no vocabulary"),
    ],
)
def test_a_vocabulary_that_does_not_fit(vocabulary: Any, said: str, path: Path, tmp_path: Path):
    (tmp_path / "mine.json").write_text(json.dumps(vocabulary))
    assert said in refused(written(path), replace(NAMED, vocabulary=str(tmp_path / "mine.json"))).message


def test_a_vocabulary_in_the_file_that_does_not_fit_is_not_used(path: Path):
    finding = inspected(written(path, vocab=[*WORDS, "more"]))
    assert finding.vocabulary is None
    assert "12 entries, more" in finding.warnings[0].message


def test_an_entry_that_comes_twice_is_noticed(path: Path):
    finding = inspected(written(path, vocab=[*WORDS[:-1], "the"]))
    assert "“the” twice" in finding.warnings[0].message


@pytest.mark.parametrize(("text", "said"), [("", "empty"), ("a\nb\nc\n", "3 entries"), ("\xff", "UTF-8")])
def test_a_vocabulary_of_lines(text: str, said: str, path: Path, tmp_path: Path):
    (tmp_path / "v.txt").write_bytes(text.encode("latin-1"))
    error = refused(written(path), replace(NAMED, vocabulary=str(tmp_path / "v.txt")))
    assert said in error.message or (said == "empty" and "no vocabulary" in error.message)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"labels": "a,b"}, "2 different labels for 3 outputs"),
        ({"labels": "a,b,b"}, "2 different labels"),
        ({"readout": "first"}, "--readout takes last, mean or max"),
        ({"tokeniser": "("}, "not a regular expression"),
        ({"unknown": "nobody"}, "no entry 'nobody'"),
        ({"padding": "11"}, "no entry '11'"),
        ({"task": "causal_lm"}, "--task takes"),
        ({"lowercase": "maybe"}, "--lowercase takes"),
        ({"vocabulary": "/no/such/file.txt"}, "check the path"),
        ({"vocabulary": "/no/such/file.json"}, "is missing"),
    ],
)
def test_answers_that_do_not_fit(answers: dict[str, str], said: str, path: Path):
    assert said in refused(written(path), replace(NAMED, **answers)).message


def test_an_activation_for_each_pair_of_layers(path: Path):
    written(path, Classifier(hidden=4))
    assert "--activation takes" in refused(path, replace(NAMED, activation="relu,tanh")).message
    assert "--activation takes" in refused(path, replace(NAMED, activation="swish")).message


def test_entries_by_name_first_then_by_number(path: Path, tmp_path: Path):
    vocabulary = [*WORDS[:-1], "3"]
    written(path, vocab=vocabulary)
    by = {name: inspected(path, ImportAnswers(unknown=name)).question("unknown").value for name in ("3", "4", "none", "film")}
    assert by == {"3": "3", "4": "was", "none": "none", "film": "film"}


def test_labels_of_another_number_are_not_used(path: Path):
    finding = inspected(written(path, labels=["a", "b", "c", "d"]))
    assert finding.question("labels").source == "guess"
    assert any("4 labels for 3 outputs" in notice.message for notice in finding.warnings)


def test_one_output_is_a_probability_where_it_has_a_name(path: Path, tmp_path: Path):
    module = Classifier()
    module.fc = nn.Linear(5, 1)
    written(path, module, labels=None)
    assert "--task" in refused(path, ImportAnswers(tokeniser="word", readout="last")).message
    imported(path, ImportAnswers(tokeniser="word", readout="last", labels="bad,good"), tmp_path / "two")
    info = opened(tmp_path / "two").info
    assert (info.labels, info.problem_type) == (("good",), "multi_label")
    imported(path, ImportAnswers(tokeniser="word", readout="last", task="regression"), tmp_path / "value")
    assert opened(tmp_path / "value").info.problem_type == "regression"


def test_guesses_have_their_reasons(path: Path):
    by = {q.key: (q.value, q.source) for q in inspected(written(path, Classifier(bidirectional=True))).questions}
    assert by == {
        "task": ("text_classification", "guess"),
        "vocabulary": ("“vocab” in model.pt", "file"),
        "tokeniser": ("word", "guess"),
        "lowercase": ("yes", "guess"),
        "unknown": ("<unk>", "file"),
        "padding": ("<pad>", "file"),
        "labels": ("negative,neutral,positive", "file"),
        "readout": ("last", "guess"),
    }


def test_the_padding_is_the_row_of_zeros(path: Path):
    finding = inspected(written(path, vocab=["nothing", *WORDS[1:]]))
    assert finding.question("padding").value == "nothing"
    assert "zeros" in finding.question("padding").why


def test_words_joined_to_marks_are_cut_at_blanks(path: Path):
    vocabulary = ["<pad>", "<unk>", "film.", "good,", "bad!", "don't", "so-so", "a", "b", "c", "d"]
    assert inspected(written(path, vocab=vocabulary)).question("tokeniser").value == r"\S+"


def test_parts_of_words_are_noticed(path: Path):
    finding = inspected(written(path, vocab=["<pad>", "<unk>", "film", "##s", "##ing", "##ed", "a", "b", "c", "d", "e"]))
    assert any("parts of words" in notice.message for notice in finding.warnings)


def test_what_is_known_of_a_text_is_counted(path: Path):
    trial = imported(written(path), NAMED, text="The film was awful, not good.").trial
    assert trial is not None
    assert (trial.pieces, trial.known, trial.unknown_pieces) == (8, 6, ("awful", ","))
    assert trial.prediction is not None
    assert [t.id for t in trial.prediction.input.tokens] == [2, 3, 4, 1, 1, 5, 6, 10]


def test_the_perplexity_of_a_text_is_that_of_plain_torch(path: Path):
    module = LanguageModel(False).eval()
    torch.save({"m": module.state_dict(), "chars": "".join(CHARS)}, path)
    text = "abc fade\n"
    trial = imported(path, ImportAnswers(), text=text).trial
    assert trial is not None
    ids = torch.tensor([CHARS.index(c) for c in text])
    nats = [torch.nn.functional.cross_entropy(module(ids[None, : t + 1])[0], ids[t + 1]).item() for t in range(len(text) - 1)]
    assert trial.perplexity == pytest.approx(np.exp(np.mean(nats)), rel=1e-5)
    assert trial.bits_per_character == pytest.approx(np.mean(nats) / np.log(2), rel=1e-5)
    assert trial.choices == len(CHARS)


def test_pieces_that_nothing_stands_for_are_left_out_of_a_trial(path: Path):
    torch.save({"m": LanguageModel(False).state_dict(), "chars": "".join(CHARS)}, path)
    trial = imported(path, ImportAnswers(), text="zabcz").trial
    assert trial is not None
    assert (trial.coverage, trial.unknown) == (0.6, ((0, 1), (4, 5)))
    assert trial.prediction is not None
    assert len(trial.prediction.input.tokens) == 3
    nothing = imported(path, ImportAnswers(), text="zzz").trial
    assert nothing is not None
    assert nothing.prediction is None


# What there is no place for


def with_extra(name: str, module: nn.Module) -> nn.Module:
    whole = Classifier()
    whole.add_module(name, module)
    return whole


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (with_extra("bn", nn.BatchNorm1d(5)), "bn.weight, bn.bias, bn.running_mean, bn.running_var and 1 more (batch norm)"),
        (with_extra("norm", nn.LayerNorm(5)), "norm.weight, norm.bias (a norm)"),
        (with_extra("conv", nn.Conv1d(5, 5, 3)), "conv.weight, conv.bias (a convolution)"),
        (with_extra("attention", nn.Linear(5, 5)), "attention.weight, attention.bias (attention)"),
        (with_extra("attn", nn.MultiheadAttention(4, 2)), "(attention"),
        (with_extra("aux", nn.Linear(7, 2)), "aux.weight, aux.bias (a matrix)"),
        (with_extra("scale", nn.ParameterList([torch.zeros(1)])), "scale.0 (something else)"),
    ],
    ids=["batch norm", "layer norm", "convolution", "attention", "multi-head attention", "linear", "parameter"],
)
def test_tensors_that_have_no_place_are_named(module: nn.Module, said: str, path: Path):
    error = refused(written(path, module))
    assert said in error.message
    assert error.kind == "no_place"


class SideBySide(Classifier):
    def __init__(self, **options: int) -> None:
        super().__init__()
        self.second = nn.LSTM(6, options.get("hidden", 5))


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (SideBySide(), "2 recurrent networks that do not follow one another (“rnn”, “second”)"),
        (nn.ModuleDict({"a": nn.LSTM(4, 6), "b": nn.LSTM(6, 5), "fc": nn.Linear(5, 3)}), "“a” LSTM 6, “b” LSTM 5"),
        (nn.ModuleDict({"a": nn.LSTM(4, 5), "b": nn.GRU(5, 5), "fc": nn.Linear(5, 3)}), "“a” LSTM 5, “b” GRU 5"),
        (nn.ModuleDict({"rnn": nn.LSTM(4, 5), "bias": nn.Embedding(3, 9)}), "No linear layer reads the 5 numbers"),
        (nn.ModuleDict({"rnn": nn.LSTM(4, 5)}), "no linear layer"),
        (nn.ModuleDict({"rnn": nn.LSTM(4, 5), "fc": nn.Linear(15, 2)}), "No linear layer reads the 5 numbers"),
        (nn.ModuleDict({"emb": nn.Embedding(9, 7), "rnn": nn.LSTM(4, 5), "fc": nn.Linear(5, 3)}), "reads 4 numbers, not 7"),
        (
            nn.ModuleDict({"emb": nn.Embedding(9, 4), "emb2": nn.Embedding(8, 4), "rnn": nn.LSTM(4, 5), "fc": nn.Linear(5, 3)}),
            "several embeddings (“emb”, “emb2”)",
        ),
        (nn.ModuleDict({"fc": nn.Linear(5, 3)}), "no LSTM, GRU or RNN (2 tensors: fc.weight, fc.bias"),
    ],
)
def test_networks_of_another_build_are_refused_by_name(module: nn.Module, said: str, path: Path):
    torch.save(module.state_dict(), path)
    assert said in refused(path).message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rnn.weight_hh_l0": torch.zeros(20, 4)}, "do not fit together"),
        ({"rnn.weight_ih_l0": torch.zeros(25, 6)}, "do not fit together"),
        ({"rnn.weight_hh_l0": torch.zeros(20)}, "no matrix"),
        ({"rnn.weight_hh_l0": None}, "lack the tensor “rnn.weight_hh_l0”"),
        ({"rnn.weight_ih_l2": torch.zeros(20, 5)}, "lack the tensor “rnn.weight_ih_l1”"),
        ({"rnn.bias_ih_l0": torch.zeros(3)}, "“rnn.bias_ih_l0” has the shape (3,)"),
        ({"rnn.weight_zz": torch.zeros(3)}, "no place for rnn.weight_zz"),
        ({"rnn.weight_hh_l0": torch.zeros(20, 5, dtype=torch.int8)}, "stored as int8"),
        ({"rnn.weight_hh_l9999": torch.zeros(20, 5)}, "not believed"),
        ({"rnn.weight_hh_l0": torch.zeros(20, 5).to_sparse()}, "claims more"),
        ({"rnn.weight_hh_l0": torch.zeros(1, 1).expand(20, 5)}, "claims more"),
        ({"rnn.weight_hh_l0": torch.zeros(0, 0), "rnn.weight_ih_l0": torch.zeros(0, 0)}, "do not fit together"),
    ],
)
def test_sizes_that_do_not_fit_together(changes: dict[str, Tensor | None], said: str, path: Path):
    weights = Classifier().state_dict() | changes
    torch.save({name: tensor for name, tensor in weights.items() if tensor is not None}, path)
    assert said in refused(path).message


def test_the_network_that_is_meant_is_taken_by_its_usual_name(path: Path):
    written(path, state_dict=Classifier().state_dict(), ema=Classifier(nn.GRU).state_dict())
    finding = inspected(path)
    assert finding.model.architecture == "LSTM 1 × 5"
    assert "“ema” holds weights too" in " ".join(notice.message for notice in finding.warnings)


def test_of_several_networks_none_is_taken(path: Path):
    torch.save({"encoder": Classifier().state_dict(), "decoder": Classifier().state_dict()}, path)
    assert "several recurrent networks (encoder, decoder)" in refused(path).message


def test_a_plain_rnn_made_with_relu(path: Path):
    assert "relu" in refused(written(path, Classifier(nn.RNN), config={"nonlinearity": "relu"})).message
    assert any("tanh" in words for words in inspected(written(path, Classifier(nn.RNN))).settled)


# Files that are hostile, foreign or broken


class Foreign:
    """Of a class that only its author has."""


class Vandal:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("ran",)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (Foreign(), "class "),
        (Vandal(), "class print"),
        (argparse.Namespace(lr=1), "class argparse.Namespace"),
        (np.float64(0.5), "multiarray"),
        (Path("x"), "pathlib"),
    ],
)
def test_foreign_classes_are_named_with_the_line_that_resaves(
    value: Any, said: str, path: Path, capsys: pytest.CaptureFixture[str]
):
    error = refused(written(path, accuracy=value))
    assert (error.kind, error.message.count("torch.save({")) == ("foreign_class", 1)
    assert said in error.message
    assert "ran" not in capsys.readouterr().out


def test_a_whole_module_is_refused(path: Path):
    torch.save(nn.LSTM(3, 4), path)
    assert "torch.nn.modules.rnn.LSTM" in refused(path).message


@pytest.mark.parametrize("name", ["junk.pt", "junk.safetensors", "junk.ckpt", "junk.bin", "junk.pth.tar"])
@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x02}q\x00.", bytes(range(256)) * 40, b"PK\x03\x04" + b"\0" * 100])
def test_junk(name: str, content: bytes, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_file_cut_short(share: float, suffix: str, tmp_path: Path):
    path = tmp_path / f"model{suffix}"
    if suffix == ".pt":
        written(path)
    else:
        save_file(Classifier().state_dict(), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert refused(path).kind in ("damaged", "cut_short")


@pytest.mark.parametrize("path", ["/no/such.pt", "with\0nul.pt", "", "model.onnx", "notes.txt"])
def test_a_path_to_nothing(path: str):
    assert refused(Path(path)).kind in ("no_such_path", "refused_format", "no_model")


def test_containers_that_never_end(path: Path):
    laughs: list[Any] = ["ha"] * 10
    for _ in range(12):
        laughs = [laughs] * 10
    nested: dict[str, Any] = {}
    for _ in range(12):
        nested = {f"k{i}": nested for i in range(10)}
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    written(path, notes=laughs, tree=nested, again=loop)
    assert inspected(path).vocabulary == len(WORDS)


@pytest.mark.parametrize(
    "value",
    [float("nan"), -(10**400), [10**400] * 3, b"bytes", {"a"}, {1: {2: {3: 4}}}, [[]], {(): 1}, {"vocab": {"x": True}}, 1j],
    ids=lambda value: type(value).__name__,
)
def test_odd_values_beside_the_weights_do_no_harm(value: Any, path: Path):
    written(path, vocab_size=value, labels_extra=value, pad_idx=value, lower=value, pooling=value)
    assert inspected(path).vocabulary == len(WORDS)


def test_a_dict_whose_methods_were_replaced(path: Path):
    """A pickle can set the attributes of an OrderedDict."""

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return OrderedDict, (), {"items": 5, "keys": 5}, None, iter(Classifier().state_dict().items())

    torch.save({"state_dict": Trap(), "vocab": STOI}, path)
    assert torch.load(path, weights_only=True)["state_dict"].items == 5
    assert inspected(path).vocabulary == len(WORDS)


def test_a_folder_in_use_is_left_alone(path: Path, tmp_path: Path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        imported(written(path), replace(NAMED), tmp_path / "made")
    with pytest.raises(UserError, match="make it first"):
        imported(path, NAMED, tmp_path / "no" / "made")
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["mine.txt"]


def test_an_import_that_fails_leaves_nothing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.models.importing.save", full)
    with pytest.raises(UserError, match="No space left"):
        imported(written(path), NAMED, tmp_path / "made")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.pt"]


def test_an_empty_folder_is_filled(path: Path, tmp_path: Path):
    (tmp_path / "made").mkdir()
    imported(written(path), NAMED, tmp_path / "made")
    assert opened(tmp_path / "made").info.labels == LABELS


def test_the_file_is_read_once_while_its_questions_are_answered(path: Path, monkeypatch: pytest.MonkeyPatch):
    importer, reads = Importer(), []
    monkeypatch.setattr("engine.models.importing.read_checkpoint", lambda p: reads.append(p) or read_checkpoint(p))
    written(path)
    for readout in ("last", "mean", "max"):
        run(importer.run(ImportRequest(str(path), replace(NAMED, readout=readout), None, "the film")))
    assert len(reads) == 1
    written(path, Classifier(nn.GRU))
    assert run(importer.inspect(InspectCheckpointRequest(str(path)))).finding.model.architecture == "GRU 1 × 5"


def test_answers_as_a_line_of_labels():
    assert split_labels(' a , "b, c" ,d') == ("a", "b, c", "d")
    assert join_labels(("a", "b, c", 'd"e')) == 'a,"b, c","d""e"'
    assert split_labels(join_labels(("a", "b, c", 'd"e'))) == ("a", "b, c", 'd"e')
    assert split_labels("  ") == ()
