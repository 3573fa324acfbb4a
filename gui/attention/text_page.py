"""The text tinted by what the pinned token attends to, or by what attends to it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.attention_maps import HeadMap
from engine.attention_reading import entry_in_words
from engine.heatmaps.cells import Cells, cells_of
from engine.heatmaps.colours import limit_of
from engine.heatmaps.numerals import figures
from engine.heatmaps.token_names import quoted
from engine.results import FloatArray, TokenizedText
from gui.attention.choice import OF_ALL_HEADS
from gui.attention.words import axis_unit
from gui.controls.segments import Segments
from gui.heatmaps.colour_bar import ColourBar
from gui.heatmaps.pyramid import Pyramid
from gui.heatmaps.text_heatmap import TextHeatmap

TO, FROM = "to", "by"  # which way one looks: along a row, or down a column
_WAYS = (
    (TO, "Attends to", "The row of the pinned token: where it looks."),
    (FROM, "Attended by", "The column of the pinned token: who looks at it."),
)
_BAR_WIDTH = 420
_FEWEST_LINES = 3


class TextPage(QWidget):
    """One text, or the written one above the source it looks at. Setters are silent."""

    token_selected = Signal(int)  # a query, or of one text alone the same token as a key; −1: none
    way_changed = Signal()
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.asking, self.source = TextHeatmap(self), TextHeatmap(self)
        self._map: HeadMap | None = None
        self._pyramid: Pyramid | None = None
        self._documents = (TokenizedText("", ()), TokenizedText("", ()))
        self._token, self.way = -1, TO
        self._title, self._bar, self._ways = QLabel(self), ColourBar(self), Segments("attended", _WAYS, self)
        self._build()
        self.asking.token_selected.connect(self._on_asking)
        self.source.token_selected.connect(self._on_source)
        self.asking.token_hovered.connect(self._on_asking_hovered)
        self.source.token_hovered.connect(self._on_source_hovered)
        self._ways.chosen.connect(self._on_way)

    def _build(self) -> None:
        self.asking.setObjectName("attentionText")
        self.source.setObjectName("attentionSource")
        self.source.setAccessibleName("Source text")
        self._title.setProperty("role", "muted")
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setWordWrap(True)
        self._bar.setMaximumWidth(_BAR_WIDTH)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 0)
        head.setSpacing(0)
        head.addWidget(self._ways)
        head.addSpacing(12)
        head.addWidget(self._title, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.addWidget(self._bar, 100)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.asking, 1)
        column.addWidget(self.source, 1)
        column.addLayout(foot)
        column.addStretch()
        self.source.hide()
        self.setFocusProxy(self.asking)

    def show_map(self, shown: HeadMap, pyramid: Pyramid, asking: TokenizedText, source: TokenizedText) -> None:
        """``asking`` is the text of the queries, ``source`` that of the keys."""
        self._map, self._pyramid, self._documents = shown, pyramid, (asking, source)
        self.source.setVisible(self.apart)
        self.asking.set_fewest_lines(1 if self.apart else _FEWEST_LINES)
        self.source.set_fewest_lines(1)
        self._colour()

    def show_token(self, token: int) -> None:
        """Pin one; −1: none."""
        self._token = token
        if self._map is not None:
            self._colour()

    def set_way(self, way: str) -> None:
        """Where it looks, or who looks at it; of two texts, another text is asked about."""
        if way != self.way and self.apart:
            self._token = -1
        self.way = way
        self._ways.choose(way)
        if self._map is not None:
            self._colour()

    def clear(self) -> None:
        """Nothing to show."""
        self._map = self._pyramid = None

    @property
    def apart(self) -> bool:
        """Whether queries and keys are of two texts."""
        return self._documents[0] is not self._documents[1]

    @property
    def values(self) -> FloatArray:
        """The tint of each token of the text that is tinted; without a pin, what is received on average."""
        assert self._map is not None
        assert self._pyramid is not None
        pattern, token = self._map.pattern, self._token
        tinted = self._documents[0] if self.way == FROM and self.apart else self._documents[1]
        if not 0 <= token < pattern.shape[0 if self.way == TO else 1]:
            received = self.way == TO or not self.apart
            found = self._pyramid.column_sums / len(pattern) if received else self._pyramid.row_sums / pattern.shape[1]
        else:
            found = pattern[token] if self.way == TO else pattern[:, token]
        values = np.full(len(tinted.tokens), np.nan, dtype=np.float32)  # a token that was just written is no query yet
        values[: len(found)] = found[: len(values)]
        return values

    def _colour(self) -> None:
        values, tinted = self.values, self._tinted_text()
        other, document = self._other(tinted), self._documents[1 if tinted is self.source else 0]
        cells = cells_of(document)
        drawn = cells.sums(values)
        limit = self._limit(drawn, cells)
        tinted.show_map(document, _rooted(values, cells), False, float(np.sqrt(limit)))
        if self.apart:
            other.show_text(self._documents[0 if tinted is self.source else 1])
        pinned_in = self._pinned_text()
        for text in (self.asking, self.source):
            text.select_token(self._token if text is pinned_in else -1)
        unit = axis_unit(self._map) if self._map is not None else ""
        beyond = (False, bool((drawn > limit).any()))
        self._bar.show_scale(limit, signed=False, unit=unit, clipped=beyond, root=True)
        self._title.setText(self._said())
        tinted.setAccessibleDescription(self._said())

    def _limit(self, drawn: NDArray[np.float64], cells: Cells) -> float:
        """What goes past attention stays with the token itself, far above all others: the scale is theirs."""
        assert self._map is not None
        if self._map.request.quantity in OF_ALL_HEADS and not self.apart and 0 <= self._token < len(cells.of_token):
            others = limit_of(np.delete(drawn, cells.of_token[self._token]))
            return others or limit_of(drawn)
        return limit_of(drawn)

    def _other(self, text: TextHeatmap) -> TextHeatmap:
        return self.asking if text is self.source else self.source

    def _tinted_text(self) -> TextHeatmap:
        return self.source if self.apart and self.way == TO else self.asking

    def _pinned_text(self) -> TextHeatmap:
        return self.source if self.apart and self.way == FROM else self.asking

    def _said(self) -> str:
        assert self._map is not None
        tokens = self._map.queries if self.way == TO else self._map.keys
        if not 0 <= self._token < len(tokens):
            what = "receives" if self.way == TO or not self.apart else "gives"
            return f"What each token {what} on average; click one."
        name = quoted(tokens[self._token])
        total = float(np.nansum(self.values))
        return f"What {name} attends to" if self.way == TO else f"What attends to {name}: {figures(total)} in all"

    @property
    def strongest(self) -> int:
        """The token with the most colour; −1: none."""
        values = np.nan_to_num(self.values) if self._map is not None else np.zeros(0)
        return int(values.argmax()) if values.size else -1

    def in_words(self, token: int) -> str:
        """The read-out of a token of the tinted text."""
        if self._map is None or token < 0:
            return ""
        pair = (self._token, token) if self.way == TO else (token, self._token)
        if self._token >= 0:
            return entry_in_words(self._map, *pair)
        values = self.values
        if token >= len(values) or np.isnan(values[token]):
            return ""
        names = self._map.queries if self.apart and self.way == FROM else self._map.keys
        return f"{quoted(names[token])} · {figures(float(values[token]), 4)} {self._map.unit} on average"

    @Slot(int)
    def _on_asking(self, token: int) -> None:
        self._on_text(self.asking, token)

    @Slot(int)
    def _on_source(self, token: int) -> None:
        self._on_text(self.source, token)

    def _on_text(self, text: TextHeatmap, token: int) -> None:
        """Of two texts, clicking the tinted one turns the question round."""
        turned = self.apart and text is not self._pinned_text()
        if turned:
            self.set_way(FROM if self.way == TO else TO)
        self._token = token
        self._colour()
        if turned:
            self.way_changed.emit()
        if self._pinned_text() is self.asking:
            self.token_selected.emit(token)

    @Slot(int)
    def _on_asking_hovered(self, token: int) -> None:
        self._tell(self.asking, token)

    @Slot(int)
    def _on_source_hovered(self, token: int) -> None:
        self._tell(self.source, token)

    def _tell(self, text: TextHeatmap, token: int) -> None:
        words = self.in_words(token) if text is self._tinted_text() else ""
        self._bar.show_value(float(self.values[token]) if words else None)
        self.read_out_changed.emit(words)

    @Slot(str)
    def _on_way(self, way: str) -> None:
        self.set_way(way)
        self.way_changed.emit()


def _rooted(values: FloatArray, cells: Cells) -> NDArray[np.float64]:
    """The colours of the matrix: what is drawn as one cell gets the square root of its sum."""
    rooted = np.where(np.isnan(values), np.nan, 0.0)
    rooted[cells.first_token] = np.sqrt(np.maximum(cells.sums(values), 0))
    return rooted
