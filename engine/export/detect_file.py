"""What the cell detective found: as strict JSON in the keys of the command line, and as a table."""

import csv
import io
from typing import Any

from engine import VERSION
from engine.detective import Controls, DetectResult, EffectResult, Finding, NullInfo, Place, UnitScore
from engine.export.csv_file import guarded
from engine.export.json_file import SCHEMA, strict
from engine.usage_verdict import is_used

COLUMNS = (
    *("hypothesis", "rank", "layer", "index", "direction", "gate", "auc", "auc_holdout", "sign", "holds", "threshold"),
    *("f1", "f1_holdout", "correlation", "rank_correlation", "p_value", "p_family", "interpretable"),
)
_EXAMPLES = 3  # of each kind


def detect_to_json(result: DetectResult, ablation: EffectResult | None = None) -> str:
    """As ``detect`` prints it: the whole hypothesis, and under ``parts`` its alternatives and named groups by themselves.

    ``ablation``: what holding cells of it did, as ``--ablate`` adds it.
    """
    beside = {} if ablation is None else {"ablation": ablation_as_dict(ablation)}
    return strict(detect_as_dict(result) | beside)


def ablation_as_dict(result: EffectResult) -> dict[str, Any]:
    """The key ``ablation``; losses in nats."""
    effect, request = result.effect, result.request
    return {
        "pattern": result.pattern,
        "cells": [
            {"layer": cell.layer, "index": cell.index, "direction": cell.direction, "held_at": value}
            for cell, value in zip(effect.cells, effect.held_at, strict=True)
        ],
        "how": request.how,
        "files": effect.files,
        "positions": {"matches": effect.matches, "others": effect.others},
        "loss": {"matches": effect.loss_at_matches, "others": effect.loss_at_others},
        "change": {"matches": effect.change_at_matches, "others": effect.change_at_others},
        "effect": effect.effect,
        "interval_95": None if effect.interval is None else list(effect.interval),
        "random": {"sets": len(effect.random_effects), "effects": effect.random_effects.tolist(), "p_value": effect.p_value},
        "used": is_used(effect),
        "seed": request.seed,
        "cost": {"seconds": round(result.cost.seconds, 4), "device": result.cost.device},
    }


def detect_as_dict(result: DetectResult) -> dict[str, Any]:
    """The keys of ``detect``."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "model": {"path": result.model.path, "task": result.model.task, "sha256": result.model.sha256},
        "corpus": {name: getattr(result.corpus, name) for name in ("sha256", "files", "characters")},
        "positions": result.corpus.positions,
        **_finding(result.whole),
        "parts": [_finding(part) for part in result.findings[1:]],
        "patterns_tried": result.patterns_tried,
        "units_scanned": result.units_scanned,
        "holdout": result.request.holdout,
        "rows": None if result.rows is None else dict(zip(("ranking", "testing"), result.rows, strict=True)),
        "seed": result.request.seed,
        "cost": {"seconds": round(result.cost.seconds, 4), "device": result.cost.device},
        "warnings": [notice.message for notice in result.warnings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "pattern": finding.pattern,
        "matches": finding.matches,
        "graded": finding.graded,
        "interpretable": len(finding.interpretable),
        "units": [_unit(unit) for unit in finding.units],
        "null": _null(finding.null),
        "controls": _controls(finding.controls),
    }


def _unit(unit: UnitScore) -> dict[str, Any]:
    return {
        "layer": unit.cell.layer,
        "index": unit.cell.index,
        "direction": unit.cell.direction,
        "gate": unit.quantity,
        "auc": unit.auc,
        "sign": unit.sign,
        "auc_holdout": unit.auc_holdout,
        "holds": unit.holds,
        "correlation": unit.correlation,
        "rank_correlation": unit.rank_correlation,
        "threshold": unit.threshold,
        "f1": unit.f1,
        "f1_holdout": unit.f1_holdout,
        "p_value": unit.p_value,
        "p_family": unit.p_family,
        "interpretable": unit.interpretable,
        "examples": _examples(unit.evidence.places) if unit.evidence else [],
    }


def _examples(places: tuple[Place, ...]) -> list[dict[str, Any]]:
    kinds = dict.fromkeys(place.kind for place in places)
    chosen = [place for kind in kinds for place in [p for p in places if p.kind == kind][:_EXAMPLES]]
    return [{name: getattr(place, name) for name in Place.__slots__} for place in chosen]


def _null(null: NullInfo | None) -> dict[str, Any] | None:
    return None if null is None else {"method": null.method, "shifts": null.shifts, "auc_max_95": null.auc_max_95}


def _controls(controls: Controls | None) -> dict[str, Any] | None:
    if controls is None:
        return None
    return {name: getattr(controls, name) for name in Controls.__slots__} | {"untrained_n": len(controls.untrained_draws)}


def detect_to_csv(result: DetectResult) -> bytes:
    """One row per ranked unit, the whole hypothesis first, then its parts; what is not known is empty."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for finding in result.findings:
        for rank, unit in enumerate(finding.units, start=1):
            known = {"hypothesis": guarded(finding.pattern), "rank": rank} | _unit(unit)
            writer.writerow([_cell(known[name]) for name in COLUMNS])
    return written.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: object) -> object:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value
