"""The certificate is renewed, and what is served is the new one, during a call."""

from tests.deploy.calls import Call, longest_gap, media_path, signaling_works, watch
from tests.deploy.deployment import DOMAIN, Deployment
from tests.deploy.lab.laboratory import Laboratory
from tests.deploy.lab.network import ONLY_443
from tests.deploy.lab.served import fingerprints
from tests.measured import timed


RENEW = "certbot renew --force-renewal --no-random-sleep-on-renew"


def test_renewal_reaches_every_port_and_no_call(
    single: Deployment, lab: Laboratory, call: Call
) -> None:
    """One certificate behind all doors, then another; calls over TLS go on."""
    before = fingerprints(single.desk.host, DOMAIN)
    assert len(set(before.values())) == 1
    lab.network.filter(ONLY_443)
    call.begin()
    assert {media_path(person).relay_protocol for person in call.people} == {"tls"}
    watch(*call.people)
    with timed("renewal of the certificate"):
        # The hook fails, and certbot with it, where the new one is not served.
        said = single.desk.run(RENEW, seconds=120)
    assert "all renewals succeeded" in said
    after = fingerprints(single.desk.host, DOMAIN)
    assert len(set(after.values())) == 1
    assert set(after.values()).isdisjoint(before.values())
    assert longest_gap(*call.people) < 1
    signaling_works(call.agent, call.customer)
    assert not single.examine("tls")["tls-same"]["fix"]


def test_renewal_comes_by_itself(single: Deployment) -> None:
    """certbot's timer runs, knows our authority and calls our hook."""
    assert single.desk.works("systemctl is-active certbot.timer")
    assert single.desk.works("systemctl is-enabled certbot.timer")
    renewal = single.desk.run("cat /etc/letsencrypt/renewal/deskside.conf")
    assert "deskside-certificate deploy" in renewal
    assert single.lab.acme.directory in renewal
