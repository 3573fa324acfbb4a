"""What was written step by step, and where each step looked: rows aligned in the window, and over the whole text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.attention_maps import AttentionResult, GeneratedToken, HeadMap, History
from engine.attention_reading import rank_in_row
from engine.heatmaps.numerals import aligned, figures, signed_figures
from engine.heatmaps.token_names import name_of, quoted, visible
from engine.results import FloatArray, Token, TokenizedText

FilmQuantity = Literal["weights", "contributions"]
FilmScale = Literal["linear", "root", "log"]
PAD = "<pad>"
PADDING, UNSEEN = -1, -3  # positions that are no token
_META = -2  # in a ``History``: the first token of the text
_UNSEEN = "out of its sight"
DECADES = 4  # of a logarithmic scale, down from its end


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """One row for each written token, of what stood before it; the last place is always the token right before.

    Args:
        document: the text whose tokens are attended to: read and written, or the source.
        prompt: step s wrote token ``prompt + s`` of the text that is written.
        steps: what was written.
        weights: (step, place) float32; NaN where a step saw nothing.
        positions: (step, place) int: which token of ``document`` stands there; ``PADDING`` or ``UNSEEN``.
        unit: of a weight.
        history: of a recurrent model, from the first written token on; None: of a transformer's head.
        moves: whether each step's window lies one token further on; False: all look at one source.
    """

    document: TokenizedText
    prompt: int
    steps: tuple[GeneratedToken, ...]
    weights: FloatArray
    positions: NDArray[np.integer]
    unit: str
    history: History | None
    moves: bool = True

    @property
    def keys(self) -> int:
        """How many tokens of the document can be attended to: all but the last one written."""
        tokens = len(self.document.tokens)
        return tokens - 1 if self.moves and self.steps else tokens

    @property
    def padded(self) -> bool:
        """Whether some step's window holds padding."""
        return bool((self.positions == PADDING).any())

    def values(self, quantity: FilmQuantity) -> FloatArray:
        """(step, place); NaN where a step saw nothing."""
        if quantity == "weights" or self.history is None:
            return self.weights
        return self.history.contributions

    def in_text(self, values: FloatArray) -> FloatArray:
        """(step, place) -> (step, key), with a first column for all padding together where there is any."""
        return _scattered(values, self.positions, self.keys, self.padded)

    def column(self, place: int, step: int) -> int:
        """Where ``place`` of ``step`` lies among the columns of ``in_text``; −1: nowhere."""
        position = int(self.positions[step, place])
        if position == PADDING:
            return 0
        return position + self.padded if position >= 0 else -1

    def place(self, column: int, step: int) -> int:
        """The inverse of ``column``; of padding the last place; −1: out of this step's sight."""
        wanted = column - self.padded
        found = np.flatnonzero(self.positions[step] == (PADDING if wanted < 0 else wanted))
        return int(found[-1]) if found.size else -1

    def names(self) -> list[str]:
        """Of the columns of ``in_text``."""
        return [PAD] * self.padded + [name_of(token) for token in self.document.tokens[: self.keys]]

    def name(self, step: int, place: int) -> str:
        """Of what stands there."""
        position = int(self.positions[step, place])
        return PAD if position == PADDING else quoted(self.document.tokens[position]) if position >= 0 else ""

    def strongest(self, step: int, quantity: FilmQuantity) -> int:
        """The place with the largest magnitude; −1: nothing was seen."""
        row = np.abs(self.values(quantity)[step])
        return int(np.nanargmax(row)) if row.size and not np.isnan(row).all() else -1


def film_of(result: AttentionResult, shown: HeadMap | None = None) -> Film | None:
    """What was written; ``shown``: the map of a transformer's head. None: nothing was written, or no map is there yet."""
    if not result.generated:
        return None
    if result.history is not None:
        return _of_history(result, result.history)
    if shown is None:
        return None
    return _of_source(result, shown) if shown.request.stack == "cross" else _of_head(result, shown)


