"""A few choices side by side, one of which holds."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget

from gui.controls.rows import name_control


class Segments(QWidget):
    """Choices are (id, words, hint); ``choose`` is silent; ``tight``: for a narrow place. A button is named ``<prefix>_<id>``."""

    chosen = Signal(str)  # by a person

    def __init__(
        self, prefix: str, choices: Sequence[tuple[str, str, str]], parent: QWidget | None = None, *, tight: bool = False
    ) -> None:
        super().__init__(parent)
        self._ids = [id for id, _, _ in choices]
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, (id, words, hint) in enumerate(choices):
            part = QToolButton(self)
            part.setText(words)
            part.setCheckable(True)
            part.setChecked(place == 0)
            part.setProperty("segment", _end(place, range(len(choices))))
            name_control(part, f"{prefix}_{id}", words, hint)
            part.setProperty("tight", tight)
            self._group.addButton(part, place)
            row.addWidget(part)
        self._group.idClicked.connect(self._on_clicked)

    def offer(self, ids: Collection[str]) -> None:
        """These alone; the others are hidden."""
        offered = [place for place, id in enumerate(self._ids) if id in ids]
        for place, part in enumerate(self._group.buttons()):
            part.setVisible(place in offered)
            if place in offered and part.property("segment") != _end(place, offered):
                part.setProperty("segment", _end(place, offered))
                part.style().polish(part)

    def rename(self, id: str, words: str) -> None:
        """Where it is called otherwise."""
        part = self._group.button(self._ids.index(id))
        part.setText(words)
        part.setAccessibleName(words)

    @property
    def current(self) -> str:
        return self._ids[self._group.checkedId()]

    def choose(self, id: str) -> None:
        """One of the ids."""
        self._group.button(self._ids.index(id)).setChecked(True)

    @Slot(int)
    def _on_clicked(self, place: int) -> None:
        self.chosen.emit(self._ids[place])


def _end(place: int, among: Sequence[int]) -> str:
    """Which of its corners are round."""
    if len(among) == 1:
        return "only"
    return "first" if place == among[0] else "last" if place == among[-1] else "middle"
