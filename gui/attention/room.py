"""The tab Attention: every head on what is on the desk, one map at a time, and how far heads agree with an attribution."""

from collections.abc import Hashable
from dataclasses import fields, replace
from functools import partial
from typing import get_args

from PySide6.QtCore import Slot

from engine.attention_maps import AttentionResult, HeadAgreement, HeadMap
from engine.command_line import attention_command
from engine.export.head_map_files import HEAD_MAP_KINDS
from engine.heatmaps.token_names import quoted
from engine.jobs import Failure
from engine.requests import (
    AttentionQuantity,
    AttentionRequest,
    AttributionRequest,
    HeadAgreementRequest,
    HeadsMerged,
    ImageInput,
    Parameter,
    Request,
    Stack,
    Target,
    TextInput,
    as_text,
)
from engine.results import ModelInfo
from gui.attention.choice import Choice
from gui.attention.film_desk import FilmDesk
from gui.attention.tfidf_desk import TfidfDesk
from gui.attention.view import FILM, PAGES, TFIDF, AttentionView
from gui.attention.words import TYPE, about_target, has_attention, has_target, map_name, to_come, verified, without_attention
from gui.job_lanes import Lane
from gui.keeping import Kept
from gui.kept_view import FileKind, KeptView, picture_of
from gui.rooms import House, Room
from gui.subject import Subject

_MAP, _AGREEMENT = "attention.map", "attention.agreement"  # keys of its other jobs
_TO_CELLS, _BEGIN = "Go to Cells", "Write from nothing"
_NO_ATTRIBUTION = "There is no attribution to compare with: run one first."
_NO_TARGET = "This model has no output that an attribution could explain, so there is nothing to compare with."


