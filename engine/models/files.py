"""Reading the files of a model without believing or running them."""

import hashlib
import json
import re
import struct
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.errors import LoadError

MAXIMUM_JSON_BYTES = 50_000_000
SAFETENSORS = "model.safetensors"
KERAS_SUFFIXES = (".hdf5", ".h5")  # of which textgenrnn's weights are read
PICKLED = ("pytorch_model.bin", "model.pt", "model.pth")


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The tensors of a model as they lie on disk, and the files they came from."""

    tensors: Mapping[str, Tensor]
    files: tuple[Path, ...]

    @property
    def dtype(self) -> str:
        """The commonest floating type, in torch's word (``float16``)."""
        counts: dict[str, int] = {}
        for tensor in self.tensors.values():
            name = str(tensor.dtype).removeprefix("torch.")
            counts[name] = counts.get(name, 0) + (tensor.numel() if tensor.is_floating_point() else 0)
        return max(counts, key=lambda name: counts[name], default="none")

    @property
    def bytes(self) -> int:
        """On disk."""
        return sum(path.stat().st_size for path in self.files)


def read_json_value(path: Path) -> Any:
    """Whatever JSON holds.

    Raises:
        LoadError: missing, unreadable, or no JSON.
    """
    if not path.is_file():  # a pipe or a device would never end
        raise LoadError(f"{path.name} is missing; copy the folder again from its source.", "half_a_folder")
    if path.stat().st_size > MAXIMUM_JSON_BYTES:
        raise LoadError(f"{path.name} is larger than any description of a model is; it is not opened.", "bounds")
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{path.name} is not valid JSON; copy the file again from its source.", "bad_json", str(error)) from None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        LoadError: missing, unreadable, no JSON, or no object.
    """
    value = read_json_value(path)
    if not isinstance(value, dict):
        raise LoadError(f"{path.name} should hold one JSON object.", "bad_json")
    return value


def read_weights(folder: Path) -> Weights:
    """The weights in ``folder``: safetensors (whole or in shards), else a pickled state dict read without its code.

    Raises:
        LoadError: there are none, or they are damaged, hostile or cut short.
    """
    if (folder / SAFETENSORS).is_file():
        return _read_all([folder / SAFETENSORS], read_safetensors)
    for index_name, read in ((f"{SAFETENSORS}.index.json", read_safetensors), (f"{PICKLED[0]}.index.json", read_pickled)):
        if (folder / index_name).is_file():
            return _read_all(_shards(folder / index_name), read)
    for name in PICKLED:
        if (folder / name).is_file():
            return _read_all([folder / name], read_pickled)
    raise LoadError(f"The folder has no weights: {SAFETENSORS} or {PICKLED[0]} is missing.", "no_weights")


def _read_all(paths: Iterable[Path], read: Any) -> Weights:
    files, tensors = tuple(paths), {}
    for path in files:
        tensors.update(read(path))
    return Weights(tensors, files)


def _shards(index: Path) -> list[Path]:
    """The files an index names, which must lie beside it."""
    names = read_json(index).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(n, str) and Path(n).name == n for n in names.values()):
        raise LoadError(f"{index.name} does not name the files of the weights.", "bad_index")
    shards = [index.parent / name for name in sorted(set(names.values()))]
    missing = [path.name for path in shards if not path.is_file()]
    if missing:
        raise LoadError(
            f"{len(missing)} of {len(shards)} weight files are missing, {missing[0]} first; copy them too.", "half_a_folder"
        )
    return shards


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Every tensor of one safetensors file, memory-mapped."""
    return read_safetensors_with_metadata(path)[0]


