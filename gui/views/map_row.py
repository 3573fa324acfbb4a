"""One map among others: what it is, the text on its colours, and its own scale where it cannot share theirs."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from engine.heatmaps.grained import GrainedMap, Grouped
from gui.heatmaps.text_heatmap import TextHeatmap
from gui.views.map_frame import MapFrame


class MapRow(MapFrame):
    """Says which unit is pointed at; who else shows the same text, the board knows."""

    def __init__(self, name: str, tools: tuple[str, ...] = (), parent: QWidget | None = None) -> None:
        self.heatmap = TextHeatmap()
        super().__init__(name, self.heatmap, "Text heatmap", tools, parent)
        self.map: GrainedMap | None = None
        self.grouped: Grouped | None = None
        self.heatmap.token_hovered.connect(self._on_hovered)
        self.heatmap.token_selected.connect(self._on_selected)

    # One way in

    def show_map(self, shown: GrainedMap) -> None:
        """Coloured by its own values, until ``set_limit`` says otherwise."""
        self.map, self.grouped = shown, shown.grouped
        self.heatmap.set_outlines(shown.grouped.grain == "token")
        self.heatmap.show_map(shown.document, shown.values, shown.result.signed)

    def show_text(self, grouped: Grouped) -> None:
        """Nothing is computed for it yet."""
        self.map, self.grouped = None, grouped
        self.heatmap.set_outlines(grouped.grain == "token")
        self.heatmap.show_text(grouped.document)

    def show_own_scale(self, shown: bool) -> None:
        """Its own colour bar, where it cannot share the others'."""
        if not shown or self.map is None:
            self.show_scale(None)
            return
        unit, signed = self.map.scale
        self.show_scale(self.heatmap.limit, signed=signed, unit=unit)

    def select_token(self, token: int) -> None:
        """A token of the text as the model read it; emits nothing."""
        self.heatmap.select_token(-1 if self.grouped is None else self.grouped.unit_of(token))

    @Slot(int)
    def _on_hovered(self, unit: int) -> None:
        self.hovered.emit(self, unit)

    @Slot(int)
    def _on_selected(self, unit: int) -> None:
        self.selected.emit(self, unit)
