"""How a table is read: as it stands, or row by row with the text in one of its columns."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from engine.datasets.columns import named_like_a_text
from gui.controls.elided_combo import ElidedCombo

WHOLE, LONGEST = "\0whole", ""  # the latter is for the engine to find


class TextColumnBox(ElidedCombo):
    """As wide as its column. Setters are silent where the caller blocks signals."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(ElidedCombo.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setMaxVisibleItems(20)
        self.show_columns(())

    @property
    def text_column(self) -> str | None:
        """As a request has it; None: the file is read as it stands."""
        chosen = str(self.currentData())
        return None if chosen == WHOLE else chosen

    def show_columns(self, columns: Sequence[str]) -> None:
        """Of the table that is chosen; none: it is no table."""
        self.clear()
        self.addItem("the file as it stands", WHOLE)
        self._usual = LONGEST
        if columns:
            self._usual = named_like_a_text(columns) or LONGEST
            if self._usual == LONGEST:
                self.addItem("the column of the longest cells", LONGEST)
            for name in filter(None, columns):
                self.addItem(f"column “{name}”", name)

    def read_rows(self) -> None:
        """Row by row, if that is not chosen yet."""
        if self.text_column is None:
            self.choose(self._usual)

    def choose(self, text_column: str | None) -> None:
        """As a request has it; what is not there is left to be found."""
        wanted = WHOLE if text_column is None else text_column
        at = self.findData(wanted)
        self.setCurrentIndex(at if at >= 0 else max(0, self.findData(self._usual)))
