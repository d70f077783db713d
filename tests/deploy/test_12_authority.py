"""A certificate of an authority that only the lab knows, in the place of ACME's."""

from tests.deploy.deployment import Deployment


INTERNAL = ["-e", "deskside_certificate=internal"]


def test_doctor_trusts_what_the_own_authority_signs(single: Deployment) -> None:
    """Every port serves it, and on the host it is called a good one."""
    single.inventory.play("site", "--tags", "nginx,monitoring", *INTERNAL)
    found = single.examine_inside("tls")
    assert "issued by Authority of" in found["tls-web"]["seen"]
    failed = {n: c["seen"] for n, c in found.items() if c["state"] == "fail"}
    assert failed == {}


def test_it_is_made_once(single: Deployment) -> None:
    """A second run changes nothing."""
    again = single.inventory.play("site", "--tags", "nginx,monitoring", *INTERNAL)
    assert again.what_changed == []
