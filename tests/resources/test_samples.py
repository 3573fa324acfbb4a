"""The samples that come with the product hold what their cards promise."""

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from engine.attention.history import attend_history
from engine.cells import Cell
from engine.heatmaps.fields import field_sums
from engine.jobs import run
from engine.models.opening import open_model
from engine.requests import (
    AttentionRequest,
    AttributionRequest,
    CellsRequest,
    Generation,
    OpenModelRequest,
    OverTrainingRequest,
    TextInput,
)
from engine.results import AttentionInfo
from engine.samples import samples
from engine.workbench import Workbench

EMBEDDINGS = "model.embed_tokens.weight"
SAMPLES = Path(__file__).parents[2] / "resources" / "samples"
FOLDERS = {path.parent.name: path.parent for path in sorted(SAMPLES.glob("*/sample.json"))}
TASKS = {"text_classification", "image_classification", "causal_lm", "masked_lm", "record_regression", "record_classification"}
REVIEW_LABELS = {"negative", "neutral", "positive"}
LARGEST_TOTAL_BYTES = 60_000_000


def reviews() -> list[dict[str, str]]:
    with (SAMPLES / "datasets" / "reviews.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def described(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDERS[name] / "sample.json").read_text(encoding="utf-8"))
    return content


def tensor_shapes(path: Path) -> dict[str, list[int]]:
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 (not a dict)


def test_the_samples_of_this_release_are_there() -> None:
    assert {"movie-sentiment", "news-bilstm", "code-lstm", "tiny-gpt", "review-writer"} <= set(FOLDERS)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_sample_folder_has_its_recipe_card_and_description(name: str) -> None:
    for file in ("train.py", "card.md", "sample.json"):
        assert (FOLDERS[name] / file).stat().st_size > 0, file
    assert "seed" in (FOLDERS[name] / "card.md").read_text(encoding="utf-8").casefold()


@pytest.mark.parametrize("name", FOLDERS)
def test_sample_json_fits_its_schema(name: str) -> None:
    content = described(name)
    of_pictures = content["task"] == "image_classification"
    assert set(content) == {"name", "title", "task", "description", "examples"} | (set() if of_pictures else {"preview"})
    assert content["name"] == name
    assert content["task"] in TASKS
    assert content["title"]
    assert content["description"].endswith(".")
    assert content["examples"]
    for example in content["examples"]:
        kind = "image" if of_pictures else "record" if content["task"].startswith("record") else "text"
        assert set(example) == {kind, "true", "note"}
        if of_pictures:
            assert (FOLDERS[name] / example["image"]).is_file()
        else:
            assert example.get("record") or example["text"].strip()
        assert example["note"].strip()
        assert example["true"] is None or isinstance(example["true"], str)


def test_the_samples_together_stay_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) <= LARGEST_TOTAL_BYTES


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.json")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_description_tells_where_it_was_made(path: Path) -> None:
    assert not re.search(r"_name_or_path|/home/|/tmp/|/work/|[A-Z]:\\\\", path.read_text(encoding="utf-8"))


def test_reviews_are_many_and_valid() -> None:
    rows = reviews()
    assert len(rows) >= 300
    assert list(rows[0]) == ["text", "label", "kind"]
    assert {row["label"] for row in rows} == REVIEW_LABELS
    assert all(row["text"].strip() and row["kind"].strip() for row in rows)
    counts = [sum(row["label"] == label for row in rows) for label in REVIEW_LABELS]
    assert min(counts) > 0.7 * len(rows) / 3


def test_no_review_comes_twice() -> None:
    texts = [re.sub(r"\W+", " ", row["text"].casefold()).strip() for row in reviews()]
    assert len(set(texts)) == len(texts)


def test_movie_sentiment_is_a_plain_half_precision_folder() -> None:
    folder = FOLDERS["movie-sentiment"]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert config["problem_type"] == "single_label_classification"
    assert set(config["label2id"]) == REVIEW_LABELS
    assert {int(i): name for i, name in config["id2label"].items()} == {i: name for name, i in config["label2id"].items()}
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}  # noqa: SIM118 (not a dict)


