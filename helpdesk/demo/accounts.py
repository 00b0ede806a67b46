"""The demo sign-ins: shown by `make up` and on the sign-in page, in demo mode only."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent / "data"
#: Every demo person signs in with it. It opens nothing outside demo mode, where these people do not exist.
PASSWORD = "yunfan-demo-2026"  # nosec B105


@lru_cache
def read(name: str) -> Any:
    """One file of the demo content."""
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def demo_accounts() -> list[dict[str, str]]:
    """Role, name, e-mail and password of the people that a newcomer may be, in the order of the story."""
    people = read("people")
    rows = [("customer", person) for person in people["customers"]]
    rows += [(person["role"], person) for person in sorted(people["agents"], key=lambda p: p["role"] != "agent")]
    rows += [(person["role"], person) for person in people["others"]]
    return [
        {"role": role, "name": person["name"], "email": person["email"], "password": PASSWORD}
        for role, person in rows
        if person.get("demo_sign_in")
    ]
