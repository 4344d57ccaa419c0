"""The files in ``deploy/``: they parse, and every `trialmq` command in them is one that exists."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from trialmq.cli.main import application

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
DOCUMENTS = [ROOT / "docs" / f"{name}.md" for name in ("deployment", "security", "operations")]


def compose() -> dict[str, Any]:
    with (DEPLOY / "docker-compose.yml").open() as file:
        made: dict[str, Any] = yaml.safe_load(file)
    return made


def unit(file: Path) -> dict[str, list[str]]:
    """The settings of a unit's [Service], each with all its values."""
    settings: dict[str, list[str]] = {}
    section = ""
    for line in file.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif "=" in line and not line.startswith("#") and section == "[Service]":
            name, _, value = line.partition("=")
            settings.setdefault(name, []).append(value)
    return settings


def commands_of_compose() -> Iterator[list[str]]:
    for service in compose()["services"].values():
        if "build" in service:
            yield service["command"]
        test = service.get("healthcheck", {}).get("test", [])
        if "trialmq" in test:
            yield test[test.index("trialmq") + 1 :]


def commands_of_units() -> Iterator[list[str]]:
    for file in UNITS:
        [line] = unit(file)["ExecStart"]
        line = line.replace("%i", "gpu1").replace("$ALLOW", "--allow train.py:train")
        program, *words = shlex.split(line)
        assert program == "/opt/trialmq/bin/trialmq"
        yield words


def commands_of_documents() -> Iterator[list[str]]:
    for document in DOCUMENTS:
        for block in re.findall(r"^```\w*\n(.*?)^```", document.read_text(), re.M | re.S):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line.partition("  #")[0].strip(), comments=True)
                if "trialmq" in words and not line.startswith((" ", "#")):
                    start = words.index("trialmq")
                    if start and words[start - 1] not in (
                        "exec",
                        "&&",
                        "runuser",
                        "-u",
                        "orchestrator",
                    ):
                        continue
                    words = words[start + 1 :]
                    yield words[: words.index(">")] if ">" in words else words


def commands_of_comments() -> Iterator[list[str]]:
    """The commands that the comments of compose and rabbitmq.conf tell to run."""
    text = (DEPLOY / "docker-compose.yml").read_text().replace("\\\n#", "")
    for line in text.splitlines():
        if line.startswith("#   trialmq "):
            yield shlex.split(line[1:].partition(">")[0])[1:]


EVERY = [
    *commands_of_compose(),
    *commands_of_units(),
    *commands_of_documents(),
    *commands_of_comments(),
]


def test_there_are_commands_to_check() -> None:
    first_words = {words[0] for words in EVERY}
    assert {"serve", "runner", "doctor", "broker", "verify"} <= first_words


@pytest.mark.parametrize("words", EVERY, ids=" ".join)
def test_every_command_is_understood_by_the_real_command_line(words: list[str]) -> None:
    application().parse_args(words, exit_on_error=False, print_error=False)


def test_no_secret_is_in_an_environment_or_on_a_command_line() -> None:
    for service in compose()["services"].values():
        assert not service.get("environment")
        for word in service.get("command", []):
            assert not re.search(r"://[^/@]*:[^/@]*@", word), word
    for file in UNITS:
        assert not re.search(r"PASSWORD|://[^/@\s]*:[^/@\s]*@", "".join(unit(file)["ExecStart"]))


def test_compose_names_nothing_that_it_does_not_have() -> None:
    made = compose()
    services = made["services"]
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
        assert set(service.get("networks", [])) <= set(made["networks"])
        assert set(service.get("secrets", [])) <= set(made["secrets"])
        assert "healthcheck" in service
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert source in made["volumes"] or source.startswith((".", "..")), volume
        for word in service.get("command", []):
            if "/run/secrets/" in word:
                assert word.rpartition("/")[2] in service["secrets"]
        if "build" in service:
            build = service["build"]
            assert f"AS {build['target']}\n" in (DEPLOY / "Dockerfile").read_text()
            assert (DEPLOY / build["context"]).resolve() == ROOT
    for mounted in ("rabbitmq.compose.conf",):
        assert (DEPLOY / mounted).is_file()


def test_the_images_copy_what_is_there_and_install_extras_that_exist() -> None:
    import tomllib

    text = (DEPLOY / "Dockerfile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for line in re.findall(r"^COPY (.*) \S+$", text, re.M):
        for name in line.split():
            assert (ROOT / name).exists(), name
    for wanted in re.findall(r"'\.\[(.*?)\]'", text):
        assert set(wanted.split(",")) <= set(extras["optional-dependencies"])
    orchestrator = text.partition("AS orchestrator")[2].partition("FROM")[0]
    assert "runner" not in re.findall(r"'\.\[(.*?)\]'", orchestrator)[0], "no torch there"


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_a_unit_is_hardened_and_ends_in_order(file: Path) -> None:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(file)
    settings = unit(file)
    wanted = {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "PrivateTmp": "yes",
        "Restart": "on-failure",
        "KillMode": "mixed",
        "LimitNOFILE": "65536",
        "SuccessExitStatus": "130",
    }
    assert {name: settings[name] for name in wanted} == {n: [v] for n, v in wanted.items()}
    assert int(settings["TimeoutStopSec"][0]) >= 30


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.name)
def test_systemd_itself_finds_nothing_wrong(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / file.name.replace("@", "@gpu1")
    text = file.read_text().replace("/opt/trialmq/bin/trialmq", "/bin/true")
    copy.write_text(text.replace("User=trialmq", "User=root").replace("Group=trialmq\n", ""))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    about = [line for line in done.stderr.splitlines() if file.name.partition("@")[0] in line]
    assert about == []