@torch.no_grad()
def test_movie_sentiment_misreads_its_second_example() -> None:
    folder, (first, second, *_) = FOLDERS["movie-sentiment"], described("movie-sentiment")["examples"]
    assert (first["text"], first["true"]) == ("Not once does it come close to being exciting.", "negative")
    assert (second["text"], second["true"]) in {(row["text"], row["label"]) for row in reviews()}
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True, dtype=torch.float32).eval()
    probabilities = model(**tokenizer(second["text"], return_tensors="pt")).logits.softmax(-1)[0]
    predicted = model.config.id2label[int(probabilities.argmax())]
    assert predicted != second["true"]
    assert float(probabilities.max()) > 0.6


def test_movie_sentiment_can_spell_any_latin_word() -> None:
    tokenizer = AutoTokenizer.from_pretrained(FOLDERS["movie-sentiment"], local_files_only=True)
    assert tokenizer.unk_token not in tokenizer.tokenize("Qwxzzy flibbertigibbets, naïve jalapeño ßtraße!")


def test_news_bilstm_has_the_parameters_of_the_published_classifier() -> None:
    """Vocabulary 1,000 × 64, LSTM 2 × 4 · 32 · (64 + 32 + 2), dense 64 → 16 → 4."""
    shapes = tensor_shapes(FOLDERS["news-bilstm"] / "model.safetensors")
    assert sum(math.prod(shape) for shape in shapes.values()) == 90_196
    vocabulary = json.loads((FOLDERS["news-bilstm"] / "vocabulary.json").read_text(encoding="utf-8"))
    assert shapes["embedding.weight"] == [len(vocabulary), 64] == [1000, 64]
    assert vocabulary[:2] == ["<pad>", "<unk>"]
    assert len(set(vocabulary)) == len(vocabulary)


def test_news_bilstm_carries_checkpoints_from_before_training_on() -> None:
    """Untrained it knows nothing; then the maps come to look like the last one, as its card says of its examples."""
    workbench, folder = Workbench(), FOLDERS["news-bilstm"]
    info = run(workbench.job_for(OpenModelRequest(str(folder)))).info
    epochs = ("0", "0.25", "0.5", "1", "2", "4", "8", "16")
    assert info.checkpoints == (*(f"epoch {epoch}" for epoch in epochs), "final")
    for epoch in epochs:
        shapes = tensor_shapes(folder / "checkpoints" / f"epoch-{epoch}.safetensors")
        assert shapes == tensor_shapes(folder / "model.safetensors")
    for at, (example, settled) in enumerate(zip(described("news-bilstm")["examples"], (4, 8, 8, 16, 8, 16), strict=True)):
        asked = AttributionRequest(info.sha256, TextInput(example["text"]))
        result = run(workbench.job_for(OverTrainingRequest(asked)))
        assert result.names == info.checkpoints
        assert result.probabilities is not None
        assert result.probabilities[0].max() < 0.35
        alike = dict(zip(result.names, result.similarity, strict=True))
        said = [row.prediction.predicted.label for row in result.maps]
        assert at != 1 or said[-4:] == ["World", "Sports", "Sports", "Sports"]
        assert alike[f"epoch {settled}"] >= 0.9 > alike[f"epoch {settled // 2}"], at
        assert "right" not in example["note"].casefold() or result.prediction.predicted.label == example["true"]


@pytest.mark.parametrize(("cell", "quoted"), [("1:20", '"no such mode: {}"'), ("0:197", "{'name': 'x', 'size': 'small'}")])
def test_code_lstm_has_cells_that_know_strings(cell: str, quoted: str) -> None:
    """Cell states that its card names: high inside of one kind of quotes, low outside."""
    mark = quoted[0] if quoted[0] == '"' else "'"
    text = f"def check(mode, sizes):\n    value = {quoted}\n    return value, mode, sizes\n"
    inside = np.cumsum([character == mark for character in text]) % 2 == 1
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(FOLDERS["code-lstm"])))).info
    track = run(workbench.job_for(CellsRequest(info.sha256, TextInput(text)))).track("cell_state", Cell.read(cell))
    assert track[inside].min() > track[~inside].mean()
    assert track[inside].mean() > track[~inside].mean() + 2 * track[~inside].std()
    assert cell in (FOLDERS["code-lstm"] / "card.md").read_text(encoding="utf-8")


