"""Which input counts as saying nothing, with what two of them need: a text of one's own, a file of documents."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget

from gui.controls.baseline_list import OWN_TEXT, RANDOM_DOCUMENT, BaselineList
from gui.controls.rows import caption_label, name_control, pad_spin_box
from gui.controls.text_editor import TextEditor
from gui.controls.wheel_guard import WheelGuard

OWN_TEXT_PIXELS = 62
MOST_DOCUMENTS = 50


class BaselineControls(QWidget):
    """Setters are silent. Without its text or its file a baseline is only wished for, and the note says what it lacks."""

    changed = Signal()
    file_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = BaselineList()
        self.own_text = TextEditor(
            "baselineText", "Baseline text", "A text that says nothing, laid over the input token by token."
        )
        self.path, self._choose, self._count = QLineEdit(), QPushButton("Choose…"), QSpinBox()
        self._documents, self._note = QWidget(), caption_label()
        self._build()
        self.list.changed.connect(self._on_ticked)
        self.own_text.textChanged.connect(self._on_changed)
        self.path.textChanged.connect(self._on_changed)
        self._count.valueChanged.connect(self._on_changed)
        self._choose.clicked.connect(self.file_wanted)
        self._show_needs()

    def _build(self) -> None:
        self.own_text.setPlaceholderText("A text that says nothing")
        self.own_text.setFixedHeight(OWN_TEXT_PIXELS)
        self.own_text.setFont(self.font())
        name_control(self.path, "backgroundPath", "File of texts", "A table with a column of texts, or a text on each line.")
        self.path.setPlaceholderText("A file of texts")
        name_control(self._choose, "chooseBackground", "Choose a file of texts", "A table or a plain text file.")
        self._count.setRange(1, MOST_DOCUMENTS)
        self._count.setSuffix(" documents")
        self._count.setKeyboardTracking(False)
        self._count.installEventFilter(WheelGuard(self))
        pad_spin_box(self._count)
        name_control(self._count, "documentCount", "Random documents", "How many are drawn by the seed, and averaged over.")
        first, column = QHBoxLayout(), QVBoxLayout(self._documents)
        first.setSpacing(4)
        first.addWidget(self.path, 1)
        first.addWidget(self._choose)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(first)
        column.addWidget(self._count)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        for each in (self.list, self.own_text, self._documents, self._note):
            whole.addWidget(each)

    def show_baselines(self, offered: tuple[str, ...], reads_texts: bool = True) -> None:
        """Those this model can compute by itself; a text and documents it can always read, where it reads texts."""
        self.list.show_baselines((*offered, OWN_TEXT, RANDOM_DOCUMENT) if reads_texts else offered)
        self._show_needs()

    def baselines(self) -> tuple[str, ...]:
        """What is asked: identifiers as on the command line; what lacks something is left out."""
        asked = self._spelled(tuple(id for id in self.list.baselines() if not self._lacks(id)))
        return asked or self.list.first()

    def background(self) -> str | None:
        """The file of the random documents, where they are asked for."""
        return self.path.text().strip() if RANDOM_DOCUMENT in self.baselines() else None

    @property
    def wishes(self) -> tuple[str, ...]:
        """What the user wants, also where it lacks something or this model does not have it."""
        return self._spelled(self.list.wishes)

    def set_baselines(self, wanted: tuple[str, ...], background: str | None = None) -> None:
        """Silently. ``background`` None: as it is."""
        for control in (self.own_text, self.path, self._count):
            control.blockSignals(True)
        text = next((each.removeprefix(OWN_TEXT) for each in wanted if each.startswith(OWN_TEXT)), None)
        if text is not None and text != self.own_text.text():
            self.own_text.replace_text(text)
        if background is not None:
            self.path.setText(background)
        if RANDOM_DOCUMENT in wanted:
            self._count.setValue(wanted.count(RANDOM_DOCUMENT))
        for control in (self.own_text, self.path, self._count):
            control.blockSignals(False)
        kinds = (OWN_TEXT if each.startswith(OWN_TEXT) else each for each in wanted)
        self.list.set_baselines(tuple(dict.fromkeys(kinds)))
        self._show_needs()

    def choose_file(self, path: str) -> None:
        """By a person, in a dialog."""
        self.path.setText(path)

    def next_baseline(self) -> str | None:
        """Another one that lacks nothing."""
        return self.list.next_baseline(without=tuple(id for id in (OWN_TEXT, RANDOM_DOCUMENT) if self._lacks(id)))

    def _spelled(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        """The list's entries as identifiers of the command line."""
        spelled = {OWN_TEXT: (OWN_TEXT + self.own_text.text(),), RANDOM_DOCUMENT: (RANDOM_DOCUMENT,) * self._count.value()}
        return tuple(name for id in ids for name in spelled.get(id, (id,)))

    def _lacks(self, id: str) -> bool:
        return not {OWN_TEXT: self.own_text.text, RANDOM_DOCUMENT: self.path.text}.get(id, lambda: id)().strip()

    def _show_needs(self) -> None:
        ticked = self.list.baselines()
        self.own_text.setVisible(OWN_TEXT in ticked)
        self._documents.setVisible(RANDOM_DOCUMENT in ticked)
        lacking = {OWN_TEXT: "Type the text that says nothing.", RANDOM_DOCUMENT: "Choose the file the documents are drawn from."}
        words = [words for id, words in lacking.items() if id in ticked and self._lacks(id)]
        self._note.setText(" ".join((*words, "Until then it is left out.")) if words else "")
        self._note.setVisible(bool(words))

    @Slot()
    def _on_ticked(self) -> None:
        self._show_needs()
        self.changed.emit()
        if self.own_text.isVisible() and self._lacks(OWN_TEXT):
            self.own_text.setFocus()

    @Slot()
    def _on_changed(self) -> None:
        self._show_needs()
        self.changed.emit()
