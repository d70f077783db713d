"""The report of a run, for who runs networks: a page without scripts, and JSON."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from statistics import median

from tests.network.lab.modes import MEETING, MODES
from tests.network.matrix import Cell
from tests.services import ROOT


FOLDER = ROOT / "tests" / "artifacts" / "network"

WORDS = {
    "direct": "directly",
    "relay/udp": "through the relay, UDP 3478",
    "relay/tcp": "through the relay, TCP 3478",
    "relay/tls": "through the relay, TLS 443",
    "no path": "not at all",
}
CELLS = {
    "direct": "direct",
    "relay/udp": "UDP",
    "relay/tcp": "TCP",
    "relay/tls": "TLS",
    "no path": "none",
}

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; padding: 0 1rem; max-width: 88rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { border: 1px solid #8886; padding: .25rem .5rem; text-align: left; }
td { white-space: nowrap; }
td small { display: block; opacity: .75; }
.good { background: #2da44e26; } .bad { background: #cf222e4d; font-weight: bold; }
.direct { background: #2da44e26; } .relay { background: #0969da26; }
"""


def write(cells: Sequence[Cell], seconds: float) -> None:
    """Write what was tried into tests/artifacts/network."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    told = {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "networks": {mode.name: mode.words for mode in MODES.values()},
        "calls": [cell.told() for cell in cells],
    }
    (FOLDER / "matrix.json").write_text(json.dumps(told, indent=1) + "\n")
    (FOLDER / "matrix.html").write_text(page(cells, seconds))


def table(cells: Iterable[Cell]) -> str:
    """The calls between all kinds of networks, for a terminal."""
    found = {(cell.agent, cell.customer): cell for cell in plain(cells)}
    names = [mode.name for mode in MEETING]
    width = max(map(len, names))
    head = "agent in / customer in".ljust(width + 2)
    lines = [head, *(f"  {number:2} {name}" for number, name in enumerate(names, 1))]
    columns = "".join(f"{number:>8}" for number in range(1, len(names) + 1))
    lines.append(" " * (width + 2) + columns)
    for one in names:
        shown = (_short(found.get((one, other))) for other in names)
        lines.append(one.ljust(width + 2) + "".join(f"{text:>8}" for text in shown))
    return "\n".join(lines) + "\n"


def plain(cells: Iterable[Cell]) -> list[Cell]:
    """Those of the matrix itself: two Chromiums, nothing taken away."""
    both = ("Chromium", "Chromium")
    return [cell for cell in cells if cell.browsers == both and not cell.without]


def page(cells: Sequence[Cell], seconds: float) -> str:
    """The page."""
    bad = [cell for cell in cells if not cell.good]
    matrix = plain(cells)
    special = [cell for cell in cells if cell not in matrix or _together(cell)]
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Calls between networks</title><style>{STYLE}</style>
<h1>Calls between networks</h1>
<p>{_summary(cells, bad, seconds)}</p>
{_section("What went wrong", bad)}
<h2>Each network with each</h2>
<p>Rows: where the agent was. Columns: where the customer was. “direct”: from browser
to browser. UDP, TCP, TLS: through the relay, and how the side of the agent reaches it
and, after the stroke, that of the customer, where they differ. Below: seconds from the
click on Join until both saw each other.</p>
<div class="wide">{_grid(matrix)}</div>
<h2>The networks</h2>
<table><tr><th>name<th>what it is<th>what it leaves open to the relay</tr>{_modes()}
</table>
{_section("Special cases", special)}
</html>
"""


def _summary(cells: Sequence[Cell], bad: Sequence[Cell], seconds: float) -> str:
    times = [cell.seconds for cell in plain(cells) if cell.good]
    said = (
        f"<b>{len(bad)} not as they should be</b>" if bad else "all as they should be"
    )
    typical = f" Half of them took {median(times):.1f} s or less." if times else ""
    now = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    return f"{now}: {len(cells)} calls in {seconds:.0f} s, {said}.{typical}"


def _grid(matrix: Sequence[Cell]) -> str:
    found = {(cell.agent, cell.customer): cell for cell in matrix}
    names = [mode.name for mode in MEETING]
    head = "".join(f"<th>{escape(name)}" for name in names)
    rows = "".join(
        f"<tr><th>{escape(one)}" + "".join(_td(found.get((one, o))) for o in names)
        for one in names
    )
    return f"<table><tr><th>agent ↓ customer →{head}</tr>{rows}</table>"


def _td(cell: Cell | None) -> str:
    if cell is None:
        return "<td>not tried"
    kind = cell.seen[0].path if cell.good else "bad"
    return (
        f'<td class="{kind}" title="{escape(words(cell))}">{_ways(cell)}'
        f"<small>{cell.seconds:.2f} s</small>"
    )


def _ways(cell: Cell) -> str:
    one, other = (CELLS.get(seen.way, seen.way) for seen in cell.seen)
    shown = one if one == other else f"{one}/{other}"
    return shown if cell.good else f"✗ {shown}"


def _short(cell: Cell | None) -> str:
    return "·" if cell is None else _ways(cell)


def words(cell: Cell) -> str:
    """A call in a sentence."""
    where = [MODES[name].words for name in (cell.agent, cell.customer)]
    tried = f"Agent ({cell.browsers[0]}): {where[0]}; customer ({cell.browsers[1]}): "
    tried += where[1] + (f"; {cell.without}" if cell.without else "")
    if cell.trouble:
        return f"{tried}. Could not be tried: {cell.trouble}"
    said = f"{tried}. They talked {_how(seen.way for seen in cell.seen)}"
    said += f" after {cell.seconds:.2f} s" if cell.seconds else ""
    if not cell.good:
        said += f"; expected was {_how(cell.expected)}"
        dumb = [f"the {w} had neither" for w in _silent(cell)]
        said += f" with sound and picture ({', '.join(dumb)})" if dumb else ""
    return said + "."


def _how(ways: Iterable[str]) -> str:
    agent, customer = (WORDS.get(way, way) for way in ways)
    return agent if agent == customer else f"(agent) {agent}, (customer) {customer}"


def _silent(cell: Cell) -> list[str]:
    both = zip(("agent", "customer"), cell.seen, strict=True)
    return [who for who, seen in both if not seen.talks]


def _section(title: str, cells: Sequence[Cell]) -> str:
    if not cells:
        return ""
    items = "".join(
        f'<li class="{"good" if cell.good else "bad"}">{escape(words(cell))}'
        for cell in cells
    )
    return f"<h2>{title}</h2><ul>{items}</ul>"


def _together(cell: Cell) -> bool:
    return bool(MODES[cell.agent].together)


def _modes() -> str:
    ways = {"udp": "UDP 3478", "tcp": "TCP 3478", "tls": "TLS 443"}
    return "".join(
        f"<tr><th>{mode.name}<td>{escape(mode.words)}<td>{ways[mode.way]}"
        for mode in MODES.values()
    )
