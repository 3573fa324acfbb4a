"""Which page of the room is in sight: one row of buttons that belong together."""

from collections.abc import Collection

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from gui.controls.rows import name_control

Page = tuple[str, str, str]  # key, words, hint


class PageSwitcher(QWidget):
    """``show_page`` is silent."""

    chosen = Signal(str)

    def __init__(self, pages: tuple[Page, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = tuple(key for key, _, _ in pages)
        self._parts = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, (key, words, hint) in enumerate(pages):
            part = QToolButton(self)
            part.setText(words)
            part.setCheckable(True)
            part.setChecked(place == 0)
            part.setProperty("segment", "first" if place == 0 else "last" if place == len(pages) - 1 else "middle")
            part.setProperty("tight", True)
            name_control(part, f"attention_{key}", words, hint)
            self._parts.addButton(part, place)
            row.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._parts.idClicked.connect(self._on_clicked)

    def offer(self, keys: Collection[str]) -> None:
        """These alone; the others are hidden."""
        offered = [place for place, key in enumerate(self._keys) if key in keys]
        for place, part in enumerate(self._parts.buttons()):
            part.setVisible(place in offered)
            if place in offered:
                ends = (
                    "only"
                    if len(offered) == 1
                    else "first"
                    if place == offered[0]
                    else "last"
                    if place == offered[-1]
                    else "middle"
                )
                if part.property("segment") != ends:
                    part.setProperty("segment", ends)
                    part.style().polish(part)

    def show_page(self, key: str) -> None:
        """As chosen elsewhere."""
        self._parts.button(self._keys.index(key)).setChecked(True)

    @Slot(int)
    def _on_clicked(self, place: int) -> None:
        self.chosen.emit(self._keys[place])
