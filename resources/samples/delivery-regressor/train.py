"""Make records of deliveries whose time is known in closed form, and train a bidirectional LSTM that estimates it.

The data are made here: ``minutes`` says what each field contributes, so that attributions can be held against the truth.
Run from the project's root, so that ``engine`` is found:

    PYTHONPATH=. python resources/samples/delivery-regressor/train.py OUT

It writes the model and its checkpoints, from before any training on, into OUT, and ``deliveries.csv`` beside them; the
figures printed at the end are those of the saved half-precision files on rows that nothing else has seen.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from engine.models.record_spec import RecordLayout
from engine.models.recurrent import RecurrentNetwork, save
from engine.models.recurrent_spec import RecurrentSpec
from engine.records import RecordField, lay_out
from engine.requests import RecordInput

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEATHER = {"clear": 0.0, "cloud": 0.0, "wind": 2.0, "rain": 5.0, "fog": 7.0, "snow": 12.0}
BASE, PER_KM, PER_KM_IN_SNOW = 15.0, 1.8, 0.8  # minutes
ZONES = {"1": -4.0, "2": -2.0, "3": 0.0, "4": 0.0, "5": 3.0, "6": 3.0, "7": 6.0, "8": 9.0, "9": 12.0}  # the first digit
PER_KG, FREE_KG = 0.7, 10.0
EXPRESS, RUSH, WEEKEND = -14.0, 11.0, -3.0
RUSH_HOURS = (7, 8, 16, 17, 18)
NOISE = 2.0  # minutes, the standard deviation of what no field explains
FIELDS = (
    RecordField("weekday", 3, kind="choice", choices=WEEKDAYS),
    RecordField("hour", 2, align="right", kind="integer"),
    RecordField("postcode", 5, kind="integer"),
    RecordField("distance", 4, align="right", kind="number"),
    RecordField("weight", 4, align="right", kind="number"),
    RecordField("express", 1, kind="choice", choices=("y", "n")),
    RecordField("weather", 5, kind="choice", choices=tuple(WEATHER)),
    RecordField("courier", 4),
)
TARGET = "minutes"
ODD = ("far", "night", "no weather", "no postcode")
VOCABULARY = ("<unk>", " ", ".", *"0123456789", *"abcdefghijklmnopqrstuvwxyz")
WIDTHS = torch.tensor([field.width for field in FIELDS])
BLANK = VOCABULARY.index(" ")  # what every field is padded with
SPEC = RecurrentSpec(
    architecture="lstm",
    task="record_regression",
    embedding_size=16,
    hidden_size=48,
    bidirectional=True,
    head=(32, 1),
    activations=("tanh",),
    readout="mean",
    problem_type="regression",
    tokeniser="char",
    lowercase=True,
    unknown="<unk>",
    padding=None,
    record=RecordLayout(FIELDS, TARGET),
)
CHECKPOINTS = (0, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16)  # epochs after which the weights are kept beside the best ones
Row = dict[str, str]
Weights = dict[str, Tensor]


def contributions(row: Row) -> dict[str, float]:
    """Minutes by what they are owed to; two of them need two fields each. ``courier`` and the end of the postcode owe none."""
    distance, weight, hour = float(row["distance"]), float(row["weight"]), int(row["hour"])
    weekend = row["weekday"] in ("sat", "sun")
    return {
        "base": BASE,
        "distance": PER_KM * distance,
        "postcode": ZONES[row["postcode"][0]],
        "weight": PER_KG * max(0.0, weight - FREE_KG),
        "express": EXPRESS if row["express"] == "y" else 0.0,
        "weather": WEATHER[row["weather"]],
        "weekday": WEEKEND if weekend else 0.0,
        "weekday × hour": RUSH if hour in RUSH_HOURS and not weekend else 0.0,
        "distance × weather": PER_KM_IN_SNOW * distance if row["weather"] == "snow" else 0.0,
    }


def minutes(row: Row) -> float:
    """What an ideal model would say."""
    return sum(contributions(row).values())


def make_row(source: random.Random) -> Row:
    """One delivery."""
    return {
        "weekday": source.choice(WEEKDAYS),
        "hour": str(source.randint(6, 21)),
        "postcode": f"{source.randint(1, 9)}{source.randint(0, 9999):04}",
        "distance": f"{min(29.9, source.expovariate(1 / 7) + 0.4):.1f}",
        "weight": f"{min(39.9, source.expovariate(1 / 9) + 0.2):.1f}",
        "express": "y" if source.random() < 0.25 else "n",
        "weather": source.choices(tuple(WEATHER), (5, 4, 2, 3, 1, 2))[0],
        "courier": f"c{source.randint(1, 180):03}",
    }


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Rows, their characters as ids (rows, width), and what was measured of them (rows,)."""

    rows: Sequence[Row]
    ids: Tensor
    target: Tensor


def make_part(rows: int, source: random.Random) -> Part:
    """With noise."""
    made = [make_row(source) for _ in range(rows)]
    known = {piece: at for at, piece in enumerate(VOCABULARY)}
    texts = [lay_out(FIELDS, RecordInput(tuple(row.items()))).text for row in made]
    target = [round(max(5.0, minutes(row) + source.gauss(0, NOISE)), 1) for row in made]
    return Part(made, torch.tensor([[known[c] for c in text] for text in texts]), torch.tensor(target))


