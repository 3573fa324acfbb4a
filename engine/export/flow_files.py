"""Gradient flow as files: every number as JSON, a tidy table, NumPy arrays. One entry each, for command line and window."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.export.csv_file import guarded
from engine.export.json_file import cost_as_dict, question_as_dict, strict
from engine.export.registry import Kind
from engine.flow import GradientFlowResult, LayerFlow, StepFlow
from engine.results import FloatArray

COLUMNS = ("kind", "name", "type", "call", "layer", "direction", "position", "text", "piece", "norm", "activation_norm")
_DIGITS = 9  # significant: norms are float64, what they are norms of is float32


def flow_as_dict(result: GradientFlowResult) -> dict[str, Any]:
    """The keys of ``gradient-flow``. ``ratio``: a layer's norm by that of the layer after it."""
    return {
        **question_as_dict(result.model, result.prediction, result.target),
        "layers": [_layer(layer, ratio) for layer, ratio in zip(result.layers, result.ratios, strict=True)],
        "recurrent": [_flow(flow) for flow in result.recurrent],
        "cost": cost_as_dict(result.cost),
        "warnings": [notice.message for notice in result.warnings],
    }


def _layer(layer: LayerFlow, ratio: float | None) -> dict[str, Any]:
    return {
        "name": layer.name,
        "type": layer.type,
        "call": layer.call,
        "norm": _short(layer.norm),
        "activation_norm": _short(layer.activation_norm),
        "ratio": None if ratio is None else _short(ratio),
        "per_position": _row(layer.per_position),
        "activation_per_position": _row(layer.activation_per_position, beyond=None),
    }


def _flow(flow: StepFlow) -> dict[str, Any]:
    steps = {"hidden_state": _row(flow.hidden_state)}
    if flow.cell_state is not None:
        steps["cell_state"] = _row(flow.cell_state)
    return {"module": flow.module, "kind": flow.kind, "layer": flow.layer, "direction": flow.direction, "per_step": steps}


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _row(values: FloatArray | None, beyond: float | None = np.nan) -> list[float | None] | None:
    """``beyond``: what stands for positions that were not computed, which is NaN here and no accident."""
    if values is None:
        return None
    return [beyond if value != value else _short(value) for value in values.tolist()]


def to_json(result: GradientFlowResult) -> bytes:
    """As ``gradient-flow`` prints it."""
    return strict(flow_as_dict(result)).encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's own \ud800


def to_csv(result: GradientFlowResult) -> bytes:
    """One row for each layer as a whole, for each of its positions, and for each state of recurrent layers at each step.

    Texts are guarded as in a map's table (see ``engine.export.csv_file``); what is not a number is empty.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(result):
        writer.writerow(["" if value is None or value != value else value for value in row])
    return written.getvalue().encode("utf-8", "backslashreplace")


def _rows(result: GradientFlowResult) -> Iterator[tuple[Any, ...]]:
    tokens = [(at, guarded(token.text), guarded(token.piece)) for at, token in enumerate(result.tokens)]
    for layer in result.layers:
        named = (layer.name, layer.type, layer.call, None, None)
        yield "layer", *named, None, None, None, _short(layer.norm), _short(layer.activation_norm)
        if layer.per_position is not None:
            active = layer.activation_per_position if layer.activation_per_position is not None else layer.per_position * np.nan
            for token, norm, own in zip(tokens, layer.per_position.tolist(), active.tolist(), strict=True):
                yield "position", *named, *token, _short(norm), _short(own)
    for flow in result.recurrent:
        for state, values in (("hidden_state", flow.hidden_state), ("cell_state", flow.cell_state)):
            for token, norm in zip(tokens, () if values is None else values.tolist(), strict=values is not None):
                yield state, flow.module, flow.kind, 0, flow.layer, flow.direction, *token, _short(norm), None


def to_npz(result: GradientFlowResult) -> bytes:
    """``norm``, ``activation_norm`` (layer,), ``per_position``, ``activation_per_position`` (layer, seq; NaN where a layer has
    no positions), ``hidden_state``, ``cell_state`` (recurrent layer and direction, seq), the tokens' numbers, and ``meta``.

    ``meta`` (uint8) holds UTF-8 JSON with the keys of ``gradient-flow`` but for the arrays.
    """
    nothing = np.full(len(result.tokens), np.nan)
    rows = [layer.activation_per_position for layer in result.layers]
    arrays: dict[str, Any] = {
        "norm": np.array([layer.norm for layer in result.layers]),
        "activation_norm": np.array([layer.activation_norm for layer in result.layers]),
        "per_position": result.per_position,
        "activation_per_position": np.stack([nothing if row is None else row for row in rows]),
        "token_ids": np.array([token.id for token in result.tokens], dtype=np.int64),
        "start": np.array([token.start for token in result.tokens], dtype=np.int64),
        "end": np.array([token.end for token in result.tokens], dtype=np.int64),
        "special": np.array([token.special for token in result.tokens], dtype=np.bool_),
        "meta": _meta(result),
    }
    if result.recurrent:
        cells = [nothing if flow.cell_state is None else flow.cell_state for flow in result.recurrent]
        arrays |= {"hidden_state": result.per_step, "cell_state": np.stack(cells)}
    written = io.BytesIO()
    np.savez_compressed(written, allow_pickle=False, **arrays)
    return written.getvalue()


def _meta(result: GradientFlowResult) -> np.ndarray:
    known = flow_as_dict(result)
    for layer in known["layers"]:
        del layer["per_position"], layer["activation_per_position"]
    for flow in known["recurrent"]:
        flow["per_step"] = list(flow["per_step"])
    return np.frombuffer(json.dumps(json.loads(strict(known))).encode("ascii"), dtype=np.uint8)


FLOW_KINDS: dict[str, Kind[GradientFlowResult]] = {
    kind.suffix: kind
    for kind in (
        Kind(".json", "JSON with every number", to_json),
        Kind(".csv", "Table, one row per layer, position and step", to_csv),
        Kind(".npz", "NumPy arrays", to_npz),
    )
}
