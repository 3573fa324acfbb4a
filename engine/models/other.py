"""A second model beside the open one, for as long as it is asked about."""

from dataclasses import dataclass
from pathlib import Path

from engine.devices import available_memory, release_memory
from engine.errors import LoadError, UserError
from engine.jobs import Partial, Steps
from engine.models.model import TextModel
from engine.models.opening import WEIGHT_SUFFIXES, open_model
from engine.requests import Device, OpenModelRequest, OtherModel
from engine.samples import sample_path

_WIDENED = 2  # weights of half precision are computed with in full
_ROOM = 1.2  # times the weights
_DEVICES: dict[str, Device] = {"cpu": "cpu", "cuda": "cuda", "mps": "mps"}  # where the open one is


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    of: str  # the open model's sha256
    other: OtherModel
    files: tuple[object, ...]
    model: TextModel


class OtherModels:
    """The last one that was asked for stays in memory until another is, or the open model goes."""

    def __init__(self) -> None:
        self._held: _Held | None = None

    def forget(self) -> None:
        """None is held."""
        self._held = None

    def open(self, model: TextModel, other: OtherModel) -> Steps[TextModel]:
        """``other``, beside ``model``.

        Raises:
            UserError: there is none, it cannot be read, is not to be trusted, or does not fit into memory beside the first.
        """
        files = _files(model, other)
        held = self._held
        if held is not None and (held.of, held.other, held.files) == (model.info.sha256, other, files):
            return held.model
        self._held = held = None
        release_memory()
        if other.checkpoint:
            yield Partial(0, doing=f"Reading {other.checkpoint}")
            _check_memory(model, model.info.forecast_bytes)
            found = model.at_checkpoint(other.checkpoint)
        else:
            _check_memory(model, _WIDENED * _bytes(other.path))
            device = _DEVICES[model.device.type]
            opened = yield from open_model(OpenModelRequest(other.path, other.accept_reinitialised, device, other.trust))
            if not isinstance(opened, TextModel):
                words = f"{opened.info.name} reads {opened.info.input_kind}s; choose a model that reads what this one does."
                raise UserError(words, "other_kind")
            found = opened
        blocking = next((notice for notice in found.info.warnings if notice.blocking), None)
        if blocking is not None and found is not model and not other.accept_reinitialised:
            raise LoadError(blocking.message, blocking.kind)
        self._held = _Held(model.info.sha256, other, files, found)
        return found


def name_of(other: OtherModel, model: TextModel) -> str:
    """What it is called beside the open one."""
    return other.checkpoint or model.info.name


def _check_memory(model: TextModel, needed: int) -> None:
    available = available_memory(model.device)
    if available is not None and needed * _ROOM > available:
        raise UserError(
            f"The second model needs about {needed * _ROOM / 1e9:.1f} GB beside the open one, and {available / 1e9:.1f} GB are "
            "free; close other programs, or compare with a smaller one.",
            "out_of_memory",
        )


def _weights(path: Path) -> list[Path]:
    try:
        listed = sorted(path.iterdir()) if path.is_dir() else [path]
        return [each for each in listed if each.is_file()]
    except (OSError, ValueError):  # opening it says what is wrong
        return []


def _bytes(path: str) -> int:
    """Of the weights; a lower bound of nothing where the path is none."""
    found = [each for each in _weights(_place(path)) if each.suffix in WEIGHT_SUFFIXES]
    return sum(each.stat().st_size for each in found)


def _files(model: TextModel, other: OtherModel) -> tuple[object, ...]:
    """By which a change is noticed."""
    place = model.earlier.get(other.checkpoint) if other.checkpoint else _place(other.path)
    return () if place is None else tuple((each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in _weights(place))


def _place(path: str) -> Path:
    try:
        return Path(sample_path(path)).expanduser()
    except RuntimeError:  # the home of nobody
        return Path(path)
