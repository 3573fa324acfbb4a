"""A bare file of weights: what its tensors were taken for, what they do not say, and what comes of the answers on a text."""

import re
from dataclasses import replace

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QScrollArea,
    QTableView,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from engine.checkpoints import CheckpointFinding, ImportResult, ImportTrial, TensorUse
from engine.heatmaps.numerals import figures, whole_percent
from engine.jobs import Failure
from engine.requests import ImportAnswers
from gui import theme
from gui.controls.question_row import QuestionRow
from gui.controls.rows import LABEL_WIDTH, caption_label, form_layout, name_control, section_label
from gui.controls.text_editor import TextEditor
from gui.views.elided_label import ElidedLabel
from gui.views.prediction import PredictionView
from gui.views.thin_splitter import ThinSplitter

SIZE = QSize(1120, 860)
PAUSE_MS = 250
GAP = 12  # on either side of a splitter
FEW = 0.5  # of a text's pieces: below, the answers are more likely wrong than the text
Index = QModelIndex | QPersistentModelIndex


class ImportDialog(QDialog):
    """Holds the answers that differ from the guesses; everything else is shown as it is told."""

    changed = Signal()  # an answer, or the text: try anew
    vocabulary_asked = Signal()
    save_asked = Signal()
    open_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("importDialog")
        self.setAccessibleName("Import")
        self.setWindowTitle("Import")
        self.setSizeGripEnabled(True)
        room = parent.size()
        self.resize(SIZE.boundedTo(QSize(max(900, room.width() - 48), max(560, room.height() - 48))))
        self._answers = ImportAnswers()
        self._finding: CheckpointFinding | None = None
        self._trial: ImportTrial | None = None
        self._rows: dict[str, QuestionRow] = {}
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.changed)
        self._make()
        self._build()
        self._set_ready(False)

    def answers(self) -> ImportAnswers:
        """What the user said."""
        return self._answers

    def text(self) -> str:
        """What it is tried on."""
        return self._editor.text()

    def set_text(self, text: str) -> None:
        """To begin with; emits nothing."""
        self._editor.blockSignals(True)
        self._editor.replace_text(text)
        self._editor.blockSignals(False)

    def focus_first(self) -> None:
        """On what is asked first."""
        first = next(iter(self._rows.values()), None)
        if first is not None:
            first.control.setFocus()

    def set_answer(self, key: str, value: str) -> None:
        """As if the user had put it there."""
        if getattr(self._answers, key) != value:
            self._answers = replace(self._answers, **{key: value})
            self._pause.start()

    def show_finding(self, finding: CheckpointFinding) -> None:
        """What the file is taken for."""
        if self._finding is None or self._finding.path != finding.path:
            self._name.setText(finding.model.name)
        self._finding = finding
        model = finding.model
        vocabulary = "no vocabulary yet" if finding.vocabulary is None else f"{finding.vocabulary:,} entries"
        facts = (model.architecture, f"{model.parameters:,} weights", model.dtype_on_disk, vocabulary)
        self._facts.setText(" · ".join(facts))
        self._tensors.show_tensors(finding.tensors)
        notes = [*(f"⚠ {notice.message}" for notice in finding.warnings), *finding.settled]
        self._notes.setText("\n".join(notes))
        self._notes.setVisible(bool(notes))
        self._show_questions(finding)

    def show_result(self, result: ImportResult) -> None:
        """How the model that the answers make fares."""
        self.show_finding(result.finding)
        self._show_error("")
        self._trial = result.trial
        self._set_ready(result.trial is not None)
        if result.trial is None:
            missing = " and ".join(question.title.lower() for question in result.finding.unanswered)
            self._outcome.setText(f"Nothing to try yet: the {missing} must be known first.")
            self._set_role(self._outcome, "caption")
            self._prediction.clear()
        else:
            self._show_trial(result.trial)
        self._underline()

    def show_failure(self, failure: Failure) -> None:
        """An answer does not fit; what was shown stays."""
        self._show_error(failure.message)
        self._set_ready(False)

    def show_running(self, running: bool) -> None:
        """It is being kept: nothing else can be asked."""
        self._set_ready(not running and self._trial is not None)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: the marks under unknown pieces keep colours of their own."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_editor"):
            self._underline()

    def _make(self) -> None:
        self._name, self._facts = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle), QLabel()
        self._name.setProperty("role", "title")
        self._facts.setProperty("role", "muted")
        self._facts.setTextFormat(Qt.TextFormat.PlainText)
        self._tensors = _TensorTable()
        self._notes = caption_label()
        self._notes.setTextFormat(Qt.TextFormat.PlainText)
        self._questions = form_layout()
        self._questions.setVerticalSpacing(10)
        self._editor = TextEditor("importText", "Text", "What the model is tried on while you answer.")
        self._editor.setPlaceholderText("Type a text to try it on.")
        self._editor.textChanged.connect(self._pause.start)
        self._outcome = caption_label()
        self._outcome.setTextFormat(Qt.TextFormat.PlainText)
        self._outcome.setObjectName("importOutcome")
        self._prediction = PredictionView(hint="")
        self._prediction.setObjectName("importPrediction")
        self._error = QLabel()
        self._error.setObjectName("importError")
        self._error.setWordWrap(True)
        self._error.setTextFormat(Qt.TextFormat.PlainText)
        self._error.setProperty("role", "error")
        self._cancel, self._save, self._open = QPushButton("Cancel"), QPushButton("Save as folder…"), QPushButton("Open")
        self._open.setProperty("role", "primary")
        for button, words in (
            (self._cancel, ("importCancel", "Cancel", "Leave the file as it is.")),
            (self._save, ("importSave", "Save as folder", "Keep it in a folder of your choice, and open it.")),
            (self._open, ("importOpen", "Open", "Keep it with Neuroloupe's own files, and open it.")),
        ):
            name_control(button, *words)
            button.setAutoDefault(False)  # Enter ends the typing of an answer, not the answering
        self._cancel.clicked.connect(self.reject)
        self._save.clicked.connect(self.save_asked)
        self._open.clicked.connect(self.open_asked)

    def _build(self) -> None:
        head = QVBoxLayout()
        head.setSpacing(2)
        head.addWidget(self._name)
        head.addWidget(self._facts)
        above = ThinSplitter(Qt.Orientation.Horizontal)
        above.addWidget(_column(section_label("Recognised from names and shapes"), self._tensors, self._notes, right=GAP))
        above.addWidget(_column(section_label("What names and shapes do not say"), self._scrolled(), left=GAP))
        below = ThinSplitter(Qt.Orientation.Horizontal)
        below.addWidget(_column(section_label("Try it"), self._editor, self._outcome, right=GAP))
        below.addWidget(_column(self._prediction, left=GAP, stretch=True))
        for each in (above, below):
            each.setStretchFactor(0, 1)
            each.setStretchFactor(1, 1)
            each.setSizes([540, 540])
        self._editor.setMinimumHeight(72)
        both = ThinSplitter(Qt.Orientation.Vertical)
        both.addWidget(above)
        both.addWidget(below)
        both.setStretchFactor(0, 1)
        both.setStretchFactor(1, 0)
        both.setSizes([540, 220])
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._error, 1)
        for button in (self._cancel, self._save, self._open):
            buttons.addWidget(button)
        page = QVBoxLayout(self)
        page.setContentsMargins(24, 16, 24, 16)
        page.setSpacing(4)
        page.addLayout(head)
        page.addWidget(both, 1)
        page.addLayout(buttons)

    def _scrolled(self) -> QScrollArea:
        sheet = QWidget()
        sheet.setProperty("role", "panel")
        column = QVBoxLayout(sheet)
        column.setContentsMargins(12, 12, 12, 12)
        column.addLayout(self._questions)
        column.addStretch(1)
        area = QScrollArea()
        area.setProperty("role", "panel")
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(sheet)
        return area

    def _show_questions(self, finding: CheckpointFinding) -> None:
        """The rows stay where they are as long as the questions are the same; at first the open ones stand on top."""
        if set(self._rows) != {question.key for question in finding.questions}:
            while self._questions.rowCount():
                self._questions.removeRow(0)
            self._rows = {}
            for question in sorted(finding.questions, key=lambda question: question not in finding.open_questions):
                row = QuestionRow(question)
                row.answered.connect(self.set_answer)
                row.file_asked.connect(self.vocabulary_asked)
                label = QLabel(question.title)
                label.setMinimumWidth(LABEL_WIDTH)
                label.setAlignment(Qt.AlignmentFlag.AlignTop)
                label.setContentsMargins(0, 6, 0, 0)
                label.setBuddy(row.control)
                self._questions.addRow(label, row)
                self._rows[question.key] = row
        for question in finding.questions:
            self._rows[question.key].show_question(question)

    def _show_trial(self, trial: ImportTrial) -> None:
        words, doubtful = outcome_of(trial)
        self._outcome.setText(("⚠ " if doubtful else "") + words)
        self._set_role(self._outcome, "warning" if doubtful else "caption")
        if trial.prediction is None:
            self._prediction.clear()
        else:
            self._prediction.show_result(trial.prediction, self._finding.model.problem_type if self._finding else None)

    def _underline(self) -> None:
        """The pieces that the vocabulary has not, as a speller would."""
        marks: list[QTextEdit.ExtraSelection] = []
        if self._trial is not None and self._trial.text == self._editor.text():
            look = QTextCharFormat()
            look.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            look.setUnderlineColor(QColor(theme.current().error))
            for start, end in in_units(self._trial.text, self._trial.unknown):
                mark = QTextEdit.ExtraSelection()
                mark.cursor = QTextCursor(self._editor.document())
                mark.cursor.setPosition(start)
                mark.cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
                mark.format = look
                marks.append(mark)
        self._editor.setExtraSelections(marks)

    def _show_error(self, words: str) -> None:
        self._error.setText(re.sub(r" \(--[^)]*\)", "", words))  # an option of the command line

    def _set_ready(self, ready: bool) -> None:
        self._save.setEnabled(ready)
        self._open.setEnabled(ready)

    def _set_role(self, label: QLabel, role: str) -> None:
        label.setProperty("role", role)
        label.style().polish(label)


