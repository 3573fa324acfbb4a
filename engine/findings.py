"""What is worth keeping: maps with all their numbers, other views with their question and picture, each with a note. One JSON."""

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import uuid4

from engine import VERSION
from engine.heatmaps.wording import title_of
from engine.plain import as_plain, from_plain
from engine.requests import ImageInput, Input, Parameter, Request, Target, TextInput, in_words
from engine.results import AttributionResult, ReadImage, TokenizedText

SCHEMA = 1
LONGEST_NOTE = 100_000
_LONGEST_ID = 64
_FARTHEST = 1e9  # pixels
_REQUESTS: dict[str, Any] = {kind.__name__: kind for kind in get_args(Request)}
_PNG = b"\x89PNG\r\n\x1a\n"


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
class SeenView:
    """What another view than the map had on screen: what was asked, so that it can be asked again, and its picture.

    Args:
        view: the key of the room; ``title`` and ``facts`` are its own words.
        input, target, true: what was on the desk.
        request: as JSON; ``kind`` is the name of its class.
        state: what else was chosen in the view.
        picture: a PNG, in base64.
    """

    view: str
    title: str
    facts: str
    model_path: str
    model_sha256: str
    input: Input
    target: Target
    true: str | None
    kind: str
    request: str
    state: tuple[tuple[str, Parameter], ...]
    picture: str

    def asked(self) -> Request:
        """Raises: ValueError: no request of ours."""
        kind = _REQUESTS.get(self.kind)
        if kind is None:
            raise ValueError(f"{self.kind} is no request that is known")
        request: Request = from_plain(kind, json.loads(self.request))
        return request

    def png(self) -> bytes:
        """Raises: ValueError: no picture."""
        try:
            content = base64.b64decode(self.picture, validate=True)
        except binascii.Error:
            raise ValueError("picture is not usable") from None
        if not content.startswith(_PNG):
            raise ValueError("picture is not usable")
        return content


def request_as_json(request: Request) -> tuple[str, str]:
    """``kind`` and ``request`` of a ``SeenView``."""
    return type(request).__name__, _compact(as_plain(request))


@dataclass(frozen=True, slots=True, eq=False)
class ViewFinding:
    """A view that was pinned; ``pinned_at`` as in ``Finding``."""

    id: str
    pinned_at: str
    note: str
    seen: SeenView


AnyFinding = Finding | ViewFinding


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document held; ``damaged`` says of each finding that cannot be used what is wrong with it."""

    findings: tuple[AnyFinding, ...]
    damaged: tuple[str, ...] = ()
    newer: bool = False


def pinned(result: AttributionResult, note: str = "", when: datetime | None = None) -> Finding:
    """A new finding. Of the model only what identifies it is kept, not its list of layers."""
    slim = replace(result, model=replace(result.model, layers=(), recurrent=()))
    return Finding(uuid4().hex, _stamp(when), note, slim)


def title_and_text(finding: AnyFinding) -> tuple[str, str]:
    """What it answers, and the text it was about."""
    if isinstance(finding, ViewFinding):
        return finding.seen.title, in_words(finding.seen.input)
    return title_of(finding.result), in_words(finding.result.request.input)


def pinned_view(seen: SeenView, note: str = "", when: datetime | None = None) -> ViewFinding:
    """A new finding."""
    return ViewFinding(uuid4().hex, _stamp(when), note, seen)


def _stamp(when: datetime | None) -> str:
    return (when or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")


def time_of(finding: AnyFinding) -> datetime:
    """When it was pinned, with its time zone."""
    return datetime.fromisoformat(finding.pinned_at)


def to_json(findings: Iterable[AnyFinding], encoded: dict[str, str] | None = None) -> bytes:
    """The whole document, oldest first.

    Args:
        encoded: results by the finding's id, kept from one call to the next: a note changes, its result does not.
    """
    encoded = {} if encoded is None else encoded
    head = _compact({"schema": SCHEMA, "version": VERSION})
    listed = ",\n".join(_written(finding, encoded) for finding in findings)
    return f'{head[:-1]},"findings":[\n{listed}\n]}}\n'.encode("ascii")


def _written(finding: AnyFinding, encoded: dict[str, str]) -> str:
    name, value = ("seen", finding.seen) if isinstance(finding, ViewFinding) else ("result", finding.result)
    if finding.id not in encoded:
        encoded[finding.id] = _compact(as_plain(value))
    head = _compact({"id": finding.id, "pinned_at": finding.pinned_at, "note": finding.note})
    return f'{head[:-1]},"{name}":{encoded[finding.id]}}}'


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


def _finding(plain: Any) -> AnyFinding:
    is_view = isinstance(plain, dict) and "seen" in plain
    finding: AnyFinding = from_plain(ViewFinding, plain) if is_view else from_plain(Finding, plain)
    if not 0 < len(finding.id) <= _LONGEST_ID or len(finding.note) > LONGEST_NOTE:
        raise ValueError("id or note is not usable")
    if time_of(finding).tzinfo is None:
        raise ValueError("pinned_at has no time zone")
    if isinstance(finding, ViewFinding):
        finding.seen.asked()
        finding.seen.png()
    else:
        _check(finding.result)
    return finding


def _check(result: AttributionResult) -> None:
    """What types do not say, and what drawing relies on."""
    if isinstance(result.prediction.input, TokenizedText):
        _check_text(result, result.prediction.input)
    else:
        _check_image(result, result.prediction.input)
    if not result.prediction.classes:
        raise ValueError("there is no prediction")
    curve = result.path
    if curve is not None and not (curve.alpha.ndim == 1 and curve.alpha.shape == curve.score.shape == curve.slope.shape):
        raise ValueError("the path curve does not fit together")
    if not 0 <= result.progress <= 1:
        raise ValueError("progress is not usable")


def _check_image(result: AttributionResult, read: ReadImage) -> None:
    given = result.request.input
    if not isinstance(given, ImageInput):
        raise ValueError("it was no picture that was asked about")
    if read.pixels.ndim != 3 or read.pixels.shape[2] != 3 or min(*read.size, *read.shape) < 1:
        raise ValueError("the picture is not usable")
    if result.values.ndim not in (2, 3) or result.values.shape[:2] != read.shape:
        raise ValueError("values do not belong to the pixels")
    left, top, right, bottom = read.crop
    if not (-_FARTHEST < left < right < _FARTHEST and -_FARTHEST < top < bottom < _FARTHEST):
        raise ValueError("the crop is not usable")


def _check_text(result: AttributionResult, document: TokenizedText) -> None:
    given, texts = result.request.input, (document.text, document.pair or "")
    if result.values.ndim not in (1, 2) or len(result.values) != len(document.tokens):
        raise ValueError("values do not belong to the tokens")
    for token in document.tokens:
        if token.segment not in (0, 1) or not 0 <= token.start <= token.end <= len(texts[token.segment]):
            raise ValueError("a token lies outside its text")
    for cut, text in ((document.cut, texts[0]), (document.cut_pair, texts[1])):
        if cut is not None and not 0 <= cut[0] <= cut[1] <= len(text):
            raise ValueError("cut lies outside its text")
    if isinstance(given, TextInput) and (document.text, document.pair) != (given.text, given.pair):
        raise ValueError("the text is not the one that was asked about")
