"""Attention: every head at a glance; one map as a matrix, as lines, and on the text or picture. One selection in all of them."""

from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from engine.attention_maps import AttentionResult, HeadAgreement, HeadMap
from engine.results import Notice, TokenizedText
from gui.attention.choice import OF_ALL_HEADS, Choice
from gui.attention.controls import HeadControls
from gui.attention.decoder_row import DecoderRow
from gui.attention.film_page import FilmPage
from gui.attention.grid_panel import AGREEMENT, GridPanel
from gui.attention.image_page import ImagePage
from gui.attention.lines_page import LinesPage
from gui.attention.matrix_page import MatrixPage
from gui.attention.text_page import TextPage
from gui.attention.tfidf_page import TfidfPage
from gui.attention.words import NOT_AN_EXPLANATION, about_target, map_name, verified
from gui.controls.rows import name_control
from gui.controls.segments import Segments
from gui.heatmaps.pyramid import Pyramid, PyramidBuilder
from gui.views.elided_label import ElidedLabel
from gui.views.sheet import framed, inset
from gui.views.thin_splitter import ThinSplitter

HEADS, TEXT, IMAGE, FILM, TFIDF = "heads", "text", "image", "film", "tfidf"
PAGES = (
    (HEADS, "Heads", "Every head of every layer; a click shows one large."),
    ("matrix", "Matrix", "Query × key of the chosen head."),
    ("lines", "Lines", "From each token to those that it attends to."),
    (TEXT, "Text", "The text tinted by what one token attends to."),
    (FILM, "Film", "The text written on, and where each step looked."),
    (TFIDF, "TF-IDF", "The attention each word receives beside how rare it is in a corpus."),
    (IMAGE, "Picture", "The picture under what one of its patches attends to."),
)
_OF_HEADS = (HEADS, "matrix", "lines", TEXT)
_OF_PATCHES = (HEADS, "matrix", IMAGE)  # lines from a patch would say nothing of where it lies
_STRIP = 0.3  # of the width, for the heads beside another page
_STRIP_PIXELS = (180, 290)


