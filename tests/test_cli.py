"""The command line, as typed."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from click.testing import CliRunner, Result

from app import __version__
from app.adapters.redis_backplane import RedisBackplane
from app.adapters.sql.records import Records
from app.cli import main
from app.domain.ids import NodeId, RoomId
from app.domain.notices import EndReason
from app.domain.records import AgentRole
from app.live.transact import read_room
from app.web.passwords import verify_password
from tests.services import Turn


T = TypeVar("T")
PASSWORD = "correct horse"


class Shell:
    """Runs commands with the settings of one installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings: dict[str, str | None] = {
            "DESKSIDE_SECRET": "s" * 40,
            "DESKSIDE_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/var/d.db",
        }

    def run(self, *arguments: str, given: str | None = None) -> Result:
        """Run a command; `given` is typed on its standard input."""
        result = CliRunner(env=self.settings).invoke(main, arguments, input=given)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def ok(self, *arguments: str, given: str | None = None) -> str:
        """Run a command that must succeed; gives what it printed."""
        result = self.run(*arguments, given=given)
        assert result.exit_code == 0, result.output
        return result.stdout

    def fails(self, *arguments: str, given: str | None = None) -> str:
        """Run a command that must fail; gives what it complained of."""
        result = self.run(*arguments, given=given)
        assert result.exit_code != 0, result.output
        return result.stderr

    def write(self, name: str, content: str | bytes) -> str:
        """Write a file; gives its path."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def records(self, look: Callable[[Records], Awaitable[T]]) -> T:
        """Look into the records."""

        async def inside() -> T:
            records = Records.open(self.settings["DESKSIDE_DATABASE_URL"] or "")
            try:
                return await look(records)
            finally:
                await records.close()

        return asyncio.run(inside())


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """An installation without tables, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path)


@pytest.fixture
def shell(bare: Shell) -> Shell:
    """An installation with tables and one agent."""
    bare.ok("migrate")
    bare.ok("agent", "add", "ayu@x.id", "--password-file", "-", given=PASSWORD)
    return bare


# Settings and schema.


