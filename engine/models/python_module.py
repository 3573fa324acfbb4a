"""Python module folders: ``model.json`` names a function that builds a network, its weights, and what it reads and says.

They are code, the one exception to the rule that nothing in a file is run: consent is asked first (``module_code``), and the
code is tried in a process of its own (``module_trial``) before it runs in ours.
"""

import contextlib
import importlib.util
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.devices import available_memory, choose_device, is_out_of_memory
from engine.errors import LoadError, UserError
from engine.inputs.baselines import baselines_of
from engine.inputs.image_baselines import image_baselines_of
from engine.inputs.preprocessing import Preprocessing, preprocessing_of
from engine.models.files import Weights, read_json, read_pickled, read_safetensors
from engine.models.image_model import ImageModel
from engine.models.layer_maps import averaged_layer
from engine.models.model import Encoding, Model, freeze, layers_of, named, notices_of_weights, recurrent_layers_of
from engine.models.module_code import DESCRIPTION, code_of
from engine.models.module_spec import ModuleSpec, read_module_spec
from engine.models.safety import bounded_modules
from engine.models.vocabulary_model import VocabularyModel
from engine.requests import Device
from engine.results import ModelInfo, Notice

SAME = 1e-5  # of the largest output: what two runs may differ by


def build_module(folder: Path, device: Device) -> Model:
    """Run the code in ``folder``, whose consent has been given.

    Raises:
        LoadError: the description, the code or the weights are not what they should be, in one sentence.
    """
    spec = read_module_spec(read_json(folder / DESCRIPTION), folder)
    place = choose_device(device)
    sha256 = code_of(folder).sha256
    network = _built(folder, spec, sha256)
    weights = _weights(folder, spec)
    notices = _fill(network, weights)
    parameters = sum(p.numel() for p in network.parameters())
    if not parameters:
        raise LoadError("The network that the code builds has no weights; there is nothing to explain.", "no_weights")
    free = available_memory(place)
    if free is not None and 4 * parameters > free:
        raise LoadError(f"This model needs {4e-9 * parameters:.1f} GB and {1e-9 * free:.1f} GB are free.", "out_of_memory")
    model = _READS[spec.task](freeze(network.float().to(place)), spec)
    outputs, more = _tried(model, spec)
    labels = spec.labels or tuple(f"class {index}" for index in range(outputs))
    model.info = ModelInfo(
        path=str(folder),
        format="python_module",
        task=spec.task,
        labels=() if spec.problem_type == "regression" else labels,
        problem_type=spec.problem_type,
        parameters=parameters,
        dtype_on_disk=weights.dtype,
        bytes=weights.bytes,
        forecast_bytes=4 * parameters,
        tokenizer=spec.tokeniser if spec.task == "text_classification" else None,
        layers=layers_of(network),
        recurrent=recurrent_layers_of(network),
        attention=None,
        can=("attribution", *(("cells",) if spec.task == "text_classification" and recurrent_layers_of(network) else ())),
        warnings=(*notices, *notices_of_weights(network, weights), *more),
        sha256=sha256,
        baselines=model.own_baselines(),
        maximum_tokens=model.maximum_tokens if isinstance(model, VocabularyModel) else None,
        input_kind="text" if spec.task == "text_classification" else "image",
        architecture=type(network).__name__,
        averaged=averaged_layer(model) if isinstance(model, ImageModel) else None,
        device=str(place),
    )
    return model


class ModuleImageModel(ImageModel):
    """(batch, channels, height, width) -> whatever the folder's network makes of it."""

    network: Any
    preprocessing: Preprocessing

    def __init__(self, network: nn.Module, spec: ModuleSpec) -> None:
        self.network = network
        self.preprocessing = preprocessing_of(spec.preprocessing, spec.channels)

    def own_baselines(self) -> tuple[str, ...]:
        """See ``ModelInfo.baselines``."""
        return image_baselines_of(self.preprocessing)

    def run(self, pixel_values: Tensor) -> Tensor:
        """See ``ImageModel``."""
        return _outputs(lambda: self.network(pixel_values), len(pixel_values))


