"""The report of changes in the middle of calls, and of poor lines: a page, and JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape

from tests.network.lab.heard import Arrived
from tests.network.report import FOLDER, STYLE


@dataclass(frozen=True)
class Gap:
    """What a change cost a call; all in seconds."""

    what: str
    path: str
    seconds: float
    """The longest without a picture, of both sides, less what nobody can help."""
    most: float
    """What is promised."""
    noticed: float | None
    """Until a browser itself said `disconnected`, if it did: Chromium's own floor."""

    @property
    def good(self) -> bool:
        """Whether the promise is kept."""
        return self.seconds <= self.most

    def __str__(self) -> str:
        said = f"{self.what}, {self.path}: {self.seconds:.1f} s without a picture"
        if self.noticed is None:
            return said
        return f"{said}; Chromium noticed after {self.noticed:.1f} s"


@dataclass(frozen=True)
class Heard:
    """What a poor line left of a call."""

    line: str
    agent: Arrived
    customer: Arrived


@dataclass
class Story:
    """What was tried in a run."""

    gaps: list[Gap] = field(default_factory=list)
    lines: list[Heard] = field(default_factory=list)

    def write(self) -> None:
        """Write it into tests/artifacts/network, if there is any."""
        if not self.gaps and not self.lines:
            return
        FOLDER.mkdir(parents=True, exist_ok=True)
        told = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "changes": [asdict(gap) | {"good": gap.good} for gap in self.gaps],
            "lines": [asdict(one) for one in self.lines],
        }
        (FOLDER / "changes.json").write_text(json.dumps(told, indent=1) + "\n")
        (FOLDER / "changes.html").write_text(page(self))


def page(story: Story) -> str:
    """The page."""
    now = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Changes in the middle of calls</title><style>{STYLE}</style>
<h1>Changes in the middle of calls</h1>
<p>{now}. Columns: the path of the call before the change. In them: seconds without a
picture, and how many are promised; below, when the browser itself noticed that the
connection was gone, which is the least that waiting for it would have cost.</p>
<div class="wide">{_changes(story.gaps)}</div>
<h2>Poor lines</h2>
<div class="wide">{_lines(story.lines)}</div>
</html>
"""


def _changes(gaps: Sequence[Gap]) -> str:
    found = {(gap.what, gap.path): gap for gap in gaps}
    paths = list(dict.fromkeys(gap.path for gap in gaps))
    head = "".join(f"<th>{escape(path)}" for path in paths)
    rows = "".join(
        f"<tr><th>{escape(what)}" + "".join(_td(found.get((what, p))) for p in paths)
        for what in dict.fromkeys(gap.what for gap in gaps)
    )
    return f"<table><tr><th>what happens{head}</tr>{rows}</table>"


def _td(gap: Gap | None) -> str:
    if gap is None:
        return "<td>not tried"
    kind = "good" if gap.good else "bad"
    noticed = "not noticed" if gap.noticed is None else f"noticed: {gap.noticed:.1f} s"
    return (
        f'<td class="{kind}">{gap.seconds:.1f} s of {gap.most:.0f} s'
        f"<small>{noticed}</small>"
    )


def _lines(lines: Sequence[Heard]) -> str:
    rows = "".join(
        f"<tr><th>{escape(one.line)}<td>{escape(str(one.agent))}"
        f"<td>{escape(str(one.customer))}"
        for one in lines
    )
    head = "<tr><th>the customer's line<th>the agent gets<th>the customer gets</tr>"
    return f"<table>{head}{rows}</table>"
