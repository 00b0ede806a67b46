"""Runs a module in a process whose own clock is wrong, from its first line on.

python -m helpdesk.tests.wrong_clock HOURS MODULE [ARGUMENT…]
"""

import runpy
import sys
from datetime import UTC, datetime, timedelta

import time_machine

if __name__ == "__main__":
    hours, module = float(sys.argv[1]), sys.argv[2]
    time_machine.travel(datetime.now(UTC) + timedelta(hours=hours), tick=True).start()
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