def read_safetensors_with_metadata(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """As ``read_safetensors``, and the texts in its header."""
    _check_safetensors_length(path)
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
            return tensors, dict(file.metadata() or {})
    except (SafetensorError, OSError, ValueError) as error:
        raise LoadError(f"{path.name} is damaged; copy it again from its source.", "damaged", str(error)) from None


def _check_safetensors_length(path: Path) -> None:
    """A file cut short is told from one that is merely wrong: the header says how long it ought to be."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        header = file.read(length) if 2 <= length <= 100_000_000 else b""
    try:
        ends = [entry["data_offsets"][1] for name, entry in json.loads(header).items() if name != "__metadata__"]
        expected = 8 + length + max(ends, default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise LoadError(f"{path.name} is not a safetensors file, or its beginning is damaged.", "damaged") from None
    if not isinstance(expected, int) or size < expected:
        raise LoadError(f"{path.name} is cut short: {size:,} of {expected:,} bytes are there; copy it again.", "cut_short")


def read_pickled(path: Path) -> dict[str, Tensor]:
    """A state dict saved by ``torch.save``, read with torch's restricted unpickler: no code of the file runs."""
    loaded = unpickle(path, f'torch.save(model.state_dict(), "{path.name}")')
    if not isinstance(loaded, dict) or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in loaded.items()):
        raise LoadError(f"{path.name} holds more than a state dict; save model.state_dict() alone.", "no_state_dict")
    require_held(path, loaded)
    return loaded


def unpickle(path: Path, line: str) -> Any:
    """Whatever ``torch.save`` wrote, as far as torch's restricted unpickler goes: containers, texts, numbers, tensors.

    Args:
        line: of Python; it saves the same without what is refused.

    Raises:
        LoadError: damaged, hostile, or an object of a class that could run code, which is named.
    """
    check_archive(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nine types on damaged files
        raise _pickle_refused(path, error, line) from None


def require_held(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Refuse tensors that claim more numbers than lie in the file."""
    swollen = [name for name, tensor in tensors.items() if not _is_held(tensor)]
    if swollen:
        raise LoadError(f"{path.name} claims more for {swollen[0]} than it holds; it is not opened.", "hostile")


def _is_held(tensor: Tensor) -> bool:
    """Whether every number of ``tensor`` is in the file: a stride of zero makes a terabyte of four bytes."""
    plain = tensor.device.type == "cpu" and tensor.layout is torch.strided and not tensor.is_quantized
    return plain and tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def check_archive(path: Path) -> None:
    """Torch's own files are zip archives that store without compressing; another one may be a bomb, or a program.

    Raises:
        LoadError: it is; files that are no archives pass.
    """
    try:
        if not zipfile.is_zipfile(path):
            return
        members = zipfile.ZipFile(path).infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise LoadError(f"{path.name} is damaged; copy it again from its source.", "damaged", str(error)) from None
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise LoadError(f"{path.name} is a compressed archive, which torch never writes; it is not opened.", "hostile")
    if sum(member.file_size for member in members) > path.stat().st_size:
        raise LoadError(f"{path.name} claims to hold more than it is long; it is not opened.", "hostile")
    if any(re.search(r"/code/|constants\.pkl$|/archive_format$", member.filename) for member in members):
        raise LoadError(
            f"{path.name} is a TorchScript or .pt2 archive, which is a program; save the state dict instead.", "program"
        )


def _pickle_refused(path: Path, error: Exception, line: str) -> LoadError:
    """Name the foreign class where that is why, and the line that resaves the file."""
    foreign = re.search(r"(?:GLOBAL|global|class) ([\w.]+)", str(error))
    if "weights_only" in str(error) and foreign:
        return LoadError(
            f"{path.name} holds an object of class {foreign.group(1)}, and opening it could run code; resave it with {line}.",
            "foreign_class",
            str(error),
        )
    if "weights_only" in str(error):
        return LoadError(
            f"{path.name} is not a state dict as torch saves them, and opening it could run code; resave it with {line}.",
            "foreign_class",
            str(error),
        )
    return LoadError(f"{path.name} is damaged, or not a file of torch; copy it again from its source.", "damaged", str(error))


def sha256_of(folder: Path, files: Iterable[Path]) -> str:
    """Over the sorted (relative path, sha256) of the files read."""
    total = hashlib.sha256()
    for path in sorted(set(files)):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\0{digest}\n".encode())
    return total.hexdigest()
