"""The edits of a row as a tree: what each changed, what the model says of it, and how much that is from before."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.datasets.work import Edit
from engine.heatmaps.numerals import fixed
from gui import theme
from gui.controls.rows import name_control
from gui.theme import numbers_font, ui_font

ROW_PIXELS = 24
INDENT, DEEPEST = 14, 6
DRAFT = "draft"  # what was typed and is no edit yet
ROOT = ""
_SAID, _CHANGE, _FLIP = 120, 42, 22  # px of the columns on the right, the first at most
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class EditNode:
    """A line of the tree.

    Args:
        id: of the edit; ``ROOT``: the row as in the file; ``DRAFT``: typed, not kept.
        goes_on: of the line's own and of every ancestor's level but the root's: whether another sibling follows.
        words: what was changed.
        said: what the model says; empty: not known yet.
        change: of the class predicted for the row, against what is compared with; None: it is that, or nobody knows.
        flips: the answer is another than the row's.
        hint: all of it, in words.
    """

    id: str
    parent: str
    goes_on: tuple[bool, ...]
    words: str
    said: str = ""
    change: float | None = None
    flips: bool = False
    hint: str = ""

    @property
    def depth(self) -> int:
        """The row itself is at 0."""
        return len(self.goes_on)


@dataclass(frozen=True, slots=True)
class Place:
    """An edit in its tree."""

    edit: Edit
    parent: str  # ``ROOT`` where it is not there any more
    goes_on: tuple[bool, ...]


def laid_out(edits: Sequence[Edit]) -> list[Place]:
    """The edits of one row, each behind its parent, siblings in the order they were made."""
    earlier: set[str] = set()
    children: dict[str, list[Edit]] = {}
    for edit in edits:
        if edit.id in earlier:
            continue  # a damaged file
        children.setdefault(edit.parent if edit.parent in earlier else ROOT, []).append(edit)
        earlier.add(edit.id)
    found: list[Place] = []
    waiting: list[tuple[Edit, str, tuple[bool, ...]]] = [
        (edit, ROOT, (at > 0,)) for at, edit in enumerate(reversed(children.get(ROOT, [])))
    ]
    while waiting:  # no recursion: a chain of edits may be long
        edit, parent, goes_on = waiting.pop()
        found.append(Place(edit, parent, goes_on))
        below = reversed(children.get(edit.id, []))
        waiting += [(child, edit.id, (*goes_on, at > 0)) for at, child in enumerate(below)]
    return found


class EditTree(QListView):
    """Arrows walk it, Delete takes an edit away; setters are silent."""

    node_chosen = Signal(str)
    node_dropped = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = _Nodes(self)
        self.setModel(self._model)
        self.setItemDelegate(_NodeDelegate(self._model, self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        name_control(self, "editTree", "Edits of this row", "")

    @property
    def nodes(self) -> tuple[EditNode, ...]:
        """What is listed."""
        return self._model.nodes

    def show_nodes(self, nodes: Sequence[EditNode], current: str) -> None:
        """In the order of ``laid_out``; ``current`` is on the desk."""
        self._model.show(tuple(nodes), current)
        at = next((at for at, node in enumerate(nodes) if node.id == current), -1)
        self.setCurrentIndex(self._model.index(at) if at >= 0 else QModelIndex())
        if at >= 0:
            self.scrollTo(self._model.index(at))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What is on the desk stays in sight."""
        super().resizeEvent(event)
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses."""
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.node_chosen.emit(self._model.nodes[index.row()].id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down by line, left to what it was made of, right to the first that was made of it."""
        nodes, at = self._model.nodes, self.currentIndex().row()
        key = event.key()
        wanted: int | None = None
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            steps = {Qt.Key.Key_Up: at - 1, Qt.Key.Key_Down: at + 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(nodes) - 1}
            wanted = steps[Qt.Key(key)]
        elif key == Qt.Key.Key_Left and at >= 0:
            wanted = next((place for place, node in enumerate(nodes) if node.id == nodes[at].parent and place != at), None)
        elif key == Qt.Key.Key_Right and at >= 0:
            wanted = next((place for place, node in enumerate(nodes) if node.parent == nodes[at].id and place != at), None)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and at >= 0:
            self.node_dropped.emit(nodes[at].id)
            return
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and at >= 0:
            wanted = at
        else:
            super().keyPressEvent(event)
            return
        if wanted is not None and 0 <= wanted < len(nodes):
            self.node_chosen.emit(nodes[wanted].id)


