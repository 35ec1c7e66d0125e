"""The other side of the messages of bocpy, in a module of its own: its workers import the module that a behaviour is from."""

from bocpy import receive, send, when


def answer(count):
    """A worker answers so many messages."""

    @when()
    def _(count=count):
        for _ in range(count):
            receive("ping")
            send("pong", None)
