"""One map among others: what it is, the text on its colours, and what to do with it."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.heatmaps.grained import GrainedMap, Grouped
from gui import theme
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.icons import icon
from gui.views.elided_label import ElidedLabel

MARGIN = 16
_OWN_BAR = 300
_HEAD_PIXELS = 34
_ICONS = {"up": "arrow-up", "down": "arrow-down", "remove": "x"}
_WORDS = {"up": "Move up", "down": "Move down", "remove": "Remove this map (Esc)"}


class MapRow(QWidget):
    """Says which unit is pointed at; who else shows the same text, the board knows."""

    hovered = Signal(object, int)  # this row, unit
    selected = Signal(object, int)
    remove_requested = Signal(object)
    move_requested = Signal(object, int)  # −1: up

    def __init__(self, name: str, tools: tuple[str, ...] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.map: GrainedMap | None = None
        self.grouped: Grouped | None = None
        self.heatmap = TextHeatmap(self)
        self.heatmap.token_hovered.connect(self._on_hovered)
        self.heatmap.token_selected.connect(self._on_selected)
        self._title, self._note, self._facts = QLabel(self), QLabel(self), ElidedLabel(parent=self)
        self._bar = ColourBar(self)
        self._tools = {tool: self._tool(tool, name) for tool in tools}
        self._build()

    def _build(self) -> None:
        self._title.setProperty("role", "section")
        for label in (self._facts, self._note):
            label.setProperty("role", "muted")
        self._facts.setFont(theme.numbers_font())
        for label in (self._title, self._facts, self._note):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setWordWrap(True)
        self._head = QWidget(self)
        head = QHBoxLayout(self._head)
        head.setContentsMargins(MARGIN, 4, MARGIN, 0)
        head.setSpacing(8)
        self._head.setMinimumHeight(_HEAD_PIXELS)  # with or without buttons: maps beside one another stand level
        head.addWidget(self._title)
        head.addWidget(self._facts, 1)
        for tool in self._tools.values():
            head.addWidget(tool)
        below = QHBoxLayout()
        below.setContentsMargins(MARGIN, 0, MARGIN, 4)
        below.setSpacing(12)
        below.addWidget(self._bar)
        below.addWidget(self._note, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self.heatmap)
        column.addLayout(below)
        self._bar.setFixedWidth(_OWN_BAR)
        self._bar.hide()
        self._note.hide()
        self._head.setVisible(bool(self._tools))
        self._dress()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    def _tool(self, tool: str, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"{name}_{tool}")
        button.setProperty("role", "flat")
        button.setProperty("tool", tool)
        button.setAccessibleName(_WORDS[tool])
        button.setToolTip(_WORDS[tool])
        button.setIconSize(QSize(14, 14))
        button.clicked.connect(self._on_tool)
        return button

    # One way in

    def show_map(self, shown: GrainedMap) -> None:
        """Coloured by its own values, until ``set_limit`` says otherwise."""
        self.map, self.grouped = shown, shown.grouped
        self.heatmap.set_outlines(shown.grouped.grain == "token")
        self.heatmap.show_map(shown.document, shown.values, shown.result.signed)

    def show_text(self, grouped: Grouped) -> None:
        """Nothing is computed for it yet."""
        self.map, self.grouped = None, grouped
        self.heatmap.set_outlines(grouped.grain == "token")
        self.heatmap.show_text(grouped.document)

    def show_caption(self, title: str, facts: str = "") -> None:
        """What it is; an empty title hides the line."""
        self._title.setText(title)
        self._facts.setText(facts)
        self._head.setVisible(bool(title))
        self.heatmap.setAccessibleName(f"Text heatmap: {title}" if title else "Text heatmap")

    def show_note(self, words: str) -> None:
        """Below the map; empty: nothing."""
        self._note.setText(words)
        self._note.setVisible(bool(words))

    def show_own_scale(self, shown: bool) -> None:
        """Its own colour bar, where it cannot share the others'."""
        self._bar.setVisible(shown)
        if shown and self.map is not None:
            unit, signed = self.map.scale
            self._bar.show_scale(self.heatmap.limit, signed=signed, unit=unit)

    def select_token(self, token: int) -> None:
        """A token of the text as the model read it; emits nothing."""
        self.heatmap.select_token(-1 if self.grouped is None else self.grouped.unit_of(token))

    def _dress(self) -> None:
        for name, tool in self._tools.items():
            tool.setIcon(icon(_ICONS[name], "muted"))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_tools"):
            self._dress()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc, once nothing is pinned in it; Alt and arrows move it."""
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_Escape and "remove" in self._tools:
            self.remove_requested.emit(self)
        elif alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and "up" in self._tools:
            self.move_requested.emit(self, -1 if event.key() == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)

    @Slot()
    def _on_tool(self) -> None:
        tool = str(self.sender().property("tool"))
        if tool == "remove":
            self.remove_requested.emit(self)
        else:
            self.move_requested.emit(self, -1 if tool == "up" else 1)

    @Slot(int)
    def _on_hovered(self, unit: int) -> None:
        self.hovered.emit(self, unit)

    @Slot(int)
    def _on_selected(self, unit: int) -> None:
        self.selected.emit(self, unit)
