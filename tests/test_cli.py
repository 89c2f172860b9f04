import json
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.command import TIMEOUT, Environment, environment, sigap


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def serving(env: Environment, *arguments: str) -> Generator["subprocess.Popen[str]"]:
    """A server that answers requests."""
    command = [sys.executable, "-m", "api", "serve", *arguments]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: process.poll() is not None or answers(env))
            yield process
        finally:
            process.terminate()
            process.wait(TIMEOUT)


def answers(env: Environment) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{env['SIGAP_PORT']}/health").status_code == 200
    except httpx.TransportError:
        return False


def servers_of(data: Path) -> list[psutil.Process]:
    """The PostgreSQL servers of the folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if line and Path(line[0]).name == "postgres" and any(str(data) in part for part in line[1:]):
            found.append(process)
    return found


def ask(env: Environment, document: str) -> Any:
    return httpx.post(f"http://127.0.0.1:{env['SIGAP_PORT']}/graphql", json={"query": document}).json()


def documents(text: str) -> Iterator[Any]:
    """The values of concatenated JSON texts."""
    decoder, rest = json.JSONDecoder(), text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        yield value
        rest = rest[end:].strip()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a folder, with a comma")


@pytest.fixture(scope="module")
def env(data: Path) -> Environment:
    return environment(data, SIGAP_PORT=str(free_port()))


@pytest.fixture(scope="module")
def story(env: Environment) -> Environment:
    """The environment of a folder that the first `serve --demo` has made and filled."""
    with serving(env, "--demo"):
        return env


async def test_the_demo_command_loads_the_story(database_url: str, tmp_path: Path) -> None:
    done = sigap(environment(tmp_path, DATABASE_URL=database_url), "demo")

    assert (done.returncode, done.stdout) == (0, "The demo story is loaded.\n")


def assert_registry(registry: Any, requested: Any, approved: Any) -> None:
    """The registry in three requests."""
    assert [each["name"] for each in registry["organizations"]["nodes"]] == ["Komunitas Perahu Mentaya"]
    assert [each["kind"] for each in registry["licences"]["nodes"]] == ["AGREEMENT"]
    assert [each["certificates"] for each in registry["certificateExtensions"]["nodes"]] == [2]
    assert [each["similarity"] for each in registry["suspectedPairs"]["nodes"]] == [1.0]
    assert requested["requestCertificate"]["problems"] == []
    assert approved["approveCertificate"]["certificateRequest"]["certificate"]["number"] == "README-1"


def assert_way_home(set_out: Any, came: Any, left: Any, served: Any) -> None:
    """From the yes to the hours, which are those of a few seconds."""
    assert set_out["mobilizeAssignment"] == {"assignment": {"status": "MOBILIZED"}, "problems": []}
    assert came["checkInAssignment"] == {"assignment": {"status": "ON_DUTY"}, "problems": []}
    duty = left["checkOutAssignment"]["assignment"]
    assert (duty["status"], [each["kind"] for each in duty["attendance"]]) == (
        "COMPLETED",
        ["MOBILIZED", "CHECKED_IN", "CHECKED_OUT"],
    )
    assert [each["kind"].partition(".")[2] for each in duty["history"]] == [
        *("offered", "accepted", "mobilized", "on_duty", "completed")
    ]
    (hours,) = served["me"]["volunteer"]["hours"]
    assert (hours["skill"]["label"], hours["hours"]) == ("Water rescue", duty["hours"])
    assert 0 < duty["hours"] < 1


def assert_camp(camp: Any, raised: Any, walk_in: Any) -> None:
    """It is full, takes the first two of the line in, and lets a guest wait."""
    (running,) = camp["camps"]["nodes"]
    assert (running["placesLeft"], running["presentCount"], running["registrations"]["totalCount"]) == (0, 30, 6)
    codes = [[each["code"] for each in waiting["waitsFor"]] for waiting in running["registrations"]["nodes"]]
    assert codes == [["CAMP_FULL"]] * 2
    assert raised["changeCamp"] == {"camp": {"capacity": 42, "taken": 42}, "problems": []}
    full = [{"code": "CAMP_FULL", "count": 42, "limit": 42}]
    registration = {"number": 50, "status": "WAITLISTED", "waitsFor": full}
    assert walk_in["registerWalkIn"] == {"campRegistration": registration, "problems": []}


def test_a_newcomer_follows_the_readme(story: Environment, data: Path) -> None:
    text = Path("README.md").read_text().split("## The story in seven requests")[1].split("## Settings")[0]
    script = "set -e\n" + "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    script = script.replace(".venv/bin/python", shlex.quote(sys.executable))

    with serving(story, "--demo", "--print-tokens") as server:
        done = subprocess.run(["/bin/bash", "-c", script], env=story, capture_output=True, text=True, check=False)
        server.terminate()
        printed = server.stdout.read() if server.stdout else ""
        status = server.wait(TIMEOUT)

    assert {*done.stderr.splitlines()} == {f"Uses the database server that runs in {data} already."}
    needs, candidates, offered, accepted, refusals, page, *others = documents(done.stdout)
    set_out, came, left, served, registry, requested, approved, camp, raised, walk_in = others
    assert re.findall(r"^([a-z-]+), .*:\nAuthorization: Bearer \S+$", printed, re.MULTILINE) == [
        *("nasional", "kotim", "tagana-kalteng", "relawan")
    ]
    assert printed.startswith(f"Sigap answers at http://127.0.0.1:{story['SIGAP_PORT']}/graphql\n")
    assert [need["skill"]["label"] for need in needs["data"]["needs"]["nodes"]] == [
        *("Field kitchen", "Water rescue", "Logistics and warehousing", "Setting up shelter")
    ]
    nearest = candidates["data"]["need"]["candidates"]["nodes"][:2]
    assert "Volunteer:af803e89-8653-454c-bda4-764cb9804355" in [each["volunteer"]["id"] for each in nearest]
    assert [each["volunteer"]["kabupaten"]["name"] for each in nearest] == ["Kabupaten Katingan"] * 2
    assert [each["tier"] for each in nearest] == ["PROVINCE"] * 2
    assert offered["data"]["offerAssignment"]["problems"] == []
    assert accepted["data"]["acceptAssignment"]["assignment"]["status"] == "ACCEPTED"
    assert accepted["data"]["acceptAssignment"]["assignment"]["need"]["coverage"]["accepted"] == 2
    codes = [[refusal["code"] for refusal in need["refusals"]] for need in refusals["data"]["needs"]["nodes"]]
    assert all("PERSON_ELSEWHERE" in each for each in codes)
    check_page(page)
    assert_way_home(*(each["data"] for each in (set_out, came, left, served)))
    assert_registry(registry["data"], requested["data"], approved["data"])
    assert_camp(camp["data"], raised["data"], walk_in["data"])
    assert (done.returncode, status, servers_of(data)) == (0, 0, [])


def check_page(page: Any) -> None:
    """The incident page of the README."""
    (incident,) = page["data"]["incidents"]["nodes"]
    assert sorted(each["level"] for each in incident["emergencyStatuses"]["nodes"]) == ["KABUPATEN", "PROVINCE"]
    assert incident["situation"]["displaced"] == 2300
    assert incident["coverage"]["wanted"] == sum(need["coverage"]["wanted"] for need in incident["needs"]["nodes"])
    assert [each["label"] for each in incident["activity"]["nodes"]] == ["A duty was accepted", "A duty was offered"]
    assert [minimum for need in incident["needs"]["nodes"] for minimum in need["minimums"]] == [
        {"people": 4, "sex": "FEMALE"}
    ]
    assert [each["isFull"] for each in incident["sites"]["nodes"]].count(True) == 1
    assert sorted(each["pledged"] for each in incident["goodsNeeds"]["nodes"]) == [0, 9000]
    assert sum(need["coverage"]["pledged"] for need in incident["needs"]["nodes"]) == 12


def test_a_second_start_does_not_load_the_story_again(story: Environment) -> None:
    with serving(story, "--demo") as server:
        found = ask(story, "{ incidents(first: 1) { totalCount } organizations(first: 1) { totalCount } }")
        server.terminate()
        printed = server.stdout.read() if server.stdout else ""

    # The output is no terminal, where the tokens would be printed.
    assert printed == f"Sigap answers at http://127.0.0.1:{story['SIGAP_PORT']}/graphql\n"
    assert found == {"data": {"incidents": {"totalCount": 3}, "organizations": {"totalCount": 193}}}


def test_after_a_kill_the_next_start_owns_the_database_server_and_stops_it(story: Environment, data: Path) -> None:
    with serving(story) as killed:
        killed.send_signal(signal.SIGKILL)
        killed.wait(TIMEOUT)
    assert len(servers_of(data)) == 1

    with serving(story):
        found = ask(story, "{ incidents(first: 1) { totalCount } }")

    assert found == {"data": {"incidents": {"totalCount": 3}}}
    assert servers_of(data) == []


def test_the_program_exits_when_the_database_server_ends(story: Environment, data: Path) -> None:
    with serving(story) as server:
        (database,) = servers_of(data)
        database.send_signal(signal.SIGINT)
        status = server.wait(TIMEOUT)

    assert status == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_stops_the_database_server(
    story: Environment, data: Path, number: signal.Signals
) -> None:
    command = [sys.executable, "-m", "api", "serve"]
    with subprocess.Popen(command, env=story, stdout=subprocess.PIPE, text=True) as server:
        until(lambda: servers_of(data))
        server.send_signal(number)
        status = server.wait(TIMEOUT)

    assert (status, servers_of(data)) == (0, [])


def test_the_server_is_one_process_beside_the_database_server(story: Environment) -> None:
    with serving(story) as server:
        children = [child.name() for child in psutil.Process(server.pid).children()]

    assert children == ["postgres"]


def test_a_token_is_for_an_active_account(story: Environment) -> None:
    good, unknown = sigap(story, "token", "kotim"), sigap(story, "token", "siapa")

    assert (good.returncode, len(good.stdout.split(".")), good.stdout.count("\n")) == (0, 3, 1)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.splitlines()[-1] == "There is no active account 'siapa'."


def test_migrating_again_changes_nothing(story: Environment) -> None:
    done = sigap(story, "migrate")

    assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")


def test_the_story_is_for_an_empty_database(story: Environment) -> None:
    done = sigap(story, "demo")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "The database is not empty; the demo story is for an empty one."


def test_a_port_in_use_is_reported_in_one_line_and_nothing_is_started(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = sigap(environment(data, SIGAP_PORT=str(port)), "serve")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Cannot listen on 127.0.0.1:{port}: Address already in use. Set SIGAP_PORT.\n"
    assert servers_of(data) == []


def test_a_wrong_setting_is_reported_in_one_line(data: Path) -> None:
    done = sigap(environment(data, SIGAP_PORT="many"), "migrate")

    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "SIGAP_PORT must be a port from 1 to 65535, not 'many'\n",
    )


@pytest.mark.parametrize("name", ["migrate", "serve"])
def test_an_unreachable_database_is_reported_in_one_line(data: Path, name: str) -> None:
    address = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"

    done = sigap(environment(data, DATABASE_URL=address, SIGAP_PORT=str(free_port())), name)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("The database cannot be used: ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["token"], "Missing argument 'login'. Try --help.\n"),
        (["nonsense"], "No such command 'nonsense'. Try --help.\n"),
        (["serve", "--port"], "No such option: --port Try --help.\n"),
        (
            ["account", "add", "sinta", "--scope", "nation"],
            "Missing option '--role'. Choose from: coordinator, manager, desk_officer, camp_staff, auditor Try --help.\n",
        ),
    ],
)
def test_wrong_arguments_are_reported_in_one_line(data: Path, arguments: list[str], line: str) -> None:
    done = sigap(environment(data), *arguments)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


@pytest.mark.parametrize("name", ["serve", "migrate", "purge", "demo", "token", "schema", "explain"])
def test_every_command_has_a_help(data: Path, name: str) -> None:
    done = sigap(environment(data), name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"{name} [OPTIONS]" in done.stdout


def test_the_schema_is_printed_as_committed(data: Path) -> None:
    done = sigap(environment(data), "schema")

    assert (done.returncode, done.stdout) == (0, Path("schema.graphql").read_text())
