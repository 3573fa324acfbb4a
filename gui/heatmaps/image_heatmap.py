"""A picture with a map over it: zoomed by the wheel, moved by the mouse, read pixel by pixel."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from engine.heatmaps.pixel_map import Cell, PictureMap
from engine.results import ReadImage
from gui import theme
from gui.heatmaps.image_painter import ImagePainter, ImageStyle

_RING = 2.0  # px, for the focus
_DRAG_PX = 4
_NOTCH = 120.0  # of a wheel, in Qt's eighths of a degree
_PER_NOTCH = 1.25
_LARGEST_PIXEL = 64.0  # px, that a pixel of the picture or of the map is magnified to, whichever is smaller
_STEP, _LEAP = 1, 10  # pixels an arrow key goes, and with Shift


class Zoom(QObject):
    """How far one is in, and where: shared by maps beside one another, which may be of different pictures.

    ``magnification`` 1 shows all of a picture; ``centre`` is in shares of its width and height.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.magnification = 1.0
        self.centre = QPointF(0.5, 0.5)

    def go(self, magnification: float, centre: QPointF) -> None:
        """There."""
        if (magnification, centre) != (self.magnification, self.centre):
            self.magnification, self.centre = magnification, centre
            self.changed.emit()

    @Slot()
    def fit(self) -> None:
        """All of it."""
        self.go(1.0, QPointF(0.5, 0.5))


