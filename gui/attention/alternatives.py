"""What might have been written at a step: the likeliest tokens as bars; a click writes another one from there."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.attention_maps import GeneratedToken
from engine.heatmaps.numerals import figures
from engine.heatmaps.token_names import visible
from gui import theme
from gui.theme import mix

ROW = 19  # px
MOST, FEWEST = 6, 3  # rows: five likeliest, and what was written where it is none of them
_NAME_SHARE, _MOST_NAME, _NUMBER = 0.42, 110, 60
_NUMBER_PIXELS = 12


@dataclass(frozen=True, slots=True)
class Option:
    """One row."""

    text: str
    probability: float
    written: bool
    forced: bool


def options_of(token: GeneratedToken) -> tuple[Option, ...]:
    """The likeliest first; what was written stands last where it is none of them."""
    found = [
        Option(one.text, one.probability, one.index == token.index, token.forced and one.index == token.index)
        for one in token.alternatives[: MOST - 1]
    ]
    if not any(one.written for one in found):
        found.append(Option(token.text, token.probability, True, token.forced))
    return tuple(found)


class AlternativesList(QWidget):
    """One tab stop; arrows move, Enter chooses. What was written is always in sight, however low it is."""

    chosen = Signal(str)  # a token's text, of a row that was not written
    read_out_changed = Signal(str)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName("What might have been written")
        self.setToolTip("Probabilities before temperature. Click a token to write it here instead, and go on from there.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._token: GeneratedToken | None = None
        self.rows: tuple[Option, ...] = ()  # as many as there is room for
        self._current = self._hovered = -1

    def show_step(self, token: GeneratedToken | None) -> None:
        """None: nothing was written there."""
        self._token = token
        self._fill()

    def _fill(self) -> None:
        self.rows = () if self._token is None else _fitting(options_of(self._token), (self.height() - 2) // ROW)
        self._current = min(self._current, len(self.rows) - 1)
        self.setAccessibleDescription("; ".join(map(_in_words, self.rows)))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, MOST * ROW + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, FEWEST * ROW + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fonts = {written: theme.ui_font(strong=written) for written in (False, True)}
        for at, row in enumerate(self.rows):
            painter.setFont(fonts[row.written])
            self._paint_row(painter, QRectF(0, 1 + at * ROW, self.width(), ROW), row, at)
        painter.setFont(theme.numbers_font(_NUMBER_PIXELS))
        for at, row in enumerate(self.rows):
            painter.setPen(theme.current().text if row.written else theme.current().muted)
            number = QRectF(self.width() - _NUMBER - 4, 1 + at * ROW, _NUMBER, ROW)
            painter.drawText(number, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, figures(row.probability))
        if self.hasFocus():
            at = max(self._current, 0)
            theme.paint_focus_ring(painter, QRectF(0, 1 + at * ROW, self.width(), ROW), 4)
        painter.end()

    def _paint_row(self, painter: QPainter, rect: QRectF, row: Option, at: int) -> None:
        look = theme.current()
        if at == self._hovered and not row.written:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.hover)
            painter.drawRoundedRect(rect, 4, 4)
        name = min(rect.width() * _NAME_SHARE, _MOST_NAME)
        painter.setPen(look.text)
        middle = Qt.AlignmentFlag.AlignVCenter
        if row.written:
            painter.drawText(QRectF(4, rect.top(), 14, rect.height()), middle, "▸")
        shown = painter.fontMetrics().elidedText(visible(row.text), Qt.TextElideMode.ElideRight, int(name) - 18)
        painter.drawText(QRectF(18, rect.top(), name, rect.height()), middle, shown)
        groove = QRectF(name + 6, rect.center().y() - 3.5, max(rect.width() - name - _NUMBER - 16, 8), 7)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(mix(look.panel, look.border, 0.7))
        painter.drawRoundedRect(groove, 3, 3)
        painter.setBrush(look.accent if row.written else mix(look.panel, look.muted, 0.75))
        wide = max(groove.width() * min(max(row.probability, 0.0), 1.0), 2.0)
        painter.drawRoundedRect(QRectF(groove.left(), groove.top(), wide, groove.height()), 3, 3)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self._at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and at >= 0:
            self._current = at
            self._choose(at)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in steps and self.rows:
            self._current = min(max(max(self._current, 0) + steps[Qt.Key(event.key())], 0), len(self.rows) - 1)
            self.read_out_changed.emit(_in_words(self.rows[self._current]))
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(max(self._current, 0))
        else:
            super().keyPressEvent(event)

    def _choose(self, at: int) -> None:
        if at < len(self.rows) and not self.rows[at].written:
            self.chosen.emit(self.rows[at].text)

    def _at(self, place: QPoint) -> int:
        at = (place.y() - 1) // ROW
        return at if 0 <= at < len(self.rows) else -1

    def _hover(self, at: int) -> None:
        if at != self._hovered:
            self._hovered = at
            self.setCursor(
                Qt.CursorShape.PointingHandCursor if at >= 0 and not self.rows[at].written else Qt.CursorShape.ArrowCursor
            )
            self.read_out_changed.emit(_in_words(self.rows[at]) if at >= 0 else "")
            self.update()


def _fitting(rows: tuple[Option, ...], room: int) -> tuple[Option, ...]:
    """The first, and what was written."""
    room = max(room, FEWEST)
    if len(rows) <= room or any(row.written for row in rows[:room]):
        return rows[:room]
    return (*rows[: room - 1], *(row for row in rows if row.written))


def _in_words(row: Option) -> str:
    words = f"“{visible(row.text)}” · probability {figures(row.probability, 4)}"
    return f"{words} · {'forced' if row.forced else 'written'}" if row.written else f"{words} · click to write it here instead"
