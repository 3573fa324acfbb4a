"""Our own reader of HDF5, against the library that writes the files, and against files that mean harm."""

import io
import random
import struct
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from engine.errors import LoadError
from engine.models.hdf5 import DamagedError, ForeignError, Hdf5, Node
from engine.models.textgenrnn_files import read_weights
from tests.engine.models.keras_files import random_model, write_model

MUTANTS = 3_000


def root(path: Path) -> Node:
    content = path.read_bytes()
    return Hdf5(io.BytesIO(content), len(content)).root()


def refused(path: Path) -> LoadError:
    with pytest.raises(LoadError) as caught:
        read_weights(path)
    message = caught.value.message
    assert len(message.splitlines()) == 1
    assert message.endswith(".")
    return caught.value


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_model(tmp_path, random_model())


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4"])
def test_arrays_are_as_they_were_written(dtype: str, tmp_path: Path):
    """In a hundred groups, so that their table of symbols has branches."""
    path, generator = tmp_path / "a.h5", np.random.default_rng(0)
    arrays = {f"layer_{n}/inner/kernel": generator.normal(size=(n % 4 + 1, 3)).astype(dtype) for n in range(100)}
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array)
    for name, array in arrays.items():
        node = root(path).child(name)
        assert node is not None
        np.testing.assert_array_equal(node.array(10**6), array)
    assert root(path).child("layer_100") is None


@pytest.mark.parametrize(
    "names", [[], ["a"], [f"layer_{n}/kernel:0" for n in range(400)], ["naïve", "日本"]], ids=["none", "one", "many", "unicode"]
)
@pytest.mark.parametrize("fixed", [True, False])
def test_names_are_as_they_were_written(names: list[str], fixed: bool, tmp_path: Path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        encoded = [name.encode() for name in names]
        file.attrs["names"] = np.array(encoded) if fixed else encoded
    assert root(path).names("names") == names
    assert root(path).names("others") is None


def test_what_is_no_hdf5_file(tmp_path: Path):
    for content in (b"", b"hello", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04" + bytes(200)):
        (tmp_path / "x.hdf5").write_bytes(content)
        assert refused(tmp_path / "x.hdf5").kind == "damaged"


def test_a_file_that_links_elsewhere(weights: Path, tmp_path: Path):
    """To another file, or to another place in its own."""
    for link in (h5py.ExternalLink(str(tmp_path / "other.h5"), "/x"), h5py.SoftLink("/rnn_1/rnn_1/bias:0")):
        path = write_model(tmp_path / type(link).__name__, random_model())
        with h5py.File(path, "a") as file:
            del file["output/output/bias:0"]
            file["output/output/bias:0"] = link
        assert refused(path).kind == "foreign"


@pytest.mark.parametrize("way", ["compressed", "chunked", "virtual", "external", "integers", "references"])
def test_an_array_that_is_kept_in_another_way(way: str, weights: Path, tmp_path: Path):
    with h5py.File(weights, "a") as file:
        group, size = file["output/output"], len(file["output/output/bias:0"])
        del group["bias:0"]
        if way == "compressed":
            group.create_dataset("bias:0", (size,), "f4", compression="gzip")
        elif way == "chunked":
            group.create_dataset("bias:0", (10**12,), "f4", chunks=(1024,))
        elif way == "virtual":
            layout = h5py.VirtualLayout((size,), "f4")
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (size,))
            group.create_virtual_dataset("bias:0", layout)
        elif way == "external":
            group.create_dataset("bias:0", (size,), "f4", external=[("/etc/passwd", 0, 4 * size)])
        elif way == "integers":
            group.create_dataset("bias:0", data=np.zeros(size, "i4"))
        else:
            group.create_dataset("bias:0", data=[group.ref] * size, dtype=h5py.ref_dtype)
    assert refused(weights).kind == "foreign"


def test_an_array_that_claims_more_than_there_is(weights: Path):
    """Its shape is the only thing that tells: nothing is allocated."""
    with h5py.File(weights, "a") as file:
        shape = file["embedding/embedding/embeddings:0"].shape
    content = weights.read_bytes()
    claimed = struct.pack("<QQ", 2**40, shape[1])
    weights.write_bytes(content.replace(struct.pack("<QQ", *shape), claimed))
    assert refused(weights).kind == "damaged"


def test_arrays_that_lie_on_one_another(weights: Path):
    """A small file cannot become a large model by giving the same bytes many times."""
    with h5py.File(weights, "a") as file:
        inner = file["rnn_1/rnn_1"]
        inner.create_dataset("big", data=np.zeros((200, 200), "f4"))
        for n in range(20):
            inner[f"again_{n}"] = inner["big"]
        file["rnn_1"].attrs["weight_names"] = [b"rnn_1/big", *(f"rnn_1/again_{n}".encode() for n in range(20))]
    assert refused(weights).kind == "damaged"


def test_a_group_that_holds_itself(weights: Path):
    with h5py.File(weights, "a") as file:
        file["rnn_1/round"] = file["rnn_1"]
        file["rnn_1"].attrs["weight_names"] = [b"/".join([b"round"] * 30_000)] * 3
    started = time.perf_counter()
    assert refused(weights).kind in ("damaged", "foreign")
    assert time.perf_counter() - started < 10


def test_a_tree_that_leads_in_circles(weights: Path):
    """Every structure counts, so a circle has an end."""
    content = bytearray(weights.read_bytes())
    at = content.find(b"TREE")
    content[at + 5] = 1  # an inner node, whose children …
    used = struct.unpack_from("<H", content, at + 6)[0]
    for child in range(used):
        struct.pack_into("<Q", content, at + 24 + 8 + 16 * child, at)  # … are itself
    weights.write_bytes(content)
    assert refused(weights).kind == "damaged"


def test_a_newer_hdf5(tmp_path: Path):
    with h5py.File(tmp_path / "x.hdf5", "w", libver="latest") as file:
        file.attrs["layer_names"] = [b"a"]
    assert refused(tmp_path / "x.hdf5").kind == "foreign"


def test_whatever_else_is_refused_in_words(tmp_path: Path):
    """Cut, flipped, overwritten: a model or one sentence, and soon."""
    small = write_model(tmp_path, random_model(layers=1, hidden=2, embedding=2)).read_bytes()
    generator, path, slowest = random.Random(0), tmp_path / "mutant.hdf5", 0.0
    opened = 0
    for number in range(MUTANTS):
        mutant = bytearray(small[: generator.randrange(len(small))] if number % 4 == 0 else small)
        for _ in range(generator.choice((1, 1, 2, 8))):
            if mutant:
                at = generator.randrange(len(mutant))
                width = generator.choice((1, 1, 2, 8))
                mutant[at : at + width] = generator.choice((b"\xff" * width, generator.randbytes(width)))
        path.write_bytes(mutant)
        started = time.perf_counter()
        try:
            read_weights(path)
            opened += 1
        except LoadError:
            pass
        slowest = max(slowest, time.perf_counter() - started)
    assert slowest < 2
    assert 0 < opened < MUTANTS


def test_reading_stops_where_the_file_does(weights: Path):
    with weights.open("rb") as file, pytest.raises(DamagedError):
        Hdf5(file, weights.stat().st_size + 100).read(weights.stat().st_size, 50)
    with weights.open("rb") as file, pytest.raises((DamagedError, ForeignError)):
        Node(Hdf5(file, weights.stat().st_size), 0).shape()
