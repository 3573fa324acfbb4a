"""What a finding keeps of the film, and what comes of a document that somebody else wrote."""

import pytest

from engine.requests import Generation, Parameter
from gui.attention.film_state import forced_of, generation_of, look_of, state_of, step_of
from gui.attention.film_take import FilmLook


def test_there_and_back() -> None:
    how = Generation(tokens=12, temperature=0.7, top_k=5, top_p=0.9, seed=3, checkpoint="epoch 2")
    look = FilmLook("contributions", "text", "linear", "difference")
    state = dict(state_of(how, ((1, " a"),), ((1, " a"), (4, "“b”")), 7, look))
    assert generation_of(state) == how
    assert look_of(state) == look
    assert step_of(state) == 7
    assert forced_of(state["film_forced"]) == ((1, " a"),)
    assert forced_of(state["film_branch"]) == ((1, " a"), (4, "“b”"))
    usual = dict(state_of(Generation(tokens=40), (), None, -1, FilmLook()))
    assert generation_of(usual) == Generation(tokens=40)
    assert (step_of(usual), look_of(usual), forced_of(usual["film_branch"])) == (None, FilmLook(), ())


@pytest.mark.parametrize("text", [None, 3, "", "{", "[[0]]", '[["0", "a"]]', '[[-1, "a"]]', "[" * 100_000, '{"0": "a"}'])
def test_forced_tokens_that_are_none(text: Parameter) -> None:
    assert forced_of(text) == ()


@pytest.mark.parametrize("value", [True, -1, 10**12, "many", float("inf"), float("nan")])
def test_numbers_that_no_control_could_hold(value: Parameter) -> None:
    names = ("tokens", "temperature", "top_k", "top_p", "seed", "step", "scale", "picture")
    state = {f"film_{name}": value for name in names}
    assert generation_of(state) == Generation()
    assert step_of(state) is None
    assert look_of(state) == FilmLook()
