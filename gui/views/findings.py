"""The findings: a card for each map that was pinned, newest first."""

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from engine.findings import AnyFinding, title_and_text
from engine.heatmaps.display_text import one_line
from gui.actions import Actions
from gui.controls.rows import centred, name_control
from gui.icons import icon
from gui.views.finding_card import FindingCard

PAGE_PIXELS = 880
_EMPTY = "What is worth keeping stands here, each with its numbers and a note of yours.\nPin what is on screen with {keys}."


class FindingsView(QScrollArea):
    """Setters are silent."""

    open_chosen = Signal(str)
    delete_chosen = Signal(str)
    note_changed = Signal(str, str)
    undo_chosen = Signal()
    back_chosen = Signal()

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._cards: dict[str, FindingCard] = {}
        self._findings: tuple[AnyFinding, ...] = ()
        self._read_only = False
        self.setObjectName("findingsView")
        self.setAccessibleName("Findings")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._count, self._empty, self._gone = QLabel(), QLabel(), QLabel()
        self._undo, self._back, self._save = QPushButton("Undo"), QPushButton("Back"), QPushButton("Save report…")
        self._listed = QVBoxLayout()
        self._deleted = self._undo_bar()
        self._build()
        self._undo.clicked.connect(self.undo_chosen)
        self._back.clicked.connect(self.back_chosen)
        self._save.clicked.connect(actions["save_report"].trigger)
        self.show_findings(())
        self.show_deleted(None)

    def _build(self) -> None:
        headline = QLabel("Findings")
        headline.setProperty("role", "headline")
        self._count.setProperty("role", "muted")
        name_control(self._save, "saveReport", "Save report", "Every finding in one page for a browser.")
        name_control(self._back, "findingsBack", "Back", "Esc does so too.")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(headline)
        head.addWidget(self._count, 1, Qt.AlignmentFlag.AlignBottom)
        head.addWidget(self._save)
        head.addWidget(self._back)
        self._empty.setProperty("role", "muted")
        self._empty.setWordWrap(True)
        self._listed.setSpacing(16)
        page = QWidget()
        page.setMaximumWidth(PAGE_PIXELS)
        column = QVBoxLayout(page)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(16)
        column.addLayout(head)
        column.addWidget(self._deleted)
        column.addWidget(self._empty)
        column.addLayout(self._listed)
        column.addStretch()
        self.setWidget(centred(page))
        self._dress()

    def _undo_bar(self) -> QFrame:
        bar = QFrame()
        bar.setProperty("role", "card")
        self._gone.setTextFormat(Qt.TextFormat.PlainText)
        self._gone.setWordWrap(True)
        name_control(self._undo, "undoDelete", "Undo the deletion", "The finding comes back with its note.")
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 6, 6, 6)
        row.addWidget(self._gone, 1)
        row.addWidget(self._undo)
        return bar

    def show_findings(self, findings: tuple[AnyFinding, ...], read_only: bool = False) -> None:
        """In this order; a card that is there already stays as it is, with its cursor."""
        self._findings, self._read_only = findings, read_only
        count = len(findings)
        self._save.setEnabled(bool(count))
        self._count.setText("" if not count else "1 finding" if count == 1 else f"{count} findings")
        self._empty.setText(_EMPTY.format(keys=self._actions.keys("pin_finding")))
        self._empty.setVisible(not count)
        if self.isVisible():
            self._deal()

    def showEvent(self, event: QShowEvent) -> None:
        """Cards are made when somebody looks: hundreds of them would hold up the start."""
        super().showEvent(event)
        self._deal()

    def _deal(self) -> None:
        wanted = {finding.id for finding in self._findings}
        for id in [id for id in self._cards if id not in wanted]:
            self._remove(self._cards.pop(id))
        for place, finding in enumerate(self._findings):
            card = self._cards.get(finding.id) or self._card(finding, self._read_only)
            if self._listed.indexOf(card) != place:
                self._listed.insertWidget(place, card)
                card.show()  # now: it may be given the focus

    def _remove(self, card: FindingCard) -> None:
        """The keyboard goes on to the next card."""
        focused = self.focusWidget()
        had_focus = focused is card or (focused is not None and card.isAncestorOf(focused))
        place = self._listed.indexOf(card)
        self._listed.removeWidget(card)
        card.hide()
        card.deleteLater()
        following = self._listed.itemAt(min(place, self._listed.count() - 1)) if self._listed.count() else None
        if had_focus:
            ((following.widget() if following is not None else None) or self._back).setFocus()

    def _card(self, finding: AnyFinding, read_only: bool) -> FindingCard:
        card = FindingCard(finding, read_only)
        card.open_chosen.connect(self.open_chosen)
        card.delete_chosen.connect(self.delete_chosen)
        card.note_changed.connect(self.note_changed)
        self._cards[finding.id] = card
        return card

    def show_deleted(self, finding: AnyFinding | None) -> None:
        """What Undo brings back."""
        self._deleted.setVisible(finding is not None)
        if finding is not None:
            title, text = map(one_line, title_and_text(finding))
            shown = text if len(text) <= 72 else text[:71] + "…"
            self._gone.setText(f"Deleted: {title} · “{shown}”")

    def focus_first(self) -> None:
        """So that Enter opens and the arrows of the page work."""
        first = self._listed.itemAt(0)
        widget = first.widget() if first is not None else None
        (widget or self._back).setFocus()

    def card(self, id: str) -> FindingCard | None:
        """For those who put the keyboard there."""
        return self._cards.get(id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back."""
        if event.key() == Qt.Key.Key_Escape:
            self.back_chosen.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_back"):
            self._dress()

    def _dress(self) -> None:
        self._back.setIcon(icon("arrow-left"))
        self._save.setIcon(icon("file-text"))
        self._undo.setIcon(icon("arrow-counter-clockwise"))

    @Slot()
    def scroll_to_top(self) -> None:
        """Where the newest is."""
        self.verticalScrollBar().setValue(0)