class ImageHeatmap(QWidget):
    """Setters emit nothing. Wheel zooms to the pointer, dragging moves, a click pins a pixel, arrows move the pin."""

    nothing_pinned = "No pixel is pinned; arrow keys pin the strongest."  # as a subclass has it, for those who hear it

    pixel_hovered = Signal(object)  # Cell of the map, or None
    pixel_selected = Signal(object)  # likewise
    point_hovered = Signal(float, float)  # where there is no value: in the picture's pixels; −1, −1: beside it

    def __init__(self, zoom: Zoom | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.zoom = zoom or Zoom(self)
        self._painter = ImagePainter()
        self._selected: Cell | None = None
        self._hovered: Cell | None = None
        self._pressed: QPointF | None = None
        self._dragged = False
        self.setAccessibleName("Image heatmap")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(120, 120)
        self.zoom.changed.connect(self._on_zoomed)

    # One way in

    def show_picture(self, read: ReadImage) -> None:
        """Nothing is computed for it yet."""
        if self._painter.read is None or read.size != self._painter.read.size:
            self._selected = None
        self._painter.show_picture(read)
        self._describe()
        self.update()

    def show_map(self, shown: PictureMap) -> None:
        """Coloured to its own limit, until ``set_limit`` says otherwise; what is pinned stays where it is there."""
        before = self._painter.map
        if before is not None and (before.place.rows, before.place.columns) != (shown.place.rows, shown.place.columns):
            self._selected = None
        self._painter.show_map(shown)
        self._painter.limit = shown.limit
        self._describe()
        self.update()

    def clear(self) -> None:
        """Nothing."""
        self._painter.clear()
        self._selected = self._hovered = None
        self.update()

    def set_limit(self, limit: float) -> None:
        """End the colour scale there."""
        if limit != self._painter.limit:
            self._painter.limit = limit
            self.update()

    def set_style(self, style: ImageStyle) -> None:
        """How the map lies on the picture."""
        if style != self._painter.style:
            self._painter.style = style
            self.update()

    def select(self, cell: Cell | None) -> None:
        """Pin a pixel of the map."""
        if cell != self._selected:
            self._selected = cell
            self._describe()
            self.update()

    # What is shown

    @property
    def limit(self) -> float:
        """The end of the colour scale."""
        return self._painter.limit

    @property
    def map(self) -> PictureMap | None:
        return self._painter.map

    @property
    def read(self) -> ReadImage | None:
        return self._painter.read

    @property
    def selected(self) -> Cell | None:
        return self._selected

    @property
    def style_shown(self) -> ImageStyle:
        """How the map lies on the picture."""
        return self._painter.style

    def contour_levels(self) -> list[float]:
        """That lines are drawn at."""
        return self._painter.levels()

    def place(self) -> QRectF:
        """Where the whole picture lies, in the widget's own pixels."""
        if self._painter.read is None:
            return QRectF()
        room = self._room()
        size = self._fitted() * self.zoom.magnification
        left = _placed(room.center().x(), self.zoom.centre.x(), size.width(), room.left(), room.width())
        top = _placed(room.center().y(), self.zoom.centre.y(), size.height(), room.top(), room.height())
        return QRectF(left, top, size.width(), size.height())

    def screen_pixels(self) -> float:
        """That a pixel of the picture takes, on the screen itself."""
        if self._painter.read is None:
            return 0.0
        return self.place().width() * self.devicePixelRatioF() / self._painter.read.size[0]

    def point_of(self, cell: Cell) -> QPointF:
        """Where a pixel of the map lies, in the widget's own pixels."""
        shown = self._painter.map
        assert shown is not None
        x, y = shown.place.centre_of(cell)
        return self._to_widget(x, y)

    # Zoom

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """About a point of the widget, else about what is pinned, else about the middle."""
        if self._painter.read is None:
            return
        if at is None:
            at = self.point_of(self._selected) if self._selected is not None and self.map is not None else self._room().center()
        self._zoom_to(self.zoom.magnification * factor, at)

    @Slot()
    def show_pixel_for_pixel(self) -> None:
        """A pixel of the picture is one of the screen."""
        if self._painter.read is not None:
            self._zoom_to(self.zoom.magnification / max(self.screen_pixels(), 1e-9), self._room().center())

    def _zoom_to(self, magnification: float, at: QPointF) -> None:
        low, high = self._magnifications()
        wanted = min(max(magnification, low), high)
        before = self.place()
        share = QPointF((at.x() - before.left()) / before.width(), (at.y() - before.top()) / before.height())
        size, middle = self._fitted() * wanted, self._room().center()
        centre = QPointF(
            share.x() + (middle.x() - at.x()) / size.width(),
            share.y() + (middle.y() - at.y()) / size.height(),
        )
        self.zoom.go(wanted, self._within(centre, size))

    def _magnifications(self) -> tuple[float, float]:
        """The least and the most that make sense."""
        assert self._painter.read is not None
        pixel_for_pixel = self.zoom.magnification / max(self.screen_pixels(), 1e-9)
        columns = self._painter.read.size[0]
        if self._painter.map is not None:
            left, _, right, _ = self._painter.read.crop
            columns = max(columns, round(self._painter.map.place.columns * columns / max(right - left, 1)))
        largest = _LARGEST_PIXEL * columns / max(self._fitted().width(), 1)
        return min(1.0, pixel_for_pixel), max(1.0, largest, pixel_for_pixel)

    def _within(self, centre: QPointF, size: QSizeF) -> QPointF:
        """No further than the picture's edges; what is smaller than the room lies in its middle."""
        room = self._room()

        def held(at: float, length: float, room: float) -> float:
            half = room / 2 / length
            return 0.5 if half >= 0.5 else min(max(at, half), 1 - half)

        return QPointF(held(centre.x(), size.width(), room.width()), held(centre.y(), size.height(), room.height()))

    def _move_by(self, away: QPointF) -> None:
        size = self._fitted() * self.zoom.magnification
        centre = self.zoom.centre - QPointF(away.x() / size.width(), away.y() / size.height())
        self.zoom.go(self.zoom.magnification, self._within(centre, size))

    def _fitted(self) -> QSizeF:
        """The size at which all of the picture is seen."""
        assert self._painter.read is not None
        return QSizeF(*self._painter.read.size).scaled(self._room().size(), Qt.AspectRatioMode.KeepAspectRatio)

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(_RING, _RING, -_RING, -_RING)

    def _to_widget(self, x: float, y: float) -> QPointF:
        assert self._painter.read is not None
        place, (width, height) = self.place(), self._painter.read.size
        return QPointF(place.left() + x / width * place.width(), place.top() + y / height * place.height())

    def _to_picture(self, at: QPointF) -> tuple[float, float] | None:
        """The point of the picture under one of the widget's."""
        place, read = self.place(), self._painter.read
        if read is None or not place.contains(at):
            return None
        width, height = read.size
        return (at.x() - place.left()) / place.width() * width, (at.y() - place.top()) / place.height() * height

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look = QPainter(self), theme.current()
        if self._painter.read is not None:
            painter.setClipRect(self._room())
            self._painter.paint(painter, self.place(), look)
            self._paint_marks(painter)
            painter.setClipping(False)
        if self.hasFocus():
            theme.paint_focus_ring(painter, QRectF(self.rect()))
        painter.end()

    def _paint_marks(self, painter: QPainter) -> None:
        """The pinned pixel: a frame around it, and a cross that is found where it is small."""
        if self._selected is None or self._painter.map is None:
            return
        look = theme.current()
        crop, place = self._painter.crop_on(self.place()), self._painter.map.place
        wide, high = crop.width() / place.columns, crop.height() / place.rows
        row, column = self._selected
        cell = QRectF(crop.left() + column * wide, crop.top() + row * high, wide, high)
        frame = cell.adjusted(-1, -1, 1, 1)
        least = 6.0
        if frame.width() < least:
            frame.adjust((frame.width() - least) / 2, 0, (least - frame.width()) / 2, 0)
        if frame.height() < least:
            frame.adjust(0, (frame.height() - least) / 2, 0, (least - frame.height()) / 2)
        middle, arm, gap = frame.center(), 9.0, 3.0
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((look.panel, 4.0), (look.text, 1.5)):
            painter.setPen(QPen(colour, width))
            painter.drawRect(frame)
            for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                start = QPointF(x * (frame.width() / 2 + gap), y * (frame.height() / 2 + gap))
                painter.drawLine(middle + start, middle + start + QPointF(x * arm, y * arm))

    def _describe(self) -> None:
        """For those who hear it."""
        shown = self._painter.map
        if shown is None:
            words = "" if self._painter.read is None else "The picture; nothing is computed yet."
        elif self._selected is None:
            words = self.nothing_pinned
        else:
            words = shown.in_words(self._selected)
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            if self.hasFocus():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._painter.read is not None:
            self.zoom.go(self.zoom.magnification, self._within(self.zoom.centre, self._fitted() * self.zoom.magnification))

    @Slot()
    def _on_zoomed(self) -> None:
        self.update()

    # The mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        """To the pointer."""
        turned = event.angleDelta().y()
        if self._painter.read is None or not turned:
            event.ignore()
            return
        self.zoom_by(_PER_NOTCH ** (turned / _NOTCH), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is not None and event.buttons() & Qt.MouseButton.LeftButton:
            away = event.position() - self._pressed
            if self._dragged or away.manhattanLength() >= _DRAG_PX:
                self._dragged = True
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
                self._pressed = event.position()
                self._move_by(away)
            return
        self._hover(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self._pressed is None:
            return
        self._pressed = None
        self.setCursor(Qt.CursorShape.CrossCursor)
        if not self._dragged:
            cell = self._cell_at(event.position())
            self._choose(None if cell == self._selected else cell)
        self._hover(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """All of it again."""
        self.zoom.fit()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hovered = None
        self.point_hovered.emit(-1.0, -1.0)
        self.pixel_hovered.emit(None)

    def _cell_at(self, at: QPointF) -> Cell | None:
        point, shown = self._to_picture(at), self._painter.map
        return None if point is None or shown is None else shown.place.cell_at(*point)

    def _hover(self, at: QPointF) -> None:
        point, cell = self._to_picture(at), self._cell_at(at)
        self.setCursor(Qt.CursorShape.CrossCursor if point is not None else Qt.CursorShape.ArrowCursor)
        if cell is None:
            self._hovered = None
            self.pixel_hovered.emit(None)
            self.point_hovered.emit(*(point or (-1.0, -1.0)))
        elif cell != self._hovered:
            self._hovered = cell
            self.pixel_hovered.emit(cell)

    def _choose(self, cell: Cell | None) -> None:
        self.select(cell)
        self.pixel_selected.emit(cell)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, + and −, 0 for all of it, 1 pixel for pixel, Home for the strongest pixel, Esc lets the pin go."""
        key, control = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        arrows = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
        if key in arrows and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            down, across = arrows[key]
            if control:
                self._move_by(QPointF(-across * self.width() / 8, -down * self.height() / 8))
            else:
                self._step(down, across, _LEAP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _STEP)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal) and not control:
            self.zoom_by(_PER_NOTCH)
        elif key == Qt.Key.Key_Minus and not control:
            self.zoom_by(1 / _PER_NOTCH)
        elif key == Qt.Key.Key_0 and not control:
            self.zoom.fit()
        elif key == Qt.Key.Key_1 and not control:
            self.show_pixel_for_pixel()
        elif key == Qt.Key.Key_Home and self._painter.map is not None:
            self._pin_and_reveal(self._painter.map.strongest())
        elif key == Qt.Key.Key_Escape and self._selected is not None:
            self._choose(None)
        else:
            super().keyPressEvent(event)

    def _step(self, down: int, across: int, pixels: int) -> None:
        shown = self._painter.map
        if shown is None:
            return
        if self._selected is None:
            self._pin_and_reveal(shown.strongest())
            return
        row = min(max(self._selected[0] + down * pixels, 0), shown.place.rows - 1)
        self._pin_and_reveal((row, min(max(self._selected[1] + across * pixels, 0), shown.place.columns - 1)))

    def _pin_and_reveal(self, cell: Cell) -> None:
        self._choose(cell)
        at, room = self.point_of(cell), self._room().adjusted(16, 16, -16, -16)
        if not room.contains(at):
            held = QPointF(min(max(at.x(), room.left()), room.right()), min(max(at.y(), room.top()), room.bottom()))
            self._move_by(held - at)


def _placed(middle: float, centre: float, length: float, start: float, room: float) -> float:
    """Where a picture of this length begins."""
    return start + (room - length) / 2 if length <= room else middle - centre * length
