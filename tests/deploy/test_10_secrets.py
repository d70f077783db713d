"""New secrets, while two people talk."""

from tests.deploy.calls import Call, signaling_works
from tests.deploy.conftest import TIMES
from tests.deploy.deployment import Deployment, measured
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.network import NO_DIRECT


KINDS = ["turn", "redis", "postgres", "metrics"]
NAMES = ["turn_secret", "redis_password", "postgres_password", "metrics_token"]


def test_new_secrets_end_no_call(
    single: Deployment, lab: Laboratory, call: Call
) -> None:
    """Each is another afterwards, the old ones are forgotten, and people talk on."""
    before = single.inventory.secrets
    lab.network.filter(NO_DIRECT)
    call.begin()
    with measured(TIMES, "new secrets (without the wait for old credentials)"):
        kinds = f"rotate={','.join(KINDS)}"
        single.inventory.play("rotate_secrets", "-e", kinds, "-e", "rotate_overlap=0")
    after = single.inventory.secrets
    for name in NAMES:
        assert after[name] != before[name], name
    for person in call.people:
        person.sees_picture()
    signaling_works(call.agent, call.customer)
    call.end()
    config = single.desk.run("cat /etc/turnserver.conf /etc/redis/users.acl")
    assert before["turn_secret"] not in config


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
