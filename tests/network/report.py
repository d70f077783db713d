"""The report of a run."""

import json

from tests.network.matrix import Cell
from tests.services import ROOT


FOLDER = ROOT / "tests" / "artifacts" / "network"


def write(cells: list[Cell], seconds: float) -> None:
    """Write it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    told = {"seconds": seconds, "cells": [cell.told() for cell in cells]}
    (FOLDER / "matrix.json").write_text(json.dumps(told, indent=1))
