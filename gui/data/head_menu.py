"""Whose attention is compared: a layer, and one of its heads or all of them merged."""

from PySide6.QtCore import QPoint, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from engine.requests import HeadsMerged
from engine.results import AttentionInfo
from gui.controls.rows import name_control

MERGED: tuple[HeadsMerged, ...] = ("mean", "maximum")
WORDS = {"mean": "Mean of its heads", "maximum": "Largest of its heads"}


class HeadMenu(QPushButton):
    """The last layer's mean, until something else is chosen; setters are silent."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layer: int | None = None  # the last
        self.head: int | HeadsMerged = "mean"
        self._info: AttentionInfo | None = None
        self.setProperty("role", "link")
        name_control(self, "editHead", "Layer and head", "Whose attention is compared.")
        self.heads = QMenu(self)
        self.heads.triggered.connect(self._on_triggered)
        self.clicked.connect(self._on_clicked)
        self.hide()

    def show_model(self, info: AttentionInfo | None) -> None:
        """Another model has other heads."""
        if info == self._info:
            return
        self._info, self.layer, self.head = info, None, "mean"
        self.heads.clear()
        for layer in range(info.layers if info is not None else 0):
            part = self.heads.addMenu(f"Layer {layer}")
            for head in (*MERGED, *range(info.heads if info is not None else 0)):
                action = part.addAction(f"Head {head}" if isinstance(head, int) else WORDS[head])
                action.setData((layer, head))
        self._say()

    def _say(self) -> None:
        last = self._info.layers - 1 if self._info is not None else 0
        head = f"head {self.head}" if isinstance(self.head, int) else self.head
        self.setText(f"Layer {last if self.layer is None else self.layer}, {head} ▾")

    @Slot()
    def _on_clicked(self) -> None:
        self.heads.popup(self.mapToGlobal(QPoint(0, self.height())))

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        self.layer, self.head = action.data()
        self._say()
        self.chosen.emit()
