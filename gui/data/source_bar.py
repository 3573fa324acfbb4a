"""What was opened, in one line: how the file was read, which columns are what, how its labels were understood."""

from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from engine.datasets.sniff import IN_WORDS
from gui.controls.rows import name_control
from gui.data.columns_panel import ColumnsPanel
from gui.data.desk import DataDesk
from gui.views.elided_label import ElidedLabel

_FOLDED = {False: "▸ Columns", True: "▾ Columns"}
HARMLESS = ("note",)


class SourceBar(QWidget):
    """The line, what is doubtful about it, and the panel that corrects it."""

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._line, self._doubts = ElidedLabel(), ElidedLabel()
        self.columns = QToolButton()
        self.panel = ColumnsPanel(desk)
        self._build()
        self.columns.toggled.connect(self._on_columns)

    def _build(self) -> None:
        self.columns.setCheckable(True)
        self.columns.setText(_FOLDED[False])
        self.columns.setProperty("role", "flat")
        self._line.setProperty("role", "muted")
        self._doubts.setProperty("role", "warning")
        for control, words in (
            (self._line, ("dataSource", "How the data were read", "")),
            (self._doubts, ("dataDoubts", "What is doubtful about the data", "")),
            (self.columns, ("dataColumns", "Columns", "Correct what was guessed: columns, delimiter, encoding, labels.")),
        ):
            name_control(control, *words)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._line, 1)
        row.addWidget(self.columns)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(row)
        column.addWidget(self._doubts)
        column.addWidget(self.panel)
        self.panel.hide()

    def show_data(self) -> None:
        """As the desk has them."""
        self._line.setText(" · ".join(_parts(self._desk)))
        doubts = _doubts(self._desk)
        self._doubts.setText("  ".join(f"⚠ {each}" for each in doubts))
        self._doubts.setVisible(bool(doubts))
        if self.columns.isChecked():
            self.panel.show_data()

    @Slot(bool)
    def _on_columns(self, shown: bool) -> None:
        self.columns.setText(_FOLDED[shown])
        if shown:
            self.panel.show_data()
        self.panel.setVisible(shown)


def _parts(desk: DataDesk) -> list[str]:
    data = desk.data
    if data is None:
        return []
    source, said = data.source, [f"{Path(data.source.path).name}", f"{data.rows:,} rows"]
    if source.delimiter:
        said.append(f"{IN_WORDS.get(source.delimiter, source.delimiter)}, {(source.encoding or '').upper()}")
    said.append(f"{len(data.fields)} fields" if data.fields else f"text “{source.text}”")
    if source.pair:
        said.append(f"second text “{source.pair}”")
    labels = source.labels or ()
    if not labels:
        return [*said, "no labels"]
    name = f"label “{labels[0]}”" if len(labels) == 1 else f"{len(labels)} columns of labels"
    matches = desk.predictions.matches if desk.predictions is not None else ()
    if matches:
        known = sum(each.index >= 0 for each in matches)
        name += f", {known} of {len(matches)} known to the model" if known < len(matches) else ", all known to the model"
    return [*said, name]


def _doubts(desk: DataDesk) -> list[str]:
    if desk.data is None:
        return []
    said, found = desk.predictions, list(desk.data.warnings)
    if said is not None:
        found += said.warnings
    words = [notice.message for notice in found if notice.kind not in HARMLESS]
    if said is not None and said.skipped:
        words.append(
            f"{len(said.skipped):,} rows have no prediction; the first, row {said.skipped[0].row:,}: {said.skipped[0].reason}"
        )
    return list(dict.fromkeys(words))
