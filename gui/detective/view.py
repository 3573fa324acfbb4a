"""Which cell knows? The question, the verdict, the ranking, and the evidence of one unit."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.cells import Cell
from engine.detective import DetectResult, Finding, Place, UnitScore
from engine.heatmaps.wording import progress_words
from engine.jobs import Partial
from engine.verdict import hypothesis_in_words, verdict
from gui.cells.marks import Marks
from gui.controls.rows import caption_label, name_control, small_combo
from gui.controls.segments import Segments
from gui.detective.ablation_page import AblationPage
from gui.detective.curves import CurvesPage
from gui.detective.places import PlaceList
from gui.detective.question import DetectQuestion, predicate_label
from gui.detective.scores_page import ScoresPage
from gui.detective.unit_table import UnitTable
from gui.kept_view import picture_of
from gui.views.elided_label import ElidedLabel
from gui.views.sheet import Sheet
from gui.views.thin_splitter import ThinSplitter

EMPTY = (
    "Which cell knows that the text is in quotes, in brackets, in a comment? Start reads a corpus, ranks every cell, and "
    "holds the best against chance, the token itself, the place in the line and an untrained network."
)
PAGES = (
    ("scores", "Scores", "This unit on held-out text, and what it has to beat."),
    ("curves", "Curves", "Histograms of both classes and the ROC of this unit, on held-out text."),
    ("examples", "Examples", "Where it is right, where it misses, and where it is on for nothing."),
    ("ablation", "Ablation", "What it encodes is one thing: whether the model uses it is another."),
)
LEAST_EVIDENCE = (296, 200)  # pixels
SHARES = (0, 1)  # of the table and the evidence in what room there is beyond their least


class DetectiveView(Sheet):
    """Setters are silent."""

    unit_opened = Signal(object)  # UnitScore: to the text
    place_chosen = Signal(object)  # Place: to the desk
    mark_toggled = Signal(object, bool)  # Cell
    unit_changed = Signal()
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        self.page = QWidget()
        super().__init__(self.page, parent, bordered=True)
        self.result: DetectResult | None = None
        self._marks = Marks({})
        self.question, self.table, self.places = DetectQuestion(), UnitTable(), PlaceList()
        self.scores, self.curves, self.ablation = ScoresPage(), CurvesPage(), AblationPage()
        self.parts = small_combo()
        self._message, self._verdict, self._tag = (QLabel() for _ in range(3))
        self._notes, self._unit = ElidedLabel(), ElidedLabel()
        self._show, self._mark = QPushButton("Show on the text"), QToolButton()
        self._segments, self._pages = Segments("detect", PAGES, tight=True), QStackedWidget()
        self._stack, self._found = QStackedLayout(), QWidget()
        self._build()
        self.setObjectName("detectiveView")
        self.setAccessibleName("Detective")
        self.setFocusProxy(self.question.hypothesis)
        self._connect()
        self.show_words(EMPTY)

    # What is shown

    @property
    def finding(self) -> Finding | None:
        """The whole hypothesis, or the part that is chosen."""
        if self.result is None:
            return None
        return self.result.findings[min(max(0, self.parts.currentIndex()), len(self.result.findings) - 1)]

    @property
    def unit(self) -> UnitScore | None:
        """In evidence."""
        return self.table.selected()

    @property
    def evidence(self) -> str:
        """Which page of it is open."""
        return self._segments.current

    def show_evidence(self, id: str) -> None:
        """One of ``PAGES``; others are left."""
        if id in (known for known, _, _ in PAGES):
            self._segments.choose(id)
            self._on_page(id)

    def show_result(self, result: DetectResult, whole: bool) -> None:
        """Part and unit stay where they are still there."""
        names = [self._name_of(result, at) for at in range(len(result.findings))]
        if [self.parts.itemText(at) for at in range(self.parts.count())] != names:
            self.parts.clear()
            self.parts.addItems(names)
        self.result = result
        self._parts_row.setVisible(len(names) > 1)
        self._tag.setText("" if whole else "weighing the evidence")
        self._tag.setVisible(not whole)
        self._notes.setText("  ".join(f"⚠ {notice.message}" for notice in result.warnings))
        self._notes.setVisible(bool(result.warnings))
        self._show_finding()
        self._stack.setCurrentIndex(1)

    def show_progress(self, partial: Partial) -> None:
        """In words, while there is nothing to look at or the evidence is weighed."""
        fraction = partial.fraction
        words = partial.doing + ("" if fraction is None else f" · {progress_words(fraction, False)}")
        if self.result is None:
            self._message.setText(words or "Starting…")
        elif partial.doing:
            self._tag.setText(partial.doing.lower())
            self._tag.show()

    def show_stopped(self) -> None:
        """What there is stays."""
        self.question.show_running(False)
        if self.result is None:
            self.show_words("Stopped before anything was ranked. What was read is kept: Start goes on from there.")
        else:
            self._tag.setText("stopped")
            self._tag.show()

    def show_words(self, words: str, *, wrong: bool = False) -> None:
        """In place of a result."""
        self.result = None
        self._message.setText(words)
        self._message.setProperty("role", "error" if wrong else "muted")
        self._message.style().polish(self._message)
        self._stack.setCurrentIndex(0)

    def show_marks(self, marks: Marks) -> None:
        """Stars."""
        self._marks = marks
        self.table.show_marks(marks)
        self._show_mark()

    def choose(self, part: int, cell: Cell, quantity: str) -> None:
        """As it was pinned; what is not there is left."""
        if self.result is None:
            return
        self.parts.setCurrentIndex(min(part, self.parts.count() - 1))
        self._show_finding()
        found = self.finding
        units = found.units if found is not None else ()
        self.table.select(next((unit for unit in units if (unit.cell, unit.quantity) == (cell, quantity)), None))
        self._show_unit()

    def in_words(self) -> tuple[str, str]:
        """What was asked, and what was found."""
        assert self.result is not None
        assert self.finding is not None
        return self._question(self.finding), self._verdict.text()

    def picture(self) -> QImage:
        """Verdict, ranking and evidence."""
        return picture_of(self._found)

    def _name_of(self, result: DetectResult, at: int) -> str:
        if at == 0 and len(result.findings) > 1 and result.request.column is None:
            return "everything"
        return result.findings[at].pattern

    def _question(self, finding: Finding) -> str:
        assert self.result is not None
        request = self.result.request
        return f"Which cell knows {hypothesis_in_words(request, finding, predicate_label(request.predicate))}?"

    # How it is put together

    def _build(self) -> None:
        column = QVBoxLayout(self.page)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(8)
        column.addWidget(self.question)
        line = QFrame()
        line.setProperty("role", "separator")
        column.addWidget(line)
        empty = QWidget()
        above = QVBoxLayout(empty)
        above.setContentsMargins(0, 8, 0, 0)
        self._message.setObjectName("detectMessage")
        self._message.setWordWrap(True)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        above.addWidget(self._message)
        above.addStretch()
        column.addLayout(self._stack, 1)  # first: it shows what is added to it, and a widget without a parent is a window
        self._stack.addWidget(empty)
        self._fill_found()
        self._stack.addWidget(self._found)

    def _fill_found(self) -> None:
        self._found.setProperty("role", "panel")
        column = QVBoxLayout(self._found)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for label, name, role in (
            (self._verdict, "detectVerdict", ""),
            (self._notes, "detectNotes", "warning"),
            (self._tag, "detectTag", "tag"),
            (self._unit, "detectUnit", "section"),
        ):
            label.setObjectName(name)
            label.setProperty("role", role)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._verdict.setWordWrap(True)
        self._verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._verdict, 1)
        head.addWidget(self._tag, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        column.addWidget(self._notes)
        column.addWidget(self._build_parts())
        beside = ThinSplitter(Qt.Orientation.Horizontal)
        for at, (part, share) in enumerate(zip((self._ranking(), self._evidence()), SHARES, strict=True)):
            beside.addWidget(part)
            beside.setStretchFactor(at, share)
        beside.setMinimumHeight(LEAST_EVIDENCE[1])  # both scroll by themselves before the page does
        beside.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        column.addWidget(beside, 1)

    def _ranking(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(8)
        column.addWidget(self.table, 1)
        name_control(self._mark, "detectMark", "Mark", "Keep this cell among the marked ones, with the hypothesis as its note.")
        self._mark.setText("Mark")
        self._mark.setCheckable(True)
        name_control(self._show, "detectShow", "Show on the text", "Open the tab Cells on this cell (Enter, or a double click).")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._unit, 1)
        row.addWidget(self._mark)
        row.addWidget(self._show)
        column.addLayout(row)
        return part

    def _evidence(self) -> QWidget:
        part = QWidget()
        part.setMinimumWidth(LEAST_EVIDENCE[0])
        column = QVBoxLayout(part)
        column.setContentsMargins(4, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.addWidget(self._segments)
        row.addStretch()
        column.addLayout(row)
        for page in (Sheet(self.scores), self.curves, self.places, self.ablation):
            self._pages.addWidget(page)
        column.addWidget(self._pages, 1)
        return part

    def _build_parts(self) -> QWidget:
        self._parts_row = QWidget()
        name_control(self.parts, "detectParts", "Part of the hypothesis", "Each pattern, alternative and named group by itself.")
        row = QHBoxLayout(self._parts_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        caption = caption_label("Scored by themselves")
        caption.setWordWrap(False)
        row.addWidget(caption)
        row.addWidget(self.parts, 1)
        return self._parts_row

    def _connect(self) -> None:
        self.parts.activated.connect(self._on_part)
        self.table.unit_selected.connect(self._on_unit)
        self.table.unit_opened.connect(self.unit_opened)
        self._show.clicked.connect(self._on_show)
        self._mark.clicked.connect(self._on_mark)
        self._segments.chosen.connect(self._on_page)
        self.places.place_chosen.connect(self.place_chosen)
        self.places.place_pointed.connect(self._on_pointed)

    # What changes

    def _show_finding(self) -> None:
        finding, result = self.finding, self.result
        if finding is None or result is None:
            return
        self._verdict.setText(verdict(result, finding, predicate_label(result.request.predicate)))
        self.table.show_finding(finding, self.table.selected())
        self._show_unit()

    def _show_unit(self) -> None:
        unit, finding = self.unit, self.finding
        self._show.setEnabled(unit is not None)
        self._mark.setEnabled(unit is not None)
        if unit is None or finding is None:
            return
        self._unit.setText(f"Cell {unit.cell}")
        self.scores.show_unit(unit, finding)
        self.curves.show_unit(unit)
        others = dict.fromkeys(other.cell for other in finding.interpretable if other.cell != unit.cell)
        self.ablation.show_unit(unit, tuple(others))
        self.places.show_places(unit.evidence.places if unit.evidence is not None else ())
        self._show_mark()

    def _show_mark(self) -> None:
        marked = self.unit is not None and self.unit.cell in self._marks
        self._mark.setChecked(marked)
        self._mark.setText("★ Marked" if marked else "☆ Mark")

    @Slot(str)
    def _on_page(self, id: str) -> None:
        self._pages.setCurrentIndex([known for known, _, _ in PAGES].index(id))
        shown = self._pages.currentWidget()
        if shown is not None and shown is not self.places and shown.hasFocus():
            self.table.setFocus()  # it came from the page that is hidden now, and this one has nothing to press

    @Slot(int)
    def _on_part(self, _index: int) -> None:
        self._show_finding()
        self.unit_changed.emit()

    @Slot(object)
    def _on_unit(self, _unit: UnitScore) -> None:
        self._show_unit()
        self.unit_changed.emit()

    @Slot()
    def _on_show(self) -> None:
        if self.unit is not None:
            self.unit_opened.emit(self.unit)

    @Slot(bool)
    def _on_mark(self, on: bool) -> None:
        if self.unit is not None:
            self.mark_toggled.emit(self.unit.cell, on)

    @Slot(object)
    def _on_pointed(self, place: Place) -> None:
        self.read_out_changed.emit(f"{place.file} · token {place.position:,} · a click puts it on the desk")


__all__ = ["EMPTY", "DetectiveView"]
