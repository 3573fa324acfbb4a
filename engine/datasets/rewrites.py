"""Rules that rewrite a text in a way that should, or should not, change what is said of it. English, by word lists; torch-free.

A rule is one entry in ``RULES``; one of the user's own is a regular expression and its replacement.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import regex

from engine.errors import UserError

PATIENCE_SECONDS = 1.0
OWN = "own"
_WORD = re.compile(r"[^\W\d_]+(?:[’'][^\W\d_]+)*")
Rewrite = Callable[[str, int], str]  # text, seed -> text


@dataclass(frozen=True, slots=True)
class Rule:
    """``rewrite`` gives the text back as it is where the rule has nothing to change."""

    id: str
    label: str
    help: str
    rewrite: Rewrite


def _cased(word: str, like: str) -> str:
    """``word`` written as ``like`` is: in capitals, with a capital, or small."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


def _words(text: str, known: Mapping[str, str]) -> str:
    """Every word that is known, exchanged."""

    def exchanged(match: re.Match[str]) -> str:
        word = match[0]
        other = known.get(word.lower().replace("’", "'"))
        return word if other is None else _cased(other, word)

    return _WORD.sub(exchanged, text)


_GENDER = {"he": "she", "she": "he", "him": "her", "himself": "herself", "herself": "himself", "hers": "his"}
_GENDER |= {f"{a}'{end}": f"{b}'{end}" for a, b in (("he", "she"), ("she", "he")) for end in ("s", "d", "ll")}
_FOLLOWS_ALONE = (
    "a an the to in on at of for with from by as and or but so if when while because that this these those than then there "
    "here is was are were be been has had have do does did will would can could should may might must not again too up down "
    "out off away back over about into through before after during now always never i you he she it we they my your his our "
    "their who what which how why where all alone"
)
_NO_NOUN = frozenset(_FOLLOWS_ALONE.split())
_POSSESSIVE = re.compile(r"\b(her|his)\b(?=(\s+([^\W\d_]+))?)", re.IGNORECASE)


def _pronoun_gender(text: str, _seed: int) -> str:
    """*her* before a noun is *his*, else *him*; *his* before a noun is *her*, else *hers*."""

    def exchanged(match: re.Match[str]) -> str:
        word, following = match[1], (match[3] or "").lower()
        before_noun = bool(following) and following not in _NO_NOUN
        if word.lower() == "her":
            return _cased("his" if before_noun else "him", word)
        return _cased("her" if before_noun else "hers", word)

    parts, at = [], 0
    for match in _POSSESSIVE.finditer(text):
        parts += [_words(text[at : match.start()], _GENDER), exchanged(match)]
        at = match.end()
    return "".join([*parts, _words(text[at:], _GENDER)])


_FIRST_NAMES = (
    "James Emma John Olivia Robert Sophia Michael Isabella William Charlotte David Amelia Richard Mia Thomas Harper Daniel "
    "Evelyn Matthew Abigail Anthony Emily Mark Elizabeth Paul Sofia Steven Ella Andrew Grace Kevin Chloe Brian Victoria "
    "George Lily Edward Hannah Peter Nora Henry Zoe Jack Anna Adam Maria Tom Sarah Sam Kate Ben Lucy Max Julia Mohammed "
    "Fatima Ahmed Aisha Carlos Lucia Juan Carmen Wei Mei Raj Priya Jamal Keisha"
)
_NAMES = _FIRST_NAMES.split()
_OTHER_NAME = {name: _NAMES[(at + 7) % len(_NAMES)] for at, name in enumerate(_NAMES)}
_CAPITALISED = re.compile(r"\b[A-Z][a-z]+\b")


def _names(text: str, _seed: int) -> str:
    return _CAPITALISED.sub(lambda match: _OTHER_NAME.get(match[0], match[0]), text)


