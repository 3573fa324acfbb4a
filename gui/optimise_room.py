"""The tab Optimise: looks for a text when Start is pressed, towards the target of the method panel."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Slot

from engine.command_line import optimisation_command
from engine.export.optimisation_file import to_csv, to_json_text
from engine.jobs import Failure
from engine.requests import OptimisationRequest, Request, Target, TextInput
from engine.results import ModelInfo, TextOptimisationResult
from gui.choices import PREDICTED, TRUE
from gui.keeping import Kept
from gui.kept_view import FileKind, KeptView
from gui.rooms import House, Room
from gui.subject import Subject
from gui.views.optimise import OptimiseView
from gui.views.sheet import framed


class OptimiseRoom(Room):
    """What was found stays until another model is open or Start is pressed again."""

    key, title, icon = "optimise", "Optimise", "trend-up"
    hint = "The text that makes the target as high as it can be."

    def __init__(self, house: House) -> None:
        self._view = OptimiseView()
        super().__init__(framed(self._view), house)
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
        result, accepted = self._result, self._house.conductor.accepted_reinitialised
        if result is None:
            return None

        def line(_texts: Path) -> str:
            return optimisation_command(result, accepted)

        kinds = {
            ".json": FileKind("JSON with every number", lambda: to_json_text(result).encode("utf-8", "backslashreplace")),
            ".csv": FileKind("Table, one row per step", partial(to_csv, result)),
        }
        stopped = f"this search stopped at {result.progress:.0%}" if result.progress < 1 else ""
        return KeptView(f"{result.model.name}-optimised", kinds, line, self._view.picture, stopped)

    def caption(self) -> tuple[str, str] | None:
        """See ``Room``."""
        return None if self._result is None else self._view.in_words()

    def ask(self, request: Request) -> None:
        """See ``Room``; also a search that was pinned begins here."""
        self._view.show_running(True)
        super().ask(request)

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``."""
        self.forget()
        self._result = None
        self._view.show_running(False)
        self._view.clear()
        self._on_target_changed()
        self.kept_changed.emit()

    def show_refusal(self, words: str) -> None:
        """See ``Room``."""
        self._view.show_message(words)

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
        because = self.refusal() or self._house.conductor.why_not_run()
        if request is None or because is not None:
            self.note.emit(because or "Open a model first.")
            return
        self.ask(request)

    @Slot(object)
    def _on_text_chosen(self, text: TextInput) -> None:
        if text.pair is None:
            self._house.conductor.put_text(text.text)
        else:
            self._house.conductor.put_back(text.text, text.pair, None)
        self.note.emit("On the desk; undo brings back the text before.")
