"""Python module folders: run only with consent, tried apart first, and every way their code can fail is one sentence."""

import importlib.util
import json
import py_compile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from engine.attribution.explain import explain, predict
from engine.errors import LoadError, UserError
from engine.inputs.image import image_input
from engine.jobs import Partial, run
from engine.models.module_code import ALL, code_of, is_module_folder
from engine.models.module_trial import try_apart
from engine.models.opening import open_model, read_code
from engine.models.python_module import build_module
from engine.recurrent.read import read_cells
from engine.requests import AttributionRequest, CellsRequest, ModuleCodeRequest, OpenModelRequest, PredictionRequest, TextInput

PICTURES = """
import torch
from torch import nn
from sizes import CLASSES


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, pixels):
        print("a picture")
        return self.head(self.conv(pixels).relu().mean((2, 3)))


def build(width=4):
    return Net(width)
"""

WORDS = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(6, 5)
        self.lstm = nn.LSTM(5, 7, batch_first=True)
        self.head = nn.Linear(7, 2)

    def forward(self, ids):
        states, _ = self.lstm(self.words(ids))
        return {"logits": self.head(states.mean(1))}


build = Net
"""


def answering(expression: str) -> str:
    """Code of a network of one convolution, ``self.conv``, whose answer to ``x`` is ``expression``."""
    lines = ("from torch import nn", "class N(nn.Module):", "    def __init__(self):", "        super().__init__()")
    rest = ("        self.conv = nn.Conv2d(3, 1, 1)", "    def forward(self, x):", f"        return {expression}", "build = N")
    return "\n".join((*lines, *rest))


def folder_of(place: Path, code: str, tensors: dict[str, torch.Tensor] | None = None, **said: Any) -> Path:
    """A module folder; ``said`` goes into its model.json."""
    folder = place / "own"
    folder.mkdir(exist_ok=True)
    (folder / "module.py").write_text(code, encoding="utf-8")
    (folder / "sizes.py").write_text("CLASSES = 3\n", encoding="utf-8")
    described = {"format": "neuroloupe-module", "version": 1, "build": "module.py:build", "task": "image_classification", **said}
    if tensors is not None:
        save_file(tensors, folder / "weights.safetensors")
        described.setdefault("weights", "weights.safetensors")
    if described["task"] == "image_classification":
        described.setdefault("preprocessing", {"size": {"height": 8, "width": 8}})
    (folder / "model.json").write_text(json.dumps(described), encoding="utf-8")
    return folder


def reading_words(place: Path, **said: Any) -> Path:
    vocabulary = ["<pad>", "<unk>", "a", "good", "bad", "film"]
    return folder_of(place, said.pop("code", WORDS), task="text_classification", vocabulary=vocabulary, lowercase=True, **said)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "picture.png")
    return tmp_path / "picture.png"


def test_pictures_are_read_and_explained_as_the_network_itself_answers(tmp_path: Path, picture: Path) -> None:
    torch.manual_seed(1)
    weights = {
        "conv.weight": torch.randn(2, 3, 3, 3),
        "conv.bias": torch.randn(2),
        "head.weight": torch.randn(3, 2),
        "head.bias": torch.randn(3),
    }
    folder = folder_of(tmp_path, PICTURES, weights, arguments={"width": 2}, labels=["cat", "dog", "cow"])
    model = build_module(folder, "cpu")
    assert (model.info.format, model.info.labels, model.info.input_kind) == ("python_module", ("cat", "dog", "cow"), "image")
    assert not model.info.warnings
    given = image_input(str(picture))
    said = run(predict(model, PredictionRequest(model.info.sha256, given)))
    pixels = torch.from_numpy(np.asarray(Image.open(picture), dtype=np.float32)).permute(2, 0, 1)[None] / 255 * 2 - 1
    hidden = torch.nn.functional.conv2d(pixels, weights["conv.weight"], weights["conv.bias"]).relu().mean((2, 3))
    expected = hidden @ weights["head.weight"].T + weights["head.bias"]
    found = {each.index: each.logit for each in said.classes}
    np.testing.assert_allclose([found[i] for i in range(3)], expected[0].tolist(), rtol=1e-4, atol=1e-5)
    result = run(
        explain(model, AttributionRequest(model.info.sha256, given, method="integrated_gradients", baselines=("black",)))
    )
    assert result.values.shape == (8, 8)
    assert result.completeness is not None
    assert result.completeness.converged


def test_texts_are_read_through_the_embedding_layer_and_cells_are_there(tmp_path: Path) -> None:
    folder = reading_words(tmp_path, labels="names.txt")
    (folder / "names.txt").write_text("bad\ngood\n", encoding="utf-8")
    model = build_module(folder, "cpu")
    assert model.info.labels == ("bad", "good")
    assert "cells" in model.info.can
    text = TextInput("A GOOD film?")
    said = run(predict(model, PredictionRequest(model.info.sha256, text)))
    assert [token.text for token in said.text.tokens] == ["A", "GOOD", "film", "?"]
    with torch.no_grad():
        expected = model.network(torch.tensor([[2, 3, 5, 1]]))["logits"][0]
    found = {each.index: each.logit for each in said.classes}
    np.testing.assert_allclose([found[0], found[1]], expected.tolist(), rtol=1e-5)
    result = run(explain(model, AttributionRequest(model.info.sha256, text, method="integrated_gradients")))
    assert result.completeness is not None
    assert result.completeness.converged
    cells = run(read_cells(model, CellsRequest(model.info.sha256, text)))
    with torch.no_grad():
        states, _ = model.network.lstm(model.network.words(torch.tensor([[2, 3, 5, 1]])))
    np.testing.assert_allclose(np.squeeze(cells.quantities["hidden_state"]), states[0].numpy(), atol=1e-6)


def test_nothing_is_run_without_consent(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    folder = folder_of(tmp_path, f"open({str(mark)!r}, 'w').close()\n" + PICTURES)
    assert is_module_folder(folder)
    for trust in ((), ("",), ("0" * 64,)):
        with pytest.raises(LoadError, match=r"own holds code of its own \(module.py, sizes.py\)") as refused:
            run(open_model(OpenModelRequest(str(folder), trust=trust)))
        assert refused.value.kind == "untrusted_code"
    assert not mark.exists()
    trust = (run(read_code(ModuleCodeRequest(str(folder)))).sha256,)
    (folder / "sizes.py").write_text("CLASSES = 4\n", encoding="utf-8")
    with pytest.raises(LoadError, match="consent"):  # what was consented to is not what lies there now
        run(open_model(OpenModelRequest(str(folder), trust=trust)))
    assert not mark.exists()


def test_a_compiled_copy_is_not_what_runs(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, PICTURES)
    (folder / "other.py").write_text("CLASSES = 9\n", encoding="utf-8")
    hidden = importlib.util.cache_from_source(str(folder / "sizes.py"))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH  # which Python believes without a look at the source
    py_compile.compile(str(folder / "other.py"), hidden, invalidation_mode=mode)
    assert len(build_module(folder, "cpu").info.labels) == 3
    assert not list(folder.glob("__pycache__/module*"))


def test_with_consent_it_is_tried_apart_and_then_opened(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, PICTURES, labels=["cat", "dog", "cow"])
    before = code_of(folder).sha256
    for trust in ((before,), (ALL,)):
        model = run(open_model(OpenModelRequest(str(folder / "model.json"), trust=trust)))
        assert model.info.labels == ("cat", "dog", "cow")
    assert code_of(folder).sha256 == before  # running it leaves nothing that consent would have to be given for again
    assert any(notice.kind == "no_weights" for notice in model.info.warnings)


def test_code_that_never_ends_or_takes_its_process_down_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="did not answer within 5 seconds and was stopped"):
        run(try_apart(folder_of(tmp_path, "while True: pass"), seconds=5))
    with pytest.raises(LoadError, match=r"ended the process it was tried in \(exit code 3\)"):
        run(try_apart(folder_of(tmp_path, "import os\nos._exit(3)")))


def test_a_trial_can_be_cancelled(tmp_path: Path) -> None:
    mark = tmp_path / "beats"
    code = f"import time\nwhile True:\n    open({str(mark)!r}, 'a').write('.')\n    time.sleep(0.02)\n"
    trial = try_apart(folder_of(tmp_path, code))
    for partial in trial:
        assert isinstance(partial, Partial)
        if mark.exists():
            break
    trial.close()
    beats = mark.stat().st_size
    assert mark.stat().st_size == beats


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise ValueError('no\\nsuch luck')", r"failed while it was built \(ValueError: no\)"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("import sys\nsys.exit(2)", r"failed while it was built \(SystemExit: 2\)"),
        ("def build(: pass", "SyntaxError"),
        ("x = 1", "has no function build"),
        ("def build(): return 7", "gives a int; it should give a torch.nn.Module"),
        ("from torch import nn\ndef build(): return nn.Flatten(0)", "has no weights"),
        (answering("self.conv(x)"), r"answers with a tensor of the shape \(1, 1, 8, 8\)"),
        (answering("'yes'"), "answers with str"),
        (answering("1 / 0"), r"failed while it computed \(ZeroDivisionError: division by zero\)"),
        (answering("self.conv(x.detach()).mean((2, 3)).repeat(1, 2)"), "no gradient in what it reads"),
        (answering("self.conv(x).mean((2, 3))"), "one output"),
    ],
)
def test_what_its_code_does_wrong_is_one_sentence(tmp_path: Path, code: str, said: str) -> None:
    with pytest.raises(LoadError, match=said) as refused:
        build_module(folder_of(tmp_path, code), "cpu")
    assert "\n" not in refused.value.message


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("build", "../module.py:build", "must name a file in the folder"),
        ("build", "module.py", "build cannot be 'module.py'"),
        ("build", "other.py:build", "other.py is missing"),
        ("weights", "/etc/passwd", "must name a file in the folder"),
        ("weights", "weights.pkl", "is missing"),
        ("task", "regression", "task must be image_classification or text_classification"),
        ("arguments", [1], "arguments cannot be"),
        ("labels", ["one"], "1 labels for 3 outputs"),
        ("labels", [1, 2, 3], "labels must be a list of texts"),
        ("channels", 2, "channels cannot be 2"),
        ("preprocessing", {"size": {"height": 0, "width": 8}}, "."),
        ("version", 2, "only version 1"),
        ("colour", "red", "“colour” that is not known"),
    ],
)
def test_what_its_description_says_wrong_is_one_sentence(tmp_path: Path, field: str, value: Any, said: str) -> None:
    with pytest.raises(LoadError, match=said) as refused:
        build_module(folder_of(tmp_path, PICTURES, **{field: value}), "cpu")
    assert "\n" not in refused.value.message


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    wrong = {"conv.weight": torch.zeros(4, 3, 5, 5)}
    with pytest.raises(LoadError, match=r"is of the shape \(4, 3, 5, 5\) in the file and \(4, 3, 3, 3\)"):
        build_module(folder_of(tmp_path, PICTURES, wrong), "cpu")
    model = build_module(folder_of(tmp_path, PICTURES, {"conv.weight": torch.ones(4, 3, 3, 3), "extra": torch.ones(1)}), "cpu")
    kinds = {notice.kind: notice for notice in model.info.warnings}
    assert kinds["missing"].blocking
    assert "3 tensors (conv.bias, head.bias, …) are missing" in kinds["missing"].message
    assert "extra" in kinds["unexpected"].message


def test_what_it_prints_does_not_reach_our_output(tmp_path: Path, picture: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = build_module(folder_of(tmp_path, "print('hello')\n" + PICTURES), "cpu")
    run(predict(model, PredictionRequest(model.info.sha256, image_input(str(picture)))))
    assert capfd.readouterr().out == ""


def test_what_is_random_in_eval_mode_is_said(tmp_path: Path) -> None:
    code = PICTURES.replace("print(", "pixels = pixels + torch.rand_like(pixels); print(")
    kinds = [notice.kind for notice in build_module(folder_of(tmp_path, code), "cpu").info.warnings]
    assert "not_deterministic" in kinds


def test_code_that_fails_on_one_input_only(tmp_path: Path) -> None:
    code = WORDS.replace("states, _", "assert not (ids == 4).any(), 'too bad'; states, _")
    model = build_module(reading_words(tmp_path, code=code), "cpu")
    run(predict(model, PredictionRequest(model.info.sha256, TextInput("a film"))))
    with pytest.raises(UserError, match=r"failed while it computed \(AssertionError: too bad\)"):
        run(predict(model, PredictionRequest(model.info.sha256, TextInput("a bad film"))))


def test_two_folders_with_files_of_the_same_name(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    one = folder_of(first, PICTURES)
    two = folder_of(second, PICTURES)
    (two / "sizes.py").write_text("CLASSES = 5\n", encoding="utf-8")
    assert len(build_module(one, "cpu").info.labels) == 3
    assert len(build_module(two, "cpu").info.labels) == 5


def test_consent_covers_whatever_could_be_imported(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    folder = folder_of(tmp_path / "__pycache__", PICTURES)
    assert code_of(folder).code == ("module.py", "sizes.py")  # whatever the folders above are called
    before = code_of(folder).sha256
    (folder / "__pycache__").mkdir(exist_ok=True)
    (folder / "__pycache__" / "module.cpython-311.pyc").write_bytes(b"compiled")
    assert code_of(folder).sha256 == before
    (folder / "__pycache__" / "hidden.py").write_text("x = 1\n", encoding="utf-8")
    assert code_of(folder).sha256 != before
    assert "__pycache__/hidden.py" in code_of(folder).code
    (tmp_path / "elsewhere").mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(LoadError, match="a link to another folder"):
        code_of(folder)


def test_a_file_too_long_to_show_says_so(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, PICTURES + "# more\n" * 40_000)
    assert dict(code_of(folder).texts)["module.py"].endswith("… (the rest is not shown)")


CONVOLVED = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(6, 5)
        self.conv = nn.Conv1d(5, 4, 3)
        self.head = nn.Linear(4, 2)

    def forward(self, ids):
        mask = (ids != 0).float().unsqueeze(-1)
        embedded = self.words(ids) * mask / mask.sum(1, keepdim=True)
        return self.head(self.conv(embedded.transpose(1, 2)).relu().amax(-1))


build = Net
"""


