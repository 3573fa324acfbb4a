"""The film of a writing: step by step what was written, what might have been, and where each step looked.

Nothing is asked of the engine while one scrubs: all rows are there.
"""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.attention_film import (
    PADDING,
    Difference,
    Film,
    difference,
    difference_in_words,
    entry_in_words,
    logit_in_words,
    padding_in_words,
    step_in_words,
)
from engine.heatmaps.colours import limit_of
from gui.attention.film_lane import FilmLane, Tint
from gui.attention.film_matrix import FilmMatrix
from gui.attention.film_take import BRANCH, TRUNK, FilmLook, Take
from gui.attention.film_transport import FilmTransport
from gui.attention.film_writing import WritingControls
from gui.attention.words import axis_unit
from gui.views.thin_splitter import ThinSplitter

_LANE_PIXELS, _MATRIX_PIXELS = 190, 200  # at least
_ALONE, _WITH_BRANCH = (420, 0, 580), (300, 300, 400)  # thousandths of the width: trunk, branch, picture
_NO_ROWS = "What each step attended to is known when the writing is whole."


class FilmPage(QWidget):
    """Setters choose nothing by themselves. ``writing`` are its controls, for whoever has room for them."""

    force_wanted = Signal(int, int, str)  # lane, step, token's text
    drop_wanted = Signal()
    trunk_wanted = Signal()
    release_wanted = Signal()
    token_selected = Signal(int)  # of the text that was given; −1: none
    looked = Signal()  # another step, look or writing is on screen
    read_out_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filmPage")
        self.writing, self.transport = WritingControls(), FilmTransport(self)
        self.lanes = (FilmLane("filmTrunk", "Trunk", self), FilmLane("filmBranch", "Branch", self))
        self.matrix, self._message = FilmMatrix(self), QLabel(self)
        self._takes: list[Take | None] = [None, None]
        self._both: Difference | None = None
        self._tint: list[Tint | None] = [None, None]
        self.look = FilmLook()
        self._wanted: int | None = None  # the step a person chose; None: the last one
        self.attended: int | None = None  # a token of the document
        self._branched = False  # a branch is beside the trunk
        self._lay_out()
        self._connect()
        self.clear()

    def _lay_out(self) -> None:
        self._message.setObjectName("filmMessage")
        self._message.setWordWrap(True)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.hide()
        self.splitter = ThinSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("filmSplitter")
        for lane in self.lanes:
            lane.setMinimumWidth(_LANE_PIXELS)
            self.splitter.addWidget(lane)
        self.matrix.setMinimumWidth(_MATRIX_PIXELS)
        self.splitter.addWidget(self.matrix)
        for place, share in enumerate(_WITH_BRANCH):
            self.splitter.setStretchFactor(place, share)
        self.lanes[BRANCH].hide()
        self.splitter.setChildrenCollapsible(False)
        self._share_width()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.transport, self._message):
            row = QHBoxLayout()
            row.setContentsMargins(16, 0, 16, 0)
            row.addWidget(widget, 1)
            column.addLayout(row)
        column.addWidget(self.splitter, 1)
        self.setFocusProxy(self.transport.slider)

    def _connect(self) -> None:
        self.transport.step_changed.connect(self._on_step)
        self.transport.look_changed.connect(self.set_look)
        self.matrix.pointed.connect(self._on_pointed)
        self.matrix.chosen.connect(self._on_cell)
        self.matrix.scale_chosen.connect(self._on_scale)
        for lane, wanted in zip(self.lanes, (self._on_trunk_forced, self._on_branch_forced), strict=True):
            lane.force_wanted.connect(wanted)
            lane.read_out_changed.connect(self.read_out_changed)
            lane.token_clicked.connect(self._on_token)
            lane.drop_wanted.connect(self.drop_wanted)
            lane.trunk_wanted.connect(self.trunk_wanted)
            lane.release_wanted.connect(self.release_wanted)
        self.lanes[TRUNK].token_hovered.connect(self._on_trunk_hovered)
        self.lanes[BRANCH].token_hovered.connect(self._on_branch_hovered)

    # One way in

    def show_take(self, lane: int, take: Take | None) -> None:
        """The step that was chosen stays, as far as there are so many."""
        self._takes[lane] = take
        branched = self._takes[BRANCH] is not None
        if not branched:
            self.look = replace(self.look, picture="trunk")
        for at, each in enumerate(self.lanes):
            each.show_take(self._takes[at])
            each.show_alone(not branched)
            self._show_buttons(at)
        if take is not None and take.whole:
            for each in self.lanes:
                each.show_taken()
        if branched is not self._branched:
            self._branched = branched
            self.lanes[BRANCH].setVisible(branched)
            self._share_width()
        self._show_all()
        self.looked.emit()

    def _share_width(self) -> None:
        """Anew where a lane comes or goes; otherwise the handles stay where they were left."""
        self.splitter.setSizes(list(_WITH_BRANCH if self._branched else _ALONE))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.transport.stop()

    def take(self, lane: int) -> Take | None:
        """What it shows."""
        return self._takes[lane]

    def set_look(self, look: FilmLook) -> None:
        """As chosen here or elsewhere."""
        self.look = look
        self._show_all()
        self.looked.emit()

    def show_step(self, step: int | None) -> None:
        """None: the last one, whichever that will be."""
        self._wanted = step
        self._show_all()

    def show_attended(self, token: int | None) -> None:
        """Frame a token of the document in every picture."""
        self.attended = token
        self._show_step()

    def show_pinned(self, token: int) -> None:
        """A token of the text that was given, as chosen elsewhere; −1: none."""
        film = self._film(TRUNK)
        if film is not None and film.moves and token < film.prompt:
            self.show_attended(token if token >= 0 else None)

    def say(self, words: str, role: str = "error") -> None:
        """Above the film; empty: nothing."""
        self._message.setVisible(bool(words))
        self._message.setText(words)
        if self._message.property("role") != role:
            self._message.setProperty("role", role)
            self._message.style().polish(self._message)

    def clear(self) -> None:
        """Nothing was written yet."""
        self.transport.stop()
        self._takes, self._wanted, self.attended = [None, None], None, None
        self.say("")
        self.show_take(TRUNK, None)

    # What is shown

    @property
    def steps(self) -> int:
        """Of the longer writing."""
        return max((take.steps for take in self._takes if take is not None), default=0)

    @property
    def step(self) -> int:
        """The one on screen; −1: there is none."""
        last = self.steps - 1
        return last if self._wanted is None else min(self._wanted, last)

    @property
    def shown(self) -> Take | None:
        """Whose rows are in the picture; the trunk's beside a difference."""
        return self._takes[BRANCH if self.look.picture == "branch" else TRUNK]

    @property
    def facts(self) -> str:
        """The exact split of the logit, where there is one."""
        take = self.shown
        return "" if take is None or take.film is None else logit_in_words(take.film, self.step)

    def in_words(self) -> str:
        """The read-out while nothing is pointed at."""
        take = self.shown
        if take is None or not 0 <= self.step < take.steps:
            return ""
        if take.film is None:
            return step_in_words(take.result.generated, self.step)
        return self._entry(self.step, take.film.strongest(self.step, self.look.quantity))

    @property
    def _signed(self) -> bool:
        return self.look.picture == "difference" or (self._history and self.look.quantity == "contributions")

    @property
    def _history(self) -> bool:
        film = self._film(TRUNK)
        return film is not None and film.history is not None

    def _film(self, lane: int) -> Film | None:
        take = self._takes[lane]
        return None if take is None else take.film

    def _entry(self, step: int, place: int) -> str:
        if self._both is not None:
            return difference_in_words(self._both, step, place, self.look.quantity)
        take = self.shown
        return "" if take is None or take.film is None else entry_in_words(take.film, step, place)

    def _show_buttons(self, lane: int) -> None:
        take = self._takes[lane]
        forced = take is not None and bool(take.result.request.generation.forced)
        self.lanes[lane].show_buttons(branch=lane == BRANCH and take is not None and take.whole, forced=forced)

    def _show_all(self) -> None:
        """Pictures anew, then the step."""
        trunk, branch = self._film(TRUNK), self._film(BRANCH)
        wanted = self.look.picture
        self._both = difference(trunk, branch, self.look.quantity) if wanted == "difference" and trunk and branch else None
        self._tint = self._tints()
        film = self._both.trunk if self._both is not None else self._film(BRANCH if wanted == "branch" else TRUNK)
        tint = self._tint[BRANCH if wanted == "branch" else TRUNK]
        if film is None or tint is None:
            self.matrix.show_nothing(_NO_ROWS if self.steps else "")
        else:
            self.matrix.show_film(film, tint, self.look.coordinates, self._unit(film))
        moves = trunk is None or trunk.moves
        self.transport.show_look(self.look, history=self._history, moves=moves, branch=self._branched)
        self.transport.show_steps(self.steps, max(self.step, 0))
        self._show_step()

    def _tints(self) -> list[Tint | None]:
        """Both lanes on one scale, so that they can be compared."""
        if self._both is not None:
            values = self._both.values
            tint = Tint(values, limit_of(values), self.look.scale_for(self._both.trunk, True), True)
            return [tint, tint]
        films = [self._film(lane) for lane in (TRUNK, BRANCH)]
        limit = max((limit_of(film.values(self.look.quantity)) for film in films if film is not None), default=0.0)
        return [
            None
            if film is None
            else Tint(film.values(self.look.quantity), limit, self.look.scale_for(film, self._signed), self._signed)
            for film in films
        ]

    def _unit(self, film: Film) -> str:
        if self._history and self.look.quantity == "contributions":
            return "logit"
        take = self.shown
        return axis_unit(take.map) if take is not None and take.map is not None else film.unit

    def _show_step(self) -> None:
        step = self.step
        for lane, tint in zip(self.lanes, self._tint, strict=True):
            if lane.take is not None or lane is self.lanes[TRUNK]:
                lane.show_step(step, tint, self.attended)
        self.matrix.show_step(step, self.attended)

    # What is heard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Whatever has the focus: what it leaves moves the film."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -self.steps, Qt.Key.Key_End: self.steps}
        if event.key() == Qt.Key.Key_Space:
            self.transport.toggle()
        elif event.key() in steps:
            self.transport.move_by(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    @Slot(int)
    def _on_step(self, step: int) -> None:
        self._wanted = step
        self._show_step()
        self.read_out_changed.emit(self.in_words())
        self.looked.emit()

    @Slot(str)
    def _on_scale(self, scale: str) -> None:
        self.set_look(replace(self.look, scale=scale))  # type: ignore[arg-type]  # the data of an item

    @Slot(int, int)
    def _on_pointed(self, step: int, place: int) -> None:
        self.read_out_changed.emit(self._entry(step, place) if step >= 0 else self.in_words())

    @Slot(int, int)
    def _on_cell(self, step: int, place: int) -> None:
        """The step, and the token that was pointed at."""
        film = self._both.trunk if self._both is not None else self.shown.film if self.shown is not None else None
        if film is None:
            return
        position = int(film.positions[step, place]) if place >= 0 else -2
        self.attended = position if position >= PADDING else None
        self._wanted = step
        self.transport.show_steps(self.steps, step)
        self._on_step(step)
        if 0 <= position < film.prompt:
            self.token_selected.emit(position)

    @Slot(int)
    def _on_token(self, token: int) -> None:
        """A token that was written leads to its step; one that was given is framed."""
        film = self._film(TRUNK) or self._film(BRANCH)
        if film is not None and film.moves and token >= film.prompt:
            self.transport.slider.setValue(token - film.prompt)
            self._show_step()
            return
        self.attended = None if token < PADDING or token == self.attended else token
        self._show_step()
        if film is None or token < film.prompt:
            self.token_selected.emit(-1 if self.attended is None else self.attended)

    @Slot(int)
    def _on_trunk_hovered(self, token: int) -> None:
        self._tell(TRUNK, token)

    @Slot(int)
    def _on_branch_hovered(self, token: int) -> None:
        self._tell(BRANCH, token)

    def _tell(self, lane: int, token: int) -> None:
        film = self._film(lane)
        if film is None or token < PADDING or not 0 <= self.step < len(film.steps):
            self.read_out_changed.emit(self.in_words())
            return
        if token == PADDING:
            self.read_out_changed.emit(padding_in_words(film, self.step, self.look.quantity))
            return
        found = np.flatnonzero(film.positions[self.step] == token)
        place = int(found[-1]) if found.size else -1
        if place >= 0 and self._both is not None:
            words = difference_in_words(
                self._both, self.step, place - film.weights.shape[1] + self._both.values.shape[1], self.look.quantity
            )
        else:
            words = entry_in_words(film, self.step, place)
        self.read_out_changed.emit(words or self.in_words())

    @Slot(str)
    def _on_trunk_forced(self, text: str) -> None:
        self.force_wanted.emit(TRUNK, self.step, text)

    @Slot(str)
    def _on_branch_forced(self, text: str) -> None:
        self.force_wanted.emit(BRANCH, self.step, text)
