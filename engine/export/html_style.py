"""The style sheet of saved pages: the window's colours and measures, light or dark as the reader's system asks."""

from engine.heatmaps.colours import mix, ramp
from engine.heatmaps.inks import DARK, LIGHT, Inks

_STOPS = 24
_ROLES = ("window", "panel", "text", "muted", "border", "accent", "raises", "lowers", "warning", "error", "good")


def style_sheet(steps: set[tuple[bool, int]]) -> str:
    """With a class for each of ``steps`` (of the signed or the unsigned ramp)."""
    looks = [f"{_variables(inks)}\n{_classes(inks, steps)}" for inks in (LIGHT, DARK)]
    return f"{_RULES}{looks[0]}\n@media screen and (prefers-color-scheme: dark) {{\n{looks[1]}\n}}\n"


def _variables(inks: Inks) -> str:
    colours = "".join(f"--{role}:{getattr(inks, role)};" for role in _ROLES)
    ramps = "".join(f"--{name}:{_gradient(inks, signed)};" for name, signed in (("signed", True), ("unsigned", False)))
    return f":root{{{colours}--hatch:{mix(inks.panel, inks.muted, 0.6)};{ramps}}}"


def _classes(inks: Inks, steps: set[tuple[bool, int]]) -> str:
    return "".join(_class(inks, signed, step) for signed, step in sorted(steps))


def _class(inks: Inks, signed: bool, step: int) -> str:
    made = ramp(inks, signed=signed)
    if step == made.neutral:
        return ""
    return f".{'s' if signed else 'u'}{step}{{background:{made.colours[step]};color:{made.texts[step]}}}"


def _gradient(inks: Inks, signed: bool) -> str:
    colours = ramp(inks, signed=signed).colours
    return f"linear-gradient(to right,{','.join(colours[round(at / _STOPS * (len(colours) - 1))] for at in range(_STOPS + 1))})"


_RULES = """
* { box-sizing: border-box; }
html { color-scheme: light dark; background: var(--window); color: var(--text); }
body { margin: 0; font: 14px/1.5 system-ui, Inter, "Segoe UI", "Noto Sans", sans-serif; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; }
main { max-width: 800px; margin: 24px auto 64px; padding: 24px 32px 32px; background: var(--panel);
  border: 1px solid var(--border); border-radius: 6px; overflow-wrap: anywhere; }
h1, h2, h3 { font-size: 18px; font-weight: 600; line-height: 1.3; margin: 0 0 4px; }
p { margin: 4px 0; }
.reading { font-size: 17px; line-height: 1.9; margin: 16px 0; white-space: pre-wrap; unicode-bidi: plaintext; text-align: start;
  font-variant-ligatures: no-common-ligatures no-contextual; }
.label { color: var(--muted); font-size: 12px; border-bottom: 1px solid var(--border); }
.c { border-radius: 3px; padding: 3px 1.5px; margin: 0 -1.5px; box-decoration-break: clone;
  -webkit-box-decoration-break: clone; }
.w { border-radius: 3px; outline: 1px solid color-mix(in srgb, var(--muted) 45%, var(--panel)); outline-offset: 2px;
  margin: 0 1px; padding: 1px 0; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.w .c { padding: 3px 0; margin: 0; border-radius: 2px; box-shadow: inset 1px 0 0 var(--panel); }
.w .c:first-child { box-shadow: none; }
.tag { font-size: 11px; padding: 2px 5px; margin: 0 4px 0 0; border: 1px solid var(--border); vertical-align: 1px;
  color: var(--muted); }
.reading .tag:last-child { margin: 0 0 0 4px; }
.pictures { display: flex; gap: 16px; margin: 16px 0; flex-wrap: wrap; }
.pictures img { flex: 1 1 240px; min-width: 0; max-width: 360px; object-fit: contain; image-rendering: pixelated;
  border: 1px solid var(--border); border-radius: 2px; background: #fff; }
.nan { background: repeating-linear-gradient(135deg, transparent 0 3px, var(--hatch) 3px 4px); }
.cut { color: var(--muted); text-decoration: line-through; text-decoration-color: var(--border); }
.c:hover { outline: 1.5px solid var(--text); outline-offset: 0; position: relative; cursor: default; }
.read-out, .c:hover::after { position: fixed; left: 0; right: 0; bottom: 0; margin: 0; padding: 8px 16px; font-size: 13px;
  line-height: 1.5; background: var(--window); color: var(--muted); border-top: 1px solid var(--border); text-align: center;
  font-variant-numeric: tabular-nums; }
.c:hover::after { content: attr(data-v); color: var(--text); direction: ltr; unicode-bidi: isolate; z-index: 1; }
.scale { max-width: 380px; margin: 0 0 16px; }
.ramp { height: 10px; border: 1px solid var(--border); border-radius: 2px; }
.signed { background: var(--signed); }
.unsigned { background: var(--unsigned); }
.ends { display: grid; grid-auto-flow: column; grid-auto-columns: 1fr; font-size: 12px; color: var(--muted);
  font-variant-numeric: tabular-nums; }
.ends span { text-align: center; }
.ends span:first-child { text-align: left; }
.ends span:last-child { text-align: right; }
.sum { font-variant-numeric: tabular-nums; }
.muted { color: var(--muted); }
.warning { color: var(--warning); }
.error { color: var(--error); }
.good { color: var(--good); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: 2px 8px; text-align: right; font-weight: 400; vertical-align: top; }
.prediction { margin: 12px 0 0; width: 100%; max-width: 520px; }
.prediction td, .prediction th { white-space: nowrap; padding: 3px 8px 3px 0; text-align: left; vertical-align: middle; }
.prediction td:first-child { width: 16px; padding-right: 2px; }
.prediction th { white-space: normal; max-width: 200px; }
.prediction .bar { width: 45%; }
.prediction i { display: block; height: 8px; min-width: 1px; border-radius: 2px; background: var(--accent); }
details { margin: 8px 0; }
summary { cursor: pointer; color: var(--muted); }
.wide { overflow-x: auto; }
details table { font-size: 12px; margin-top: 8px; }
details td:nth-child(2), details td:nth-child(3), details th:nth-child(2), details th:nth-child(3) { text-align: left; }
details th { color: var(--muted); border-bottom: 1px solid var(--border); }
section { margin-top: 8px; font-size: 13px; color: var(--muted); }
main > section { border-top: 1px solid var(--border); margin-top: 16px; padding-top: 12px; }
dl { margin: 0 0 8px; }
dl div { display: flex; gap: 8px; }
dt { flex: 0 0 96px; }
dd { margin: 0; color: var(--text); }
pre { margin: 4px 0 0; padding: 8px 12px; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--window);
  color: var(--text); border-radius: 6px; font: 12px/1.5 "JetBrains Mono", ui-monospace, Consolas, monospace; }
.part { margin-top: 24px; }
article { border-top: 1px solid var(--border); margin-top: 32px; padding-top: 24px; }
img.view { max-width: 100%; border: 1px solid var(--border); border-radius: 6px; }
blockquote { margin: 12px 0; padding: 4px 12px; border-left: 3px solid var(--accent); white-space: pre-wrap; }
@media print { .read-out, .values, summary { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
  main { border: none; margin: 0; padding: 0; max-width: none; }
  html { background: none; } .reading, .scale, article { break-inside: avoid; } }
"""