class _Nodes(QAbstractListModel):
    NODE = Qt.ItemDataRole.UserRole

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.nodes: tuple[EditNode, ...] = ()
        self.current = ROOT

    def show(self, nodes: tuple[EditNode, ...], current: str) -> None:
        """The lines stay the same objects where their number allows it."""
        if nodes == self.nodes and current == self.current:
            return
        anew = len(nodes) != len(self.nodes)
        if anew:
            self.beginResetModel()
        self.nodes, self.current = nodes, current
        self.__dict__.pop("widths", None)
        if anew:
            self.endResetModel()
        elif nodes:
            self.dataChanged.emit(self.index(0), self.index(len(nodes) - 1))

    @cached_property
    def widths(self) -> tuple[int, int, int]:
        """Of the columns on the right: no more than they need."""
        metrics = QFontMetrics(numbers_font())
        said = max((metrics.horizontalAdvance(node.said) for node in self.nodes), default=0)
        flip = _FLIP if any(node.flips for node in self.nodes) else 0
        return min(said + 4, _SAID), _CHANGE if len(self.nodes) > 1 else 0, flip

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.nodes)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        node = self.nodes[index.row()]
        if role == self.NODE:
            return node
        if role == Qt.ItemDataRole.DisplayRole:
            return node.words
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return node.hint
        return None


class _NodeDelegate(QStyledItemDelegate):
    """└ words | said | change | flip."""

    def __init__(self, nodes: _Nodes, parent: QWidget) -> None:
        super().__init__(parent)
        self._nodes = nodes

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, ROW_PIXELS)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        node: EditNode = index.data(_Nodes.NODE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        self._paint_ground(painter, rect, state)
        left = rect.left() + 6 + self._paint_branches(painter, rect, node)
        columns = _columns(rect, self._nodes.widths)
        self._paint_words(painter, QRect(left, rect.top(), columns[0].left() - 6 - left, rect.height()), node)
        self._paint_answer(painter, columns, node)
        if state & QStyle.StateFlag.State_HasFocus:
            theme.paint_focus_ring(painter, QRectF(rect), 4)
        painter.restore()

    @staticmethod
    def _paint_ground(painter: QPainter, rect: QRect, state: QStyle.StateFlag) -> None:
        look, on = theme.current(), bool(state & QStyle.StateFlag.State_Selected)
        if on or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.selection if on else look.hover)
            painter.drawRoundedRect(QRectF(rect).adjusted(0, 1, 0, -1), 4, 4)

    @staticmethod
    def _paint_branches(painter: QPainter, rect: QRect, node: EditNode) -> int:
        """The lines from the parents; how much room they take."""
        look, shown = theme.current(), node.goes_on[-DEEPEST:]
        painter.setPen(QPen(theme.mix(look.panel, look.muted, 0.6), 1))
        for level, goes_on in enumerate(shown):
            x, own = rect.left() + 10.5 + INDENT * level, level == len(shown) - 1
            middle = rect.center().y() + 0.5
            if own or goes_on:
                painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom() + 1 if goes_on else middle))
            if own:
                painter.drawLine(QPointF(x, middle), QPointF(x + 6, middle))
        return INDENT * len(shown)

    @staticmethod
    def _paint_words(painter: QPainter, rect: QRect, node: EditNode) -> None:
        look = theme.current()
        font = QFont(ui_font(strong=node.id == ROOT))
        font.setItalic(node.id == DRAFT)
        painter.setFont(font)
        painter.setPen(look.text)
        words = QFontMetrics(font).elidedText(node.words, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, words)

    @staticmethod
    def _paint_answer(painter: QPainter, columns: tuple[QRect, QRect, QRect], node: EditNode) -> None:
        look, (said, change, flip) = theme.current(), columns
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.setFont(numbers_font())
        painter.setPen(look.text)
        words = painter.fontMetrics().elidedText(node.said, Qt.TextElideMode.ElideMiddle, said.width())
        painter.drawText(said, right, words)
        if node.change is not None:
            painter.setPen(look.muted if abs(node.change) < 0.005 else look.raises if node.change > 0 else look.lowers)
            painter.drawText(change, right, change_words(node.change))
        if node.flips:
            painter.setFont(ui_font(theme.CAPTION_PIXELS, strong=True))
            painter.setPen(look.accent)
            painter.drawText(flip, right, "flip")


def _columns(rect: QRect, widths: tuple[int, int, int]) -> tuple[QRect, QRect, QRect]:
    """What is said, its change, whether it flips: from the right."""
    found, right = list[QRect](), rect.right() - 5
    for width in reversed(widths):
        found.append(QRect(right - width, rect.top(), width, rect.height()))
        right -= width + (6 if width else 0)
    flip, change, said = found
    return said, change, flip


def change_words(change: float) -> str:
    """“+0.12”, “−0.40”, “0.00”."""
    words = fixed(change, 2)
    return f"+{words}" if change > 0 and float(f"{change:.2f}") != 0 else words
