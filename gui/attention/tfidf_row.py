"""What the words are held against: a corpus, and which column of its tables; read again, or stop."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from engine.corpora.table import columns_of, is_table
from engine.samples import RESOURCES
from gui.controls.corpus_box import CorpusBox
from gui.controls.rows import name_control, small_combo
from gui.controls.wheel_guard import WheelGuard
from gui.icons import icon

REVIEWS = str(RESOURCES / "samples" / "datasets" / "reviews.csv")
_READY = (("Film reviews", REVIEWS),)
_MOST_COLUMNS = 50
_WIDEST = 400


class TfidfRow(QWidget):
    """Setters are silent."""

    changed = Signal()
    read_chosen = Signal()
    stop_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.corpus, self.column = CorpusBox(ready=_READY), small_combo()
        self.read, self.stop = QToolButton(self), QPushButton("Stop", self)
        words = "Each file, or each row of a table, is a document; a single text falls into its paragraphs."
        name_control(self.corpus, "tfidfCorpus", "Corpus", words)
        name_control(self.column, "tfidfColumn", "Text column", "Where the texts of a table stand.")
        name_control(self.read, "tfidfRead", "Read again", "Read the corpus, and count its words; also after it was changed.")
        name_control(self.stop, "tfidfStop", "Stop", "What is on screen stays (Esc).")
        self.corpus.setMinimumWidth(110)
        self.column.setMinimumWidth(84)
        self.setMaximumWidth(_WIDEST)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        label = QLabel("Corpus", self)
        label.setProperty("role", "muted")
        label.setBuddy(self.corpus)
        guard = WheelGuard(self)
        row.addWidget(label)
        for box, stretch in ((self.corpus, 3), (self.column, 2)):
            box.installEventFilter(guard)
            row.addWidget(box, stretch)
        for button in (self.read, self.stop):
            button.setProperty("role", "flat")
            row.addWidget(button)
        self.read.setIconSize(QSize(16, 16))
        self.corpus.activated.connect(self._on_corpus)
        self.column.activated.connect(self.changed)
        self.read.clicked.connect(self.read_chosen)
        self.stop.clicked.connect(self.stop_chosen)
        self._fill_columns()
        self.show_running(False)
        self._dress()

    @property
    def chosen(self) -> tuple[str, str]:
        """Source, and the text column; empty: the one that looks like it."""
        return self.corpus.source, str(self.column.currentData() or "")

    def set_source(self, source: str, column: str = "") -> None:
        """A file, a folder, or a name the engine knows."""
        self.corpus.set_source(source)
        self._fill_columns()
        self.column.setCurrentIndex(max(0, self.column.findData(column)))

    def show_running(self, running: bool) -> None:
        """Read or Stop."""
        self.read.setVisible(not running)
        self.stop.setVisible(running)

    def _fill_columns(self) -> None:
        source = self.corpus.source
        columns = columns_of(source) if source != REVIEWS and is_table(source) else ()
        self.column.clear()
        for words, column in _columns(columns):
            self.column.addItem(words, column)
        self.column.setVisible(bool(columns))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "read"):
            self._dress()

    def _dress(self) -> None:
        self.read.setIcon(icon("arrows-clockwise"))

    @Slot()
    def _on_corpus(self) -> None:
        self._fill_columns()
        self.changed.emit()


def _columns(names: Sequence[str]) -> list[tuple[str, str]]:
    return [("its text column", ""), *((f"column {name}", name) for name in names[:_MOST_COLUMNS])]