def make_odd(kind: str, source: random.Random) -> tuple[Row, Row]:
    """A delivery as it was, and as it was written down: farther or at other hours than any in training, or not written whole."""
    row = make_row(source)
    if kind == "far":
        row["distance"] = f"{source.uniform(32, 60):.1f}"
    if kind == "night":
        row["hour"] = str(source.choice((0, 1, 2, 3, 4, 5, 22, 23)))
    if kind == "no weather":
        row["weather"] = source.choice(("snow", "rain", "fog", "clear"))
        return row, row | {"weather": ""}
    if kind == "no postcode":
        return row, row | {"postcode": ""}
    return row, row


def write_deliveries(path: Path, seed: int) -> None:
    """Rows to click through, most of them like those of training, some odd."""
    source = random.Random(seed)
    kinds = ["plain"] * 340 + [kind for kind in ODD for _ in range(15)]
    source.shuffle(kinds)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(field.name for field in FIELDS), "kind", TARGET])
        for kind in kinds:
            was, written = make_odd(kind, source)
            measured = max(5.0, minutes(was) + source.gauss(0, NOISE))
            writer.writerow([*written.values(), kind, f"{measured:.1f}"])


def say(network: RecurrentNetwork, part: Part) -> Tensor:
    """(rows,) minutes."""
    with torch.no_grad():
        return torch.cat([network(network.embed(ids))[:, 0] for ids in part.ids.split(512)])


def error(network: RecurrentNetwork, part: Part) -> float:
    """The mean absolute error, in minutes."""
    return float((say(network, part) - part.target).abs().mean())


def with_fields_left_out(network: RecurrentNetwork, ids: Tensor) -> Tensor:
    """Embeddings of rows of which half lack fields, blank or zero: so a blank field says that nothing is known.

    Without that, what the model says of a blank record, the baseline of attributions, would be an accident.
    """
    share = torch.tensor((0.0, 0.3, 0.95))[torch.multinomial(torch.tensor((0.5, 0.4, 0.1)), len(ids), replacement=True)]
    missing = (torch.rand(len(ids), len(FIELDS)) < share[:, None]).repeat_interleave(WIDTHS, dim=1)
    as_zero = torch.rand(len(ids), 1) < 0.5
    embeddings = network.embed(torch.where(missing & ~as_zero, BLANK, ids))
    return embeddings * ~(missing & as_zero)[..., None]


def in_minutes(state: Mapping[str, Tensor], mean: float, deviation: float) -> dict[str, Tensor]:
    """Weights of a network of standardised targets as one of minutes: its last layer takes the scale."""
    scaled = {name: tensor.clone() for name, tensor in state.items()}
    last = f"head.{len(SPEC.head) - 1}"
    scaled[f"{last}.weight"] *= deviation
    scaled[f"{last}.bias"] = scaled[f"{last}.bias"] * deviation + mean
    return scaled


def train(part: Part, validation: Part, epochs: int, batch: int, rate: float) -> tuple[Weights, dict[str, Weights]]:
    """The best weights by the validation part, and those on the way."""
    network = RecurrentNetwork(SPEC, len(VOCABULARY))
    mean, deviation = float(part.target.mean()), float(part.target.std())
    steps = -(-len(part.rows) // batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=epochs * steps, pct_start=0.1)
    kept: dict[str, dict[str, Tensor]] = {}
    best, least = in_minutes(network.state_dict(), mean, deviation), float("inf")
    wanted = {round(epoch * steps): epoch for epoch in CHECKPOINTS}

    def keep(step: int) -> None:
        if step in wanted:
            kept[f"epoch-{wanted[step]:g}"] = in_minutes(network.state_dict(), mean, deviation)

    keep(0)
    step = 0
    for epoch in range(1, epochs + 1):
        for chosen in torch.randperm(len(part.rows)).split(batch):
            said = network(with_fields_left_out(network, part.ids[chosen]))[:, 0]
            loss = nn.functional.smooth_l1_loss(said, (part.target[chosen] - mean) / deviation, beta=0.3)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            step += 1
            keep(step)
        state = in_minutes(network.state_dict(), mean, deviation)
        measured = RecurrentNetwork(SPEC, len(VOCABULARY))
        measured.load_state_dict(state)
        off = error(measured, validation)
        print(f"epoch {epoch}: validation error {off:.3f} minutes", flush=True)
        if off < least:
            best, least = state, off
    return best, kept


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=24_000)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=6e-3)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    source = random.Random(options.seed)
    training, validation, test = (make_part(rows, source) for rows in (options.rows, 1_500, 3_000))
    best, kept = train(training, validation, options.epochs, options.batch, options.rate)
    save(options.out, SPEC, best, VOCABULARY, torch.float16, kept)
    write_deliveries(options.out / "deliveries.csv", options.seed + 1)
    network = RecurrentNetwork(SPEC, len(VOCABULARY))
    places = {"final": options.out / "model.safetensors"}
    places |= {name: options.out / "checkpoints" / f"{name}.safetensors" for name in kept}
    for name, path in places.items():
        network.load_state_dict({key: tensor.float() for key, tensor in load_file(path).items()})
        print(f"{name}: test error {error(network, test):.3f} minutes")
    ideal = torch.tensor([minutes(row) for row in test.rows])
    print(f"the mean of all: {float((test.target - training.target.mean()).abs().mean()):.3f}")
    print(f"an ideal model: {float((test.target - ideal).abs().mean()):.3f}")


if __name__ == "__main__":
    main()
