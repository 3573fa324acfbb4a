"""The free positions as columns, each with the real tokens nearest to what stands there."""

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import figures, fixed
from engine.results import NearToken, TextOptimisationResult
from gui import theme

COLUMN_PIXELS, ROW_PIXELS, GAP_PIXELS = 92, 20, 10  # columns are at least so wide, and share what is left
HEAD_PIXELS = 18
FAINTEST = 0.5  # how much ink a token of no similarity has
_SHADE = 70  # of 255: behind the nearest token where it is a real one


class NearTokens(QWidget):
    """Columns go on in the next line as a text does; the fainter a token, the less it is what stands there."""

    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("nearTokens")
        self.setAccessibleName("Nearest tokens")
        self.setProperty("role", "canvas")
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._positions: tuple[int, ...] = ()
        self._near: tuple[tuple[NearToken, ...], ...] = ()
        self._at: tuple[int, int] | None = None  # column and row under the pointer, or chosen by the keys

    def show_result(self, result: TextOptimisationResult) -> None:
        """The number of columns stays while a search goes on."""
        self._positions, self._near = result.positions, result.near
        if self._at is not None and (self._at[0] >= len(self._near) or self._at[1] >= len(self._near[self._at[0]])):
            self._at = None
        self.setAccessibleDescription(" ".join(column[0].piece for column in self._near if column))
        self._fit()
        self.update()

    def in_words(self, column: int, row: int) -> str:
        """Everything about one token."""
        near = self._near[column][row]
        rank = "nearest" if row == 0 else f"number {row + 1}"
        where = f"position {self._positions[column]} · {rank}: “{one_line(near.piece)}”"
        return f"{where} · cosine {figures(near.similarity)} · distance {figures(near.distance)}"

    def cell(self, column: int, row: int) -> QRectF:
        """Where a token stands; row −1: the head of the column."""
        line, place = divmod(column, self._columns())
        width = self._column_pixels()
        top = line * self._line_pixels() + (HEAD_PIXELS + row * ROW_PIXELS if row >= 0 else 0)
        return QRectF(2 + place * width, 2 + top, width - 4, ROW_PIXELS if row >= 0 else HEAD_PIXELS)

    def sizeHint(self) -> QSize:
        return QSize(6 * COLUMN_PIXELS, self._height())

    def _columns(self) -> int:
        return max(1, (self.width() - 4) // COLUMN_PIXELS)

    def _column_pixels(self) -> float:
        """Of one line of columns, if they are many; a few are not drawn apart."""
        return min((self.width() - 4) / self._columns(), 1.5 * COLUMN_PIXELS)

    def _rows(self) -> int:
        return max((len(column) for column in self._near), default=5)

    def _line_pixels(self) -> int:
        return HEAD_PIXELS + self._rows() * ROW_PIXELS + GAP_PIXELS

    def _height(self) -> int:
        lines = max(1, -(-len(self._near) // self._columns()))
        return lines * self._line_pixels() - GAP_PIXELS + 4

    def _fit(self) -> None:
        if self.height() != self._height():
            self.setFixedHeight(self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, other lines."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for column, tokens in enumerate(self._near):
            self._paint_head(painter, column)
            for row, token in enumerate(tokens):
                self._paint_token(painter, self.cell(column, row), token, row == 0)
        if self._at is not None:
            painter.setPen(theme.current().text)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.cell(*self._at).adjusted(0.5, 0.5, -0.5, -1.5), theme.CELL_RADIUS, theme.CELL_RADIUS)
        if self.hasFocus():
            theme.paint_focus_ring(painter, QRectF(self.rect()))
        painter.end()

    def _paint_head(self, painter: QPainter, column: int) -> None:
        """The position, and how near the nearest token is."""
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        painter.setPen(theme.current().muted)
        place, middle = self.cell(column, -1).adjusted(6, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | middle, str(self._positions[column]))
        if self._near[column]:
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | middle, fixed(self._near[column][0].similarity, 2))

    def _paint_token(self, painter: QPainter, cell: QRectF, token: NearToken, first: bool) -> None:
        look, closeness = theme.current(), min(1.0, max(0.0, token.similarity))
        if first:
            shade = QColor(look.accent)
            shade.setAlpha(round(_SHADE * closeness))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(shade)
            painter.drawRoundedRect(cell.adjusted(0, 0, 0, -1), theme.CELL_RADIUS, theme.CELL_RADIUS)
        font, inside = theme.ui_font(strong=first), cell.adjusted(6, 0, -6, 0)
        shown = QFontMetrics(font).elidedText(one_line(token.piece), Qt.TextElideMode.ElideRight, int(inside.width()))
        painter.setFont(font)
        painter.setPen(theme.mix(look.panel, look.text, FAINTEST + (1 - FAINTEST) * closeness))
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._cell_at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move from token to token."""
        moves = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
        move = moves.get(Qt.Key(event.key()))
        if move is None or not self._near:
            super().keyPressEvent(event)
            return
        column, row = self._at or (0, 0)
        if self._at is not None:
            column, row = column + move[0], row + move[1]
        column = max(0, min(len(self._near) - 1, column))
        self._point((column, max(0, min(len(self._near[column]) - 1, row))))

    def _cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        line, place = int((y - 2) // self._line_pixels()), int((x - 2) // self._column_pixels())
        column = line * self._columns() + place
        if not (0 <= place < self._columns() and 0 <= column < len(self._near)):
            return None
        row = int((y - 2 - line * self._line_pixels() - HEAD_PIXELS) // ROW_PIXELS)
        return (column, row) if 0 <= row < len(self._near[column]) else None

    def _point(self, at: tuple[int, int] | None) -> None:
        if at != self._at:
            self._at = at
            self.read_out_changed.emit("" if at is None else self.in_words(*at))
            self.update()
