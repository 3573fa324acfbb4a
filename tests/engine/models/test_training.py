"""Training checkpoints beside a model: found in order, read one at a time, believed as little as the model itself."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.attribution.explain import explain, predict
from engine.errors import LoadError, UserError
from engine.jobs import run
from engine.models.model import TextModel
from engine.models.recurrent import save
from engine.models.training import in_order, recurrent_checkpoints, trainer_checkpoints
from engine.requests import AttributionRequest, PredictionRequest, TextInput
from tests.engine.models.training_runs import alone, write_run, write_trainer_run
from tests.engine.tiny_models import TEXT, VOCABULARY, opened, recurrent_spec, recurrent_weights, write

SENTENCE = TextInput("Not once does it come close")


def explained(model: TextModel, text: TextInput = SENTENCE) -> np.ndarray:
    return run(explain(model, AttributionRequest(model.info.sha256, text))).values


# ---- found ----------------------------------------------------------------------------------------------------------


def test_numbers_in_names_are_numbers():
    names = ["epoch-10", "epoch-2", "epoch-0.5", "epoch-0.25", "Epoch-1", "begin", "epoch"]
    assert sorted(names, key=in_order) == ["begin", "epoch", "epoch-0.25", "epoch-0.5", "Epoch-1", "epoch-2", "epoch-10"]
    assert in_order("9" * 500) > in_order("8")  # too large for a float, and no error


def test_the_checkpoints_of_a_recurrent_folder_are_named_in_order(tmp_path: Path):
    model = opened(write_run(tmp_path))
    assert model.info.checkpoints == model.checkpoints == ("epoch 0", "epoch 0.5", "epoch 2", "epoch 10", "final")


def test_a_model_without_checkpoints_has_no_names(tmp_path: Path):
    model = opened(write_run(tmp_path, ()))
    assert model.info.checkpoints == ()
    assert not (tmp_path / "checkpoints").exists()
    assert model.at_checkpoint(None) is model
    with pytest.raises(UserError, match="only one checkpoint"):
        model.at_checkpoint("epoch 0")
    (tmp_path / "checkpoints").mkdir()
    assert opened(tmp_path).info.checkpoints == ()


def test_strange_names_are_readable_and_told_apart(tmp_path: Path):
    names = ("final", "a b", "a\nb", "x_1", "x-1", "x 1", "\u202e", " ", "ü_3", "\ud800")
    (tmp_path / "checkpoints").mkdir()
    made = []
    for name in names:
        try:
            (tmp_path / "checkpoints" / f"{name}.safetensors").write_bytes(b"")
            made.append(name)
        except (OSError, UnicodeError):  # not every file system has them all
            continue
    (tmp_path / "checkpoints" / "notes.txt").write_text("")
    (tmp_path / "checkpoints" / "folder.safetensors").mkdir()
    found = recurrent_checkpoints(tmp_path)
    assert len(found) == len(made)
    assert "final" not in found  # which is what the model itself goes by
    assert {"a b", "a b (2)", "x 1", "x 1 (2)", "x 1 (3)", "ü 3", "final (2)"} <= set(found)
    assert all(name.isprintable() and name.strip() for name in found)


def test_the_trainers_folders_are_in_the_order_of_their_steps(tmp_path: Path):
    model = opened(write_trainer_run(tmp_path))
    assert model.info.checkpoints == ("step 50", "step 500", "step 1000", "final")
    for name in ("checkpoint-x", "checkpoint-7", "my-checkpoint-8"):
        (tmp_path / name).write_text("a file")
    assert list(trainer_checkpoints(tmp_path)) == ["step 50", "step 500", "step 1000"]


def test_a_run_whose_last_weights_were_not_saved_apart_is_its_last_checkpoint(tmp_path: Path):
    model = opened(write_trainer_run(tmp_path / "run", with_final=False))
    assert model.info.checkpoints == ("step 50", "step 500", "step 1000")
    assert model.at_checkpoint("step 1000") is model
    text = TextInput(TEXT)
    single = opened(tmp_path / "run" / "checkpoint-1000")
    np.testing.assert_array_equal(explained(model, text), explained(single, text))
    assert single.info.checkpoints == ()
    for file in (tmp_path / "run" / "checkpoint-1000").glob("*token*"):
        shutil.move(file, tmp_path / "run" / file.name)  # older ones keep the tokenizer beside the checkpoints only
    np.testing.assert_array_equal(explained(opened(tmp_path / "run"), text), explained(single, text))


# ---- read -----------------------------------------------------------------------------------------------------------


def test_each_checkpoint_of_a_recurrent_folder_is_the_model_of_its_weights(tmp_path: Path):
    model = opened(write_run(tmp_path / "run"))
    maps = []
    for name, file in (("epoch 0", "epoch-0"), ("epoch 10", "epoch-10")):
        then = model.at_checkpoint(name)
        single = alone(tmp_path / "run", tmp_path / "run" / "checkpoints" / f"{file}.safetensors", tmp_path / name)
        maps.append(explained(then))
        np.testing.assert_array_equal(maps[-1], explained(single))
        told, known = (run(predict(m, PredictionRequest("any", SENTENCE))).classes for m in (then, single))
        assert told == known
    assert np.abs(maps[0] - maps[1]).max() > 1e-3
    np.testing.assert_array_equal(explained(model.at_checkpoint("final")), explained(model))


def test_each_checkpoint_of_a_trainer_is_the_model_of_its_folder(tmp_path: Path):
    model, text = opened(write_trainer_run(tmp_path)), TextInput(TEXT)
    for step in (50, 1000):
        single = opened(tmp_path / f"checkpoint-{step}")
        np.testing.assert_array_equal(explained(model.at_checkpoint(f"step {step}"), text), explained(single, text))
    (tmp_path / "checkpoint-500" / "config.json").unlink()  # the model's own holds
    assert np.abs(explained(model.at_checkpoint("step 500"), text) - explained(model, text)).max() > 1e-3


def test_a_model_without_a_token_for_padding_reads_batches_at_its_checkpoints(tmp_path: Path):
    for name, seed in ((".", 0), ("checkpoint-1", 1)):
        write(tmp_path / name, "gpt2", seed=seed)
        described = json.loads((tmp_path / name / "config.json").read_text())
        (tmp_path / name / "config.json").write_text(json.dumps(described | {"pad_token_id": None}))
    model, text = opened(tmp_path), TextInput(TEXT)
    np.testing.assert_array_equal(
        explained(model.at_checkpoint("step 1"), text), explained(opened(tmp_path / "checkpoint-1"), text)
    )


def test_the_open_model_stays_as_it_is_and_the_other_is_let_go(tmp_path: Path):
    model = opened(write_run(tmp_path))
    before, info = explained(model), model.info
    state = {name: tensor.clone() for name, tensor in model.network.state_dict().items()}
    then = model.at_checkpoint("epoch 2")
    assert then.network is not model.network
    assert not any(p.requires_grad for p in then.network.parameters())
    assert not then.network.training
    explained(then)
    assert model.info is info
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.network.state_dict().items())
    np.testing.assert_array_equal(explained(model), before)
    assert model.at_checkpoint("epoch 2").network is not then.network  # nothing is kept of it


def test_a_checkpoint_says_what_it_was_read_from(tmp_path: Path):
    spec = recurrent_spec()
    save(tmp_path, spec, recurrent_weights(spec), VOCABULARY)
    half = {name: tensor.half() for name, tensor in recurrent_weights(spec, seed=1).items()}
    (tmp_path / "checkpoints").mkdir()
    save_file(half, tmp_path / "checkpoints" / "1.safetensors")
    model = opened(tmp_path)
    then = model.at_checkpoint("1")
    assert then.info.sha256 != model.info.sha256
    assert (then.info.dtype_on_disk, model.info.dtype_on_disk) == ("float16", "float32")
    assert then.info.bytes == (tmp_path / "checkpoints" / "1.safetensors").stat().st_size
    assert [notice.kind for notice in then.info.warnings] == ["dtype"]
    assert then.info.labels == model.info.labels


# ---- refused --------------------------------------------------------------------------------------------------------


def spoil_cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def spoil_rubbish(path: Path) -> None:
    path.write_bytes(b"\x80\x04rubbish" * 40)


def spoil_empty(path: Path) -> None:
    path.write_bytes(b"")


def spoil_gone(path: Path) -> None:
    path.unlink()


def spoil_other_shape(path: Path) -> None:
    save_file(recurrent_weights(recurrent_spec(hidden_size=7), seed=1), path)


def spoil_half_of_it(path: Path) -> None:
    save_file({name: tensor for name, tensor in load_file(path).items() if "head" not in name}, path)


def spoil_too_much(path: Path) -> None:
    save_file({**load_file(path), "other.weight": torch.ones(2)}, path)


def spoil_claims_a_terabyte(path: Path) -> None:
    header = json.dumps({"rnn.weight_ih_l0": {"dtype": "F32", "shape": [2**20, 2**20], "data_offsets": [0, 2**42]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_cut_short, "cut short"),
        (spoil_rubbish, "damaged"),
        (spoil_empty, "damaged"),
        (spoil_gone, "cannot be read"),
        (spoil_other_shape, "has the shape"),
        (spoil_half_of_it, "hold no tensor “head.0"),
        (spoil_too_much, "no place for the tensor “other.weight”"),
        (spoil_claims_a_terabyte, "cut short"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_one_sentence(spoil: Callable[[Path], None], words: str, tmp_path: Path):
    """And does not keep the model from being opened."""
    model = opened(write_run(tmp_path))
    spoil(tmp_path / "checkpoints" / "epoch-2.safetensors")
    assert opened(tmp_path).info.sha256 == model.info.sha256
    with pytest.raises(LoadError, match=words) as refused:
        model.at_checkpoint("epoch 2")
    assert "\n" not in refused.value.message
    explained(model.at_checkpoint("epoch 10"))


def test_a_name_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path):
    with pytest.raises(UserError, match=r"“epoch 3”; it has epoch 0, epoch 0\.5, epoch 2, epoch 10, final") as refused:
        opened(write_run(tmp_path)).at_checkpoint("epoch 3")
    assert refused.value.kind == "no_such_checkpoint"


def test_a_trainers_checkpoint_of_another_model_is_refused(tmp_path: Path):
    write_trainer_run(tmp_path)
    write(tmp_path / "checkpoint-50", seed=1, intermediate_size=20)
    write(tmp_path / "checkpoint-500", seed=1, labels=("a", "b"))
    (tmp_path / "checkpoint-1000" / "model.safetensors").unlink()
    model = opened(tmp_path)
    with pytest.raises(LoadError, match=r"config\.json says otherwise about intermediate_size"):
        model.at_checkpoint("step 50")
    with pytest.raises(LoadError, match="checkpoint-500 is of another model"):
        model.at_checkpoint("step 500")
    with pytest.raises(LoadError, match="no weights"):
        model.at_checkpoint("step 1000")


def test_a_trainers_checkpoint_with_weights_missing_is_refused_rather_than_random(tmp_path: Path):
    write_trainer_run(tmp_path)
    path = tmp_path / "checkpoint-500" / "model.safetensors"
    save_file({name: tensor for name, tensor in load_file(path).items() if "classifier" not in name}, path, {"format": "pt"})
    with pytest.raises(LoadError, match=r"half of one: 2 tensors \(classifier"):
        opened(tmp_path).at_checkpoint("step 500")
