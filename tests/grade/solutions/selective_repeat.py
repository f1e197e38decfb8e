"""Selective repeat (Kurose & Ross §3.4.4)."""

from sash import acknowledge, deliver, run, send, start_timer, stop_timer


class Sender:
    def __init__(self, window, segments, timeout):
        self.window = window
        self.segments = segments
        self.timeout = timeout
        self.base = 0
        self.next = 0
        self.acknowledged = set()

    def fill(self):
        while self.next < self.base + self.window and self.next < self.segments:
            self.transmit(self.next)
            self.next += 1

    def transmit(self, number):
        send(number)
        start_timer(self.timeout, number)

    def on_begin(self):
        self.fill()

    def on_ack(self, number, ranges):
        if not self.base <= number < self.next:
            return
        stop_timer(number)
        self.acknowledged.add(number)
        while self.base in self.acknowledged:
            self.base += 1
        self.fill()

    def on_timeout(self, timer):
        self.transmit(timer)

    def on_corrupt(self):
        pass


class Receiver:
    def __init__(self, window):
        self.window = window
        self.base = 0
        self.buffer = set()

    def on_data(self, number):
        if self.base <= number < self.base + self.window:
            self.buffer.add(number)
        acknowledge(number)
        while self.base in self.buffer:
            deliver(self.base)
            self.base += 1

    def on_corrupt(self):
        pass


if __name__ == "__main__":
    run(Sender, Receiver)
