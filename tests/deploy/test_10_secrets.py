"""New secrets, while two people talk."""

from tests.deploy.calls import Call, signaling_works
from tests.deploy.deployment import Deployment
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.network import NO_DIRECT
from tests.measured import timed


WITH_CALLS = {
    "redis": "redis_password",
    "postgres": "postgres_password",
    "metrics": "metrics_token",
}


def rotate(single: Deployment, *kinds: str) -> None:
    """Exchange secrets, without the wait for credentials that are still about."""
    given = [f"rotate={','.join(kinds)}", "rotate_overlap=0"]
    what = f"new secrets ({', '.join(kinds)}; without the wait for old credentials)"
    with timed(what):
        single.inventory.play("rotate_secrets", "-e", given[0], "-e", given[1])


def test_new_secrets_end_no_call(
    single: Deployment, lab: Laboratory, call: Call
) -> None:
    """Each is another afterwards, and people talk on, through nodes and relay."""
    before = single.inventory.secrets
    lab.network.filter(NO_DIRECT)
    call.begin()
    rotate(single, *WITH_CALLS)
    after = single.inventory.secrets
    for name in WITH_CALLS.values():
        assert after[name] != before[name], name
    for person in call.people:
        person.sees_picture()
    signaling_works(call.agent, call.customer)
    call.end()


def test_old_secret_of_the_relay_is_forgotten(single: Deployment) -> None:
    """Calls with credentials of the old one would end now; usually it waits."""
    before = single.inventory.secrets["turn_secret"]
    rotate(single, "turn")
    after = single.inventory.secrets["turn_secret"]
    config = single.desk.run("cat /etc/turnserver.conf")
    assert after in config
    assert before not in config


def test_all_is_well_with_the_new_secrets(single: Deployment) -> None:
    """Nodes, relay, live state and records agree."""
    found = single.examine("turn") | single.examine_inside("records")
    assert {name: check["seen"] for name, check in found.items() if check["fix"]} == {}


def test_new_call_has_new_credentials(lab: Laboratory, call: Call) -> None:
    """Who calls now is relayed with what the new secret has signed."""
    lab.network.filter(NO_DIRECT)
    call.begin()
    for person in call.people:
        person.talks()
    call.end()
