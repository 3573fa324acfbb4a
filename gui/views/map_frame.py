"""Around a map among others: its name, its facts, buttons, its own scale where it cannot share the others'."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.heatmaps.colour_bar import ColourBar
from gui.icons import icon
from gui.views.elided_label import ElidedLabel

MARGIN = 16
_OWN_BAR = 300
_HEAD_PIXELS = 34
_ICONS = {"up": "arrow-up", "down": "arrow-down", "remove": "x"}
_WORDS = {"up": "Move up", "down": "Move down", "remove": "Remove this map (Esc)"}


class MapFrame(QWidget):
    """Says what is done with its map.

    Args:
        named: what the map is called before its title, for a screen reader.
        tools: of ``up``, ``down``, ``remove``.
        brief: a note keeps to one line.
    """

    hovered = Signal(object, object)  # this frame; what is pointed at
    selected = Signal(object, object)
    remove_requested = Signal(object)
    move_requested = Signal(object, int)  # −1: up

    def __init__(
        self,
        name: str,
        heatmap: QWidget,
        named: str,
        tools: tuple[str, ...] = (),
        parent: QWidget | None = None,
        margin: int = MARGIN,
        brief: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._inside, self._named = heatmap, named
        self._title, self._facts = QLabel(self), ElidedLabel(parent=self)
        self._note = ElidedLabel(parent=self) if brief else QLabel(self)
        self._bar = ColourBar(self)
        self._tools = {tool: self._tool(tool, name) for tool in tools}
        self._build(margin, brief)

    def _build(self, margin: int, brief: bool) -> None:
        self._title.setProperty("role", "section")
        for label in (self._facts, self._note):
            label.setProperty("role", "muted")
        self._facts.setFont(theme.numbers_font())
        for label in (self._title, self._facts, self._note):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setWordWrap(not brief)
        self._head = QWidget(self)
        head = QHBoxLayout(self._head)
        head.setContentsMargins(margin, 4, margin, 0)
        head.setSpacing(8)
        self._head.setMinimumHeight(_HEAD_PIXELS)  # with or without buttons: maps beside one another stand level
        head.addWidget(self._title)
        head.addWidget(self._facts, 1)
        for tool in self._tools.values():
            head.addWidget(tool)
        below = QHBoxLayout()
        below.setContentsMargins(margin, 0, margin, 4)
        below.setSpacing(12)
        below.addWidget(self._bar)
        below.addWidget(self._note, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self._inside, 1)
        column.addLayout(below)
        self._bar.setMaximumWidth(_OWN_BAR)
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

    def show_caption(self, title: str, facts: str = "") -> None:
        """What it is; an empty title hides the line."""
        self._title.setText(title)
        self._facts.setText(facts)
        self._head.setVisible(bool(title))
        self._inside.setAccessibleName(f"{self._named}: {title}" if title else self._named)

    def show_note(self, words: str) -> None:
        """Below the map; empty: nothing."""
        self._note.setText(words)
        self._note.setVisible(bool(words))

    def show_scale(self, limit: float | None, *, signed: bool = True, unit: str = "") -> None:
        """Its own colour bar, where it cannot share the others'; None: it shares theirs."""
        self._bar.setVisible(limit is not None)
        if limit is not None:
            self._bar.show_scale(limit, signed=signed, unit=unit)

    def keep_room_for_scale(self, kept: bool) -> None:
        """Maps beside one another stand level, whether or not each has a scale of its own."""
        policy = self._bar.sizePolicy()
        if policy.retainSizeWhenHidden() is not kept:
            policy.setRetainSizeWhenHidden(kept)
            self._bar.setSizePolicy(policy)

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
