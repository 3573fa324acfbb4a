"""Asks whether the model uses the unit in evidence, remembers the answers, and shows the one that fits what is chosen."""

from collections.abc import Hashable

from PySide6.QtCore import QObject, Signal, Slot

from engine.cells import AblationResult, Cell
from engine.detective import DetectResult, EffectResult
from engine.jobs import Failure, Partial
from engine.requests import AblationRequest, EffectRequest, How, TextInput, effect_request
from engine.usage_verdict import in_short, usage_verdict, use_of
from engine.verdict import hypothesis_in_words
from gui.detective.ablation_page import EMPTY
from gui.detective.question import predicate_label
from gui.detective.view import DetectiveView
from gui.job_lanes import Lane
from gui.side_jobs import SideJobs

EFFECT, EXAMPLE = "detective:effect", "detective:example"
WRITTEN = 60  # tokens that a language model writes after an example
NO_LANGUAGE_MODEL = "This model is no language model: no cell can change its loss at a position."
OF_WHOLE_TEXTS = "A column says one thing of a whole text: there is no place in it at which to compare the loss."


class UsageDesk(QObject):
    """Nothing is asked before Ablate is pressed; then also about each example that is looked at."""

    changed = Signal()  # there is something else to take along

    def __init__(self, jobs: SideJobs, view: DetectiveView, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs, self._view, self._page = jobs, view, view.ablation
        self._result: DetectResult | None = None  # that all answers are about
        self._answers: dict[EffectRequest, EffectResult] = {}
        self._examples: dict[AblationRequest, AblationResult] = {}
        self._running: EffectRequest | None = None
        self._awaited: AblationRequest | None = None
        self._page.asked.connect(self._on_asked)
        self._page.stop_chosen.connect(self._on_stop)
        self._page.choice_changed.connect(self.refresh)
        view.unit_changed.connect(self.refresh)
        self._page.place_changed.connect(self._show_example)
        jobs.progressed.connect(self._on_progressed)
        jobs.answered.connect(self._on_answered)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)

    @property
    def answer(self) -> EffectResult | None:
        """What is on the page, to the end."""
        request = self._request()
        return None if request is None else self._answers.get(request)

    def _request(self, cells: tuple[Cell, ...] | None = None) -> EffectRequest | None:
        finding, page, unit = self._view.finding, self._page, self._view.unit
        if finding is None or self._view.result is None or unit is None:
            return None
        part = None if finding is self._view.result.whole else finding.pattern
        value = page.value.value() if page.how == "value" else 0.0
        return effect_request(self._view.result.request, cells or page.cells, part, page.how, value)

    def _why_not(self) -> str:
        """Why this cannot be asked of what is shown, if it cannot."""
        result = self._view.result
        if result is None or result.model.task != "causal_lm":
            return NO_LANGUAGE_MODEL
        return OF_WHOLE_TEXTS if result.request.column is not None else ""

    @Slot()
    def refresh(self) -> None:
        """What is known about what is chosen; the view shows another result, or none."""
        result = self._view.result
        if self._result is not None and (result is None or result.request != self._result.request):
            self._forget()
        self._result = result
        request = self._request()
        running = self._running is not None and request == self._running
        self._page.show_running(running)
        if request is None:
            return
        known = self._answers.get(request)
        if known is not None:
            self._show_effect(known, True)
        elif not running:
            self._page.show_words(self._why_not() or EMPTY)
        else:
            self._page.show_words("Starting…")
        self._page.show_available(self._why_not())
        self._show_example()
        self.changed.emit()

    def _forget(self) -> None:
        for key in (EFFECT, EXAMPLE):
            self._jobs.forget(key)
        self._running = self._awaited = None
        self._answers.clear()
        self._examples.clear()

    def _show_effect(self, answer: EffectResult, whole: bool) -> None:
        finding, unit, result = self._view.finding, self._view.unit, self._view.result
        assert finding is not None
        assert unit is not None
        assert result is not None
        name = hypothesis_in_words(result.request, finding, predicate_label(result.request.predicate))
        together = None
        if self._page.together and answer.request.cells != self._page.together:
            asked = self._request(self._page.together)
            together = self._answers.get(asked) if asked is not None else None
        short = in_short(unit, use_of(answer.effect, None if together is None else together.effect))
        self._page.show_effect(answer, short, usage_verdict(answer, unit, name, together), whole)

    # The example

    @Slot()
    def _show_example(self) -> None:
        """As soon as the effect is known, at the same value."""
        known, place = self.answer, self._page.place
        if known is None or place is None:
            self._page.show_example(None)
            return
        request = _example(known, TextInput(place.before + place.text))
        found = self._examples.get(request)
        self._page.show_example(found)
        if found is None and request != self._awaited:
            self._awaited = request
            self._jobs.ask(EXAMPLE, request, "Reading the example")

    # What the engine says

    @Slot()
    def _on_asked(self) -> None:
        request = self._request()
        if request is None or self._why_not():
            return
        self._running = request
        self._answers.pop(request, None)
        self._page.show_words("Starting…")
        self._page.show_running(True)
        self._jobs.ask(EFFECT, request, "Holding cells", Lane.SCAN)
        self.changed.emit()

    @Slot()
    def _on_stop(self) -> None:
        self._jobs.stop(EFFECT)

    @Slot(object, object)
    def _on_progressed(self, key: Hashable, partial: Partial) -> None:
        if key == EFFECT and self._running == self._request():
            self._page.show_progress(partial)

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == EFFECT and isinstance(result, EffectResult):
            if whole:
                self._running = None
                self._answers[result.request] = result
                self.refresh()
            elif result.request == self._request():
                self._show_effect(result, False)
        elif key == EXAMPLE and isinstance(result, AblationResult) and whole:
            self._awaited = None
            self._examples[result.request] = result
            self._show_example()

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == EFFECT:
            shown = self._running == self._request()
            self._running = None
            self._page.show_running(False)
            if shown:
                self._page.show_words(failure.message, wrong=True)
        elif key == EXAMPLE:
            self._page.show_example(None, failure.message)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == EFFECT:
            shown = self._running == self._request()
            self._running = None
            self._page.show_running(False)
            if shown:
                self._page.show_stopped()
        elif key == EXAMPLE:
            self._awaited = None


def _example(known: EffectResult, input: TextInput) -> AblationRequest:
    """Held at the corpus's mean where there is one value for it, else as it was asked."""
    request, effect = known.request, known.effect
    mean = request.how == "mean" and len(request.cells) == 1
    how: How = "value" if mean else request.how
    value = effect.held_at[0] if mean else request.value
    return AblationRequest(request.model_sha256, input, request.cells, how, value, generate=WRITTEN)
