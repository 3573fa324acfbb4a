"""The tab Optimise: looks for a text when Start is pressed, towards the target of the method panel."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QImage

from engine.atomic_file import save
from engine.command_line import optimisation_command
from engine.errors import UserError
from engine.export.optimisation_file import to_csv, to_json_text
from engine.jobs import Failure
from engine.requests import OptimisationRequest, Target, TextInput
from engine.results import ModelInfo, TextOptimisationResult
from gui.choices import PREDICTED, TRUE
from gui.keeping import Kept
from gui.rooms import House, Room
from gui.saving import png_of
from gui.subject import Subject
from gui.views.optimise import OptimiseView


class KeptOptimisation:
    """A search and what it found."""

    filters = {
        ".json": "JSON with every number (*.json)",
        ".csv": "Table, one row per step (*.csv)",
        ".png": "Picture (*.png)",
    }

    def __init__(self, result: TextOptimisationResult, accepted: bool, draw: Callable[[], QImage]) -> None:
        self._result, self._accepted, self.picture = result, accepted, draw
        self.name = f"{result.model.name}-optimised"
        self.unfinished = f"this search stopped at {result.progress:.0%}" if result.progress < 1 else ""

    def save(self, path: Path) -> None:
        """See ``Kept``."""
        suffix = path.suffix.lower()
        if suffix not in self.filters:
            raise UserError(f"This cannot be saved as “{path.name}”; end the name in one of {', '.join(self.filters)}.", "suffix")
        if suffix == ".json":
            content = to_json_text(self._result).encode("utf-8", "backslashreplace")
        else:
            content = to_csv(self._result) if suffix == ".csv" else png_of(self.picture())
        save(path, content)

    def command(self, texts: Path) -> str:
        """See ``Kept``."""
        return optimisation_command(self._result, self._accepted)


class OptimiseRoom(Room):
    """What was found stays until another model is open or Start is pressed again."""

    key, title, icon = "optimise", "Optimise", "trend-up"
    hint = "The text that makes the target as high as it can be."

    def __init__(self, house: House) -> None:
        self._view = OptimiseView()
        super().__init__(self._view, house)
        self._result: TextOptimisationResult | None = None
        self._view.start_chosen.connect(self._on_start)
        self._view.stop_chosen.connect(self.stop)
        self._view.text_chosen.connect(self._on_text_chosen)
        self._view.read_out_changed.connect(self.read_out_changed)
        house.workspace.method_panel.changed.connect(self._on_target_changed)
        house.conductor.map_changed.connect(self._on_target_changed)
        self._on_target_changed()

    def request(self) -> OptimisationRequest | None:
        """What Start would ask; None while no model is open."""
        model = self._house.conductor.model
        if model is None:
            return None
        settings, target = self._view.settings(), self._target()
        start = self._house.workspace.input_panel.input() if settings.from_text else None
        if start is None:
            target = replace(self._spelled_out(target), position=None)
        return OptimisationRequest(
            model.sha256, target, settings.mode, settings.tokens, start, settings.steps, seed=settings.seed
        )

    def kept(self) -> Kept | None:
        """See ``Room``."""
        if self._result is None:
            return None
        return KeptOptimisation(self._result, self._house.conductor.accepted_reinitialised, self._view.picture)

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``."""
        self.forget()
        self._result = None
        self._view.show_running(False)
        self._view.clear()
        self._on_target_changed()
        self.kept_changed.emit()

    def show_subject(self, subject: Subject | None) -> None:
        """See ``Room``."""
        self._on_target_changed()

    def show_answer(self, result: object, whole: bool) -> None:
        """See ``Room``."""
        assert isinstance(result, TextOptimisationResult)
        self._result = result
        self._view.show_result(result)
        if whole:
            self._view.show_running(False)
        self.kept_changed.emit()

    def show_failure(self, failure: Failure) -> None:
        """See ``Room``."""
        self._result = None
        self._view.show_running(False)
        self._view.show_message(failure.message)
        self.kept_changed.emit()

    def show_stopped(self) -> None:
        """See ``Room``."""
        self._view.show_running(False)
        self._view.show_stopped()

    def _target(self) -> Target:
        return self._house.workspace.method_panel.choices().target

    def _spelled_out(self, target: Target) -> Target:
        """Of random tokens nobody knows what is predicted: what is predicted of the text above is meant."""
        shown = self._house.conductor.map
        if target.choice != PREDICTED or shown is None:
            return target
        return replace(target, choice=f"index:{shown.prediction.predicted.index}")

    def _words(self) -> str:
        target, shown = self._target(), self._house.conductor.map
        names = {TRUE: target.true or TRUE}
        if shown is not None and shown.prediction.predicted.label is not None:
            names[PREDICTED] = shown.prediction.predicted.label
        chosen = names.get(target.choice, target.choice)
        versus = "" if target.versus is None else f" versus {names.get(target.versus, target.versus)}"
        unit = "activation" if target.choice.startswith("unit:") else target.score.replace("_", " ")
        return f"{chosen}{versus} ({unit})"

    @Slot()
    def _on_target_changed(self) -> None:
        self._view.show_towards(self._words())

    @Slot()
    def _on_start(self) -> None:
        request = self.request()
        because = self._house.conductor.why_not_run()
        if request is None or because is not None:
            self.note.emit(because or "Open a model first.")
            return
        self._view.show_running(True)
        self.ask(request)

    @Slot(object)
    def _on_text_chosen(self, text: TextInput) -> None:
        if text.pair is None:
            self._house.conductor.put_text(text.text)
        else:
            self._house.conductor.put_back(text.text, text.pair, None)
        self.note.emit("On the desk; undo brings back the text before.")
