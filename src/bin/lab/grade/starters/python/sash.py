"""Reads what Sash tells, calls your handlers, and writes what they do. It is done."""

import sys


def send(number):
    """Put segment `number` on the wire."""
    print("send", number)


def start_timer(milliseconds, number=None):
    """Start or restart the timer, or the one with this number."""
    print("timer", milliseconds, *([] if number is None else [number]))


def stop_timer(number=None):
    """Stop the timer, or the one with this number."""
    print("stop", *([] if number is None else [number]))


def acknowledge(number, ranges=()):
    """Send ACK `number`. `ranges` is for sack: pairs of first and last."""
    print("ack", number, *(f"{first}-{last}" for first, last in ranges))


def deliver(number):
    """Hand segment `number` to the application."""
    print("deliver", number)


def note(text):
    """Show a text beside the packets."""
    print("note", text)


def run(make_sender, make_receiver):
    """Runs the role that is the last argument, until Sash says end."""
    role = sys.argv[-1]
    machine = None
    for line in sys.stdin:
        verb, *words = line.split()
        if verb == "start":
            said = dict(word.split("=", 1) for word in words if "=" in word)
            window = int(said["window"])
            if role == "sender":
                timeout = float(said["timeout"])
                machine = make_sender(window, int(said["segments"]), timeout)
            else:
                machine = make_receiver(window)
            continue
        if verb == "end":
            return
        if verb == "begin":
            machine.on_begin()
        elif verb == "ack":
            ranges = [tuple(map(int, word.split("-"))) for word in words[2:]]
            machine.on_ack(int(words[1]), ranges)
        elif verb == "timeout":
            machine.on_timeout(int(words[1]) if len(words) > 1 else None)
        elif verb == "data":
            machine.on_data(int(words[1]))
        elif verb == "corrupt":
            machine.on_corrupt()
        print("ok", flush=True)


def set_window(packets):
    """Of a congestion controller: at most so many packets in flight from now on."""
    print("window", packets)


def run_controller(make_controller):
    """Runs a congestion controller until Sash says end."""
    machine = None
    for line in sys.stdin:
        verb, *words = line.split()
        if verb == "start":
            machine = make_controller()
            continue
        if verb == "end":
            return
        now = float(words[0]) / 1000
        if verb == "begin":
            machine.on_begin(now)
        elif verb == "ack":
            machine.on_ack(now, int(words[1]), float(words[2]) / 1000)
        elif verb == "loss":
            machine.on_loss(now, int(words[1]))
        elif verb == "timeout":
            machine.on_timeout(now)
        print("ok", flush=True)
