"""The tab Data: what was opened, what is looked for in it, and the pages that show it."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.data.aggregate_page import AggregatePage
from gui.data.compare.page import ComparePage
from gui.data.consistency_page import ConsistencyPage
from gui.data.desk import DataDesk
from gui.data.example import ExampleStrip
from gui.data.filter_bar import FilterBar
from gui.data.overview import OverviewPage
from gui.data.row_table import DataTable
from gui.data.source_bar import SourceBar
from gui.views.elided_label import ElidedLabel
from gui.views.thin_splitter import ThinSplitter

PAGES = (
    ("rows", "Rows", "Every row, to sort, to filter, to put on the desk."),
    ("overview", "Overview", "Confusion, precision and recall, calibration of the rows that are shown."),
    ("aggregate", "Words", "What the explanations of the rows that are shown have in common."),
    ("consistency", "Consistency", "Does the prediction stay when what should not matter is rewritten?"),
    ("compare", "Compare", "Two models, checkpoints of a training, two examples, two slices, side by side."),
)
EMPTY = (
    "A file of labelled examples comes here: CSV, TSV, JSONL, Parquet, or plain text with one example a line. The open model "
    "reads all of it, and you step through what it gets wrong, each with its reason already drawn."
)
TABLE_SHARE, EXAMPLE_SHARE = 5, 4
PAGE_PIXELS = 560


class DataView(QFrame):
    """Setters are silent."""

    open_chosen = Signal()
    sample_chosen = Signal()
    page_chosen = Signal(str)
    compare_made = Signal()

    def __init__(self, desk: DataDesk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.source, self.filters, self.table, self.example = (
            SourceBar(desk),
            FilterBar(desk),
            DataTable(desk),
            ExampleStrip(desk),
        )
        self.overview, self.aggregate, self.consistency = OverviewPage(desk), AggregatePage(desk), ConsistencyPage(desk)
        self._compare: ComparePage | None = None  # heavy, and not everybody goes there
        self._compare_place = QWidget()
        self.segments = Segments("dataPage", PAGES, tight=True)
        self._pages, self._stack, self._note = QStackedWidget(), QStackedWidget(), ElidedLabel()
        self._bar, self.stop, self.go_on = QProgressBar(), QPushButton("Stop"), QPushButton("Predict the rest")
        self._empty_words, self._chips = QLabel(EMPTY), QWidget()
        self.setObjectName("dataView")
        self.setAccessibleName("Data")
        self.setProperty("role", "sheet")
        self.setFocusProxy(self.table)
        self._build()
        self.segments.chosen.connect(self._on_page)

    def _build(self) -> None:
        rows = ThinSplitter(Qt.Orientation.Vertical)
        rows.addWidget(self.table)
        rows.addWidget(self.example)
        rows.setStretchFactor(0, TABLE_SHARE)
        rows.setStretchFactor(1, EXAMPLE_SHARE)
        rows.setSizes([TABLE_SHARE * 60, EXAMPLE_SHARE * 60])
        self._pages.addWidget(rows)
        self._pages.addWidget(self.overview)
        self._pages.addWidget(self.aggregate)
        self._pages.addWidget(self.consistency)
        self._pages.addWidget(self._compare_place)
        QVBoxLayout(self._compare_place).setContentsMargins(0, 0, 0, 0)
        self._note.setProperty("role", "muted")
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(120)
        self.stop.setProperty("role", "link")
        self.go_on.setProperty("role", "link")
        for control, words in (
            (self._note, ("dataNote", "About the predictions", "")),
            (self.stop, ("dataStop", "Stop predicting", "What has been predicted stays.")),
            (self.go_on, ("dataGoOn", "Predict the rest", "Go on where it was stopped.")),
        ):
            name_control(control, *words)
        upper, lower = QHBoxLayout(), QHBoxLayout(self._chips)
        lower.setContentsMargins(0, 0, 0, 0)
        for row in (upper, lower):
            row.setSpacing(8)
        upper.addWidget(self.segments)
        upper.addWidget(self.filters, 1)
        for each in (self.filters.outcome, self.filters.true, self.filters.predicted, self.filters.tag):
            lower.addWidget(each)
        lower.addWidget(self.filters.count)
        lower.addWidget(self.filters.clear)
        lower.addWidget(self._note, 1)
        lower.addWidget(self._bar)
        lower.addWidget(self.stop)
        lower.addWidget(self.go_on)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        column.addWidget(self.source)
        column.addLayout(upper)
        column.addWidget(self.filters.wrong)
        column.addWidget(self._chips)
        column.addWidget(self._pages, 1)
        self._stack.addWidget(self._empty())
        self._stack.addWidget(page)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._stack)

    def _empty(self) -> QWidget:
        self._empty_words.setWordWrap(True)
        self._empty_words.setMaximumWidth(PAGE_PIXELS)
        self._empty_words.setProperty("role", "muted")
        open, sample = QPushButton("Open data…"), QPushButton("Film reviews with Movie sentiment")
        open.setProperty("role", "primary")
        name_control(open, "dataOpenFirst", "Open data", "Choose a file; or drop one on the window.")
        name_control(sample, "dataSample", "Sample data", "518 reviews with labels, and the model that reads them.")
        open.clicked.connect(self.open_chosen)
        sample.clicked.connect(self.sample_chosen)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(open)
        buttons.addWidget(sample)
        buttons.addStretch()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(16, 32, 16, 16)
        column.setSpacing(16)
        column.addWidget(self._empty_words)
        column.addLayout(buttons)
        column.addStretch()
        return page

    # What is shown

    @property
    def page(self) -> str:
        """Which one is open."""
        return self.segments.current

    @property
    def compare(self) -> ComparePage:
        """Made when it is first wanted."""
        if self._compare is None:
            self._compare = ComparePage(self._desk)
            layout = self._compare_place.layout()
            assert layout is not None
            layout.addWidget(self._compare)
            self.compare_made.emit()
        return self._compare

    def show_page(self, id: str) -> None:
        """One of ``PAGES``; others are left."""
        if id in (known for known, _, _ in PAGES):
            self.segments.choose(id)
            self._on_page(id)

    def show_data(self) -> None:
        """Another file, or none."""
        self._stack.setCurrentIndex(int(self._desk.data is not None))
        records = self._desk.input_kind == "record"
        self.segments.offer([id for id, _, _ in PAGES if id != "consistency" or not records])
        self.segments.rename("aggregate", "Fields" if records else "Words")
        if records and self.segments.current == "consistency":
            self.show_page("rows")
        self.source.show_data()
        self.filters.show_choices()
        self.table.show_columns()
        self.show_rows()
        self.show_work()
        self.show_progress()

    def show_predictions(self) -> None:
        """More is known of the rows."""
        self.source.show_data()
        self.filters.show_choices()
        self.table.show_columns()
        self.table.refresh()
        self.show_overview()
        self.show_progress()

    def show_rows(self) -> None:
        """Which, and in which order."""
        self.filters.show_filter()
        self._show_chips()
        self.table.show_rows()
        self.show_overview()
        self.show_row()

    def show_overview(self) -> None:
        """Counted only while one looks at it."""
        if self.page == "overview":
            self.overview.show_rows()

    def show_row(self) -> None:
        """The one on the desk."""
        self.table.show_current()
        self.overview.scatter.show_current(self._desk.current)
        self.example.show_row()

    def show_work(self) -> None:
        """Tags, notes, slices."""
        self.filters.show_tags()
        self.aggregate.show_choices()
        self.table.show_tags()
        self.table.refresh()
        self.example.show_work()

    def show_progress(self, words: str = "") -> None:
        """How far predicting is; ``words``: what is in its way."""
        desk, running = self._desk, self._desk.is_predicting
        said = desk.predictions
        rows, done = (desk.data.rows if desk.data else 0), (said.done if said is not None else 0)
        why = words or (desk.why_not_predict() if desk.data is not None else "")
        left = not running and not desk.whole and not why and desk.data is not None
        if left and done:
            why = f"Stopped at {done:,} of {rows:,}."
        self._note.setText(why)
        self._note.setProperty("role", "error" if words else "muted")
        self._note.style().polish(self._note)
        self._bar.setVisible(running)
        self._bar.setRange(0, max(1, rows))
        self._bar.setValue(done)
        self.stop.setVisible(running)
        self.go_on.setVisible(left)
        self.go_on.setText("Predict the rest" if done else "Predict these rows")
        self._show_chips()

    def _show_chips(self) -> None:
        """What is compared is of every class: there they would do nothing."""
        self._chips.setVisible(self.page != "compare" or not self._desk.is_whole or not self._desk.whole)

    @Slot(str)
    def _on_page(self, id: str) -> None:
        focused = QApplication.focusWidget()
        if focused is not None and self._pages.isAncestorOf(focused):
            focused.clearFocus()  # hidden, it would hand it on to whatever comes next
        if id == "compare":
            self.compare.show()
        self._pages.setCurrentIndex([known for known, _, _ in PAGES].index(id))
        self._show_chips()
        self.show_overview()
        self.page_chosen.emit(id)
