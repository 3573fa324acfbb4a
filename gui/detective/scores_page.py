"""What one unit scores, beside what it has to beat."""

from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from engine.detective import Finding, UnitScore
from engine.heatmaps.numerals import figures, fixed
from engine.verdict import SIGNS
from gui import theme
from gui.controls.rows import caption_label
from gui.detective.auc_scale import AucScale

FACTS = (
    ("where ranked", "AUC on the part that ranks: the chance that a matching position has the higher activation."),
    ("F1 held out", "At the threshold that was best where it was ranked."),
    ("switches", "Whether the unit is on or off where the hypothesis holds."),
    ("threshold", "The activation beyond which the unit says yes."),
    ("p", "How often a shift of the labels does as much for this unit."),
    ("p of the family", "How often a shift does as much for the best of all units."),
)


class ScoresPage(QWidget):
    """The scale, and below it the rest in numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scale = AucScale()
        self.facts = [QLabel("–") for _ in FACTS]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(8)
        title = caption_label("AUC on held-out text")
        title.setWordWrap(False)
        column.addWidget(title)
        column.addWidget(self.scale)
        column.addLayout(self._grid())
        column.addStretch()

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        for at, ((name, hint), value) in enumerate(zip(FACTS, self.facts, strict=True)):
            caption = caption_label(name)
            caption.setWordWrap(False)
            for label in (caption, value):
                label.setToolTip(hint)
            value.setFont(theme.numbers_font())
            value.setAccessibleName(name)
            row, side = at % 3, at // 3 * 3
            grid.addWidget(caption, row, side)
            grid.addWidget(value, row, side + 1)
        grid.setColumnMinimumWidth(2, 16)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(4, 1)
        return grid

    def show_unit(self, unit: UnitScore, finding: Finding) -> None:
        """What is not known is a dash."""
        self.scale.show_unit(unit, finding)
        values = (fixed(unit.auc, 3), fixed(unit.f1_holdout, 2), SIGNS[unit.sign], figures(unit.threshold))
        chances = ("–" if p is None else fixed(p, 3) for p in (unit.p_value, unit.p_family))
        for label, words in zip(self.facts, (*values, *chances), strict=True):
            label.setText(words)
