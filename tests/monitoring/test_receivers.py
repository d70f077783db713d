"""Whom alerts are told to: what Alertmanager makes of the role's configuration."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.playbooks import play, this_machine
from tests.services import ROOT, find_program, run


ROLE = ROOT / "ansible" / "roles" / "monitoring"
WEBHOOK = {"monitoring_alert_webhook": 'https://alerts.lab.test/hook?key=a&b="c"'}
MAIL = {
    "monitoring_alert_emails": ["it@lab.test", "night@lab.test"],
    "monitoring_smtp_server": "mail.lab.test:587",
    "monitoring_smtp_user": "deskside",
    "monitoring_smtp_password": 'with: "quotes" # and more',
}


def configuration(folder: Path, **variables: Any) -> Path:
    """Write it as the role does."""
    target = folder / "alertmanager.yml"
    source = ROLE / "templates" / "alertmanager.yml.j2"
    where = {"src": str(source), "dest": str(target), "mode": "0600"}
    whole = {
        "hosts": "desk",
        "gather_facts": False,
        "vars_files": [str(ROLE / "defaults" / "main.yml")],
        "tasks": [{"name": "Write", "ansible.builtin.template": where}],
    }
    book = folder / "play.yml"
    book.write_text(yaml.safe_dump([whole]))
    given = {"deskside_domain": "help.lab.test", **variables}
    done = play(book, this_machine(folder), variables=given)
    assert done.code == 0, done.text
    return target


@pytest.mark.parametrize(
    ("variables", "kinds"),
    [
        (WEBHOOK, {"webhook_configs"}),
        (MAIL, {"email_configs"}),
        (WEBHOOK | MAIL, {"webhook_configs", "email_configs"}),
    ],
    ids=["webhook", "mail", "both"],
)
def test_alertmanager_understands_whom_to_tell(
    tmp_path: Path, variables: dict[str, Any], kinds: set[str]
) -> None:
    """Whatever signs are in addresses and passwords; and every alert goes there."""
    file = configuration(tmp_path, **variables)
    amtool = find_program("amtool")
    assert "SUCCESS" in run([amtool, "check-config", str(file)])
    route = [amtool, "config", "routes", "test", f"--config.file={file}"]
    assert run([*route, "severity=warning"]).strip() == "deskside"
    written = yaml.safe_load(file.read_text())
    (receiver,) = written["receivers"]
    assert set(receiver) == {"name"} | kinds
    if kinds >= {"email_configs"}:
        password = written["global"]["smtp_auth_password"]
        assert password == MAIL["monitoring_smtp_password"]
