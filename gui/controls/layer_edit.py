"""The name of a layer, typed with what the model has to offer or taken from its tree."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget

_SHOWN = 12


class LayerEdit(QLineEdit):
    """Counts when it is typed to its end. Empty: the method finds one by itself."""

    chosen = Signal()  # by a person: another layer than before

    def __init__(self, layers: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText("auto")
        self.setClearButtonEnabled(True)
        self._told = ""
        completer = QCompleter(layers, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setMaxVisibleItems(_SHOWN)
        completer.activated.connect(self._on_finished)
        self.setCompleter(completer)
        self.editingFinished.connect(self._on_finished)
        self.textChanged.connect(self._on_changed)

    def set_layer(self, name: str) -> None:
        """Silently."""
        self._told = name
        self.setText(name)
        self.setCursorPosition(len(name))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The end of a long name says which layer it is."""
        super().focusInEvent(event)
        self.end(False)

    @Slot()
    def _on_changed(self) -> None:
        self.setToolTip(self.text())
        if not self.text() and self._told:  # its own button cleared it
            self._on_finished()

    @Slot()
    def _on_finished(self) -> None:
        if self.text() != self._told:
            self._told = self.text()
            self.chosen.emit()