def test_module_is_the_command() -> None:
    """`python -m app` is the command and knows its version."""
    done = subprocess.run(
        [sys.executable, "-m", "app", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert __version__ in done.stdout


def test_wrong_settings_are_all_named(bare: Shell) -> None:
    """Every wrong setting is named at once, with an example."""
    bare.settings |= {"DESKSIDE_PORT": "x", "DESKSIDE_WORKERS": "0"}
    complaint = bare.fails("agent", "list")
    assert "DESKSIDE_PORT" in complaint
    assert "DESKSIDE_WORKERS" in complaint
    assert "Example" in complaint


def test_secret_of_make_run_is_used(shell: Shell) -> None:
    """Beside `var/secret` no secret has to be given."""
    shell.settings["DESKSIDE_SECRET"] = None
    assert "DESKSIDE_SECRET" in shell.fails("agent", "list")
    shell.write("var/secret", "s" * 40)
    shell.ok("agent", "list")


def test_commands_ask_for_migration(bare: Shell) -> None:
    """Without tables a command says what to do, and `serve` does not start."""
    for command in (["agent", "list"], ["room", "list"], ["serve"]):
        assert "deskside migrate" in bare.fails(*command)
    assert "Migrated" in bare.ok("migrate")
    assert "up to date" in bare.ok("migrate")
    bare.ok("agent", "list")


def test_several_workers_need_redis(bare: Shell) -> None:
    """More than one process cannot share rooms without Redis; it says so."""
    assert "REDIS_URL" in bare.fails("serve", "--workers", "2")


# Agents and keys.


def test_agent_is_added_with_the_password_asked_for_twice(shell: Shell) -> None:
    """The password is asked for hidden and twice, and stored as a hash."""
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    shell.ok("agent", "add", "Boss@x.id", "--name", "The Boss", "--admin", given=typed)
    agent, password_hash = shell.records(lambda r: r.agents.find("boss@x.id")) or (
        None,
        "",
    )
    assert agent
    assert (agent.name, agent.role) == ("The Boss", AgentRole.ADMIN)
    assert asyncio.run(verify_password(password_hash, PASSWORD))
    assert PASSWORD not in password_hash


@pytest.mark.parametrize(
    ("arguments", "given", "complaint"),
    [
        (["new@x.id"], "short\nshort\n", "10 to 200"),
        (["new@x.id"], "one password\nanother one\n", "do not match"),
        (["new@x.id", "--password-file", "-"], "\n", "10 to 200"),
        (["new@x.id", "--password-file", "-"], "x" * 201, "10 to 200"),
        (["new"], "", "E-mail"),
        (["new@x.id", "--name", " "], "", "Name"),
        (["AYU@x.id", "--password-file", "-"], PASSWORD, "already"),
    ],
)
def test_agent_that_is_not_right_is_not_added(
    shell: Shell, arguments: list[str], given: str, complaint: str
) -> None:
    """A weak password, a wrong field or a known address adds nobody."""
    result = shell.run("agent", "add", *arguments, given=given)
    assert result.exit_code != 0
    assert complaint in result.output
    assert len(shell.records(lambda r: r.agents.list())) == 1


def test_agents_are_listed_disabled_and_enabled(shell: Shell) -> None:
    """The list tells who can log in."""
    assert re.search(r"ayu@x.id +ayu +agent +active", shell.ok("agent", "list"))
    shell.ok("agent", "disable", "ayu@x.id")
    assert "disabled" in shell.ok("agent", "list")
    shell.ok("agent", "enable", "ayu@x.id")
    assert "disabled" not in shell.ok("agent", "list")
    for command in ("disable", "enable", "password"):
        assert "no agent" in shell.fails("agent", command, "nobody@x.id")


def test_agent_gets_a_new_password(shell: Shell) -> None:
    """The first line of a file becomes the password."""
    path = shell.write("password", "new password\nanother line\n")
    shell.ok("agent", "password", "ayu@x.id", "--password-file", path)
    _agent, password_hash = shell.records(lambda r: r.agents.find("ayu@x.id")) or (
        None,
        "",
    )
    assert asyncio.run(verify_password(password_hash, "new password"))


def test_key_is_shown_once_and_revoked(shell: Shell) -> None:
    """The key alone is on standard output, and never again."""
    result = shell.run("apikey", "add", "ayu@x.id", "--name", "Shop")
    plain = result.stdout.strip()
    assert plain.startswith("dsk_")
    listed = shell.ok("apikey", "list")
    assert "Shop" in listed
    assert plain not in listed
    (key,) = shell.records(lambda r: r.api_keys.list())
    assert "Shop, of ayu@x.id" in shell.ok("apikey", "check", given=result.stdout)
    shell.ok("apikey", "revoke", key.id)
    assert "no" in shell.fails("apikey", "check", given=result.stdout)
    assert "revoked" in shell.ok("apikey", "list")
    assert "no active key" in shell.fails("apikey", "revoke", key.id)


def test_key_of_load_tests_says_what_it_opens(shell: Shell) -> None:
    """Its beginning tells it from a key of the REST API, and `check` knows it too."""
    result = shell.run("apikey", "add", "ayu@x.id", "--scope", "loadtest")
    assert result.stdout.startswith("dsl_")
    assert "of ayu@x.id" in shell.ok("apikey", "check", given=result.stdout)
    turned = result.stdout.replace("dsl_", "dsk_")
    shell.fails("apikey", "check", given=turned)


# Customers.


GOOD = """\
Name,Phone,Email,Reference,Notes
Budi Santoso,0812-3456-7890,budi@mail.id,C-1,VIP
"Siti
Rahma",+62 813 9999 0000,,,
"""


def customers(shell: Shell) -> list[tuple[str, str, str | None, str | None, str]]:
    """Everyone in the directory."""
    page = shell.records(lambda r: r.customers.list(limit=200))
    return [(c.name, c.phone, c.email, c.reference, c.notes) for c in page.items]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace("\n", "\r\n"),
        f"\ufeff{GOOD}\n,,,,\n\n",
    ],
    ids=["commas", "semicolons", "tabs", "windows", "byte-order-mark"],
)
def test_import_reads_what_spreadsheets_write(shell: Shell, content: str) -> None:
    """Separators, line ends, a byte order mark and blank lines make no difference."""
    stdout = shell.ok("customer", "import", shell.write("c.csv", content))
    assert stdout == "Imported 2 customers.\n"
    assert customers(shell) == [
        ("Budi Santoso", "+6281234567890", "budi@mail.id", "C-1", "VIP"),
        ("Siti Rahma", "+6281399990000", None, None, ""),
    ]


