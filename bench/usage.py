"""Runs a command and writes what it and all processes that it waited for used: usage.py FILE PROGRAM [ARGUMENT]...

A small process starts the measured one: the largest resident set of a process counts from what its parent had.
"""

import json
import os
import sys
import time

usage_file, *command = sys.argv[1:]
began = time.monotonic()
process = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(process, 0)
seconds = time.monotonic() - began
with open(usage_file, "w") as file:
    json.dump(
        {
            "cpuSeconds": usage.ru_utime + usage.ru_stime,
            "wallSeconds": seconds,
            "peakMegabytes": usage.ru_maxrss / 1024,
        },
        file,
    )
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
