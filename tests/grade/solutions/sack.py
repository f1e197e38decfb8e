"""Selective acknowledgements (RFC 2018, RFC 6675)."""

from sash import acknowledge, deliver, run, send, start_timer, stop_timer


class Sender:
    def __init__(self, window, segments, timeout):
        self.window = window
        self.segments = segments
        self.timeout = timeout
        self.base = 0
        self.next = 0
        self.arrived = set()
        self.retransmitted = set()

    def fill(self):
        while self.next < self.base + self.window and self.next < self.segments:
            send(self.next)
            self.next += 1

    def on_begin(self):
        start_timer(self.timeout)
        self.fill()

    def on_ack(self, number, ranges):
        for first, last in ranges:
            self.arrived.update(range(first, last + 1))
        has_moved = number > self.base
        self.base = max(self.base, number)
        for lost in range(self.base, self.next):
            later = sum(1 for it in self.arrived if it > lost)
            is_missing = lost not in self.arrived and lost not in self.retransmitted
            if later >= 3 and is_missing:
                send(lost)
                self.retransmitted.add(lost)
        self.fill()
        if self.base == self.next:
            stop_timer()
        elif has_moved:
            start_timer(self.timeout)

    def on_timeout(self, timer):
        start_timer(self.timeout)
        self.retransmitted = {self.base}
        send(self.base)

    def on_corrupt(self):
        pass


class Receiver:
    def __init__(self, window):
        self.expected = 0
        self.buffer = set()

    def on_data(self, number):
        if number >= self.expected:
            self.buffer.add(number)
        while self.expected in self.buffer:
            deliver(self.expected)
            self.expected += 1
        beyond = sorted(it for it in self.buffer if it > self.expected)
        acknowledge(self.expected, [(it, it) for it in beyond])

    def on_corrupt(self):
        pass


if __name__ == "__main__":
    run(Sender, Receiver)
