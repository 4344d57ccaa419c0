"""Profile files: what is written is read back, and what is wrong with one is said in a sentence."""

import json
import tomllib
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import ConfigurationError, WrongInput
from schema.profile import Profile, with_edits
from schema.profile_files.files import profile_from_text, profile_text, read_profile, write_profile
from schema.space import Space
from schema.values import unnest
from schema.variables import Variable
from tests.profiles.making import SPACE, TEXTS, profile, profiles
from tests.schema.spaces import GENERATED, spaces

ENDINGS = [".toml", ".json", ".yaml"]


def exactly(one: Profile) -> str:
    """All of a profile, so that NaN equals NaN, and 1 does not equal 1.0 or true."""
    return repr(msgspec.structs.replace(one, values=dict(sorted(one.values.items()))))


@pytest.mark.parametrize("ending", ENDINGS)
@GENERATED
@given(st.data())
def test_what_is_written_is_read_back_equal(ending: str, data: st.DataObject) -> None:
    bare = data.draw(spaces())
    space = Space(
        variables=tuple(
            msgspec.structs.replace(v, doc=data.draw(TEXTS), unit=data.draw(st.none() | TEXTS))
            for v in bare.variables
        )
    )
    written = data.draw(profiles(space))
    read = profile_from_text(profile_text(written, space, ending), ending, "other")
    assert exactly(read) == exactly(written)


@GENERATED
@given(st.data())
def test_other_readers_find_the_same_values(data: st.DataObject) -> None:
    space = data.draw(spaces())
    written = data.draw(profiles(space))
    for ending, read in ((".json", json.loads), (".yaml", yaml.safe_load)):
        tables = read(profile_text(written, space, ending))
        del tables["trialmq"]
        assert repr(sorted(unnest(tables))) == repr(sorted(written.values.items()))


@pytest.mark.parametrize("rate", [1e-05, 2e-05, 1.5e-05])
def test_a_small_number_is_a_number_also_for_readers_of_yaml_1_1(rate: float) -> None:
    text = profile_text(
        with_edits(profile(), {"training.learning_rate": rate}, SPACE), SPACE, ".yaml"
    )
    assert yaml.safe_load(text)["training"]["learning_rate"] == rate
    by_hand = profile_from_text("training: {learning_rate: 1e-5}", ".yaml", "mine")
    assert by_hand.values == {"training.learning_rate": 1e-05}


