"""The maps on screen: one kept for comparison, the one that was asked for, and other methods under it.

Maps of one unit and sign share one colour scale; one token is selected in all that show its text.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.heatmaps.grained import GrainedMap, Grouper, brief_title, brief_words, differences
from engine.requests import Grain
from engine.results import AttributionResult, TokenizedText
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.views.map_row import MapRow

BESIDE_PIXELS = 920  # from this width on the kept map stands beside the new one
_SNIPPET = 48


@dataclass(frozen=True, slots=True, eq=False)
class Companion:
    """Another method's map of the same question. ``note``: what to say while or where there is none."""

    key: int
    label: str
    result: AttributionResult | None = None
    note: str = ""
    stopped: bool = False


class MapBoard(QWidget):
    """Setters never emit."""

    token_hovered = Signal(int)
    token_selected = Signal(int)  # of the text that was asked about; −1: none
    read_out_changed = Signal(str, object)  # words; the value, to be marked on the scale, or None
    scale_changed = Signal()
    remove_requested = Signal(int)  # a companion's key
    move_requested = Signal(int, int)
    unpinned = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grouper = Grouper()
        self._grain: Grain = "token"
        self._document: TokenizedText | None = None
        self._result: AttributionResult | None = None
        self._kept: AttributionResult | None = None
        self._companions: tuple[Companion, ...] = ()
        self._selected = (-1, False)  # token; whether of the kept map's own text
        self.main = MapRow("mainMap", (), self)
        self.pinned = MapRow("pinnedMap", ("remove",), self)
        self._rows: dict[int, MapRow] = {}
        self._scrolling = False
        self._build()

    def _build(self) -> None:
        self._pair = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._pair.setSpacing(4)
        self._pair.addWidget(self.pinned)
        self._pair.addWidget(self.main)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addLayout(self._pair)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.pinned.hide()
        for row in (self.main, self.pinned):
            self._connect(row)

    def _connect(self, row: MapRow) -> None:
        row.hovered.connect(self._on_hovered)
        row.selected.connect(self._on_selected)
        row.remove_requested.connect(self._on_remove)
        row.move_requested.connect(self._on_move)
        row.heatmap.verticalScrollBar().valueChanged.connect(self._on_scrolled)

    # One way in

    def show_result(self, result: AttributionResult) -> None:
        """The map that was asked for, or a sharper one."""
        self._result, self._document = result, result.prediction.text
        self.main.show_map(GrainedMap(result, self._grouper(self._document, self._grain)))
        self._finish()

    def show_text(self, document: TokenizedText) -> None:
        """The text alone."""
        self._result, self._document = None, document
        self.main.show_text(self._grouper(document, self._grain))
        self._finish()

    def show_companions(self, companions: Sequence[Companion]) -> None:
        """In this order, under the map that was asked for."""
        self._companions = tuple(companions)
        for key in self._rows.keys() - {each.key for each in companions}:
            row = self._rows.pop(key)
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        for place, each in enumerate(companions):
            row = self._rows.get(each.key) or self._new_row(each.key)
            if self._column.indexOf(row) != place + 1:
                self._column.removeWidget(row)
                self._column.insertWidget(place + 1, row)
            self._fill(row, each)
        self._finish()

    def set_grain(self, grain: Grain) -> None:
        """Everything that is shown, at another grain; what is selected stays."""
        self._grain = grain
        if self._result is not None:
            self.main.show_map(GrainedMap(self._result, self._grouper(self._result.prediction.text, grain)))
        elif self._document is not None:
            self.main.show_text(self._grouper(self._document, grain))
        for each in self._companions:
            self._fill(self._rows[each.key], each)
        self._show_kept()
        self._finish()

    def pin(self) -> None:
        """Keep the map on screen beside those that come."""
        self._kept = self._result
        self._selected = (self._selected[0], False)
        self._show_kept()
        self._finish()

    def unpin(self) -> None:
        """Let it go."""
        self._kept = None
        if self._selected[1]:
            self._selected = (-1, False)
        self._show_kept()
        self._finish()

    def select_token(self, token: int) -> None:
        """A token of the text that was asked about."""
        self._selected = (token, False)
        self._show_selected()

    # What is shown

    @property
    def heatmap(self) -> TextHeatmap:
        return self.main.heatmap

    @property
    def map(self) -> GrainedMap | None:
        """The one that was asked for."""
        return self.main.map

    @property
    def selected_token(self) -> int:
        """Of the text that was asked about; −1: none."""
        return -1 if self._selected[1] else self._selected[0]

    @property
    def kept(self) -> AttributionResult | None:
        return self._kept

    def rows(self) -> list[MapRow]:
        """From top to bottom, those that are shown."""
        kept = [self.pinned] if self._kept is not None else []
        return [*kept, self.main, *(self._rows[each.key] for each in self._companions)]

    def sharing(self) -> int:
        """How many maps lie on the common scale."""
        return sum(row.map is not None and self.map is not None and row.map.scale == self.map.scale for row in self.rows())

    def describe(self, unit: int = -1) -> None:
        """Tell the read-out of a unit of the asked-for map, otherwise of what is selected."""
        row = self.pinned if self._selected[1] and unit < 0 else self.main
        self._tell(row, unit if unit >= 0 else row.heatmap.selected_token)

    def _new_row(self, key: int) -> MapRow:
        row = self._rows[key] = MapRow(f"companion{key}", ("up", "down", "remove"), self)
        row.heatmap.set_fewest_lines(1)
        self._connect(row)
        return row

    def _fill(self, row: MapRow, each: Companion) -> None:
        if each.result is not None:
            row.show_map(GrainedMap(each.result, self._grouper(each.result.prediction.text, self._grain)))
            facts = filter(None, (brief_words(each.result, each.stopped), each.note))
            row.show_caption(brief_title(each.result), " · ".join(facts))
            return
        row.show_caption(each.label, each.note)
        if self._document is not None:
            row.show_text(self._grouper(self._document, self._grain))

    def _show_kept(self) -> None:
        self.pinned.setVisible(self._kept is not None)
        if self._kept is None:
            self.pinned.map = self.pinned.grouped = None
            return
        self.pinned.show_map(GrainedMap(self._kept, self._grouper(self._kept.prediction.text, self._grain)))

    def _finish(self) -> None:
        self._show_captions()
        self._share_scale()
        self._show_selected()
        self.scale_changed.emit()

    def _show_captions(self) -> None:
        several = bool(self._companions) or self._kept is not None
        of_a_record = self._document is not None and bool(self._document.fields)  # whose fields stand below
        self.main.heatmap.set_fewest_lines(1 if several or of_a_record else 3)
        if self._result is not None and several:
            self.main.show_caption(brief_title(self._result), brief_words(self._result, False))
        else:
            self.main.show_caption("")
        if self._kept is None:
            return
        self.pinned.heatmap.set_fewest_lines(1)
        other = differences(self._kept, self._result) if self._result is not None else ()
        same = "the same text and settings" if self._result is not None else ""
        facts = [" · ".join(("differs:", *other)).replace("differs: · ", "differs: ") if other else same]
        self.pinned.show_caption(
            f"Pinned: {brief_title(self._kept)}", " · ".join([*filter(None, facts), brief_words(self._kept, True)])
        )

    def _share_scale(self) -> None:
        shared = [row for row in self.rows() if row.map is not None and self.map is not None and row.map.scale == self.map.scale]
        limit = max((row.heatmap.own_limit for row in shared), default=0.0)
        for row in self.rows():
            common = row in shared
            if row.map is not None:
                row.heatmap.set_limit(limit if common else row.heatmap.own_limit)
            apart = not common and row.map is not None and self.map is not None
            row.show_own_scale(apart)
            row.show_note(
                why_apart(row.map.result, self.map.result) if apart and row.map is not None and self.map is not None else ""
            )

    def _show_selected(self) -> None:
        token, in_kept = self._selected
        for row in self.rows():
            ours = row is self.pinned if in_kept else self._shows_our_text(row)
            row.select_token(token if ours else -1)

    def _shows_our_text(self, row: MapRow) -> bool:
        return row.grouped is not None and row.grouped is self.main.grouped

    # What the user does

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside one another where both have room."""
        super().resizeEvent(event)
        wide = event.size().width() >= BESIDE_PIXELS
        self._pair.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        for row in (self.pinned, self.main):
            self._pair.setStretchFactor(row, 1 if wide else 0)
            self._pair.setAlignment(row, Qt.AlignmentFlag.AlignTop if wide else Qt.AlignmentFlag(0))

    @Slot(object, object)
    def _on_hovered(self, row: MapRow, unit: int) -> None:
        if self._shows_our_text(row) and row.grouped is not None:
            self.token_hovered.emit(row.grouped.token_of(unit))
        if unit >= 0:
            self._tell(row, unit)
        else:
            self.describe()

    @Slot(object, object)
    def _on_selected(self, row: MapRow, unit: int) -> None:
        token = row.grouped.token_of(unit) if row.grouped is not None else -1
        self._selected = (token, not self._shows_our_text(row) and token >= 0)
        self._show_selected()
        self.token_selected.emit(self.selected_token)
        self._tell(row, unit) if unit >= 0 else self.describe()

    @Slot(object)
    def _on_remove(self, row: MapRow) -> None:
        if row is self.pinned:
            self.unpin()
            self.unpinned.emit()
            self.main.heatmap.setFocus()
            return
        self.remove_requested.emit(self._key_of(row))

    @Slot(object, int)
    def _on_move(self, row: MapRow, step: int) -> None:
        self.move_requested.emit(self._key_of(row), step)

    def _key_of(self, row: MapRow) -> int:
        return next(key for key, each in self._rows.items() if each is row)

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        """Maps of one text scroll together."""
        if self._scrolling:
            return
        self._scrolling = True
        rows = self.rows()
        moved = next((row for row in rows if row.heatmap.verticalScrollBar() is self.sender()), None)
        for row in rows:
            if moved is not None and row is not moved and row.grouped is moved.grouped:
                row.heatmap.verticalScrollBar().setValue(value)
        self._scrolling = False

    def _tell(self, row: MapRow, unit: int) -> None:
        """What is under the pointer, otherwise what is pinned."""
        value, words = None, ""
        if unit >= 0 and row.map is not None:
            value = row.heatmap.value_of(unit)
            words = row.map.in_words(unit) + row.heatmap.together_in_words(unit)
            if len(self.rows()) > 1:
                words = f"{row.map.result.method.label}: {words}"
        elif unit >= 0 and row.grouped is not None:
            it = row.grouped.document.tokens[unit]
            words = f"“{it.text.strip()}” · piece {it.piece}" if it.text.strip() else it.piece
        shared = row.map is not None and self.map is not None and row.map.scale == self.map.scale
        self.read_out_changed.emit(words, value if shared else None)


def why_apart(one: AttributionResult, main: AttributionResult) -> str:
    """Why a map has a scale of its own."""
    if one.signed != main.signed:
        kind = "signed values" if one.signed else "magnitudes, which say how much, not which way"
        return f"On a scale of its own: {kind}."
    return f"On a scale of its own: in {one.unit}, not {main.unit}."
