"""The actions that only change what is seen: pages, panels, theme, focus, help."""

from PySide6.QtCore import QObject, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget

from gui import theme
from gui.actions import Actions
from gui.folders import state_folder
from gui.memory import Memory
from gui.views.key_sheet import KeySheet
from gui.views.palette import Palette
from gui.workspace import Workspace

THEMES = ("system", "light", "dark")


class ViewActions(QObject):
    """Binds them, and remembers what was chosen."""

    home_chosen = Signal()
    text_chosen = Signal()  # the focus belongs to the text

    def __init__(self, window: QWidget, workspace: Workspace, actions: Actions, memory: Memory) -> None:
        super().__init__(window)
        self._window, self._workspace, self._actions, self._memory = window, workspace, actions, memory
        self._palette: Palette | None = None
        self._keys: KeySheet | None = None
        self._restore()
        self._connect()

    def _restore(self) -> None:
        settings = self._memory.settings
        self._actions[f"theme_{settings.theme}"].setChecked(True)
        for id, panel, shown in (
            ("model_panel", self._workspace.model_panel, settings.model_panel),
            ("method_panel", self._workspace.method_panel, settings.method_panel),
        ):
            self._actions[id].setChecked(shown)
            panel.setVisible(shown)
        self._workspace.set_panel_widths(settings.model_panel_width, settings.method_panel_width)

    def _connect(self) -> None:
        actions = self._actions
        actions["model_panel"].toggled.connect(self._on_model_panel)
        actions["method_panel"].toggled.connect(self._on_method_panel)
        for choice in THEMES:
            actions[f"theme_{choice}"].triggered.connect(self._on_theme)
        actions["home"].triggered.connect(self.home_chosen)
        actions["go_to_text"].triggered.connect(self._on_go_to_text)
        actions["go_to_method"].triggered.connect(self._on_go_to_method)
        actions["go_to_map"].triggered.connect(self._on_go_to_map)
        actions["palette"].triggered.connect(self._on_palette)
        actions["keys"].triggered.connect(self._on_keys)
        actions["open_log"].triggered.connect(self._on_open_log)
        actions["quit"].triggered.connect(self._window.close)
        self._workspace.panels_resized.connect(self._on_panels_resized)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_system_theme)

    @Slot(bool)
    def _on_model_panel(self, shown: bool) -> None:
        self._workspace.model_panel.setVisible(shown)
        self._memory.change_settings(model_panel=shown)

    @Slot(bool)
    def _on_method_panel(self, shown: bool) -> None:
        self._workspace.method_panel.setVisible(shown)
        self._memory.change_settings(method_panel=shown)

    @Slot(int, int)
    def _on_panels_resized(self, model: int, method: int) -> None:
        settings = self._memory.settings
        if self._workspace.model_panel.isVisible():
            settings_model = model
        else:
            settings_model = settings.model_panel_width
        settings_method = method if self._workspace.method_panel.isVisible() else settings.method_panel_width
        self._memory.change_settings(model_panel_width=settings_model, method_panel_width=settings_method)

    @Slot()
    def _on_theme(self) -> None:
        choice = next(choice for choice in THEMES if self._actions[f"theme_{choice}"].isChecked())
        self._memory.change_settings(theme=choice)
        apply_theme(choice)

    @Slot()
    def _on_system_theme(self) -> None:
        if self._memory.settings.theme == "system":
            apply_theme("system")

    @Slot()
    def _on_go_to_text(self) -> None:
        self.text_chosen.emit()
        self._workspace.input_panel.current.setFocus()

    @Slot()
    def _on_go_to_method(self) -> None:
        self._actions["method_panel"].setChecked(True)
        self._workspace.method_panel.method_box.setFocus()

    @Slot()
    def _on_go_to_map(self) -> None:
        self._workspace.tabs.setCurrentWidget(self._workspace.attribution_view)
        self._workspace.attribution_view.focus_map()

    @Slot()
    def _on_palette(self) -> None:
        if self._palette is None:
            self._palette = Palette(self._actions, self._window)
        self._palette.popup()

    @Slot()
    def _on_keys(self) -> None:
        if self._keys is not None:
            self._keys.deleteLater()
        self._keys = KeySheet(self._actions, self._window)
        self._keys.show()

    @Slot()
    def _on_open_log(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(state_folder())))


def apply_theme(choice: str) -> None:
    """Dress the application as ``system``, ``light`` or ``dark``."""
    app = QApplication.instance()
    chosen = {"light": theme.LIGHT, "dark": theme.DARK}.get(choice) or theme.system_theme()
    if isinstance(app, QApplication):
        theme.apply(app, chosen)
