"""Weights as Keras 1 and 2 save them: an HDF5 file with a group for each layer, and lists of names that give the order."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor

from engine.errors import LoadError
from engine.models.hdf5 import DamagedError, ForeignError, Hdf5, Node

LayerWeights = Mapping[str, Tensor]


def read_keras_layers(path: Path) -> dict[str, LayerWeights]:
    """The tensors of every layer that has any, by the layer's name and in Keras's order; names as Keras has them.

    Raises:
        LoadError: no HDF5 file, damaged, hostile, or not Keras's.
    """
    try:
        with path.open("rb") as file:
            layers = dict(_layers(path, Hdf5(file, path.stat().st_size)))
    except DamagedError as error:
        raise LoadError(
            f"{path.name} is damaged, or no file of Keras's weights; copy it again from its source.", "damaged", str(error)
        ) from None
    except ForeignError as error:
        raise LoadError(
            f"{path.name} holds {error}, which Keras's weights never do; save them again with Keras's save_weights.",
            "foreign",
        ) from None
    if not layers:
        raise LoadError(f"{path.name} holds no weights; save them again with Keras.", "no_weights")
    return layers


def _layers(path: Path, file: Hdf5) -> Iterator[tuple[str, LayerWeights]]:
    root = file.root()
    names = root.names("layer_names")
    if names is None:  # a whole model keeps its weights in a group
        root = root.child("model_weights") or root
        names = root.names("layer_names")
    if names is None:
        raise LoadError(
            f"{path.name} is an HDF5 file without the list of layers that Keras 1 and 2 write; of such files only textgenrnn's "
            "weights are read, so save those of other models as a recurrent folder.",
            "refused_format",
        )
    left = file.size
    for layer in names:
        group = _there(root, layer)
        weights: dict[str, Tensor] = {}
        for name in group.names("weight_names") or ():
            weights[name] = torch.from_numpy(_there(group, name).array(left))
            left -= weights[name].nbytes  # arrays that lie on one another are not believed twice
        if weights:
            yield layer, weights


def _there(group: Node, name: str) -> Node:
    found = group.child(name)
    if found is None:
        raise DamagedError(f"there is no {name}")
    return found