class ModuleTextModel(VocabularyModel):
    """(batch, seq) token ids -> outputs; what its embedding layer gives is what is attributed to."""

    network: Any

    def __init__(self, network: nn.Module, spec: ModuleSpec) -> None:
        super().__init__(
            network,
            list(spec.vocabulary),
            spec.tokeniser,
            lowercase=spec.lowercase,
            padding=spec.padding,
            unknown=spec.unknown,
            maximum_tokens=spec.maximum_tokens,
        )
        self._embedding = _embedding_of(network, spec.embedding)
        if self._embedding.num_embeddings < len(spec.vocabulary):
            words = f"The vocabulary has {len(spec.vocabulary):,} entries, the embedding {self._embedding.num_embeddings:,}"
            raise LoadError(f"{words}: they do not belong together.", "misfit")

    def own_baselines(self) -> tuple[str, ...]:
        """See ``ModelInfo.baselines``."""
        return baselines_of(set(self.substitutes))

    def embed(self, ids: Tensor) -> Tensor:
        """See ``TextModel``."""
        embedded: Tensor = self._embedding(ids)
        return embedded

    def run_tokens(self, ids: Tensor) -> Tensor:
        """See ``TextModel``."""
        return _outputs(lambda: self.network(ids), len(ids))

    def logits(self, embeddings: Tensor, encoding: Encoding, position: int | None = None) -> Tensor:
        """See ``TextModel``: the network runs on the ids, but that its embedding layer gives ``embeddings``."""
        ids = encoding.ids.expand(len(embeddings), -1)

        def given(_module: nn.Module, _inputs: Any, output: Tensor) -> Tensor:
            if output.shape != embeddings.shape:
                words = "The network embeds its tokens in another order than (batch, tokens); let it read them so."
                raise UserError(words, "bad_description")
            return embeddings

        handle = self._embedding.register_forward_hook(given)
        try:
            return _outputs(lambda: self.network(ids), len(ids))
        finally:
            handle.remove()


_READS: dict[str, Callable[[nn.Module, ModuleSpec], "ModuleImageModel | ModuleTextModel"]] = {
    "image_classification": ModuleImageModel,
    "text_classification": ModuleTextModel,
}


def _embedding_of(network: nn.Module, name: str | None) -> nn.Embedding:
    """The layer called ``name``; else the only one there is.

    Raises:
        LoadError: there is none of that name, or not exactly one.
    """
    found = {each: module for each, module in network.named_modules() if isinstance(module, nn.Embedding)}
    if name is not None:
        if name not in found:
            known = ", ".join(found) or "none"
            raise LoadError(
                f"model.json: embedding names {name!r}; the network's embedding layers are {known}.", "bad_description"
            )
        return found[name]
    if len(found) != 1:
        words = f"The network has {len(found)} embedding layers; name that of the tokens in model.json (embedding)."
        raise LoadError(words, "bad_description")
    return next(iter(found.values()))


