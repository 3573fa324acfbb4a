"""Files that are damaged, cut short or hostile: one sentence each, and nothing of them runs."""

import argparse
import io
import json
import os
import pickle
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.errors import LoadError
from engine.models.files import Weights, check_archive, read_json, read_pickled, read_safetensors, read_weights, sha256_of

MUTANTS = 600


@pytest.fixture
def safetensors(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(5, dtype=torch.float16)}, path)
    return path


@pytest.fixture
def pickled(tmp_path: Path) -> Path:
    path = tmp_path / "pytorch_model.bin"
    torch.save({"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(5)}, path)
    return path


def mutants(content: bytes, how_many: int = MUTANTS) -> list[bytes]:
    """Bits flipped, bytes overwritten, pieces cut out or doubled; always the same ones."""
    chance = random.Random(0)
    found = []
    for _ in range(how_many):
        mutant = bytearray(content)
        for _ in range(chance.choice((1, 1, 1, 4, 16))):
            at = chance.randrange(len(mutant))
            kind = chance.randrange(4)
            if kind == 0:
                mutant[at] ^= 1 << chance.randrange(8)
            elif kind == 1:
                mutant[at] = chance.choice((0, 255, 0x7B, 0x22, 0x39))
            elif kind == 2:
                del mutant[at : at + chance.randrange(1, 9)]
            else:
                mutant[at:at] = mutant[at : at + chance.randrange(1, 9)]
            mutant = mutant or bytearray(b"\0")
        found.append(bytes(mutant))
    return found


def _outcome(read: Callable[[Path], Any], path: Path) -> Any:
    """What is read, or the error with which it is refused; any other error passes on, and fails the test."""
    try:
        return read(path)
    except LoadError as error:
        return error


@pytest.mark.parametrize("read", [read_safetensors, read_pickled])
def test_of_mutants_nothing_but_a_load_error_comes_out(read: Callable[[Path], Any], safetensors: Path, pickled: Path):
    path = safetensors if read is read_safetensors else pickled
    refused = 0
    for mutant in mutants(path.read_bytes()):
        path.write_bytes(mutant)
        outcome = _outcome(read, path)
        if isinstance(outcome, LoadError):
            refused += 1
            assert outcome.message.endswith(".")
            assert "\n" not in outcome.message
        else:
            assert all(isinstance(tensor, Tensor) for tensor in outcome.values())
    assert refused > MUTANTS / 4


def test_a_safetensors_file_cut_short_anywhere_is_refused(safetensors: Path):
    content = safetensors.read_bytes()
    for length in range(len(content)):
        safetensors.write_bytes(content[:length])
        with pytest.raises(LoadError) as caught:
            read_safetensors(safetensors)
        assert caught.value.kind in ("cut_short", "damaged")
    header = 8 + struct.unpack("<Q", content[:8])[0]
    safetensors.write_bytes(content[: header + 4])
    with pytest.raises(LoadError, match=rf"cut short: {header + 4} of {len(content)} bytes"):
        read_safetensors(safetensors)


@pytest.mark.parametrize(
    "header", [b"[]", b"1", b'{"a": 1}', b'{"a": {"data_offsets": ["x", "y"]}}', b"[" * 50_000, b"{}" + b"\xff"]
)
def test_a_header_that_is_no_header_is_refused(header: bytes, safetensors: Path):
    safetensors.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(LoadError):
        read_safetensors(safetensors)


def test_a_header_said_to_be_longer_than_the_file_costs_no_memory(safetensors: Path):
    safetensors.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(LoadError, match="beginning is damaged"):
        read_safetensors(safetensors)


class _RunsACommand:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def _legacy(thing: Any, path: Path) -> None:
    torch.save(thing, path, _use_new_zipfile_serialization=False)


def _raw(thing: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(thing))


def _tar(thing: Any, path: Path) -> None:
    content = pickle.dumps(thing)
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize("write", [torch.save, _legacy, _raw, _tar])
@pytest.mark.parametrize("nested", [False, True])
def test_a_pickle_that_runs_a_command_does_not_run(write: Callable[[Any, Path], None], nested: bool, tmp_path: Path):
    trap, path = tmp_path / "it ran", tmp_path / "pytorch_model.bin"
    thing: Any = _RunsACommand(trap)
    write({"weight": torch.ones(2), "extra": [thing]} if nested else thing, path)
    with pytest.raises(LoadError) as caught:
        read_pickled(path)
    assert not trap.exists()
    assert caught.value.kind == "foreign_class"
    assert 'torch.save(model.state_dict(), "pytorch_model.bin")' in caught.value.message


@pytest.mark.parametrize(
    ("thing", "named"),
    [
        (nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
        ({"args": argparse.Namespace(epochs=3), "w": torch.ones(1)}, "argparse.Namespace"),
        ({"loss": np.float64(0.5), "w": torch.ones(1)}, "numpy"),
        ({"path": Path("/tmp"), "w": torch.ones(1)}, "pathlib"),
    ],
)
def test_a_foreign_class_is_named_with_the_line_that_resaves(thing: Any, named: str, tmp_path: Path):
    path = tmp_path / "model.pt"
    torch.save(thing, path)
    with pytest.raises(LoadError, match=named) as caught:
        read_pickled(path)
    assert 'torch.save(model.state_dict(), "model.pt")' in caught.value.message


@pytest.mark.parametrize(
    "thing", [[torch.ones(2)], {"state_dict": {"w": torch.ones(2)}}, {"epoch": 3, "w": torch.ones(2)}, {0: torch.ones(2)}, 5]
)
def test_what_is_no_state_dict_is_refused(thing: Any, tmp_path: Path):
    torch.save(thing, tmp_path / "model.pt")
    with pytest.raises(LoadError, match=r"save model\.state_dict\(\) alone"):
        read_pickled(tmp_path / "model.pt")


@pytest.mark.parametrize(
    "tensor",
    [torch.ones(1).expand(10**9, 10**9), torch.ones(10**9, device="meta"), torch.ones(2, 2).to_sparse()],
    ids=["stride of zero", "meta", "sparse"],
)
def test_a_tensor_that_claims_more_than_the_file_holds_is_refused(tensor: Tensor, tmp_path: Path):
    torch.save({"w": tensor}, tmp_path / "model.pt")
    with pytest.raises(LoadError, match="claims more"):
        read_pickled(tmp_path / "model.pt")


def test_tied_tensors_of_one_storage_are_no_such_claim(tmp_path: Path):
    shared = torch.arange(6.0)
    torch.save({"a": shared, "b": shared, "c": shared.reshape(2, 3).T}, tmp_path / "model.pt")
    assert read_pickled(tmp_path / "model.pt")["c"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_a_compressed_archive_is_not_unpacked(pickled: Path):
    with zipfile.ZipFile(pickled) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(pickled, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name, content in members.items():
            bomb.writestr(name, content)
        bomb.writestr("archive/data/9", b"\0" * 50_000_000)
    assert pickled.stat().st_size < 100_000
    with pytest.raises(LoadError, match="compressed archive"):
        read_pickled(pickled)


def test_an_archive_whose_members_overlap_is_not_unpacked(pickled: Path):
    """Many entries of the directory may point at one place: a bomb without compression."""
    torch.save({"a": torch.zeros(10_000)}, pickled)
    with zipfile.ZipFile(pickled, "a") as archive:
        archive.filelist *= 100
        archive._didModify = True  # writes the directory anew
    with pytest.raises(LoadError, match="claims to hold more"):
        read_pickled(pickled)


def test_torchscript_is_refused_with_its_reason(tmp_path: Path):
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:  # as torch.jit.save lays it out
        for name in ("model/data.pkl", "model/code/__torch__.py", "model/constants.pkl", "model/version"):
            archive.writestr(name, "3\n")
    with pytest.raises(LoadError, match="is a program; save the state dict"):
        check_archive(path)


def test_an_exported_program_is_refused_with_its_reason(tmp_path: Path):
    path = tmp_path / "pytorch_model.bin"
    torch.export.save(torch.export.export(nn.Linear(2, 2), (torch.ones(1, 2),)), tmp_path / "model.pt2")
    (tmp_path / "model.pt2").rename(path)
    with pytest.raises(LoadError, match="is a program; save the state dict"):
        read_pickled(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b"3", b"\xff\xfe", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}", b"null"]
)
def test_what_is_no_json_object_is_refused(content: bytes, tmp_path: Path):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(LoadError):
        read_json(tmp_path / "config.json")


def test_json_with_a_byte_order_mark_is_read(tmp_path: Path):
    (tmp_path / "config.json").write_bytes(b"\xef\xbb\xbf" + b'{"a": 1}')
    assert read_json(tmp_path / "config.json") == {"a": 1}


def test_a_hundred_megabytes_of_json_are_not_read(tmp_path: Path):
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(LoadError, match="larger than any description"):
        read_json(tmp_path / "config.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "config.json")
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(LoadError, match="missing"):
        read_json(tmp_path / "config.json")
    with pytest.raises(LoadError, match="no weights"):
        read_weights(tmp_path)


def _shards(folder: Path, weight_map: Any) -> None:
    for i in (1, 2):
        save_file({f"t{i}": torch.full((2,), float(i))}, folder / f"model-{i}-of-2.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


def test_shards_are_read_together(tmp_path: Path):
    _shards(tmp_path, {"t1": "model-1-of-2.safetensors", "t2": "model-2-of-2.safetensors"})
    weights = read_weights(tmp_path)
    assert {name: tensor.tolist() for name, tensor in weights.tensors.items()} == {"t1": [1, 1], "t2": [2, 2]}
    assert [path.name for path in weights.files] == ["model-1-of-2.safetensors", "model-2-of-2.safetensors"]


def test_a_missing_shard_is_named(tmp_path: Path):
    _shards(tmp_path, {"t1": "model-1-of-2.safetensors", "t2": "model-2-of-2.safetensors"})
    (tmp_path / "model-2-of-2.safetensors").unlink()
    with pytest.raises(LoadError, match=r"1 of 2 weight files are missing, model-2-of-2\.safetensors first"):
        read_weights(tmp_path)


@pytest.mark.parametrize(
    "weight_map", [None, [], "x", {"t1": 3}, {"t1": "../secret.safetensors"}, {"t1": "/etc/passwd"}, {"t1": ""}]
)
def test_an_index_that_points_elsewhere_is_refused(weight_map: Any, tmp_path: Path):
    _shards(tmp_path, weight_map)
    with pytest.raises(LoadError):
        read_weights(tmp_path)


def test_the_type_on_disk_is_the_commonest_floating_one():
    tensors = {"a": torch.ones(10, dtype=torch.bfloat16), "b": torch.ones(3), "c": torch.ones(99, dtype=torch.int64)}
    assert Weights(tensors, ()).dtype == "bfloat16"


def test_the_hash_sees_content_and_name_and_nothing_else(tmp_path: Path):
    for name, content in (("a", b"1"), ("b", b"2")):
        (tmp_path / name).write_bytes(content)
    both = sha256_of(tmp_path, [tmp_path / "a", tmp_path / "b"])
    assert both == sha256_of(tmp_path, [tmp_path / "b", tmp_path / "a", tmp_path / "a"])
    (tmp_path / "b").write_bytes(b"3")
    assert both != sha256_of(tmp_path, [tmp_path / "a", tmp_path / "b"])
