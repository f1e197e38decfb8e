"""Reno (RFC 5681): slow start, then one more packet a round trip; half after a loss."""

from sash import run_controller, set_window


class Controller:
    def __init__(self):
        self.window = 10.0
        self.threshold = float("inf")
        self.newest = -1  # acknowledged
        self.recovery_end = -1

    def on_begin(self, now):
        set_window(self.window)

    def on_ack(self, now, number, round_trip):
        self.newest = max(self.newest, number)
        if self.window < self.threshold:
            self.window += 1
        else:
            self.window += 1 / self.window
        set_window(self.window)

    def on_loss(self, now, number):
        if number <= self.recovery_end:
            return  # It left before the window was halved.
        self.threshold = max(self.window / 2, 2)
        self.window = self.threshold
        self.recovery_end = self.newest + int(2 * self.window)
        set_window(self.window)

    def on_timeout(self, now):
        self.threshold = max(self.window / 2, 2)
        self.window = 1.0
        set_window(self.window)


if __name__ == "__main__":
    run_controller(Controller)
