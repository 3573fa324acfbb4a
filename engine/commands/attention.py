"""``attention``: what every head attends to, and what it attended to at every step of a generation."""

import argparse
import sys
from typing import Any

from engine.atomic_file import save
from engine.commands.shared import (
    Parser,
    add_image,
    add_model,
    add_text,
    kind_of,
    open_in_workbench,
    run_job,
    text_of,
    write_json,
)
from engine.errors import UserError
from engine.requests import AttentionFileRequest, AttentionRequest, Generation, ImageInput, TextInput


def add(commands: Any, common: Parser) -> None:
    """The command."""
    attention = commands.add_parser(
        "attention", parents=[common], help="attention of every head, on a text, while generating, or on a picture"
    )
    add_model(attention)
    add_image(add_text(attention))
    attention.add_argument("--text-pair", metavar="T", help="the second text, for models that read pairs")
    attention.add_argument("--decoder-text", metavar="T", help="what the decoder of an encoder-decoder reads first")
    attention.add_argument("--layer", metavar="L", type=int, help="only this layer, from 0")
    attention.add_argument("--head", metavar="H", type=int, help="only this head, from 0")
    add_generation(attention)
    attention.set_defaults(run=_attention)


def add_generation(parser: Parser) -> None:
    """What the model goes on with; read by ``generation_of``."""
    parser.add_argument("--generate", metavar="N", type=int, default=0, help="go on with the text by so many tokens")
    forced = "write this token at this step, whatever the model would have chosen; repeatable"
    parser.add_argument("--force", metavar="STEP=TOKEN", action="append", default=[], help=forced)
    parser.add_argument("--temperature", metavar="T", type=float, help="sample; without it the likeliest token each time")
    parser.add_argument("--sample-top-k", metavar="K", type=int, help="sample among the K likeliest tokens")
    parser.add_argument("--top-p", metavar="P", type=float, help="sample among the fewest tokens that hold this probability")
    known = Generation()
    parser.add_argument("--alternatives", metavar="K", type=int, default=known.alternatives, help="told of each step")
    parser.add_argument("--checkpoint", metavar="NAME", help="of a model that carries several")


def _attention(options: argparse.Namespace, draw: object) -> None:
    from engine.export.attention_files import ATTENTION_KINDS

    kind = kind_of(options.out, tuple(ATTENTION_KINDS))
    generation = generation_of(options)
    given = _given(options)
    workbench, info = open_in_workbench(options)
    asked = AttentionRequest(info.sha256, given, generation, options.decoder_text)
    result = run_job(workbench.job_for(AttentionFileRequest(asked, options.layer, options.head)), options)
    for warning in result.attention.warnings if not options.quiet else ():
        print(f"Note: {warning.message}", file=sys.stderr)
    content = ATTENTION_KINDS[kind](result)
    if options.out is None:
        write_json(content.decode("utf-8"), options)
    else:
        save(options.out, content)


def _given(options: argparse.Namespace) -> TextInput | ImageInput:
    """The text or picture that is read."""
    if options.image is None:
        return TextInput(text_of(options), options.text_pair)
    if options.text_pair is not None:
        raise UserError("A picture has no second text; leave --text-pair out.", "arguments")
    from engine.inputs.image import image_input

    return image_input(options.image)


def generation_of(options: argparse.Namespace) -> Generation:
    """As ``add_generation`` has it.

    Raises:
        UserError: no such generation.
    """
    if options.temperature is None and (options.sample_top_k is not None or options.top_p is not None):
        raise UserError("--sample-top-k and --top-p belong to sampling; give a --temperature too.", "arguments")
    return Generation(
        tokens=options.generate,
        temperature=options.temperature,
        top_k=options.sample_top_k,
        top_p=options.top_p,
        forced=tuple(_forced(pair) for pair in options.force),
        alternatives=options.alternatives,
        seed=options.seed,
        checkpoint=options.checkpoint,
    )


def _forced(pair: str) -> tuple[int, str]:
    """``STEP=TOKEN``; everything behind the first equals sign is the token, a leading space counted."""
    step, equals, token = pair.partition("=")
    if not equals or not step.isdecimal() or len(step) > 9 or not token:
        raise UserError(f"--force takes STEP=TOKEN, such as 0=the, not {pair!r}.", "arguments")
    return int(step), token
