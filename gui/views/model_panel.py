"""The left panel: what was recognised in a model's folder, and what to know before trusting it."""

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.results import AttentionInfo, LayerInfo, ModelInfo, Notice
from gui.controls.rows import caption_label, form_layout, name_control, section_label
from gui.theme import numbers_font
from gui.views.elided_label import ElidedLabel

SHOWN_LABELS = 12
HARMLESS = ("note", "dtype")  # worth knowing, no reason to doubt a number
SHOWN_LAYERS = 5000
EXPANDED_UP_TO = 12
FORMAT_WORDS = {
    "huggingface": "Hugging Face folder",
    "recurrent": "recurrent folder",
    "recurrent_checkpoint": "recurrent checkpoint",
    "textgenrnn": "textgenrnn",
    "python_module": "Python module",
}
LAYER = Qt.ItemDataRole.UserRole


class ModelPanel(QFrame):
    """Shows one ModelInfo."""

    accept_chosen = Signal()  # the user goes on with random weights
    layer_chosen = Signal(str)  # one of its units is to be explained
    layer_taken = Signal(str)  # by the method that explains

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("modelPanel")
        self.setAccessibleName("Model panel")
        self.setProperty("role", "panel")
        self._name = ElidedLabel()
        self._name.setProperty("role", "title")
        self._kind = caption_label()
        self._warnings = QVBoxLayout()
        self._warnings.setSpacing(8)
        self._facts = form_layout()
        self._facts.setVerticalSpacing(4)
        self._layers = QTreeWidget()
        self.menu = QMenu(self)
        self._build()

    def _build(self) -> None:
        self._layers.setColumnCount(3)
        self._layers.setHeaderLabels(["Layer", "Shape", "Weights"])
        self._layers.setUniformRowHeights(True)
        self._layers.setExpandsOnDoubleClick(False)
        self._layers.itemActivated.connect(self._on_activated)
        self._layers.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._layers.customContextMenuRequested.connect(self._on_menu_wanted)
        self.menu.setObjectName("layerMenu")
        self.menu.addAction("Explain one of its units").triggered.connect(self._on_unit)
        self.menu.addAction("Use as the method's layer").triggered.connect(self._on_taken)
        self._layers.setIndentation(12)
        self._layers.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._layers.setFrameShape(QFrame.Shape.NoFrame)
        header = self._layers.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        name_control(self._layers, "layerTree", "Layers", "Every module with its weight's shape and size; Enter explains a unit.")
        self._layers.setToolTip("")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 8, 8)
        column.setSpacing(8)
        column.addWidget(self._name)
        column.addWidget(self._kind)
        column.addLayout(self._warnings)
        column.addLayout(self._facts)
        column.addSpacing(8)
        column.addWidget(section_label("Layers"))
        column.addWidget(self._layers, 1)
        self._column = column

    def add_section(self, section: QWidget) -> None:
        """Below the layers, whatever tab is in sight."""
        line = QFrame()
        line.setProperty("role", "separator")
        self._column.addWidget(line)
        self._column.addWidget(section)

    def show_model(self, model: ModelInfo) -> None:
        """All that was recognised."""
        self._name.setText(model.name)
        kind = (model.architecture, model.task.replace("_", " "), FORMAT_WORDS[model.format])
        self._kind.setText(" · ".join(filter(None, kind)))
        self._show_warnings(model.warnings)
        self._show_facts(model)
        self._show_layers(model.layers)

    @Slot(QTreeWidgetItem)
    def _on_activated(self, item: QTreeWidgetItem) -> None:
        name = item.data(0, LAYER)
        if name:
            self.layer_chosen.emit(name)

    @Slot(QPoint)
    def _on_menu_wanted(self, place: QPoint) -> None:
        item = self._layers.itemAt(place)
        if item is not None and item.data(0, LAYER):
            self._layers.setCurrentItem(item)
            self.menu.popup(self._layers.viewport().mapToGlobal(place))

    @Slot()
    def _on_unit(self) -> None:
        item = self._layers.currentItem()
        if item is not None:
            self._on_activated(item)

    @Slot()
    def _on_taken(self) -> None:
        item = self._layers.currentItem()
        if item is not None and item.data(0, LAYER):
            self.layer_taken.emit(item.data(0, LAYER))

    def _show_warnings(self, warnings: tuple[Notice, ...]) -> None:
        while (item := self._warnings.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for notice in warnings:
            grave = notice.blocking or notice.kind not in HARMLESS
            self._warnings.addWidget(_NoticeCard(notice, self) if grave else caption_label(notice.message))

    def _show_facts(self, model: ModelInfo) -> None:
        while self._facts.rowCount():
            self._facts.removeRow(0)
        for title, value in _facts(model):
            name, label = QLabel(title), QLabel(value)
            name.setProperty("role", "muted")
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._facts.addRow(name, label)

    def _show_layers(self, layers: tuple[LayerInfo, ...]) -> None:
        self._layers.clear()
        made: dict[str, QTreeWidgetItem] = {}
        top: list[QTreeWidgetItem] = []
        for layer in layers[:SHOWN_LAYERS]:
            item = _layer_item(layer)
            parent = _parent_of(layer.name, made)
            made[layer.name] = item
            if parent is None:
                top.append(item)
            else:
                item.setText(0, layer.name.removeprefix(_prefix_of(layer.name, made)))
                parent.addChild(item)
        self._layers.addTopLevelItems(top)
        if len(layers) > SHOWN_LAYERS:
            self._layers.addTopLevelItem(QTreeWidgetItem([f"… and {len(layers) - SHOWN_LAYERS:,} more"]))
        for item in top:
            item.setExpanded(item.childCount() <= EXPANDED_UP_TO)


class _NoticeCard(QFrame):
    """One warning; a blocking one offers to go on."""

    def __init__(self, notice: Notice, panel: ModelPanel) -> None:
        super().__init__(panel)
        self.setProperty("role", "card")
        words = QLabel(f"⚠ {notice.message}")
        words.setWordWrap(True)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setProperty("role", "error" if notice.blocking else "warning")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(words)
        if notice.blocking:
            accept = QPushButton("Use it anyway")
            name_control(
                accept, "acceptReinitialised", "Use it anyway", "Open the model although some of its weights are random."
            )
            accept.clicked.connect(panel.accept_chosen)
            column.addWidget(accept)


def _facts(model: ModelInfo) -> list[tuple[str, str]]:
    facts = []
    if model.labels:
        shown = ", ".join(label or "(no name)" for label in model.labels[:SHOWN_LABELS])
        more = f", … ({len(model.labels):,} in all)" if len(model.labels) > SHOWN_LABELS else ""
        facts.append(("Labels", shown + more))
    facts.append(("Weights", f"{model.parameters:,}"))
    facts.append(("On disk", f"{_size(model.bytes)}, {model.dtype_on_disk}"))
    facts.append(("In memory", f"{_size(model.forecast_bytes)} on {model.device}"))
    for recurrent in model.recurrent:
        way = "both ways" if recurrent.directions == 2 else "one way"
        facts.append((recurrent.kind.upper(), f"{recurrent.layers} × {recurrent.hidden_size}, {way}"))
    if model.attention is not None:
        facts.append(("Attention", _attention_in_words(model.attention)))
    if model.input_kind != "image":
        facts.append(("Tokenizer", model.tokenizer or "none"))
    if model.maximum_tokens:
        facts.append(("Reads up to", f"{model.maximum_tokens:,} tokens"))
    return facts


def _attention_in_words(attention: AttentionInfo) -> str:
    layers, heads = f"layer{'s' * (attention.layers != 1)}", f"head{'s' * (attention.heads != 1)}"
    return f"{attention.layers} {layers} × {attention.heads} {heads}"


def _size(bytes_: int) -> str:
    size = float(bytes_)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def _layer_item(layer: LayerInfo) -> QTreeWidgetItem:
    shape = "×".join(map(str, layer.shape)) if layer.shape else ""
    item = QTreeWidgetItem([layer.name or layer.type, shape, _short(layer.parameters)])
    item.setToolTip(2, f"{layer.parameters:,} weights, all inside included")
    item.setToolTip(0, f"{layer.name}: {layer.type}\nEnter or a double click explains one of its units.")
    item.setData(0, LAYER, layer.name)
    for column in (1, 2):
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        item.setFont(column, numbers_font(12))
    return item


def _short(count: int) -> str:
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return str(count) if count else ""


def _prefix_of(name: str, made: dict[str, QTreeWidgetItem]) -> str:
    """The longest enclosing module that is listed, with its dot."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in made:
            return prefix + "."
    return ""


def _parent_of(name: str, made: dict[str, QTreeWidgetItem]) -> QTreeWidgetItem | None:
    prefix = _prefix_of(name, made)
    return made.get(prefix[:-1]) if prefix else None
