"""A map of a picture as files: every number comes back, and the drawn ones show it where it is."""

import csv
import io
import json
import shlex
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from engine.attribution.explain import explain
from engine.command_line import command_for, needs_a_text_file
from engine.commands import main
from engine.export.csv_file import to_csv
from engine.export.html_file import to_html
from engine.export.json_file import to_json_text
from engine.export.npz_file import to_npz
from engine.export.report import to_report
from engine.export.svg_file import to_svg
from engine.findings import from_json, pinned, to_json
from engine.heatmaps.inks import LIGHT
from engine.heatmaps.overlay import overlay, pixel_limit
from engine.jobs import run
from engine.models.image_model import ImageModel
from engine.requests import AttributionRequest, Reduction
from engine.results import AttributionResult, ReadImage
from tests.engine import tiny_images

SIDE = tiny_images.SIDE


@pytest.fixture(scope="module")
def cut_model(tmp_path_factory: pytest.TempPathFactory) -> ImageModel:
    """It reads the middle of a picture."""
    processor = {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 40}, "crop_size": SIDE}
    return tiny_images.opened(tiny_images.write(tmp_path_factory.mktemp("cut"), processor=processor))


def explained(model: ImageModel, folder: Path, reduction: Reduction | None = None, **asked: object) -> AttributionResult:
    request = AttributionRequest(model.info.sha256, tiny_images.picture(folder, 60, 40), reduction=reduction, **asked)  # type: ignore[arg-type]
    return run(explain(model, request))


@pytest.fixture
def result(cut_model: ImageModel, tmp_path: Path) -> AttributionResult:
    return explained(cut_model, tmp_path)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_json_holds_the_pixels_row_by_row(result: AttributionResult):
    known = json.loads(to_json_text(result), parse_constant=refuse)
    found = known["attribution"]
    assert found["shape"] == [SIDE, SIDE]
    assert found["crop"] == [14.0, 4.0, 46.0, 36.0]
    assert np.array_equal(np.float32(found["values"]).reshape(SIDE, SIDE), result.values)
    assert sum(found["values"]) == pytest.approx(known["completeness"]["sum"], abs=1e-3)
    assert (known["input"]["kind"], known["input"]["size"]) == ("image", [60, 40])
    assert known["input"]["path"].endswith("picture.png")
    assert known["input"]["preprocessing"][0] == "the middle 32 × 32 kept"
    assert known["baseline"][0]["id"] == "black"


def test_json_of_every_channel(cut_model: ImageModel, tmp_path: Path):
    whole = explained(cut_model, tmp_path, "none")
    found = json.loads(to_json_text(whole))["attribution"]
    assert found["shape"] == [SIDE, SIDE]
    assert np.array_equal(np.float32(found["values"]).reshape(SIDE, SIDE, 3), whole.values)


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_npz_brings_everything_back(cut_model: ImageModel, tmp_path: Path, reduction: Reduction):
    whole = explained(cut_model, tmp_path, reduction)
    with np.load(io.BytesIO(to_npz(whole)), allow_pickle=False) as file:
        np.testing.assert_array_equal(file["values"], whole.values)
        np.testing.assert_array_equal(file["pixels"], tiny_images.pixels(60, 40))
        assert file["crop"].tolist() == [14.0, 4.0, 46.0, 36.0]
        assert json.loads(bytes(file["meta"]))["input"]["kind"] == "image"


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_csv_has_a_row_for_each_pixel(cut_model: ImageModel, tmp_path: Path, reduction: Reduction):
    whole = explained(cut_model, tmp_path, reduction)
    rows = list(csv.DictReader(io.StringIO(to_csv(whole).decode())))
    assert len(rows) == SIDE * SIDE
    row = rows[3 * SIDE + 5]
    assert (row["row"], row["column"], row["x"], row["y"]) == ("3", "5", "19.5", "7.5")
    total = whole.values[3, 5].sum() if reduction == "none" else whole.values[3, 5]
    assert float(row["value"]) == pytest.approx(float(total), rel=1e-6)
    assert ("channel_2" in row) == (reduction == "none")
    ranks = sorted(int(each["rank"]) for each in rows)
    assert ranks == list(range(1, SIDE * SIDE + 1))
    assert sum(float(each["share"]) for each in rows) == pytest.approx(1, abs=1e-3)


def test_the_map_lies_on_the_crop_and_nowhere_else(result: AttributionResult):
    values = np.zeros((SIDE, SIDE), dtype=np.float32)
    values[0, -1], values[-1, 0] = 1, -1
    result = _with(result, values)
    drawn = overlay(result, LIGHT)
    assert drawn.shape == (40, 60, 3)
    coloured = (drawn.max(axis=2).astype(int) - drawn.min(axis=2)) > 20
    assert {(int(row), int(column)) for row, column in np.argwhere(coloured)} == {(4, 45), (35, 14)}
    assert drawn[4, 45, 0] > drawn[4, 45, 2]  # what raises the score is orange
    assert drawn[35, 14, 2] > drawn[35, 14, 0]


