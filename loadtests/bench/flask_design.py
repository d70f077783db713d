"""The design that papers and tutorials on WebRTC support describe, small and honest.

Flask serves the page, Flask-Session keeps sessions in files (its way without another
server), Flask-SocketIO hands messages on to everybody else in a room. It runs on
gevent, which costs it half of what its threads do. There are no seats, no tickets, no
limits and no history: what a page says goes on as it is, if its session is known.
"""

# Before anything else is imported, as gevent asks for it.
from gevent import monkey  # isort: skip

monkey.patch_all()

import secrets  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from cachelib.file import FileSystemCache  # noqa: E402
from flask import Flask, session  # noqa: E402
from flask_session import Session  # noqa: E402
from flask_socketio import (  # noqa: E402
    ConnectionRefusedError as Refused,
    SocketIO,
    emit,
    join_room,
    leave_room,
)


RELAYED = ("offer", "answer", "candidate", "state")

app = Flask(__name__)
socketio = SocketIO(async_mode="gevent")


@app.post("/login/<name>")
def login(name: str) -> str:
    """Begin a session."""
    session["name"] = name
    return ""


def connect() -> None:
    """Take only people who are logged in."""
    if "name" not in session:
        raise Refused("Log in first.")


def join(data: dict[str, Any]) -> None:
    """Enter a room, and tell who is there."""
    session["room"] = data["room"]
    join_room(data["room"])
    emit("joined", {"name": session["name"]}, to=data["room"], include_self=False)
    emit("welcome", {"room": data["room"]})


def hand_on(event: str) -> Callable[[dict[str, Any]], None]:
    """Return what hands these messages on to the other side."""

    def hand(data: dict[str, Any]) -> None:
        emit(event, data, to=session["room"], include_self=False)

    return hand


def end(data: dict[str, Any]) -> None:
    """End the call for both."""
    emit("ended", data, to=session["room"])
    leave_room(session["room"])


def main(port: int, folder: Path) -> None:
    """Serve on loopback until told to end; sessions and their key are in a folder."""
    app.config["SECRET_KEY"] = key(folder / "key")
    app.config["SESSION_TYPE"] = "cachelib"
    app.config["SESSION_CACHELIB"] = FileSystemCache(str(folder / "sessions"))
    Session(app)
    socketio.init_app(app)
    for event in RELAYED:
        socketio.on_event(event, hand_on(event))
    for handler in (connect, join, end):
        socketio.on_event(handler.__name__, handler)
    socketio.run(app, host="127.0.0.1", port=port, log_output=False)


def key(file: Path) -> str:
    """The key that signs sessions, made at the first start."""
    if not file.exists():
        file.write_text(secrets.token_hex(24))
    return file.read_text()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
