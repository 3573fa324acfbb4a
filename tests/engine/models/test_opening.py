"""Whatever is handed to open_model: a model, or one plain sentence that says what and what to do."""

import itertools
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.errors import LoadError
from engine.models.model import TextModel
from engine.requests import TextInput
from tests.engine.tiny_models import TEXT, opened, write

pytestmark = pytest.mark.timeout(20)  # unguarded, some of these took minutes


def refused(path: Path | str) -> LoadError:
    """The one sentence with which ``path`` is refused."""
    with pytest.raises(LoadError) as caught:
        opened(path)
    message = caught.value.message
    assert len(message.splitlines()) == 1
    assert message.endswith(".")
    assert "Traceback" not in message
    return caught.value


def outcome_of(path: Path) -> TextModel | LoadError:
    """The model, or the error with which it is refused; any other error passes on, and fails the test."""
    try:
        return opened(path)
    except LoadError as error:
        return error


@pytest.fixture
def folder(bert_folder: Path, tmp_path: Path) -> Path:
    """A copy to break."""
    return Path(shutil.copytree(bert_folder, tmp_path / "bert"))


def configure(folder: Path, name: str = "config.json", **changes: Any) -> None:
    """Overwrite fields of a JSON file; ``...`` takes the field away."""
    path = folder / name
    described = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({key: value for key, value in described.items() if value is not ...}))


@pytest.mark.parametrize(
    "path", ["/no/such/path", "with\0nul", "a" * 5000, "~nobody-of-that-name/x", "", "\ud800", "/" + "x/" * 3000]
)
def test_a_path_to_nothing(path: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    assert refused(path).kind in ("no_such_path", "no_model")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("model.onnx", "ONNX"),
        ("model.pt2", "program"),
        ("model.h5", "Keras"),
        ("model.HDF5", "Keras"),
        ("model.keras", "Keras"),
        ("model.pkl", "pickle"),
        ("model.gguf", "GGUF"),
        ("model.pth", "bare file of weights"),
        ("notes.txt", "not a model"),
    ],
)
def test_a_file_that_is_no_model(name: str, said: str, tmp_path: Path):
    (tmp_path / name).write_bytes(b"hello")
    assert said in refused(tmp_path / name).message


def test_a_torchscript_file_is_called_by_its_name(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "model.pt", "w") as archive:
        archive.writestr("model/code/__torch__.py", "x")
    assert "TorchScript" in refused(tmp_path / "model.pt").message


def test_a_folder_without_a_model(tmp_path: Path):
    assert refused(tmp_path).kind == "no_model"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_half_a_hugging_face_folder(name: str, folder: Path):
    (folder / name).unlink()
    assert name.rpartition(".")[0] in refused(folder).message


@pytest.mark.parametrize("name", ["model.json", "vocabulary.json", "model.safetensors"])
def test_half_a_recurrent_folder(name: str, lstm_folder: Path, tmp_path: Path):
    folder = Path(shutil.copytree(lstm_folder, tmp_path / "lstm"))
    (folder / name).unlink()
    assert name in refused(folder).message


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_of_a_folder_opens_the_folder(name: str, bert_folder: Path):
    assert opened(bert_folder / name).info.path == str(bert_folder)


def test_links_are_followed(bert_folder: Path, tmp_path: Path):
    """As the library's own cache lays its folders out."""
    (tmp_path / "linked").mkdir()
    for file in bert_folder.iterdir():
        (tmp_path / "linked" / file.name).symlink_to(file)
    (tmp_path / "link").symlink_to(tmp_path / "linked")
    assert opened(tmp_path / "link").info.sha256 == opened(bert_folder).info.sha256


def test_a_link_to_itself(tmp_path: Path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert refused(tmp_path / "loop").kind == "no_such_path"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b'"bert"', b"[" * 100_000, b"{" * 100_000, b"\x00" * 100, b'{"model_type": "bert"', b"NaN"],
)
def test_a_config_that_is_no_object(content: bytes, folder: Path):
    (folder / "config.json").write_bytes(content)
    refused(folder)


@pytest.mark.parametrize(
    ("model_type", "auto_map", "said"),
    [
        (..., False, "model type None"),
        (None, False, "model type None"),
        (3, False, "model type 3"),
        (["bert"], False, "model type"),
        ("my-own", False, "not one of the installed library's"),
        ("my-own", True, "names code of its own, which is never run"),
    ],
)
def test_a_model_type_nobody_knows(model_type: Any, auto_map: bool, said: str, folder: Path):
    configure(folder, model_type=model_type, auto_map={"AutoConfig": "code.Config"} if auto_map else ...)
    assert said in refused(folder).message


