"""One map over a picture among others."""

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.heatmaps.pixel_map import Cell, PixelMap
from engine.results import ReadImage
from gui.heatmaps.image_heatmap import ImageHeatmap, Zoom
from gui.views.map_frame import MapFrame


class ImageRow(MapFrame):
    """Says which pixel is pointed at; who else shows the same picture, the board knows."""

    def __init__(self, name: str, zoom: Zoom, tools: tuple[str, ...] = (), parent: QWidget | None = None) -> None:
        self.heatmap = ImageHeatmap(zoom)
        super().__init__(name, self.heatmap, "Image heatmap", tools, parent, margin=0, brief=True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.heatmap.setObjectName(f"{name}_image")
        self.heatmap.pixel_hovered.connect(self._on_hovered)
        self.heatmap.pixel_selected.connect(self._on_selected)

    @property
    def map(self) -> PixelMap | None:
        """What is shown."""
        shown = self.heatmap.map
        return shown if isinstance(shown, PixelMap) else None

    @property
    def read(self) -> ReadImage | None:
        """The picture."""
        return self.heatmap.read

    def show_own_scale(self, shown: bool) -> None:
        """Its own colour bar, where it cannot share the others'."""
        if not shown or self.map is None:
            self.show_scale(None)
            return
        unit, signed = self.map.scale
        self.show_scale(self.heatmap.limit, signed=signed, unit=unit)

    @Slot(object)
    def _on_hovered(self, cell: Cell | None) -> None:
        self.hovered.emit(self, cell)

    @Slot(object)
    def _on_selected(self, cell: Cell | None) -> None:
        self.selected.emit(self, cell)
