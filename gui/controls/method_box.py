"""Which method: those that cannot run on this model are greyed and say why."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QPainter, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from engine.descriptions import MethodDescription
from engine.results import ModelInfo
from gui import theme
from gui.controls.rows import name_control

REASON = Qt.ItemDataRole.UserRole + 1
REASON_PIXELS = 32
_STARTING = "The engine is starting…"
Index = QModelIndex | QPersistentModelIndex


class MethodBox(QComboBox):
    """Lists the catalogue in its order."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._methods: dict[str, MethodDescription] = {}
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        self.setMaxVisibleItems(30)
        self.setPlaceholderText(_STARTING)
        self.setItemDelegate(_Rows(self))
        name_control(self, "methodBox", "Method", "How the score is shared out over the tokens.")

    def show_methods(self, methods: tuple[MethodDescription, ...], model: ModelInfo | None, wanted: str) -> None:
        """Silently; a method that cannot run here is not chosen, whatever was wanted."""
        self.blockSignals(True)
        self._methods = {method.id: method for method in methods}
        self.clear()
        for method in methods:
            self._add(method, model)
        runnable = [m.id for m in methods if model is None or m.unavailable_because(model) is None]
        chosen = wanted if wanted in runnable else next(iter(runnable), "")
        self.setPlaceholderText("none for this model" if methods else _STARTING)
        self.setCurrentIndex(self.findData(chosen))
        self.blockSignals(False)

    def method(self) -> MethodDescription | None:
        """The chosen one; None before the catalogue is there or when none can run."""
        return self._methods.get(str(self.currentData()))

    def _add(self, method: MethodDescription, model: ModelInfo | None) -> None:
        reason = method.unavailable_because(model) if model is not None else None
        self.addItem(method.label, method.id)
        at = self.count() - 1
        self.setItemData(at, reason or method.summary, Qt.ItemDataRole.ToolTipRole)
        items = self.model()
        if reason and isinstance(items, QStandardItemModel):
            items.item(at).setEnabled(False)
            self.setItemData(at, reason, REASON)


class _Rows(QStyledItemDelegate):
    """The name; under a greyed one, the reason."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), size.height() + (REASON_PIXELS if index.data(REASON) else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        reason = index.data(REASON)
        if not reason:
            super().paint(painter, option, index)
            return
        above = QStyleOptionViewItem(option)
        above.rect = option.rect.adjusted(0, 0, 0, -REASON_PIXELS)
        super().paint(painter, above, index)
        painter.save()
        painter.setFont(theme.ui_font(theme.CAPTION_PIXELS))
        painter.setPen(theme.current().muted)
        below = option.rect.adjusted(8, option.rect.height() - REASON_PIXELS, -4, -4)
        painter.drawText(below, Qt.TextFlag.TextWordWrap, reason)
        painter.restore()
