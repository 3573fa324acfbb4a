"""The rows of a film are those that the model had when it chose each token."""

from pathlib import Path

import numpy as np
import pytest

from engine.attention_film import film_of, shown_tokens
from engine.heatmaps.token_names import name_of
from engine.jobs import run
from engine.requests import HeadRequest
from tests.engine.attention.attending import asked, opened, working

STEPS = 5


@pytest.mark.parametrize(("model_type", "stack"), [("gpt2", "self"), ("gemma2", "self"), ("t5", "decoder"), ("t5", "cross")])
def test_each_step_has_its_own_row(model_type: str, stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = opened(model_type, tmp_path, monkeypatch, endless=True)
    workbench, request = working(model), asked(model, tokens=STEPS)
    result = run(workbench.job_for(request))
    shown = run(workbench.job_for(HeadRequest(request, stack, 1, 1)))  # type: ignore[arg-type]
    film = film_of(result, shown)
    assert film is not None
    assert film.weights.shape[0] == STEPS
    np.testing.assert_allclose(np.nansum(film.weights, axis=1), 1.0, atol=1e-5)
    over = film.in_text(film.weights)
    for step in range(STEPS):
        row = shown.pattern[result.prompt - 1 + step]
        seen = result.prompt + step if stack != "cross" else len(row)
        np.testing.assert_array_equal(over[step, :seen], row[:seen])
        assert np.isnan(over[step, seen:]).all()
    written = result.decoder_input or result.input
    if stack == "cross":
        assert shown_tokens(film, 0) == result.input.tokens
        assert film.keys == len(result.input.tokens)
    else:
        assert shown_tokens(film, 2) == written.tokens[: result.prompt + 3]
        assert film.names() == [name_of(token) for token in written.tokens[: result.prompt + STEPS - 1]]
