"""Correct what was guessed about a file: how it is written, which columns are what, which label is which."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from engine.datasets.labels import match
from engine.datasets.sniff import IN_WORDS
from engine.heatmaps.token_names import visible
from engine.requests import DataSource
from gui.controls.rows import caption_label, form_layout, name_control, small_combo
from gui.controls.wheel_guard import WheelGuard
from gui.data.desk import DataDesk

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16")
MOST_LABELS = 60
LABELS_PIXELS = 148
_NONE = "none"
_WRITTEN = ("delimiter", "encoding", "quoted", "header")
_HOW = {
    "same": "",
    "case": "but for case",
    "synonym": "by its meaning",
    "index": "by its number",
    "given": "as you said",
    "none": "",
}


class ColumnsPanel(QFrame):
    """Every choice is read at once; ``show_data`` is silent."""

    source_chosen = Signal(object)  # DataSource

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.setProperty("role", "card")
        self.delimiter, self.encoding, self.text, self.pair = (small_combo() for _ in range(4))
        self.header, self.quoted = QCheckBox("First line names the columns"), QCheckBox("Quotes hold cells together")
        self.labels = _Columns()
        self._written, self._matches = [self.delimiter, self.encoding, self.header, self.quoted], QGridLayout()
        self._names = caption_label("Labels of the data, and the model's that are meant")
        self._scroll = QScrollArea()
        self._columns = form_layout()
        self._build()
        self._connect()

    def _build(self) -> None:
        guard = WheelGuard(self)
        for control, words in (
            (self.delimiter, ("dataDelimiter", "Delimiter", "What stands between two cells.")),
            (self.encoding, ("dataEncoding", "Encoding", "How letters are written.")),
            (self.header, ("dataHeader", "First line names the columns", "Otherwise it is a row.")),
            (self.quoted, ("dataQuoted", "Quotes hold cells together", "A delimiter within double quotes is none.")),
            (self.text, ("dataText", "Text", "What the model reads.")),
            (self.pair, ("dataPair", "Second text", "For models that judge two texts together.")),
            (self.labels, ("dataLabels", "Labels", "What is true of each text; several columns: each says yes or no.")),
        ):
            name_control(control, *words)
            control.installEventFilter(guard)
        for name, title in IN_WORDS.items():
            self.delimiter.addItem(title, name)
        for name in ENCODINGS:
            self.encoding.addItem(name.upper(), name)
        columns, file = self._columns, form_layout()
        for title, control in (("Text", self.text), ("Second text", self.pair), ("Label", self.labels)):
            columns.addRow(title, control)
        for title, box in (("Delimiter", self.delimiter), ("Encoding", self.encoding)):
            file.addRow(title, box)
        file.addRow(self.header)
        file.addRow(self.quoted)
        inside = QWidget()
        inside.setProperty("role", "panel")
        self._matches.setContentsMargins(0, 0, 0, 0)
        self._matches.setVerticalSpacing(4)
        self._matches.setHorizontalSpacing(8)
        self._matches.setColumnStretch(1, 1)
        inside.setLayout(self._matches)
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setMaximumHeight(LABELS_PIXELS)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 8, 12, 8)
        grid.setHorizontalSpacing(24)
        grid.addLayout(columns, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(file, 0, 1, 2, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self._names, 0, 2)
        grid.addWidget(self._scroll, 1, 2)
        for at, stretch in enumerate((3, 3, 4)):
            grid.setColumnStretch(at, stretch)

    def _connect(self) -> None:
        for box in (self.delimiter, self.encoding, self.text, self.pair):
            box.activated.connect(self._on_chosen)
        for check in (self.header, self.quoted):
            check.clicked.connect(self._on_chosen)
        self.labels.chosen.connect(self._on_chosen)

    def show_data(self) -> None:
        """As the desk has them."""
        data = self._desk.data
        if data is None:
            return
        source = data.source
        for control in self._written:
            control.setVisible(source.delimiter is not None)
        _select(self.delimiter, source.delimiter)
        _select(self.encoding, source.encoding)
        self.header.setChecked(bool(source.header))
        self.quoted.setChecked(bool(source.quoted))
        for box, chosen, first in ((self.text, source.text, ()), (self.pair, source.pair, ((_NONE, ""),))):
            box.clear()
            for words, name in (*first, *((name, name) for name in data.table.columns)):
                box.addItem(words, name)
            _select(box, chosen)
        self.labels.show_columns(data.table.columns, source.labels or ())
        for box in (self.text, self.pair):  # of a record, its columns are the fields
            self._columns.setRowVisible(box, not data.fields)
        self._show_matches()

    def _show_matches(self) -> None:
        """A row for each label of the data, the commonest first."""
        while (item := self._matches.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        data, said, model = self._desk.data, self._desk.predictions, self._desk.model
        labels = model.labels if model is not None else ()
        known = said.matches if said is not None else ()
        if not known and data is not None:
            known = match(data.labels, labels, dict(data.source.names))
        shown = bool(known) and bool(labels)
        self._names.setVisible(shown)
        self._scroll.setVisible(shown)
        guard = WheelGuard(self)
        for at, each in enumerate(known[:MOST_LABELS] if shown else ()):
            name = QLabel(f"{visible(each.written)}")
            name.setTextFormat(Qt.TextFormat.PlainText)
            box = small_combo()
            box.addItem("none of the model's", "")
            for label in labels:
                box.addItem(visible(label), label)
            box.setCurrentIndex(each.index + 1)
            name_control(box, f"dataMatch_{at}", f"“{each.written}” means", "Which label of the model is meant.")
            box.setProperty("written", each.written)
            box.installEventFilter(guard)
            box.activated.connect(self._on_match)
            how = caption_label(f"{each.count:,} rows{', ' + _HOW[each.how] if _HOW[each.how] else ''}")
            how.setWordWrap(False)
            if each.index < 0:
                how.setProperty("role", "warning")
            for place, widget in enumerate((name, box, how)):
                self._matches.addWidget(widget, at, place)

    def source(self) -> DataSource | None:
        """As it is chosen; what is still a guess is guessed again where the file is cut otherwise."""
        data = self._desk.data
        if data is None:
            return None
        now = data.source
        if now.delimiter is not None:
            cut = (self.delimiter.currentData(), self.encoding.currentData(), self.quoted.isChecked(), self.header.isChecked())
            if cut != (now.delimiter, now.encoding, now.quoted, now.header):
                return self._cut_otherwise(DataSource(now.path, *cut))
        labels = self.labels.columns
        names = now.names if labels == (now.labels or ()) else ()
        return replace(now, text=self.text.currentData(), pair=self.pair.currentData(), labels=labels, names=names)

    def _cut_otherwise(self, chosen: DataSource) -> DataSource:
        """What was a guess and still stands is one again."""
        data = self._desk.data
        assert data is not None
        stand = [name for name in _WRITTEN if name in data.guessed and getattr(chosen, name) == getattr(data.source, name)]
        return replace(chosen, **dict.fromkeys(stand))  # type: ignore[arg-type]  # None: to be guessed

    @Slot()
    def _on_chosen(self) -> None:
        source = self.source()
        if source is not None and self._desk.data is not None and source != self._desk.data.source:
            self.source_chosen.emit(source)

    @Slot(int)
    def _on_match(self, _at: int) -> None:
        box, data = self.sender(), self._desk.data
        if isinstance(box, QComboBox) and data is not None:
            names = {**dict(data.source.names), str(box.property("written")): str(box.currentData())}
            self.source_chosen.emit(replace(data.source, names=tuple(names.items())))


class _Columns(QToolButton):
    """Any number of columns."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.columns: tuple[str, ...] = ()
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(QMenu(self))
        self.setProperty("menu", True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.menu().triggered.connect(self._on_triggered)

    def show_columns(self, columns: Sequence[str], chosen: tuple[str, ...]) -> None:
        self.columns = chosen
        self.menu().clear()
        for name in columns:
            action = self.menu().addAction(name.replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(name in chosen)
            action.setData(name)
        words = _NONE if not chosen else chosen[0] if len(chosen) == 1 else f"{len(chosen)} columns"
        self.setText(words.replace("&", "&&"))

    @Slot(QAction)
    def _on_triggered(self, _action: QAction) -> None:
        self.columns = tuple(action.data() for action in self.menu().actions() if action.isChecked())
        self.chosen.emit()


def _select(box: QComboBox, wanted: str | None) -> None:
    at = box.findData(wanted)
    if at < 0 and wanted is not None:
        box.addItem(wanted, wanted)
        at = box.count() - 1
    box.setCurrentIndex(at)
