"""
Runs a command line in a terminal of its own: what comes in is typed there, what is shown there goes to
stderr, and signals go to the command; but for SIGUSR2, at which Ctrl-C is typed.
"""

import os
import pty
import select
import signal
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda received, _: os.kill(pid, received))
signal.signal(signal.SIGUSR2, lambda *_: os.write(terminal, b"\x03"))
sources = [0, terminal]
while terminal in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 65536)
        except OSError:  # How Linux says that the command has closed its terminal.
            data = b""
        if not data:
            sources.remove(source)
        else:
            os.write(terminal if source == 0 else 2, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
