"""Work in forked children: what a process does to its own limits, rights and signals stays there."""

import os
import traceback


def in_processes(count, work):
    """Run ``work(number)`` in ``count`` forked processes at once and return their exit statuses."""
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            try:
                work(number)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
