"""Go-back-N (Kurose & Ross §3.4.3)."""

from sash import acknowledge, deliver, run, send, start_timer, stop_timer


class Sender:
    def __init__(self, window, segments, timeout):
        self.window = window
        self.segments = segments
        self.timeout = timeout
        self.base = 0
        self.next = 0

    def fill(self):
        while self.next < self.base + self.window and self.next < self.segments:
            send(self.next)
            self.next += 1

    def on_begin(self):
        start_timer(self.timeout)
        self.fill()

    def on_ack(self, number, ranges):
        if number < self.base:
            return
        self.base = number + 1
        self.fill()
        if self.base == self.next:
            stop_timer()
        else:
            start_timer(self.timeout)

    def on_timeout(self, timer):
        start_timer(self.timeout)
        for number in range(self.base, self.next):
            send(number)

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
