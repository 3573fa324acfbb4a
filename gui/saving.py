"""Keep the map on screen: as JSON with every number, or as a picture. Whole files or none."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from engine.atomic_file import write_atomically
from engine.errors import UserError
from engine.export.json_file import to_json_text
from engine.results import AttributionResult
from gui import theme
from gui.heatmaps.picture import attribution_picture

PICTURE_WIDTH_PX = 720
PICTURE_SCALE = 2.0
SUFFIXES = (".json", ".png")
FILTERS = {".json": "JSON with every number (*.json)", ".png": "Picture (*.png)"}


def save_result(result: AttributionResult, path: Path) -> None:
    """By ``path``'s suffix.

    Raises:
        UserError: a suffix we do not write, or a place that cannot be written to; nothing is left half-written.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"A map is saved as .json or .png, not as “{path.suffix or path.name}”.", "suffix")
    content = to_json_text(result).encode() if suffix == ".json" else _png(picture_of(result))
    try:
        write_atomically(path, content)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UserError(f"{path.name} could not be saved in {path.parent}: {reason}.", "not_saved", str(error)) from error


def picture_of(result: AttributionResult) -> QImage:
    """As on screen, at twice its resolution."""
    return attribution_picture(result, PICTURE_WIDTH_PX, PICTURE_SCALE, theme.current())


def _png(image: QImage) -> bytes:
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # the stubs want bytes for the format
        raise UserError("The picture could not be drawn.", "picture")
    return bytes(content.data())
