"""Which input counts as saying nothing, with what some of them need: a text or picture of one's own, a file of documents."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget

from engine.results import InputKind
from gui.controls.baseline_list import OWN_IMAGE, OWN_TEXT, RANDOM_DOCUMENT, BaselineList
from gui.controls.rows import caption_label, name_control, pad_spin_box
from gui.controls.text_editor import TextEditor
from gui.controls.wheel_guard import WheelGuard

OWN_TEXT_PIXELS = 62
MOST_DOCUMENTS = 50


class BaselineControls(QWidget):
    """Setters are silent. Without its text or its file a baseline is only wished for, and the note says what it lacks."""

    changed = Signal()
    file_wanted = Signal()
    picture_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = BaselineList()
        self.own_text = TextEditor(
            "baselineText", "Baseline text", "A text that says nothing, laid over the input token by token."
        )
        self.path, self._choose, self._count = QLineEdit(), QPushButton("Choose…"), QSpinBox()
        self.picture, self._choose_picture, self._pictures = QLineEdit(), QPushButton("Choose…"), QWidget()
        self._documents, self._note = QWidget(), caption_label()
        self._build()
        self.list.changed.connect(self._on_ticked)
        self.own_text.textChanged.connect(self._on_changed)
        self.path.textChanged.connect(self._on_changed)
        self._count.valueChanged.connect(self._on_changed)
        self._choose.clicked.connect(self.file_wanted)
        self.picture.textChanged.connect(self._on_changed)
        self._choose_picture.clicked.connect(self.picture_wanted)
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
        self.picture.setPlaceholderText("A picture")
        name_control(
            self.picture, "baselinePicture", "Baseline picture", "A picture that says nothing, made ready like the input."
        )
        name_control(self._choose_picture, "chooseBaselinePicture", "Choose a picture", "PNG, JPEG, BMP, GIF, WebP or TIFF.")
        other = QHBoxLayout(self._pictures)
        other.setContentsMargins(0, 0, 0, 0)
        other.setSpacing(4)
        other.addWidget(self.picture, 1)
        other.addWidget(self._choose_picture)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        for each in (self.list, self.own_text, self._documents, self._pictures, self._note):
            whole.addWidget(each)

    def show_baselines(self, offered: tuple[str, ...], kind: InputKind = "text") -> None:
        """Those this model can compute by itself; where it reads texts or pictures, others of its kind too."""
        own = {"text": (OWN_TEXT, RANDOM_DOCUMENT), "image": (OWN_IMAGE,), "record": ()}[kind]
        self.list.show_baselines((*offered, *own), kind == "image")
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
        for control in (self.own_text, self.path, self._count, self.picture):
            control.blockSignals(True)
        text = next((each.removeprefix(OWN_TEXT) for each in wanted if each.startswith(OWN_TEXT)), None)
        if text is not None and text != self.own_text.text():
            self.own_text.replace_text(text)
        picture = next((each.removeprefix(OWN_IMAGE) for each in wanted if each.startswith(OWN_IMAGE)), None)
        if picture is not None:
            self.picture.setText(picture)
        if background is not None:
            self.path.setText(background)
        if RANDOM_DOCUMENT in wanted:
            self._count.setValue(wanted.count(RANDOM_DOCUMENT))
        for control in (self.own_text, self.path, self._count, self.picture):
            control.blockSignals(False)
        kinds = (next((own for own in (OWN_TEXT, OWN_IMAGE) if each.startswith(own)), each) for each in wanted)
        self.list.set_baselines(tuple(dict.fromkeys(kinds)))
        self._show_needs()

    def choose_picture(self, path: str) -> None:
        """By a person, in a dialog."""
        self.picture.setText(path)

    def choose_file(self, path: str) -> None:
        """By a person, in a dialog."""
        self.path.setText(path)

    def next_baseline(self) -> str | None:
        """Another one that lacks nothing."""
        return self.list.next_baseline(without=tuple(id for id in (OWN_TEXT, RANDOM_DOCUMENT, OWN_IMAGE) if self._lacks(id)))

    def _spelled(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        """The list's entries as identifiers of the command line."""
        spelled = {
            OWN_TEXT: (OWN_TEXT + self.own_text.text(),),
            RANDOM_DOCUMENT: (RANDOM_DOCUMENT,) * self._count.value(),
            OWN_IMAGE: (OWN_IMAGE + self.picture.text().strip(),),
        }
        return tuple(name for id in ids for name in spelled.get(id, (id,)))

    def _lacks(self, id: str) -> bool:
        needs = {OWN_TEXT: self.own_text.text, RANDOM_DOCUMENT: self.path.text, OWN_IMAGE: self.picture.text}
        return not needs.get(id, lambda: id)().strip()

    def _show_needs(self) -> None:
        ticked = self.list.baselines()
        self.own_text.setVisible(OWN_TEXT in ticked)
        self._documents.setVisible(RANDOM_DOCUMENT in ticked)
        self._pictures.setVisible(OWN_IMAGE in ticked)
        lacking = {
            OWN_TEXT: "Type the text that says nothing.",
            RANDOM_DOCUMENT: "Choose the file the documents are drawn from.",
            OWN_IMAGE: "Choose the picture that says nothing.",
        }
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
