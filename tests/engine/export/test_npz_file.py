"""Plain arrays, and texts that keep every NUL."""

import io
import json

import numpy as np

from engine.export.json_file import attribution_as_dict
from engine.export.npz_file import to_npz
from engine.models.model import TextModel
from tests.engine.export.hostile import HOSTILE, explained


def test_it_loads_without_pickles_and_keeps_trailing_nuls(tiny_bert: TextModel):
    result = explained(tiny_bert)
    with np.load(io.BytesIO(to_npz(result)), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["values"], result.values)
        assert file["token_ids"].tolist() == [token.id for token in result.tokens]
        assert file["start"].tolist() == [token.start for token in result.tokens]
        assert file["special"].dtype == np.bool_
        meta = json.loads(bytes(file["meta"]))
        assert not [name for name in file.files if file[name].dtype.kind in "OUS"]
        assert file["path_alpha"].shape == file["path_score"].shape
    assert meta["input"]["text"] == HOSTILE
    assert meta["input"]["text"].endswith("\0\0")
    expected = attribution_as_dict(result)
    assert meta["completeness"] == expected["completeness"]
    assert [token["piece"] for token in meta["input"]["tokens"]] == [token.piece for token in result.tokens]


def test_the_whole_map_is_kept(tiny_bert: TextModel):
    result = explained(tiny_bert, "a film", reduction="none")
    with np.load(io.BytesIO(to_npz(result)), allow_pickle=False) as file:
        assert file["values"].shape == result.values.shape
