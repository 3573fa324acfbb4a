"""Below the rows: the one on the desk, what the model said of it and why, tags and a note."""

import html

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.heatmaps.wording import progress_words, title_of, token_values
from engine.records import lay_out
from engine.requests import Input, RecordInput, TextInput, in_words, is_empty
from engine.results import AttributionResult, TokenizedText
from gui import theme
from gui.controls.rows import name_control
from gui.data.desk import DataDesk
from gui.data.suggestions import Suggestions
from gui.data.words import margin_words, outcome_words, place_words
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.views.elided_label import ElidedLabel

LEAST_PIXELS = 132
NOTE_PIXELS, BAR_PIXELS = 168, 240


class ExampleStrip(QWidget):
    """Setters are silent."""

    tag_wanted = Signal()
    tag_dropped = Signal(str)
    note_written = Signal(str)
    flip_wanted = Signal()
    alike_wanted = Signal()

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._shown: Input | None = None  # what the map is of
        self._place, self._outcome, self._why = QLabel(), ElidedLabel(), ElidedLabel()
        self.heatmap, self.bar = TextHeatmap(), ColourBar()
        self._tags, self._add, self.note = QLabel(), QPushButton("Tag…"), QLineEdit()
        self._flip, self._alike, self.suggestions = QPushButton("What flips it?"), QPushButton("Rows alike"), Suggestions(desk)
        self._build()
        self._flip.clicked.connect(self.flip_wanted)
        self._alike.clicked.connect(self.alike_wanted)
        self._add.clicked.connect(self.tag_wanted)
        self._tags.linkActivated.connect(self.tag_dropped)
        self.note.editingFinished.connect(self._on_note)

    def _build(self) -> None:
        self.heatmap.setObjectName("dataHeatmap")
        self.heatmap.set_fewest_lines(2)
        self.heatmap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.heatmap.setMinimumHeight(64)
        self._place.setFont(theme.numbers_font(strong=True))
        self._outcome.setFont(theme.numbers_font())
        self._why.setProperty("role", "caption")
        self._tags.setTextFormat(Qt.TextFormat.RichText)
        self._add.setProperty("role", "link")
        self.note.setPlaceholderText("Note on this row")
        self.note.setMaximumWidth(NOTE_PIXELS)
        self.note.setMaxLength(4000)
        for control, words in (
            (self._place, ("examplePlace", "Place", "")),
            (self._outcome, ("exampleOutcome", "What the model said", "")),
            (self._why, ("exampleTarget", "What is explained", "")),
            (self._tags, ("exampleTags", "Tags", "A click on a tag takes it away.")),
            (self._add, ("exampleTag", "Tag", "Tag this row (T, or 1 … 9).")),
            (self._flip, ("exampleFlip", "What flips it?", "The fewest words without which the answer is another.")),
            (self._alike, ("exampleAlike", "Rows alike", "Rows whose representation in the model is nearest.")),
            (self.note, ("exampleNote", "Note", "Kept with the data and the model; Enter keeps it.")),
        ):
            name_control(control, *words)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._place)
        head.addWidget(self._outcome, 1)
        head.addWidget(self._tags)
        head.addWidget(self._add)
        head.addWidget(self.note)
        head.setContentsMargins(16, 0, 0, 0)
        why = QHBoxLayout()
        why.setContentsMargins(16, 0, 0, 0)
        why.setSpacing(8)
        why.addWidget(self._why, 1)
        for button in (self._flip, self._alike):
            button.setProperty("role", "link")
            why.addWidget(button)
        self.bar.setFixedWidth(BAR_PIXELS)
        why.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addLayout(why)
        both = QHBoxLayout()
        both.setSpacing(8)
        both.addWidget(self.heatmap, 1)
        both.addWidget(self.suggestions)
        column.addLayout(both, 1)
        self.setMinimumHeight(LEAST_PIXELS)

    def show_row(self) -> None:
        """The current one, in words."""
        desk = self._desk
        there = desk.current >= 0 and desk.data is not None
        place = " · ".join(filter(None, (place_words(desk), margin_words(desk))))
        self._place.setText(place or ("Press J for the first error, or choose a row." if desk.data else ""))
        words = outcome_words(desk)
        self._outcome.setText(f"{words} · edited" if words and desk.is_edited else words)
        for each in (self._add, self.note, self._tags, self._flip, self._alike):
            each.setVisible(there)
        self._flip.setVisible(there and desk.input_kind == "text")
        if self.isVisible() and there and desk.put is not None and self._shown != desk.put and not desk.is_edited:
            self._show_bare(desk.put)
        self.show_work()

    def _show_bare(self, input: Input) -> None:
        """Until it is explained."""
        self._why.setText("")
        self.bar.hide()
        self._shown = input
        self.heatmap.show_text(self._bare(input))

    def _bare(self, input: Input) -> TokenizedText:
        """As it will stand there, without tokens."""
        model = self._desk.model
        if isinstance(input, TextInput):
            return TokenizedText(input.text, (), input.pair)
        if isinstance(input, RecordInput) and model is not None and model.fields and not is_empty(input):
            laid_out = lay_out(model.fields, input)
            return TokenizedText(laid_out.text, (), fields=laid_out.fields)
        return TokenizedText(in_words(input), ())

    def show_work(self) -> None:
        """Tags and note of the current row."""
        store, row = self._desk.store, self._desk.current
        look = theme.current()
        shown = [
            f'<a href="{html.escape(tag, quote=True)}" style="color:{look.text.name()}; text-decoration:none">{html.escape(tag)}'
            f'<span style="color:{look.muted.name()}"> ×</span></a>'
            for tag in store.tags.get(row, ())
        ]
        self._tags.setText("&nbsp;&nbsp;".join(shown))
        if not self.note.hasFocus() or self.note.text() != store.notes.get(row, ""):
            self.note.setText(store.notes.get(row, ""))

    def show_map(self, result: AttributionResult | None) -> None:
        """Of the text on the desk."""
        self.bar.setVisible(result is not None)
        if result is None:
            self._why.setText("")
            self._shown = None
            self.heatmap.show_text(TokenizedText("", ()))
            return
        self._shown = result.request.input
        tag = progress_words(result.progress, stopped=False)
        self._why.setText(f"{title_of(result)}{f' · {tag}' if tag else ''}")
        self.heatmap.show_map(result.prediction.text, token_values(result), result.signed)
        self.bar.show_scale(self.heatmap.limit, signed=result.signed, unit=result.unit)

    @Slot()
    def _on_note(self) -> None:
        if self._desk.current >= 0:
            self.note_written.emit(self.note.text())
