"""Every number in every file, and a picture that is valid whatever the words are."""

import csv
import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from engine.attention_maps import TfidfResult
from engine.export.tfidf_files import tfidf_to_csv, tfidf_to_json
from engine.export.tfidf_svg import tfidf_to_svg
from engine.heatmaps.inks import DARK, LIGHT
from engine.requests import AttentionRequest, TextInput, TfidfRequest
from tests.gui import made_attention

_SVG = "{http://www.w3.org/2000/svg}"
TEXT = "Not once does it come close to being exciting, not once is it frightening, and it is over."


def made(text: str = TEXT) -> TfidfResult:
    attention = AttentionRequest("ab" * 32, TextInput(text))
    document = made_attention.made.document(text)
    request = TfidfRequest(attention, ("/data/reviews.csv",))
    return made_attention.tfidf(request, made_attention.attention(attention, document))


def test_json():
    result = made()
    said = json.loads(tfidf_to_json(result))
    assert (said["n"], said["correlation"], said["correlation_without_age"], said["documents"]) == (18, 0.25, 0.5, 518)
    assert said["standouts"] == list(result.standouts)
    for word, point in zip(said["words"], result.occurrences, strict=True):
        assert word == {name: getattr(point, name) for name in word}
        assert word["without_age"] == pytest.approx(word["attention"] / word["expected"])


def test_csv():
    result = made('Not =once, "twice".')
    rows = list(csv.DictReader(io.StringIO(tfidf_to_csv(result).decode())))
    assert [row["word"] for row in rows] == ["Not", "once", "twice"]
    np.testing.assert_array_equal([float(row["attention"]) for row in rows], [p.attention for p in result.occurrences])
    rows = list(csv.DictReader(io.StringIO(tfidf_to_csv(made()).decode())))
    assert [row["word"] for row in rows if row["stands_out"]] == ["exciting", "frightening"]


@pytest.mark.parametrize("inks", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("without_age", [False, True])
def test_svg(inks: object, without_age: bool):
    result = made()
    drawn = ET.fromstring(tfidf_to_svg(result, without_age, inks))  # type: ignore[arg-type]
    dots = drawn.findall(f"{_SVG}circle")
    assert len(dots) == 18
    assert "“exciting”" in (dots[8].findtext(f"{_SVG}title") or "")
    height = [float(dot.get("cy", "nan")) for dot in dots]
    values = [point.without_age if without_age else point.attention for point in result.occurrences]
    np.testing.assert_allclose(np.diff(height) < -0.05, np.diff(values) > 1e-9)
    words = [each.text for each in drawn.findall(f"{_SVG}text")]
    assert "exciting" in words
    assert any(word and word.startswith("Rank correlation") for word in words)


@pytest.mark.parametrize("text", ["!", "One.", "a a a a", "<b>&amp; \x0c\ud800 word's"])
def test_svg_of_little(text: str):
    drawn = ET.fromstring(tfidf_to_svg(made(text), False))
    assert float(drawn.get("height", "0")) > 0


def test_svg_of_no_attention_at_all():
    result = made()
    nothing = replace(result, occurrences=tuple(replace(point, attention=0.0) for point in result.occurrences), standouts=())
    assert len(ET.fromstring(tfidf_to_svg(nothing, False)).findall(f"{_SVG}circle")) == 18
