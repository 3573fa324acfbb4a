"""The files of a Hugging Face folder: config.json, tokenizer, and the network they describe. No code in them is run."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is imported, whatever it was

import torch
import transformers
from torch import nn
from transformers import (
    CONFIG_MAPPING,
    MODEL_FOR_CAUSAL_LM_MAPPING,
    MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING,
    MODEL_FOR_MASKED_LM_MAPPING,
    MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING,
    MODEL_MAPPING,
    AutoTokenizer,
)

from engine.devices import available_memory
from engine.errors import LoadError
from engine.models.files import Weights, read_json
from engine.models.model import not_finite
from engine.models.safety import bounded_modules, check_bounds
from engine.results import Notice, ProblemType, Task

logging: Any = transformers.utils.logging
logging.set_verbosity_error()
logging.disable_progress_bar()

_HEADS: tuple[tuple[str, Task, Any], ...] = (  # how the name of an architecture ends, and what it then does
    ("ForSequenceClassification", "text_classification", MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING),
    ("ForImageClassification", "image_classification", MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING),
    ("ForImageClassificationWithTeacher", "image_classification", MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING),
    ("ForMaskedLM", "masked_lm", MODEL_FOR_MASKED_LM_MAPPING),
    ("ForCausalLM", "causal_lm", MODEL_FOR_CAUSAL_LM_MAPPING),
    ("LMHeadModel", "causal_lm", MODEL_FOR_CAUSAL_LM_MAPPING),
    ("ForConditionalGeneration", "seq2seq_lm", MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING),
    ("Model", "encoder", MODEL_MAPPING),
)
_TOKENIZER_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model"),
)
_NEVER = (
    *("attn_implementation", "experts_implementation", "kernel_config", "kernels", "auto_map", "_name_or_path"),
    *("fusion_config", "_file"),
    *("custom_pipelines", "transformers_weights", "output_attentions", "output_hidden_states", "return_dict"),
    *("gradient_checkpointing", "distributed_config", "compression_config"),
)

_OF_NO_CONSEQUENCE = {  # to what is computed; the labels and the task are those of the model that is open
    *("transformers_version", "dtype", "torch_dtype", "use_cache", "architectures", "label2id", "id2label", "problem_type"),
}


def build_config(described: Mapping[str, Any]) -> tuple[Any, list[Notice]]:
    """A config of the library's own class, without the keys that reach for code or kernels."""
    model_type = described.get("model_type")
    if not isinstance(model_type, str) or model_type not in CONFIG_MAPPING:
        why = " It names code of its own, which is never run." if "auto_map" in described else ""
        raise LoadError(f"The model type {model_type!r} is not one of the installed library's.{why}", "unknown_model_type")
    if described.get("quantization_config") is not None:
        raise LoadError("This model is quantised; open the version it was made from.", "quantised")
    notices = []
    if "auto_map" in described:
        notices.append(
            Notice(f"config.json names code of its own; it was ignored, and the library's own {model_type} is used.", "auto_map")
        )
    values = _sanitised(described)
    values.pop("model_type")
    try:
        return CONFIG_MAPPING[model_type](**values), notices
    except Exception as error:  # whatever a config class makes of hostile values
        raise LoadError(
            f"config.json does not describe a {model_type} model that can be built.", "bad_config", str(error)
        ) from None


def differences(config: Any, other: Any) -> list[str]:
    """What two configs do not agree on, as far as it can change an answer."""
    ours, theirs = config.to_dict(), other.to_dict()
    return sorted(key for key in {*ours, *theirs} - _OF_NO_CONSEQUENCE if ours.get(key) != theirs.get(key))


def _sanitised(described: Mapping[str, Any]) -> dict[str, Any]:
    """``described`` without the keys in ``_NEVER``, at any depth, and with every size believable."""
    clean: dict[str, Any] = {}
    for key, value in described.items():
        if key in ("id2label", "label2id"):
            check_bounds(labels=len(value) if isinstance(value, Mapping) else 0)
            clean[key] = value
        elif not any(word in key for word in _NEVER):
            clean[key] = _sanitised_value(key, value)
    return clean


