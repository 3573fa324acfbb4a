"""Why the model said that: the text as a heatmap, its scale, whether it adds up, and the path it came from."""

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from engine.heatmaps.token_values import TokenValues
from engine.heatmaps.wording import title_of, token_values
from engine.results import AttributionResult, Notice, PredictionResult, TokenizedText
from gui import theme
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.text_heatmap import MEASURE, TextHeatmap
from gui.views.completeness_strip import CompletenessStrip
from gui.views.path_curve import PathCurveView
from gui.views.value_table import ValueTable

_EMPTY = "The text will stand here, each word on its colour: orange raises the score, blue lowers it."
_WAITING = "Nothing computed yet"
_BAR_WIDTH = 420
_TABLE_HEIGHT = 300
_PATH_WIDTH = MEASURE + 32
_PATH_FOLD = {False: "▸ Path curve", True: "▾ Path curve"}


class AttributionView(QWidget):
    """A new map of the same text changes colours and numbers; no place changes."""

    token_hovered = Signal(int)
    token_selected = Signal(int)
    remedy_chosen = Signal(str)
    read_out_changed = Signal(str)  # for the status bar; empty: nothing under the pointer and nothing pinned

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attributionView")
        self.setAccessibleName("Attribution")
        self._document: TokenizedText | None = None
        self._values: TokenValues | None = None
        self._result: AttributionResult | None = None
        self._heatmap = TextHeatmap(self)
        self._table = ValueTable(self)
        self._bar = ColourBar(self)
        self._strip = CompletenessStrip(self)
        self._path = PathCurveView(self)
        self._title, self._warnings, self._empty = self._label("title"), self._label("warning"), self._label("muted")
        self._as_table = self._fold("Show as table", "showAsTable")
        self._as_path = self._fold(_PATH_FOLD[False], "showPath")
        self._as_path.setProperty("role", "fold")
        self._connect()
        self._lay_out()
        self.clear()

    # One way in

    def show_result(self, result: AttributionResult) -> None:
        """A map, finished or still sharpening."""
        self._document = result.prediction.input
        values = token_values(result)
        self._values = TokenValues(result.tokens, values, result.unit)
        self._heatmap.show_map(self._document, values, result.method.signed)
        self._show_scale(result)
        if self._as_table.isChecked():
            self._table.show_values(self._values)
        self._title.setText(title_of(result))
        self._result = result
        if result.progress >= 1:  # on the way, what was known before still stands
            self._show_warnings(result.warnings)
        self._strip.show_result(result)
        self._path.show_result(result)
        self._pages.setCurrentIndex(1)
        self._emit_read_out()

    def show_prediction(self, prediction: PredictionResult) -> None:
        """The text that is about to be explained; a map of the very same text stays."""
        if self._values is not None and prediction.input == self._document:
            return
        self._forget()
        self._document = prediction.input
        self._heatmap.show_text(prediction.input)
        self._title.setText(_WAITING)
        self._pages.setCurrentIndex(1)

    def show_stopped(self) -> None:
        """The partial map that is shown stays, and says so."""
        self._strip.show_stopped()
        if self._result is not None:
            self._show_warnings(self._result.warnings)
        if self._result is not None and self._result.path is None:
            self._path.show_stopped()

    def clear(self) -> None:
        """Nothing to show: say what will be here."""
        self._forget()
        self._document = None
        self._pages.setCurrentIndex(0)

    def select_token(self, token: int) -> None:
        """Pin a token (−1: none); emits nothing."""
        self._heatmap.select_token(token)
        self._table.select_token(token)

    def heatmap(self) -> TextHeatmap:
        """For those who put the keyboard there."""
        return self._heatmap

    def _forget(self) -> None:
        self._values = self._result = None
        self._bar.show_scale(0.0, signed=True, unit="", idle=True)
        self._strip.clear()
        self._path.clear()
        self._warnings.hide()
        self._table.show_values(TokenValues((), np.zeros(0), ""))
        self.read_out_changed.emit("")

    def _show_scale(self, result: AttributionResult) -> None:
        values, limit = self._heatmap.cell_values, self._heatmap.limit
        low, high = (bool((values < -limit).any()), bool((values > limit).any())) if values is not None else (False, False)
        self._bar.show_scale(limit, signed=result.method.signed, unit=result.unit, clipped=(low, high))

    def _show_warnings(self, warnings: tuple[Notice, ...]) -> None:
        self._warnings.setText("\n".join(f"⚠ {warning.message}" for warning in warnings))
        self._warnings.setVisible(bool(warnings))

    # Making

    def _label(self, role: str) -> QLabel:
        label = QLabel(self)
        label.setProperty("role", role)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _fold(self, words: str, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText(words)
        button.setCheckable(True)
        return button

    def _connect(self) -> None:
        self._heatmap.token_hovered.connect(self._on_hovered)
        self._heatmap.token_selected.connect(self._on_selected)
        self._table.token_selected.connect(self._on_row_selected)
        self._strip.remedy_chosen.connect(self.remedy_chosen)
        self._path.read_out_changed.connect(self.read_out_changed)
        self._as_table.toggled.connect(self._on_table_toggled)
        self._as_path.toggled.connect(self._on_path_toggled)

    def _lay_out(self) -> None:
        self._empty.setText(_EMPTY)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        page = QFrame(self)
        page.setProperty("role", "sheet")
        column = QVBoxLayout(page)
        column.setContentsMargins(1, 12, 1, 12)
        column.setSpacing(8)
        column.addLayout(self._inset(self._head()))
        column.addWidget(self._heatmap)
        column.addLayout(self._inset(self._table))
        column.addLayout(self._inset(self._bar, stretch=True))
        column.addLayout(self._inset(self._strip))
        column.addLayout(self._inset(self._warnings))  # below: their coming moves nothing one looks at
        column.addLayout(self._inset(self._as_path, stretch=True))
        column.addLayout(self._inset(self._path, stretch=True))
        column.addStretch()
        self._bar.setMaximumWidth(_BAR_WIDTH)
        self._path.setMaximumWidth(_PATH_WIDTH)
        self._table.setFixedHeight(_TABLE_HEIGHT)
        for hidden in (self._table, self._path, self._warnings):
            hidden.hide()
        self._pages = QStackedWidget(self)
        nothing = QFrame(self)
        nothing.setProperty("role", "sheet")
        QVBoxLayout(nothing).addWidget(self._empty)
        self._pages.addWidget(nothing)
        self._pages.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._pages)

    def _head(self) -> QWidget:
        head = QWidget(self)
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._title, 1)
        row.addWidget(self._as_table)
        head.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        return head

    @staticmethod
    def _inset(widget: QWidget, *, stretch: bool = False) -> QHBoxLayout:
        """In line with the text, whose margin is the heatmap's own."""
        row = QHBoxLayout()
        row.setContentsMargins(16, 0, 16, 0)
        row.addWidget(widget, 100)
        if stretch:
            row.addStretch(1)
        return row

    # What the user does

    @Slot(int)
    def _on_hovered(self, token: int) -> None:
        self.token_hovered.emit(token)
        self._emit_read_out(token)

    @Slot(int)
    def _on_selected(self, token: int) -> None:
        self._table.select_token(token)
        self.token_selected.emit(token)
        self._emit_read_out()

    @Slot(int)
    def _on_row_selected(self, token: int) -> None:
        self._heatmap.select_token(token)
        self.token_selected.emit(token)
        self._emit_read_out()

    @Slot(bool)
    def _on_table_toggled(self, on: bool) -> None:
        if on and self._values is not None:
            self._table.show_values(self._values)
            self._table.select_token(self._heatmap.selected_token)
        self._table.setVisible(on)

    @Slot(bool)
    def _on_path_toggled(self, on: bool) -> None:
        self._as_path.setText(_PATH_FOLD[on])
        self._path.setVisible(on)

    def _emit_read_out(self, hovered: int = -1) -> None:
        """What is under the pointer, otherwise what is pinned."""
        token = hovered if hovered >= 0 else self._heatmap.selected_token
        mark = self._mark_of(token)
        self._bar.show_value(mark)
        self.read_out_changed.emit(self._in_words(token))

    def _mark_of(self, token: int) -> float | None:
        values, cells = self._heatmap.cell_values, self._heatmap.cells
        return None if token < 0 or values is None else float(values[cells.of_token[token]])

    def _in_words(self, token: int) -> str:
        if token < 0 or self._document is None:
            return ""
        if self._values is None:
            it = self._document.tokens[token]
            return f"“{it.text.strip()}” · piece {it.piece}" if it.text.strip() else it.piece
        words = self._values.in_words(token)
        together = self._heatmap.cells.tokens_of(int(self._heatmap.cells.of_token[token]))
        if len(together) == 1:
            return words
        place = int(np.searchsorted(together, token)) + 1
        return f"{words} · part {place} of {len(together)} of one character, drawn with their sum"

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in theme.RETHEME_EVENTS:
            self.update()
