"""Names of things: each its own type, so that a room is never taken for a person."""

from typing import NewType

from msgspec import Struct


AgentId = NewType("AgentId", str)
CustomerId = NewType("CustomerId", str)
RoomId = NewType("RoomId", str)
ParticipantId = NewType("ParticipantId", str)
NodeId = NewType("NodeId", str)
ConnectionId = NewType("ConnectionId", str)
FactId = NewType("FactId", str)
RelayId = NewType("RelayId", str)


class Address(Struct, frozen=True):
    """Where a participant's socket is: a connection on a node."""

    node: NodeId
    connection: ConnectionId