def _of_history(result: AttentionResult, history: History) -> Film:
    read = len(history.patterns) - len(result.generated)
    positions = np.asarray(history.positions[read:]).copy()
    positions[positions == _META] = 0
    written = replace(
        history,
        patterns=history.patterns[read:],
        tokens=history.tokens[read:],
        positions=positions,
        contributions=history.contributions[read:],
        bias=history.bias[read:],
        logit=history.logit[read:],
    )
    return Film(result.input, result.prompt, result.generated, written.patterns, positions, "weight", written)


def _of_head(result: AttentionResult, shown: HeadMap) -> Film:
    """Step s is the last query when it was chosen; its row is moved to the right, so that the newest key is the last place."""
    steps, prompt = len(result.generated), result.prompt
    places = prompt + steps - 1
    weights = np.full((steps, places), np.nan, dtype=np.float32)
    positions = np.full((steps, places), UNSEEN)
    for step in range(steps):
        seen = prompt + step
        weights[step, places - seen :] = shown.pattern[seen - 1, :seen]
        positions[step, places - seen :] = np.arange(seen)
    document = result.decoder_input or result.input
    return Film(document, prompt, result.generated, weights, positions, shown.unit, None)


def _of_source(result: AttentionResult, shown: HeadMap) -> Film:
    steps, prompt = len(result.generated), result.prompt
    weights = shown.pattern[prompt - 1 : prompt - 1 + steps]
    positions = np.broadcast_to(np.arange(weights.shape[1]), weights.shape)
    return Film(result.input, prompt, result.generated, weights, positions, shown.unit, None, moves=False)


