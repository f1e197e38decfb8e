"""Write your protocol here."""

from sash import acknowledge, deliver, note, run, send, start_timer, stop_timer


class Sender:
    def __init__(self, window, segments, timeout):
        """window: N; segments: how many there are, from 0; timeout: in milliseconds."""
        self.window = window
        self.segments = segments
        self.timeout = timeout

    def on_begin(self):
        """The application has all its segments ready."""

    def on_ack(self, number, ranges):
        """ACK `number` arrived intact. `ranges` is for sack: pairs of first and last."""

    def on_timeout(self, timer):
        """The timer expired; `timer` is its number, or None."""

    def on_corrupt(self):
        """A packet arrived corrupt: nobody knows which."""


class Receiver:
    def __init__(self, window):
        self.window = window

    def on_data(self, number):
        """Segment `number` arrived intact."""

    def on_corrupt(self):
        """A packet arrived corrupt: nobody knows which."""


if __name__ == "__main__":
    run(Sender, Receiver)
