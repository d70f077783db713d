"""From a bare host to a proven call, and again without a change."""

import pytest

from tests.deploy.deployment import Deployment
from tests.deploy.lab.laboratory import Laboratory
from tests.measured import note, timed


# Hosts are deployed from bare here.
pytestmark = pytest.mark.timeout(20 * 60)


@pytest.fixture(scope="module")
def bare(lab: Laboratory) -> None:
    """A host that nothing was deployed to yet."""
    lab.desk.start()


@pytest.mark.usefixtures("bare", "release")
def test_name_that_leads_elsewhere_is_told_before_anything_changes(
    lab: Laboratory,
) -> None:
    """The commonest mistake costs seconds, and the message says what to do."""
    lab.name(desk=lab.relay.host)
    inventory = lab.inventory("example-single", "elsewhere")
    inventory.place(desk=lab.desk.host)
    inventory.fill_in(deskside_domain="desk.deploy.test")
    said = inventory.refuses("site")
    assert lab.relay.host in said
    assert lab.desk.host in said
    assert not lab.desk.works("test -e /etc/nftables.d")


@pytest.mark.usefixtures("bare", "release")
def test_what_a_late_role_is_told_is_looked_at_before_anything_changes(
    lab: Laboratory,
) -> None:
    """Also what only the last role would stumble over."""
    lab.name(desk=lab.desk.host)
    inventory = lab.inventory("example-single", "misled")
    inventory.place(desk=lab.desk.host)
    inventory.fill_in(deskside_domain="desk.deploy.test")
    wrong = {"app_first_port": "18001", "backup_keep_days": "0"}
    for name, value in wrong.items():
        said = inventory.refuses("site", "-e", f"{name}={value}")
        assert name in said
    assert not lab.desk.works("test -e /etc/nftables.d")


def test_bare_host_to_proven_call(single: Deployment) -> None:
    """One playbook; it ends with the doctor's verdict and a call by the relay."""
    note(f"bare host to first call: {single.first.seconds:.0f} s")
    assert single.first.changed > 50
    assert "The service works, seen from its own host and from here" in (
        single.first.output
    )


def test_second_run_changes_nothing(single: Deployment) -> None:
    """What is as it should be is left alone."""
    with timed("second run (without the doctor)"):
        again = single.inventory.play("site", "--skip-tags", "doctor")
    assert again.what_changed == []
    assert again.changed == 0


def test_dry_run_works_on_a_deployed_host(single: Deployment) -> None:
    """--check --diff says what would be done: nothing."""
    dry = single.inventory.play("site", "--check", "--diff", "--skip-tags", "doctor")
    assert dry.what_changed == []


def test_secrets_are_made_once_and_stay_closed(single: Deployment) -> None:
    """They lie beside the inventory, for their owner alone, each another."""
    file = single.inventory.folder / "secrets.yml"
    assert file.stat().st_mode & 0o777 == 0o600
    made = [str(secret) for secret in single.inventory.secrets.values() if secret]
    assert len(set(made)) == len(made)
    assert not any(secret in single.first.output for secret in made if len(secret) > 8)
