"""HTML and SVG: every token is there to be seen, and nothing of it is alive."""

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from engine.export.html_file import to_html
from engine.export.svg_file import to_svg
from engine.heatmaps.display_text import RETURN, displayed
from engine.heatmaps.inks import DARK
from engine.models.model import TextModel
from engine.results import AttributionResult, Notice
from tests.engine.export.hostile import HOSTILE, explained

OURS = (
    "html head meta title style body main h1 p table tbody thead tr td th bdi i div span br details summary section dl dt dd "
    "pre code"
)
OUR_ATTRIBUTES = "lang charset http-equiv content name class data-v dir style role aria-label aria-hidden scope title"
OURS_IN_SVG = "svg title desc rect text tspan g defs linearGradient stop pattern path"
SVG = "{http://www.w3.org/2000/svg}"


class Read(HTMLParser):
    """What a browser would make of it: elements, attributes, and the text of the map."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements, self.attributes = Counter[str](), Counter[str]()
        self.values: list[str] = []
        self.reading, self.tags, self._inside, self._in_tag = "", [""], 0, False
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        known = dict(attrs)
        self.attributes.update(known.keys())
        self.values += [known["data-v"] or ""] if "data-v" in known else []
        if tag == "p" and known.get("class") == "reading":
            self._inside += 1
        self._in_tag = tag == "bdi"

    def handle_endtag(self, tag: str) -> None:
        if tag == "p" and self._inside:
            self._inside -= 1
        self._in_tag = False

    def handle_data(self, data: str) -> None:
        if self._inside and not self._in_tag:
            self.reading += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


@pytest.fixture(scope="module")
def result(tiny_bert: TextModel) -> AttributionResult:
    found = explained(tiny_bert)
    labels = [replace(one, label="<b>" + "]]>" * 3 + "\u202e") for one in found.prediction.classes]
    model = replace(found.model, path="/models/<i>\0&quot;")
    return replace(found, prediction=replace(found.prediction, classes=tuple(labels)), model=model)


def test_a_page_holds_the_text_and_no_element_of_its_making(result: AttributionResult):
    read = Read(to_html(result))
    assert read.reading.replace(RETURN, "") == displayed(HOSTILE)
    assert read.elements.keys() <= set(OURS.split())
    assert read.attributes.keys() <= set(OUR_ATTRIBUTES.split())
    assert len(read.values) >= len({(token.start, token.end) for token in result.tokens if not token.special}) / 2


def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing(result: AttributionResult):
    page = to_html(result).decode()
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|iframe|object|embed|img|form|base|a)\b|url\(|@import|\bsrc=|href=", page)
    assert not re.search(r"<[^>]*\son\w+=", page)
    assert not [character for character in page if ord(character) < 32 and character != "\n"]
    assert "prefers-color-scheme: dark" in page


def test_a_page_says_how_it_was_made(tiny_bert: TextModel):
    result = explained(tiny_bert, "a film")
    page = to_html(replace(result, warnings=(Notice("Beware <of> this."),))).decode()
    assert "main.py explain" in page
    assert "--text &#x27;a film&#x27; --method integrated_gradients" in page
    assert result.model.sha256 in page
    assert "attributions sum to" in page
    assert "Beware &lt;of&gt; this." in page


def test_a_drawing_holds_every_token_and_no_element_of_its_making(result: AttributionResult):
    drawing = to_svg(result)
    root = ElementTree.fromstring(drawing)
    kinds = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert kinds <= set(OURS_IN_SVG.split())
    shown = "".join("".join(element.itertext()) for element in root.iter(f"{SVG}text"))
    squeezed = re.sub(r"\s", "", shown)
    for token in result.tokens:
        name = token.piece if token.special else token.text
        for word in displayed(name).split():
            assert word.replace("\u200b", "") in squeezed.replace("\u200b", ""), word
    assert not re.search(rb"\son\w+=|href|<script|url\((?!#)", drawing)


def test_right_to_left_words_stand_in_their_order(tiny_bert: TextModel):
    root = ElementTree.fromstring(to_svg(explained(tiny_bert, "film אבג דהו film")))
    places = {"".join(text.itertext()): float(text.get("x", 0)) for text in root.iter(f"{SVG}text")}
    assert places["אבג"] > places["דהו"]
    root = ElementTree.fromstring(to_svg(explained(tiny_bert, "אבג film one דהו")))
    places = {"".join(text.itertext()): float(text.get("x", 0)) for text in root.iter(f"{SVG}text")}
    assert places["אבג"] > places["film"] > places["דהו"]


def test_nothing_unusual_stops_a_page_or_a_drawing(tiny_bert: TextModel):
    result = explained(tiny_bert, "a film")
    for values in (np.zeros(4), np.full(4, np.nan), np.full(4, 1e9), np.array([1e-9, -1e-9, np.inf, 0])):
        odd = replace(result, values=values.astype(np.float32), completeness=None, progress=0.4)
        assert Read(to_html(odd)).reading == "a film"
        ElementTree.fromstring(to_svg(odd, DARK))
    for text in ("x" * 3000, "word " * 300, "\n\na\n", " a"):
        ElementTree.fromstring(to_svg(explained(tiny_bert, text)))
        assert Read(to_html(explained(tiny_bert, text))).reading.replace(RETURN, "") == text


def test_unsigned_maps_have_their_own_ramp(tiny_bert: TextModel):
    page = to_html(explained(tiny_bert, "a film", method="saliency")).decode()
    assert 'class="ramp unsigned"' in page
    assert re.search(r'class="c u\d+"', page)