@pytest.mark.parametrize(
    "changes",
    [
        {"num_hidden_layers": 10**7},
        {"num_hidden_layers": 1000},
        {"num_hidden_layers": 1e18},
        {"hidden_size": 10**9},
        {"intermediate_size": 10**9},
        {"vocab_size": 10**9},
        {"num_labels": 10**9, "id2label": ..., "label2id": ...},
        {"num_attention_heads": 0},
        {"num_attention_heads": 3},
        {"num_attention_heads": 10**12},
        {"hidden_size": -16},
        {"hidden_size": 0},
        {"vocab_size": -1},
        {"num_hidden_layers": "two"},
        {"hidden_size": "16"},
        {"hidden_size": [16] * 1000},
        {"hidden_size": float("nan")},
        {"hidden_act": "evil"},
        {"max_position_embeddings": 10**9},
        {"max_position_embeddings": 10**7},
        {"max_position_embeddings": -1},
        {"type_vocab_size": 10**9},
        {"id2label": {"a": "b"}},
        {"id2label": {str(i): "x" for i in range(200_000)}},
        {"quantization_config": {"quant_method": "gptq", "bits": 4}},
        {"architectures": ["BertForQuestionAnswering"]},
        {"architectures": None},
        {"architectures": "BertForSequenceClassification"},
        {"architectures": {"0": "BertForSequenceClassification"}},
        {"architectures": []},
    ],
    ids=lambda changes: " ".join(f"{key}={str(value)[:20]}" for key, value in changes.items()),
)
def test_a_config_nobody_could_build(changes: dict[str, Any], folder: Path):
    configure(folder, **changes)
    assert refused(folder).kind != "unforeseen"


@pytest.mark.parametrize(
    ("model_type", "changes"),
    [
        ("albert", {"inner_group_num": 10**6}),
        ("albert", {"inner_group_num": 1000, "num_hidden_groups": 1000}),
        ("funnel", {"block_sizes": [10**7]}),
        ("deberta-v2", {"num_hidden_layers": 10**6}),
        ("gpt2", {"n_layer": 10**7}),
        ("gpt2", {"n_positions": 10**9}),
        ("xlnet", {"n_layer": 10**7}),
        ("bart", {"decoder_layers": 10**7}),
        ("distilbert", {"sinusoidal_pos_embds": True, "max_position_embeddings": 10**9}),
        ("llama", {"num_hidden_layers": 10**7, "rope_parameters": {"rope_type": "evil"}}),
    ],
)
def test_other_architectures_name_their_sizes_otherwise(model_type: str, changes: dict[str, Any], folder: Path):
    (folder / "config.json").write_text(
        json.dumps({"model_type": model_type, "architectures": ["XForSequenceClassification"], **changes})
    )
    refused(folder)


@pytest.mark.parametrize(
    "key", ["_attn_implementation", "attn_implementation", "_attn_implementation_internal", "experts_implementation"]
)
def test_a_kernel_named_in_the_config_never_reaches_the_loader(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    from transformers.integrations import hub_kernels

    def fetched(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("a kernel was asked for")

    monkeypatch.setattr(hub_kernels, "load_and_register_attn_kernel", fetched)
    configure(folder, **{key: "evil/kernels", "text_config": {key: "evil/kernels"}})
    model = opened(folder)
    assert "evil" not in str(model.network.config)


def test_code_named_by_a_known_type_is_dropped_with_a_notice(folder: Path, tmp_path: Path):
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'it ran')!r}, 'w')\nclass Model: pass\n")
    configure(folder, auto_map={"AutoModelForSequenceClassification": "evil.Model", "AutoConfig": "evil.Model"})
    configure(folder, "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Model", "evil.Model"]})
    model = opened(folder)
    assert "auto_map" in [notice.kind for notice in model.info.warnings]
    assert not (tmp_path / "it ran").exists()


def test_a_tokenizer_class_of_its_own_runs_nothing(folder: Path, tmp_path: Path):
    for name in ("tokenization_evil.py", "tokenizer.py", "evil.py"):
        (folder / name).write_text(f"open({str(tmp_path / 'it ran')!r}, 'w')\nclass EvilTokenizer: pass\n")
    changes = {"tokenizer_class": "EvilTokenizer", "auto_map": {"AutoTokenizer": ["evil.EvilTokenizer", None]}}
    configure(folder, "tokenizer_config.json", **changes)
    outcome = outcome_of(folder)
    assert not isinstance(outcome, LoadError) or outcome.kind == "bad_tokenizer"
    assert not (tmp_path / "it ran").exists()


