"""Records laid out at fixed width: what stands where, and what is said of values that do not fit."""

import pytest

from engine.errors import UserError
from engine.records import RecordField, blank_text, filled, is_row, lay_out, record_of_row
from engine.requests import RecordInput
from tests.engine.record_models import FIELDS, RECORD, TEXT, WIDTH


def record(**values: str) -> RecordInput:
    return RecordInput(tuple((dict(RECORD.fields) | values).items()))


def said(given: RecordInput) -> list[str]:
    return [kind for kind, _ in lay_out(FIELDS, given).said]


def test_values_stand_at_their_side_of_the_field() -> None:
    laid_out = lay_out(FIELDS, RECORD)
    assert laid_out.text == TEXT
    assert not laid_out.said
    assert [laid_out.text[field.start : field.end] for field in laid_out.fields] == ["mon", " 8", "12.5", "anna "]
    assert [field.name for field in laid_out.fields] == ["day", "hour", "weight", "name"]


def test_the_order_of_what_is_given_plays_no_part() -> None:
    assert lay_out(FIELDS, RecordInput(RECORD.fields[::-1])) == lay_out(FIELDS, RECORD)


def test_white_space_around_a_value_is_not_part_of_it() -> None:
    assert lay_out(FIELDS, record(hour=" 8\t")).text == TEXT


def test_pads_need_not_be_blanks() -> None:
    fields = (RecordField("n", 4, align="right", pad="0"), RecordField("t", 3, pad="_"))
    assert lay_out(fields, RecordInput((("n", "7"), ("t", "a")))).text == "0007a__"
    assert blank_text(fields) == "0000___"


def test_too_long_is_cut_at_its_end_and_said() -> None:
    laid_out = lay_out(FIELDS, record(weight="123.45"))
    assert laid_out.text[5:9] == "123."
    assert laid_out.fields[2].cut
    assert laid_out.fields[2].value == "123.45"
    ((kind, words),) = laid_out.said
    assert kind == "cut"
    assert "weight" in words
    assert "“123.45”" in words
    assert "“123.”" in words


def test_missing_is_blank_and_said_whether_empty_or_not_there() -> None:
    for given in (record(name="  "), RecordInput(RECORD.fields[:3])):
        laid_out = lay_out(FIELDS, given)
        assert laid_out.text == "mon 812.5     "
        assert laid_out.fields[3].missing
        assert [kind for kind, _ in laid_out.said] == ["missing_field"]
        assert "name" in laid_out.said[0][1]


@pytest.mark.parametrize(
    "wrong",
    [{"hour": "x8"}, {"hour": ".5"}, {"weight": "much"}, {"weight": "1,5"}, {"weight": "inf"}, {"day": "wed"}, {"hour": "٣"}],
)
def test_wrong_types_are_said_and_read_as_they_stand(wrong: dict[str, str]) -> None:
    (name,) = wrong
    laid_out = lay_out(FIELDS, record(**wrong))
    assert said(record(**wrong)) == ["wrong_type"]
    assert name in laid_out.said[0][1]


@pytest.mark.parametrize("right", [{"hour": "-8"}, {"weight": "1e3"}, {"weight": ".5"}, {"weight": "+5."}])
def test_numbers_are_taken_in_their_forms(right: dict[str, str]) -> None:
    assert said(record(**right)) == []


def test_unknown_fields_are_refused_by_name() -> None:
    with pytest.raises(UserError, match=r"“colour”.*day, hour, weight, name"):
        lay_out(FIELDS, RecordInput((("colour", "red"),)))


def test_a_field_that_is_there_twice_is_refused() -> None:
    with pytest.raises(UserError, match="hour is there twice"):
        lay_out(FIELDS, RecordInput((("hour", "1"), ("hour", "2"))))


def test_a_record_of_nothing_is_refused() -> None:
    for nothing in (RecordInput(()), RecordInput((("day", " "), ("hour", "")))):
        with pytest.raises(UserError, match="no record yet"):
            lay_out(FIELDS, nothing)


@pytest.mark.parametrize(
    "copied", ["mon,8,12.5,anna\n", "mon;8;12.5;anna", "mon\t8\t12.5\tanna\t99\n", "x,name,hour,day,weight\n1,anna,8,mon,12.5\n"]
)
def test_a_copied_line_of_a_table_is_a_record(copied: str) -> None:
    assert dict(record_of_row(copied, FIELDS).fields) == dict(RECORD.fields)
    assert is_row(copied, FIELDS)


def test_a_line_with_quotes_and_empty_cells() -> None:
    assert record_of_row('mon,,"1,5",anna', FIELDS).fields == (("day", "mon"), ("weight", "1,5"), ("name", "anna"))


@pytest.mark.parametrize("copied", ["", "  \n ", "anna", "a,b", "a\tb\tc"])
def test_what_is_no_line_of_a_table_is_refused(copied: str) -> None:
    assert not is_row(copied, FIELDS)
    with pytest.raises(UserError, match="row"):
        record_of_row(copied, FIELDS)


def test_records_that_mean_the_same_are_spelled_alike() -> None:
    assert filled(RecordInput((("day", " mon"), ("hour", ""), ("name", "a ")))) == RecordInput((("day", "mon"), ("name", "a")))


def test_every_record_is_as_long_as_the_fields() -> None:
    for value in ("", "a", "a" * 500, "é" * 3, "a\nb"):
        assert len(lay_out(FIELDS, record(name=value)).text) == WIDTH
