"""Stop-and-wait (Kurose & Ross §3.4.1)."""

from sash import acknowledge, deliver, run, send, start_timer, stop_timer


class Sender:
    def __init__(self, window, segments, timeout):
        self.segments = segments
        self.timeout = timeout
        self.number = 0

    def transmit(self):
        send(self.number)
        start_timer(self.timeout)

    def on_begin(self):
        self.transmit()

    def on_ack(self, number, ranges):
        if number != self.number:
            return
        stop_timer()
        self.number += 1
        if self.number < self.segments:
            self.transmit()

    def on_timeout(self, timer):
        self.transmit()

    def on_corrupt(self):
        pass


class Receiver:
    def __init__(self, window):
        self.expected = 0

    def on_data(self, number):
        if number == self.expected:
            deliver(number)
            self.expected += 1
        acknowledge(self.expected - 1)

    def on_corrupt(self):
        acknowledge(self.expected - 1)


if __name__ == "__main__":
    run(Sender, Receiver)
