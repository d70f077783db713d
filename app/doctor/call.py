"""A whole call of two made-up people, by nothing but the relay."""

from app.doctor.results import Finding, NotApplicable
from app.doctor.target import Target


async def call(target: Target) -> Finding:
    """Two people meet in a room, and see and hear each other."""
    raise NotApplicable("yet to come")
