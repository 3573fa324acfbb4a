"""Below the example: what can be done with the word that is chosen in it."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QWidget

from engine.edits import WordOption, WordOptionsResult
from engine.heatmaps.numerals import fixed
from engine.heatmaps.token_names import visible
from gui.controls.rows import name_control
from gui.views.elided_label import ElidedLabel

HEIGHT = 28
HINT = "Click a word, or move to it with the arrows, to remove or replace it."
LONGEST = 24


class WordBar(QWidget):
    """Always as high; setters are silent. While a word is typed its field stands in place of the buttons."""

    remove_wanted = Signal()
    blank_wanted = Signal()
    options_wanted = Signal()
    option_chosen = Signal(object)  # WordOption
    word_typed = Signal(str)
    left = Signal()  # nothing was typed
    keep_wanted = Signal()  # of the text that was typed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("wordBar")
        self._word, self._words = ElidedLabel(HINT), ""
        self.remove, self.blank = QPushButton("Remove"), QPushButton("[MASK]")
        self.options, self.type = QPushButton("Swap…"), QPushButton("Type…")
        self.keep, self.field = QPushButton("Keep as edit"), QLineEdit()
        self._buttons = (self.remove, self.blank, self.options, self.type)
        self.menu = QMenu(self)
        self.menu.setObjectName("wordOptions")
        self.menu.setToolTipsVisible(True)
        self._build()
        self.remove.clicked.connect(self.remove_wanted)
        self.blank.clicked.connect(self.blank_wanted)
        self.options.clicked.connect(self.options_wanted)
        self.type.clicked.connect(self.start_typing)
        self.menu.triggered.connect(self._on_option)
        self.keep.clicked.connect(self.keep_wanted)
        self.keep.hide()
        self.field.returnPressed.connect(self._on_return)
        self.field.installEventFilter(self)
        self.show_word("", False)

    def _build(self) -> None:
        self._word.setProperty("role", "muted")
        name_control(self._word, "wordChosen", "Chosen word", "")
        for button, name, words, hint in (
            (self.remove, "wordRemove", "Remove", "Take the word away (Delete)."),
            (self.blank, "wordBlank", "Blank", ""),
            (self.options, "wordOther", "Swap", "Words that would change the answer, as HotFlip finds them (S)."),
            (self.type, "wordType", "Type", "Type another word in its place (Enter)."),
            (self.keep, "editKeep", "Keep as edit", "The text above becomes an edit in the tree, and stays there."),
        ):
            button.setProperty("role", "link")
            name_control(button, name, words, hint)
        name_control(self.field, "wordField", "Another word", "Enter puts it in, Esc does not.")
        self.field.setPlaceholderText("Another word")
        self.field.setMaximumWidth(240)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._word, 1)
        for part in (self.keep, *self._buttons, self.field):
            row.addWidget(part)
        self.setFixedHeight(HEIGHT)

    def show_word(self, words: str, is_typed: bool) -> None:
        """The one that is chosen; empty: none. ``is_typed``: it is being typed over, and stays so while it is the same."""
        self._words = words
        line = " ".join(words.split())
        short = line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
        self._word.setText(f"“{short}”" if words else HINT)
        typing = is_typed and bool(words)
        for button in self._buttons:
            button.setVisible(bool(words) and not typing)
        self.field.setVisible(typing)

    def show_blank(self, blank: str, kind: str | None) -> None:
        """What the model reads for “no word”; without one there is no button."""
        self.blank.setText(blank or "[MASK]")
        self.blank.setEnabled(bool(blank))
        what = "its mask token" if kind == "mask" else "something it reads as unknown: it has no mask token"
        self.blank.setToolTip(
            f"Put {blank} in place of the word: {what} (M)." if blank else "This model has no word for nothing."
        )

    def show_waiting(self, waiting: bool) -> None:
        """Other words are being looked for."""
        self.options.setText("Looking…" if waiting else "Swap…")

    def show_options(self, result: WordOptionsResult) -> None:
        """As a menu above the button."""
        self.menu.clear()
        if not result.options:
            self.menu.addAction(result.because).setEnabled(False)
        self._fill(result.options, result)
        self.menu.popup(self.options.mapToGlobal(QPoint(0, -self.menu.sizeHint().height())))

    def _fill(self, options: Sequence[WordOption], result: WordOptionsResult) -> None:
        for option in options:
            action = self.menu.addAction(f"{visible(option.word)}\t{_said(option, result)}")
            action.setData(option)
            action.setToolTip(option.input.text[:2000])

    @Slot()
    def start_typing(self) -> None:
        """Over the word."""
        if self._words:
            self.show_word(self._words, True)
            self.field.setText(self._words)
            self.field.selectAll()
            self.field.setFocus()

    @Slot(QAction)
    def _on_option(self, action: QAction) -> None:
        if action.data() is not None:
            self.option_chosen.emit(action.data())

    @Slot()
    def _on_return(self) -> None:
        typed = self.field.text()
        self.show_word(self._words, False)
        self.word_typed.emit(typed)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape leaves the word as it is."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and event.type() in _PRESSES:
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self.show_word(self._words, False)
                self.left.emit()
            return True
        return False


_PRESSES = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)


def _said(option: WordOption, result: WordOptionsResult) -> str:
    """“negative 0.81, flip”."""
    if option.likelihood is not None:
        return fixed(option.likelihood, 2)
    first = option.prediction[0]
    label = visible(first.label) if first.label is not None else f"output {first.index}"
    flip = ", flip" if first.index != result.original[0].index else ""
    return f"{label} {fixed(first.probability or 0.0, 2)}{flip}"