def _sanitised_value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return _sanitised(value)
    if isinstance(value, list):
        return [_sanitised_value(key, inner) for inner in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        _check_size(key, value)
    return value


def _check_size(key: str, value: int | float) -> None:
    """By the words of which the libraries make the names of their sizes."""
    size = int(min(value, 10**18)) if value == value else 0  # NaN is left to the library
    if key.endswith("vocab_size"):
        check_bounds(vocabulary=size)
    elif key == "num_labels":
        check_bounds(labels=size)
    elif "position" in key or "n_ctx" in key:
        check_bounds(positions=size)
    elif any(word in key for word in ("layer", "block", "group", "depth")):
        check_bounds(layers=size)
    elif any(word in key for word in ("hidden", "embd", "d_model", "dim", "embedding_size", "heads", "intermediate", "ff")):
        check_bounds(hidden=size)


def network_class(described: Mapping[str, Any], config: Any) -> tuple[str, Task, Any]:
    """The class the config's first architecture names, if it is one that is opened, and its task."""
    architectures = described.get("architectures")
    name = str(architectures[0]) if isinstance(architectures, list) and architectures else ""
    for suffix, task, mapping in _HEADS:
        if name.endswith(suffix) and type(config) in mapping:
            return name, task, _named_class(mapping[type(config)], name)
    raise LoadError(
        f"This is a {name or config.model_type + ' whose config.json names no architecture'}; Neuroloupe opens text classifiers, "
        "causal, masked and encoder-decoder language models, image classifiers, and bare encoders.",
        "task",
    )


def _named_class(known: Any, name: str) -> Any:
    """Of several, such as DeiT's, the one of that name."""
    if not isinstance(known, tuple):
        return known
    return next((each for each in known if each.__name__ == name), known[0])


def labels_of(config: Any) -> tuple[str, ...]:
    """Of a classifier's outputs, in their order; a regression has none."""
    if problem_type_of(config) == "regression":
        return ()
    return tuple(str(config.id2label.get(i, f"LABEL_{i}")) for i in range(config.num_labels))


def problem_type_of(config: Any) -> ProblemType:
    """A single output is a regressed value."""
    known: dict[str, ProblemType] = {"multi_label_classification": "multi_label", "regression": "regression"}
    return known.get(config.problem_type or "", "regression" if config.num_labels == 1 else "single_label")


def notices_of_labels(network: Any) -> list[Notice]:
    """What is to be said of the names of the classes."""
    labels = [str(label) for label in network.config.id2label.values()]
    return [Notice("Two classes have the same label; name them by index:N.", "labels")] if len(set(labels)) < len(labels) else []


def notices_of_weights(network: nn.Module, weights: Weights) -> list[Notice]:
    """What is to be said of the numbers in the file."""
    notices = []
    broken = not_finite(network)
    if broken:
        notices.append(Notice(f"{named(broken)} not finite (NaN or infinity): the file is damaged.", "not_finite", True))
    if weights.dtype not in ("float32", "float64"):
        notices.append(Notice(f"Stored as {weights.dtype}, computed in float32.", "dtype"))
    return notices


def count_parameters(network_type: Any, config: Any) -> int:
    """How many numbers the model would hold, without allocating one."""
    try:
        with torch.device("meta"), bounded_modules():
            network = network_type(config)
    except LoadError:
        raise
    except Exception as error:  # sizes that do not divide, unknown activations …
        raise LoadError(
            "config.json describes a model that cannot be built.", "bad_config", f"{type(error).__name__}: {error}"
        ) from None
    return sum(p.numel() for p in network.parameters())


def check_fits(parameters: int, weights: Weights, device: torch.device) -> None:
    """Refuse, before allocating, a model whose weights are mostly not there, or that memory cannot hold."""
    held = sum(tensor.numel() for tensor in weights.tensors.values())
    if held < parameters / 2:
        raise LoadError(
            f"config.json calls for {parameters:,} parameters, the weights hold {held:,}: they do not belong together.", "misfit"
        )
    free = available_memory(device)
    if free is not None and 4 * parameters > free:
        raise LoadError(
            f"This model needs {4e-9 * parameters:.1f} GB of memory and {1e-9 * free:.1f} GB are free.", "out_of_memory"
        )


def load_network(network_type: Any, config: Any, weights: Weights) -> tuple[nn.Module, list[Notice]]:
    """The network in float32, and what of it is not as it was saved. Missing weights are random, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, report = network_type.from_pretrained(
            None,
            config=config,
            state_dict=dict(weights.tensors),
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,
        )
    for tensor in (*network.parameters(), *network.buffers()):
        tensor.data = tensor.data.clone()  # off the mapped file: rewritten meanwhile, it would take the process down
    mismatched = sorted(key[0] if isinstance(key, tuple) else key for key in report["mismatched_keys"])
    missing, unexpected = sorted(set(report["missing_keys"]) - set(mismatched)), sorted(report["unexpected_keys"])
    notices = []
    if missing:
        notices.append(
            Notice(
                f"{named(missing)} missing in the file and random instead: what the model says means nothing.", "missing", True
            )
        )
    if mismatched:
        notices.append(
            Notice(f"{named(mismatched)} of another shape than config.json says, and random instead.", "mismatched", True)
        )
    if unexpected:
        notices.append(Notice(f"{named(unexpected)} in the file but not part of this model.", "unexpected"))
    return network, notices


def named(names: list[str]) -> str:
    """As in: 3 tensors (a, b, …) are."""
    shown = ", ".join(names[:2]) + (", …" if len(names) > 2 else "")
    return f"{len(names)} tensor{'s' if len(names) > 1 else ''} ({shown}) {'are' if len(names) > 1 else 'is'}"


def has_tokenizer(folder: Path) -> bool:
    """Whether any of its files is there."""
    return any((folder / name).is_file() for name in _TOKENIZER_FILES)


def load_tokenizer(folder: Path, described: Mapping[str, Any]) -> tuple[Any, list[Path]]:
    """The tokenizer, read from copies of its files that name no code."""
    files = [folder / name for name in _TOKENIZER_FILES if (folder / name).is_file()]
    if not any(path.name.startswith(("tokenizer.", "vocab", "spiece", "sentencepiece")) for path in files):
        raise LoadError("The folder has no tokenizer (tokenizer.json); copy it from where the model was trained.", "no_tokenizer")
    with tempfile.TemporaryDirectory() as clean:
        (Path(clean) / "config.json").write_text(json.dumps({"model_type": described["model_type"]}))
        for path in files:
            _copy_without_code(path, Path(clean) / path.name)
        try:
            tokenizer = AutoTokenizer.from_pretrained(clean, local_files_only=True, trust_remote_code=False)
        except Exception as error:  # the library raises whatever its parsers raise
            raise LoadError(
                "The tokenizer's files are damaged or incomplete; copy them again.", "bad_tokenizer", str(error)
            ) from None
    if not tokenizer.is_fast:
        raise LoadError(
            "This tokenizer does not tell where its tokens stand in the text; convert it to tokenizer.json.", "slow_tokenizer"
        )
    return tokenizer, files


def _copy_without_code(path: Path, to: Path) -> None:
    if path.name == "tokenizer_config.json":
        to.write_text(json.dumps(_sanitised(read_json(path))), encoding="utf-8")
    else:
        shutil.copyfile(path, to)
