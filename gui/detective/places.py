"""Places where a unit is right and wrong, one under the other with the token in one column."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.detective import Place
from engine.heatmaps.display_text import one_line
from engine.heatmaps.numerals import signed_figures
from gui import theme

KINDS = {
    "hit": "✓ hit",
    "miss": "✗ miss",
    "false_alarm": "! false alarm",
    "highest": "highest",
    "lowest": "lowest",
    "match": "match",
}
KIND_PIXELS, VALUE_PIXELS, ROW_PIXELS = 92, 60, 26
_CONTEXT_PIXELS = 32  # on either side of the token, at least
_PLACE = Qt.ItemDataRole.UserRole


class PlaceList(QListWidget):
    """Enter or a click puts a place on the desk."""

    place_chosen = Signal(object)  # Place
    place_pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("detectPlaces")
        self.setAccessibleName("Examples")
        self.setItemDelegate(_Line(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(self._on_item)
        self.itemActivated.connect(self._on_item)
        self.itemEntered.connect(self._on_entered)

    def show_places(self, places: tuple[Place, ...]) -> None:
        """By kind, the clearest first."""
        self.clear()
        for place in places:
            item = QListWidgetItem(f"{KINDS[place.kind]}: {one_line(place.before + place.text + place.after)}")
            item.setData(_PLACE, place)
            self.addItem(item)

    @Slot(QListWidgetItem)
    def _on_item(self, item: QListWidgetItem) -> None:
        self.place_chosen.emit(item.data(_PLACE))

    @Slot(QListWidgetItem)
    def _on_entered(self, item: QListWidgetItem) -> None:
        self.place_pointed.emit(item.data(_PLACE))


def token_in(token: str, metrics: QFontMetrics, room: int) -> tuple[str, int]:
    """What is written of it, and how wide that is: whole, where something of its surroundings can still be seen."""
    most = max(room - 2 * _CONTEXT_PIXELS, room // 3)
    shown = metrics.elidedText(token, Qt.TextElideMode.ElideRight, most - 2)
    return shown, min(metrics.horizontalAdvance(shown) + 2, most)


class _Line(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW_PIXELS)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        place, look, rect = index.data(_PLACE), theme.current(), option.rect
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, look.selection)
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.hover)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.save()
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        painter.setPen(look.muted)
        painter.drawText(rect.adjusted(8, 0, 0, 0), int(Qt.AlignmentFlag.AlignLeft | middle), KINDS[place.kind])
        painter.setFont(theme.numbers_font(theme.CAPTION_PIXELS))
        painter.drawText(rect.adjusted(0, 0, -8, 0), int(Qt.AlignmentFlag.AlignRight | middle), signed_figures(place.value))
        font = theme.mono_font(12)
        metrics = QFontMetrics(font)
        painter.setFont(font)
        inside = rect.adjusted(KIND_PIXELS, 0, -VALUE_PIXELS - 8, 0)
        before, token, after = (one_line(words) for words in (place.before, place.text, place.after))
        token, wide = token_in(token, metrics, inside.width())
        left = inside.left() + (inside.width() - wide) // 2
        shown = QRect(left, inside.top() + 3, wide, inside.height() - 6)
        painter.fillRect(shown, theme.mix(look.panel, look.accent, 0.35))
        painter.setPen(look.text)
        painter.drawText(shown, int(Qt.AlignmentFlag.AlignCenter), token)
        room = left - inside.left() - 2
        painter.drawText(
            QRect(inside.left(), inside.top(), room, inside.height()),
            int(Qt.AlignmentFlag.AlignRight | middle),
            metrics.elidedText(before, Qt.TextElideMode.ElideLeft, room),
        )
        room = inside.right() - left - wide - 2
        painter.drawText(
            QRect(left + wide + 2, inside.top(), room, inside.height()),
            int(Qt.AlignmentFlag.AlignLeft | middle),
            metrics.elidedText(after, Qt.TextElideMode.ElideRight, room),
        )
        painter.restore()