_PRESENT_PAST = (
    "is/was am/was are/were isn't/wasn't aren't/weren't has/had have/had hasn't/hadn't haven't/hadn't do/did does/did "
    "don't/didn't doesn't/didn't can/could can't/couldn't will/would won't/wouldn't may/might says/said makes/made "
    "takes/took gets/got goes/went comes/came feels/felt keeps/kept leaves/left gives/gave finds/found thinks/thought "
    "knows/knew sees/saw tells/told becomes/became begins/began seems/seemed looks/looked works/worked ends/ended "
    "starts/started happens/happened lasts/lasted plays/played wants/wanted needs/needed tries/tried falls/fell runs/ran "
    "brings/brought holds/held stands/stood loses/lost spends/spent shows/showed lacks/lacked deserves/deserved loves/loved "
    "hates/hated likes/liked offers/offered delivers/delivered turns/turned remains/remained"
)
_PAST = dict(pair.split("/") for pair in _PRESENT_PAST.split())


_BASE_FORMS = frozenset({"have", "do"})
_BEFORE_BASE = frozenset({"to", "will", "would", "can", "could", "shall", "should", "must", "may", "might", "not", "never"})


def _tense(text: str, _seed: int) -> str:
    """A base form behind another verb (*to have*, *would have*) stays."""
    previous = ""

    def exchanged(match: re.Match[str]) -> str:
        nonlocal previous
        word = match[0].lower().replace("’", "'")
        before, previous = previous, word
        if word in _BASE_FORMS and (before in _BEFORE_BASE or before.endswith("n't")):
            return match[0]
        return _cased(_PAST[word], match[0]) if word in _PAST else match[0]

    return _WORD.sub(exchanged, text)


_NEGATED = re.compile(r"(?i)(?<=\w)n[’']t\b|\s+not\b|\bnever\s+|\bnot\s+")
_AUXILIARY = re.compile(
    r"(?i)\b(is|was|are|were|am|has|have|had|does|do|did|will|would|can|could|should|must|may|might)\b(?!n[’']t)"
)
_SHORT_STEMS = {"wo": "will", "ca": "can", "sha": "shall"}  # what is left of won't, can't and shan't


def _negation(text: str, _seed: int) -> str:
    """The first *not*, *n't* or *never* goes; where there is none, *not* comes after the first auxiliary verb."""
    found = _NEGATED.search(text)
    if found is None:
        return _AUXILIARY.sub(
            lambda match: f"{match[0]} {_cased('not', match[0]) if match[0].isupper() else 'not'}", text, count=1
        )
    before, after = text[: found.start()], text[found.end() :]
    if found[0][-1:].lower() == "t" and found[0][:1].lower() == "n":
        stem = re.search(r"\w+$", before)
        whole = _SHORT_STEMS.get(stem[0].lower()) if stem else None
        if stem and whole:
            before = before[: stem.start()] + _cased(whole, stem[0])
    if not before:
        after = after[:1].upper() + after[1:]
    return before + after


_SHORT_LONG = (
    "isn't/is_not aren't/are_not wasn't/was_not weren't/were_not hasn't/has_not haven't/have_not hadn't/had_not "
    "don't/do_not doesn't/does_not didn't/did_not can't/cannot couldn't/could_not won't/will_not wouldn't/would_not "
    "shouldn't/should_not mustn't/must_not it's/it_is that's/that_is there's/there_is what's/what_is he's/he_is "
    "she's/she_is i'm/I_am you're/you_are we're/we_are they're/they_are i've/I_have you've/you_have we've/we_have "
    "they've/they_have i'll/I_will you'll/you_will he'll/he_will she'll/she_will it'll/it_will we'll/we_will "
    "they'll/they_will i'd/I_would you'd/you_would let's/let_us"
)
_LONG = dict(pair.split("/") for pair in _SHORT_LONG.split())
_LONG = {short: long.replace("_", " ") for short, long in _LONG.items()}
_SHORT = {long.lower(): short for short, long in _LONG.items()}
_LONG_FORMS = re.compile(r"(?i)\b(" + "|".join(sorted(map(re.escape, _SHORT), key=len, reverse=True)) + r")\b")


