"""What was captured of attention, as files: NumPy arrays, or JSON with the same names."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine import VERSION
from engine.attention_maps import AttentionFile, AttentionResult, GeneratedToken, History, Patches
from engine.errors import UserError
from engine.export.json_file import SCHEMA, cost_as_dict, image_as_dict, input_as_dict, shortest, strict

_MOST_WRITTEN_OUT = 5_000_000  # numbers in digits


def attention_to_npz(file: AttentionFile) -> bytes:
    """``patterns`` (layer, head, query, key), of an encoder-decoder ``encoder_patterns``, ``decoder_patterns`` and
    ``cross_patterns``; ``generated_patterns`` (step, layer, head, key); ``history_patterns`` (step, max_length); ``meta``.

    What was generated has the steps of a history; those that chose the prompt's own tokens begin with ``prompt_``. Where
    nothing was generated, the prompt's steps are all there is. ``meta`` (uint8) holds UTF-8 JSON with everything else.
    """
    meta = json.dumps(json.loads(strict(_about(file)))).encode("ascii")
    written = io.BytesIO()
    arrays: dict[str, Any] = {**_arrays(file), "meta": np.frombuffer(meta, dtype=np.uint8)}
    np.savez(written, allow_pickle=False, **arrays)  # not compressed: such numbers hardly shrink
    return written.getvalue()


def attention_to_json(file: AttentionFile) -> bytes:
    """The same names as nested lists; null where a step could not see a key.

    Raises:
        UserError: more numbers than anybody reads in digits.
    """
    arrays = _arrays(file)
    numbers = sum(values.size for values in arrays.values())
    if numbers > _MOST_WRITTEN_OUT:
        raise UserError(
            f"These are {numbers:,} numbers, too many for digits; choose a layer and head, or write a file ending in .npz.",
            "too_many",
        )
    known = _about(file) | {name: _written_out(values) for name, values in arrays.items()}
    return strict(known).encode("utf-8", "backslashreplace")


ATTENTION_KINDS: Mapping[str, Callable[[AttentionFile], bytes]] = {".json": attention_to_json, ".npz": attention_to_npz}


def _arrays(file: AttentionFile) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {
        "patterns" if name == "self" else f"{name}_patterns": values for name, values in file.patterns.items()
    }
    if file.generated is not None:
        arrays["generated_patterns"] = file.generated
    for prefix, steps, history in _histories(file.attention):
        for name in ("patterns", "positions", "contributions", "bias", "logit"):
            arrays[f"{prefix}_{name}"] = getattr(history, name)[steps]
    return arrays


def _histories(result: AttentionResult) -> list[tuple[str, slice, History]]:
    """A history under the names of its two parts: what chose each token of the prompt, and what chose those that follow."""
    if result.history is None:
        return []
    prompt = len(result.history.patterns) - len(result.generated)
    parts = (
        [("prompt_history", slice(prompt)), ("history", slice(prompt, None))] if result.generated else [("history", slice(None))]
    )
    return [(name, steps, result.history) for name, steps in parts]


def _written_out(values: np.ndarray) -> Any:
    """What is not there is null, and no accident that a warning would have to name."""
    if values.ndim > 1:
        return [_written_out(row) for row in values]
    if values.dtype.kind != "f":
        return values.tolist()
    return [None if value != value else value for value in shortest(values)]


def _about(file: AttentionFile) -> dict[str, Any]:
    result, generation = file.attention, file.attention.request.generation
    given = (*result.input.tokens,) if result.decoder_input is None else (*result.decoder_input.tokens,)
    patches = result.patches
    read = (
        {"input": input_as_dict(result.input, result.model.reads_pairs)}
        if patches is None
        else {"input": image_as_dict(patches.read, result.request.input), "grid": grid_as_dict(patches)}
    )
    history = {f"{prefix}_tokens": history.tokens[steps] for prefix, steps, history in _histories(result)}
    decoder = {} if result.decoder_input is None else {"decoder_input": input_as_dict(result.decoder_input, False)}
    checked = result.verification
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
        **read,
        **decoder,
        "tokens": [token.text or token.piece for token in given],
        "prompt_tokens": result.prompt,
        "layer": file.request.layer,
        "head": file.request.head,
        "generation": {
            "tokens": generation.tokens,
            "temperature": generation.temperature,
            "top_k": generation.top_k,
            "top_p": generation.top_p,
            "seed": generation.seed,
            "checkpoint": generation.checkpoint,
        },
        "generated": [_step(token) for token in result.generated],
        "alternatives": [_step(token)["alternatives"] for token in result.generated],
        **history,
        "verification": None if checked is None else {"rows": checked.rows, "largest_difference": checked.largest_difference},
        "cost": cost_as_dict(result.cost),
        "warnings": [notice.message for notice in result.warnings],
    }


def grid_as_dict(patches: Patches) -> dict[str, Any]:
    """Where patches lie: of ``tokens``, those from ``first`` on, row by row; ``crop`` in the picture's pixels holds them."""
    return {"rows": patches.rows, "columns": patches.columns, "first": patches.first, "crop": list(patches.crop)}


def _step(token: GeneratedToken) -> dict[str, Any]:
    return {
        "text": token.text,
        "index": token.index,
        "probability": token.probability,
        "forced": token.forced,
        "alternatives": [{"text": a.text, "index": a.index, "probability": a.probability} for a in token.alternatives],
    }