@pytest.mark.parametrize("text", ["on", "1e-3", "12:30", "null", "~", "0x1f", "2026-01-01", "a: b"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_text_that_looks_like_something_else_stays_text(ending: str, text: str) -> None:
    written = with_edits(profile(), {"architecture.name": text}, SPACE)
    read = profile_from_text(profile_text(written, SPACE, ending), ending, "other")
    assert read == written


def test_toml_tells_of_each_variable_what_a_person_wants_to_know() -> None:
    edits = {"training.learning_rate": 0.003, "architecture.dropout": 0.3}
    text = profile_text(with_edits(profile(), edits, SPACE), SPACE, ".toml")
    assert text.startswith(
        "# profile quiet, version 3: trial 12 of study wake, edited; 2023-11-14 22:13 UTC; by Ann\n"
    )
    assert "\nseed = 0\n\n[architecture]\n" in text
    assert (
        "\n[training]\n# step size, in 1/step\n"
        "learning_rate = 0.003  # 1e-5..0.1,log; default 0.001; live\n"
    ) in text
    assert '\noptimizer = "adamw"  # adamw,sgd\n' in text
    inactive = "\nmomentum = 0.9  # 0..0.99; inactive unless training.optimizer is sgd\n"
    assert inactive in text
    assert "\nthreshold = 0.5  # 0.05..0.95; after training\n" in text
    assert tomllib.loads(text)["trialmq"]["metrics"] == {"f1": 0.93}


def test_a_variable_that_no_longer_exists_is_still_written() -> None:
    older = profile(values={"gone.by": 3, "seed": 1})
    text = profile_text(older, SPACE, ".toml")
    assert "by = 3  # not in the configuration class of today\n" in text
    assert profile_from_text(text, ".toml", "other") == older


@pytest.mark.parametrize("ending", [*ENDINGS, ".yml", ".TOML"])
def test_a_file_is_written_and_read_by_its_ending(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mine{ending}"
    path.write_text("what was there")
    write_profile(path, profile(), SPACE)
    assert read_profile(path) == profile()
    assert [*tmp_path.iterdir()] == [path]


def test_a_file_written_by_hand_is_a_profile_called_after_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"\xef\xbb\xbf[training]\r\nepochs = 6\r\n")  # as some editors on Windows do
    read = read_profile(path)
    assert (read.name, read.version, read.fingerprint) == ("mine", 1, "")
    assert read.values == {"training.epochs": 6}


WRONG: list[tuple[str, str, str]] = [
    (".toml", "a = 1\nb = = 2", "not TOML: Invalid value (at line 2, column 5)"),
    (".toml", "a = 1\na = 2", "not TOML: Cannot overwrite a value (at line 2, column 6)"),
    (".toml", "a = 1\na = 2\n", "not TOML: Cannot overwrite a value (at line 2, column 6)"),
    (".toml", "a = nan", "a: nan is not a finite number"),
    (".toml", "[t]\na = -inf", "t.a: -inf is not a finite number"),
    (".toml", f"a = {10**30}", "a: a whole number must fit in 64 bits"),
    (".toml", "a = [1]", "a: [1] is not a value; write true, 6, 1e-3 or text"),
    (".toml", 't.a = 1\n"t.b" = 1\n"t.a" = 2', "t.a stands there twice"),
    (".toml", "a = 1\n'a.b' = 2", "a is both a variable and a group"),
    (".toml", 'a."" = 1', "'a.': a variable or group has no name"),
    (".toml", "trialmq = 3", "write trialmq as a table, with the name of the profile"),
    (
        ".toml",
        "[trialmq]\nversio = 3",
        "there is no key of the table trialmq 'versio'; did you mean 'version'?",
    ),
    (".toml", "[trialmq]\nversion = 0", "trialmq.version: Expected `int` >= 1"),
    (".toml", "[trialmq]\nname = 3", "trialmq.name: Expected `str`, got `int`"),
    (".toml", "[trialmq]\nat = nan", "trialmq.at: Expected `float` >= 0.0"),
    (
        ".toml",
        "[trialmq]\nedits = [{path = 'a', old = nan, new = 1}]",
        "a: nan is not a finite number",
    ),
    (".json", '{"a": 1,\n "b": }', "not JSON: Expecting value (at line 2, column 7)"),
    (".json", '{"t": {"a": 1, "b": 2, "a": 3}}', "'a' stands twice in the same object"),
    (".json", '{"a": NaN}', "a: nan is not a finite number"),
    (".json", '{"a": 1e999}', "a: inf is not a finite number"),
    (".json", '{"a": null}', "a: None is not a value; write true, 6, 1e-3 or text"),
    (".json", '{"a": "\\ud800"}', "a: '\\ud800' is not valid Unicode text"),
    (
        ".json",
        '{"trialmq": {"because": "\\ud800"}}',
        "it holds text that is not Unicode, or a number too large",
    ),
    (".json", "[1]", 'write an object by group, like {"training": {"epochs": 6}}'),
    (".json", "", "not JSON: Expecting value (at line 1, column 1)"),
    (".json", "[" * 100_000, "it is nested too deeply"),
    (".toml", "a = " + "[" * 5_000, "it is nested too deeply"),
    (".yaml", "[" * 5_000, "it is nested too deeply"),
    (
        ".yaml",
        "a: 1\nb: [",
        "not YAML: expected the node content, but found '<stream end>' (at line 2, column 5)",
    ),
    (".yaml", "t:\n  a: 1\n  a: 2", "'a' stands twice in the same mapping (at line 3, column 3)"),
    (".yaml", "a: .nan", "a: nan is not a finite number"),
    (".yaml", "a: -.Inf", "a: -inf is not a finite number"),
    (
        ".yaml",
        "a: &x 1\nb: *x",
        "anchors and aliases are not understood; write the value itself (at line 1, column 4)",
    ),
    (
        ".yaml",
        "a: !!set x",
        "the tag tag:yaml.org,2002:set is not understood; leave it out (at line 1, column 4)",
    ),
    (".yaml", "a: 1\n---\na: 2", "a second document starts; write one (at line 2, column 1)"),
    (".yaml", "- 1", "write a mapping by group, like training: {epochs: 6}"),
    (".yaml", "[1]: 2", "a key must be text (at line 1, column 1)"),
    (".yaml", '"\\UFFFFFFFF"', "not YAML: a number or an escaped character is too large"),
    (".yaml", "a:", "a: None is not a value; write true, 6, 1e-3 or text"),
    (".ini", "a = 1", "'.ini' is no format of profiles; end the file in .toml, .json, .yaml, .yml"),
]


@pytest.mark.parametrize(("ending", "text", "sentence"), WRONG)
def test_what_is_wrong_with_a_file_is_said_in_a_sentence_after_its_path(
    tmp_path: Path, ending: str, text: str, sentence: str
) -> None:
    path = tmp_path / f"mine{ending}"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongInput) as refused:
        read_profile(path)
    assert str(refused.value) == f"{path}: {sentence}"


@pytest.mark.parametrize("digits", ["9" * 5_000, "-" + "9" * 5_000])
@pytest.mark.parametrize("form", [".toml a = {}", '.json {{"a": {}}}', ".yaml a: {}"])
def test_a_number_of_thousands_of_digits_is_refused(digits: str, form: str) -> None:
    ending, _, text = form.partition(" ")
    with pytest.raises(WrongInput, match="a whole number must fit in 64 bits"):
        profile_from_text(text.format(digits), ending, "mine")


def test_a_file_that_is_none_or_not_of_text_is_refused(tmp_path: Path) -> None:
    missing, folder = tmp_path / "none.toml", tmp_path / "folder.toml"
    folder.mkdir()
    binary, nul, large = (tmp_path / f"{name}.toml" for name in ("binary", "nul", "large"))
    binary.write_bytes(b"\x89PNG\r\n\xff")
    nul.write_bytes(b"a = 1\0")
    large.write_bytes(b"#" * (2**20 + 1))
    for path, sentence in {
        missing: f"there is no profile file {missing}",
        folder: f"{folder}: it is not a file; write the path of one",
        binary: f"{binary}: it is not a text file in UTF-8",
        nul: f"{nul}: it is a binary file",
        large: f"{large}: it is larger than 1024 KiB, no profile is",
    }.items():
        with pytest.raises(WrongInput) as refused:
            read_profile(path)
        assert str(refused.value) == sentence


def test_a_file_that_cannot_be_written_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    for path in (tmp_path / "folder.toml", tmp_path / "nowhere" / "mine.toml"):
        with pytest.raises(WrongInput, match="cannot be written"):
            write_profile(path, profile(), SPACE)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.toml"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_group_called_as_the_table_about_the_profile_is_refused(ending: str) -> None:
    space = Space(variables=(Variable(path="trialmq.x", kind="int", default=1),))
    with pytest.raises(ConfigurationError, match="called trialmq cannot stand in a file"):
        profile_text(profile(space), space, ending)


@pytest.mark.parametrize("ending", ENDINGS)
@GENERATED
@given(data=st.data())
def test_no_damage_to_a_file_gets_another_error_than_ours(ending: str, data: st.DataObject) -> None:
    text = profile_text(profile(), SPACE, ending)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 20)))
        put = data.draw(st.text("[]{}=:,.-+&*!%'\"\\#\n\t 019eExuUnaf\0\x85\U0001f600", max_size=9))
        text = text[:start] + put + text[end:]
    try:
        read = profile_from_text(text, ending, "mine")
    except WrongInput:
        return
    assert exactly(profile_from_text(profile_text(read, SPACE, ending), ending, "")) == exactly(
        read
    )