def _scattered(values: FloatArray, positions: NDArray[np.integer], keys: int, padded: bool) -> FloatArray:
    found = np.full((len(values), keys + padded), np.nan, dtype=np.float32)
    steps, places = np.nonzero(positions >= 0)
    found[steps, positions[steps, places] + padded] = values[steps, places]
    if padded:
        padding = positions == PADDING
        found[:, 0] = np.where(padding.any(axis=1), np.where(padding, values, 0).sum(axis=1), np.nan)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Two branches of one text, step by step as far as both go: the rows of the trunk minus those of the branch.

    Args:
        trunk, branch: cut to as many steps and places as both have.
        values: (step, place); NaN where one of them saw nothing.
    """

    trunk: Film
    branch: Film
    values: FloatArray

    def in_text(self) -> FloatArray:
        """(step, key): the same places of both texts, which are the same tokens up to the first that was forced."""
        return self.trunk.in_text(self.values)


def difference(trunk: Film, branch: Film, quantity: FilmQuantity) -> Difference:
    """Aligned by step; both texts begin alike."""
    steps = min(len(trunk.steps), len(branch.steps))
    places = min(trunk.weights.shape[1], branch.weights.shape[1])
    first, second = (_cut(film, steps, places) for film in (trunk, branch))
    return Difference(first, second, first.values(quantity) - second.values(quantity))


def _cut(film: Film, steps: int, places: int) -> Film:
    """The first steps; what they do not fill is missing at the left."""
    if not film.moves:
        return replace(film, steps=film.steps[:steps], weights=film.weights[:steps], positions=film.positions[:steps])
    document = replace(film.document, tokens=film.document.tokens[: film.prompt + steps])
    history = film.history
    if history is not None:
        history = replace(
            history,
            contributions=history.contributions[:steps, -places:],
            bias=history.bias[:steps],
            logit=history.logit[:steps],
        )
    weights, positions = film.weights[:steps, -places:], film.positions[:steps, -places:]
    return replace(film, document=document, steps=film.steps[:steps], weights=weights, positions=positions, history=history)


def scaled(values: NDArray[np.floating], limit: float, scale: FilmScale) -> NDArray[np.float64]:
    """Shares of the colour scale, −1 … 1: by value, by the square root, or by decades down from ``limit``; NaN stays.

    The sign is kept. On a logarithmic scale what lies below its ``floor_of`` is nothing.
    """
    if not limit > 0:
        return np.where(np.isnan(values), np.nan, 0.0)
    share = np.clip(np.asarray(values, dtype=np.float64) / limit, -1, 1)
    size = np.abs(share)
    if scale == "root":
        size = np.sqrt(size)
    elif scale == "log":
        size = np.maximum(1 + np.log10(np.maximum(size, 10.0**-DECADES)) / DECADES, 0)
    return np.copysign(size, share)


def floor_of(limit: float) -> float:
    """Where a logarithmic scale begins."""
    return limit * 10.0**-DECADES


def written_name(token: GeneratedToken) -> str:
    """Without the space around it."""
    return visible(token.text.strip() or token.text)


def step_in_words(film_steps: Sequence[GeneratedToken], step: int) -> str:
    """Which step, what was written, and how likely that was."""
    token = film_steps[step]
    words = f"Step {step + 1} of {len(film_steps)}: “{written_name(token)}” · probability {figures(token.probability)}"
    return f"{words} · forced" if token.forced else words


def entry_in_words(film: Film, step: int, place: int) -> str:
    """Step, token written, token attended to, how far back, weight, rank, and what that adds to a recurrent model's logit.

    ``place`` −1: none that the step could see.
    """
    if not 0 <= step < len(film.steps) or place >= film.weights.shape[1]:
        return ""
    pair = f"Step {step + 1}, “{written_name(film.steps[step])}”"
    weights = film.weights[step]
    if place < 0 or np.isnan(weights[place]):
        return f"{pair} · {_UNSEEN}"
    name = film.name(step, place)
    back = weights.size - place
    where = f"{name}, {back} back" if film.moves else name
    seen = int(np.isfinite(weights).sum())
    rank = rank_in_row(np.nan_to_num(weights, nan=-np.inf), place)
    words = [f"{pair} → {where}", f"{film.unit} {figures(float(weights[place]), 4)}", f"rank {rank:,} of {seen:,}"]
    if film.history is not None:
        words.append(f"adds {signed_figures(float(film.history.contributions[step, place]), 4)} to its logit")
    return " · ".join(words)


def difference_in_words(both: Difference, step: int, place: int, quantity: FilmQuantity) -> str:
    """What both say of one place."""
    trunk, branch = both.trunk, both.branch
    if not 0 <= step < len(trunk.steps) or place >= both.values.shape[1]:
        return ""
    if place < 0 or np.isnan(both.values[step, place]):
        return f"Step {step + 1} · {_UNSEEN}"
    numbers = [float(film.values(quantity)[step, place]) for film in (trunk, branch)]
    names = [f"“{written_name(film.steps[step])}” → {film.name(step, place)}" for film in (trunk, branch)]
    values = f"{figures(numbers[0], 4)} − {figures(numbers[1], 4)} = {signed_figures(float(both.values[step, place]), 4)}"
    return f"Step {step + 1} · trunk {names[0]}, branch {names[1]} · {values.replace('− −', '+ ')}"


def logit_in_words(film: Film, step: int) -> str:
    """The exact split of the written token's logit; empty where there is none."""
    history = film.history
    if history is None or not 0 <= step < len(film.steps):
        return ""
    logit, bias = float(history.logit[step]), float(history.bias[step])
    total = float(history.contributions[step].astype(np.float64).sum())
    said = aligned([logit, bias, total], logit, 4)
    places = history.contributions.shape[1]
    name = written_name(film.steps[step])
    return f"Logit of “{name}” {said[0]} = bias {said[1]} + {said[2]} from {places} places (Σ α x·W)."


def padding_in_words(film: Film, step: int, quantity: FilmQuantity) -> str:
    """All padding of a step together."""
    there = film.positions[step] == PADDING
    if not there.any():
        return ""
    total = float(film.values(quantity)[step][there].astype(np.float64).sum())
    kind = film.unit if quantity == "weights" else "contribution"
    return f"{int(there.sum())} places of {PAD} · {kind} {figures(total, 4)} together"


def shown_tokens(film: Film, step: int) -> tuple[Token, ...]:
    """The tokens of the document that there are once ``step`` is written."""
    return film.document.tokens[: film.prompt + step + 1] if film.moves else film.document.tokens
