"""Turns what is typed and chosen into requests, and answers into pictures."""

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.jobs import Failure
from engine.requests import AttributionRequest, CatalogueRequest, ImageInput, Input, RecordInput, TextInput
from engine.results import AttributionResult, CatalogueResult, ModelInfo, OpenModelResult, PredictionResult
from engine.samples import Example, Sample
from gui.actions import Actions
from gui.choices import Choices
from gui.engine_thread import EngineThread
from gui.explanation import Explanation
from gui.known_maps import KnownMaps
from gui.memory import Memory
from gui.model_opening import ModelOpening
from gui.picture_desk import PictureDesk
from gui.record_desk import RecordDesk
from gui.settings import RECENT_MODELS, with_recent
from gui.subject import Subject
from gui.text_desk import TextDesk
from gui.views.message_bar import Message
from gui.workspace import Workspace

TYPING_PAUSE_MS = 150
OLD_MAP_STAYS_MS = 250  # so long the former map is shown over a new text; what takes longer begins with the bare text
ACCEPT = "accept_reinitialised"


class Conductor(QObject):
    """Decides when to ask, and where an answer goes."""

    message = Signal(object)  # Message
    bare_weights = Signal(str)  # a path that has to be imported first
    refused = Signal(str)  # a path that could not be opened; the model before stays
    untrusted_code = Signal(str)  # a path whose code may not be run yet
    cleared = Signal(str)  # a subject that is well again
    model_opened = Signal(object)  # ModelInfo
    map_changed = Signal()
    question_asked = Signal(object)  # AttributionRequest, or None: there is nothing to explain
    subject_changed = Signal(object)  # Subject, or None: there is nothing to ask about
    catalogue_shown = Signal()
    text_swapped = Signal(object, object)  # (text, pair, true label) before, after: by an example, a drop, a sample
    picture_swapped = Signal(object, object)  # (path, true label) before, after
    record_swapped = Signal(object, object)  # (RecordInput, true label) before, after
    row_put = Signal()  # a row of the data is on the desk, which is no step of its own

    def __init__(self, engine: EngineThread, workspace: Workspace, actions: Actions, memory: Memory) -> None:
        super().__init__(workspace)
        self._engine, self._workspace, self._actions, self._memory = engine, workspace, actions, memory
        self.opening, self.explanation = ModelOpening(engine, self), Explanation(engine, self)
        self.desk = TextDesk(workspace.input_panel.text, workspace.method_panel, memory, self)
        self.pictures = PictureDesk(workspace.input_panel.picture, workspace.method_panel, memory, self)
        self.records = RecordDesk(workspace.input_panel.record, workspace.method_panel, memory, self)
        self.model: ModelInfo | None = None
        self.map: AttributionResult | None = None
        self.known = KnownMaps()
        self.accepted_reinitialised = False
        self.beside_runs = False  # as told by whoever asks beside the main question
        self._samples: tuple[Sample, ...] = ()
        self._catalogue: int | None = None
        self._pending: Example | None = None
        self._anew = False  # the picture is read again to be explained again
        self._quietly = False  # a model is opened for a map that is there already
        self._engine_failed = ""
        self._pause, self._show_bare = _single_shot(self, TYPING_PAUSE_MS), _single_shot(self, OLD_MAP_STAYS_MS)
        self._bare: PredictionResult | None = None
        self._restore()
        self._connect()
        self._refresh_actions()

    def _restore(self) -> None:
        settings = self._memory.settings
        chosen = Choices(
            baselines=settings.baselines, background=settings.background, reduction=settings.reduction, seed=settings.seed
        )
        self._workspace.method_panel.restore(settings.method, settings.parameters, settings.score, chosen)
        self.desk.restore()
        self._actions["auto_run"].setChecked(settings.auto_run)

    def _connect(self) -> None:
        panel, text, view = self._workspace.method_panel, self._workspace.input_panel, self._workspace.attribution_view
        panel.changed.connect(self._on_choices_changed)
        panel.true_changed.connect(self._on_true_changed)
        text.edited.connect(self._on_edited)
        self.desk.true_changed.connect(self._on_true_changed)
        self.desk.swapped.connect(self.text_swapped)
        text.text.example_chosen.connect(self._on_example_chosen)
        self.records.true_changed.connect(self._on_true_changed)
        self.records.swapped.connect(self.record_swapped)
        text.record.example_chosen.connect(self._on_record_chosen)
        text.record.record_pasted.connect(self._on_record_pasted)
        text.record.refused.connect(self._on_row_refused)
        text.record.back_wanted.connect(self._on_record_back)
        self.pictures.true_changed.connect(self._on_true_changed)
        self.pictures.swapped.connect(self.picture_swapped)
        self.pictures.ready.connect(self._on_picture_ready)
        self.pictures.refused.connect(self._on_picture_refused)
        view.remedy_chosen.connect(panel.apply_remedy)
        self._workspace.prediction_view.target_chosen.connect(panel.set_target)
        self._workspace.prediction_view.versus_chosen.connect(panel.set_versus)
        self._workspace.model_panel.layer_chosen.connect(panel.set_unit_of)
        self._workspace.model_panel.layer_taken.connect(self._on_layer_taken)
        self._workspace.model_panel.accept_chosen.connect(self.accept_reinitialised)
        self._pause.timeout.connect(self._on_pause)
        self._show_bare.timeout.connect(self._on_show_bare)
        self.opening.opened.connect(self._on_opened)
        self.opening.failed.connect(self._on_opening_failed)
        self.opening.given_up.connect(self._on_opening_given_up)
        self.explanation.predicted.connect(self._on_predicted)
        self.explanation.attributed.connect(self._on_attributed)
        self.explanation.stopped.connect(self._on_stopped)
        self.explanation.failed.connect(self._on_failed)
        self._engine.unavailable.connect(self._on_engine_unavailable)
        self._engine.finished.connect(self._on_finished)
        self._actions["run"].triggered.connect(self.run)
        self._actions["auto_run"].toggled.connect(self._on_auto_run)
        self._actions["swap"].triggered.connect(panel.target_controls.swap)
        self._actions["true_versus"].triggered.connect(panel.target_controls.explain_predicted_versus_true)

    def start(self) -> None:
        """Ask for the catalogue; answered when the engine is ready."""
        self._catalogue = self._engine.submit(CatalogueRequest())

    def show_samples(self, samples: tuple[Sample, ...]) -> None:
        """Those installed."""
        self._samples = samples

    @Slot(str)
    def open_model(self, path: str) -> None:
        """The open one stays until the new one is there."""
        self._pending, self._quietly = None, False
        self._open(path)

    def open_quietly(self, path: str) -> None:
        """Without asking anything of it."""
        self._pending, self._quietly = None, True
        self._open(path)

    @Slot(str)
    def open_sample(self, name: str) -> None:
        """With its first example, run to a finished map."""
        sample = next((each for each in self._samples if each.name == name), None)
        if sample is not None:
            self._pending, self._quietly = (sample.examples[0] if sample.examples else None), False
            self._open(sample.path)

    @Slot()
    def accept_reinitialised(self) -> None:
        """The user knows that some weights are random."""
        if self.model is not None:
            self._open(self.model.path, accept=True)

    @Slot(str)
    def open_trusted(self, path: str) -> None:
        """Its code was consented to: go on with what was begun."""
        self._open(path)

    def _open(self, path: str, accept: bool = False) -> None:
        self.cleared.emit("opening")
        self.opening.open(path, accept, self._memory.settings.trusted)
        self._refresh_actions()

    @Slot()
    def run(self) -> None:
        """Now, whether or not anything has changed."""
        if self._reads_pictures and self.pictures.state()[0]:
            self.pictures.remember()
            self._anew = True
            self.pictures.read_again()
        elif self._reads_pictures:
            self._ask()
        else:
            self._own_desk.remember()
            self._ask(anew=True)

    @Slot()
    def cancel(self) -> None:
        """Whatever runs for the user; a partial map stays."""
        self._pause.stop()
        self.opening.cancel()
        self.explanation.cancel()

    @Slot(bool)
    def set_beside_runs(self, running: bool) -> None:
        """Something runs in the background that cancel would stop."""
        if running != self.beside_runs:
            self.beside_runs = running
            self._refresh_actions()

    def end(self) -> None:
        """The window closes: nothing more is asked."""
        self._pause.stop()
        self._show_bare.stop()

    def why_not_run(self) -> str | None:
        """As a sentence, or None."""
        if self._engine_failed:
            return self._engine_failed
        if self.model is None:
            return "Open a model first."
        if any(notice.blocking for notice in self.model.warnings) and not self.accepted_reinitialised:
            return "Some weights of this model are random; look at its warnings first."
        return None if self.model.can else self.model.unexplained_because

    def _ask(self, anew: bool = False) -> None:
        self._pause.stop()
        panel, given = self._workspace.method_panel, self._workspace.input_panel.given()
        if given is None:
            self.explanation.forget()
            self._show_nothing(self._workspace.input_panel.current.nothing)
            self._workspace.prediction_view.clear(None if self.model is None else self.model.unexplained_because)
            self.cleared.emit("running")
            self.question_asked.emit(None)
            self.subject_changed.emit(None)
        elif self.model is not None and self.why_not_run() is None:
            self._workspace.input_panel.show_hint("")
            choices = panel.choices()
            if "attribution" in self.model.can:
                request = choices.request(given, self.model.sha256)
                self._explain(request, anew)
                self.question_asked.emit(request)
            self.subject_changed.emit(Subject(self.model, given, choices.target))
        self._refresh_actions()

    def _explain(self, request: AttributionRequest, anew: bool) -> None:
        known = None if anew else self.known.get(request)
        if known is None:
            self.explanation.ask(request, self._workspace.method_panel.method_box.currentText())
            return
        self.explanation.forget()
        self._on_predicted(known.prediction)
        self._on_attributed(known)

    def _show_nothing(self, hint: str) -> None:
        self._show_bare.stop()
        self.map = None
        self._workspace.input_panel.show_hint(hint)
        kind = "text" if self.model is None else self.model.input_kind
        self._workspace.attribution_view.clear(None if self.model is None else self.model.unexplained_because, kind)
        self.map_changed.emit()

    @Slot()
    def _on_edited(self) -> None:
        self._own_desk.edited()
        self._pause.start()

    @Slot()
    def _on_choices_changed(self) -> None:
        panel = self._workspace.method_panel
        choices = panel.choices()
        self._memory.change_settings(
            method=panel.wanted_method,
            parameters=panel.wishes(),
            score=choices.target.score,
            baselines=panel.baseline_controls.wishes,
            background=panel.baseline_controls.path.text(),
            reduction=choices.reduction,
            seed=panel.seed,
        )
        self._pause.start()

    @Slot(str)
    def _on_layer_taken(self, layer: str) -> None:
        panel = self._workspace.method_panel
        if not panel.take_layer(layer):
            words = f"{panel.method_box.currentText()} looks at no single layer; Grad-CAM and the methods like it do."
            self.message.emit(Message("layer", words, "note"))
        else:
            self.cleared.emit("layer")

    @Slot()
    def _on_pause(self) -> None:
        given = self._workspace.input_panel
        self._own_desk.keep()
        if self._actions["auto_run"].isChecked() or given.given() is None:
            self._ask()
        elif self.model is not None:
            given.show_hint("Changed since the last run.")

    @Slot(bool)
    def _on_auto_run(self, on: bool) -> None:
        self._memory.change_settings(auto_run=on)
        if on:
            self._ask()

    @Slot(str, object)
    def _on_example_chosen(self, text: str, true: str | None) -> None:
        self.desk.swap(text, true)
        self._ask()

    @Slot(object, object)
    def _on_record_chosen(self, record: RecordInput, true: str | None) -> None:
        self.records.swap(record, true)
        self._ask()

    @Slot(object)
    def _on_record_pasted(self, record: RecordInput) -> None:
        self.cleared.emit("pasting")
        self.records.swap(record, None)
        self._ask()

    @Slot(object)
    def _on_record_back(self, record: RecordInput) -> None:
        self.records.go_back(record)
        self._ask()

    @Slot(str)
    def _on_row_refused(self, words: str) -> None:
        self.message.emit(Message("pasting", words))

    def put_text(self, text: str) -> None:
        """In place of what was typed."""
        self.desk.swap(text, None)
        self._pause.start()

    def put_row(self, input: Input, true: str | None, versus: str | None, swaps: bool) -> None:
        """A row of the data, explained at once.

        Args:
            true: its label, as the model names it.
            versus: as of a ``Target``, where the predicted class is what is explained.
            swaps: what was on the desk was typed, and comes back by undo.
        """
        if isinstance(input, RecordInput):
            self.records.swap(input, true) if swaps else self.records.put(input, true, remembers=False)
        elif isinstance(input, TextInput):
            self._put_text_row(input, true, swaps)
        self._workspace.method_panel.explain_versus(versus)
        self.row_put.emit()
        self._ask()

    def _put_text_row(self, input: TextInput, true: str | None, swaps: bool) -> None:
        if swaps:
            self.desk.swap(input.text, true, input.pair or "")
        else:
            self.desk.put(input.text, true, input.pair or "", remembers=False)
        self._show_pairs(input)

    def try_text(self, input: TextInput) -> None:
        """In place of the text before, explained at once; its true label stays: it is a variant of it."""
        true = self._workspace.method_panel.target_controls.true_label()
        self.desk.swap(input.text, true, input.pair or "")
        self._ask()

    def put_back(self, text: str, pair: str, true: str | None) -> None:
        """A swap of texts is undone or redone."""
        self.desk.put(text, true, pair)
        self._ask()

    def put_record_back(self, record: RecordInput, true: str | None) -> None:
        """A swap of records is undone or redone."""
        self.records.put(record, true)
        self._ask()

    def put_picture_back(self, path: str, true: str | None) -> None:
        """A swap of pictures is undone or redone."""
        self.pictures.put(path, true)

    def put_stored(self, given: Input, true: str | None) -> None:
        """Of a map from before, without asking."""
        if isinstance(given, ImageInput):
            self.pictures.show(given, true)
        elif isinstance(given, RecordInput):
            self.records.swap(given, true)
        elif isinstance(given, TextInput):
            self.desk.swap(given.text, true, given.pair or "")
            self._show_pairs(given)

    def _show_pairs(self, text: TextInput) -> None:
        reads_pairs = text.pair is not None or (self.model is not None and self.model.reads_pairs)
        self._workspace.input_panel.text.show_pairs(reads_pairs)

    @property
    def _own_desk(self) -> TextDesk | RecordDesk:
        """What is typed into, by the model that is open."""
        return self.records if self.model is not None and self.model.input_kind == "record" else self.desk

    @property
    def _reads_pictures(self) -> bool:
        return self.model is not None and self.model.input_kind == "image"

    @Slot()
    def _on_picture_ready(self) -> None:
        """Explained at once, as an example is; a new one waits for its model where none is open."""
        anew, self._anew = self._anew, False
        if self._reads_pictures:
            self._ask(anew)

    @Slot(str, str)
    def _on_picture_refused(self, _words: str, _detail: str) -> None:
        self._anew = False
        if self._reads_pictures:
            self._ask()

    def show_stored(self, result: AttributionResult) -> None:
        """A map from before; nothing is computed."""
        self._pause.stop()
        self.explanation.forget()
        self._workspace.input_panel.show_hint("As it was pinned; Run makes it anew.")
        self.question_asked.emit(None)  # of this text: other methods beside it would have to be computed
        self.subject_changed.emit(None)
        self._on_predicted(result.prediction)
        self._on_attributed(result)
        if result.progress < 1:
            self._workspace.attribution_view.show_stopped()

    def forget_question(self) -> None:
        """Text and settings were put back for another view, which asks by itself."""
        self._pause.stop()
        self.explanation.forget()
        self._show_nothing("")
        self.question_asked.emit(None)
        self.subject_changed.emit(None)

    @Slot()
    def _on_true_changed(self) -> None:
        self._workspace.prediction_view.set_true(self._workspace.method_panel.target_controls.true_label())
        self._refresh_actions()

    @Slot(object)
    def _on_opened(self, result: OpenModelResult) -> None:
        before = self.model
        self.model, self.accepted_reinitialised = result.info, result.request.accept_reinitialised
        self.explanation.forget()
        self.known.clear()
        self._show_nothing("")
        self._workspace.prediction_view.clear(result.info.unexplained_because)
        self._workspace.model_panel.show_model(result.info)
        self._workspace.method_panel.show_model(result.info)
        if before is not None and before.input_kind != result.info.input_kind:
            self._workspace.method_panel.set_true(None)  # it was that of something else
        if result.info.fields:
            self.records.remember()  # fields that this model does not have go
        self._workspace.input_panel.show_model(result.info)
        sample = next((each for each in self._samples if each.path == result.info.path), None)
        examples = sample.examples if sample else ()
        self._workspace.input_panel.text.show_examples(tuple(each for each in examples if each.image is None))
        self._workspace.input_panel.picture.show_examples(tuple(each for each in examples if each.image is not None))
        self._workspace.input_panel.record.show_examples(examples)
        if result.info.input_kind == "record":
            self.records.wake()
        recent = with_recent(self._memory.settings.recent_models, result.info.path, RECENT_MODELS)
        self._memory.change_settings(recent_models=recent)
        self.model_opened.emit(result.info)
        self.cleared.emit("opening")
        self.cleared.emit("running")
        self._show_blocking()
        pending, self._pending = self._pending, None
        if pending is not None and pending.image is not None:
            self.pictures.remember()
            self.pictures.put(pending.image, pending.true)  # asked about once it has been read
        elif pending is not None:
            self._put_example(pending)
            self._ask()
        elif self._actions["auto_run"].isChecked() and self._workspace.input_panel.given() is not None and not self._quietly:
            self._ask()
        elif self._reads_pictures and not self._quietly:
            self.pictures.wake()
        self._quietly = False
        self._on_true_changed()

    def _put_example(self, example: Example) -> None:
        if example.record is not None:
            self.records.put(example.record, example.true)
        else:
            self.desk.put(example.text, example.true)

    def _show_blocking(self) -> None:
        blocking = [notice for notice in self.model.warnings if notice.blocking] if self.model else []
        if blocking and not self.accepted_reinitialised:
            words = " ".join(notice.message for notice in blocking)
            self.message.emit(Message("model", words, "warning", action=ACCEPT, action_text="Use it anyway"))
        else:
            self.cleared.emit("model")

    @Slot(str, object)
    def _on_opening_failed(self, path: str, failure: Failure) -> None:
        if failure.kind == "bare_weights":
            self.bare_weights.emit(path)
        elif failure.kind == "untrusted_code":
            self.untrusted_code.emit(path)
        elif failure.kind != "no_engine":  # said already, once for all
            stays = f" {self.model.name} stays open." if self.model is not None else ""
            self.message.emit(Message("opening", f"{failure.message}{stays}", detail=failure.detail))
            self.refused.emit(path)
        self._refresh_actions()

    @Slot(str)
    def _on_opening_given_up(self, path: str) -> None:
        self._refresh_actions()

    @Slot(object)
    def _on_predicted(self, result: PredictionResult) -> None:
        problem, unit = (self.model.problem_type, self.model.value_unit) if self.model else (None, "")
        self._workspace.prediction_view.show_result(result, problem, unit)
        self._workspace.method_panel.show_prediction(result)
        self._workspace.input_panel.show_prediction(result)
        self._on_true_changed()
        self._bare = result
        self._show_bare.start()

    @Slot()
    def _on_show_bare(self) -> None:
        if self._bare is not None and (self.map is None or self.map.request.input != self._bare.request.input):
            self._workspace.attribution_view.show_prediction(self._bare)

    @Slot(object)
    def _on_attributed(self, result: AttributionResult) -> None:
        self._show_bare.stop()
        self.map = result
        self.known.add(result)
        self._workspace.attribution_view.show_result(result)
        self._workspace.method_panel.show_result(result)
        target, versus = (*result.target.outputs, None, None)[:2]
        self._workspace.prediction_view.set_target(target, versus)
        self.cleared.emit("running")
        self.map_changed.emit()
        self._refresh_actions()

    @Slot()
    def _on_stopped(self) -> None:
        self._show_bare.stop()
        self._workspace.attribution_view.show_stopped()
        self._refresh_actions()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._show_nothing("")
        if failure.kind == "no_engine":
            return
        self.message.emit(Message("running", failure.message, detail=failure.detail))
        self._refresh_actions()

    @Slot(int, object)
    def _on_finished(self, ticket: int, result: object) -> None:
        if ticket == self._catalogue and isinstance(result, CatalogueResult):
            self._workspace.method_panel.show_catalogue(result.methods)
            self.catalogue_shown.emit()
            self._refresh_actions()

    @Slot(object)
    def _on_engine_unavailable(self, failure: Failure) -> None:
        self._engine_failed = failure.message
        self.message.emit(Message("engine", failure.message, detail=failure.detail))
        self._refresh_actions()

    def _refresh_actions(self) -> None:
        self._actions.set_available("run", self.why_not_run())
        running = self.opening.running or self.explanation.running or self.beside_runs
        self._actions.set_available("cancel", None if running else "Nothing is running.")
        controls = self._workspace.method_panel.target_controls
        self._actions.set_available("swap", None if controls.target().versus else "Choose a second class under Versus first.")
        self._actions.set_available("true_versus", None if controls.is_wrong else "No true label is given, or the model agrees.")


def _single_shot(parent: QObject, milliseconds: int) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    return timer