@pytest.mark.parametrize("name", ["tokenizer_config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"model": {"type": "BPE"}}', b"\xff\xff"])
def test_a_damaged_tokenizer(name: str, content: bytes, folder: Path):
    (folder / name).write_bytes(content)
    outcome = outcome_of(folder)
    if isinstance(outcome, LoadError):
        assert outcome.kind in ("bad_tokenizer", "bad_json")
    else:
        assert name == "tokenizer_config.json"  # which may say nothing
        outcome.encode(TextInput(TEXT))


@pytest.mark.parametrize("limit", [0, -1, "long", None, 10**30, 1.5e30, True])
def test_a_limit_that_is_none(limit: Any, folder: Path):
    configure(folder, "tokenizer_config.json", model_max_length=limit)
    assert opened(folder).maximum_tokens in (64, 1)


def test_a_file_of_the_tokenizer_that_lies_elsewhere_is_not_read(folder: Path, tmp_path: Path):
    secret = tmp_path / "secret.json"
    shutil.copy(folder / "tokenizer.json", secret)
    (folder / "tokenizer.json").unlink()
    configure(folder, "tokenizer_config.json", tokenizer_file=str(secret), vocab_file=str(secret))
    assert refused(folder).kind == "no_tokenizer"


def test_the_tokenizer_of_another_model(folder: Path):
    """Its ids lie beyond the embedding: said when the model opens, or when a text needs them; never a crash."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"]["vocab"] = vocabulary | {f"word{i}": len(vocabulary) + i for i in range(50)}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    model = opened(folder)
    assert "it may belong to another model" in " ".join(notice.message for notice in model.info.warnings)
    with pytest.raises(Exception, match="copy the model's own tokenizer"):
        model.encode(TextInput("word49"))


def test_files_beside_the_model_are_not_followed(folder: Path, tmp_path: Path):
    before = opened(folder).info.sha256
    (folder / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": str(tmp_path / "elsewhere"), "peft_type": "LORA"})
    )
    (folder / "generation_config.json").write_text('{"custom_generate": "evil/generate", "max_length": 20}')
    (folder / "custom_generate").mkdir()
    (folder / "modeling_bert.py").write_text("raise SystemExit")
    assert opened(folder).info.sha256 == before


def test_a_file_cut_short_after_opening_takes_nothing_down(folder: Path):
    """A training run that writes its checkpoint anew must not pull the mapped pages away under an open model."""
    model = opened(folder)
    before = [parameter.sum().item() for parameter in model.network.parameters()]
    os.truncate(folder / "model.safetensors", 10)
    assert [parameter.sum().item() for parameter in model.network.parameters()] == before


def test_no_right_to_read(folder: Path, monkeypatch: pytest.MonkeyPatch):
    original: Callable[..., Any] = Path.open

    def forbid(self: Path, *args: Any, **kwargs: Any) -> Any:
        if self.name == "config.json" and self.parent == folder:
            raise PermissionError(13, "Permission denied", str(self))
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", forbid)
    assert refused(folder).message.startswith("config.json cannot be read (Permission denied)")


def test_too_little_memory(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.models.huggingface_folder.available_memory", lambda _: 1000)
    assert "GB are free" in refused(folder).message


@pytest.mark.parametrize(
    "message", ["[enforce fail] DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory"]
)
def test_memory_that_runs_out_while_opening(message: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise RuntimeError(message)

    monkeypatch.setattr("engine.models.huggingface.load_network", fail)
    assert refused(folder).kind == "out_of_memory"


def test_configs_of_many_mutants(bert_folder: Path, tmp_path: Path):
    """Every field of a real config in turn becomes what nobody expects: a model, or one sentence."""
    folder = Path(shutil.copytree(bert_folder, tmp_path / "bert"))
    described = json.loads((folder / "config.json").read_text())
    hostile = (None, True, -1, 0, 1.5, 10**12, "", "x", [], {}, [None], float("inf"))
    for key, value in itertools.product(described, hostile):
        (folder / "config.json").write_text(json.dumps(described | {key: value}))
        outcome = outcome_of(folder)
        assert not isinstance(outcome, LoadError) or len(outcome.message.splitlines()) == 1


def test_the_memory_of_the_process_is_left_alone(folder: Path):
    """What is refused is refused before anything is allocated."""
    configure(folder, vocab_size=2_000_000, hidden_size=65_536, num_attention_heads=1)
    assert "they do not belong together" in refused(folder).message


def test_random_numbers_of_the_process_are_left_alone(folder: Path):
    configure(folder, id2label={str(i): str(i) for i in range(7)}, label2id={str(i): i for i in range(7)}, num_labels=7)
    torch.manual_seed(5)
    expected = torch.rand(3).tolist()
    torch.manual_seed(5)
    first, second = opened(folder), opened(folder)
    assert torch.rand(3).tolist() == expected
    assert torch.equal(first.network.classifier.weight, second.network.classifier.weight)


def test_a_model_of_another_format_beside_it_is_not_mixed_in(tmp_path: Path):
    """Both weights in one folder: safetensors is read, the pickle is not even opened."""
    folder = write(tmp_path / "both")
    (folder / "pytorch_model.bin").write_bytes(b"not a pickle")
    assert opened(folder).info.bytes == (folder / "model.safetensors").stat().st_size
