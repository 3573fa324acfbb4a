"""Above the rows: what is looked for, and chips for what most often is."""

from dataclasses import replace

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QPushButton, QToolButton, QWidget

from engine.heatmaps.token_names import visible
from gui.controls.rows import caption_label, name_control
from gui.controls.segments import Segments
from gui.data.desk import DataDesk
from gui.data.row_filter import RowFilter, quoted
from gui.theme import numbers_font

TYPING_PAUSE_MS = 150
SHOWN = 200  # classes or tags in a menu
LONGEST_CHIP = 18
_ANY = "any"
_SEARCH_HINT = (
    "Words of the text, or /a regular expression/. Before them, if you like: margin:<-0.5, loss:1..2, probability:>=0.9, "
    "or any column of the data, such as kind:sarcasm or kind:/^s/."
)


class FilterBar(QWidget):
    """A search; chips, count and what is wrong are placed by whoever owns it. ``show_filter`` is silent."""

    filter_chosen = Signal(object)  # RowFilter
    slice_kept = Signal()
    slice_chosen = Signal(str)
    slice_dropped = Signal(str)

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._quiet = False
        self.search, self.count, self.wrong = QLineEdit(), QLabel(), caption_label()
        self.outcome = Segments(
            "dataOutcome",
            (
                ("all", "All", "Right and wrong."),
                ("errors", "Errors", "The model says something else than the label."),
                ("correct", "Correct", "Both agree."),
            ),
            tight=True,
        )
        self.true, self.predicted, self.tag = _Chip("Label", "true"), _Chip("Predicted", "predicted"), _Chip("Tag", "tag")
        self.range, self.slices, self.clear = QToolButton(), QToolButton(), QPushButton("Clear")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(TYPING_PAUSE_MS)
        self._pause.timeout.connect(self._on_search)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.search.setPlaceholderText("Search the text: words or /regex/; before them margin:<-0.5 or column:word")
        self.search.setClearButtonEnabled(True)
        self.count.setProperty("role", "muted")
        self.count.setFont(numbers_font())
        self.clear.setProperty("role", "link")
        self.wrong.setProperty("role", "error")
        self.wrong.hide()
        for button, title in ((self.range, "Range"), (self.slices, "Slices")):
            button.setText(title)
            button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
            button.setMenu(QMenu(button))
            button.setProperty("menu", True)
        for control, words in (
            (self.search, ("dataSearch", "Search the rows", _SEARCH_HINT)),
            (self.range, ("dataRange", "Range", "Rows by a number: margin, loss, probability, or a column of yours.")),
            (self.slices, ("dataSlices", "Slices", "Filters you gave a name.")),
            (self.clear, ("dataClear", "Clear the filter", "Show every row again.")),
            (self.count, ("dataCount", "Rows shown", "")),
        ):
            name_control(control, *words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.search, 1)
        for each in (self.range, self.slices):
            row.addWidget(each)
        self.clear.hide()

    def _connect(self) -> None:
        self.search.textChanged.connect(self._on_typed)
        self.search.returnPressed.connect(self._on_search)
        self.outcome.chosen.connect(self._on_outcome)
        for chip in (self.true, self.predicted, self.tag):
            chip.chosen.connect(self._on_chip)
        self.range.menu().aboutToShow.connect(self._fill_range)
        self.range.menu().triggered.connect(self._on_range)
        self.slices.menu().aboutToShow.connect(self._fill_slices)
        self.slices.menu().triggered.connect(self._on_slice)
        self.clear.clicked.connect(self._on_clear)

    # What is shown

    def show_filter(self) -> None:
        """As the desk has it."""
        now = self._desk.filter
        if self.search.text() != now.search and not self._pause.isActive():
            self._quiet = True  # blocked signals would leave its own button as it was
            self.search.setText(now.search)
            self.search.setCursorPosition(0)
            self._quiet = False
        self.outcome.choose(now.outcome)
        self.true.show_choice(now.true)
        self.predicted.show_choice(now.predicted)
        self.tag.show_choice(now.tag)
        self._show_wrong(self._desk.wrong)
        self.show_count()

    def show_count(self) -> None:
        """How many rows pass."""
        data = self._desk.data
        rows, whole = len(self._desk.rows), data.rows if data else 0
        self.count.setText(f"{rows:,} of {whole:,} rows" if rows != whole else f"{whole:,} rows")
        self.clear.setVisible(not self._desk.filter.is_open)

    def show_choices(self) -> None:
        """What the chips can choose among."""
        said, data = self._desk.predictions, self._desk.data
        labels = said.labels if said is not None else ()
        known = said is not None and bool((said.true >= 0).any())
        self.true.show_choices((*labels, "") if known else ())
        self.predicted.show_choices(labels)
        right = said is not None and bool((said.correct >= 0).any())
        self.outcome.setEnabled(right)
        self.range.setEnabled(data is not None)

    def show_tags(self) -> None:
        """Those that are in use."""
        names = self._desk.store.names()
        self.tag.show_choices((*names, "") if names else ())

    def _show_wrong(self, words: str) -> None:
        self.wrong.setText(words)
        self.wrong.setVisible(bool(words))
        self.search.setProperty("invalid", bool(words))
        self.search.style().polish(self.search)

    # What is chosen

    @Slot()
    def _on_typed(self) -> None:
        if not self._quiet:
            self._pause.start()

    @Slot()
    def _on_search(self) -> None:
        self._pause.stop()
        self.filter_chosen.emit(replace(self._desk.filter, search=self.search.text()))

    @Slot(str)
    def _on_outcome(self, outcome: str) -> None:
        self.filter_chosen.emit(replace(self._desk.filter, outcome=outcome))  # type: ignore[arg-type]

    @Slot(str, object)
    def _on_chip(self, field: str, choice: str | None) -> None:
        self.filter_chosen.emit(replace(self._desk.filter, **{field: choice}))  # type: ignore[arg-type]

    @Slot()
    def _on_clear(self) -> None:
        self._pause.stop()
        self.filter_chosen.emit(RowFilter(order=self._desk.filter.order))

    @Slot()
    def _fill_range(self) -> None:
        menu, data = self.range.menu(), self._desk.data
        menu.clear()
        if data is None:
            return
        ours = ("margin", "probability", "loss") if self._desk.predictions is not None else ()
        own = [name for name in data.table.columns if data.table.is_numeric(name)]
        for name in (*ours, *own):
            menu.addAction(f"{name} below…".replace("&", "&&")).setData(f"{quoted(name)}:<")
            menu.addAction(f"{name} above…".replace("&", "&&")).setData(f"{quoted(name)}:>")
        if menu.isEmpty():
            menu.addAction("No column holds numbers.").setEnabled(False)

    @Slot(QAction)
    def _on_range(self, action: QAction) -> None:
        """Begun in the search, where the number is typed."""
        begun = str(action.data())
        self.search.setText(f"{begun} {self.search.text()}".rstrip() if self.search.text() else begun)
        self.search.setFocus()
        self.search.setCursorPosition(len(begun))
        self._pause.stop()

    @Slot()
    def _fill_slices(self) -> None:
        menu, slices = self.slices.menu(), [saved.name for saved in self._desk.store.work.slices]
        menu.clear()
        keep = menu.addAction("Keep this filter as a slice…")
        keep.setEnabled(not self._desk.filter.is_open)
        keep.setData(("keep", ""))
        if slices:
            menu.addSection("Slices")
        for name in slices:
            menu.addAction(name.replace("&", "&&")).setData(("show", name))
        if slices:
            drop = menu.addMenu("Forget")
            for name in slices:
                drop.addAction(name.replace("&", "&&")).setData(("drop", name))

    @Slot(QAction)
    def _on_slice(self, action: QAction) -> None:
        if action.data() is None:
            return
        what, name = action.data()
        if what == "keep":
            self.slice_kept.emit()
        else:
            (self.slice_chosen if what == "show" else self.slice_dropped).emit(name)


