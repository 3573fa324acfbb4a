"""Weights as Keras writes them into an HDF5 file, read without believing the file.

Of all that HDF5 can do, Keras uses groups, plain arrays and lists of names. Nothing else is followed: no link to another
place or file, no reference, no filter, and no array before its size was held against the file's.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from engine.errors import LoadError

_MOST_NAMES = 10_000
_LONGEST_LIST = 1_000_000  # bytes of a list of names
_FLOATS = (np.float16, np.float32, np.float64)

LayerWeights = Mapping[str, Tensor]


def read_keras_layers(path: Path) -> dict[str, LayerWeights]:
    """The tensors of every layer that has any, by the layer's name and in Keras's order; names as Keras has them, ``:0`` off.

    Raises:
        LoadError: no HDF5 file, damaged, hostile, or not Keras's.
    """
    try:
        with closing(h5py.File(path, "r", locking=False)) as file:
            layers = dict(_layers(path, file))
    except LoadError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # h5py hands on whatever its library says, in nine types
        raise _damaged(path, error) from None
    if not layers:
        raise LoadError(f"{path.name} holds no weights; save them again with Keras.", "no_weights")
    return layers


def _layers(path: Path, file: Any) -> Iterator[tuple[str, LayerWeights]]:
    root = _held(path, file, "model_weights") if "layer_names" not in file.attrs else file  # a whole model, or its weights
    left = path.stat().st_size
    for layer in _names(path, root, "layer_names"):
        group = _held(path, root, layer)
        weights = {}
        for name in _names(path, group, "weight_names"):
            dataset = _held(path, group, name)
            left -= _check(path, name, dataset, left)
            weights[name.removesuffix(":0")] = torch.from_numpy(np.asarray(dataset[()], dtype=dataset.dtype.newbyteorder("=")))
        if weights:
            yield layer, weights


def _held(path: Path, group: Any, name: str) -> Any:
    """What lies in ``group`` under ``name``, a step at a time, by hard links alone."""
    for part in filter(None, name.split("/")):
        if not isinstance(group, h5py.Group) or part in (".", ".."):
            raise _damaged(path, f"{name} lies in no group")
        link = group.get(part, getlink=True)
        if link is None:
            raise LoadError(f"{path.name} holds no “{name}”, so it is damaged or not of Keras; copy it again.", "damaged")
        if not isinstance(link, h5py.HardLink):
            raise LoadError(
                f"{path.name} points elsewhere for its “{name}”, which Keras never does; it is not opened.", "hostile"
            )
        group = group[part]
    return group


def _names(path: Path, group: Any, attribute: str) -> list[str]:
    """A list of names, as Keras keeps it beside a group."""
    if not isinstance(group, h5py.Group) or attribute not in group.attrs:
        raise LoadError(
            f"{path.name} is an HDF5 file without the list of layers that Keras 1 and 2 write; of such files only textgenrnn's "
            "weights are read, so save those of other models as a recurrent folder.",
            "refused_format",
        )
    kept = group.attrs.get_id(attribute)
    if len(kept.shape) != 1 or kept.shape[0] > _MOST_NAMES or kept.shape[0] * kept.dtype.itemsize > _LONGEST_LIST:
        raise LoadError(f"{path.name} claims a list of names that no model has; it is not opened.", "bounds")
    if kept.shape[0] == 0:
        return []
    names = [name.decode() if isinstance(name, bytes) else name for name in group.attrs[attribute].tolist()]
    if not all(isinstance(name, str) for name in names):
        raise _damaged(path, f"{attribute} holds no names")
    return names


def _check(path: Path, name: str, dataset: Any, left: int) -> int:
    """The bytes of an array that is what it should be.

    Args:
        left: bytes of the file that no array before has used.
    """
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.newbyteorder("=") not in _FLOATS or len(dataset.shape or ()) > 2:
        raise _damaged(path, f"{name} is no matrix of numbers")
    filters = dataset.id.get_create_plist().get_nfilters()
    if dataset.is_virtual or dataset.external or dataset.chunks is not None or filters:
        raise LoadError(f"{path.name} keeps “{name}” in a way Keras never does; save the weights again with Keras.", "hostile")
    claimed: int = math.prod(dataset.shape) * dataset.dtype.itemsize
    if claimed > min(left, dataset.id.get_storage_size()):
        raise LoadError(f"{path.name} claims more for “{name}” than it holds; it is cut short or hostile.", "hostile")
    return claimed


def _damaged(path: Path, why: object) -> LoadError:
    return LoadError(f"{path.name} is damaged, or no HDF5 file as Keras writes them; copy it again.", "damaged", str(why))
