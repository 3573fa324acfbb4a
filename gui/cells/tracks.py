"""States and gates of one cell under one another, position by position, over a ruler of the tokens."""

from PySide6.QtCore import QEvent, QLineF, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from engine.cell_values import TANH_CELL_STATE, quantities_of, track_of
from engine.cells import Cell, CellsResult, RecurrentKind
from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import figures, signed_figures
from engine.results import FloatArray
from gui import theme
from gui.cells.spark import Window, spark_images
from gui.cells.words import full_name, is_signed, scale_of, symbol
from gui.theme import mix

_GUTTER, _NUMBERS = 130.0, 84.0
_RULER, _FEWEST_PX, _ROW_MOST = 34, 21, 64
_CLOSEST = 96.0  # px a position
_OF_CHARACTERS, _OF_WORDS = 9.0, 44.0  # px a position that is read with ease
_ZOOM = 1.25
_LABEL_GAP = 4


class CellTracks(QAbstractScrollArea):
    """Wheel: along the text; Ctrl and wheel, + and −: zoom; 0: all of it. Arrows move the pin."""

    token_hovered = Signal(int)
    token_selected = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cellTracks")
        self.setAccessibleName("Gates and states of the cell")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._tracks: list[tuple[str, FloatArray, float]] = []  # quantity, values, end of its scale
        self._kind: RecurrentKind = "lstm"
        self._names: list[str] = []
        self._wide: float | None = None  # px a position, as zoomed; 0: all of them fit; None: as can be read
        self._comfortable = _OF_CHARACTERS
        self._hovered = self._pinned = -1

    # One way in

    def show_cell(self, result: CellsResult, cell: Cell) -> None:
        """Zoom and place stay, also over another text."""
        layer = result.layers[cell.layer]
        self._kind = layer.kind
        shown = [each for each in quantities_of(layer) if each != TANH_CELL_STATE]
        tracks = [(each, track_of(result, each, cell)) for each in shown]
        self._tracks = [(each, track, scale_of(each, track)) for each, track in tracks]
        self._names = [one_line(token.text or token.piece) for token in result.input.tokens]
        single = sum(map(len, self._names[:2000])) <= 1.5 * len(self._names[:2000])
        self._comfortable = _OF_CHARACTERS if single else _OF_WORDS
        self._hovered = min(self._hovered, len(self._names) - 1)
        self._set_range()
        self.viewport().update()

    def clear(self) -> None:
        """Nothing to show."""
        self._tracks, self._names, self._hovered, self._pinned = [], [], -1, -1
        self._set_range()
        self.viewport().update()

    def select_token(self, token: int) -> None:
        """−1: none; emits nothing."""
        self._pinned = token if token < len(self._names) else -1
        if self._pinned >= 0:
            self._reveal(self._pinned)
        self.viewport().update()

    def follow(self, first: int, last: int) -> None:
        """The tokens [first, last) are looked at elsewhere: go there, unless some of them are in sight."""
        wide, bar = self.pixels_per_token, self.horizontalScrollBar()
        if last > first and not (first * wide < bar.value() + self._room() and last * wide > bar.value()):
            bar.setValue(round(first * wide))

    def point_at(self, token: int) -> None:
        """The cross follows a pointer elsewhere; emits nothing."""
        if token != self._hovered and token < len(self._names):
            self._hovered = token
            self.viewport().update()

    @property
    def pixels_per_token(self) -> float:
        """Along the text."""
        fit = self._room() / max(len(self._names), 1)
        return max(fit, self._comfortable if self._wide is None else self._wide)

    def token_at(self, x: float) -> int:
        """−1: none."""
        at = int((x - _GUTTER + self.horizontalScrollBar().value()) // self.pixels_per_token) if self._names else -1
        return at if _GUTTER <= x < _GUTTER + self._room() and 0 <= at < len(self._names) else -1

    # Measures

    def _room(self) -> float:
        return max(self.viewport().width() - _GUTTER - _NUMBERS, 40.0)

    def _row(self) -> float:
        free = self.viewport().height() - _RULER
        return min(max(free / max(len(self._tracks), 1), _FEWEST_PX), _ROW_MOST)

    def _set_range(self) -> None:
        across, down = self.horizontalScrollBar(), self.verticalScrollBar()
        across.setRange(0, max(0, round(self.pixels_per_token * len(self._names) - self._room())))
        across.setPageStep(int(self._room()))
        across.setSingleStep(max(int(3 * self.pixels_per_token), 8))
        down.setRange(0, max(0, round(self._row() * len(self._tracks) + _RULER - self.viewport().height())))
        down.setPageStep(self.viewport().height())
        down.setSingleStep(int(self._row()))

    def _zoom(self, factor: float, at_x: float) -> None:
        """The position under ``at_x`` stays there."""
        fit = self._room() / max(len(self._names), 1)
        before = self.pixels_per_token
        after = min(max(before * factor, fit), max(_CLOSEST, fit))
        position = (at_x - _GUTTER + self.horizontalScrollBar().value()) / before
        self._wide = 0.0 if after <= fit * 1.001 else after  # 0 goes on fitting another text
        self._set_range()
        self.horizontalScrollBar().setValue(round(position * self.pixels_per_token - (at_x - _GUTTER)))
        self.viewport().update()

    def _reveal(self, token: int) -> None:
        bar, wide = self.horizontalScrollBar(), self.pixels_per_token
        left = token * wide
        if left < bar.value():
            bar.setValue(int(left - self._room() / 4))
        elif left + wide > bar.value() + self._room():
            bar.setValue(int(left + wide - self._room() * 3 / 4))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        look, painter = theme.current(), QPainter(self.viewport())
        painter.fillRect(event.rect(), look.panel)
        if self._tracks and self._names:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            plot = QRectF(_GUTTER, 0, self._room(), self.viewport().height())
            for at in range(len(self._tracks)):
                self._paint_track(painter, at, plot)
            self._paint_ruler(painter, plot)
            self._paint_crosses(painter, plot)
        painter.end()

    def _place(self, at: int) -> QRectF:
        return QRectF(0, at * self._row() - self.verticalScrollBar().value(), self.viewport().width(), self._row())

    def _paint_track(self, painter: QPainter, at: int, plot: QRectF) -> None:
        look, (quantity, track, limit) = theme.current(), self._tracks[at]
        place, signed = self._place(at), is_signed(quantity)
        box = QRectF(plot.left(), place.top() + 4, plot.width(), place.height() - 8)
        self._paint_curve(painter, box, track, limit, signed)
        painter.setPen(QPen(mix(look.panel, look.border, 0.9), 1))
        for y in (box.top() - 1, box.bottom() + 1):
            painter.drawLine(QLineF(box.left(), y, box.right(), y))
        self._paint_words(painter, place, box, quantity, limit, signed)

    def _paint_curve(self, painter: QPainter, box: QRectF, track: FloatArray, limit: float, signed: bool) -> None:
        ratio, shift = self.devicePixelRatioF(), self.horizontalScrollBar().value()
        wide, high = round(box.width() * ratio), round(box.height() * ratio)
        window = Window(shift / self.pixels_per_token, 1 / (self.pixels_per_token * ratio), wide)
        values, look = track[:, None], theme.current()
        images = spark_images(values, window, high, limit=limit, signed=signed, look=look, ratio=ratio)
        painter.drawImage(box.topLeft(), images[0])

    def _paint_words(self, painter: QPainter, place: QRectF, box: QRectF, quantity: str, limit: float, signed: bool) -> None:
        look, middle = theme.current(), int(Qt.AlignmentFlag.AlignVCenter)
        left, right = int(Qt.AlignmentFlag.AlignLeft), int(Qt.AlignmentFlag.AlignRight)
        mark, _, name = full_name(quantity, self._kind).partition(" · ")
        painter.setPen(look.text)
        painter.setFont(theme.ui_font(strong=True))
        painter.drawText(QRectF(14, place.top(), 16, place.height()), left | middle, mark)
        painter.setPen(look.muted)
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        painter.drawText(QRectF(32, place.top(), 72, place.height()), left | middle, name)
        painter.setFont(theme.numbers_font(9))
        ends = QRectF(_GUTTER - 30, box.top() - 4, 26, box.height() + 8)
        painter.drawText(ends, right | int(Qt.AlignmentFlag.AlignTop), figures(limit, 1))
        painter.drawText(ends, right | int(Qt.AlignmentFlag.AlignBottom), figures(-limit, 1) if signed else "0")
        token = self._hovered if self._hovered >= 0 else self._pinned
        if token >= 0:
            value = float(next(track for each, track, _ in self._tracks if each == quantity)[token])
            painter.setPen(look.text)
            painter.setFont(theme.numbers_font())
            number = QRectF(box.right() + 4, place.top(), _NUMBERS - 12, place.height())
            painter.drawText(number, right | middle, signed_figures(value) if signed else figures(value))

    def _paint_ruler(self, painter: QPainter, plot: QRectF) -> None:
        """Tokens where there is room for them, and the positions."""
        look, wide, shift = theme.current(), self.pixels_per_token, self.horizontalScrollBar().value()
        top = min(self._place(len(self._tracks)).top(), self.viewport().height() - _RULER)
        strip = QRectF(0, top, self.viewport().width(), _RULER)
        painter.fillRect(strip, look.panel)
        painter.save()
        painter.setClipRect(QRectF(plot.left(), top, plot.width(), _RULER))
        first, last = max(int(shift / wide), 0), min(int((shift + plot.width()) / wide) + 1, len(self._names))
        painter.setFont(theme.mono_font(theme.CAPTION_PIXELS))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(look.text)
        reached = plot.left()
        for token in range(first, last) if wide >= metrics.horizontalAdvance("0") * 0.9 else ():
            name = self._names[token] if self._names[token].strip() else "␣"
            if len(name) > 1:
                name = metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(wide - _LABEL_GAP, 24))
            width = metrics.horizontalAdvance(name)
            middle = plot.left() + (token + 0.5) * wide - shift
            if middle - width / 2 >= reached:
                painter.setPen(look.text if name != "␣" else look.disabled)
                painter.drawText(QRectF(middle - width / 2, top, width + 1, 17), int(Qt.AlignmentFlag.AlignCenter), name)
                reached = middle + width / 2 + (_LABEL_GAP if width > 10 else 0)
        self._paint_positions(painter, plot, top, first, last)
        painter.restore()

    def _paint_positions(self, painter: QPainter, plot: QRectF, top: float, first: int, last: int) -> None:
        look, wide, shift = theme.current(), self.pixels_per_token, self.horizontalScrollBar().value()
        painter.setFont(theme.numbers_font(9))
        painter.setPen(look.muted)
        step = next((n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if n * wide >= 44), 10_000)
        for token in range(-(-first // step) * step, last, step):
            middle = plot.left() + (token + 0.5) * wide - shift
            painter.drawLine(QLineF(middle, top + 17, middle, top + 20))
            painter.drawText(QRectF(middle - 30, top + 20, 60, 12), int(Qt.AlignmentFlag.AlignCenter), str(token))

    def _paint_crosses(self, painter: QPainter, plot: QRectF) -> None:
        look, wide, shift = theme.current(), self.pixels_per_token, self.horizontalScrollBar().value()
        bottom = min(self._place(len(self._tracks)).top(), self.viewport().height() - _RULER) + 17
        painter.setClipRect(QRectF(plot.left(), 0, plot.width(), bottom))
        for token, pen in ((self._pinned, QPen(look.text, 1.5)), (self._hovered, QPen(look.muted, 1, Qt.PenStyle.DashLine))):
            if token >= 0:
                middle = plot.left() + (token + 0.5) * wide - shift
                painter.setPen(pen)
                painter.drawLine(QLineF(middle, 0, middle, bottom))

    # Qt

    def minimumSizeHint(self) -> QSize:
        return QSize(320, _RULER + 3 * _FEWEST_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_range()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """The gutter stays: all of it is painted anew."""
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(_ZOOM ** (turned.y() / 120), event.position().x())
        elif turned.x() or self.verticalScrollBar().maximum() == 0 or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - (turned.x() or turned.y()))
        else:
            super().wheelEvent(event)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.token_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        token = self.token_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and token >= 0:
            self._select(-1 if token == self._pinned else token)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """All of it again."""
        self._zoom(0.0, event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}
        middle = QPoint(int(_GUTTER + self._room() / 2), 0).x()
        if event.key() in steps and self._names:
            self._select(min(max(self._pinned + steps[Qt.Key(event.key())], 0), len(self._names) - 1))
        elif event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self._zoom(1 / _ZOOM if event.key() == Qt.Key.Key_Minus else _ZOOM, middle)
        elif event.key() == Qt.Key.Key_0:
            self._zoom(0.0, middle)
        elif event.key() == Qt.Key.Key_Escape and self._pinned >= 0:
            self._select(-1)
        else:
            super().keyPressEvent(event)

    def _hover(self, token: int) -> None:
        if token != self._hovered:
            self.point_at(token)
            self.token_hovered.emit(token)

    def _select(self, token: int) -> None:
        if token != self._pinned:
            self.select_token(token)
            self.token_selected.emit(token)

    def in_words(self, token: int) -> str:
        """All values there."""
        if not 0 <= token < len(self._names):
            return ""
        values = [f"{symbol(each, self._kind)} {figures(float(track[token]))}" for each, track, _ in self._tracks]
        return f"“{self._names[token]}” · position {token} · {' · '.join(values)}"