class _Chip(QToolButton):
    """One of a few values, or any."""

    chosen = Signal(str, object)  # the filter's field, the value or None

    def __init__(self, title: str, field: str) -> None:
        super().__init__()
        self._title, self._field = title, field
        self._choice: str | None = None
        self._values: tuple[str, ...] | None = None
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(QMenu(self))
        self.setCheckable(True)
        self.setProperty("menu", True)
        name_control(self, f"dataFilter_{field}", title, f"Only rows of one {title.lower()}.")
        self.menu().triggered.connect(self._on_triggered)
        self.show_choice(None)

    def show_choices(self, values: tuple[str, ...]) -> None:
        if values == self._values:
            return  # it may be open
        self._values = values
        self.menu().clear()
        if values:
            self.menu().addAction(_ANY).setData((None,))
        for value in values[:SHOWN]:
            self.menu().addAction((visible(value) or "none").replace("&", "&&")).setData((value,))
        self.setVisible(bool(values))

    def show_choice(self, choice: str | None) -> None:
        self._choice = choice
        shown = "" if choice is None else visible(choice) or "none"
        shown = shown if len(shown) <= LONGEST_CHIP else shown[: LONGEST_CHIP - 1] + "…"
        self.setText(self._title if choice is None else f"{self._title}: {shown}".replace("&", "&&"))
        self.setChecked(choice is not None)

    def nextCheckState(self) -> None:
        """A click opens the menu and changes nothing."""
        self.setChecked(self._choice is not None)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        self.chosen.emit(self._field, action.data()[0])
