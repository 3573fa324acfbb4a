"""Two columns of tokens, and a line for each weight that counts: as thick as the weight is large."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QWidget

from engine.attention_maps import HeadMap
from engine.attention_reading import heaviest
from engine.heatmaps.token_names import name_of
from gui import theme
from gui.theme import mix

ROW = 22  # px
WIDEST = 10.0  # px, of the largest weight of the map
MOST_LINES = 250  # at once; the thickest: more could not be told apart
_MARGIN, _HEAD = 10, 24
_NAME_SHARE, _MOST_NAME = 0.3, 180
_HAIR = 1.6  # px, up to which a line is drawn with one
_FAINT = 0.18  # of the colour, for the smallest weight
Line = tuple[int, int, float]  # query, key, weight


class AttentionLines(QAbstractScrollArea):
    """Only what starts in sight is looked at and painted; a token under the pointer, or the pinned one, hides the others."""

    token_selected = Signal(int)  # a query; −1: none
    pointed = Signal(int, int)  # query and key under the pointer; −1: no such one
    left_out_changed = Signal(int)  # so many lines are too many to be painted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attentionLines")
        self.setAccessibleName("Lines from query to key")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "canvas")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self._map: HeadMap | None = None
        self._limit = 0.0
        self._share = 0.9
        self._token = -1
        self._hovered = (-1, -1)
        self._kept: dict[int, NDArray[np.intp]] = {}  # the keys of each query that was looked at
        self.left_out = 0  # lines that were too many to be painted

    # One way in

    def show_map(self, shown: HeadMap, limit: float) -> None:
        """``limit``: the largest value, which has the thickest line. Pin and place stay."""
        if shown is self._map:
            return
        same = self._map is not None and len(self._map.queries) == len(shown.queries)
        self._map, self._limit, self._kept = shown, limit, {}
        self._hovered = (-1, -1)
        self._set_range()
        if not same:
            self.verticalScrollBar().setValue(0)
        self.viewport().update()

    def set_share(self, share: float) -> None:
        """So much of each row's mass is drawn, by the fewest lines."""
        if share != self._share:
            self._share, self._kept = share, {}
            self.viewport().update()

    def select_token(self, token: int) -> None:
        """Pin a query (−1: none); emits nothing."""
        if token != self._token:
            self._token = token
            if token >= 0:
                self._reveal(token)
            self.viewport().update()

    def clear(self) -> None:
        """Nothing to show."""
        self._map, self._kept = None, {}
        self._set_range()
        self.viewport().update()

    # What is drawn

    def rows_in_sight(self) -> range:
        """Of both columns."""
        top = self.verticalScrollBar().value() - _HEAD
        return range(max(top // ROW, 0), max((top + self.viewport().height()) // ROW + 1, 0))

    def lines(self) -> list[Line]:
        """Those that are painted, the thinnest first."""
        if self._map is None:
            return []
        query, key = self._focus()
        rows = [query] if query >= 0 else [row for row in self.rows_in_sight() if row < len(self._map.queries)]
        kept = [self._keys_of(row) for row in rows]
        queries = np.repeat(rows, [len(keys) for keys in kept])
        keys = np.concatenate(kept) if kept else np.zeros(0, dtype=np.intp)
        if key >= 0:
            queries, keys = queries[keys == key], keys[keys == key]
        weights = self._map.pattern[queries, keys] if len(keys) else np.zeros(0)
        order = np.argsort(weights, kind="stable")[-MOST_LINES:]
        self.left_out = len(weights) - len(order)
        return list(zip(queries[order].tolist(), keys[order].tolist(), weights[order].tolist(), strict=True))

    def _focus(self) -> tuple[int, int]:
        return self._hovered if self._hovered != (-1, -1) else (self._token, -1)

    def _keys_of(self, query: int) -> NDArray[np.intp]:
        assert self._map is not None
        if not 0 <= query < len(self._map.queries):
            return np.zeros(0, dtype=np.intp)
        if query not in self._kept:
            self._kept[query] = heaviest(self._map.pattern[query], self._share)
        return self._kept[query]

    # Places

    def _columns(self) -> tuple[float, float]:
        """Where the lines begin and end."""
        width = self.viewport().width()
        name = min(_NAME_SHARE * width, _MOST_NAME)
        middle, reach = width / 2, min(width / 2 - name - _MARGIN, 260)
        return middle - reach, middle + reach

    def _y(self, row: int) -> float:
        return _HEAD + row * ROW - self.verticalScrollBar().value() + ROW / 2

    def token_at(self, place: QPoint) -> tuple[int, int]:
        """Query and key under a point of the viewport."""
        if self._map is None:
            return -1, -1
        row = (place.y() - _HEAD + self.verticalScrollBar().value()) // ROW
        left, right = self._columns()
        if place.y() < _HEAD or row < 0:
            return -1, -1
        if place.x() <= left + 4:
            return (row, -1) if row < len(self._map.queries) else (-1, -1)
        if place.x() >= right - 4:
            return (-1, row) if row < len(self._map.keys) else (-1, -1)
        return -1, -1

    def _set_range(self) -> None:
        rows = 0 if self._map is None else max(len(self._map.queries), len(self._map.keys))
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, _HEAD + rows * ROW + _MARGIN - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(ROW)

    def _reveal(self, row: int) -> None:
        bar, top = self.verticalScrollBar(), row * ROW
        if top < bar.value():
            bar.setValue(top)
        elif _HEAD + top + ROW > bar.value() + self.viewport().height():
            bar.setValue(_HEAD + top + ROW + _MARGIN - self.viewport().height())

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.current().panel)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._map is not None:
            before = self.left_out
            lines = self.lines()
            if self.left_out != before:
                self.left_out_changed.emit(self.left_out)
            self._paint_lines(painter, lines)
            self._paint_names(painter, lines)
            self._paint_head(painter)
        painter.end()

    def _paint_lines(self, painter: QPainter, lines: list[Line]) -> None:
        left, right = self._columns()
        bend = (right - left) * 0.45
        high = self.viewport().height()
        pens: dict[int, QPen] = {}
        for query, key, weight in lines:
            start, end = self._y(query), min(max(self._y(key), -high), 2 * high)  # far ends are out of sight anyway
            if max(start, end) < 0 or min(start, end) > high:
                continue
            step = round(self._part(weight) * 32)
            if step not in pens:
                wide = WIDEST * step / 32
                pens[step] = QPen(self._colour(step / 32), wide if wide > _HAIR else 1.0)  # hair lines are painted quickly
                pens[step].setCapStyle(Qt.PenCapStyle.FlatCap)
            painter.setPen(pens[step])
            path = QPainterPath(QPointF(left, start))
            path.cubicTo(QPointF(left + bend, start), QPointF(right - bend, end), QPointF(right, end))
            painter.drawPath(path)

    def _part(self, weight: float) -> float:
        return min(weight / self._limit, 1.0) if self._limit > 0 else 0.0

    def _colour(self, part: float) -> QColor:
        look = theme.current()
        return mix(look.panel, look.accent, _FAINT + (1 - _FAINT) * float(np.sqrt(part)))

    def _paint_names(self, painter: QPainter, lines: list[Line]) -> None:
        assert self._map is not None
        look, (left, right), width = theme.current(), self._columns(), self.viewport().width()
        painter.setFont(theme.ui_font())
        metrics = QFontMetricsF(painter.font())
        query, key = self._focus()
        reached = {(0, line[0]) for line in lines} | {(1, line[1]) for line in lines}
        weights = {line[1]: line[2] for line in lines} if query >= 0 else {}
        for side, tokens in ((0, self._map.queries), (1, self._map.keys)):
            for row in self.rows_in_sight():
                if row >= len(tokens):
                    break
                box = QRectF(_MARGIN, self._y(row) - ROW / 2, left - 6 - _MARGIN, ROW)
                if side:
                    box = QRectF(right + 6, box.top(), width - right - 6 - _MARGIN, ROW)
                name = metrics.elidedText(name_of(tokens[row]), Qt.TextElideMode.ElideRight, box.width() - 12)
                self._paint_name(painter, box, name, side, self._pinned_or_hovered(side, row), weights.get(row, 0.0))
                lit = (side, row) in reached or (query < 0 and key < 0)
                painter.setPen(look.text if lit and not tokens[row].special else look.muted if lit else look.disabled)
                flags = Qt.AlignmentFlag.AlignVCenter | (Qt.AlignmentFlag.AlignLeft if side else Qt.AlignmentFlag.AlignRight)
                painter.drawText(box.adjusted(6, 0, -6, 0), int(flags), name)

    def _pinned_or_hovered(self, side: int, row: int) -> bool:
        return self._hovered[side] == row or (side == 0 and self._token == row)

    def _paint_name(self, painter: QPainter, box: QRectF, name: str, side: int, framed: bool, weight: float) -> None:
        """The ground: how much it receives from the one in focus, and a frame."""
        look = theme.current()
        wide = QFontMetricsF(painter.font()).horizontalAdvance(name) + 12
        cell = QRectF(box.left() if side else box.right() - wide, box.top() + 1, wide, ROW - 2)
        if side and weight > 0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(mix(look.panel, look.accent, 0.35 * float(np.sqrt(self._part(weight)))))
            painter.drawRoundedRect(cell, theme.CELL_RADIUS, theme.CELL_RADIUS)
        if framed:
            painter.setPen(QPen(look.text, 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(cell, theme.CELL_RADIUS, theme.CELL_RADIUS)

    def _paint_head(self, painter: QPainter) -> None:
        look, (left, right), width = theme.current(), self._columns(), self.viewport().width()
        painter.fillRect(QRectF(0, 0, width, _HEAD - 2), look.panel)
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        painter.setPen(look.muted)
        painter.drawText(
            QRectF(0, 0, left - 12, _HEAD - 2), int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), "from"
        )
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(QRectF(right + 12, 0, width - right, _HEAD - 2), flags, "to")

    # What the user does

    def sizeHint(self) -> QSize:
        return QSize(560, 400)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 120)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._set_range()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.token_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover((-1, -1))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Lines reach over the edges: all of it anew."""
        self._hovered = (-1, -1)
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        query, _ = self.token_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton:
            self._select(-1 if query == self._token else query)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = 0 if self._map is None else len(self._map.queries)
        page = max(self.viewport().height() // ROW - 1, 1)
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -page, Qt.Key.Key_PageDown: page}
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: count - 1}
        key = Qt.Key(event.key())
        if count and key in steps:
            self._select(0 if self._token < 0 else min(max(self._token + steps[key], 0), count - 1))
        elif count and key in ends:
            self._select(ends[key])
        elif key == Qt.Key.Key_Escape and self._token >= 0:
            self._select(-1)
        else:
            super().keyPressEvent(event)

    def _select(self, token: int) -> None:
        if token != self._token:
            self.select_token(token)
            self.token_selected.emit(token)

    def _hover(self, place: tuple[int, int]) -> None:
        if place != self._hovered:
            self._hovered = place
            self.viewport().update()
            self.pointed.emit(*place)
