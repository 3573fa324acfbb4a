"""The word that is chosen in the example: keys, buttons and a menu take it away, or put another in its place."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QMenu

from engine.datasets.editing import replaced, with_segment, without
from engine.edits import WordOption, WordOptionsResult
from engine.jobs import Failure
from engine.requests import TextInput, WordOptionsRequest
from gui.data.example import ExampleStrip
from gui.data.shown_edit import Spot
from gui.rooms import House

OPTIONS = "data.options"
MOST_KEPT = 100
NOTHING_LEFT = "Nothing would be left of the text."
_KEYS = Qt.Key


class WordEditing(QObject):
    """What is wanted is told as a text; whether the model has a word for nothing is found out with the first word."""

    text_wanted = Signal(object)  # TextInput
    told = Signal(str)

    def __init__(self, example: ExampleStrip, house: House, parent: QObject) -> None:
        super().__init__(parent)
        self._example, self._house, self._bar = example, house, example.words
        self._known: OrderedDict[WordOptionsRequest, WordOptionsResult] = OrderedDict()
        self._blank = ""
        self._menu_due: WordOptionsRequest | None = None
        self._place: tuple[int, int] | None = None  # where the last edit was: the word there is chosen next
        bar, heatmap = self._bar, example.heatmap
        self._deeds: dict[Qt.Key, Callable[[], None]] = {
            _KEYS.Key_Delete: self.remove,
            _KEYS.Key_Backspace: self.remove,
            _KEYS.Key_M: self.put_blank,
            _KEYS.Key_S: self.ask_options,
            _KEYS.Key_Return: bar.start_typing,
            _KEYS.Key_Enter: bar.start_typing,
            _KEYS.Key_F2: bar.start_typing,
        }
        house.jobs.answered.connect(self._on_answered)
        house.jobs.stopped.connect(self._on_stopped)
        house.jobs.failed.connect(self._on_failed)
        house.conductor.model_opened.connect(self.forget)
        example.drawn.connect(self._show)
        heatmap.token_selected.connect(self._show)
        heatmap.selection_changed.connect(self._show)
        heatmap.installEventFilter(self)
        heatmap.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        heatmap.customContextMenuRequested.connect(self._on_menu)
        bar.remove_wanted.connect(self.remove)
        bar.blank_wanted.connect(self.put_blank)
        bar.options_wanted.connect(self.ask_options)
        bar.option_chosen.connect(self._on_option)
        bar.word_typed.connect(self.put_word)
        bar.left.connect(heatmap.setFocus)

    @Slot()
    def forget(self) -> None:
        """Another model reads otherwise."""
        self._house.jobs.forget(OPTIONS)
        self._known.clear()
        self._blank, self._menu_due = "", None
        self._bar.show_blank("", None)
        self._bar.show_waiting(False)

    @property
    def _input(self) -> TextInput:
        return self._house.workspace.input_panel.input()

    def _text(self, segment: int) -> str:
        return (self._input.pair or "") if segment else self._input.text

    def _word(self) -> Spot | None:
        """The one that is chosen, or all from the first marked to the last; none while what is shown is of another text."""
        spots = self._example.chosen() if self._example.shown_input == self._input else []
        return (spots[0][0], spots[0][1], spots[-1][2]) if spots else None

    @Slot()
    def _show(self) -> None:
        if self._place is not None and self._example.shown_input == self._input:
            place, self._place = self._place, None
            self._example.choose_at(*place)
        word = self._word()
        self._bar.show_word("" if word is None else self._text(word[0])[word[1] : word[2]], False)
        if word is not None and not self._blank and self._menu_due is None:
            self._ask(self._request(word))

    # What is done with it

    @Slot()
    def remove(self) -> None:
        """All that are chosen."""
        spots = self._example.chosen()
        if spots and self._word() is not None:
            segment = spots[0][0]
            rest = without(self._text(segment), [(start, end) for _, start, end in spots])
            self._want(segment, rest, max(0, spots[0][1] - 1))

    @Slot()
    def put_blank(self) -> None:
        """What the model reads for no word, in place of the chosen one."""
        if self._blank:
            self.put_word(self._blank)

    @Slot(str)
    def put_word(self, word: str) -> None:
        """In place of the chosen one."""
        spot = self._word()
        if spot is not None:
            segment, start, end = spot
            self._want(segment, replaced(self._text(segment), (start, end), word), start)
        self._example.heatmap.setFocus()

    def _want(self, segment: int, text: str, place: int) -> None:
        if text.strip():
            self._tell(with_segment(self._input, segment, text), (segment, place))
        else:
            self.told.emit(NOTHING_LEFT)

    def _tell(self, input: TextInput, place: tuple[int, int]) -> None:
        self.text_wanted.emit(input)
        self._place = place  # not before: the text before may be drawn once more
        self._show()

    # Other words

    def _request(self, word: Spot) -> WordOptionsRequest | None:
        model = self._house.conductor.model
        if model is None or self._house.conductor.why_not_run() is not None:
            return None
        segment, start, end = word
        return WordOptionsRequest(model.sha256, self._input, start, end, segment)

    def _ask(self, request: WordOptionsRequest | None) -> None:
        if request is not None and request not in self._known:
            self._house.jobs.ask(OPTIONS, request, "")

    @Slot()
    def ask_options(self) -> None:
        """For the chosen word, as a menu."""
        word = self._word()
        request = None if word is None else self._request(word)
        if request is None:
            return
        if request in self._known:
            self._bar.show_options(self._known[request])
        else:
            self._menu_due = request
            self._bar.show_waiting(True)
            self._ask(request)

    @Slot(object)
    def _on_option(self, option: WordOption) -> None:
        word = self._word()
        if word is not None:
            self._tell(option.input, word[:2])
        self._example.heatmap.setFocus()

    @Slot(object)
    def _on_stopped(self, key: Hashable) -> None:
        if key == OPTIONS:
            self._menu_due = None
            self._bar.show_waiting(False)

    @Slot(object, object, bool)
    def _on_answered(self, key: Hashable, result: object, whole: bool) -> None:
        if key != OPTIONS or not whole or not isinstance(result, WordOptionsResult):
            return
        self._known[result.request] = result
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        self._blank = result.blank
        self._bar.show_blank(result.blank, result.blank_kind)
        if self._menu_due == result.request:
            self._menu_due = None
            self._bar.show_waiting(False)
            self._bar.show_options(result)

    @Slot(object, object)
    def _on_failed(self, key: Hashable, failure: Failure) -> None:
        if key == OPTIONS and self._menu_due is not None:
            self._menu_due = None
            self._bar.show_waiting(False)
            self.told.emit(failure.message)

    # Keys and the menu on a word

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys on the heatmap that are about the word."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        deed = self._deeds.get(Qt.Key(event.key())) if plain else None
        if deed is None or self._word() is None:
            return False
        deed()
        return True

    @Slot(QPoint)
    def _on_menu(self, place: QPoint) -> None:
        """On the word under the pointer, or what is marked."""
        heatmap = self._example.heatmap
        token = heatmap.token_at(place)
        if heatmap.selection is None:
            heatmap.select_token(token)
            self._show()
        if self._word() is None:
            return
        menu = QMenu(heatmap)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button, key, deed in (
            (self._bar.remove, "Del", self.remove),
            (self._bar.blank, "M", self.put_blank),
            (self._bar.options, "S", self.ask_options),
            (self._bar.type, "Enter", self._bar.start_typing),
        ):
            action = menu.addAction(f"{button.text()}\t{key}")
            action.setEnabled(button.isEnabled())
            action.triggered.connect(deed)
        menu.popup(heatmap.viewport().mapToGlobal(place))
