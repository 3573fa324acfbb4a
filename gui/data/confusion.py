"""What was true against what was predicted: a cell, a row or a column is a filter."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.dataset_results import Numbers
from engine.heatmaps.numerals import percent
from engine.heatmaps.token_names import visible
from gui import theme
from gui.heatmaps.colours import colour_map

WIDTHS = (44, 88)  # of a cell
HIGH, LOW = 46, 30  # of a cell that has room for a share, and of one that has not
ROOMY = 60
TOP, SUMS = 40, 44
LABELS_PIXELS = (48, 140)
GAP = 2
HEADER = -1  # as a row or column: the classes' names
Place = tuple[int, int]  # (true, predicted)


class ConfusionMatrix(QWidget):
    """Setters are silent. Arrows move, Enter chooses, the pointer tells."""

    cell_chosen = Signal(object, object)  # the true class or None, the predicted one or None
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confusionMatrix")
        self.setAccessibleName("Confusion matrix")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._numbers: Numbers | None = None
        self._labels: tuple[str, ...] = ()
        self._chosen: Place | None = None
        self._hovered: Place | None = None
        self._cursor: Place = (0, 0)
        self._by_key = False  # the focus came by one
        self._room = 400

    def show_numbers(self, numbers: Numbers, labels: tuple[str, ...]) -> None:
        """Counts, shaded by their share of what is true."""
        self._numbers, self._labels = numbers, labels
        last = max(0, len(labels) - 1)
        self._cursor = (min(self._cursor[0], last), min(self._cursor[1], last))
        self._describe()
        self.updateGeometry()
        self.resize(self.sizeHint())
        self.update()

    def set_room(self, pixels: int) -> None:
        """As wide as it may be, before it has to be scrolled."""
        if pixels != self._room:
            self._room = pixels
            self.updateGeometry()
            self.resize(self.sizeHint())

    def show_chosen(self, true: str | None, predicted: str | None) -> None:
        """What the filter holds."""
        at = [self._labels.index(label) if label in self._labels else HEADER for label in (true, predicted)]
        self._chosen = None if at == [HEADER, HEADER] else (at[0], at[1])
        self.update()

    def sizeHint(self) -> QSize:
        count, (width, height) = len(self._labels), self._cell
        return QSize(round(self._left + count * width + SUMS), TOP + count * height + 24)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @property
    def _cell(self) -> tuple[int, int]:
        width = int((self._room - self._left - SUMS) / max(1, len(self._labels)))
        width = min(max(width, WIDTHS[0]), WIDTHS[1])
        return width, HIGH if width >= ROOMY else LOW

    @property
    def _left(self) -> float:
        metrics = QFontMetricsF(theme.ui_font())
        widest = max((metrics.horizontalAdvance(visible(label)) for label in self._labels), default=0.0)
        return min(max(widest + 12, LABELS_PIXELS[0]), LABELS_PIXELS[1]) + 20

    def _rect(self, place: Place) -> QRectF:
        (width, height), left = self._cell, self._left
        true, predicted = place
        x, w = (20.0, left - 20) if predicted == HEADER else (left + predicted * width, float(width))
        y, h = (20.0, TOP - 20.0) if true == HEADER else (float(TOP + true * height), float(height))
        return QRectF(x, y, w, h).adjusted(GAP / 2, GAP / 2, -GAP / 2, -GAP / 2)

    def _place_at(self, point: QPoint) -> Place | None:
        """A cell, or a class's name: (class, −1) is a row's, (−1, class) a column's."""
        (width, height), count = self._cell, len(self._labels)
        column = HEADER if point.x() < self._left else int((point.x() - self._left) // width)
        row = HEADER if point.y() < TOP else int((point.y() - TOP) // height)
        return None if column >= count or row >= count or (row, column) == (HEADER, HEADER) else (row, column)

    # Drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._numbers is not None and self._numbers.confusion is not None:
            self._draw_names(painter)
            self._draw_cells(painter)
            self._draw_sums(painter)
            self._draw_marks(painter)
        painter.end()

    def _draw_names(self, painter: QPainter) -> None:
        look, metrics = theme.current(), QFontMetricsF(theme.ui_font())
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        painter.setPen(look.muted)
        (width, height), count = self._cell, len(self._labels)
        painter.drawText(QRectF(self._left, 0, count * width, 18), Qt.AlignmentFlag.AlignCenter, "predicted")
        painter.save()
        painter.translate(QPointF(9, TOP + count * height / 2))
        painter.rotate(-90)
        painter.drawText(QRectF(-60, -9, 120, 18), Qt.AlignmentFlag.AlignCenter, "true")
        painter.restore()
        painter.setFont(theme.ui_font())
        for at, label in enumerate(self._labels):
            for place, side in (((at, HEADER), Qt.AlignmentFlag.AlignRight), ((HEADER, at), Qt.AlignmentFlag.AlignHCenter)):
                rect = self._rect(place).adjusted(2, 0, -6 if place[1] == HEADER else -2, 0)
                painter.setPen(look.accent if place == self._hovered else look.text)
                words = metrics.elidedText(visible(label), Qt.TextElideMode.ElideRight, rect.width())
                painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), words)

    def _draw_cells(self, painter: QPainter) -> None:
        assert self._numbers is not None
        counts = self._numbers.confusion
        assert counts is not None
        colours = colour_map(theme.current(), signed=False)
        shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
        steps = colours.steps(shares, 1.0)
        roomy = self._cell[0] >= ROOMY
        for true in range(len(self._labels)):
            for predicted in range(len(self._labels)):
                rect, step = self._rect((true, predicted)), int(steps[true, predicted])
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colours.brushes[step])
                painter.drawRoundedRect(rect, theme.CELL_RADIUS, theme.CELL_RADIUS)
                painter.setPen(colours.texts[step])
                painter.setFont(theme.numbers_font(strong=true == predicted))
                upper = rect.adjusted(0, 5, 0, -rect.height() / 2 + 5) if roomy else rect
                painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, f"{int(counts[true, predicted]):,}")
                if roomy:
                    painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
                    lower = rect.adjusted(0, rect.height() / 2 - 3, 0, -5)
                    painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, percent(float(shares[true, predicted])))

    def _draw_sums(self, painter: QPainter) -> None:
        assert self._numbers is not None
        counts, look = self._numbers.confusion, theme.current()
        assert counts is not None
        painter.setPen(look.muted)
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        count, (width, height) = len(self._labels), self._cell
        for at in range(count):
            beside = QRectF(self._left + count * width + 8, TOP + at * height, SUMS - 8, height)
            painter.drawText(
                beside, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), f"{int(counts[at].sum()):,}"
            )
            below = QRectF(self._left + at * width, TOP + count * height + 4, width, 16)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"{int(counts[:, at].sum()):,}")

    def _draw_marks(self, painter: QPainter) -> None:
        """The chosen cell, row or column; what the pointer is on; where the keys are."""
        look, count = theme.current(), len(self._labels)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._chosen is not None:
            true, predicted = self._chosen
            first = self._rect((0 if true == HEADER else true, 0 if predicted == HEADER else predicted))
            last = self._rect((count - 1 if true == HEADER else true, count - 1 if predicted == HEADER else predicted))
            painter.setPen(QPen(look.accent, 2))
            painter.drawRoundedRect(first.united(last).adjusted(-1, -1, 1, 1), theme.CELL_RADIUS + 1, theme.CELL_RADIUS + 1)
        if self._hovered is not None and HEADER not in self._hovered:
            painter.setPen(QPen(look.text, 1))
            painter.drawRoundedRect(self._rect(self._hovered), theme.CELL_RADIUS, theme.CELL_RADIUS)
        if self.hasFocus() and self._by_key:
            theme.paint_focus_ring(painter, self._rect(self._cursor).adjusted(-2, -2, 2, 2), theme.CELL_RADIUS + 2)

    # Pointer and keys

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._by_key = event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._place_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and place is not None:
            if HEADER not in place:
                self._cursor = place
            self._choose(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1)}
        step, last = steps.get(Qt.Key(event.key())), len(self._labels) - 1
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if step is not None and plain and last >= 0:
            true, predicted = (min(max(at + by, 0), last) for at, by in zip(self._cursor, step, strict=True))
            self._cursor, self._by_key = (true, predicted), True
            self.read_out_changed.emit(self.in_words(self._cursor))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and last >= 0:
            self._choose(self._cursor)
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()

    def _hover(self, place: Place | None) -> None:
        if place != self._hovered:
            self._hovered = place
            self.setCursor(Qt.CursorShape.ArrowCursor if place is None else Qt.CursorShape.PointingHandCursor)
            self.read_out_changed.emit("" if place is None else self.in_words(place))
            self.update()

    def _choose(self, place: Place) -> None:
        """The same again: every class."""
        true, predicted = (None, None) if place == self._chosen else place
        names = [None if at is None or at == HEADER else self._labels[at] for at in (true, predicted)]
        self.cell_chosen.emit(*names)

    def in_words(self, place: Place) -> str:
        """One cell, row or column."""
        counts = self._numbers.confusion if self._numbers is not None else None
        if counts is None:
            return ""
        true, predicted = place
        if predicted == HEADER:
            return f"true {self._labels[true]}: {int(counts[true].sum()):,} rows"
        if true == HEADER:
            return f"predicted {self._labels[predicted]}: {int(counts[:, predicted].sum()):,} rows"
        count, of_true = int(counts[true, predicted]), int(counts[true].sum())
        share = f", {percent(count / of_true)} of what is {self._labels[true]}" if of_true else ""
        return f"true {self._labels[true]}, predicted {self._labels[predicted]}: {count:,} rows{share}"

    def _describe(self) -> None:
        count = len(self._labels)
        cells = [self.in_words((true, predicted)) for true in range(count) for predicted in range(count) if true != predicted]
        self.setAccessibleDescription("; ".join(cells[:30]))
