"""The line above everything: what to open, where it lies, how to find an action, device and theme."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QWidget

from gui.actions import Actions
from gui.controls.rows import name_control
from gui.icons import icon

BAR_PIXELS = 48
_PATH_HINT = "The folder or file of a model; Enter opens it."
THEMES = ("theme_system", "theme_light", "theme_dark")
MENUS = {
    "Model": "Model",
    "Data": "Data",
    "Edit": "Edit",
    "Explain": "Explain",
    "Map": "Map",
    "Result": "Result",
    "View": "View",
    "Help": "Help",
}


class _PathBox(QLineEdit):
    """``left``: by Esc, which goes back to what is open."""

    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class TopBar(QFrame):
    """Holds no state of its own: every button is an action of the registry."""

    path_entered = Signal(str)
    recent_chosen = Signal(str)
    recent_data_chosen = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self.setFixedHeight(BAR_PIXELS)
        self._samples_menu, self._more_menu, self._theme_menu = QMenu(self), QMenu(self), QMenu(self)
        self._recent: tuple[tuple[str, bool], ...] = ()
        self._recent_data: tuple[tuple[str, bool], ...] = ()
        self.path, self._open_path = _PathBox(), ""
        self._device = QLabel()
        self._build()
        self.path.returnPressed.connect(self._on_path_entered)
        self.path.textEdited.connect(self._on_path_edited)
        self.path.left.connect(self.restore_path)
        self._more_menu.aboutToShow.connect(self._fill_more)
        self._samples_menu.aboutToShow.connect(self._fill_samples)

    def _build(self) -> None:
        self.path.setPlaceholderText("A model's folder or file")
        self.path.setAcceptDrops(False)  # the window opens what is dropped
        name_control(self.path, "modelPath", "Model path", _PATH_HINT)
        name_control(self._device, "deviceLabel", "Device", "Where the model computes.")
        self._device.setProperty("role", "muted")
        self._open = self._button("openModelButton", self._actions["open_model"], words=True)
        self._open_data = self._button("openDataButton", self._actions["open_data"], words=True)
        self._samples = self._menu_button("samplesButton", "Samples", self._samples_menu, "Models that come with Neuroloupe.")
        self._findings = self._button("findingsButton", self._actions["findings"])
        self._find = self._button("paletteButton", self._actions["palette"])
        self._theme = self._menu_button("themeButton", "Theme", self._theme_menu, "Light, dark, or as the system.")
        self._more = self._menu_button("menuButton", "Menu", self._more_menu, "Every action, with its keys.")
        for id in THEMES:
            self._theme_menu.addAction(self._actions[id])
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 8, 8, 8)
        row.setSpacing(8)
        row.addWidget(self._open)
        row.addWidget(self._open_data)
        row.addWidget(self._samples)
        row.addWidget(self.path, 1)
        row.addWidget(self._findings)
        row.addWidget(self._find)
        row.addWidget(self._device)
        row.addWidget(self._theme)
        row.addWidget(self._more)
        self._dress()

    def show_path(self, path: str) -> None:
        """Of the open model."""
        self._open_path = path
        self.restore_path()

    @Slot(str)
    def show_refused(self, path: str) -> None:
        """It could not be opened: it stays to be mended, marked as what is not open."""
        self.path.setText(path)
        self._mark_path(True)

    @Slot()
    def restore_path(self) -> None:
        """What is open, in place of what was typed."""
        self.path.setText(self._open_path)
        self.path.setCursorPosition(0)
        self._mark_path(False)

    def _mark_path(self, wrong: bool) -> None:
        if wrong != bool(self.path.property("invalid")):
            self.path.setProperty("invalid", wrong)
            self.path.style().polish(self.path)
        self.path.setToolTip("Not open. Mend it and press Enter; Esc shows what is open." if wrong else _PATH_HINT)

    def show_device(self, words: str) -> None:
        """Of the open model."""
        self._device.setText(words)

    def show_recent(self, paths: tuple[tuple[str, bool], ...]) -> None:
        """Path, and whether it is still there."""
        self._recent = paths

    def show_recent_data(self, paths: tuple[tuple[str, bool], ...]) -> None:
        """Likewise."""
        self._recent_data = paths

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_more"):
            self._dress()

    def _dress(self) -> None:
        self._samples.setIcon(icon("flask"))
        self._theme.setIcon(icon("circle-half"))
        self._more.setIcon(icon("list"))

    def _button(self, object_name: str, action: QAction, words: bool = True) -> QToolButton:
        button = QToolButton()
        button.setDefaultAction(action)
        _finish(button, object_name, action.text().rstrip("…"), words)
        return button

    def _menu_button(self, object_name: str, text: str, menu: QMenu, hint: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setToolTip(hint)
        _finish(button, object_name, text, True)
        button.setAccessibleDescription(hint)
        return button

    @Slot()
    def _on_path_edited(self) -> None:
        self._mark_path(False)

    @Slot()
    def _on_path_entered(self) -> None:
        path = self.path.text().strip().strip("\"'")
        if path:
            self.path_entered.emit(path.removeprefix("file://"))

    @Slot()
    def _fill_samples(self) -> None:
        self._samples_menu.clear()
        for description in self._actions.descriptions():
            if description.group == "Samples":
                self._samples_menu.addAction(self._actions[description.id])
        if self._samples_menu.isEmpty():
            self._samples_menu.addAction("No samples are installed.").setEnabled(False)

    @Slot()
    def _fill_more(self) -> None:
        self._more_menu.clear()
        for former in self._more_menu.findChildren(QMenu):
            former.deleteLater()  # clearing forgets them without deleting
        self._more_menu.setToolTipsVisible(True)
        for group, title in MENUS.items():
            sub = self._more_menu.addMenu(title)
            sub.setToolTipsVisible(True)
            for description in self._actions.descriptions():
                if description.group == group:
                    sub.addAction(self._actions[description.id])
            if group == "Model":
                self._add_recent(sub, self._recent, self._on_recent)
            if group == "Data":
                self._add_recent(sub, self._recent_data, self._on_recent_data)

    def _add_recent(self, menu: QMenu, recent: tuple[tuple[str, bool], ...], chosen: Callable[[], None]) -> None:
        menu.addSection("Recent")
        for path, exists in recent:
            action = menu.addAction(path.replace("&", "&&") if exists else f"{path} (not there)")
            action.setEnabled(exists)
            action.setData(path)
            action.triggered.connect(chosen)

    @Slot()
    def _on_recent(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.recent_chosen.emit(action.data())

    @Slot()
    def _on_recent_data(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.recent_data_chosen.emit(action.data())


def _finish(button: QToolButton, object_name: str, name: str, words: bool) -> None:
    button.setObjectName(object_name)
    button.setAccessibleName(name)
    button.setProperty("role", "flat")
    button.setIconSize(QSize(16, 16))
    style = Qt.ToolButtonStyle.ToolButtonTextBesideIcon if words else Qt.ToolButtonStyle.ToolButtonIconOnly
    button.setToolButtonStyle(style)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
