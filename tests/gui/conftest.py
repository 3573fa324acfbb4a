"""A whole window on a stub engine, put away properly after each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.samples import Example, Sample
from gui.engine_thread import EngineThread
from gui.main_window import MainWindow
from gui.memory import Memory
from gui.view_actions import apply_theme
from tests.gui.stub_engine import StubEngine

PATIENCE = 5000
SAMPLES = (
    Sample(
        "film-mood",
        "Film mood",
        "text_classification",
        "Calls a sentence about a film negative, neutral or positive.",
        "/models/film-mood",
        (
            Example("Not once does it come close to being exciting.", "negative", "misread"),
            Example("A triumph.", "positive", ""),
        ),
    ),
)


class StubDialogs:
    """Answers as told, without a dialog."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.path: Path | None = None
        self.suggested: Path | None = None
        self.file: str | None = None

    def model_folder(self, parent: object, start: str) -> str | None:
        return self.folder

    def checkpoint_file(self, parent: object, start: str) -> str | None:
        return self.file

    def vocabulary_file(self, parent: object, start: str) -> str | None:
        return self.file

    def new_folder(self, parent: object, suggested: Path) -> Path | None:
        self.suggested = suggested
        return self.path

    def save_path(self, parent: object, suggested: Path, filters: dict[str, str]) -> Path | None:
        self.suggested = suggested
        return self.path

    def texts_file(self, parent: object, start: str) -> str | None:
        return self.folder

    def data_file(self, parent: object, start: str) -> str | None:
        return self.file

    def picture_file(self, parent: object, start: str) -> str | None:
        return self.file

    def corpus(self, parent: object, start: str, folder: bool) -> str | None:
        return self.folder if folder else self.file

    def report_path(self, parent: object, suggested: Path) -> Path | None:
        return self.save_path(parent, suggested, {})


class Stage:
    """One window and what drives it."""

    def __init__(self, qtbot: QtBot, home: Path, stub: StubEngine) -> None:
        self.qtbot, self.home, self.stub, self.closed = qtbot, home, stub, False
        for folder in ("config", "state"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        self.memory = Memory(home / "config", home / "state")
        self.dialogs = StubDialogs()
        self.engine = EngineThread(lambda: stub)
        self.window = MainWindow(self.engine, self.memory, SAMPLES, self.dialogs)
        self.window.resize(1280, 800)

    def start(self, path: str | None = None) -> "Stage":
        self.window.show()
        self.window.start(path)
        self.until(lambda: self.window.workspace.method_panel.method_box.count() > 0)
        return self

    def open(self, path: str = "/models/film-mood") -> "Stage":
        self.window.conductor.open_model(path)
        self.until(lambda: self.window.conductor.model is not None and self.window.conductor.model.path == path)
        return self

    def type(self, text: str) -> None:
        editor = self.window.workspace.input_panel.editor
        editor.selectAll()
        editor.insertPlainText(text)

    def until(self, true: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(true, timeout=PATIENCE)

    def until_explained(self, text: str | None = None) -> None:
        self.until(
            lambda: (
                self.window.conductor.map is not None
                and self.window.conductor.map.progress == 1
                and (text is None or self.window.conductor.map.request.input.text == text)
                and not self.window.conductor.explanation.running
            )
        )

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self.engine.running:
            with self.qtbot.waitSignal(self.window.closed, timeout=PATIENCE):
                self.window.close()
        else:
            self.window.close()
        assert self.engine.wait()
        self.window.deleteLater()


@pytest.fixture
def stub() -> StubEngine:
    return StubEngine()


@pytest.fixture
def make_stage(qtbot: QtBot, qapp: QApplication, tmp_path: Path, stub: StubEngine) -> Iterator[Callable[[], Stage]]:
    apply_theme("light")
    stages: list[Stage] = []

    def make() -> Stage:
        stages.append(Stage(qtbot, tmp_path / "nl", stub))
        return stages[-1]

    yield make
    for stage in stages:
        stage.close()


@pytest.fixture
def stage(make_stage: Callable[[], Stage]) -> Stage:
    """Started, no model open."""
    return make_stage().start()
