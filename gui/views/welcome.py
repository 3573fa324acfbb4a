"""The first page: one sentence, the samples, recent models, a place to drop one."""

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from engine.samples import Sample
from gui.actions import Actions
from gui.controls.rows import caption_label, centred, section_label
from gui.icons import icon
from gui.views.sample_card import DataCard, SampleCard

PAGE_PIXELS = 880
COLUMNS = 2
SHOWN_RECENT = 6


class WelcomePage(QScrollArea):
    """One click on a card leads to a finished heatmap."""

    sample_chosen = Signal(str)
    recent_chosen = Signal(str)
    recent_data_chosen = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("welcomePage")
        self.setAccessibleName("Welcome")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._actions = actions
        self._cards, self._recent = QGridLayout(), QVBoxLayout()
        self._recent_data = QVBoxLayout()
        self._recent_title, self._samples_title = section_label("Recent models"), section_label("Start with a sample")
        self._recent_data_title = section_label("Recent data")
        self._build()

    def _build(self) -> None:
        headline = QLabel("See why a neural network said what it said.")
        headline.setProperty("role", "headline")
        headline.setWordWrap(True)
        under = QLabel(
            "Open a model from this computer and type a text, or choose a picture. "
            "Nothing leaves the machine, and nothing in a file is run."
        )
        under.setProperty("role", "muted")
        under.setWordWrap(True)
        self._cards.setSpacing(16)
        for at in range(COLUMNS):
            self._cards.setColumnStretch(at, 1)
        for recent in (self._recent, self._recent_data):
            recent.setSpacing(0)
        page = QWidget()
        page.setMaximumWidth(PAGE_PIXELS)
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 48, 24, 24)
        column.setSpacing(8)
        column.addWidget(headline)
        column.addWidget(under)
        column.addSpacing(24)
        column.addWidget(self._samples_title)
        column.addLayout(self._cards)
        column.addSpacing(16)
        column.addWidget(self._recent_title)
        column.addLayout(self._recent)
        column.addWidget(self._recent_data_title)
        column.addLayout(self._recent_data)
        column.addSpacing(16)
        column.addWidget(self._drop_zone())
        column.addStretch()
        self.setWidget(centred(page))
        self.show_samples(())
        self.show_recent(())
        self.show_recent_data(())

    def _drop_zone(self) -> QFrame:
        self._open = QPushButton("Open model…")
        self._open.setObjectName("welcomeOpen")
        self._open.setAccessibleName("Open model")
        self._open.setAccessibleDescription("Choose the folder a model lies in.")
        self._open.clicked.connect(self._actions["open_model"].trigger)
        texts = QVBoxLayout()
        texts.setSpacing(4)
        texts.addWidget(QLabel("Drop a model's folder, or a file of examples, anywhere in this window"))
        words = "A Hugging Face text classifier, or an LSTM, GRU or RNN as a recurrent folder; a CSV, JSONL or Parquet file."
        texts.addWidget(caption_label(words))
        zone = QFrame()
        zone.setObjectName("dropZone")
        zone.setProperty("role", "card")
        row = QHBoxLayout(zone)
        row.setContentsMargins(16, 16, 16, 16)
        row.addLayout(texts, 1)
        row.addWidget(self._open)
        self._dress()
        return zone

    def show_samples(self, samples: tuple[Sample, ...]) -> None:
        """A card each."""
        _empty(self._cards)
        for at, sample in enumerate(samples):
            card = SampleCard(sample)
            card.chosen.connect(self.sample_chosen)
            self._cards.addWidget(card, at // COLUMNS, at % COLUMNS)
        if samples:
            whole = DataCard()
            whole.chosen.connect(self._on_data_chosen)
            self._cards.addWidget(whole, len(samples) // COLUMNS, len(samples) % COLUMNS)
        self._samples_title.setVisible(bool(samples))

    @Slot(str)
    def _on_data_chosen(self, _name: str) -> None:
        self._actions["sample_data"].trigger()

    def show_recent(self, paths: tuple[tuple[str, bool], ...]) -> None:
        """Path, and whether it is still there."""
        self._show_paths(self._recent, paths)
        self._recent_title.setVisible(bool(paths))

    def show_recent_data(self, paths: tuple[tuple[str, bool], ...]) -> None:
        """Likewise."""
        self._show_paths(self._recent_data, paths)
        self._recent_data_title.setVisible(bool(paths))

    def _show_paths(self, column: QVBoxLayout, paths: tuple[tuple[str, bool], ...]) -> None:
        _empty(column)
        for path, exists in paths[:SHOWN_RECENT]:
            button = QPushButton(_shown(path) if exists else f"{_shown(path)}   not there any more")
            button.setProperty("role", "flat")
            button.setProperty("path", path)
            button.setStyleSheet("text-align: left; padding-left: 4px;")
            button.setAccessibleName(f"Open {path}")
            button.setToolTip(path)
            button.setEnabled(exists)
            button.clicked.connect(self._on_recent)
            button.setProperty("data", column is self._recent_data)
            column.addWidget(button)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_open"):
            self._dress()

    def _dress(self) -> None:
        self._open.setIcon(icon("folder-open"))

    @Slot()
    def _on_recent(self) -> None:
        sender = self.sender()
        if isinstance(sender, QPushButton):
            chosen = self.recent_data_chosen if sender.property("data") else self.recent_chosen
            chosen.emit(str(sender.property("path")))


def _shown(path: str) -> str:
    """The folder's own name first, then where it lies."""
    parts = path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)
    text = f"{parts[-1]}   {parts[0]}" if len(parts) == 2 else path
    shortened = text if len(text) <= 100 else text[:48] + "…" + text[-48:]
    return shortened.replace("&", "&&")


def _empty(layout: QGridLayout | QVBoxLayout) -> None:
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
