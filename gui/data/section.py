"""The left panel's part on data: always there, so that one steps through errors whatever tab is in sight."""

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QToolButton, QVBoxLayout, QWidget

from gui.actions import Actions
from gui.controls.rows import caption_label, name_control, section_label
from gui.data.desk import DataDesk
from gui.data.words import margin_words, outcome_words, place_words, whole_words
from gui.icons import icon
from gui.theme import numbers_font
from gui.views.elided_label import ElidedLabel


class DataSection(QFrame):
    """Rows, errors, the current one, and the way to the next."""

    data_wanted = Signal()  # to see the table

    def __init__(self, desk: DataDesk, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._actions = desk, actions
        self.setObjectName("dataSection")
        self.setAccessibleName("Data")
        self._name, self._whole = ElidedLabel(), ElidedLabel()
        self._filter, self._place, self._outcome = ElidedLabel(), ElidedLabel(), QLabel()
        self._bar, self._go_on = QProgressBar(), QPushButton("Predict the rest")
        self._open, self._show = QPushButton("Open data…"), QPushButton("Rows")
        self._previous, self._next = QToolButton(), QToolButton()
        self._none = caption_label("A file of labelled examples: step through what the model gets wrong.")
        self._build()
        self._open.clicked.connect(actions["open_data"].trigger)
        self._show.clicked.connect(self.data_wanted)
        self._previous.clicked.connect(actions["previous_error"].trigger)
        self._next.clicked.connect(actions["next_error"].trigger)
        self._go_on.clicked.connect(actions["predict_rows"].trigger)
        for changed in (desk.opened, desk.rows_changed, desk.current_changed, desk.predictions_stopped):
            changed.connect(self.refresh)
        desk.predictions_changed.connect(self.refresh)
        desk.predictions_failed.connect(self.refresh)
        self.refresh()

    def _build(self) -> None:
        self._whole.setFont(numbers_font())
        self._place.setFont(numbers_font(strong=True))
        self._outcome.setWordWrap(True)
        self._outcome.setTextFormat(Qt.TextFormat.PlainText)
        self._outcome.setFont(numbers_font())
        keeps = self._outcome.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self._outcome.setSizePolicy(keeps)
        self._outcome.setMinimumHeight(self._outcome.fontMetrics().lineSpacing())
        self._outcome.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._name.setProperty("role", "muted")
        self._filter.setProperty("role", "caption")
        self._bar.setTextVisible(False)
        self._go_on.setProperty("role", "link")
        self._show.setProperty("role", "link")
        for control, words in (
            (self._name, ("dataName", "File", "")),
            (self._whole, ("dataErrors", "Errors", "")),
            (self._place, ("dataPlace", "Place", "")),
            (self._outcome, ("dataOutcomeWords", "What the model said", "")),
            (self._bar, ("dataProgress", "Rows predicted", "")),
            (self._open, ("sectionOpenData", "Open data", "A CSV, TSV, JSONL, Parquet or plain text file.")),
            (self._show, ("sectionShowData", "Rows", "The rows, the overview, and what they have in common.")),
            (self._previous, ("previousError", "Previous error", "The error before (K, or Alt+Up).")),
            (self._next, ("nextError", "Next error", "The next error (J, or Alt+Down).")),
            (self._go_on, ("predictRest", "Predict the rest", "Go on where it was stopped.")),
        ):
            name_control(control, *words)
        for button in (self._previous, self._next):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(14, 14))
            button.setSizePolicy(button.sizePolicy().Policy.Expanding, button.sizePolicy().Policy.Fixed)
        self._previous.setText("Previous (K)")
        self._next.setText("Next (J)")
        head = QHBoxLayout()
        head.addWidget(section_label("Data"))
        head.addWidget(self._name, 1)
        head.addWidget(self._show)
        keys = QHBoxLayout()
        keys.setSpacing(4)
        keys.addWidget(self._previous)
        keys.addWidget(self._next)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(4)
        column.addLayout(head)
        for each in (self._none, self._whole, self._filter, self._bar, self._go_on, self._place, self._outcome):
            column.addWidget(each)
        column.addLayout(keys)
        column.addWidget(self._open)
        self._dress()

    @Slot()
    def refresh(self) -> None:
        """As the desk has it."""
        desk = self._desk
        there = desk.data is not None
        for each in (self._name, self._whole, self._show, self._previous, self._next, self._place, self._outcome):
            each.setVisible(there)
        self._none.setVisible(not there)
        self._open.setVisible(not there)
        self._name.setText(desk.data.table.name if desk.data else "")
        self._whole.setText(whole_words(desk))
        filtered = desk.filter.in_words()
        self._filter.setText(f"{len(desk.rows):,} shown: {filtered}" if filtered else "")
        self._filter.setVisible(there and bool(filtered))
        self._show_progress()
        place = " · ".join(filter(None, (place_words(desk), margin_words(desk))))
        self._place.setText(place or ("Press J for the first error" if len(desk.errors) else ""))
        words = outcome_words(desk)
        self._outcome.setText(f"{words} · edited" if words and desk.is_edited else words)

    def _show_progress(self) -> None:
        said, data = self._desk.predictions, self._desk.data
        running = self._desk.is_predicting
        left = data is not None and not running and not self._desk.whole and not self._desk.why_not_predict()
        self._bar.setVisible(data is not None and running)
        if data is not None and running:
            self._bar.setRange(0, max(1, data.rows))
            self._bar.setValue(said.done if said is not None else 0)
        self._go_on.setVisible(left)
        self._go_on.setText("Predict the rest" if said is not None and said.done else "Predict these rows")

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_none"):
            self._dress()

    def _dress(self) -> None:
        self._previous.setIcon(icon("caret-up"))
        self._next.setIcon(icon("caret-down"))
        self._open.setIcon(icon("table"))
