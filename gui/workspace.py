"""What is seen once a model is open: model left, text, prediction and views in the middle, method right."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget

from gui.actions import Actions
from gui.controls.method_panel import MethodPanel
from gui.inputs.editor import INPUT_PIXELS
from gui.views.attribution import AttributionView
from gui.views.input_panel import InputPanel
from gui.views.model_panel import ModelPanel
from gui.views.prediction import PredictionView
from gui.views.thin_splitter import ThinSplitter

PANEL_PIXELS = (260, 320)


class Workspace(ThinSplitter):
    """Only places things; ``Conductor`` brings them to life."""

    panels_resized = Signal(int, int)  # model, method

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("workspace")
        self.model_panel, self.method_panel = ModelPanel(), MethodPanel()
        self.input_panel = InputPanel(actions)
        self.prediction_view, self.attribution_view = PredictionView(), AttributionView(actions)
        self.prediction_view.setObjectName("predictionView")
        self.attribution_view.setObjectName("attributionView")
        self.tabs = QTabWidget()
        self._build()
        self._apart: list[QWidget] = []
        self.tabs.currentChanged.connect(self._on_tab)
        self.input_panel.height_wanted.connect(self._on_height)
        self.splitterMoved.connect(self._on_moved)

    def _build(self) -> None:
        self.tabs.setObjectName("viewTabs")
        self.tabs.setAccessibleName("Views")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.attribution_view, "Attribution")
        answers = QWidget()
        below = QVBoxLayout(answers)
        below.setContentsMargins(0, 8, 0, 0)
        below.setSpacing(16)
        below.addWidget(self.prediction_view)
        below.addWidget(self.tabs, 1)
        self._middle = ThinSplitter(Qt.Orientation.Vertical)
        self._middle.addWidget(self.input_panel)
        self._middle.addWidget(answers)
        self._middle.setStretchFactor(0, 0)
        self._middle.setStretchFactor(1, 1)
        self._middle.setSizes([INPUT_PIXELS, 600])
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(16, 12, 16, 8)
        row.addWidget(self._middle)
        for panel in (self.model_panel, self.method_panel):
            panel.setMinimumWidth(PANEL_PIXELS[0])
            panel.setMaximumWidth(PANEL_PIXELS[1])
        for each in (self.model_panel, centre, self.method_panel):
            self.addWidget(each)
        for at, stretch in enumerate((0, 1, 0)):
            self.setStretchFactor(at, stretch)

    def set_panel_widths(self, model: int, method: int) -> None:
        """As remembered."""
        self.setSizes([model, max(400, self.width() - model - method), method])

    def set_apart(self, view: QWidget, on: bool) -> None:
        """While this tab is in sight it is not about the text on the desk: the prediction goes."""
        if on is not (view in self._apart):
            (self._apart.append if on else self._apart.remove)(view)
        self._on_tab(0)

    @Slot(int)
    def _on_height(self, pixels: int) -> None:
        self._middle.setSizes([pixels, max(100, sum(self._middle.sizes()) - pixels)])

    @Slot(int)
    def _on_tab(self, _index: int) -> None:
        self.prediction_view.setVisible(self.tabs.currentWidget() not in self._apart)

    @Slot()
    def _on_moved(self) -> None:
        model, _, method = self.sizes()
        low, high = PANEL_PIXELS
        self.panels_resized.emit(max(low, min(high, model)), max(low, min(high, method)))