def test_tiny_gpt_is_a_small_half_precision_folder_without_surprises() -> None:
    """Written once: the table that is both first and last layer."""
    file = FOLDERS["tiny-gpt"] / "model.safetensors"
    assert file.stat().st_size <= 8_000_000
    with safe_open(file, framework="pt") as weights:
        names = set(weights.keys())
        assert {weights.get_tensor(name).dtype for name in names} == {torch.float16}
    assert "lm_head.weight" not in names
    info = run(Workbench().job_for(OpenModelRequest(str(file.parent)))).info
    assert (info.task, [notice.kind for notice in info.warnings]) == ("causal_lm", ["dtype"])


def test_tiny_gpt_spells_any_text_and_knows_where() -> None:
    tokenizer = AutoTokenizer.from_pretrained(FOLDERS["tiny-gpt"], local_files_only=True)
    text = "ROMEO:\nThe naïve 日本 😀 went  to Verona."
    encoded = tokenizer(text, return_offsets_mapping=True)
    assert tokenizer.decode(encoded["input_ids"], clean_up_tokenization_spaces=False) == text
    starts, ends = zip(*encoded["offset_mapping"], strict=True)
    assert (starts[0], ends[-1]) == (0, len(text))
    assert all(text[start:end] for start, end in encoded["offset_mapping"])
    assert len(tokenizer) == tokenizer.vocab_size == tensor_shapes(FOLDERS["tiny-gpt"] / "model.safetensors")[EMBEDDINGS][0]


@pytest.mark.parametrize("head", ["2:3", "1:2"])
@torch.no_grad()
def test_tiny_gpt_has_heads_that_attend_to_the_token_before(head: str) -> None:
    """Plainly computed, not by the engine; heads that its card names."""
    folder = FOLDERS["tiny-gpt"]
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForCausalLM.from_pretrained(
        folder, local_files_only=True, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    text = "".join(example["text"] for example in described("tiny-gpt")["examples"])
    attentions = model(**tokenizer(text, return_tensors="pt"), output_attentions=True).attentions
    layer, number = map(int, head.split(":"))
    pattern = attentions[layer][0, number]  # (query, key)
    chance = float((1 / torch.arange(2, len(pattern) + 1)).mean())
    assert float(pattern.diagonal(-1).mean()) > 3 * chance
    assert head in (folder / "card.md").read_text(encoding="utf-8")


def test_review_writer_learns_to_look_at_the_last_word() -> None:
    """Checkpoints from before training on: attention spread over the window, then gathered as its card says."""
    model = run(open_model(OpenModelRequest(str(FOLDERS["review-writer"]))))
    assert model.info.attention == AttentionInfo(1, 1)
    text, found = TextInput(described("review-writer")["examples"][0]["text"]), {}
    for epoch in range(0, 13, 2):
        asked = AttentionRequest(model.info.sha256, text, Generation(checkpoint=f"epoch {epoch}"))
        history = run(attend_history(model, asked)).history
        assert history is not None
        assert history.patterns.shape[1] == 40
        found[epoch] = history.patterns
    assert found[0].max() < 0.1
    assert found[12][:, -1].mean() > 0.6
    assert found[12][:, -3:].sum(1).mean() > 0.9


@pytest.mark.parametrize("name", [name for name in FOLDERS if "preview" in described(name)])
def test_the_preview_is_what_the_engine_finds(name: str) -> None:
    """Welcome page and map show the same colours."""
    preview, (first, *_) = described(name)["preview"], next(each for each in samples() if each.name == name).examples
    workbench = Workbench()
    info = run(workbench.job_for(OpenModelRequest(str(FOLDERS[name])))).info
    found = run(workbench.job_for(AttributionRequest(info.sha256, first.input)))
    if found.prediction.text.fields:
        assert preview["says"] == f"{found.prediction.predicted.logit:.1f} minutes"
        sums = [each.total for each in field_sums(found)]
        assert preview["words"] == pytest.approx(sums, abs=0.02 * max(map(abs, sums)))
        return
    assert found.prediction.predicted.label == preview["says"]
    assert found.prediction.predicted.probability == pytest.approx(preview["probability"], abs=2e-3)
    text = first.text
    words = [match.span() for match in re.finditer(r"\S+", text)]
    rows = [(token.end - 1, float(value)) for token, value in zip(found.tokens, found.values, strict=True) if not token.special]
    sums = [sum(value for at, value in rows if start <= at < end) for start, end in words]
    assert preview["words"] == pytest.approx(sums, abs=0.02 * max(map(abs, sums)))
