"""What is remembered between two starts: settings (how it looks and computes) and the session (what was typed).

Both are JSON that is read as if a stranger had written it: every field is checked by itself and falls back to its
default; a damaged file is moved aside and named in the log, never overwritten in place.
"""

import json
import logging
import math
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from engine.atomic_file import write_atomically
from engine.inputs.grain import GRAINS
from engine.requests import DEFAULT_METHOD, Grain, Parameter, Reduction, ScoreUnit

log = logging.getLogger(__name__)

VERSION = 1
RECENT_MODELS = 15
RECENT_TEXTS = 20
RECENT_PICTURES = 20
RECENT_DATA = 15
SETTINGS_FILE = "settings.json"
SESSION_FILE = "session.json"
MAXIMUM_BYTES = 64 * 2**20  # more than any session of ours; a file beyond it is not read

ThemeChoice = str
Mode = Literal["overlay", "map", "contours", "mask"]  # how a map lies on its picture
THEMES = ("system", "light", "dark")
Parameters = dict[str, dict[str, Parameter]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """Every field has a default that works; ``geometry`` is x, y, width, height of the window, or nothing."""

    theme: ThemeChoice = "system"
    auto_run: bool = True
    method: str = DEFAULT_METHOD
    parameters: Parameters = field(default_factory=dict)
    score: ScoreUnit = "logit"
    baselines: tuple[str, ...] = ("zero",)
    background: str = ""  # the file that random documents are drawn from
    reduction: Reduction | None = None
    seed: int = 0
    model_panel: bool = True
    method_panel: bool = True
    model_panel_width: int = 280
    method_panel_width: int = 312
    geometry: tuple[int, ...] = ()
    maximised: bool = False
    recent_models: tuple[str, ...] = ()
    grain: Grain = "token"
    path_curve: bool = True
    cells_page: str = "grid"
    cells_sort: str = "index"
    cells_quantity: str = ""
    folder: str = ""  # where the last model was chosen
    save_folder: str = ""
    recent_data: tuple[str, ...] = ()
    data_folder: str = ""
    data_versus: bool = True  # on errors, predicted is explained against true
    picture_folder: str = ""
    image_mode: Mode = "overlay"
    image_blend: float = 0.5
    image_top: float = 0.1
    image_lines: int = 3
    image_grey: bool = True


@dataclass(frozen=True, slots=True)
class Session:
    """What the user typed; never written to a log."""

    text: str = ""
    pair: str = ""
    true: str = ""
    recent_texts: tuple[str, ...] = ()
    picture: str = ""  # its path
    recent_pictures: tuple[str, ...] = ()
    record: str = ""  # {"field": "value"} as JSON
    recent_records: tuple[str, ...] = ()


def with_recent(recent: tuple[str, ...], newest: str, limit: int) -> tuple[str, ...]:
    """``newest`` in front, each once, at most ``limit``."""
    return (newest, *(each for each in recent if each != newest))[:limit]


def _is_int(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_text(value: object, limit: int) -> bool:
    return isinstance(value, str) and len(value) <= limit


def _is_parameter(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, bool) or _is_int(value, -(2**53), 2**53) or _is_text(value, 1000)


def _is_parameters(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(of_method, dict) and all(_is_parameter(each) for each in of_method.values()) for of_method in value.values()
    )


def _are_texts(value: object, count: int, limit: int) -> bool:
    return isinstance(value, tuple) and len(value) <= count and all(_is_text(each, limit) for each in value)


_SETTINGS_CHECKS = {
    "theme": lambda v: v in THEMES,
    "auto_run": lambda v: isinstance(v, bool),
    "method": lambda v: _is_text(v, 200) and v,
    "parameters": _is_parameters,
    "score": lambda v: v in get_args(ScoreUnit),
    "baselines": lambda v: _are_texts(v, 100, 10_000) and v,
    "background": lambda v: _is_text(v, 10_000),
    "reduction": lambda v: v is None or v in get_args(Reduction),
    "seed": lambda v: _is_int(v, 0, 2**31 - 1),
    "model_panel": lambda v: isinstance(v, bool),
    "method_panel": lambda v: isinstance(v, bool),
    "model_panel_width": lambda v: _is_int(v, 260, 320),
    "method_panel_width": lambda v: _is_int(v, 260, 320),
    "geometry": lambda v: isinstance(v, tuple) and len(v) in (0, 4) and all(_is_int(n, -100_000, 100_000) for n in v),
    "maximised": lambda v: isinstance(v, bool),
    "recent_models": lambda v: _are_texts(v, 1000, 10_000),
    "grain": lambda v: v in GRAINS,
    "path_curve": lambda v: isinstance(v, bool),
    "cells_page": lambda v: _is_text(v, 100),
    "cells_sort": lambda v: _is_text(v, 100),
    "cells_quantity": lambda v: _is_text(v, 100),
    "folder": lambda v: _is_text(v, 10_000),
    "save_folder": lambda v: _is_text(v, 10_000),
    "recent_data": lambda v: _are_texts(v, 1000, 10_000),
    "data_folder": lambda v: _is_text(v, 10_000),
    "data_versus": lambda v: isinstance(v, bool),
    "picture_folder": lambda v: _is_text(v, 10_000),
    "image_mode": lambda v: v in get_args(Mode),
    "image_blend": lambda v: _is_share(v),
    "image_top": lambda v: _is_share(v) and v > 0,
    "image_lines": lambda v: _is_int(v, 1, 9),
    "image_grey": lambda v: isinstance(v, bool),
}
_SESSION_CHECKS = {
    "text": lambda v: _is_text(v, MAXIMUM_BYTES),
    "pair": lambda v: _is_text(v, MAXIMUM_BYTES),
    "true": lambda v: _is_text(v, 10_000),
    "recent_texts": lambda v: _are_texts(v, 1000, MAXIMUM_BYTES),
    "picture": lambda v: _is_text(v, 10_000),
    "recent_pictures": lambda v: _are_texts(v, 1000, 10_000),
    "record": lambda v: _is_text(v, 100_000),
    "recent_records": lambda v: _are_texts(v, 1000, 100_000),
}


def load_settings(folder: Path) -> Settings:
    """The settings in ``folder``, each field by itself; defaults for what is missing or wrong."""
    settings = _load(folder / SETTINGS_FILE, Settings(), _SETTINGS_CHECKS)
    return replace(
        settings,
        recent_models=settings.recent_models[:RECENT_MODELS],
        recent_data=settings.recent_data[:RECENT_DATA],
    )


def save_settings(folder: Path, settings: Settings) -> None:
    """Raises: OSError."""
    _save(folder / SETTINGS_FILE, asdict(settings))


def load_session(folder: Path) -> Session:
    """What was typed last."""
    session = _load(folder / SESSION_FILE, Session(), _SESSION_CHECKS)
    return replace(
        session,
        recent_texts=session.recent_texts[:RECENT_TEXTS],
        recent_pictures=session.recent_pictures[:RECENT_PICTURES],
        recent_records=session.recent_records[:RECENT_TEXTS],
    )


def save_session(folder: Path, session: Session) -> None:
    """Raises: OSError."""
    _save(folder / SESSION_FILE, asdict(session))


def _save(path: Path, known: dict[str, Any]) -> None:
    write_atomically(path, json.dumps({"version": VERSION, **known}, ensure_ascii=True, indent=1).encode())


def _load(path: Path, defaults: T, checks: dict[str, Any]) -> T:
    read = _read(path)
    if read is None:
        return defaults
    valid = {}
    for known in fields(defaults):  # type: ignore[arg-type]  # always a dataclass instance
        value = read.get(known.name, getattr(defaults, known.name))
        value = tuple(value) if isinstance(value, list) else value
        if checks[known.name](value):
            valid[known.name] = value
        else:
            log.warning("%s: %s is not usable, the default is used", path.name, known.name)
    return replace(defaults, **valid)  # type: ignore[type-var]


def _read(path: Path) -> dict[str, Any] | None:
    """The object in ``path``; None where there is none, or none of ours."""
    try:
        if not path.exists():
            return None
        if path.stat().st_size > MAXIMUM_BYTES:
            raise ValueError("too large")
        read = json.loads(path.read_bytes())
        if not isinstance(read, dict) or read.get("version") != VERSION:
            raise ValueError("not a file of this version")
    except (OSError, ValueError, RecursionError) as error:
        _move_aside(path, error)
        return None
    return read


def _move_aside(path: Path, error: Exception) -> None:
    aside = path.with_suffix(".damaged.json")
    log.warning("%s cannot be read (%s); kept as %s, defaults are used", path.name, type(error).__name__, aside.name)
    try:
        path.replace(aside)
    except OSError:
        log.warning("%s could not be moved aside", path.name)
