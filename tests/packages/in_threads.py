"""Threads that a program starts in its interpreter."""

import threading


def in_threads(function, arguments):
    """Calls function(each) for each of the arguments, in threads, and waits for them."""
    threads = [threading.Thread(target=function, args=(each,)) for each in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
