"""What the film asks: a writing of the text, a branch of it, and of a transformer the map of the chosen head for each."""

import time
from collections.abc import Hashable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.attention_film import step_in_words
from engine.attention_maps import AttentionResult, HeadMap
from engine.command_line import attention_command
from engine.export.film_files import FILM_KINDS
from engine.jobs import Failure
from engine.requests import AttentionRequest, Generation, Parameter, Target
from gui.attention.choice import Choice
from gui.attention.film_page import FilmPage
from gui.attention.film_state import forced_of, generation_of, look_of, state_of, step_of
from gui.attention.film_take import BRANCH, TRUNK, Picture, Take
from gui.attention.view import FILM
from gui.attention.words import map_name
from gui.job_lanes import Lane
from gui.kept_view import FileKind, KeptView, picture_of
from gui.side_jobs import SideJobs

WRITINGS = ("attention.film", "attention.film.branch")  # keys of its jobs, by lane
MAPS = ("attention.film.map", "attention.film.branch.map")
SLOW_SECONDS = 2.0  # a writing that took longer is not begun again by itself
PATIENCE_SECONDS = 0.3  # so long the film of before stays
_TITLE = "Film"
_NOTHING = "The model ended the text at once: nothing was written."


class FilmDesk(QObject):
    """The film is of the text that the room shows. It is asked for while it is in sight."""

    changed = Signal()  # there is something else to take along

    def __init__(self, page: FilmPage, jobs: SideJobs, lane: Lane, parent: QObject) -> None:
        super().__init__(parent)
        self._page, self._jobs, self._lane = page, jobs, lane
        self._text: AttentionRequest | None = None  # without a generation
        self._choice, self._target = Choice(), Target()
        self._forced: list[tuple[tuple[int, str], ...]] = [(), ()]
        self._branch_wanted = False  # once the trunk is there
        self._cut = False  # the trunk was stopped
        self._restored = False  # what is set belongs to the text that comes next
        self._asked: list[AttentionRequest | None] = [None, None]
        self._asked_at = [0.0, 0.0]
        self._written: list[AttentionResult | None] = [None, None]  # whole
        self._picture: Picture | None = None  # of a finding, once its branch is there
        page.writing.changed.connect(self._on_changed)
        page.writing.write_chosen.connect(self._on_write)
        page.force_wanted.connect(self._on_force)
        page.drop_wanted.connect(self._on_drop)
        page.trunk_wanted.connect(self._on_trunk)
        page.release_wanted.connect(self._on_release)
        jobs.answered.connect(self._on_answered)
        jobs.failed.connect(self._on_failed)
        jobs.stopped.connect(self._on_stopped)

    # What the room says

    def follow(self, result: AttentionResult) -> None:
        """Write on the text of ``result``, unless that is what there is."""
        text = replace(result.request, generation=Generation())
        self._page.writing.show_checkpoints(result.checkpoints)
        if self._text is not None and text != self._text and not self._restored:
            self._forced[TRUNK] = ()
            self._drop()
        self._restored = False
        self._text = text
        self._write(by_itself=True)

    def choose(self, choice: Choice, target: Target) -> None:
        """Another head, or what its numbers are."""
        self._choice, self._target = choice, target
        for lane in (TRUNK, BRANCH):
            self._ask_map(lane)

    def forget(self) -> None:
        """There is no text, or no model."""
        for key in (*WRITINGS, *MAPS):
            self._jobs.forget(key)
        self._text, self._asked, self._written = None, [None, None], [None, None]
        self._forced, self._branch_wanted, self._cut = [(), ()], False, False
        self._page.writing.show_checkpoints(())
        self._page.writing.show_due(False)
        self._page.clear()

    def written_on(self, text: AttentionRequest) -> AttentionRequest | None:
        """The question that the trunk answers, once it is whole and if it goes on with ``text``."""
        written = self._written[TRUNK]
        if written is None or replace(written.request, generation=text.generation) != text:
            return None
        return written.request

    # Writing

    def _generation(self, lane: int) -> Generation:
        generation = self._page.writing.generation
        return replace(generation, forced=tuple(pair for pair in self._forced[lane] if pair[0] < generation.tokens))

    def _write(self, *, by_itself: bool) -> None:
        """The trunk; a slow one only when it was asked for."""
        if self._text is None:
            return
        request = replace(self._text, generation=self._generation(TRUNK))
        if by_itself and request == self._asked[TRUNK]:
            self._page.writing.show_due(self._cut)
            return
        take = self._page.take(TRUNK)
        if by_itself and take is not None and take.result.cost.seconds > SLOW_SECONDS:
            self._page.writing.show_due(True)
            return
        self._page.writing.show_due(False)
        self._ask(TRUNK, request)

    def _ask(self, lane: int, request: AttentionRequest) -> None:
        self._asked[lane], self._asked_at[lane] = request, time.monotonic()
        self._cut = self._cut and lane != TRUNK
        self._jobs.forget(MAPS[lane])
        self._jobs.ask(WRITINGS[lane], request, _TITLE, self._lane)

    def _ask_branch(self) -> None:
        if self._text is not None:
            self._ask(BRANCH, replace(self._text, generation=self._generation(BRANCH)))

    def _ask_map(self, lane: int) -> None:
        """The rows of the chosen head; the film of before stays until they are there."""
        result = self._written[lane]
        if result is None or not result.stacks or not result.generated:
            return
        choice = self._choice.within(result)
        if choice.stack == "encoder":  # which reads, and writes nothing
            choice = replace(choice, stack="cross")
        request = choice.request(result.request, self._target)
        take = self._page.take(lane)
        if take is None or take.map is None or take.map.request != request:
            self._jobs.ask(MAPS[lane], request, _TITLE, self._lane)

    def _drop(self) -> None:
        for key in (WRITINGS[BRANCH], MAPS[BRANCH]):
            self._jobs.forget(key)
        self._asked[BRANCH], self._written[BRANCH], self._forced[BRANCH] = None, None, ()
        self._page.show_take(BRANCH, None)

    # What is heard from the page

    @Slot()
    def _on_changed(self) -> None:
        self._drop()
        self._write(by_itself=True)

    @Slot()
    def _on_write(self) -> None:
        self._write(by_itself=False)

    @Slot(int, int, str)
    def _on_force(self, lane: int, step: int, text: str) -> None:
        """From the lane where it was chosen: what was forced before that step stays."""
        before = tuple(pair for pair in self._forced[lane] if pair[0] < step)
        self._forced[BRANCH] = (*before, (step, text))
        self._page.say("")
        self._page.transport.stop()
        self._page.show_step(step)
        self._ask_branch()

    @Slot()
    def _on_drop(self) -> None:
        self._drop()
        self.changed.emit()

    @Slot()
    def _on_trunk(self) -> None:
        """The branch takes its place."""
        take, asked, forced = self._page.take(BRANCH), self._asked[BRANCH], self._forced[BRANCH]
        written = self._written[BRANCH]
        self._drop()
        if take is not None:
            self._jobs.forget(WRITINGS[TRUNK])
            self._jobs.forget(MAPS[TRUNK])
            self._asked[TRUNK], self._forced[TRUNK], self._written[TRUNK] = asked, forced, written
            self._page.show_take(TRUNK, take)
            self._ask_map(TRUNK)
        self.changed.emit()

    @Slot()
    def _on_release(self) -> None:
        self._forced[TRUNK] = ()
        self._write(by_itself=False)

    # What is heard from the engine

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key in WRITINGS and isinstance(result, AttentionResult):
            self._on_written(WRITINGS.index(str(key)), result, whole)
        elif key in MAPS and isinstance(result, HeadMap) and whole:
            lane = MAPS.index(str(key))
            written = self._written[lane]
            if written is not None and written.request == result.request.attention:
                self._page.say(_warned(written, lane), "warning")
                self._show(lane, Take(written, result))

    def _on_written(self, lane: int, result: AttentionResult, whole: bool) -> None:
        if not whole:
            if result.generated and time.monotonic() - self._asked_at[lane] > PATIENCE_SECONDS:
                self._page.show_take(lane, Take(result, whole=False))
            return
        self._written[lane] = result
        self._page.say(_warned(result, lane), "warning")
        if result.stacks and result.generated:
            self._ask_map(lane)
        else:
            self._show(lane, Take(result))
        if lane == TRUNK and self._branch_wanted:
            self._branch_wanted = False
            self._ask_branch()

    def _show(self, lane: int, take: Take) -> None:
        page = self._page
        page.show_take(lane, take)
        if lane == BRANCH and self._picture is not None:
            page.set_look(replace(page.look, picture=self._picture))
            self._picture = None
        self.changed.emit()

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        """The film of before stays."""
        if key not in (*WRITINGS, *MAPS):
            return
        self._page.say(failure.message)
        if key in MAPS:
            lane = MAPS.index(str(key))
            take, written = self._page.take(lane), self._written[lane]
            if written is not None and (take is None or take.result is not written):
                self._show(lane, Take(written))
            return
        lane = WRITINGS.index(str(key))
        take = self._page.take(lane)
        self._asked[lane] = None if take is None else take.result.request
        if lane == BRANCH:
            self._forced[BRANCH] = () if take is None else take.result.request.generation.forced

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        """What was written is kept, and said to be a part."""
        if key not in WRITINGS:
            return
        lane = WRITINGS.index(str(key))
        take, asked = self._page.take(lane), self._asked[lane]
        if lane == TRUNK:
            self._cut = True
            self._page.writing.show_due(True)
        if take is None or asked is None or take.result.request != asked or take.whole:
            return
        words = f"Stopped after {take.steps} of {asked.generation.tokens} tokens."
        if take.film is None:
            words += " What they attended to is known of a writing that was not stopped."
        self._page.say(words, "warning")
        self._page.show_take(lane, Take(take.result))

    # Taken along

    def kept(self, accepted: bool, view: QWidget) -> KeptView | None:
        """See ``Room.kept``: the writing whose rows are shown."""
        take = self._page.shown
        if take is None or take.film is None:
            return None
        kinds = {suffix: FileKind(words, partial(write, take.result, take.map)) for suffix, (words, write) in FILM_KINDS.items()}
        how = None if take.map is None else take.map.request
        line = partial(attention_command, take.result, how, accept_reinitialised=accepted)
        where = "" if how is None else f"-{how.layer}-{how.head}"
        return KeptView(f"{take.result.model.name}-film{where}", kinds, line, partial(picture_of, view))

    def caption(self) -> tuple[str, str] | None:
        """See ``Room.caption``."""
        take = self._page.shown
        if take is None or not 0 <= self._page.step < take.steps:
            return None
        head = "" if take.map is None else f" · {map_name(Choice.of(take.map.request))}"
        how = take.result.request.generation
        rule = "greedy" if how.temperature is None else f"temperature {how.temperature:g}, seed {how.seed}"
        facts = [take.result.model.name, *([how.checkpoint] if how.checkpoint else []), rule, self._page.facts]
        return f"Film: {step_in_words(take.result.generated, self._page.step)}{head}", " · ".join(filter(None, facts))

    def state(self) -> tuple[tuple[str, Parameter], ...]:
        """See ``Room.state``."""
        page = self._page
        branch = self._forced[BRANCH] if page.take(BRANCH) is not None else None
        return state_of(page.writing.generation, self._forced[TRUNK], branch, page.step, page.look)

    def restore(self, state: dict[str, Parameter]) -> None:
        """See ``Room.restore``, of a finding of the film; what is not understood is left as it usually is."""
        if state.get("page") != FILM or "film_tokens" not in state:
            return
        page = self._page
        self._drop()
        page.writing.show_generation(generation_of(state))
        self._forced = [forced_of(state.get("film_forced")), forced_of(state.get("film_branch"))]
        self._branch_wanted = bool(self._forced[BRANCH])
        page.look = look_of(state)
        self._picture = page.look.picture if self._branch_wanted else None
        page.show_step(step_of(state))
        self._asked[TRUNK], self._restored = None, True


def _warned(result: AttentionResult, lane: int) -> str:
    found = [each.message for each in result.warnings]
    if not result.generated and not found:
        found = [_NOTHING]
    of = "Branch: " if lane == BRANCH else ""
    return "\n".join(f"⚠ {of}{each}" for each in dict.fromkeys(found))
