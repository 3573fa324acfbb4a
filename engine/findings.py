"""Maps worth keeping: each with its request, its numbers, the model it came from, a time and a note. One JSON document."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from engine import VERSION
from engine.plain import as_plain, from_plain
from engine.results import AttributionResult

SCHEMA = 1
LONGEST_NOTE = 100_000
_LONGEST_ID = 64


class NewerSchema(ValueError):
    """Written by a later version: what can be read is shown, nothing is written."""


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """``pinned_at``: ISO 8601, in UTC. The result holds the request, the model's path and sha256, and every number."""

    id: str
    pinned_at: str
    note: str
    result: AttributionResult


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document held; ``damaged`` says of each finding that cannot be used what is wrong with it."""

    findings: tuple[Finding, ...]
    damaged: tuple[str, ...] = ()
    newer: bool = False


def pinned(result: AttributionResult, note: str = "", when: datetime | None = None) -> Finding:
    """A new finding. Of the model only what identifies it is kept, not its list of layers."""
    slim = replace(result, model=replace(result.model, layers=(), recurrent=()))
    time = (when or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    return Finding(uuid4().hex, time, note, slim)


def time_of(finding: Finding) -> datetime:
    """When it was pinned, with its time zone."""
    return datetime.fromisoformat(finding.pinned_at)


def to_json(findings: Iterable[Finding], encoded: dict[str, str] | None = None) -> bytes:
    """The whole document, oldest first.

    Args:
        encoded: results by the finding's id, kept from one call to the next: a note changes, its result does not.
    """
    encoded = {} if encoded is None else encoded
    head = _compact({"schema": SCHEMA, "version": VERSION})
    listed = ",\n".join(_written(finding, encoded) for finding in findings)
    return f'{head[:-1]},"findings":[\n{listed}\n]}}\n'.encode("ascii")


def _written(finding: Finding, encoded: dict[str, str]) -> str:
    if finding.id not in encoded:
        encoded[finding.id] = _compact(as_plain(finding.result))
    head = _compact({"id": finding.id, "pinned_at": finding.pinned_at, "note": finding.note})
    return f'{head[:-1]},"result":{encoded[finding.id]}}}'


def _compact(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def from_json(content: bytes) -> Reading:
    """Every finding by itself: one that is damaged does not cost the others.

    Raises:
        ValueError: no document of ours at all.
    """
    try:
        document = json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict) or type(document.get("schema")) is not int or document["schema"] < 1:
        raise ValueError("no document of findings")
    listed = document.get("findings")
    if not isinstance(listed, list):
        raise ValueError("no list of findings")
    read, damaged, ids = [], [], set[str]()
    for at, plain in enumerate(listed):
        try:
            finding = _finding(plain)
        except (ValueError, RecursionError) as error:
            damaged.append(f"finding {at + 1}: {error}")
            continue
        if finding.id not in ids:
            read.append(finding)
            ids.add(finding.id)
    return Reading(tuple(read), tuple(damaged), document["schema"] > SCHEMA)


def _finding(plain: Any) -> Finding:
    finding = from_plain(Finding, plain)
    if not 0 < len(finding.id) <= _LONGEST_ID or len(finding.note) > LONGEST_NOTE:
        raise ValueError("id or note is not usable")
    if time_of(finding).tzinfo is None:
        raise ValueError("pinned_at has no time zone")
    _check(finding.result)
    return finding


def _check(result: AttributionResult) -> None:
    """What types do not say, and what drawing relies on."""
    document = result.prediction.input
    texts = (document.text, document.pair or "")
    if result.values.ndim not in (1, 2) or len(result.values) != len(document.tokens):
        raise ValueError("values do not belong to the tokens")
    for token in document.tokens:
        if token.segment not in (0, 1) or not 0 <= token.start <= token.end <= len(texts[token.segment]):
            raise ValueError("a token lies outside its text")
    for cut, text in ((document.cut, texts[0]), (document.cut_pair, texts[1])):
        if cut is not None and not 0 <= cut[0] <= cut[1] <= len(text):
            raise ValueError("cut lies outside its text")
    if document.text != result.request.input.text or document.pair != result.request.input.pair:
        raise ValueError("the text is not the one that was asked about")
    if not result.prediction.classes:
        raise ValueError("there is no prediction")
    curve = result.path
    if curve is not None and not (curve.alpha.ndim == 1 and curve.alpha.shape == curve.score.shape == curve.slope.shape):
        raise ValueError("the path curve does not fit together")
    if not 0 <= result.progress <= 1:
        raise ValueError("progress is not usable")
