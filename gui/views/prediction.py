"""What the model says: a bar per class. A click makes a class the target, Alt-click the one it is weighed against."""

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.heatmaps.numerals import figures
from engine.heatmaps.token_names import visible
from engine.results import ClassPrediction, PredictionResult, ProblemType
from gui import theme

MOST_WITHOUT_FILTER = 8
_TOP, _SHOWN = 5, 4  # of many classes the first; rows in sight, the rest by scrolling: what lies below needs the room
_ROW = 28
_NUMBER, _ROOM_FOR_ROLES = 66, 330  # px: a probability, and a row that has room for the word beside it
_RESERVED = frozenset(("predicted", "true"))
_HINT = "click: target · Alt-click: versus"
_EMPTY = "A bar for each class, once there is something to read."
Index = QModelIndex | QPersistentModelIndex


def spoken(prediction: ClassPrediction, classes: tuple[ClassPrediction, ...]) -> str:
    """The name a target is asked for by: its label, or ``index:N`` where the label could be taken for something else."""
    label = prediction.label
    ambiguous = (
        label is None
        or label in _RESERVED
        or label.isdecimal()
        or label.startswith(("index:", "label:"))
        or sum(other.label == label for other in classes) > 1
    )
    return f"index:{prediction.index}" if ambiguous or label is None else label


class PredictionView(QWidget):
    """Rows keep their place while one types: by class where all fit, by probability where they do not."""

    target_chosen = Signal(str)  # a label or ``index:N``
    versus_chosen = Signal(str)
    read_out_changed = Signal(str)  # the class under the pointer in full; empty: none

    def __init__(self, parent: QWidget | None = None, hint: str = _HINT) -> None:
        super().__init__(parent)
        self._hint = hint
        self.setObjectName("predictionView")
        self.setAccessibleName("Prediction")
        self._result: PredictionResult | None = None
        self._model = _ClassModel(self)
        self._rows = _Rows(self._model, self)
        self._rows.target_chosen.connect(self.target_chosen)
        self._rows.versus_chosen.connect(self.versus_chosen)
        self._rows.read_out_changed.connect(self.read_out_changed)
        self._filter = QLineEdit(self)
        self._filter.setObjectName("predictionFilter")
        self._filter.setAccessibleName("Filter classes")
        self._filter.setPlaceholderText("Filter classes…")
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(self._on_filter_changed)
        self._filter.hide()
        self._lay_out()
        self.clear()

    def show_result(self, result: PredictionResult, problem_type: ProblemType | None = None, unit: str = "") -> None:
        """Show ``result``. ``problem_type``: with ``multi_label`` every class from one half on counts as predicted."""
        other_model = self._result is None or len(self._result.classes) != len(result.classes)
        self._result = result
        self._filter.setVisible(len(result.classes) > MOST_WITHOUT_FILTER)
        if other_model:
            self._filter.clear()
        self._model.unit = unit
        self._model.show_result(result, problem_type)
        self._note.setText("" if result.classes[0].probability is None else self._hint)
        self._fill()

    def set_target(self, index: int | None, versus_index: int | None = None) -> None:
        """Highlight the class that is explained, and the one it is weighed against."""
        moved = (index, versus_index) != (self._model.target, self._model.versus)
        self._model.set_target(index, versus_index)
        self._fill()
        if moved:
            self._rows.show_target()

    def set_true(self, label: str | None) -> None:
        """Mark the true class."""
        self._model.set_true(label)
        self._fill()

    def set_hint(self, words: str) -> None:
        """Beside the title."""
        self._hint = words
        if self._result is not None and self._result.classes[0].probability is not None:
            self._note.setText(words)

    def clear(self, because: str | None = None) -> None:
        """Before there is anything to predict, or ``because`` nothing can be; the height of what was shown is kept."""
        self._result = None
        self._filter.hide()
        self._model.show_result(None, None)
        self._note.setText(because or _EMPTY)

    def _lay_out(self) -> None:
        title = QLabel("Prediction", self)
        title.setProperty("role", "section")
        self._note = QLabel(self)
        self._note.setProperty("role", "caption")
        head = QHBoxLayout()
        head.setSpacing(8)
        for widget in (title, self._note):
            head.addWidget(widget)
        head.addStretch()
        head.addWidget(self._filter)
        self._filter.setMaximumWidth(200)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self._rows)

    @Slot(str)
    def _on_filter_changed(self, _text: str) -> None:
        self._fill()

    def _fill(self) -> None:
        if self._result is None:
            return
        self._model.fill(self._filter.text().casefold().strip())
        self._rows.setFixedHeight(_ROW * min(len(self._result.classes), _SHOWN) + 2)


