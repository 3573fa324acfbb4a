"""A text, or a pair of texts, as typed; examples and the texts that ran last."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from engine.requests import TextInput
from engine.results import InputKind, ModelInfo
from engine.samples import Example
from gui.controls.rows import name_control
from gui.controls.text_editor import TextEditor
from gui.icons import icon
from gui.inputs.editor import InputEditor

MENU_CHARACTERS = 70


class TextInputEditor(InputEditor):
    """Setters are undoable in the editor and silent here."""

    kind: InputKind = "text"
    title = "Text"
    nothing = "Type a text: an empty one cannot be explained."

    example_chosen = Signal(str, object)  # text, its true label or None

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examples: tuple[Example, ...] = ()
        self._recent: tuple[str, ...] = ()
        self._quiet = False
        self._offer, self._pair_button = QToolButton(), QToolButton()
        self._menu = QMenu(self)
        self._build_tools()
        self.editor = TextEditor("inputText", "Text", "The text to explain, as typed. Ctrl+Enter runs.")
        self.editor.setPlaceholderText("Type or paste a text to explain.")
        self.pair_editor = TextEditor("pairText", "Second text", "The second text of the pair.")
        self.pair_editor.setPlaceholderText("The second text of the pair.")
        self._lay_out()
        self.show_pairs(False)
        self._pair_button.clicked.connect(self._on_pair_wanted)
        self.editor.textChanged.connect(self._on_edited)
        self.pair_editor.textChanged.connect(self._on_edited)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._menu.triggered.connect(self._on_example)

    def _build_tools(self) -> None:
        self._menu.setToolTipsVisible(True)
        self._offer.setText("Examples")
        self._offer.setProperty("role", "flat")
        self._offer.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._offer.setIconSize(QSize(16, 16))
        self._offer.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._offer.setMenu(self._menu)
        name_control(self._offer, "examplesButton", "Examples", "Texts to try, and the texts you ran last.")
        self._pair_button.setText("Second text")
        self._pair_button.setCheckable(True)
        self._pair_button.setProperty("role", "flat")
        name_control(self._pair_button, "pairButton", "Second text", "For models that judge two texts together.")
        self._tools.addWidget(self._offer)
        self._tools.addWidget(self._pair_button)
        self._dress()

    def _lay_out(self) -> None:
        texts = QHBoxLayout(self)
        texts.setContentsMargins(0, 0, 0, 0)
        texts.setSpacing(8)
        texts.addWidget(self.editor)
        texts.addWidget(self.pair_editor)
        self.setTabOrder(self.editor, self.pair_editor)
        self.setFocusProxy(self.editor)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_menu"):
            self._dress()

    def _dress(self) -> None:
        self._offer.setIcon(icon("list-bullets"))

    def given(self) -> TextInput | None:
        """See ``InputEditor``."""
        return self.input() if self.editor.text().strip() else None

    def input(self) -> TextInput:
        """As typed, also where that is nothing; an empty second text is none."""
        return TextInput(self.editor.text(), None if self.pair_editor.isHidden() else self.pair_editor.text() or None)

    def show_model(self, model: ModelInfo) -> None:
        """See ``InputEditor``."""
        self.show_pairs(model.reads_pairs)

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
