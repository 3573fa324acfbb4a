"""One map as a vector picture: valid whatever the tokens hold, every value named, nothing bright lost."""

import base64
import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.attention.attend import attend
from engine.attention.captures import Captures
from engine.attention_maps import AttentionResult, HeadMap
from engine.export.head_map_svg import head_map_to_svg
from engine.heatmaps.inks import DARK, LIGHT
from engine.jobs import run
from engine.models.model import TextModel
from engine.requests import AttentionRequest, HeadRequest, TextInput
from engine.results import Cost, Token

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def result(tiny_bert: TextModel) -> AttentionResult:
    return run(attend(tiny_bert, AttentionRequest(tiny_bert.info.sha256, TextInput("it ends")), Captures()))


def shown(result: AttentionResult, pattern: np.ndarray, *names: str, **request: object) -> HeadMap:
    tokens = tuple(Token(name, name, at, at, at + 1, False) for at, name in enumerate(names or ["x"] * len(pattern)))
    asked = replace(HeadRequest(result.request), **request)
    return HeadMap(asked, tokens, tokens, False, pattern.astype(np.float32), "weight", None, Cost(0, 0, 0.0, "cpu"))


def drawn(*args: object) -> ET.Element:
    return ET.fromstring(head_map_to_svg(*args))  # type: ignore[arg-type]


def test_every_value_is_named_between_its_tokens(result: AttentionResult):
    picture = drawn(result, shown(result, np.array([[0.25, 0.75], [0.0, 1.0]]), "a", "b"))
    said = dict((cell.text or "").rsplit(": ", 1) for cell in picture.iter(f"{_SVG}title") if ": " in (cell.text or ""))
    assert {pair: float(value) for pair, value in said.items()} == {"a → a": 0.25, "a → b": 0.75, "b → b": 1.0}
    assert "layer 0, head 0 · attention weights" in (picture.findtext(f"{_SVG}title") or "")


@pytest.mark.parametrize("inks", [LIGHT, DARK])
@pytest.mark.parametrize("names", [("<b>&", "\x00\ud800"), ("]]>", "\u202e\n")])
def test_it_is_valid_whatever_tokens_hold(names: tuple[str, str], inks: object, result: AttentionResult):
    drawn(result, shown(result, np.eye(2), *names, quantity="rollout", without_sinks=True), inks)


def test_a_large_map_is_an_image_in_which_one_bright_cell_is_seen(result: AttentionResult):
    pattern = np.zeros((2500, 2500))
    pattern[1234, 77] = 1
    (image,) = drawn(result, shown(result, pattern)).iter(f"{_SVG}image")
    content = base64.b64decode(image.attrib["href"].partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).reshape(1024, 1024, 3)
    bright = np.argwhere((pixels != pixels[0, 0]).any(-1))
    assert bright.tolist() == [[1234 * 1024 // 2500, 77 * 1024 // 2500]]


def test_nothing_to_see_is_said(result: AttentionResult):
    assert b"All values are zero." in head_map_to_svg(result, shown(result, np.zeros((2, 2)), "a", "b"))