class _ClassModel(QAbstractListModel):
    """The classes that are listed, and all that is known of each."""

    PREDICTION = Qt.ItemDataRole.UserRole

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._classes: tuple[ClassPrediction, ...] = ()
        self._listed: list[ClassPrediction] = []
        self._predicted: frozenset[int] = frozenset()
        self._true: str | None = None
        self.unit = ""  # of a number
        self.label_width = 0  # of the widest name, sign and mark included, within reason
        self.target: int | None = None
        self.versus: int | None = None

    @property
    def classes(self) -> tuple[ClassPrediction, ...]:
        return self._classes

    def show_result(self, result: PredictionResult | None, problem_type: ProblemType | None) -> None:
        self._classes = result.classes if result else ()
        metrics = QFontMetrics(theme.ui_font(strong=True))
        names = sorted((one.label or "class 000" for one in self._classes), key=len)[-_TOP:]
        self.label_width = min(max((metrics.horizontalAdvance(name) for name in names), default=0) + 72, 280)
        if problem_type == "multi_label":
            self._predicted = frozenset(one.index for one in self._classes if (one.probability or 0) >= 0.5)
        else:
            self._predicted = frozenset(one.index for one in self._classes[:1] if one.probability is not None)
        if result is None:
            self.beginResetModel()
            self._listed = []
            self.endResetModel()

    def set_target(self, index: int | None, versus_index: int | None) -> None:
        self.target, self.versus = index, versus_index

    def value_words(self) -> str:
        """What a number is called."""
        return f"value, {self.unit}" if self.unit else "value"

    def set_true(self, label: str | None) -> None:
        self._true = label

    def fill(self, wanted: str) -> None:
        """List what ``wanted`` asks for; the rows stay the same objects where their number allows it."""
        listed = self._found(wanted)
        if len(listed) != len(self._listed):
            self.beginResetModel()
            self._listed = listed
            self.endResetModel()
        elif listed:
            self._listed = listed
            self.dataChanged.emit(self.index(0), self.index(len(listed) - 1))

    def _found(self, wanted: str) -> list[ClassPrediction]:
        if wanted:
            return [one for one in self._classes if wanted in (one.label or str(one.index)).casefold()]
        if len(self._classes) <= MOST_WITHOUT_FILTER:
            return sorted(self._classes, key=lambda one: one.index)
        also = [one for one in self._classes[_TOP:] if one.index in (self.target, self.versus) or self.is_true(one)]
        return [*self._classes[:_TOP], *also]

    def row_of(self, index: int | None) -> int | None:
        """Where output ``index`` is listed."""
        return next((row for row, one in enumerate(self._listed) if one.index == index), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._listed)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        one = self._listed[index.row()]
        if role == self.PREDICTION:
            return one
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.in_words(one)
        return None

    def is_predicted(self, one: ClassPrediction) -> bool:
        return one.index in self._predicted

    def is_true(self, one: ClassPrediction) -> bool:
        return self._true is not None and self._true in (one.label, f"index:{one.index}", f"label:{one.label}")

    def in_words(self, one: ClassPrediction) -> str:
        """Everything the row shows, for the read-out and for screen readers."""
        words = [one.label if one.label is not None else f"class {one.index}"]
        if one.probability is None:
            words = [one.label or "value", figures(one.logit, 4)]
        else:
            words += [f"probability {figures(one.probability)}", f"logit {figures(one.logit)}"]
        if self.is_predicted(one):
            words.append("predicted")
        if self.is_true(one):
            words.append("true class, predicted rightly" if self.is_predicted(one) else "true class, missed")
        if one.index in (self.target, self.versus) and one.probability is not None:
            words.append("target" if one.index == self.target else "versus")
        return " · ".join(words)