class AttentionRoom(Room):
    """One stack, layer, head and token: every page follows them, and the token goes along with the attribution's."""

    key, title, icon = "attention", "Attention", "eye"
    hint = "What every head of every layer attends to on this text or picture."
    shortcuts = ("Ctrl+Alt+A",)
    lane = Lane.VIEW
    reads = ("text", "image")

    def __init__(self, house: House) -> None:
        self._view = AttentionView()
        super().__init__(self._view, house)
        self._film = FilmDesk(self._view.film, house.jobs, self.lane, self)
        self._wanted: dict[str, Parameter] = {}
        self._compared: AttributionRequest | None = None  # with the heads on screen
        view = self._view
        self._tfidf = TfidfDesk(house, view, self._film.written_on, self)
        self._tfidf.changed.connect(self._on_shown)
        view.map_wanted.connect(self._on_map_wanted)
        view.agreement_wanted.connect(self._on_agreement_wanted)
        view.token_selected.connect(self._on_token)
        view.shown_changed.connect(self._on_shown)
        view.read_out_changed.connect(self.read_out_changed)
        view.action_chosen.connect(self._on_action)
        view.decoder.changed.connect(self._on_decoder)
        view.switcher.chosen.connect(self._on_page)
        self._film.changed.connect(self._on_shown)
        view.setFocusProxy(view.panel.grid)
        house.jobs.answered.connect(self._on_part_answered)
        house.jobs.failed.connect(self._on_part_failed)
        house.conductor.map_changed.connect(self._on_attribution)
        house.workspace.attribution_view.token_selected.connect(self._on_attribution_token)
        house.workspace.tabs.currentChanged.connect(self._on_shown)
        house.workspace.tabs.currentChanged.connect(self._on_page)

    def request_for(self, subject: Subject) -> Request | None:
        """See ``Room``; the target matters to one map alone."""
        if not has_attention(subject.model):
            return None
        given = subject.input if isinstance(subject.input, ImageInput) else as_text(subject.input)
        request = AttentionRequest(subject.model.sha256, given, decoder_text=self._view.decoder.text)
        if self._view.result is not None and self._view.result.request == request and not self.running:
            if self._view.choice.quantity == "relevance":
                self._on_map_wanted(self._view.choice)
            return None
        return request

    def kept(self) -> Kept | None:
        """See ``Room``."""
        if self._view.page == TFIDF:
            return self._tfidf.kept()
        result, shown, accepted = self._view.result, self._view.map, self._house.conductor.accepted_reinitialised
        if self._view.page == FILM:
            return self._film.kept(accepted, self._view)
        if result is None or shown is None:
            return None
        kinds = {suffix: FileKind(words, partial(write, result, shown)) for suffix, (words, write) in HEAD_MAP_KINDS.items()}
        line = partial(attention_command, result, shown.request, accept_reinitialised=accepted)
        name = f"{result.model.name}-attention-{shown.request.layer}-{shown.request.head}"
        return KeptView(name, kinds, line, partial(picture_of, self._view))

    def caption(self) -> tuple[str, str] | None:
        """See ``Room``."""
        if self._view.page == TFIDF:
            return self._tfidf.caption()
        result = self._view.result
        if result is None:
            return None
        if self._view.page == FILM:
            return self._film.caption()
        about = about_target(result.model, self._view.choice.quantity, self._view.map)
        facts = " ".join(each for each in (about, verified(result)) if each)
        return f"Attention: {map_name(self._view.choice)}", f"{result.model.name} · {facts}"

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """See ``Room``."""
        view = self._view
        chosen = tuple((field.name, getattr(view.choice, field.name)) for field in fields(Choice))
        sort = view.panel.sort
        others = (("page", view.page), ("token", view.token), ("sort", sort.score), ("largest_first", sort.sorted.isChecked()))
        return (*chosen, *others, *self._film.state(), *self._tfidf.state())

    def restore(self, state: tuple[tuple[str, Parameter], ...]) -> None:
        """See ``Room``; chosen when the answer is there."""
        self._wanted = dict(state)
        self._film.restore(self._wanted)
        self._tfidf.restore(self._wanted)

    def show_model(self, model: ModelInfo) -> None:
        """See ``Room``."""
        self._forget_parts()
        self._view.decoder.show_text(None)
        self._show_nothing(model)

    def show_refusal(self, words: str) -> None:
        """See ``Room``."""
        self._view.show_empty(words)
        self._on_shown()

    def show_subject(self, subject: Subject | None) -> None:
        """See ``Room``."""
        model = self._house.conductor.model
        if model is not None and not has_attention(model):
            self._show_nothing(model)
        elif subject is None:
            self.forget()
            self._forget_parts()
            self._view.show_empty(TYPE) if model is None else self._show_nothing(model)
        self._on_shown()

    def show_answer(self, result: object, whole: bool) -> None:
        """See ``Room``."""
        if not isinstance(result, AttentionResult):
            return
        if not whole:
            self._view.show_growing(result)
            return
        wanted, self._wanted = self._wanted, {}
        self._house.jobs.forget(_AGREEMENT)
        self._compared = None
        self._restore_choice(wanted)
        self._view.show_result(result)
        token = wanted.get("token", self._usual_token(result))
        if isinstance(token, int) and -1 <= token < len(result.input.tokens) and (wanted or self._view.token < 0):
            self._view.choose_token(token)
        self._on_shown()
        self._film_follows()

    def show_failure(self, failure: Failure) -> None:
        """See ``Room``."""
        self._view.show_failure(failure.message)
        self._on_shown()

    def _show_nothing(self, model: ModelInfo) -> None:
        if has_attention(model):
            self._view.show_empty(to_come(model), _BEGIN if model.begins else "")
        else:
            self._view.show_empty(without_attention(model), _TO_CELLS if model.recurrent else "")

    def _usual_token(self, result: AttentionResult) -> int:
        """The attribution's; of a picture that which the class is read from."""
        if result.patches is not None:
            return min(result.patches.first, 1) - 1
        return self._house.workspace.attribution_view.board.selected_token if self._aligned() else -1

    def _film_follows(self) -> None:
        """It costs a writing, so only where it is looked at."""
        view = self._view
        if view.result is not None and view.page == FILM and self.in_sight:
            self._film.choose(view.choice, self._target())
            self._film.follow(view.result)

    def _forget_parts(self) -> None:
        self._film.forget()
        for key in (_MAP, _AGREEMENT):
            self._house.jobs.forget(key)
        self._tfidf.forget()
        self._compared = None

    def _restore_choice(self, wanted: dict[str, Parameter]) -> None:
        """As it was pinned; what is not understood is left."""
        view = self._view
        known = {name: value for name, value in wanted.items() if _is_choice(name, value)}
        view.choice = replace(view.choice, **known)  # type: ignore[arg-type]  # each was looked at
        if wanted.get("page") in [key for key, _, _ in PAGES]:
            view.page = str(wanted["page"])
        if "sort" in wanted:
            view.panel.sort.set_score(str(wanted["sort"]), wanted.get("largest_first") is not False)

    def _aligned(self) -> bool:
        """Whether tokens of the attribution's map are those of the queries that are shown."""
        result, attributed = self._view.result, self._house.conductor.map
        if (
            result is None
            or attributed is None
            or result.patches is not None
            or self._view.choice.stack not in ("self", "encoder")
        ):
            return False
        return result.input.tokens[: len(attributed.tokens)] == attributed.tokens

    def _target(self) -> Target:
        return self.subject.target if self.subject is not None else Target()

    @Slot(object)
    def _on_map_wanted(self, choice: Choice) -> None:
        result = self._view.result
        if result is not None:
            self._house.jobs.ask(_MAP, choice.request(result.request, self._target()), self.title, self.lane)
            self._film_follows()
        self._on_shown()

    @Slot()
    def _on_agreement_wanted(self) -> None:
        result, attributed = self._view.result, self._house.conductor.map
        if result is None:
            return
        if attributed is None:
            self._view.show_agreement(None, _NO_ATTRIBUTION if has_target(result.model) else _NO_TARGET)
            return
        self._compared = attributed.request
        self._view.show_agreement(None, f"Comparing with {attributed.method.label}…")
        self._house.jobs.ask(_AGREEMENT, HeadAgreementRequest(result.request, attributed.request), self.title, self.lane)

    @Slot()
    def _on_attribution(self) -> None:
        """Another attribution of the same text: the agreement is with that one."""
        attributed = self._house.conductor.map
        if attributed is None or attributed.progress < 1 or attributed.request == self._compared or not self.in_sight:
            return
        if self._view.compares and self._view.result is not None and self._view.result.request.input == attributed.request.input:
            self._on_agreement_wanted()

    @Slot(object, object, bool)
    def _on_part_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key == _MAP and isinstance(result, HeadMap):
            self._view.show_map(result)
            self._on_shown()
        elif key == _AGREEMENT and isinstance(result, HeadAgreement) and whole:
            self._view.show_agreement(result, self._agreement_words(result))

    @Slot(object, object)
    def _on_part_failed(self, key: Hashable, failure: Failure) -> None:
        if key == _MAP:
            self._view.show_no_map(failure.message)
        elif key == _AGREEMENT:
            self._view.show_agreement(None, failure.message)

    def _agreement_words(self, agreement: HeadAgreement) -> str:
        attributed = self._house.conductor.map
        method = attributed.method.label if attributed is not None else agreement.request.attribution.method.replace("_", " ")
        asked_of_a_text = attributed is not None and isinstance(attributed.request.input, TextInput)
        tokens = attributed.tokens if attributed is not None and asked_of_a_text else ()
        asking = agreement.query if agreement.query is not None and agreement.query < len(tokens) else None
        whose = "on average" if asking is None else f"from {quoted(tokens[asking])}"
        what = "token" if asked_of_a_text else "patch"
        label = f" for {attributed.target.label.strip()}" if attributed is not None and attributed.target.label else ""
        words = f"At each head: rank correlation of the attention a {what} receives {whose} with the size of its {method}{label}."
        return " ".join([words, *(each.message for each in agreement.warnings)])

    @Slot(int)
    def _on_token(self, token: int) -> None:
        if self._aligned():
            attributed = self._house.conductor.map
            known = attributed is not None and token < len(attributed.tokens)
            self._house.workspace.attribution_view.select_token(token if known else -1)

    @Slot(int)
    def _on_attribution_token(self, token: int) -> None:
        if self._aligned():
            self._view.choose_token(token)

    @Slot()
    def _on_decoder(self) -> None:
        request = self.request_for(self.subject) if self.subject is not None else None
        if request is not None:
            self.ask(request)

    @Slot()
    def _on_action(self) -> None:
        model = self._house.conductor.model
        if model is None or not has_attention(model):
            self._house.actions["view_cells"].trigger()
        elif self._house.conductor.why_not_run() is None:
            self._view.page = FILM
            self.ask(AttentionRequest(model.sha256, TextInput("")))

    @Slot()
    def _on_shown(self) -> None:
        """What can be taken along, and what stands beside the target."""
        controls = self._house.workspace.method_panel.target_controls
        result = self._view.result if self.in_sight else None
        controls.show_note("" if result is None else about_target(result.model, self._view.choice.quantity, self._view.map))
        self.kept_changed.emit()

    @Slot()
    def _on_page(self) -> None:
        self._film_follows()


def _is_choice(name: str, value: Parameter) -> bool:
    """Whether a ``Choice`` can hold it."""
    if name in ("layer", "head") and isinstance(value, int) and not isinstance(value, bool):
        return value >= 0
    if name == "residual":
        return isinstance(value, float) and 0 <= value <= 1
    if name == "without_sinks":
        return isinstance(value, bool)
    words = {"stack": get_args(Stack), "head": get_args(HeadsMerged), "quantity": get_args(AttentionQuantity)}
    return value in words.get(name, ())
