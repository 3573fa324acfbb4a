"""Texts that were edited: words taken out or exchanged, and two texts held against each other word by word. Torch-free."""

from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from engine.edits import WordChange
from engine.inputs.grain import word_spans
from engine.requests import TextInput
from engine.results import Token, TokenizedText

Pair = tuple[int | None, int | None]  # places in the text before and in the one after; None: not there
Span = tuple[int, int]
SPACING = "spacing"
_LONG = 2_000  # words left to compare; above, common ones are no anchors
_MOST_NAMED = 3
_LONGEST_NAMED = 32  # characters
_REMEMBERED = 512  # changes in words: a tree says all of them anew whenever it changes


def without(text: str, spans: Sequence[Span]) -> str:
    """``text`` without some words, and without the space before each."""
    for start, end in sorted(spans, reverse=True):
        before = text[:start]
        joined = before[:-1] if before.endswith(" ") else before
        rest = text[end:]
        text = joined + (rest if joined or not rest.startswith(" ") else rest[1:])
    return text


def replaced(text: str, span: Span, word: str) -> str:
    """``text`` with ``word`` where something else stood; without any, that goes as a word does."""
    start, end = span
    return text[:start] + word + text[end:] if word.strip() else without(text, [span])


def with_segment(input: TextInput, segment: int, text: str) -> TextInput:
    """``input`` with another first text (0) or second one (1)."""
    return TextInput(input.text, text) if segment else TextInput(text, input.pair)


def aligned(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Pair]:
    """Which of ``before`` are which of ``after``, in reading order; of what was exchanged, the old comes first.

    What is equal at both ends stays together, since edits are in one place more often than not; between, Ratcliff and
    Obershelp's longest common stretches.
    """
    shorter = min(len(before), len(after))
    head = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    tail = next((at for at in range(shorter - head) if before[-1 - at] != after[-1 - at]), shorter - head)
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    pairs: list[Pair] = [(at, at) for at in range(head)]
    matcher = SequenceMatcher(None, old, new, autojunk=max(len(old), len(new)) > _LONG)
    for kind, old_first, old_last, new_first, new_last in matcher.get_opcodes():
        if kind == "equal":
            pairs += [(head + a, head + b) for a, b in zip(range(old_first, old_last), range(new_first, new_last), strict=True)]
        else:
            pairs += [(head + at, None) for at in range(old_first, old_last)]
            pairs += [(None, head + at) for at in range(new_first, new_last)]
    pairs += [(len(before) - at, len(after) - at) for at in range(tail, 0, -1)]
    return pairs


@lru_cache(maxsize=_REMEMBERED)
def change_in_words(before: TextInput, after: TextInput) -> str:
    """“− not”, “exciting → dull”, “+ very”; several with commas between them."""
    parts = _changes(before.text, after.text) + _changes(before.pair or "", after.pair or "")
    if not parts:
        return SPACING if before != after else ""
    more = f", and {len(parts) - _MOST_NAMED} more" if len(parts) > _MOST_NAMED else ""
    return ", ".join(parts[:_MOST_NAMED]) + more


def _changes(before: str, after: str) -> list[str]:
    old, new = word_spans(before), word_spans(after)
    parts: list[str] = []
    gone: list[int] = []
    came: list[int] = []

    def say() -> None:
        if gone or came:
            parts.append(_change(_stretch(before, old, gone), _stretch(after, new, came)))
        gone.clear()
        came.clear()

    for a, b in aligned([before[slice(*span)] for span in old], [after[slice(*span)] for span in new]):
        if a is not None and b is not None:
            say()
        elif a is not None:
            gone.append(a)
        elif b is not None:
            came.append(b)
    say()
    return parts


def _stretch(text: str, spans: Sequence[Span], places: Sequence[int]) -> str:
    if not places:
        return ""
    line = " ".join(text[spans[places[0]][0] : spans[places[-1]][1]].split())
    return line if len(line) <= _LONGEST_NAMED else f"{line[: _LONGEST_NAMED - 1]}…"


def _change(old: str, new: str) -> str:
    if old and new:
        while len(old) > 1 and len(new) > 1 and old[-1] == new[-1] and not old[-1].isalnum():
            old, new = old[:-1], new[:-1]  # "[MASK]." has its full stop from the bracket's run of marks
        return f"{old} → {new}"
    return f"− {old}" if old else f"+ {new}"


def merged(words: Sequence[WordChange], before: TextInput, after: TextInput) -> TokenizedText:
    """Both texts as one, a token for each of ``words``: what was removed stands before what came in its place."""
    texts, tokens = ["", ""], list[Token]()
    reached = [[0, 0], [0, 0]]  # by segment: how far the text before and the one after were gone through
    gone = [False, False]  # by segment: the word last written is one that was removed
    for word in words:
        at = word.segment
        if word.special:
            place = len(texts[at])
            tokens.append(Token("", word.text, -1, place, place, True, at))
            continue
        texts[at] += _gap(word, (before, after), reached[at], gone[at]) + word.text
        end = len(texts[at])
        tokens.append(Token(word.text, word.text, -1, end - len(word.text), end, False, at))
        for side, span in enumerate((word.before, word.after)):
            if span is not None:
                reached[at][side] = span[1]
        gone[at] = word.after is None
    pair = None if before.pair is None and after.pair is None else texts[1]
    return TokenizedText(texts[0], tuple(tokens), pair)


def _gap(word: WordChange, inputs: tuple[TextInput, TextInput], reached: Sequence[int], follows_removed: bool) -> str:
    """What stands between a word and the one before it: as in the later text, where it is there."""
    old, new = ((input.pair or "") if word.segment else input.text for input in inputs)
    in_old = "" if word.before is None else old[reached[0] : word.before[0]]
    in_new = "" if word.after is None else new[reached[1] : word.after[0]]
    if word.after is None:
        return in_old
    if not follows_removed or in_new:
        return in_new
    return in_old if word.before is not None else " "
