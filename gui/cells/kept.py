"""What the Cells room has on screen, ready to be taken along."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from engine.atomic_file import save
from engine.cell_values import TANH_CELL_STATE
from engine.cells import Cell, CellsResult
from engine.command_line import cells_command
from engine.errors import UserError
from engine.export.cells_files import CELLS_KINDS
from gui import theme

PICTURE_SCALE = 2.0
FILTERS = {
    ".png": "Picture (*.png)",
    ".csv": "Table of this cell, one row per token (*.csv)",
    ".json": "JSON of this cell (*.json)",
    ".npz": "NumPy arrays of all cells (*.npz)",
}


class KeptCell:
    """One cell on one text. ``view`` is drawn as it is at the time."""

    unfinished = ""

    def __init__(self, result: CellsResult, cell: Cell, quantity: str, view: QWidget, accepted: bool) -> None:
        self._result, self._cell, self._quantity, self._view, self._accepted = result, cell, quantity, view, accepted
        self.name = f"{result.model.name}-cell-{str(cell).replace(':', '-')}"
        self.filters = FILTERS

    def save(self, path: Path) -> None:
        """See ``Kept``."""
        suffix = path.suffix.lower()
        if suffix not in self.filters:
            known = ", ".join(self.filters)
            raise UserError(f"Cells cannot be saved as “{path.suffix or path.name}”; end the name in one of {known}.", "suffix")
        cells = () if suffix == ".npz" else (self._cell,)
        save(path, self._png() if suffix == ".png" else CELLS_KINDS[suffix](self._result, cells))

    def command(self, texts: Path) -> str:
        """See ``Kept``."""
        gate = "cell_state" if self._quantity == TANH_CELL_STATE else self._quantity
        return cells_command(self._result, self._cell, gate, texts, self._accepted)

    def picture(self) -> QImage:
        """See ``Kept``."""
        size = self._view.size() * PICTURE_SCALE
        image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(PICTURE_SCALE)
        image.fill(theme.current().window)
        self._view.render(image)
        return image

    def _png(self) -> bytes:
        content = QByteArray()
        buffer = QBuffer(content)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        if not self.picture().save(buffer, "PNG"):  # type: ignore[call-overload]  # the stubs want bytes for the format
            raise UserError("The picture could not be drawn.", "picture")
        return bytes(content.data())
