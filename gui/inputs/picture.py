"""A picture that is chosen, dropped or pasted: small, with its name, its size, and what the model makes of it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.heatmaps.wording import DOT
from engine.requests import ImageInput
from engine.results import InputKind, PredictionResult, ReadImage
from engine.samples import Example
from gui.actions import Actions
from gui.controls.rows import name_control
from gui.icons import icon
from gui.inputs.editor import InputEditor
from gui.inputs.thumbnail import Thumbnail
from gui.views.elided_label import ElidedLabel

_NONE = "No picture yet"
_HOW = "Drop a picture anywhere in the window, paste one (Ctrl+V), or open one."
_READING = "Reading the picture…"


class PictureEditor(InputEditor):
    """Shows what the desk put here."""

    kind: InputKind = "image"
    title = "Picture"
    nothing = "Open, drop or paste a picture."

    picture_chosen = Signal(str, object)  # its path, its true label or None
    open_wanted = Signal()
    paste_wanted = Signal()

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._given: ImageInput | None = None
        self._examples: tuple[Example, ...] = ()
        self._recent: tuple[str, ...] = ()
        self._menu = QMenu(self)
        self._buttons: dict[QToolButton, str] = {}
        self._offer = self._button("Pictures", "picturesButton", "Pictures", "Pictures to try, and those you ran last.", "image")
        self._build_tools()
        self.thumbnail = Thumbnail(self)
        self._name, self._facts, self._steps = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle), QLabel(), QLabel()
        self._warnings = QLabel()
        self._lay_out()
        self.show_nothing()
        self._menu.aboutToShow.connect(self._fill_menu)
        self._menu.triggered.connect(self._on_chosen)

    def _build_tools(self) -> None:
        self._menu.setToolTipsVisible(True)
        self._offer.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._offer.setMenu(self._menu)
        self._tools.addWidget(self._offer)
        for id, name in (("open_picture", "openPicture"), ("paste_picture", "pastePicture")):
            button = QToolButton(self.tools)
            button.setDefaultAction(self._actions[id])
            button.setObjectName(name)
            button.setAccessibleName(self._actions[id].text().rstrip("…"))
            self._dress_button(button)
            self._tools.addWidget(button)
        self._dress()

    def _button(self, words: str, name: str, full: str, hint: str, image: str) -> QToolButton:
        button = QToolButton(self.tools)
        button.setText(words)
        self._dress_button(button)
        name_control(button, name, full, hint)
        self._buttons[button] = image
        return button

    def _dress_button(self, button: QToolButton) -> None:
        button.setProperty("role", "flat")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))

    def _lay_out(self) -> None:
        name_control(self, "inputPicture", "Picture", "The picture to explain. Ctrl+V pastes one, Enter opens one.")
        self.setToolTip("")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty("role", "canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._name.setProperty("role", "section")
        self._name.setObjectName("pictureName")
        self._warnings.setProperty("role", "warning")
        for label in (self._facts, self._steps):
            label.setProperty("role", "muted")
        self._steps.setObjectName("pictureSteps")
        for label in (self._facts, self._steps, self._warnings):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        words = QVBoxLayout()
        words.setContentsMargins(0, 2, 0, 2)
        words.setSpacing(2)
        for label in (self._name, self._facts, self._steps, self._warnings):
            words.addWidget(label)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(12)
        row.addWidget(self.thumbnail)
        row.addLayout(words, 1)

    def changeEvent(self, event: QEvent) -> None:
        """A new theme: new icons."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_buttons"):
            self._dress()

    def _dress(self) -> None:
        for button, name in self._buttons.items():
            button.setIcon(icon(name))

    # What is shown

    def given(self) -> ImageInput | None:
        """See ``InputEditor``."""
        return self._given

    def show_nothing(self) -> None:
        """No picture, and how one comes here."""
        self._given = None
        self.thumbnail.show_nothing()
        self._say(_NONE, _HOW)

    def show_path(self, path: str) -> None:
        """It is on its way here."""
        self._given = None
        self.thumbnail.show_nothing()
        self._say(Path(path).name, _READING)

    def show_given(self, given: ImageInput) -> None:
        """It will be seen as soon as the model's reading is there."""
        if given != self._given:
            self.thumbnail.show_nothing()
            self._say(Path(given.path).name, "")
        self._given = given

    def show_picture(self, given: ImageInput, size: tuple[int, int], pixels: NDArray[np.uint8]) -> None:
        """As a person sees it; what the model makes of it comes with a prediction."""
        if given != self._given:
            self.thumbnail.show_picture(pixels)
            self._say(Path(given.path).name, f"{size[0]:,} × {size[1]:,} pixels")
        self._given = given

    def show_prediction(self, prediction: PredictionResult) -> None:
        """See ``InputEditor``."""
        read = prediction.input
        if not isinstance(read, ReadImage) or prediction.request.input != self._given:
            return
        self.thumbnail.show_read(read)
        width, height = read.size
        rows, columns = read.shape
        facts = f"{width:,} × {height:,} pixels{DOT}the model reads {columns:,} × {rows:,}"
        steps = DOT.join(read.steps)
        self._say(Path(read.path).name, facts, steps, " ".join(f"⚠ {notice.message}" for notice in read.warnings))

    def _say(self, name: str, facts: str, steps: str = "", warnings: str = "") -> None:
        self._name.setText(name)
        for label, words in ((self._facts, facts), (self._steps, steps), (self._warnings, warnings)):
            label.setText(words)
            label.setVisible(bool(words))
        self.setAccessibleDescription(". ".join(filter(None, (name, facts, steps, warnings))))

    def show_examples(self, examples: tuple[Example, ...]) -> None:
        """Of the open sample; none for other models."""
        self._examples = examples

    def show_recent(self, paths: tuple[str, ...]) -> None:
        """The pictures that ran last."""
        self._recent = paths

    # What the user does

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Paste, or Enter for the dialog."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste_wanted.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and not event.modifiers():
            self.open_wanted.emit()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """As Enter."""
        self.open_wanted.emit()

    @Slot()
    def _fill_menu(self) -> None:
        self._menu.clear()
        for example in self._examples:
            self._add(example.image or "", example.true, example.note)
        if self._recent:
            self._menu.addSection("Recent")
        for path in self._recent:
            self._add(path, None, path)
        if self._menu.isEmpty():
            self._menu.addAction("Pictures you run are listed here.").setEnabled(False)

    def _add(self, path: str, true: str | None, note: str) -> None:
        action = self._menu.addAction(Path(path).name.replace("&", "&&") + (f"\t{true}" if true else ""))
        action.setToolTip(note)
        action.setData((path, true))

    @Slot(QAction)
    def _on_chosen(self, action: QAction) -> None:
        path, true = action.data()
        self.picture_chosen.emit(path, true)
