"""What was written step by step as a file: the arrays that ``attention`` writes, and a table with one row per step and place."""

import csv
import io
from collections.abc import Callable, Mapping

import numpy as np

from engine.attention_film import PAD, PADDING, film_of
from engine.attention_maps import AttentionFile, AttentionResult, HeadMap
from engine.errors import UserError
from engine.export.attention_files import attention_to_json, attention_to_npz
from engine.export.csv_file import guarded
from engine.export.head_map_svg import map_to_svg, title_of
from engine.heatmaps.token_names import name_of
from engine.requests import AttentionFileRequest, HeadRequest
from engine.results import Token

_COLUMNS = ("step", "written", "probability", "forced", "back", "position", "text", "weight", "contribution")
_MOST_ROWS = 2_000_000


def film_to_npz(result: AttentionResult, shown: HeadMap | None) -> bytes:
    """As ``attention --generate`` writes it: of a recurrent model ``history_patterns``, of a head ``generated_patterns``.

    Raises:
        UserError: what is shown is not a head's weights as they are.
    """
    return attention_to_npz(_file(result, shown))


def film_to_json(result: AttentionResult, shown: HeadMap | None) -> bytes:
    """The same names as nested lists.

    Raises:
        UserError: as of ``film_to_npz``, or more numbers than anybody reads in digits.
    """
    return attention_to_json(_file(result, shown))


def film_to_svg(result: AttentionResult, shown: HeadMap | None) -> bytes:
    """What was written from top to bottom, what it attended to from left to right."""
    film = film_of(result, shown)
    assert film is not None  # nothing else can be saved
    over = np.nan_to_num(film.in_text(film.weights), nan=0.0)
    padding = (Token("", PAD, 0, 0, 0, True),) if film.padded else ()
    keys = (*padding, *film.document.tokens[: film.keys])
    written = tuple(Token(step.text, step.text, step.index, 0, 0, False) for step in film.steps)
    how = HeadRequest(result.request) if shown is None else shown.request
    drawn = HeadMap(how, written, keys, False, over, film.unit, None, result.cost)
    title = f"{result.model.name} · attention over the window" if shown is None else title_of(result, shown)
    return map_to_svg(result, drawn, title, "what was written from top to bottom, the text from left to right")


def film_to_csv(result: AttentionResult, shown: HeadMap | None) -> bytes:
    """Every place that a step could see; ``back`` counts from the token before, which is 1; ``position`` −1 is padding.

    Raises:
        UserError: more rows than a table can be read with.
    """
    film = film_of(result, shown)
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    if film is None:
        return written.getvalue().encode("ascii")
    if film.weights.size > _MOST_ROWS:
        words = f"These are {film.weights.size:,} rows, too many for a table; end the file's name in .npz."
        raise UserError(words, "too_many")
    places = film.weights.shape[1]
    for step, place in np.argwhere(np.isfinite(film.weights)):
        token, position = film.steps[step], int(film.positions[step, place])
        text = PAD if position == PADDING else name_of(film.document.tokens[position])
        back = places - place if film.moves else ""
        known = (step, guarded(token.text), token.probability, str(token.forced).lower(), back, position, guarded(text))
        added = "" if film.history is None else str(film.history.contributions[step, place])
        writer.writerow((*known, str(film.weights[step, place]), added))
    return written.getvalue().encode("utf-8", "backslashreplace")


FILM_KINDS: Mapping[str, tuple[str, Callable[[AttentionResult, HeadMap | None], bytes]]] = {
    ".npz": ("NumPy arrays of this film", film_to_npz),
    ".json": ("JSON of this film", film_to_json),
    ".svg": ("Vector picture of this film", film_to_svg),
    ".csv": ("Table of this film, one row per step and token", film_to_csv),
}


def _file(result: AttentionResult, shown: HeadMap | None) -> AttentionFile:
    if shown is None:
        return AttentionFile(AttentionFileRequest(result.request), result, {}, None)
    how = shown.request
    if how.quantity != "weights" or how.without_sinks or not isinstance(how.head, int):
        raise UserError("Arrays of a film are the weights of a single head; choose one, or save a table (.csv).", "no_such_file")
    pattern = shown.pattern[None, None]
    steps = len(result.generated)
    rows = pattern[:, :, result.prompt - 1 : result.prompt - 1 + steps].transpose(2, 0, 1, 3).copy()
    if how.stack != "cross":
        for step in range(steps):
            rows[step, :, :, result.prompt + step :] = np.nan
    request = AttentionFileRequest(result.request, how.layer, how.head)
    return AttentionFile(request, result, {how.stack: pattern}, rows)
