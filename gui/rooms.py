"""A tab beside Attribution, and when it asks: while it is in sight, about the subject of the moment."""

import base64
from collections.abc import Hashable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.findings import SeenView, request_as_json
from engine.jobs import Failure, Partial
from engine.requests import Parameter, Request
from engine.results import InputKind, ModelInfo
from gui.actions import ActionDescription, Actions
from gui.cells.marks import MarksStore
from gui.conductor import Conductor
from gui.dialogs import Dialogs
from gui.history import History
from gui.job_lanes import Lane
from gui.keeping import Kept
from gui.memory import Memory
from gui.saving import png_of
from gui.side_jobs import SideJobs
from gui.subject import Subject
from gui.workspace import Workspace

READS: dict[InputKind, str] = {"text": "texts", "image": "pictures", "record": "records"}


@dataclass(frozen=True, slots=True, eq=False)
class House:
    """What all rooms share."""

    jobs: SideJobs
    conductor: Conductor
    workspace: Workspace
    actions: Actions
    memory: Memory
    history: History
    dialogs: Dialogs
    marks: MarksStore  # on cells


class Room(QObject):
    """A subclass names its request in ``request_for`` and draws in the four ``show_…`` methods.

    A room that waits for a button overrides ``request_for`` to return None, and calls ``ask`` by itself. Its action
    ``view_<key>`` brings it into sight.
    """

    key = ""  # also the key of its jobs
    title = ""  # on the tab
    icon = ""
    hint = ""
    shortcuts: tuple[str, ...] = ()
    lane = Lane.BACKGROUND
    reads: tuple[InputKind, ...] = ("text",)  # what the model has to read for it to have anything to say
    pins_map = False  # what is pinned while it is in sight is the map of the text on the desk

    kept_changed = Signal()  # there is something else to take along
    note = Signal(str)  # for the status bar
    read_out_changed = Signal(str)  # likewise, of what is under the pointer

    def __init__(self, view: QWidget, house: House) -> None:
        super().__init__(house.workspace)
        self.view, self._house = view, house
        self.subject: Subject | None = None
        self._due = False  # the subject has changed since it was asked about
        self._asked: Request | None = None  # what is shown, or awaited
        house.workspace.tabs.addTab(view, self.title)
        action = house.actions.add(
            ActionDescription(f"view_{self.key}", f"View: {self.title}", "View", self.icon, self.shortcuts, self.hint)
        )
        action.triggered.connect(self.enter)
        house.workspace.tabs.currentChanged.connect(self._on_tab)
        house.conductor.model_opened.connect(self._on_model_opened)
        house.conductor.subject_changed.connect(self._on_subject)
        house.jobs.progressed.connect(self._on_progressed)
        house.jobs.answered.connect(self._on_answered)
        house.jobs.failed.connect(self._on_failed)
        house.jobs.stopped.connect(self._on_stopped)

    # What a subclass says

    def request_for(self, subject: Subject) -> Request | None:
        """What to ask when ``subject`` is new and the room in sight; None: nothing by itself."""
        return None

    def kept(self) -> Kept | None:
        """What can be saved and copied, or None while there is nothing."""
        return None

    def caption(self) -> tuple[str, str] | None:
        """Of what is on screen, for its finding: what it shows in one line, and the facts; None: nothing worth pinning."""
        return None

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """What else was chosen in the view, and belongs to a finding."""
        return ()

    def restore(self, state: tuple[tuple[str, Parameter], ...]) -> None:
        """The inverse of ``state``, before the answer is there; what is not known is left."""

    def show_model(self, model: ModelInfo) -> None:
        """Another model is open: what was shown belongs to the one before."""

    def show_subject(self, subject: Subject | None) -> None:
        """It is about to be asked about; None: there is no text."""

    def show_answer(self, result: object, whole: bool) -> None:
        """A result, finished (``whole``) or still growing."""

    def show_progress(self, partial: Partial) -> None:
        """How far it is, whether or not there is something to show."""

    def show_failure(self, failure: Failure) -> None:
        """Why there is none, in words."""

    def show_stopped(self) -> None:
        """By the user; what there is stays."""

    def show_refusal(self, words: str) -> None:
        """The open model reads what this room has nothing to say about: why it stays empty."""

    # What all do alike

    def refusal(self) -> str | None:
        """Why the open model is none for this room, as a sentence; None: it is, or there is none."""
        model = self._house.conductor.model
        if model is None or model.input_kind in self.reads:
            return None
        wanted = " and ".join(READS[kind] for kind in self.reads)
        return f"{self.title} is there for models that read {wanted}; this one reads {READS[model.input_kind]}."

    @property
    def in_sight(self) -> bool:
        """Whether its tab is the current one."""
        return self._house.workspace.tabs.currentWidget() is self.view

    @property
    def asked(self) -> Request | None:
        """What is shown, or awaited: a finding asks it again."""
        return self._asked

    @property
    def running(self) -> bool:
        """Whether an answer is awaited."""
        return self._house.jobs.runs(self.key)

    def ask(self, request: Request) -> None:
        """In place of what was asked before."""
        self._asked = request
        self._house.jobs.ask(self.key, request, self.title, self.lane)

    def stop(self) -> None:
        """``show_stopped`` follows."""
        self._house.jobs.stop(self.key)

    def forget(self) -> None:
        """Whatever still comes is not for the screen."""
        self._house.jobs.forget(self.key)

    def seen(self) -> SeenView | None:
        """What is on screen, to be pinned."""
        caption, model, desk = self.caption(), self._house.conductor.model, self._house.workspace
        asked = self.asked
        if caption is None or model is None or asked is None:
            return None
        target, true = desk.method_panel.target_controls.target(), desk.method_panel.target_controls.true_label()
        kind, request = request_as_json(asked)
        if self.refusal() is not None:
            return None
        input = desk.input_panel.given() or desk.input_panel.input()
        return SeenView(
            self.key, *caption, model.path, model.sha256, input, target, true, kind, request, self.state(), self._png()
        )

    def show_seen(self, seen: SeenView) -> None:
        """A view that was pinned: the same question again."""
        self.enter()
        self._due = False
        self.restore(seen.state)
        self.ask(seen.asked())

    def _png(self) -> str:
        return base64.b64encode(png_of(self.view.grab().toImage())).decode("ascii")

    @Slot()
    def enter(self) -> None:
        """Bring it into sight."""
        self._house.workspace.tabs.setCurrentWidget(self.view)
        self.view.setFocus()

    def _ask_if_due(self) -> None:
        if not (self._due and self.in_sight):
            return
        self._due = False
        if self.refusal() is not None:
            return
        self.show_subject(self.subject)
        request = self.request_for(self.subject) if self.subject is not None else None
        if request is not None:
            self.ask(request)

    @Slot(int)
    def _on_tab(self, _index: int) -> None:
        self._ask_if_due()

    @Slot(object)
    def _on_model_opened(self, model: ModelInfo) -> None:
        self.subject, self._due, self._asked = None, False, None
        self.show_model(model)
        because = self.refusal()
        if because is not None:
            self.show_refusal(because)

    @Slot(object)
    def _on_subject(self, subject: Subject | None) -> None:
        self.subject, self._due = subject, True
        self._ask_if_due()

    @Slot(object, object)
    def _on_progressed(self, key: Hashable, partial: Partial) -> None:
        if key == self.key:
            self.show_progress(partial)

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == self.key:
            self.show_answer(result, whole)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == self.key:
            self.show_failure(failure)

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == self.key:
            self.show_stopped()
