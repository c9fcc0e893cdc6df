"""Runs a command line in a terminal of its own: what is shown there goes to stderr, signals go to the command."""

import os
import pty
import signal
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda received, _: os.kill(pid, received))
while True:
    try:
        shown = os.read(terminal, 65536)
    except OSError:  # How Linux says that the command has closed its terminal.
        break
    if not shown:
        break
    os.write(2, shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