class _Rows(QListView):
    """One tab stop; arrows move, Enter makes a target, Alt+Enter a versus."""

    target_chosen = Signal(str)
    versus_chosen = Signal(str)
    read_out_changed = Signal(str)

    def __init__(self, model: _ClassModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self.setModel(model)
        self.setItemDelegate(_BarDelegate(model, self))
        self.setObjectName("predictionRows")
        self.setAccessibleName("Classes")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setMouseTracking(True)
        self.setFixedHeight(2 * _ROW + 2)

    def show_target(self) -> None:
        """Bring it in sight, and what it is weighed against if both fit."""
        for which in (self._model.versus, self._model.target):
            row = self._model.row_of(which)
            if row is not None:
                self.scrollTo(self._model.index(row))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(self.indexAt(event.position().toPoint()), event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._read_out(self.indexAt(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.read_out_changed.emit("")

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        if self.hasFocus():
            self._read_out(current)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose(self.currentIndex(), event.modifiers())
            return
        super().keyPressEvent(event)

    def _choose(self, index: Index, modifiers: Qt.KeyboardModifier) -> None:
        one = index.data(_ClassModel.PREDICTION) if index.isValid() else None
        if one is None or one.probability is None:
            return
        signal = self.versus_chosen if modifiers & Qt.KeyboardModifier.AltModifier else self.target_chosen
        signal.emit(spoken(one, self._model.classes))

    def _read_out(self, index: Index) -> None:
        self.read_out_changed.emit(str(index.data()) if index.isValid() else "")


class _BarDelegate(QStyledItemDelegate):
    """▸ label ✓ | bar | probability, logit, and what the class is to the explanation."""

    def __init__(self, model: _ClassModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(240, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        one = index.data(_ClassModel.PREDICTION)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        self._paint_ground(painter, rect, one, bool(state & QStyle.StateFlag.State_MouseOver))
        columns = _Columns(rect, self._model.label_width)
        self._paint_label(painter, columns.label, one)
        if one.probability is None:
            self._paint_number(painter, columns.bar, figures(one.logit, 4), theme.current().text, left=True)
        else:
            self._paint_bar(painter, columns.bar, one)
            self._paint_number(painter, columns.probability, figures(one.probability), theme.current().text)
            self._paint_number(painter, columns.logit, figures(one.logit), theme.current().muted)
            self._paint_role(painter, columns.role, one)
        if state & QStyle.StateFlag.State_HasFocus:
            theme.paint_focus_ring(painter, QRectF(rect), 4)
        painter.restore()

    def _paint_ground(self, painter: QPainter, rect: QRect, one: ClassPrediction, hovered: bool) -> None:
        colours = theme.current()
        chosen = one.index == self._model.target and one.probability is not None
        if chosen or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.mix(colours.panel, colours.selection, 0.55) if chosen else colours.hover)
            painter.drawRoundedRect(QRectF(rect).adjusted(0, 1, 0, -1), 4, 4)

    def _paint_label(self, painter: QPainter, rect: QRect, one: ClassPrediction) -> None:
        colours, predicted = theme.current(), self._model.is_predicted(one)
        painter.setPen(colours.text)
        painter.setFont(theme.ui_font(strong=predicted))
        metrics = QFontMetrics(painter.font())
        if predicted:
            painter.drawText(QRect(rect.left(), rect.top(), 16, rect.height()), Qt.AlignmentFlag.AlignVCenter, "▸")
        sign = ("✓" if predicted else "✗") if self._model.is_true(one) else ""
        room = rect.width() - 16 - (44 if sign else 0)
        label = (
            one.label
            if one.label is not None
            else (self._model.value_words() if one.probability is None else f"class {one.index}")
        )
        shown = metrics.elidedText(visible(label), Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRect(rect.left() + 16, rect.top(), room, rect.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        if sign:
            painter.setPen(colours.good if predicted else colours.error)
            painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
            left = QPoint(rect.left() + 16 + metrics.horizontalAdvance(shown) + 6, rect.top())
            painter.drawText(QRect(left, QSize(44, rect.height())), Qt.AlignmentFlag.AlignVCenter, f"{sign} true")

    def _paint_bar(self, painter: QPainter, rect: QRect, one: ClassPrediction) -> None:
        colours = theme.current()
        groove = QRectF(rect.left(), rect.center().y() - 4, rect.width(), 9)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.mix(colours.panel, colours.border, 0.7))
        painter.drawRoundedRect(groove, 3, 3)
        share = min(max(one.probability or 0.0, 0.0), 1.0) if one.probability == one.probability else 0.0
        width = groove.width() * share
        if width > 0:
            chosen = one.index in (self._model.target, self._model.versus)
            painter.setBrush(colours.accent if chosen else theme.mix(colours.panel, colours.muted, 0.75))
            painter.drawRoundedRect(QRectF(groove.left(), groove.top(), max(width, 2.0), groove.height()), 3, 3)

    def _paint_number(self, painter: QPainter, rect: QRect, text: str, colour: object, *, left: bool = False) -> None:
        painter.setFont(theme.numbers_font())
        painter.setPen(colour)
        side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
        painter.drawText(rect, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_role(self, painter: QPainter, rect: QRect, one: ClassPrediction) -> None:
        if one.index not in (self._model.target, self._model.versus) or rect.isEmpty():
            return
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        painter.setPen(theme.current().accent)
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, "target" if one.index == self._model.target else "versus")


class _Columns:
    """Label, bar, probability, logit, role: the bar takes what the others leave."""

    def __init__(self, row: QRect, label: int) -> None:
        inner = row.adjusted(8, 0, -8, 0)
        label, role = min(label, int(inner.width() * 0.36)), 44 if inner.width() >= _ROOM_FOR_ROLES else 0
        number = min(84, max(_NUMBER, int(inner.width() * 0.16)))
        self.label = QRect(inner.left(), inner.top(), label, inner.height())
        self.role = QRect(inner.right() - role + 1, inner.top(), role, inner.height())
        self.logit = QRect(self.role.left() - 12 - number, inner.top(), number, inner.height())
        self.probability = QRect(self.logit.left() - number, inner.top(), number, inner.height())
        left = self.label.right() + 12
        self.bar = QRect(left, inner.top(), max(min(self.probability.left() + 8 - left, 720), 8), inner.height())
