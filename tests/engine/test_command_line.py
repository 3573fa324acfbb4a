"""The copied command says exactly what was asked, through a real shell's own splitting."""

import shlex
import subprocess
from pathlib import Path

import pytest

from engine.command_line import LONGEST_ARGUMENT, arguments_for, attention_command, command_for, program
from engine.commands import _parser
from engine.errors import UserError
from engine.requests import AttentionRequest, AttributionRequest, Generation, HeadRequest, Target, TextInput
from engine.results import AttributionResult
from tests.gui import made, made_attention
from tests.gui.stub_engine import attribution, model

TEXTS = [
    "plain",
    'it\'s "quoted" $HOME `id` \\ !',
    "two\nlines\tand a tab",
    "-begins like an option",
    "😀 عربى \u00a0 \u202e",
    "'",
    "--text",
    " ",
]


def result(text: str = "a film", pair: str | None = None, **changes: object) -> AttributionResult:
    return attribution(AttributionRequest("sha", TextInput(text, pair), **changes))  # type: ignore[arg-type]


def value(words: list[str], option: str) -> str:
    """As argparse reads it: after the option, or behind its equals sign."""
    for at, word in enumerate(words):
        if word == option:
            return words[at + 1]
        if word.startswith(option + "="):
            return word.removeprefix(option + "=")
    raise AssertionError(f"no {option}")


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_through_the_shell_unharmed(text: str, tmp_path: Path) -> None:
    command = command_for(result(text), tmp_path)
    assert shlex.split(command) == arguments_for(result(text), tmp_path)
    printed = subprocess.run(["sh", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True).stdout
    assert printed.decode().split("\0")[:-1] == arguments_for(result(text), tmp_path)
    assert value(shlex.split(command), "--text") == text


@pytest.mark.parametrize("text", ["nul \0", "\x1b[31m", "\ufeff\0", "long " * LONGEST_ARGUMENT])
def test_what_no_command_line_can_hold_is_kept_in_a_file(text: str, tmp_path: Path) -> None:
    words = arguments_for(result(text), tmp_path / "texts")
    assert Path(value(words, "--text-file")).read_bytes().decode("utf-8-sig") == text, "one byte-order mark is dropped"


def test_everything_that_was_chosen_is_said(tmp_path: Path) -> None:
    asked = result(
        "a film",
        "a pair",
        target=Target("index:1", "negative", "-odd", "log_probability", 3),
        method="integrated_gradients",
        baselines=("zero", "mask"),
        reduction="l2",
        parameters=(("n_steps", 48), ("tolerance", 1e-5), ("exact", True)),
    )
    words = arguments_for(asked, tmp_path, accept_reinitialised=True)
    assert words[: len(program()) + 2] == [*program(), "explain", model().path]
    said = words[len(program()) + 2 :]
    assert said == [
        "--text",
        "a film",
        "--text-pair",
        "a pair",
        "--method",
        "integrated_gradients",
        "--target",
        "index:1",
        "--true",
        "negative",
        "--versus=-odd",
        "--score",
        "log_probability",
        "--position",
        "3",
        "--baseline",
        "zero",
        "--baseline",
        "mask",
        "--reduction",
        "l2",
        "--set",
        "n_steps=48",
        "--set",
        "tolerance=1e-05",
        "--set",
        "exact=true",
        "--device",
        "cpu",
        "--accept-reinitialised",
    ]


def test_a_seed_is_said_where_it_matters(tmp_path: Path) -> None:
    assert "--seed" not in arguments_for(result(seed=3), tmp_path)
    words = arguments_for(result(method="random", seed=3), tmp_path)
    assert value(words, "--seed") == "3"
    assert "--baseline" not in words


def test_a_second_text_that_cannot_be_said_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="second text"):
        command_for(result("a", "b\0"), tmp_path)


def test_the_line_of_attention_asks_the_same_again(tmp_path: Path) -> None:
    """Read by the parser of the command itself."""
    generation = Generation(7, 0.8, 5, 0.9, ((0, " the"), (2, "=-")), 3, 4, "epoch-2")
    asked = AttentionRequest(made.SHA, TextInput("-Not once.", "Twice."), generation, "Nie")
    result = made_attention.attention(asked)
    line = attention_command(result, HeadRequest(asked, layer=1, head=2), tmp_path, True)
    options = _parser().parse_args(shlex.split(line)[len(program()) :])
    assert (options.text, options.text_pair, options.decoder_text) == ("-Not once.", "Twice.", "Nie")
    assert (options.layer, options.head, options.generate, options.temperature) == (1, 2, 7, 0.8)
    assert (options.sample_top_k, options.top_p, options.alternatives, options.seed) == (5, 0.9, 3, 4)
    assert (options.force, options.checkpoint) == (["0= the", "2==-"], "epoch-2")
    assert options.accept_reinitialised


def test_what_the_command_attention_does_not_write_has_no_line(tmp_path: Path) -> None:
    result = made_attention.attention()
    for request in (
        HeadRequest(result.request, quantity="rollout"),
        HeadRequest(result.request, head="mean"),
        HeadRequest(result.request, without_sinks=True),
    ):
        with pytest.raises(UserError, match="weights of single heads"):
            attention_command(result, request, tmp_path)
