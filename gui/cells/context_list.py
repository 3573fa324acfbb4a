"""Places of a corpus one below the other, what is meant in one column, every character on the colour of the chosen cell."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.heatmaps.display_text import one_line
from gui import theme
from gui.cells.column_heatmap import ColumnHeatmap

ROW_PIXELS, TEXT_PIXELS = 24, 12
_LEFT, _FILE = 88, 150
_AROUND = 200  # code points of context, of which as many are drawn as there is room for
_BEFORE = 0.42  # of the room, in front of what is meant
_CONTEXT = Qt.ItemDataRole.UserRole


@dataclass(frozen=True, slots=True)
class Context:
    """``text[start:end]`` of the corpus laid out as one text is meant."""

    start: int
    end: int
    note: str  # in front, as “0.93” or “12 of 15 cells”
    file: str
    words: str  # of the place, for whoever points at it
    within: tuple[int, int]  # its file: nothing beyond is shown


class ContextList(QListWidget):
    """A click, or Enter, goes there."""

    context_chosen = Signal(int, int)
    read_out_changed = Signal(str)

    def __init__(self, text: ColumnHeatmap, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self._text = text
        self.setItemDelegate(_Line(self, text))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.itemClicked.connect(self._on_item)
        self.itemActivated.connect(self._on_item)
        self.itemEntered.connect(self._on_entered)

    def show_contexts(self, contexts: tuple[Context, ...]) -> None:
        """In the order of their rank; whoever asked knows that the text holds them."""
        self.clear()
        whole = self._text.document.text
        for each in contexts:
            item = QListWidgetItem(f"{each.note}: {one_line(whole[max(0, each.start - 30) : each.end + 30])}, {each.file}")
            item.setData(_CONTEXT, each)
            self.addItem(item)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.read_out_changed.emit("")

    @Slot(QListWidgetItem)
    def _on_item(self, item: QListWidgetItem) -> None:
        each: Context = item.data(_CONTEXT)
        self.context_chosen.emit(each.start, each.end)

    @Slot(QListWidgetItem)
    def _on_entered(self, item: QListWidgetItem) -> None:
        each: Context = item.data(_CONTEXT)
        self.read_out_changed.emit(each.words)


class _Line(QStyledItemDelegate):
    def __init__(self, parent: QWidget, text: ColumnHeatmap) -> None:
        super().__init__(parent)
        self._text = text

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW_PIXELS)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        each, look, rect = index.data(_CONTEXT), theme.current(), option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.selection)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.hover)
        painter.save()
        file = QRect(rect.right() - _FILE, rect.top(), _FILE - 8, rect.height())
        self._words(painter, rect.adjusted(8, 0, 0, 0), each.note, Qt.AlignmentFlag.AlignLeft, numbers=True)
        self._words(painter, file, each.file, Qt.AlignmentFlag.AlignRight)
        self._context(painter, rect.adjusted(_LEFT, 2, -_FILE - 8, -2), each)
        painter.restore()

    def _words(self, painter: QPainter, rect: QRect, words: str, side: Qt.AlignmentFlag, *, numbers: bool = False) -> None:
        font = theme.numbers_font(theme.CAPTION_PIXELS) if numbers else theme.ui_font(theme.CAPTION_PIXELS)
        painter.setFont(font)
        painter.setPen(theme.current().muted)
        shown = QFontMetricsF(font).elidedText(words, Qt.TextElideMode.ElideLeft, rect.width())
        painter.drawText(rect, int(side | Qt.AlignmentFlag.AlignVCenter), shown)

    def _context(self, painter: QPainter, rect: QRect, each: Context) -> None:
        look, font = theme.current(), theme.mono_font(TEXT_PIXELS)
        metrics = QFontMetricsF(font)
        wide = metrics.horizontalAdvance("0")
        columns = int(rect.width() / wide)
        before = min(int(columns * _BEFORE), _AROUND, each.start - each.within[0])
        lead = int(columns * _BEFORE) - before  # the text begins here
        first, last = each.start - before, min(each.start + columns - int(columns * _BEFORE), each.end + _AROUND, each.within[1])
        shown = one_line(self._text.document.text[first:last])
        backs, inks = self._text.character_colours(first, first + len(shown))
        left = rect.left() + lead * wide
        baseline = rect.top() + (rect.height() - metrics.height()) / 2 + metrics.ascent()
        painter.setFont(font)
        for at, character in enumerate(shown):
            box = QRectF(left + at * wide, rect.top() + 1, wide + 0.5, rect.height() - 2)
            if backs[at] is not None:
                painter.fillRect(box, backs[at])
            if character != " ":
                painter.setPen(inks[at] or look.muted)
                painter.drawText(QPointF(box.left(), baseline), character)
        around = QRectF(left + before * wide, rect.top(), min(each.end - each.start, len(shown) - before) * wide, rect.height())
        painter.setPen(QPen(look.panel, 3))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(around)
        painter.setPen(QPen(look.text, 1.5))
        painter.drawRect(around)