class AttentionView(QWidget):
    """A new result of the same text changes numbers; no place changes."""

    map_wanted = Signal(object)  # Choice
    agreement_wanted = Signal()
    token_selected = Signal(int)  # a query of the stack that is shown; −1: none
    shown_changed = Signal()  # what can be taken along is another
    read_out_changed = Signal(str)
    drawn = Signal()  # the map that was wanted is on the page in sight
    action_chosen = Signal()  # the button of the empty page

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("attentionView")
        self.setAccessibleName("Attention")
        self.result: AttentionResult | None = None
        self.map: HeadMap | None = None  # what is on screen
        self._pyramid: Pyramid | None = None
        self._coming: HeadMap | None = None  # answered, and being made ready
        self.builder = PyramidBuilder(self)
        self.choice = Choice()
        self.page = HEADS
        self.token = -1
        self._sized = False
        self.switcher, self.controls, self.panel = Segments("attention", PAGES, tight=True), HeadControls(), GridPanel()
        self.matrix, self.lines, self.text, self.film = MatrixPage(), LinesPage(), TextPage(), FilmPage()
        self.image, self.tfidf, self.decoder = ImagePage(), TfidfPage(), DecoderRow()
        self._title, self._facts = ElidedLabel(), QLabel()
        self._message, self._empty, self._action = QLabel(), QLabel(), QPushButton()
        self._agreement_note = ""
        self._lay_out()
        self._connect()
        self.show_empty("")

    def _lay_out(self) -> None:
        self._message.setObjectName("attentionMessage")
        self._empty.setObjectName("attentionEmpty")
        self._facts.setObjectName("attentionFacts")
        name_control(self._action, "attentionAction", "Go there", "To what this model has instead.")
        for label, role in ((self._message, "error"), (self._empty, "muted"), (self._facts, "caption"), (self._title, "section")):
            label.setProperty("role", role)
            label.setWordWrap(label is not self._title)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 16, 0)
        head.setSpacing(12)
        head.addWidget(self.switcher)
        head.addWidget(self._title, 1)
        head.addWidget(self.panel.sort)
        head.addWidget(self.film.writing)
        head.addWidget(self.tfidf.row, 2)
        self._pages = QStackedWidget()
        for page in (self.matrix, self.lines, self.text, self.image, self.film, self.tfidf):
            self._pages.addWidget(page)
        self.splitter = ThinSplitter(Qt.Orientation.Horizontal)
        self.splitter.setObjectName("attentionSplitter")
        self.splitter.addWidget(self.panel)
        self.splitter.addWidget(self._pages)
        self.splitter.setStretchFactor(1, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(6)
        column.addLayout(head)
        column.addLayout(inset(self.decoder))
        column.addLayout(inset(self.controls))
        column.addLayout(inset(self._message))
        column.addWidget(self.splitter, 1)
        column.addLayout(inset(self._facts))
        self._stack = QStackedWidget(self)
        self._stack.addWidget(framed(self._empty_page()))
        self._stack.addWidget(framed(whole))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self._message.hide()
        self.decoder.hide()

    def _empty_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(self._empty)
        column.addWidget(self._action, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    def _connect(self) -> None:
        self.switcher.chosen.connect(self.show_page)
        self.controls.changed.connect(self.choose)
        self.panel.head_chosen.connect(self._on_head)
        self.panel.opened.connect(self._on_opened)
        self.panel.agreement_wanted.connect(self.agreement_wanted)
        self.panel.sort.changed.connect(self._on_sort)
        self.matrix.token_chosen.connect(self._on_cell)
        self.lines.token_selected.connect(self._on_token)
        self.text.token_selected.connect(self._on_token)
        self.image.token_selected.connect(self._on_token)
        self.film.token_selected.connect(self._on_token)
        self.film.looked.connect(self._on_film)
        self.tfidf.place_selected.connect(self._on_place)
        for part in (self.panel, self.matrix, self.lines, self.text, self.image, self.film, self.tfidf):
            part.read_out_changed.connect(self.read_out_changed)
        self.builder.built.connect(self._on_built)
        self._action.clicked.connect(self.action_chosen)

    # One way in

    def show_result(self, result: AttentionResult) -> None:
        """Layer, head, page and pin stay where they mean the same; the map is asked for."""
        before, self.result = self.result, result
        self._offer(result)
        if before is None or before.input.tokens != result.input.tokens:
            self.token = -1
        if not result.stacks:
            self._show_history(result)
            return
        self.choice = self.choice.within(result)
        self._warn(result.warnings)
        self.decoder.setVisible(result.decoder_input is not None)
        self.decoder.show_text(result.request.decoder_text)
        self.controls.show_result(result, self.choice)
        self._agreement_note = ""
        self.panel.show_stack(result.stack(self.choice.stack))
        self._stack.setCurrentIndex(1)
        self._show_choice()
        self.show_page(self.page)
        self.map_wanted.emit(self.choice)
        if self.compares:
            self.agreement_wanted.emit()

    @property
    def pages(self) -> tuple[str, ...]:
        """Those that the result has something for."""
        return (*_OF_HEADS, TFIDF) if self.result is None else _pages_of(self.result)

    def _offer(self, result: AttentionResult) -> None:
        """What is on the text is, of a picture, on the picture."""
        self.switcher.offer(_pages_of(result))
        if self.page in (TEXT, IMAGE):
            self.page = TEXT if result.patches is None else IMAGE

    def _show_history(self, result: AttentionResult) -> None:
        """Of a recurrent model, whose one layer of attention has no heads."""
        self.map = self._pyramid = self._coming = None
        self._warn(result.warnings)
        self.decoder.hide()
        self._title.setText("Attention over the window")
        self._stack.setCurrentIndex(1)
        self.show_page(self.page)

    def show_growing(self, result: AttentionResult) -> None:
        """Heads as they are looked at; everything else stays as it was until all are there."""
        stack = next((each for each in result.stacks if each.name == self.choice.stack), None)
        if stack is not None and self.page == HEADS:
            self.panel.show_stack(stack)
            if self.result is None:
                self._offer(result)
                self._facts.clear()
                self._stack.setCurrentIndex(1)
                self.show_page(HEADS)

    def show_map(self, shown: HeadMap) -> None:
        """What ``map_wanted`` asked for; ``drawn`` follows, at once where it is small. The one before stays so long."""
        if self.result is not None:
            self._coming = shown
            self.builder.start(shown.pattern, off_diagonal=shown.request.quantity in OF_ALL_HEADS)

    @Slot(object)
    def _on_built(self, pyramid: Pyramid) -> None:
        shown, self._coming = self._coming, None
        if self.result is None or shown is None:
            return
        self.map, self._pyramid = shown, pyramid
        self._show_on_page()
        self._warn((*self.result.warnings, *shown.warnings))
        self._show_facts()
        self.shown_changed.emit()
        self.drawn.emit()

    def _show_on_page(self) -> None:
        """Only where it is seen: the texts are long."""
        if self.result is None or self.map is None or self._pyramid is None:
            return
        if self.page == "matrix":
            self.matrix.show_map(self.map, self._pyramid)
        elif self.page == "lines":
            self.lines.show_map(self.map, self._pyramid)
        elif self.page == TEXT:
            self.text.show_map(self.map, self._pyramid, *_documents(self.result, self.map))
        elif self.page == IMAGE and self.result.patches is not None and self._map_is_of_result:
            self.image.show_map(self.map, self._pyramid, self.result.patches)
        self._show_token()
        self.read_out_changed.emit(self._in_words())

    @property
    def _map_is_of_result(self) -> bool:
        """Or still of the picture before, which nothing new may lie on."""
        return self.map is not None and self.result is not None and self.map.request.attention == self.result.request

    def _in_words(self) -> str:
        """The read-out of what is chosen on the page, while nothing is pointed at."""
        if self.page == HEADS:
            return self.panel.in_words(self.panel.grid.current)
        if self.page == FILM:
            return self.film.in_words()
        if self.page == "matrix":
            return self.matrix.in_words()
        if self.page == TFIDF:
            return self.tfidf.in_words()
        if self.page == IMAGE:
            return self.image.in_words()
        return self.lines.in_words(-1, -1) if self.page == "lines" else self.text.in_words(self.text.strongest)

    def show_agreement(self, agreement: HeadAgreement | None, note: str) -> None:
        """The number at each head, and what it is of, or why there is none."""
        self._agreement_note = note
        self.panel.show_agreement(agreement)
        self._show_facts()

    def show_empty(self, words: str, action: str = "") -> None:
        """Nothing to show: what will be here, or why nothing can be, and where to go instead."""
        self.builder.forget()
        self.result = self.map = self._pyramid = self._coming = None
        self.token = -1
        for part in (self.panel, self.matrix, self.lines, self.text, self.image, self.tfidf):
            part.clear()
        self._empty.setText(words)
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._stack.setCurrentIndex(0)
        self.read_out_changed.emit("")

    def show_failure(self, words: str) -> None:
        """The picture of before stays, if there is one."""
        if self.result is None:
            self.show_empty(words)
        else:
            self._say(words, "error")

    def show_no_map(self, words: str) -> None:
        """What was chosen cannot be shown, and why; the choice goes back to what is on screen."""
        if self.map is not None and self.result is not None:
            self.choice = Choice.of(self.map.request).within(self.result)
            self._show_choice()
        self._say(words, "error")

    def _warn(self, warnings: tuple[Notice, ...]) -> None:
        self._say("\n".join(dict.fromkeys(f"⚠ {each.message}" for each in warnings)), "warning")

    def _say(self, words: str, role: str) -> None:
        self._message.setVisible(bool(words))
        self._message.setText(words)
        if self._message.property("role") != role:
            self._message.setProperty("role", role)
            self._message.style().polish(self._message)

    # What is chosen

    @Slot(object)
    def choose(self, choice: Choice) -> None:
        """By a person; what the result does not have is left."""
        if self.result is None or not self.result.stacks:
            self.choice = choice
            return
        chosen, before = choice.within(self.result), self.choice
        if chosen == before:
            return
        self.choice = chosen
        if chosen.stack != before.stack:
            self.token = -1
            self.controls.show_result(self.result, chosen)
            self.panel.show_stack(self.result.stack(chosen.stack))
            if self.compares:
                self.agreement_wanted.emit()
        self._show_choice()
        self.map_wanted.emit(chosen)

    @Slot(str)
    def show_page(self, page: str) -> None:
        """The heads alone, or beside another; what is no map of heads has the whole room."""
        page = page if page in self.pages or self.result is None else self.pages[0]
        self.page = page
        self.switcher.choose(page)
        alone, of_heads, film, tfidf = page == HEADS, page in (*_OF_HEADS, IMAGE), page == FILM, page == TFIDF
        if not alone:
            pages: dict[str, QWidget] = {"matrix": self.matrix, "lines": self.lines, TEXT: self.text, IMAGE: self.image}
            self._pages.setCurrentWidget((pages | {FILM: self.film, TFIDF: self.tfidf})[page])
        heads = self.result is None or bool(self.result.stacks)
        self.controls.show_weights_alone(tfidf)
        shown = {
            self.controls: heads and not alone,
            self._pages: not alone,
            self.panel: of_heads,
            self._title: not film,
            self.panel.sort: of_heads,
            self.film.writing: film,
            self.tfidf.row: tfidf,
        }
        for part in sorted(shown, key=shown.__getitem__):  # first what goes: at no time is the row wider than it must be
            part.setVisible(shown[part])
        if not alone and of_heads:
            self._size_strip()
        self._show_on_page()
        self._show_facts()
        self.shown_changed.emit()

    @property
    def compares(self) -> bool:
        """Whether heads are held against an attribution."""
        return self.panel.sort.score == AGREEMENT

    def choose_token(self, token: int) -> None:
        """Pin a query in every view (−1: none); emits nothing."""
        self.token = token
        self._show_token()

    def _show_choice(self) -> None:
        choice = self.choice
        self.controls.show_choice(choice)
        if isinstance(choice.head, int) and choice.quantity not in OF_ALL_HEADS:
            self.panel.show_head(choice.layer, choice.head)
        else:
            self.panel.show_head(-1, -1)
        self._show_facts()

    def _show_token(self) -> None:
        for page in (self.matrix, self.lines, self.text, self.image):
            page.show_token(self.token)
        self.film.show_pinned(self.token)
        text = self._text_of_queries()
        known = text is not None and 0 <= self.token < len(text.tokens)
        place = (text.tokens[self.token].start, text.tokens[self.token].end) if text is not None and known else (-1, -1)
        self.tfidf.show_place(*place)

    def _text_of_queries(self) -> TokenizedText | None:
        """None: the words of TF-IDF are of another text."""
        if self.result is None or self.result.patches is not None or self.choice.stack == "cross":
            return None
        return self.result.decoder_input if self.choice.stack == "decoder" else self.result.input

    def _show_facts(self) -> None:
        if self.result is None:
            return
        if self.result.stacks:
            shown = self.choice if self.page != TFIDF else replace(self.choice, quantity="weights")
            self._title.setText(map_name(shown))
        self._facts.setVisible(self.page != TFIDF)
        if self.page == FILM:
            facts = [self.film.facts, verified(self.result)]
        else:
            facts = [verified(self.result), about_target(self.result.model, self.choice.quantity, self.map)]
        if self.compares and self.page != FILM:
            facts += [self._agreement_note, NOT_AN_EXPLANATION]
        self._facts.setText(" ".join(each for each in facts if each))

    def _size_strip(self) -> None:
        if not self._sized and self.splitter.width() > 300:
            self._sized = True
            low, high = _STRIP_PIXELS
            strip = min(max(int(self.splitter.width() * _STRIP), low), high)
            self.splitter.setSizes([strip, self.splitter.width() - strip])

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.page != HEADS:
            self._size_strip()

    # What is heard

    @Slot(int, int)
    def _on_head(self, layer: int, head: int) -> None:
        quantity = self.choice.quantity if self.choice.quantity not in OF_ALL_HEADS else "weights"
        self.choose(replace(self.choice, layer=layer, head=head, quantity=quantity))

    @Slot()
    def _on_opened(self) -> None:
        if self.page == HEADS:
            self.show_page("matrix")

    @Slot()
    def _on_sort(self) -> None:
        self._show_facts()

    @Slot()
    def _on_film(self) -> None:
        """Another step, another look, or another writing."""
        if self.page != FILM:
            return
        self._show_facts()
        self.read_out_changed.emit(self.film.in_words())
        self.shown_changed.emit()

    @Slot(int, int)
    def _on_cell(self, query: int, _key: int) -> None:
        self._on_token(-1 if query == self.token else query)

    @Slot(int, int)
    def _on_place(self, start: int, end: int) -> None:
        """A word: its first token."""
        text = self._text_of_queries()
        if text is None or self.result is None:
            return
        last = len(self.result.stack(self.choice.stack).queries) if self.result.stacks else len(text.tokens)
        over = (at for at, t in enumerate(text.tokens[:last]) if t.segment == 0 and t.start < end and t.end > start)
        self._on_token(next(over, -1))
        self.tfidf.show_place(start, end)  # of a word that was written, too, which is no token of the text

    @Slot(int)
    def _on_token(self, token: int) -> None:
        self.choose_token(token)
        self.token_selected.emit(token)


def _pages_of(result: AttentionResult) -> tuple[str, ...]:
    if result.patches is not None:
        return _OF_PATCHES
    heads = _OF_HEADS if result.stacks else ()
    film = (FILM,) if "generation" in result.model.can else ()
    return (*heads, *film, TFIDF)


def _documents(result: AttentionResult, shown: HeadMap) -> tuple[TokenizedText, TokenizedText]:
    """The texts of the queries and of the keys."""
    written = result.decoder_input or result.input
    return {
        "decoder": (written, written),
        "cross": (written, result.input),
    }.get(shown.request.stack, (result.input, result.input))