def test_networks_that_fold_several_tokens_and_skip_padding_open(tmp_path: Path) -> None:
    model = build_module(reading_words(tmp_path, code=CONVOLVED), "cpu")
    text = TextInput("a good bad film")
    said = run(predict(model, PredictionRequest(model.info.sha256, text)))
    with torch.no_grad():
        expected = model.network(torch.tensor([[2, 3, 4, 5]]))[0]
    found = {each.index: each.logit for each in said.classes}
    np.testing.assert_allclose([found[0], found[1]], expected.tolist(), rtol=1e-5)


def test_a_network_that_embeds_in_another_order_is_told(tmp_path: Path) -> None:
    code = CONVOLVED.replace("self.words(ids) *", "self.words(ids.T).transpose(0, 1) *")
    with pytest.raises(LoadError, match="in another order than"):
        build_module(reading_words(tmp_path, code=code), "cpu")


def test_cam_is_offered_where_the_last_map_is_averaged(tmp_path: Path, picture: Path) -> None:
    code = PICTURES.replace(
        "return self.head(self.conv(pixels).relu().mean((2, 3)))",
        "return self.head(self.pool(self.act(self.conv(pixels))).flatten(1))",
    )
    code = code.replace("self.head = ", "self.act, self.pool = nn.ReLU(), nn.AdaptiveAvgPool2d(1)\n        self.head = ")
    model = build_module(folder_of(tmp_path, code), "cpu")
    result = run(explain(model, AttributionRequest(model.info.sha256, image_input(str(picture)), method="cam")))
    assert result.values.shape == (8, 8)