def test_import_names_every_wrong_row_and_stores_none(shell: Shell) -> None:
    """Each problem has its line; one is enough to store nothing at all."""
    bad = GOOD + '\nDewi,12,no mail,,\n,+6281299990000,,,,more\n"open\n'
    complaint = shell.fails("customer", "import", shell.write("c.csv", bad))
    assert "Line 6: phone:" in complaint
    assert "Line 6: email:" in complaint
    assert "Line 7: has 6 columns" in complaint
    assert "Line 8: cannot be read" in complaint
    assert "Nothing was imported, because of 3 rows." in complaint
    assert customers(shell) == []


def test_import_finds_duplicates(shell: Shell) -> None:
    """Whoever is in the file twice, or in the directory, is named."""
    path = shell.write("c.csv", GOOD)
    shell.ok("customer", "import", path)
    again = (
        GOOD.replace("7890", "7899")
        + "Dewi,081299990000,,,\nDewi,+6281299990000,,,\nAgus,081299990001,,C-1,\n"
    )
    path = shell.write("again.csv", again)
    complaint = shell.fails("customer", "import", path)
    assert "Line 2: reference C-1 is in the directory" in complaint
    assert "Line 3: phone +6281399990000 is in the directory" in complaint
    assert "Line 6: phone +6281299990000 is in line 5, too" in complaint
    assert "Line 7: reference C-1 is in line 2, too" in complaint
    assert len(customers(shell)) == 2
    stdout = shell.ok("customer", "import", path, "--skip-duplicates")
    assert stdout == "Imported 1 customers.\n"
    assert "Dewi" in str(customers(shell))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "It has: nothing"),
        ("name,email\n", "name and phone at least"),
        ("name,phone,city\n", "city"),
        ("name,phone,name\n", "each once"),
        ("name,phone\nJosé,1\n".encode("latin-1"), "Line 2 is not in UTF-8"),
        ("name,phone\n".encode("utf-16"), "not in UTF-8"),
    ],
)
def test_import_refuses_what_is_no_list_of_customers(
    shell: Shell, content: str | bytes, complaint: str
) -> None:
    """A wrong header or encoding is told before any row is looked at."""
    path = shell.write("c.csv", content)
    assert complaint in shell.fails("customer", "import", path)


def test_import_report_is_bounded(shell: Shell) -> None:
    """A wrong file does not flood the screen."""
    rows = "".join(f"Person {n},12\n" for n in range(500))
    path = shell.write("c.csv", f"name,phone\n{rows}")
    complaint = shell.fails("customer", "import", path)
    assert "… and 400 more." in complaint
    assert "because of 500 rows" in complaint


# Rooms.


def made_room(shell: Shell) -> RoomId:
    """Make a room; gives its id."""
    stdout = shell.ok("room", "create", "Printer", "--agent", "ayu@x.id")
    found = re.search(r"ID +(\S+)\nCustomer link +http://localhost:8000/j/\S+", stdout)
    assert found
    assert re.search(r"Passcode +\d{6}\n", stdout)
    return RoomId(found[1])


