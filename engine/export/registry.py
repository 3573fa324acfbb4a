"""Every kind of file a map is saved as: one entry each, for command line and window alike."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from engine.errors import UserError
from engine.export.csv_file import to_csv
from engine.export.html_file import to_html
from engine.export.json_file import to_json_text
from engine.export.npz_file import to_npz
from engine.export.svg_file import to_svg
from engine.results import AttributionResult

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Kind(Generic[R]):
    """``write`` None: it is drawn with Qt, by whoever has it."""

    suffix: str
    words: str
    write: Callable[[R], bytes] | None


def _to_json(result: AttributionResult) -> bytes:
    return to_json_text(result).encode("utf-8", "backslashreplace")  # a lone surrogate becomes JSON's own \ud800


KINDS: dict[str, Kind[AttributionResult]] = {
    kind.suffix: kind
    for kind in (
        Kind(".json", "JSON with every number", _to_json),
        Kind(".png", "Picture", None),
        Kind(".svg", "Vector picture", to_svg),
        Kind(".pdf", "PDF", None),
        Kind(".html", "Page for a browser", to_html),
        Kind(".csv", "Table, one row per token or pixel", to_csv),
        Kind(".npz", "NumPy arrays", to_npz),
    )
}


def kind_of(path: Path) -> Kind[AttributionResult]:
    """By the suffix.

    Raises:
        UserError: a suffix we do not write.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(KINDS)
        raise UserError(f"A map cannot be saved as “{path.suffix or path.name}”; end the name in one of {known}.", "suffix")
    return kind
