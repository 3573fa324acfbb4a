"""Attention that each word receives beside how rare it is: the plot, the words in a table, and what that means."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from engine.attention_maps import NOT_IN_CORPUS, ONE_DOCUMENT, TfidfResult
from engine.tfidf_reading import (
    corpus_in_words,
    correlation_in_words,
    limits_in_words,
    occurrence_in_words,
    occurrence_over,
    standouts_in_words,
)
from gui.attention.tfidf_plot import TfidfPlot
from gui.attention.tfidf_row import TfidfRow
from gui.attention.tfidf_table import TfidfTable
from gui.controls.segments import Segments
from gui.views.elided_label import ElidedLabel
from gui.views.thin_splitter import ThinSplitter

EMPTY = "Each word of the text will stand here: how rare it is in a corpus, and how much attention it receives."
AS_IS, OUT = "as_is", "without_age"
_AGES = (
    (AS_IS, "As it is", "The attention each word receives."),
    (OUT, "Age taken out", "How many times what words of its age receive: older words were seen by more steps."),
)
_TABLE = 0.48  # of the width


class TfidfPage(QWidget):
    """One way in (``show_result``); setters are silent. Its row stands where the room has place for it."""

    place_selected = Signal(int, int)  # first code point and the one behind; −1, −1: none
    read_out_changed = Signal(str)
    changed = Signal()  # what is drawn is another

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tfidfPage")
        self.setAccessibleName("Attention beside TF-IDF")
        self.result: TfidfResult | None = None
        self.without_age = False  # whether what age explains is taken out of what is drawn, where there is any
        self._selected, self._hovered = -1, -1
        self.row, self.ages = TfidfRow(), Segments("tfidf", _AGES, tight=True)
        self.plot, self.table = TfidfPlot(self), TfidfTable(self)
        self._said, self._limits, self._message = (QLabel(self) for _ in range(3))
        self._standing = ElidedLabel(parent=self)
        self._empty = QLabel(EMPTY, self)
        self._lay_out()
        self.ages.chosen.connect(self._on_age)
        self.plot.pointed.connect(self._on_pointed)
        self.plot.chosen.connect(self._on_chosen)
        self.table.chosen.connect(self._on_row)
        self.setFocusProxy(self.table)
        self.clear()

    def _lay_out(self) -> None:
        for label, name, role in (
            (self._said, "tfidfCorrelation", ""),
            (self._standing, "tfidfStandouts", "muted"),
            (self._limits, "tfidfLimits", "caption"),
            (self._message, "tfidfMessage", "error"),
            (self._empty, "tfidfEmpty", "muted"),
        ):
            label.setObjectName(name)
            label.setProperty("role", role)
            label.setWordWrap(label is not self._standing)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.splitter = ThinSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("tfidfSplitter")
        self.splitter.addWidget(self.plot)
        self.splitter.addWidget(self.table)
        self._whole = QWidget()
        column = QVBoxLayout(self._whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(_inset(self._said))
        column.addWidget(_inset(self._standing, self.ages))
        column.addWidget(_inset(self.splitter), 1)
        column.addWidget(_inset(self._limits))
        self._stack = QStackedWidget()
        self._stack.addWidget(_inset(self._empty))
        self._stack.addWidget(self._whole)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(4)
        self._messages = _inset(self._message)
        outer.addWidget(self._messages)
        outer.addWidget(self._stack, 1)

    def show_result(self, result: TfidfResult) -> None:
        """The word that was chosen stays chosen where it stands in the same place."""
        before, self.result = self.result, result
        kept = self._selected if before is not None and before.text == result.text else -1
        self.ages.setEnabled(result.ages_differ)
        self.ages.choose(OUT if self.without_age and result.ages_differ else AS_IS)
        self._said.setText(correlation_in_words(result))
        self._standing.setText(standouts_in_words(result))
        rarest = [notice.message for notice in result.warnings if notice.kind == NOT_IN_CORPUS]
        self._limits.setText(" ".join((f"Corpus: {corpus_in_words(result)}.", *rarest, limits_in_words(result))))
        self.say("\n".join(f"⚠ {notice.message}" for notice in result.warnings if notice.kind == ONE_DOCUMENT), "warning")
        self.table.show_result(result)
        self._draw()
        self._select(kept if kept < len(result.occurrences) else -1)
        self._stack.setCurrentIndex(1)
        self.read_out_changed.emit(self.in_words())
        self.changed.emit()

    def clear(self) -> None:
        """Nothing to show."""
        self.result, self._selected, self._hovered = None, -1, -1
        self.plot.show_result(None, False)
        self.table.show_result(None)
        self.say("", "error")
        self._empty.setText(EMPTY)
        self._stack.setCurrentIndex(0)

    def show_failure(self, words: str) -> None:
        """What was there before is of another question, and goes."""
        self.clear()
        self._empty.setText(words)
        self.changed.emit()

    def say(self, words: str, role: str) -> None:
        """Above the picture; empty: nothing."""
        self._messages.setVisible(bool(words))
        self._message.setText(words)
        if self._message.property("role") != role:
            self._message.setProperty("role", role)
            self._message.style().polish(self._message)

    def show_age(self, without: bool) -> None:
        """As it is, or age taken out."""
        self.without_age = without
        self.ages.choose(OUT if without else AS_IS)
        self._draw()

    def show_place(self, start: int, end: int) -> None:
        """Choose the word over these code points."""
        if self.result is None or start >= end:
            self._select(-1)
            return
        own = self.result.occurrences[self._selected] if self._selected >= 0 else None
        if own is None or own.start >= end or own.end <= start:  # a token may lie in two words
            self._select(occurrence_over(self.result, start, end))

    def in_words(self) -> str:
        """The read-out of the word under the pointer, or of the one that is chosen."""
        at = self._hovered if self._hovered >= 0 else self._selected
        return "" if self.result is None else occurrence_in_words(self.result, at, self.without_age and self.result.ages_differ)

    def _draw(self) -> None:
        if self.result is not None:
            self._hovered = -1
            self.plot.show_result(self.result, self.without_age and self.result.ages_differ)
            self.plot.select(self._selected)

    def _select(self, at: int) -> None:
        self._selected = at
        self.plot.select(at)
        self.table.select(at)

    def _choose(self, at: int) -> None:
        """By a person."""
        self._select(at)
        self.read_out_changed.emit(self.in_words())
        point = None if self.result is None or at < 0 else self.result.occurrences[at]
        self.place_selected.emit(*((-1, -1) if point is None else (point.start, point.end)))

    @Slot(str)
    def _on_age(self, which: str) -> None:
        self.without_age = which == OUT
        self._draw()
        self.read_out_changed.emit(self.in_words())
        self.changed.emit()

    @Slot(int)
    def _on_pointed(self, at: int) -> None:
        if at != self._hovered:
            self._hovered = at
            self.read_out_changed.emit(self.in_words())

    @Slot(int)
    def _on_chosen(self, at: int) -> None:
        self._choose(-1 if at == self._selected else at)

    @Slot(int)
    def _on_row(self, at: int) -> None:
        if at != self._selected:
            self._choose(at)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not event.oldSize().isValid() or event.oldSize().width() < 300 <= event.size().width():
            table = int(event.size().width() * _TABLE)
            self.splitter.setSizes([event.size().width() - table, table])


def _inset(*inside: QWidget) -> QWidget:
    around = QWidget()
    row = QHBoxLayout(around)
    row.setContentsMargins(16, 0, 16, 0)
    row.setSpacing(8)
    for at, widget in enumerate(inside):
        row.addWidget(widget, 1 if at == 0 else 0)
    return around
