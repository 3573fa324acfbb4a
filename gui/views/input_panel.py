"""Where the text is typed: examples, the editor (two for pairs), Run."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from engine.requests import TextInput
from engine.samples import Example
from gui.actions import Actions
from gui.controls.rows import caption_label, name_control, section_label
from gui.controls.text_editor import TextEditor
from gui.icons import icon

MENU_CHARACTERS = 70


class InputPanel(QWidget):
    """``edited``: by a person. Setters are undoable in the editor and silent here."""

    edited = Signal()
    example_chosen = Signal(str, object)  # text, its true label or None

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examples: tuple[Example, ...] = ()
        self._recent: tuple[str, ...] = ()
        self._quiet = False
        self.editor = TextEditor("inputText", "Text", "The text to explain, as typed. Ctrl+Enter runs.")
        self.editor.setPlaceholderText("Type or paste a text to explain.")
        self.pair_editor = TextEditor("pairText", "Second text", "The second text of the pair.")
        self.pair_editor.setPlaceholderText("The second text of the pair.")
        self._hint = caption_label()
        self._hint.setObjectName("inputHint")
        self._hint.setWordWrap(False)
        self._menu = QMenu(self)
        self._menu.setToolTipsVisible(True)
        self._build(actions)
        self.show_pairs(False)
        self._pair_button.clicked.connect(self._on_pair_wanted)
        self.editor.textChanged.connect(self._on_edited)
        self.pair_editor.textChanged.connect(self._on_edited)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._menu.triggered.connect(self._on_example)

    def _build(self, actions: Actions) -> None:
        self._offer = QToolButton()
        self._offer.setText("Examples")
        self._offer.setProperty("role", "flat")
        self._offer.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._offer.setIconSize(QSize(16, 16))
        self._offer.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._offer.setMenu(self._menu)
        name_control(self._offer, "examplesButton", "Examples", "Texts to try, and the texts you ran last.")
        self._pair_button = QToolButton()
        self._pair_button.setText("Second text")
        self._pair_button.setCheckable(True)
        self._pair_button.setProperty("role", "flat")
        name_control(self._pair_button, "pairButton", "Second text", "For models that judge two texts together.")
        self._run = QPushButton("Run")
        self._run.setProperty("role", "primary")
        name_control(self._run, "runButton", "Run", "Explain the text with these settings (Ctrl+Enter).")
        self._auto = QCheckBox("Run while typing")
        name_control(self._auto, "autoRun", "Run while typing", "Run shortly after every change.")
        self._dress()
        self._bind(actions["run"], actions["auto_run"])
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(section_label("Text"))
        head.addWidget(self._offer)
        head.addWidget(self._pair_button)
        head.addWidget(self._hint, 1)
        head.addWidget(self._auto)
        head.addWidget(self._run)
        texts = QHBoxLayout()
        texts.setSpacing(8)
        texts.addWidget(self.editor)
        texts.addWidget(self.pair_editor)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addLayout(texts, 1)
        self.setTabOrder(self.editor, self.pair_editor)

    def _bind(self, run: QAction, auto: QAction) -> None:
        self._run_action, self._auto_action = run, auto
        self._run.clicked.connect(run.trigger)
        self._auto.clicked.connect(auto.trigger)
        run.changed.connect(self._on_action_changed)
        auto.changed.connect(self._on_action_changed)
        self._on_action_changed()

    @Slot()
    def _on_action_changed(self) -> None:
        self._run.setEnabled(self._run_action.isEnabled())
        self._run.setToolTip(self._run_action.toolTip())
        self._auto.setChecked(self._auto_action.isChecked())

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_auto"):
            self._dress()

    def _dress(self) -> None:
        self._run.setIcon(icon("play", "on_accent"))
        self._offer.setIcon(icon("list-bullets"))

    def show_pairs(self, reads_pairs: bool) -> None:
        """Whether the model can read two texts; a second one is asked for only where one is wanted."""
        self._pair_button.setVisible(reads_pairs)
        self._pair_button.setChecked(reads_pairs and bool(self.pair_editor.text()))
        self._on_pair_wanted()

    def show_examples(self, examples: tuple[Example, ...]) -> None:
        """Of the open sample; none for other models."""
        self._examples = examples

    def show_recent(self, texts: tuple[str, ...]) -> None:
        """The texts that ran last."""
        self._recent = texts

    def show_hint(self, words: str) -> None:
        """One short sentence beside the title, or nothing."""
        self._hint.setText(words)

    def input(self) -> TextInput:
        """As typed; an empty second text is none."""
        return TextInput(self.editor.text(), None if self.pair_editor.isHidden() else self.pair_editor.text() or None)

    def pair(self) -> str:
        """Also while the model reads no pairs."""
        return self.pair_editor.text()

    def set_text(self, text: str) -> None:
        """Undoable, silent."""
        self._quiet = True
        self.editor.replace_text(text)
        self._quiet = False

    def set_pair(self, text: str) -> None:
        """Undoable, silent."""
        self._quiet = True
        self.pair_editor.replace_text(text)
        self._quiet = False

    @Slot()
    def _on_edited(self) -> None:
        if not self._quiet:
            self.edited.emit()

    @Slot()
    def _on_pair_wanted(self) -> None:
        wanted = self._pair_button.isChecked()
        changes = self.pair_editor.isHidden() is wanted and bool(self.pair_editor.text())
        self.pair_editor.setVisible(wanted)
        if changes:
            self._on_edited()

    @Slot()
    def _fill_menu(self) -> None:
        self._menu.clear()
        for example in self._examples:
            self._add(example.text, example.true, example.note)
        if self._recent:
            self._menu.addSection("Recent")
        for text in self._recent:
            self._add(text, None, "")
        if self._menu.isEmpty():
            self._menu.addAction("Texts you run are listed here.").setEnabled(False)

    def _add(self, text: str, true: str | None, note: str) -> None:
        line = " ".join(text.split())
        shown = line if len(line) <= MENU_CHARACTERS else line[: MENU_CHARACTERS - 1] + "…"
        action = self._menu.addAction(shown.replace("&", "&&") + (f"\t{true}" if true else ""))
        action.setToolTip(note)
        action.setData((text, true))

    @Slot(QAction)
    def _on_example(self, action: QAction) -> None:
        text, true = action.data()
        self.example_chosen.emit(text, true)
