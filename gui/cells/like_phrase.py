"""Below a corpus: the cells that are on over a phrase, and the places where the same cells are on."""

from html import escape

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.cells import Cell
from engine.detective import CorpusTextResult, PhraseResult
from engine.errors import UserError
from engine.heatmaps.display_text import one_line
from gui.cells.column_heatmap import ColumnHeatmap
from gui.cells.context_list import Context, ContextList
from gui.cells.phrase_bar import PhraseBar
from gui.views.sheet import inset

NO_PHRASE = "Select a phrase in the text above, or in a text of your own, and choose “Find where the cells agree”."
_NAMED = 12  # cells of a phrase
_LONGEST = 60  # characters of a phrase


class LikePhrase(QWidget):
    """Setters are silent."""

    cell_chosen = Signal(object)  # Cell
    context_chosen = Signal(int, int)  # code points of the corpus laid out as one text
    read_out_changed = Signal(str)

    def __init__(self, text: ColumnHeatmap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar, self.words, self.cells = PhraseBar(), QLabel(), QLabel()
        self.alike = ContextList(text, "phrasePlaces", "Places like the phrase")
        for label, name in ((self.words, "phraseWords"), (self.cells, "phraseCells")):
            label.setObjectName(name)
            label.setProperty("role", "muted")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.cells.setTextFormat(Qt.TextFormat.RichText)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for widget in (self.bar, self.words, self.cells):
            column.addLayout(inset(widget))
        column.addLayout(inset(self.alike), 1)
        column.addStretch()
        self.cells.linkActivated.connect(self._on_link)
        self.alike.context_chosen.connect(self.context_chosen)
        self.alike.read_out_changed.connect(self.read_out_changed)
        self.show_words(NO_PHRASE)

    def show_words(self, words: str, *, with_threshold: bool = False) -> None:
        """In place of an answer; ``with_threshold``: another threshold may bring one."""
        self.bar.setVisible(with_threshold)
        self.cells.hide()
        self.alike.hide()
        self.alike.show_contexts(())
        self.words.setText(words)
        self.words.show()

    def show_phrase(self, phrase: PhraseResult, corpus: CorpusTextResult | None, lead: int) -> None:
        """``lead``: how many characters were read before the phrase where its file begins further back; else 0."""
        self.words.hide()
        self.bar.show_request(phrase.request)
        self.cells.setText(_cells_in_words(phrase, lead))
        self.alike.show_contexts(() if corpus is None else _contexts(phrase, corpus))
        for widget in (self.bar, self.cells, self.alike):
            widget.show()

    @Slot(str)
    def _on_link(self, cell: str) -> None:
        try:
            self.cell_chosen.emit(Cell.read(cell))
        except UserError:
            return


def _contexts(phrase: PhraseResult, corpus: CorpusTextResult) -> tuple[Context, ...]:
    found = []
    for each in phrase.places:
        start = corpus.place_of(each.file, each.start)
        if start >= 0:
            words = f"{each.file} · {each.shared} cells do the same here, of {each.union} that do here or over the phrase"
            file = corpus.file_at(start)
            length, note = each.end - each.start, f"{each.shared} of {each.union}"
            found.append(Context(start, start + length, note, each.file, words, (file.start, file.end)))
    return tuple(found)


def _cells_in_words(result: PhraseResult, lead: int) -> str:
    count = len(result.cells)
    listed = " ".join(f'<a href="{cell}">{cell}</a>' for cell in result.cells[:_NAMED])
    listed += f" and {count - _NAMED} more" if count > _NAMED else ""
    phrase = one_line(result.request.text[result.request.start : result.request.end])
    phrase = escape(phrase if len(phrase) <= _LONGEST else f"{phrase[: _LONGEST - 1]}…", quote=False)
    read = f" (read from {lead:,} characters before it on, not from where its file begins)" if lead else ""
    verb = "cell is" if count == 1 else "cells are"
    return f"{count:,} {verb} on over “{phrase}”{read} and off around it: {listed}"
