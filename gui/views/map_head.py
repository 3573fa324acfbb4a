"""Above the map: what it answers, at which grain it is shown, and what can be done with it."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.inputs.grain import GRAINS
from engine.requests import Grain
from gui.actions import Actions
from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.icons import icon

GRAIN_WORDS: dict[Grain, tuple[str, str]] = {
    "token": ("Tokens", "A value for each piece the model reads."),
    "word": ("Words", "The pieces of a word together: attributions add up, norms combine by their own rule."),
    "sentence": ("Sentences", "The words of a sentence together."),
    "field": ("Fields", "The characters of a field together: attributions add up."),
}
RESULT_ACTIONS = ("pin_finding", "save", "copy_command")


class MapHead(QWidget):
    """Setters are silent."""

    grain_chosen = Signal(str)
    method_chosen = Signal(str)  # to be added below
    pin_chosen = Signal()

    def __init__(self, actions: Actions | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._methods: tuple[tuple[str, str, str | None], ...] = ()
        self.title = QLabel(self)
        choices = [(grain, *GRAIN_WORDS[grain]) for grain in GRAINS]
        choices = [(grain, words, f"{hint} (Ctrl+{place})") for place, (grain, words, hint) in enumerate(choices, start=1)]
        self._grains = Segments("grain", choices, self)
        self._menu = QMenu(self)
        self._icons: dict[QToolButton, str] = {}
        self._instead: QWidget | None = None
        self.add = self._button("Add method", "addMethod", "Add method", "Another method's map below, on one scale.", "plus")
        self.pin = self._button(
            "Keep beside", "pinMap", "Pin for comparison", "Keep this map beside the next ones (Ctrl+P).", "push-pin"
        )
        self.offer_grains(("token", "word", "sentence"))
        self._build(actions)
        self._connect()

    def _build(self, actions: Actions | None) -> None:
        self.title.setProperty("role", "title")
        self.title.setWordWrap(True)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.add.setMenu(self._menu)
        self.add.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu.setToolTipsVisible(True)
        first = QHBoxLayout()
        first.setSpacing(4)
        first.addWidget(self.title, 1)
        for id in RESULT_ACTIONS if actions is not None else ():
            assert actions is not None
            first.addWidget(self._of_action(actions[id], id), 0, Qt.AlignmentFlag.AlignTop)
        second = self._second = QHBoxLayout()
        second.setSpacing(4)
        second.addWidget(self._grains)
        second.addStretch(1)
        for button in (self.add, self.pin):
            second.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(first)
        column.addLayout(second)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._dress()

    def _button(self, words: str, name: str, full: str, hint: str, image: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(words)
        button.setProperty("role", "flat")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))
        name_control(button, name, full, hint)
        self._icons[button] = image
        return button

    def _of_action(self, action: QAction, id: str) -> QToolButton:
        button = QToolButton(self)
        button.setDefaultAction(action)
        button.setObjectName(f"{id}Button")
        button.setAccessibleName(action.text().rstrip("…"))
        button.setProperty("role", "flat")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))
        return button

    def _connect(self) -> None:
        self._grains.chosen.connect(self.grain_chosen)
        self.pin.clicked.connect(self.pin_chosen)
        self._menu.aboutToShow.connect(self._fill)
        self._menu.triggered.connect(self._on_method)

    def add_choices(self, choices: QWidget) -> None:
        """Of maps that have no grain, in its place."""
        self._second.insertWidget(1, choices)
        choices.hide()
        self._instead = choices

    def show_grains(self, there: bool) -> None:
        """Whether what is explained is a text."""
        self._grains.setVisible(there)
        if self._instead is not None:
            self._instead.setVisible(not there)

    def offer_grains(self, grains: tuple[Grain, ...]) -> None:
        """Those that say something of what is shown."""
        self._grains.offer(grains)
        self._grains.rename("token", "Characters" if "field" in grains else GRAIN_WORDS["token"][0])

    def show_grain(self, grain: Grain) -> None:
        """As chosen elsewhere."""
        self._grains.choose(grain)

    def show_methods(self, methods: tuple[tuple[str, str, str | None], ...]) -> None:
        """Id, label, and why it cannot run here."""
        self._methods = methods

    @Slot()
    def open_menu(self) -> None:
        """By the keyboard."""
        self._menu.popup(self.add.mapToGlobal(self.add.rect().bottomLeft()))

    def show_has_map(self, there: bool) -> None:
        """Without a map there is nothing to pin or to compare."""
        self.pin.setEnabled(there)
        self.add.setEnabled(there)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_grains"):
            self._dress()

    def _dress(self) -> None:
        for button, name in self._icons.items():
            button.setIcon(icon(name))

    @Slot()
    def _fill(self) -> None:
        self._menu.clear()
        for id, label, reason in self._methods:
            action = self._menu.addAction(label.replace("&", "&&"))
            action.setData(id)
            action.setEnabled(reason is None)
            action.setToolTip(reason or "")
        if self._menu.isEmpty():
            self._menu.addAction("No methods yet: open a model.").setEnabled(False)

    @Slot(QAction)
    def _on_method(self, action: QAction) -> None:
        if action.data():
            self.method_chosen.emit(str(action.data()))
