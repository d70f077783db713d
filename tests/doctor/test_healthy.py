"""Nothing is found where nothing is wrong, and everything was looked at."""

from app import __version__
from app.doctor import registry, runner
from app.doctor.results import State
from tests.doctor.deployment import Deployment


LOCAL = {"dns-web", "dns-turn", "relay-address"}
"""What is to look at where all names are this machine's."""


async def test_healthy_deployment_is_well(deployment: Deployment) -> None:
    """Every check can be done beside the service, and finds it well."""
    target = deployment.target(beside=True, expected_version=__version__)
    results = await runner.run(registry.CHECKS, target)
    odd = {r.name: r.seen for r in results if r.state is not State.OK}
    assert odd.keys() == LOCAL, odd
    assert all(r.state is State.WARN for r in results if r.name in LOCAL)
    assert len(results) == len(registry.CHECKS)
