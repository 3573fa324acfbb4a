"""A map at a grain, in words."""

from dataclasses import replace

import numpy as np
import pytest

from engine.heatmaps.grained import GrainedMap, Grouper, at_grain, brief_title, brief_words, differences
from tests.gui import made

DOCUMENT = made.document("A gorgeous film.")  # [CLS] A gorgeo us film . [SEP]


def test_the_read_out_says_of_how_many_pieces() -> None:
    result = made.result(DOCUMENT, [0, 0.1, 0.5, -0.2, 0, 0, 0])
    shown = GrainedMap(result, Grouper()(DOCUMENT, "word"))
    assert shown.in_words(2) == "“gorgeous” · +0.300 logit · rank 1 of 6 · 75 % of Σ|values| · sum of 2 pieces: gorgeo us"
    assert shown.in_words(1).startswith("“A” · piece a · +0.100 logit")
    assert (shown.grouped.token_of(2), shown.grouped.unit_of(3)) == (2, 2)


def test_equal_texts_are_cut_once() -> None:
    grouper = Grouper()
    assert grouper(DOCUMENT, "word") is grouper(made.document("A gorgeous film."), "word")
    assert grouper(DOCUMENT, "word") is not grouper(DOCUMENT, "sentence")


def test_rows_of_dimensions_add() -> None:
    result = replace(made.result(DOCUMENT), values=np.ones((7, 4), dtype=np.float32), reduction="none")
    assert GrainedMap(result, Grouper()(DOCUMENT, "word")).values.tolist() == [4, 4, 8, 4, 4, 4]


def test_what_differs_is_named_with_both_values() -> None:
    kept = made.result(DOCUMENT)
    other = made.result(made.document("Another."), signed=True, complete=False)
    other = replace(other, target=replace(other.target, label="negative", index=0))
    assert differences(kept, kept) == ()
    assert differences(kept, other) == ("text", "method Integrated Gradients → Saliency", "target positive → negative")
    fewer = replace(kept, request=replace(kept.request, parameters=(("n_steps", 4),)))
    assert differences(kept, fewer) == ("steps default → 4",)
    assert brief_title(fewer) == "Integrated Gradients · steps 4"


def test_the_strip_in_short() -> None:
    assert brief_words(made.result(), False) == "off by 0.4 % of Σ|values| ✓ · 46 passes"
    assert brief_words(made.result(complete=False), False) == "no promise about the sum · 46 passes"
    assert brief_words(made.result(progress=0.5), True).startswith("stopped at 50 %")


@pytest.mark.parametrize(("reduction", "gorgeous"), [("sum", 0.3), ("l2", np.hypot(0.5, 0.2)), ("signed_max", 0.5)])
def test_a_whole_map_at_the_grain_of_words(reduction: str, gorgeous: float) -> None:
    result = replace(made.result(DOCUMENT, [0, 0.1, 0.5, -0.2, 0, 0, 0]), reduction=reduction)
    words = at_grain(result, "word")
    assert [token.text for token in words.tokens] == ["", "A", "gorgeous", "film", ".", ""]
    assert (words.tokens[2].piece, words.tokens[2].id) == ("gorgeo us", -1)
    assert words.values == pytest.approx(np.array([0, 0.1, gorgeous, 0, 0, 0]))
    assert words.grain == "word"
    assert at_grain(result, "token") is result
    assert words.completeness == result.completeness


def test_rows_of_dimensions_at_the_grain_of_words() -> None:
    rows = np.arange(28, dtype=np.float32).reshape(7, 4)
    words = at_grain(replace(made.result(DOCUMENT), values=rows, reduction="none"), "word")
    assert words.values.shape == (6, 4)
    assert words.values[2].tolist() == (rows[2] + rows[3]).tolist()
    assert words.values[3].tolist() == rows[4].tolist()
