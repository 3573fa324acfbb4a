"""Below a corpus: how the chosen cell is spread over it, and the places where it is highest and lowest."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from engine.detective import CorpusTextResult, Place, UnitResult
from engine.heatmaps.numerals import figures, signed_figures
from gui.cells.column_heatmap import ColumnHeatmap
from gui.cells.context_list import Context, ContextList
from gui.cells.unit_histogram import UnitHistogram


class OverCorpus(QWidget):
    """Setters are silent."""

    context_chosen = Signal(int, int)  # code points of the corpus laid out as one text
    read_out_changed = Signal(str)

    def __init__(self, text: ColumnHeatmap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.histogram = UnitHistogram()
        self.extremes = ContextList(text, "unitContexts", "Where this cell is highest and lowest")
        side = QHBoxLayout(self)
        side.setContentsMargins(16, 0, 16, 0)
        side.setSpacing(8)
        side.addWidget(self.histogram, 2)
        side.addWidget(self.extremes, 5)
        self.extremes.context_chosen.connect(self.context_chosen)
        self.extremes.read_out_changed.connect(self.read_out_changed)
        self.histogram.read_out_changed.connect(self.read_out_changed)

    def show_unit(self, unit: UnitResult | None, corpus: CorpusTextResult | None, limit: float, *, squashed: bool) -> None:
        """None: it is not known yet. ``limit``, ``squashed``: as of the histogram."""
        self.histogram.show_unit(unit, limit, squashed=squashed)
        places = () if unit is None or corpus is None else (*unit.highest, *unit.lowest)
        self.extremes.show_contexts(tuple(c for place in places if (c := _context(place, corpus)) is not None))


def _context(place: Place, corpus: CorpusTextResult | None) -> Context | None:
    start = -1 if corpus is None else corpus.place_of(place.file, place.start)
    if corpus is None or start < 0:
        return None
    value = signed_figures(place.value, 3) if place.value < 0 else figures(place.value, 3)
    sign = "▲" if place.kind == "highest" else "▼"
    words = f"{place.file} · token {place.position:,} · {place.kind} {value}"
    file = corpus.file_at(start)
    return Context(start, start + place.end - place.start, f"{sign} {value}", place.file, words, (file.start, file.end))