def test_a_map_finer_than_its_picture_loses_no_value(cut_model: ImageModel, tmp_path: Path):
    request = AttributionRequest("", tiny_images.picture(tmp_path, 12, 8), method="random")
    assert overlay(run(explain(cut_model, request)), LIGHT).shape == (8 * 5, 12 * 5, 3)


def test_one_bright_pixel_does_not_hide_the_others():
    values = np.ones((100, 100))
    values[0, 0] = 1e6
    assert pixel_limit(values) == 1
    assert pixel_limit(np.array([[0.0, 0.0], [0.0, 3.0]])) == 3
    assert pixel_limit(np.full((2, 2), np.nan)) == 0


def _with(result: AttributionResult, values: np.ndarray) -> AttributionResult:
    from dataclasses import replace

    return replace(result, values=values)


def test_a_drawing_and_a_page_hold_both_pictures_and_nothing_from_elsewhere(result: AttributionResult):
    images = list(ElementTree.fromstring(to_svg(result)).iter("{http://www.w3.org/2000/svg}image"))
    assert len(images) == 2
    assert all(image.get("href", "").startswith("data:image/png;base64,") for image in images)
    page = to_html(result).decode()
    assert page.count("data:image/png;base64,") == 2
    assert "the middle 32 × 32 kept" in page
    assert "--image" in page
    assert "http" not in page.replace('http-equiv="Content', "")


def test_findings_bring_a_picture_back(result: AttributionResult):
    finding = pinned(result)
    read = from_json(to_json([finding]))
    assert read.damaged == ()
    back = read.findings[0].result  # type: ignore[union-attr]
    picture, before = back.prediction.input, result.prediction.input
    assert isinstance(picture, ReadImage)
    assert isinstance(before, ReadImage)
    np.testing.assert_array_equal(picture.pixels, before.pixels)
    assert picture.pixels.dtype == np.uint8
    np.testing.assert_array_equal(back.values, result.values)
    assert (picture.crop, picture.shape, picture.steps) == (before.crop, before.shape, before.steps)
    assert back.request == result.request
    assert to_report([finding]).count(b"data:image/png") == 2


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("values", "shape"), [16, 64]),
        (("prediction", "input", "pixels"), {"uint8": "AAAA", "shape": [1, 1, 3]}),
        (("prediction", "input", "pixels"), {"float32": [1.0, 2.0]}),
        (("prediction", "input", "pixels", "shape"), [40, 180, 1]),
        (("prediction", "input", "crop"), [46.0, 4.0, 14.0, 36.0]),
        (("prediction", "input", "crop"), [0.0, "nan", 1.0, 1.0]),
        (("prediction", "input", "shape"), [0, 0]),
        (("prediction", "input", "size"), [0, 40]),
        (("request", "input"), {"text": "a"}),
    ],
)
def test_a_damaged_finding_is_said_to_be_so(result: AttributionResult, where: tuple[str, ...], value: object):
    document = json.loads(to_json([pinned(result)]))
    place = document["findings"][0]["result"]
    for name in where[:-1]:
        place = place[name]
    place[where[-1]] = value
    read = from_json(json.dumps(document).encode())
    one_pixel = value == {"uint8": "AAAA", "shape": [1, 1, 3]}  # a picture may be shown smaller than it is
    assert len(read.damaged) == (0 if one_pixel else 1)


def test_the_command_makes_the_same_map_again(
    result: AttributionResult, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
):
    line = shlex.split(command_for(result, tmp_path))
    assert "--image" in line
    assert not needs_a_text_file(result)
    arguments = line[line.index("explain") :]
    assert main(arguments, lambda *_: None) == 0
    known = json.loads(capsysbinary.readouterr().out)
    assert np.array_equal(np.float32(known["attribution"]["values"]).reshape(SIDE, SIDE), result.values)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--image", "nowhere.png"], "There is no picture at"),
        (["--image", "PICTURE", "--grain", "word"], "A picture has no words"),
        (["--image", "PICTURE", "--baseline", "zero"], "There is no baseline “zero”"),
        (["--image", "PICTURE", "--position", "3"], "answers once for the whole image"),
        (["--image", "PICTURE", "--method", "leave_one_out"], "this model reads image"),
        (["--image", "PICTURE", "--target", "unit:nowhere:3"], "no layer “nowhere”"),
        (["--text", "a film"], "This model reads images"),
        (["--image", "PICTURE", "--text", "a film"], "not allowed with"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    options: list[str], says: str, resnet_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    given = [tiny_images.picture(tmp_path).path if word == "PICTURE" else word for word in options]
    assert main(["explain", str(resnet_folder), *given], lambda *_: None) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert says in said[0]


def test_a_text_model_refuses_a_picture(bert_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["explain", str(bert_folder), "--image", tiny_images.picture(tmp_path).path], lambda *_: None) == 2
    assert "This model reads texts" in capsys.readouterr().err


def test_notes_about_the_picture_are_warnings(resnet_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    Image.fromarray(tiny_images.pixels()).save(tmp_path / "a.png", "JPEG")
    assert main(["explain", str(resnet_folder), "--image", str(tmp_path / "a.png")], lambda *_: None) == 0
    assert "whatever its name says" in json.loads(capsys.readouterr().out)["warnings"][0]
