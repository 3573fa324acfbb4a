"""Below the map of a record: the same, field by field, and what its bars are of."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.results import AttributionResult
from gui.controls.rows import section_label
from gui.controls.segments import Segments
from gui.records.field_map import MARGIN, MEASURES, FieldMap


class FieldPanel(QWidget):
    """Gone where there is no record."""

    token_selected = Signal(int)
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fieldPanel")
        self.map, self._measure = FieldMap(self), Segments("fieldMeasure", MEASURES, self, tight=True)
        head = QHBoxLayout()
        head.setContentsMargins(MARGIN, 0, MARGIN, 0)
        head.setSpacing(8)
        head.addWidget(section_label("By field"))
        head.addWidget(self._measure)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.map)
        self._measure.chosen.connect(self._on_measure)
        self.map.token_selected.connect(self.token_selected)
        self.map.read_out_changed.connect(self.read_out_changed)
        self.hide()

    def show_result(self, result: AttributionResult | None) -> None:
        """A map of a record, or of something else."""
        self.map.show_result(result)
        self.setVisible(bool(self.map.fields))

    @Slot(str)
    def _on_measure(self, measure: str) -> None:
        self.map.set_measure(next(each for each, _, _ in MEASURES if each == measure))
