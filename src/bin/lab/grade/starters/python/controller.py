"""Write your congestion controller here. Times are in seconds."""

from sash import note, run_controller, set_window


class Controller:
    def __init__(self):
        """The window is 10 packets until you set another one."""

    def on_begin(self, now):
        """The flow begins."""

    def on_ack(self, now, number, round_trip):
        """Packet `number` was acknowledged after this round trip."""

    def on_loss(self, now, number):
        """Packet `number` is lost: a packet three later was acknowledged."""

    def on_timeout(self, now):
        """Nothing was acknowledged for a retransmission timeout: all in flight is lost."""


if __name__ == "__main__":
    run_controller(Controller)