def test_room_is_made_and_listed(shell: Shell) -> None:
    """A room made here has a link and a passcode, and is in the list."""
    room_id = made_room(shell)
    for filters in ([], ["--agent", "ayu@x.id"], ["--state", "open"]):
        assert room_id in shell.ok("room", "list", *filters)
    assert room_id not in shell.ok("room", "list", "--state", "live")


def test_room_with_wrong_fields_is_not_made(shell: Shell) -> None:
    """Title, passcode and agent are checked as in the browser."""
    create = ["room", "create", " ", "--agent", "ayu@x.id", "--passcode", "1"]
    complaint = shell.fails(*create)
    assert "title:" in complaint
    assert "passcode:" in complaint
    assert "no agent" in shell.fails("room", "create", "A", "--agent", "b@x.id")


def test_room_in_memory_can_only_be_ended_by_the_service(shell: Shell) -> None:
    """Without Redis the command cannot reach live rooms, and says who can."""
    room_id = made_room(shell)
    assert f"/api/v1/rooms/{room_id}/end" in shell.fails("room", "end", room_id)
    assert "no room" in shell.fails("room", "end", "nothing")


def test_room_is_live_and_ends_by_redis(shell: Shell, redis_url: str) -> None:
    """With Redis the room is live at once, and ended at once."""
    shell.settings["DESKSIDE_REDIS_URL"] = redis_url
    room_id = made_room(shell)

    async def ended() -> EndReason | None:
        backplane = RedisBackplane(redis_url, NodeId("test"))
        room = read_room(await backplane.load(room_id))
        await backplane.close()
        assert room
        return room.ended

    assert asyncio.run(ended()) is None
    assert "ended" in shell.ok("room", "end", room_id)
    assert asyncio.run(ended()) is EndReason.ENDED_BY_AGENT


def test_room_says_that_redis_is_away(shell: Shell) -> None:
    """An end that cannot reach Redis is a failure; the room is still there."""
    room_id = made_room(shell)
    shell.settings["DESKSIDE_REDIS_URL"] = "redis://127.0.0.1:1/0"
    assert "Redis:" in shell.fails("room", "end", room_id)
    assert room_id in shell.ok("room", "list", "--state", "open")


# Check.


def test_check_says_what_is_well(
    shell: Shell, postgres_url: str, redis_url: str, turn: Turn
) -> None:
    """Every part that answers has a line, without its secrets; the exit code is 0."""
    shell.settings |= {
        "DESKSIDE_DATABASE_URL": postgres_url.replace("postgres@", "postgres:hush@"),
        "DESKSIDE_REDIS_URL": redis_url,
        "DESKSIDE_TURN_URLS": turn.tcp_url,
        "DESKSIDE_TURN_SECRET": turn.secret,
    }
    assert "deskside migrate" in shell.run("check").stdout
    shell.ok("migrate")
    lines = shell.ok("check").splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", name] for name in ("settings", "database", "redis", "turn")
    ]
    assert "hush" not in str(lines)


def test_check_says_what_is_amiss(shell: Shell) -> None:
    """Every part that does not answer has a line; the exit code is 1."""
    shell.settings |= {
        "DESKSIDE_DATABASE_URL": "postgresql+asyncpg://u:hush@127.0.0.1:1/d",
        "DESKSIDE_REDIS_URL": "redis://:hush@127.0.0.1:1/0",
        "DESKSIDE_TURN_URLS": "turn:127.0.0.1:1",
        "DESKSIDE_TURN_SECRET": "s" * 20,
    }
    result = shell.run("check")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", "settings"],
        ["FAIL", "database"],
        ["FAIL", "redis"],
        ["FAIL", "turn"],
    ]
    assert "hush" not in result.output
