"""Each service is killed while two people talk through the relay."""

import pytest
from testinfra.host import Host

from tests.deploy.calls import Call, longest_gap, media_path, signaling_works, watch
from tests.deploy.deployment import Deployment
from tests.deploy.fetch import fetch
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.network import NO_DIRECT
from tests.measured import note
from tests.services import wait_until


@pytest.fixture(scope="module")
def talk(lab: Laboratory, begun: Call) -> Call:
    """One call for all crashes, carried by the relay over UDP."""
    lab.network.filter(NO_DIRECT)
    begun.begin()
    for person in begun.people:
        assert "relay" in (media_path(person).local, media_path(person).remote)
    return begun


def kill(single: Deployment, unit: str) -> None:
    """End all processes of a unit at once; returns when it is there again."""
    desk = single.desk
    pid = f"systemctl show --value --property=MainPID '{unit}'"
    before = desk.run(pid)
    desk.run(f"systemctl kill --signal=KILL --kill-whom=all '{unit}'")

    def back() -> bool:
        return desk.run(pid) not in (before, "0\n") and desk.works(
            f"systemctl is-active --quiet '{unit}'"
        )

    assert wait_until(back, 60), f"{unit} did not come back"


@pytest.mark.parametrize(
    "unit", ["deskside@8001", "deskside@8002", "redis-server", "postgresql", "nginx"]
)
def test_killed_service_costs_no_picture(
    single: Deployment, talk: Call, host: Host, unit: str
) -> None:
    """It is started again by itself; pictures went on, signaling works again."""
    if unit == "postgresql":
        (cluster,) = host.file("/etc/postgresql").listdir()
        unit = f"postgresql@{cluster}-main"
    watch(*talk.people)
    kill(single, unit)
    signaling_works(talk.agent, talk.customer)
    gap = longest_gap(*talk.people)
    note(f"{unit} killed during a call: media gap {gap:.2f} s")
    assert gap < 1


def test_killed_live_state_forgets_nothing(single: Deployment, host: Host) -> None:
    """What was committed in one step is there again, all of it."""
    password = single.inventory.secrets["redis_password"]
    cli = f"REDISCLI_AUTH={password} redis-cli --no-auth-warning --user deskside"
    step = "redis.call('set', 'test:a', 1) redis.call('set', 'test:b', 2)"
    host.check_output(f'{cli} eval "{step}" 0')
    kill(single, "redis-server")
    assert host.check_output(f"{cli} mget test:a test:b").split() == ["1", "2"]
    host.check_output(f"{cli} del test:a test:b")


def test_killed_relay_costs_seconds(single: Deployment, talk: Call) -> None:
    """The relay carries the media: both find it again by themselves."""
    watch(*talk.people)
    kill(single, "coturn")
    for person in talk.people:
        person.sees_picture()
    gap = longest_gap(*talk.people)
    note(f"coturn killed during a call: media gap {gap:.1f} s")
    assert gap < 20
    signaling_works(talk.agent, talk.customer)
    for person in talk.people:
        person.talks()


def test_call_is_written_down_once(talk: Call) -> None:
    """After all crashes the call ends, and history says that it was."""
    talk.end()
    history = talk.agent.page.locator("#state a[href^='/history/']")
    history.wait_for(timeout=60_000)


def test_maintenance_page_while_no_node_answers(
    lab: Laboratory, single: Deployment
) -> None:
    """People read words, not an error of the proxy."""
    single.desk.run("systemctl stop 'deskside@*'")
    try:
        status, _, body = fetch(lab, "/login", "--header", "Accept: text/html")
    finally:
        single.desk.run("systemctl start deskside@8001 deskside@8002")
    assert status == 503
    assert "right back" in body
