"""Every action of the window, told once: menus, bars, palette and the sheet of keys are all made from here."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from gui.icons import icon


@dataclass(frozen=True, slots=True)
class ActionDescription:
    """One thing that can be done. ``exclusive``: of those whose ids begin alike (``theme_…``) one is checked at a time."""

    id: str
    text: str
    group: str
    icon: str = ""
    shortcuts: tuple[str, ...] = ()
    hint: str = ""
    checkable: bool = False
    exclusive: bool = False


ACTIONS = (
    ActionDescription("open_model", "Open model…", "Model", "folder-open", ("Ctrl+O",), "Choose the folder a model lies in."),
    ActionDescription(
        "open_checkpoint",
        "Open checkpoint…",
        "Model",
        "file-arrow-down",
        ("Ctrl+Shift+O",),
        "A bare file of weights, such as .pt: it is asked about, then imported.",
    ),
    ActionDescription("go_to_path", "Type a model's path", "Model", "path", ("Ctrl+L",), "Paste a path and press Enter."),
    ActionDescription("home", "Home", "Model", "house", ("Alt+Home",), "Samples, recent models and a place to drop one."),
    ActionDescription("forget_recent", "Forget recent models", "Model", "trash"),
    ActionDescription("run", "Run", "Explain", "play", ("Ctrl+Return", "Ctrl+Enter"), "Explain the text with these settings."),
    ActionDescription("cancel", "Cancel", "Explain", "stop", ("Esc",), "Stop, and keep the map as far as it got."),
    ActionDescription(
        "auto_run", "Run while typing", "Explain", "lightning", (), "Run shortly after every change.", checkable=True
    ),
    ActionDescription("swap", "Swap target and versus", "Explain", "swap", ("Ctrl+Shift+V",)),
    ActionDescription("true_versus", "Explain predicted versus true", "Explain", "scales", ("Ctrl+Shift+E",)),
    ActionDescription("open_picture", "Open picture…", "Explain", "image", ("Ctrl+I",), "Choose the picture to explain."),
    ActionDescription("paste_picture", "Paste picture", "Explain", "clipboard", (), "The one on the clipboard."),
    ActionDescription("go_to_text", "Go to the text", "Explain", "text-t", ("Ctrl+E",)),
    ActionDescription("go_to_method", "Go to the method", "Explain", "sliders", ("Ctrl+M",)),
    ActionDescription("go_to_map", "Go to the map", "Explain", "grid-four", ("Ctrl+H",)),
    ActionDescription("save", "Save…", "Result", "floppy-disk", ("Ctrl+S",), "As a picture, a page, a table or every number."),
    ActionDescription(
        "copy_command", "Copy as command", "Result", "terminal-window", ("Ctrl+Shift+C",), "The command line of this map."
    ),
    ActionDescription("copy_picture", "Copy picture", "Result", "image", ("Ctrl+Shift+G",)),
    ActionDescription("undo", "Undo", "Edit", "arrow-counter-clockwise", ("Ctrl+Z",)),
    ActionDescription("redo", "Redo", "Edit", "arrow-clockwise", ("Ctrl+Shift+Z", "Ctrl+Y")),
    ActionDescription("open_data", "Open data…", "Data", "table", ("Ctrl+Alt+O",), "A file of labelled examples."),
    ActionDescription("sample_data", "Sample data: film reviews", "Data", "flask", (), "518 reviews for Movie sentiment."),
    ActionDescription("read_data_again", "Read the data again", "Data", "arrows-clockwise", (), "The file has changed."),
    ActionDescription("close_data", "Close the data", "Data", "x"),
    ActionDescription("forget_recent_data", "Forget recent data", "Data", "trash"),
    ActionDescription("predict_rows", "Predict the rows", "Data", "play", (), "All, or those that are left."),
    ActionDescription(
        "save_data_report", "Save the data's report…", "Data", "file-text", (), "Confusion, errors explained, words: one page."
    ),
    ActionDescription("next_error", "Next error", "Data", "caret-down", ("J", "Alt+Down"), "The next row that is wrong."),
    ActionDescription("previous_error", "Previous error", "Data", "caret-up", ("K", "Alt+Up"), "The wrong row before."),
    ActionDescription("next_row", "Next row", "Data", "arrow-down", ("N",), "Right or wrong."),
    ActionDescription("previous_row", "Previous row", "Data", "arrow-up", ("Shift+N",), "Right or wrong."),
    ActionDescription("tag_row", "Tag the row…", "Data", "tag", ("T",)),
    *(ActionDescription(f"tag_{number}", f"Tag {number}", "Data", "tag", (str(number),)) for number in range(1, 10)),
    ActionDescription(
        "data_versus",
        "On errors, explain predicted versus true",
        "Data",
        "scales",
        (),
        "Otherwise what is explained stays as you chose it.",
        checkable=True,
    ),
    ActionDescription("find", "Find in the text…", "Map", "magnifying-glass", ("Ctrl+F",), "Underline what you look for."),
    ActionDescription("find_next", "Find next", "Map", "caret-down", ("F3",)),
    ActionDescription("find_previous", "Find previous", "Map", "caret-up", ("Shift+F3",)),
    ActionDescription("grain_token", "Grain: tokens", "Map", "dots-three", ("Ctrl+1",), checkable=True, exclusive=True),
    ActionDescription("grain_word", "Grain: words", "Map", "text-aa", ("Ctrl+2",), checkable=True, exclusive=True),
    ActionDescription("grain_sentence", "Grain: sentences", "Map", "article", ("Ctrl+3",), checkable=True, exclusive=True),
    ActionDescription("grain_field", "Grain: fields", "Map", "columns", ("Ctrl+4",), checkable=True, exclusive=True),
    ActionDescription("table", "Show as table", "Map", "table", ("Ctrl+T",), checkable=True),
    ActionDescription(
        "dimensions", "Show dimensions", "Map", "squares-four", ("Ctrl+D",), "What the sum over them hides.", checkable=True
    ),
    ActionDescription("path_curve", "Show the path curve", "Map", "chart-line", ("Ctrl+Shift+D",), checkable=True),
    ActionDescription("image_overlay", "Picture: overlay", "Map", "circle-half", checkable=True, exclusive=True),
    ActionDescription("image_map", "Picture: map alone", "Map", "grid-four", checkable=True, exclusive=True),
    ActionDescription("image_contours", "Picture: contours", "Map", "waves", checkable=True, exclusive=True),
    ActionDescription("image_mask", "Picture: highest pixels only", "Map", "circle-dashed", checkable=True, exclusive=True),
    ActionDescription("image_fit", "Picture: all of it", "Map", "frame-corners", ("Ctrl+0",)),
    ActionDescription("image_pixels", "Picture: pixel for pixel", "Map", "magnifying-glass", ("Ctrl+Alt+0",)),
    ActionDescription("add_method", "Add method…", "Map", "plus", ("Ctrl+Shift+A",), "Another method's map below, on one scale."),
    ActionDescription("pin_map", "Pin for comparison", "Map", "push-pin", ("Ctrl+P",), "Keep this map beside the next ones."),
    ActionDescription("unpin_map", "Unpin", "Map", "push-pin-slash", ("Ctrl+Alt+P",)),
    ActionDescription("pin_finding", "Pin to findings", "Result", "bookmark-simple", ("Ctrl+K",), "Keep what is in sight."),
    ActionDescription("findings", "Findings", "Result", "bookmarks", ("Ctrl+Shift+F",), "What you have pinned."),
    ActionDescription("save_report", "Save findings as report…", "Result", "file-text", (), "Every finding in one page."),
    ActionDescription("model_panel", "Model panel", "View", "tree-structure", ("Ctrl+B",), checkable=True),
    ActionDescription("method_panel", "Method panel", "View", "sliders-horizontal", ("Ctrl+Alt+B",), checkable=True),
    ActionDescription("theme_system", "Theme: as the system", "View", "monitor", (), checkable=True, exclusive=True),
    ActionDescription("theme_light", "Theme: light", "View", "sun", (), checkable=True, exclusive=True),
    ActionDescription("theme_dark", "Theme: dark", "View", "moon", (), checkable=True, exclusive=True),
    ActionDescription("palette", "Find an action…", "Help", "command", ("Ctrl+Shift+P",)),
    ActionDescription("keys", "Keys", "Help", "keyboard", ("F1",), "Every shortcut on one sheet."),
    ActionDescription("open_log", "Open the log folder", "Help", "notebook", (), "Logs hold no text of yours."),
    ActionDescription("quit", "Quit", "Help", "sign-out", ("Ctrl+Q",)),
)


class Actions(QObject):
    """The window's QActions by id. A disabled one knows why."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._actions: dict[str, QAction] = {}
        self._descriptions: dict[str, ActionDescription] = {}
        self._why: dict[str, str] = {}
        self._exclusive: dict[str, QActionGroup] = {}
        for description in ACTIONS:
            self.add(description)
        window.installEventFilter(self)

    def __getitem__(self, id: str) -> QAction:
        return self._actions[id]

    def descriptions(self) -> tuple[ActionDescription, ...]:
        """In the order they were told."""
        return tuple(self._descriptions.values())

    def add(self, description: ActionDescription) -> QAction:
        """Make and register one more."""
        action = QAction(description.text, self._window)
        action.setIconText(description.text)  # Qt would drop the …
        action.setObjectName(f"action_{description.id}")
        action.setShortcuts([QKeySequence(keys) for keys in description.shortcuts])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(description.checkable)
        if description.exclusive:
            kind = description.id.partition("_")[0]
            self._exclusive.setdefault(kind, QActionGroup(self)).addAction(action)
        self._actions[description.id], self._descriptions[description.id] = action, description
        self._window.addAction(action)
        self._dress(description.id)
        return action

    def remove(self, group: str) -> None:
        """Forget the actions of a group that is told anew, such as the samples."""
        for description in [d for d in self._descriptions.values() if d.group == group]:
            action = self._actions.pop(description.id)
            del self._descriptions[description.id]
            self._window.removeAction(action)
            action.deleteLater()

    def set_available(self, id: str, because: str | None) -> None:
        """Enable, or disable with the reason that menus and the palette show."""
        self._why[id] = because or ""
        self._actions[id].setEnabled(because is None)
        self._describe(id)

    def set_text(self, id: str, words: str) -> None:
        """What it would do now, such as what is undone."""
        self._actions[id].setText(words)
        self._actions[id].setIconText(words)
        self._describe(id)

    def why_not(self, id: str) -> str:
        """Why the action cannot be used now; empty when it can."""
        return "" if self._actions[id].isEnabled() else self._why.get(id, "")

    def keys(self, id: str) -> str:
        """Its shortcut as the platform writes it, or nothing."""
        return self._actions[id].shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A new theme: new icons."""
        if watched is self._window and event.type() == QEvent.Type.PaletteChange:
            for id in self._actions:
                self._dress(id)
        return False

    def _dress(self, id: str) -> None:
        name = self._descriptions[id].icon
        if name:
            self._actions[id].setIcon(icon(name))
        self._describe(id)

    def _describe(self, id: str) -> None:
        description, keys = self._descriptions[id], self.keys(id)
        name = self._actions[id].text().rstrip("…") + (f" ({keys})" if keys else "")
        self._actions[id].setToolTip("\n".join(filter(None, (name, self.why_not(id) or description.hint))))
