"""Open a path as a model: recognise what it is without running anything found there."""

import shlex
import zipfile
from dataclasses import replace
from pathlib import Path

from engine.errors import LoadError
from engine.jobs import Partial, Steps
from engine.models.files import KERAS_SUFFIXES, check_archive, read_json
from engine.models.model import Model
from engine.models.module_code import ModuleCode, code_of, is_module_folder, require_consent
from engine.models.recurrent_spec import FORMAT
from engine.models.safety import refusals_in_words
from engine.models.training import trainer_checkpoints
from engine.requests import ModuleCodeRequest, OpenModelRequest
from engine.samples import sample_path

REFUSED = {
    ".onnx": "ONNX files hold no gradients to explain with; open the model they were exported from.",
    ".pt2": "A .pt2 file is a program; save the state dict of the model instead.",
    ".keras": "Of Keras files only textgenrnn's weights (.hdf5) are read; save those of other models as a recurrent folder.",
    ".pkl": "A pickle is a program; save the state dict of the model as safetensors.",
    ".pickle": "A pickle is a program; save the state dict of the model as safetensors.",
    ".gguf": "GGUF files are quantised for inference; open the Hugging Face folder they were made from.",
}
DESCRIPTIONS = ("config.json", "model.json")
WEIGHT_SUFFIXES = (".pt", ".pth", ".safetensors", ".bin", ".ckpt", ".tar")
_PARTS_OF_A_FOLDER = ("config.json", "model.json", "model.safetensors", "pytorch_model.bin", "tokenizer.json")


def open_model(request: OpenModelRequest) -> Steps[Model]:
    """Open ``request.path``: a sample's name, a folder, or a file that belongs to one.

    Raises:
        LoadError: what it is and why it cannot be opened, in one sentence; nothing else is ever raised.
    """
    yield Partial(0, 2, doing="Looking at the files")
    place = _place_of(sample_path(request.path))
    yield Partial(1, 2, doing=f"Reading {place.name}")
    with refusals_in_words(place.name):
        model = (yield from _open_module(place, request)) if is_module_folder(place) else _open(place, request)
        if "attribution" in model.info.can:
            _look_for_relus(model)
        return model


def read_code(request: ModuleCodeRequest) -> Steps[ModuleCode]:
    """What a person should read before they consent to running it.

    Raises:
        LoadError: it is not there, or cannot be read.
    """
    yield Partial(0, 1, doing="Reading the code")
    place = _place_of(request.path)
    with refusals_in_words(place.name):
        return code_of(place)


def _open_module(folder: Path, request: OpenModelRequest) -> Steps[Model]:
    """The one kind of model whose own code is run: with consent, and not before it was tried elsewhere."""
    from engine.models.module_trial import try_apart
    from engine.models.python_module import build_module

    require_consent(folder, request.trust)
    yield from try_apart(folder)
    require_consent(folder, request.trust)  # it may have been changed meanwhile
    return build_module(folder, request.device)


def _look_for_relus(model: Model) -> None:
    """Methods that need them are offered where they are."""
    from engine.models.rectifiers import has_relus  # torch, when a model is open

    if has_relus(model):
        model.info = replace(model.info, rectified=True)


def _place_of(name: str) -> Path:
    """The folder of a model named by itself or by one of its files; a file that Keras wrote, itself."""
    try:
        path = Path(name).expanduser()
        if path.is_dir():
            return path.resolve()
        if path.is_file():
            return path.resolve() if path.suffix.lower() in KERAS_SUFFIXES else _folder_of_file(path)
    except (OSError, ValueError, RuntimeError):  # a NUL in the path, a name too long, the home of nobody
        pass
    raise LoadError(f"There is nothing at {name!r}; check the path.", "no_such_path")


def _folder_of_file(path: Path) -> Path:
    if path.suffix.lower() in REFUSED:
        raise LoadError(f"{path.name}: {REFUSED[path.suffix.lower()]}", "refused_format")
    parent = path.resolve().parent
    described = any((parent / name).is_file() for name in DESCRIPTIONS)
    if path.name in _PARTS_OF_A_FOLDER and (described or path.suffix.lower() not in WEIGHT_SUFFIXES):
        return parent
    check_archive(path)
    if zipfile.is_zipfile(path) or path.suffix.lower() in WEIGHT_SUFFIXES:
        raise LoadError(
            f"{path.name} is a bare file of weights, which does not say how they are used; import it first "
            f"(main.py import {shlex.quote(path.name)} DIR).",
            "bare_weights",
        )
    raise LoadError(f"{path.name} is not a model; open a Hugging Face folder or a recurrent folder.", "no_model")


def _open(folder: Path, request: OpenModelRequest) -> Model:
    """The formats import their libraries only when one of them is met."""
    if (folder / "config.json").is_file():
        from engine.models.huggingface import open_huggingface

        return open_huggingface(folder, request)
    if (folder / "model.json").is_file():
        if read_json(folder / "model.json").get("format") == FORMAT:
            from engine.models.recurrent_model import open_recurrent

            return open_recurrent(folder, request)
        raise LoadError(
            f"The model.json in {folder.name} is not of a recurrent folder (its format should be {FORMAT!r}).", "no_model"
        )
    if folder.is_dir() and _is_of_a_trainer(folder):
        from engine.models.huggingface import open_huggingface

        return open_huggingface(folder, request)
    if folder.is_file() or any(path.suffix.lower() in KERAS_SUFFIXES for path in folder.iterdir()):
        from engine.models.textgenrnn import open_textgenrnn

        return open_textgenrnn(folder, request)
    raise LoadError(f"{folder.name} holds no model: there is no config.json and no model.json in it.", "no_model")


def _is_of_a_trainer(folder: Path) -> bool:
    """A run of the Hugging Face Trainer whose last weights were not saved apart."""
    return any((path / "config.json").is_file() for path in trainer_checkpoints(folder).values())