def _contraction(text: str, _seed: int) -> str:
    """Written out where the text contracts, contracted where it does not."""
    written_out = _words(text, _LONG)
    if written_out != text:
        return written_out

    def short(match: re.Match[str]) -> str:
        found = _SHORT[match[0].lower()]
        return "I" + found[1:] if found.startswith("i") and match[0].startswith("I ") else _cased(found, match[0])

    return _LONG_FORMS.sub(short, text)


_MARKS = re.compile(r"(?<!\d)[.,;:!?…]+(?!\d)|[\"“”]|(?<=\s)[–—-]+(?=\s)")


def _punctuation(text: str, _seed: int) -> str:
    bare = _MARKS.sub("", text)
    return text if bare == text else re.sub(r"[ \t]{2,}", " ", bare).strip()


_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_WORDS_A_TYPO = 6


def _typos(text: str, seed: int) -> str:
    """In one long word of six, two neighbouring letters inside change places."""
    words = [match for match in _LONG_WORD.finditer(text) if _swappable(match[0])]
    if not words:
        return text
    draw = random.Random(f"{seed}:{text}")
    chosen = draw.sample(words, -(-len(words) // _WORDS_A_TYPO))
    characters = list(text)
    for match in chosen:
        at = match.start() + draw.choice(_swappable(match[0]))
        characters[at], characters[at + 1] = characters[at + 1], characters[at]
    return "".join(characters)


def _swappable(word: str) -> list[int]:
    return [at for at in range(1, len(word) - 2) if word[at] != word[at + 1]]


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule("pronoun_gender", "Pronouns' gender", "he ↔ she, him ↔ her, his ↔ hers", _pronoun_gender),
        Rule("names", "First names", "each known first name by another", _names),
        Rule("tense", "Past tense", "is → was, makes → made, and other common verbs", _tense),
        Rule("negation", "Negation turned", "the first not goes, or comes after the first auxiliary verb", _negation),
        Rule("contraction", "Contractions", "don't ↔ do not", _contraction),
        Rule("lower_case", "Small letters", "everything in lower case", lambda text, _: text.lower()),
        Rule("upper_case", "Capital letters", "everything in upper case", lambda text, _: text.upper()),
        Rule("punctuation", "No punctuation", "full stops, commas, marks and quotes left out", _punctuation),
        Rule("typos", "Typing errors", "two letters change places in one long word of six", _typos),
    )
}


def rules_of(ids: tuple[str, ...], own: tuple[tuple[str, str], ...]) -> tuple[Rule, ...]:
    """Those named, and one's own; all of ours where neither is given.

    Raises:
        UserError: there is no such rule, or one's own is no regular expression.
    """
    unknown = next((id for id in ids if id not in RULES), None)
    if unknown is not None:
        raise UserError(f"There is no rule “{unknown}”; there are {', '.join(RULES)}.", "no_such_rule")
    chosen = ids or (() if own else tuple(RULES))
    return (*(RULES[id] for id in chosen), *(own_rule(pattern, replacement) for pattern, replacement in own))


def own_rule(pattern: str, replacement: str) -> Rule:
    """Every match replaced; a backslash and 1 stand for group 1.

    Raises:
        UserError: it is no regular expression, or the replacement names a group that is not there.
    """
    try:
        compiled = regex.compile(pattern)
        compiled.sub(replacement, "")
        regex.compile(f"(?:{pattern})|").sub(replacement, "")  # a group that is not there shows only where something matches
    except (regex.error, IndexError) as error:
        raise UserError(f"{pattern!r} → {replacement!r} is not a rule ({error}).", "pattern") from None

    def rewrite(text: str, _seed: int) -> str:
        try:
            return str(compiled.sub(replacement, text, timeout=PATIENCE_SECONDS))
        except TimeoutError:
            raise UserError(f"{pattern!r} takes too long on a text; make it simpler.", "pattern") from None

    return Rule(f"{OWN}:{pattern}→{replacement}", f"{pattern} → {replacement}", "a rule of your own", rewrite)
