"""A picture divided into its patches, with what one of them attends to."""

from PySide6.QtCore import QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from engine.heatmaps.pixel_map import Cell
from gui import theme
from gui.heatmaps.image_heatmap import ImageHeatmap

_LEAST = 7.0  # px of a patch, below which lines between them would hide the picture
_LINES = 0.28  # how opaque they are


class PatchPicture(ImageHeatmap):
    """What is pinned is a patch; the one under the pointer is outlined."""

    nothing_pinned = "No patch is chosen; arrow keys choose the strongest."

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.setObjectName("patchPicture")
        self.setAccessibleName("Attention on the picture")
        self.pixel_hovered.connect(self._on_cell)

    @property
    def hovered(self) -> Cell | None:
        """The patch under the pointer."""
        return self._hovered

    def rectangle(self, cell: Cell) -> QRectF:
        """Where a patch lies, in the widget's own pixels."""
        shown = self._painter.map
        assert shown is not None
        crop, place = self._painter.crop_on(self.place()), shown.place
        wide, high = crop.width() / place.columns, crop.height() / place.rows
        return QRectF(crop.left() + cell[1] * wide, crop.top() + cell[0] * high, wide, high)

    def _paint_marks(self, painter: QPainter) -> None:
        shown, look = self._painter.map, theme.current()
        if shown is None:
            return
        self._paint_lines(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for cell, colour, width in ((self._hovered, look.text, 1.5), (self._selected, look.accent, 3.0)):
            if cell is None:
                continue
            frame = self.rectangle(cell)
            for ink, wide in ((look.panel, width + 3), (colour, width)):
                painter.setPen(QPen(ink, wide))
                painter.drawRect(frame)

    def _paint_lines(self, painter: QPainter) -> None:
        shown = self._painter.map
        assert shown is not None
        crop, place = self._painter.crop_on(self.place()), shown.place
        wide, high = crop.width() / place.columns, crop.height() / place.rows
        if min(wide, high) < _LEAST:
            return
        ink = QColor(theme.current().muted)
        ink.setAlphaF(_LINES)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(ink, 1))
        for at in range(1, place.columns):
            painter.drawLine(QPointF(crop.left() + at * wide, crop.top()), QPointF(crop.left() + at * wide, crop.bottom()))
        for at in range(1, place.rows):
            painter.drawLine(QPointF(crop.left(), crop.top() + at * high), QPointF(crop.right(), crop.top() + at * high))

    @Slot(object)
    def _on_cell(self, _cell: Cell | None) -> None:
        self.update()
