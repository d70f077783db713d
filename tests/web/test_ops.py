"""Health, readiness, metrics, and the log of requests."""

import json
import logging
import re
import subprocess
import sys

import pytest
from quart import Quart
from sqlalchemy import text

from app.adapters.sql.records import Records
from app.live import logs
from app.settings import Settings
from tests.web.conftest import Browser, make_settings


async def test_healthz_answers(browser: Browser) -> None:
    """The process is alive."""
    response = await browser.get("/healthz")
    assert await response.get_json() == {"status": "ok"}


async def test_readyz_when_all_is_well(browser: Browser) -> None:
    """Database, its schema and the live state are there."""
    response = await browser.get("/readyz")
    assert response.status_code == 200
    checks = {"database": "ok", "live": "ok"}
    assert await response.get_json() == {"status": "ready", "checks": checks}


async def test_readyz_while_draining(service: Quart, browser: Browser) -> None:
    """A node that drains gets no new visitors, and still is alive."""
    await service.extensions["hub"].drain()
    response = await browser.get("/readyz")
    assert response.status_code == 503
    assert (await response.get_json())["status"] == "draining"
    assert (await browser.get("/healthz")).status_code == 200


async def test_readyz_without_schema(browser: Browser, records: Records) -> None:
    """A database that was not migrated is not ready."""
    async with records.engine.begin() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))
    response = await browser.get("/readyz")
    assert response.status_code == 503
    assert (await response.get_json())["checks"] == {"database": "failed", "live": "ok"}


async def test_metrics_for_this_machine_only(browser: Browser) -> None:
    """Without a token, loopback reads them and nobody else."""
    assert (await browser.get("/metrics")).status_code == 403
    browser.address = "127.0.0.1"
    response = await browser.get("/metrics")
    assert response.status_code == 200
    page = await response.get_data(as_text=True)
    assert "deskside_connections 0.0" in page
    (memory,) = re.findall(r"^deskside_memory_bytes (\S+)$", page, re.MULTILINE)
    assert 20e6 < float(memory) < 2e9
    assert 'route="/metrics",status="403"' in page


async def test_metrics_tell_whether_it_is_ready(
    service: Quart, browser: Browser
) -> None:
    """Prometheus sees what a load balancer sees."""
    browser.address = "127.0.0.1"
    page = await (await browser.get("/metrics")).get_data(as_text=True)
    assert "\ndeskside_ready 1.0" in page
    await service.extensions["hub"].drain()
    page = await (await browser.get("/metrics")).get_data(as_text=True)
    assert "\ndeskside_ready 0.0" in page


async def test_metrics_not_for_those_behind_a_proxy_here(browser: Browser) -> None:
    """A proxy on this machine does not make the world local."""
    browser.address = "127.0.0.1"
    response = await browser.get("/metrics", X_Forwarded_For="203.0.113.9")
    assert response.status_code == 403


class TestWithToken:
    """With DESKSIDE_METRICS_TOKEN."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return make_settings(database_url, metrics_token="t" * 24)

    async def test_metrics_with_the_token(self, browser: Browser) -> None:
        """Who has the token may come from anywhere."""
        header = f"Bearer {'t' * 24}"
        response = await browser.get("/metrics", Authorization=header)
        assert response.status_code == 200

    async def test_metrics_without_the_token(self, browser: Browser) -> None:
        """Where there is a token, being local is not enough."""
        browser.address = "127.0.0.1"
        assert (await browser.get("/metrics")).status_code == 403
        wrong = await browser.get("/metrics", Authorization="Bearer ü")
        assert wrong.status_code == 403


async def test_request_is_logged_without_what_identifies(
    browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """A line has route, status and network; neither link, query nor full address."""
    with caplog.at_level(logging.INFO):
        await browser.get("/j/a-secret-link?phone=%2B62811")
    (record,) = [r for r in caplog.records if r.name == "app.web.ops"]
    line = vars(record)
    assert line["route"] == "/j/<link>"
    assert line["from"] == "192.0.2.0/24"
    assert line["status"] == 404
    assert "secret-link" not in str(line)
    assert "62811" not in str(line)


async def test_unknown_paths_share_one_series(browser: Browser) -> None:
    """A scanner cannot make the metrics grow."""
    browser.address = "127.0.0.1"
    for number in range(5):
        await browser.get(f"/wp-admin/{number}")
    page = await (await browser.get("/metrics")).get_data(as_text=True)
    assert "wp-admin" not in page
    assert 'route="unknown",status="404"} 5.0' in page


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("<local>", "unknown"),
        (None, "unknown"),
    ],
)
def test_address_is_logged_without_its_owner(address: str | None, shown: str) -> None:
    """Addresses are cut to /24 and /48."""
    assert logs.short_address(address) == shown


def test_log_lines_are_json() -> None:
    """Each line is an object with time, level, logger, node and what was added."""
    script = (
        "import logging; from app.live import logs; logs.configure('info', 'n1');"
        "logging.getLogger('a.b').info('room %s', 'opened', extra={'room': 'r1'});"
        "logging.getLogger('a.b').debug('not this')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    (line,) = done.stderr.splitlines()
    found = json.loads(line)
    assert found.pop("at").endswith("+0000")
    assert found == {
        "level": "INFO",
        "logger": "a.b",
        "message": "room opened",
        "node": "n1",
        "room": "r1",
    }
