"""What was chosen in the film, as a finding keeps it, and back, believing nothing."""

import json
from collections.abc import Mapping

from engine.requests import Generation, Parameter
from gui.attention.film_take import FilmLook
from gui.attention.film_writing import HOTTEST, MOST_TOKENS, MOST_TOP_K

Forced = tuple[tuple[int, str], ...]
State = tuple[tuple[str, Parameter], ...]


def state_of(how: Generation, forced: Forced, branch: Forced | None, step: int, look: FilmLook) -> State:
    """``branch``: what is forced in it; None: there is none. ``step`` −1: nothing is written."""
    return (
        ("film_tokens", how.tokens),
        ("film_temperature", how.temperature),
        ("film_top_k", how.top_k),
        ("film_top_p", how.top_p),
        ("film_seed", how.seed),
        ("film_checkpoint", how.checkpoint),
        ("film_forced", json.dumps(forced)),
        ("film_branch", None if branch is None else json.dumps(branch)),
        ("film_step", step if step >= 0 else None),
        ("film_quantity", look.quantity),
        ("film_coordinates", look.coordinates),
        ("film_scale", look.scale),
        ("film_picture", look.picture),
    )


def step_of(state: Mapping[str, Parameter]) -> int | None:
    """None: the last."""
    step = state.get("film_step")
    return step if isinstance(step, int) and _whole(step, 0) else None


def _whole(value: object, least: int, most: int = 2**31 - 1) -> bool:
    """What a spin box can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def generation_of(state: Mapping[str, Parameter]) -> Generation:
    """What is not understood is left as it usually is; 0 tokens: as many as usual."""
    tokens = state.get("film_tokens")
    temperature, top_p, checkpoint = (state.get(f"film_{name}") for name in ("temperature", "top_p", "checkpoint"))
    top_k, seed = state.get("film_top_k"), state.get("film_seed")
    return Generation(
        tokens=tokens if isinstance(tokens, int) and _whole(tokens, 1, MOST_TOKENS) else 0,
        temperature=temperature if isinstance(temperature, float) and 0 < temperature <= HOTTEST else None,
        top_k=top_k if isinstance(top_k, int) and _whole(top_k, 1, MOST_TOP_K) else None,
        top_p=top_p if isinstance(top_p, float) and 0 < top_p <= 1 else None,
        seed=seed if isinstance(seed, int) and _whole(seed, 0) else 0,
        checkpoint=checkpoint if isinstance(checkpoint, str) else None,
    )


def forced_of(text: Parameter) -> Forced:
    """(step, token's text); none where it is not that."""
    try:
        pairs = json.loads(text) if isinstance(text, str) else []
    except (ValueError, RecursionError):
        return ()
    sound = isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and _whole(pair[0], 0) and isinstance(pair[1], str) for pair in pairs
    )
    return tuple((pair[0], pair[1]) for pair in pairs) if sound else ()


def look_of(state: Mapping[str, Parameter]) -> FilmLook:
    """Likewise."""
    known = {
        "quantity": ("weights", "contributions"),
        "coordinates": ("window", "text"),
        "scale": ("linear", "root", "log"),
        "picture": ("trunk", "branch", "difference"),
    }
    chosen = {name: state[f"film_{name}"] for name, words in known.items() if state.get(f"film_{name}") in words}
    return FilmLook(**chosen)  # type: ignore[arg-type]  # each was looked at
