"""A reboot: everything is back by itself."""

from testinfra.host import Host

from tests.deploy.calls import Call
from tests.deploy.deployment import Deployment
from tests.measured import timed
from tests.services import wait_until


def test_everything_is_back_by_itself(single: Deployment, host: Host) -> None:
    """No unit failed, and the doctor is content, inside and outside."""
    with timed("reboot until all nodes serve"):
        single.desk.reboot()
        assert wait_until(lambda: well(single, "health"), 60)
    waiting = "systemctl is-system-running --wait"
    assert host.run(waiting).stdout.strip() == "running"
    rules = host.check_output("nft list table inet deskside")
    assert "policy drop" in rules
    assert failures(single.examine_inside()) == {}


def test_called_through_after_the_reboot(call: Call) -> None:
    """Two people talk."""
    call.begin()
    for person in call.people:
        person.talks()
    call.end()


def well(single: Deployment, check: str) -> bool:
    """Whether a check is well."""
    return bool(single.examine(check)[check]["state"] == "ok")


def failures(verdict: dict[str, dict[str, object]]) -> dict[str, object]:
    """What failed, and what was seen."""
    return {
        name: check["seen"]
        for name, check in verdict.items()
        if check["state"] == "fail"
    }
