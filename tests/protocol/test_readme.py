"""The wire's document is true: its JSON blocks are messages, and none is missing."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from app.domain.quality import Cause
from app.protocol import messages as wire
from app.protocol.session import (
    PATIENCE,
    QUALITY_EVERY,
    SILENCE,
    TELLINGS,
    TELLINGS_PER_SECOND,
    CloseCode,
)
from app.protocol.tickets import TICKET_SECONDS


README = (Path(wire.__file__).parent / "README.md").read_text()
BLOCKS: list[dict[str, Any]] = [
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL)
]
FROM_SERVER = {
    str(kind.__struct_config__.tag): kind
    for kind in wire.ServerMessage.__subclasses__()
}
FROM_BROWSER = {
    str(kind.__struct_config__.tag): kind for kind in get_args(wire.FromBrowser)
}


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["type"])
def test_block_is_a_message(block: dict[str, Any]) -> None:
    """Every example has exactly the fields that the code reads or writes."""
    kind = FROM_BROWSER.get(block["type"]) or FROM_SERVER[block["type"]]
    message = msgspec.convert(block, kind)
    assert set(msgspec.to_builtins(message)) == set(block)


@pytest.mark.parametrize("kind", [*FROM_BROWSER, *FROM_SERVER])
def test_message_has_a_block(kind: str) -> None:
    """Every message is documented by an example."""
    assert kind in {block["type"] for block in BLOCKS}


@pytest.mark.parametrize("code", list(wire.ErrorCode))
def test_error_code_is_explained(code: str) -> None:
    """Every error a client may get is in the table."""
    assert f"`{code}`" in README


@pytest.mark.parametrize("cause", list(Cause))
def test_cause_is_named(cause: str) -> None:
    """A client knows all troubles it may be told of."""
    assert f"`{cause}`" in README or cause is Cause.OVER


def test_numbers_are_those_of_the_code() -> None:
    """Sizes, times and close codes are not from memory."""
    assert f"{wire.MAX_FRAME:,}" in README
    assert f"good for {TICKET_SECONDS:.0f} s" in README
    assert f"nothing for {SILENCE:.0f} s" in README
    assert f"More than {PATIENCE} refused" in README
    assert f"one `quality` in {QUALITY_EVERY:.0f} s" in README
    assert f"{TELLINGS:.0f} and then one in {1 / TELLINGS_PER_SECOND:.0f} s" in README
    for code in CloseCode:
        assert f"| {code.value} |" in README