@contextlib.contextmanager
def _code_runs() -> Iterator[None]:
    """What the code prints goes nowhere, since our own output may be read by a program."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


@contextlib.contextmanager
def _imports_from(folder: Path) -> Iterator[None]:
    """Beside the code lies what it imports: as it was shown, not as a compiled copy in there says, and nothing is left there."""
    before = sys.pycache_prefix
    with tempfile.TemporaryDirectory(prefix="neuroloupe-compiled-") as place:
        sys.path.insert(0, str(folder))
        sys.pycache_prefix = place
        try:
            yield
        finally:
            sys.pycache_prefix = before
            if str(folder) in sys.path:
                sys.path.remove(str(folder))


def _built(folder: Path, spec: ModuleSpec, sha256: str) -> nn.Module:
    """Import the file and call its function."""
    name = f"neuroloupe_module_{sha256[:16]}"
    described = importlib.util.spec_from_file_location(name, folder / spec.file)
    assert described is not None  # of a file that ends in .py
    assert described.loader is not None
    module = importlib.util.module_from_spec(described)
    here = set(sys.modules)
    try:
        with _code_runs(), _imports_from(folder), torch.random.fork_rng(devices=[]), bounded_modules():
            torch.manual_seed(0)
            sys.modules[name] = module
            described.loader.exec_module(module)
            build = getattr(module, spec.function, None)
            if not callable(build):
                raise LoadError(
                    f"{spec.file} has no function {spec.function}; model.json names it under build.", "bad_description"
                )
            network = build(**spec.arguments)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise _failed("while it was built", error) from None
    finally:
        _forget(folder, {name, *(set(sys.modules) - here)})
    if not isinstance(network, nn.Module):
        words = f"{spec.build} gives a {type(network).__name__}; it should give a torch.nn.Module."
        raise LoadError(words, "no_module")
    return network


def _forget(folder: Path, names: set[str]) -> None:
    """What was imported from ``folder``: another folder may have files of the same names, and this one may be changed."""
    for name in names:
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and Path(file).is_relative_to(folder):
            del sys.modules[name]


def _weights(folder: Path, spec: ModuleSpec) -> Weights:
    if spec.weights is None:
        return Weights({}, ())
    path = folder / spec.weights
    read = read_safetensors if path.suffix == ".safetensors" else read_pickled
    return Weights(read(path), (path,))


def _fill(network: nn.Module, weights: Weights) -> list[Notice]:
    """Give the network its weights; what is missing stays as it was built, which is random, and said so.

    Raises:
        LoadError: a tensor is of another shape.
    """
    if not weights.files:
        return [Notice("No weights are named in model.json: the network is as its code builds it.", "no_weights")]
    own = network.state_dict()
    other = [name for name, tensor in weights.tensors.items() if name in own and tensor.shape != own[name].shape]
    if other:
        is_, should = tuple(weights.tensors[other[0]].shape), tuple(own[other[0]].shape)
        words = (
            f"The tensor {other[0]} is of the shape {is_} in the file and {should} in the network: they do not belong together."
        )
        raise LoadError(words, "misfit")
    try:
        report = network.load_state_dict(dict(weights.tensors), strict=False)
    except Exception as error:
        raise _failed("while it was given its weights", error) from None
    notices = []
    if report.missing_keys:
        words = (
            f"{named(sorted(report.missing_keys))} missing in the file and as built instead: what the model says means nothing."
        )
        notices.append(Notice(words, "missing", True))
    if report.unexpected_keys:
        notices.append(Notice(f"{named(sorted(report.unexpected_keys))} in the file but not part of this model.", "unexpected"))
    return notices


def _tried(model: Model, spec: ModuleSpec) -> tuple[int, list[Notice]]:
    """How many outputs there are, and what is to be said; on the least that can be read.

    Raises:
        LoadError: it fails on it, answers with something else, or is not differentiable.
    """
    encoding = model.trial()
    try:
        with torch.enable_grad():
            points = model.features(encoding).detach().requires_grad_()
            logits = model.logits(points, encoding)
            (gradient,) = torch.autograd.grad(logits.sum(), points, allow_unused=True) if logits.requires_grad else (None,)
        again = model.logits(points.detach(), encoding)
    except UserError as error:
        raise LoadError(error.message, error.kind, error.detail) from None
    outputs = logits.shape[1]
    if gradient is None:
        raise LoadError("The network's outputs have no gradient in what it reads (is something detached?).", "not_differentiable")
    if spec.labels and len(spec.labels) != outputs:
        raise LoadError(f"model.json: there are {len(spec.labels)} labels for {outputs} outputs.", "bad_description")
    if spec.problem_type != "regression" and outputs == 1:
        raise LoadError(
            "The network has one output; that is a regression (problem_type) or needs two classes.", "bad_description"
        )
    unsteady = float((again - logits.detach()).abs().max()) > SAME * max(1.0, float(again.abs().max()))
    words = "It answers differently each time it is asked (is something random in eval mode?): no number is exact."
    return outputs, [Notice(words, "not_deterministic")] if unsteady else []


def _outputs(call: Callable[[], Any], batch: int) -> Tensor:
    """(batch, n_outputs) of what the network answers.

    Raises:
        UserError: it fails, or answers with something else.
    """
    try:
        with _code_runs():
            answer = call()
    except (Exception, SystemExit) as error:
        ours = type(error).__module__.startswith("engine.")  # a recorder that has seen enough, or a refusal
        if ours or (isinstance(error, Exception) and is_out_of_memory(error)):
            raise
        raise _failed("while it computed", error) from None
    found = _first_tensor(answer)
    if found is None or len(found) != batch or found.dim() not in (1, 2) or not found.is_floating_point():
        shown = type(answer).__name__ if found is None else f"a tensor of the shape {tuple(found.shape)}"
        raise UserError(f"The network answers with {shown}; it should give (batch, outputs) numbers.", "no_outputs")
    return found if found.dim() == 2 else found[:, None]


def _first_tensor(answer: Any) -> Tensor | None:
    """Where networks put their logits."""
    if isinstance(answer, Tensor):
        return answer if answer.dim() else None
    if isinstance(answer, Mapping):
        return _first_tensor(answer.get("logits"))
    if isinstance(answer, (tuple, list)):
        return _first_tensor(answer[0]) if answer else None
    return _first_tensor(answer.logits) if hasattr(answer, "logits") else None


def _failed(when: str, error: BaseException) -> LoadError:
    lines = str(error).strip().splitlines()
    said = f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
    detail = "".join(traceback.format_exception(error))
    return LoadError(f"The model's own code failed {when} ({said}); mend it in its folder.", "module_failed", detail)
