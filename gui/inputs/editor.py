"""What every kind of input looks like to the panel around it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from engine.requests import Input
from engine.results import InputKind, ModelInfo, PredictionResult
from gui.controls.rows import section_label

INPUT_PIXELS = 132


class InputEditor(QWidget):
    """A kind of input is a subclass in a file of its own, listed in ``InputPanel``. What it holds stays while another is shown.

    ``tools`` stand beside the title, above the editor. Setters are silent; ``edited``: by a person.
    """

    kind: InputKind
    title = ""  # above it
    nothing = ""  # what to say while it holds nothing that could be asked about

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tools = QWidget(self)
        self._tools = QHBoxLayout(self.tools)
        self._tools.setContentsMargins(0, 0, 0, 0)
        self._tools.setSpacing(8)
        self._title: QLabel = section_label(self.title)
        self._tools.addWidget(self._title)

    def wanted_height(self) -> int:
        """Pixels of the whole panel, once a model of this kind is opened."""
        return INPUT_PIXELS

    def given(self) -> Input | None:
        """What is asked about; None: nothing."""
        raise NotImplementedError

    def show_model(self, model: ModelInfo) -> None:
        """It reads inputs of this kind, and is open from now on."""

    def show_prediction(self, prediction: PredictionResult) -> None:
        """How ``given`` was read."""