def outcome_of(trial: ImportTrial) -> tuple[str, bool]:
    """In words, and whether the answers look wrong."""
    if not trial.pieces:
        return "Nothing in this text that the tokeniser reads.", bool(trial.text.strip())
    words = f"The vocabulary has {whole_percent(trial.coverage)} of its {trial.pieces:,} pieces"
    if trial.unknown:
        shown = ", ".join(f"“{piece}”" for piece in trial.unknown_pieces[:4])
        words += f"; it lacks {shown}" + (" and more" if len(trial.unknown_pieces) > 4 else "")
    words += "."
    if trial.perplexity is not None:
        bits = f", {trial.bits_per_character:.2f} bits per character" if trial.bits_per_character is not None else ""
        words += f" Perplexity {figures(trial.perplexity)}{bits}; a blind guess has {trial.choices:,}."
        if trial.perplexity > trial.choices:
            return words + " Worse than that: is the vocabulary in the right order?", True
    if trial.coverage < FEW:
        return words + " Is it cut and spelt as the model was taught?", True
    return words, False


def in_units(text: str, spans: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Spans of code points as Qt counts: an emoji is two."""
    if text.isascii() or max(text) < "\U00010000":
        return list(spans)
    units = [0]
    for character in text:
        units.append(units[-1] + (2 if character > "\uffff" else 1))
    return [(units[start], units[end]) for start, end in spans]


def _column(*parts: QWidget, left: int = 0, right: int = 0, stretch: bool = False) -> QWidget:
    held = QWidget()
    column = QVBoxLayout(held)
    column.setContentsMargins(left, 8, right, 8)
    column.setSpacing(6)
    for part in parts:
        column.addWidget(part, 1 if isinstance(part, QAbstractItemView | QScrollArea | TextEditor) else 0)
    if stretch:
        column.addStretch(1)
    return held


class _TensorTable(QTableView):
    """Name, shape, use."""

    def __init__(self) -> None:
        super().__init__()
        self._tensors = _TensorModel(self)
        self.setModel(self._tensors)
        name_control(self, "tensorTable", "Tensors", "Every tensor of the file, its shape, and what it was taken for.")
        self.setToolTip("")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideLeft)  # what names share is at their beginning
        self.setTabKeyNavigation(False)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(theme.ROW_HEIGHT)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)

    def show_tensors(self, tensors: tuple[TensorUse, ...]) -> None:
        """All of them."""
        self._tensors.show_tensors(tensors)


class _TensorModel(QAbstractTableModel):
    TITLES = ("Tensor", "Shape", "Taken for")

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._tensors: tuple[TensorUse, ...] = ()

    def show_tensors(self, tensors: tuple[TensorUse, ...]) -> None:
        if tensors != self._tensors:
            self.beginResetModel()
            self._tensors = tensors
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._tensors)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return self.TITLES[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        tensor, column = self._tensors[index.row()], index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.FontRole:
            return theme.mono_font(12) if column == 0 else theme.numbers_font()
        if role == Qt.ItemDataRole.ToolTipRole and column == 0:
            return tensor.name
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tensor.name, " × ".join(map(str, tensor.shape)) or "1", tensor.taken_for)[column]

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if column == 1 else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter
