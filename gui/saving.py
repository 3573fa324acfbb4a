"""Keep the map on screen as a file of any kind; those that Qt has to draw are drawn here. Whole files or none."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QSizeF
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter

from engine.atomic_file import save
from engine.errors import UserError
from engine.export.registry import KINDS, kind_of
from engine.heatmaps.wording import title_of
from engine.results import AttributionResult
from gui import theme
from gui.heatmaps.picture import AttributionPicture, attribution_picture

PICTURE_WIDTH_PX = 720
PICTURE_SCALE = 2.0
DOTS_PER_INCH = 1200  # of a PDF: glyphs are placed on this grid
_PX_PER_INCH, _POINTS_PER_INCH = 96, 72
_LONGEST_PAGE = 14_400.0  # points; readers take no longer one
FILTERS = {kind.suffix: f"{kind.words} (*{kind.suffix})" for kind in KINDS.values()}


def save_result(result: AttributionResult, path: Path) -> None:
    """By ``path``'s suffix.

    Raises:
        UserError: a suffix we do not write, or a place that cannot be written to; nothing is left half-written.
    """
    kind = kind_of(path)
    save(path, kind.write(result) if kind.write is not None else _DRAWN[kind.suffix](result))


def picture_of(result: AttributionResult) -> QImage:
    """As on screen, at twice its resolution."""
    return attribution_picture(result, PICTURE_WIDTH_PX, PICTURE_SCALE, theme.current())


def to_png(result: AttributionResult) -> bytes:
    """``picture_of``."""
    return png_of(picture_of(result))


def png_of(picture: QImage) -> bytes:
    """As a file's content."""
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not picture.save(buffer, "PNG"):  # type: ignore[call-overload]  # the stubs want bytes for the format
        raise UserError("The picture could not be drawn.", "picture")
    return bytes(content.data())


def to_pdf(result: AttributionResult) -> bytes:
    """The picture as vectors with embedded fonts, on one page of its own size; a very long one is drawn smaller."""
    look = theme.current()
    picture = AttributionPicture(result, PICTURE_WIDTH_PX, look)
    shrink = min(1.0, _LONGEST_PAGE / (picture.size.height() * _POINTS_PER_INCH / _PX_PER_INCH))
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setCreator("Neuroloupe")
    writer.setTitle(title_of(result))
    writer.setResolution(DOTS_PER_INCH)
    writer.setPageSize(_page(picture.size * (shrink * _POINTS_PER_INCH / _PX_PER_INCH)))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    painter = QPainter(writer)
    painter.scale(shrink * DOTS_PER_INCH / _PX_PER_INCH, shrink * DOTS_PER_INCH / _PX_PER_INCH)
    painter.fillRect(0, 0, round(picture.size.width()) + 1, round(picture.size.height()) + 1, look.panel)
    picture.paint(painter)
    painter.end()
    return bytes(content.data())


def _page(points: QSizeF) -> QPageSize:
    return QPageSize(points, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)


_DRAWN = {".png": to_png, ".pdf": to_pdf}
