"""What a scene of the tour needs: a mark for its function, and a stage to act on with mouse and keys.

A file `tests/tour/scene_<number>_<topic>.py` is played by `packaging/dev.py tour DIR`:

    from stage import Stage, scene

    @scene
    def typed_sentence(stage: Stage) -> None:
        stage.click("inputText")
        stage.type("Not once does it come close to being exciting.")
        stage.wait_for(lambda: stage.find("readOut").text() != "")
        stage.shot(note="the heatmap of a typed sentence")            # 02-typed-sentence-light.png
        stage.hover("attributionView", (40, 20))
        stage.shot("hover", note="the exact value")                   # 02b-typed-sentence-hover-light.png

Scenes are played in the order of their files, then as written, in one window that stays open: each goes on from
where the one before left it. A widget is named by its objectName. A dialog opened with `exec()` blocks its scene
until it is closed: ours are shown with `open()`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

SCENES: list[Callable[[Stage], None]] = []
PAUSE_MS = 30  # after each act: the pointer's own events arrive late
CALM_S = 5.0
SETTLE_MS = 150  # hover delays and the last repaint, before a picture is taken


def wait(milliseconds: int) -> None:
    """Let the window live. Not `QTest.qWait`, which keeps the interpreter to itself, so that the engine starves."""
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def scene(function: Callable[[Stage], None]) -> Callable[[Stage], None]:
    SCENES.append(function)
    return function


class Stage:
    """The real window, and hands that use it as a person would."""

    def __init__(self, window: QWidget, folder: Path, variant: str) -> None:
        self.window = window
        self._folder = folder
        self._variant = variant  # the end of each picture's name: light, dark-1.5x, …
        self._number = 0
        self._scene = ""
        self._shots = 0

    def play(self, number: int, act: Callable[[Stage], None]) -> None:
        self._number, self._scene, self._shots = number, act.__name__.replace("_", "-"), 0
        act(self)

    def find(self, name: str) -> QWidget:
        """The visible widget of that objectName, in any of the application's windows."""
        visible = [widget for widget in QApplication.allWidgets() if widget.isVisible() and widget.objectName()]
        for widget in visible:
            if widget.objectName() == name:
                return widget
        raise LookupError(f"no visible widget {name!r} among {sorted({widget.objectName() for widget in visible})}")

    def calm(self) -> None:
        """Wait for what still runs: QTest keeps the interpreter to itself while events keep coming, and the engine starves."""
        end = time.monotonic() + CALM_S
        bar = self.window.findChild(QWidget, "jobProgress")
        while bar is not None and bar.isVisible() and time.monotonic() < end:
            wait(PAUSE_MS)

    def click(
        self, target: str | QWidget, at: tuple[int, int] | None = None, button: Qt.MouseButton = Qt.MouseButton.LeftButton
    ) -> None:
        self.calm()
        widget, point = self._aim(target, at)
        self._activate(widget)
        QTest.mouseMove(widget, point)
        wait(PAUSE_MS)
        QTest.mouseClick(widget, button, Qt.KeyboardModifier.NoModifier, point)
        wait(PAUSE_MS)

    def _activate(self, widget: QWidget) -> None:
        """What a window manager does, where there is none: once a dialog is closed nothing else is active, and keys are lost."""
        if QApplication.activeWindow() is None and QApplication.activePopupWidget() is None:
            widget.window().activateWindow()
            end = time.monotonic() + CALM_S
            while QApplication.activeWindow() is None and time.monotonic() < end:
                wait(PAUSE_MS)

    def hover(self, target: str | QWidget, at: tuple[int, int] | None = None) -> None:
        widget, point = self._aim(target, at)
        QTest.mouseMove(widget, point - QPoint(1, 1))  # a move to where the mouse already is would say nothing
        QTest.mouseMove(widget, point)
        wait(PAUSE_MS)

    def key(self, keys: str) -> None:
        """Press keys by their name, such as `Ctrl+Shift+P` or `Right`, where the focus is."""
        QTest.keySequence(self._focus(), QKeySequence(keys))
        wait(PAUSE_MS)

    def type(self, text: str) -> None:
        """Type where the focus is, character by character; QTest itself aborts on what is not ASCII."""
        for character in text:
            if character.isascii():
                QTest.keyClicks(self._focus(), character)
            else:
                press = QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, character)
                QApplication.sendEvent(self._focus(), press)

    def wait_for(self, predicate: Callable[[], object], timeout: float = 30.0) -> None:
        """Let the window live until the predicate holds."""
        end = time.monotonic() + timeout
        while not predicate():
            if time.monotonic() > end:
                raise TimeoutError(f"scene {self._scene}: not so after {timeout:g} s")
            wait(10)

    def shot(self, name: str = "", note: str = "") -> Path:
        """Save what the window's part of the screen shows, menus and dialogs included, and print the note with it."""
        wait(SETTLE_MS)
        part = "" if self._shots == 0 else chr(ord("a") + self._shots)
        words = "-".join(word for word in (self._scene, name, self._variant) if word)
        file = self._folder / f"{self._number:02}{part}-{words}.png"
        self._shots += 1
        self._picture().save(str(file))
        print(f"{file.name}  {note}".rstrip(), flush=True)
        return file

    def _picture(self) -> QPixmap:
        area: QRect = self.window.frameGeometry()
        picture = self.window.screen().grabWindow(0, area.x(), area.y(), area.width(), area.height())
        return picture if not picture.isNull() else self.window.grab()  # Wayland lets nobody read the screen

    def _aim(self, target: str | QWidget, at: tuple[int, int] | None) -> tuple[QWidget, QPoint]:
        widget = self.find(target) if isinstance(target, str) else target
        return widget, QPoint(*at) if at else widget.rect().center()

    def _focus(self) -> QWidget:
        focused, popup = QApplication.focusWidget(), QApplication.activePopupWidget()
        if popup and not (focused and popup.isAncestorOf(focused)):
            return popup  # a menu has the keys without having the focus
        return focused or QApplication.activeModalWidget() or self.window
