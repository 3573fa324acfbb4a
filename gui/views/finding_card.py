"""One finding: the sentence on its colours, what it answers, and a note to write in."""

from datetime import datetime

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.findings import AnyFinding, ViewFinding, time_of, title_and_text
from engine.heatmaps.display_text import one_line
from engine.heatmaps.wording import DOT, progress_words, settings_words, sum_parts
from engine.results import ReadImage
from gui import theme
from gui.controls.rows import caption_label, name_control
from gui.heatmaps.sentence import MapSentence
from gui.icons import icon
from gui.images.card import MapPicture

_NOTE_LINES = (1, 8)
_NOTE_PADDING = 14
_PICTURE_PIXELS = 220


class FindingCard(QFrame):
    """A click or Enter opens it, Delete deletes it; the note is typed in place."""

    open_chosen = Signal(str)  # the finding's id
    delete_chosen = Signal(str)
    note_changed = Signal(str, str)

    def __init__(self, finding: AnyFinding, read_only: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._id = finding.id
        self._title, text = map(one_line, title_and_text(finding))
        self.setObjectName(f"finding_{finding.id}")
        self.setAccessibleName(f"Open the finding {self._title}")
        self.setAccessibleDescription(text[:200])
        self.setProperty("role", "sheet")  # the panel's own colour, in which zero vanishes
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.note = NoteEditor(finding.note)
        self.note.setReadOnly(read_only)
        self.note.textChanged.connect(self._on_note)
        self._delete = QToolButton()
        self._delete.setEnabled(not read_only)
        self._delete.clicked.connect(self._on_delete)
        self._build(finding)

    def _build(self, finding: AnyFinding) -> None:
        title = QLabel(self._title)
        title.setProperty("role", "section")
        title.setTextFormat(Qt.TextFormat.PlainText)
        title.setWordWrap(True)
        self._delete.setProperty("role", "flat")
        self._delete.setIconSize(QSize(16, 16))
        name_control(self._delete, "deleteFinding", f"Delete the finding {self._title}", "Delete; it can be undone.")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(title, 1)
        head.addWidget(_when(finding), 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self._delete, 0, Qt.AlignmentFlag.AlignTop)
        facts = caption_label(_facts(finding))
        facts.setTextFormat(Qt.TextFormat.PlainText)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 8, 16)
        column.setSpacing(8)
        column.addLayout(head)
        inside = QVBoxLayout()
        inside.setContentsMargins(0, 0, 8, 0)
        inside.setSpacing(8)
        inside.addWidget(_seen(finding))
        inside.addWidget(facts)
        inside.addWidget(self.note)
        column.addLayout(inside)
        self._dress()

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_delete"):
            self._dress()

    def _dress(self) -> None:
        self._delete.setIcon(icon("trash", "muted"))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click inside."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.open_chosen.emit(self._id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """As a button; Delete deletes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.open_chosen.emit(self._id)
        elif event.key() == Qt.Key.Key_Delete and self._delete.isEnabled():
            self.delete_chosen.emit(self._id)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Focus changes the ring."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The frame, the ring when it has the focus, a firmer edge under the pointer."""
        super().paintEvent(event)
        painter = QPainter(self)
        if self.hasFocus():
            theme.paint_focus_ring(painter, QRectF(self.rect()))
        elif self.underMouse():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(theme.current().muted)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)
        painter.end()

    @Slot()
    def _on_note(self) -> None:
        self.note_changed.emit(self._id, self.note.toPlainText())

    @Slot()
    def _on_delete(self) -> None:
        self.delete_chosen.emit(self._id)


class NoteEditor(QPlainTextEdit):
    """Grows with what is written; Tab leaves it."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTabChangesFocus(True)
        self.setPlaceholderText("Write a note…")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        name_control(self, "findingNote", "Note", "")
        self.document().documentLayout().documentSizeChanged.connect(self._on_size)
        self.viewport().installEventFilter(self)
        self._on_size()

    @Slot()
    def _on_size(self) -> None:
        lines = min(max(round(self.document().size().height()), _NOTE_LINES[0]), _NOTE_LINES[1])
        line = QFontMetricsF(self.font()).lineSpacing()
        self.setFixedHeight(round(lines * line + _NOTE_PADDING + 2 * self.document().documentMargin()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The wheel scrolls the page unless the note itself has more to show."""
        if event.type() == QEvent.Type.Wheel and not self.verticalScrollBar().isVisible():
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class _Picture(QLabel):
    """The upper part of what the view showed, as wide as the card."""

    def __init__(self, png: bytes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._image = QImage.fromData(png)
        self.setFixedHeight(_PICTURE_PIXELS)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Scaled in both directions alike; what does not fit below is on the page that a click opens."""
        super().resizeEvent(event)
        if self._image.isNull() or self.width() < 1:
            return
        ratio = self.devicePixelRatioF()
        width = min(round(self.width() * ratio), self._image.width())
        scaled = self._image.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
        picture = QPixmap.fromImage(scaled)
        picture.setDevicePixelRatio(ratio)
        self.setFixedHeight(min(_PICTURE_PIXELS, round(picture.height() / ratio)))
        self.setPixmap(picture)


def _facts(finding: AnyFinding) -> str:
    """Where it comes from, and whether it adds up."""
    if isinstance(finding, ViewFinding):
        return one_line(finding.seen.facts)
    result = finding.result
    sums = [words for words, role in sum_parts(result) if role in ("good", "error")]
    tag = progress_words(result.progress, stopped=True)
    return one_line(DOT.join([*([tag] if tag else []), settings_words(result), *sums]))


def _seen(finding: AnyFinding) -> QWidget:
    """What it looked like."""
    if isinstance(finding, ViewFinding):
        return _Picture(finding.seen.png())
    picture = isinstance(finding.result.prediction.input, ReadImage)
    return MapPicture(finding.result) if picture else MapSentence(finding.result)


def _when(finding: AnyFinding) -> QLabel:
    """In the reader's own time."""
    time = time_of(finding).astimezone()
    today = datetime.now().astimezone().date()
    label = QLabel(f"today {time:%H:%M}" if time.date() == today else f"{time:%Y-%m-%d %H:%M}")
    label.setProperty("role", "caption")
    label.setToolTip(time.isoformat(sep=" ", timespec="seconds"))
    label.setContentsMargins(0, 6, 0, 0)
    return label
