#!/usr/bin/env python3
"""A second client for Sash, written from `report/wire.md` alone.

It shares no line with the Rust programs and was made without looking at them. So it
tests the page as much as the server: what it can do, the page describes. `§` is a section
of the page.

    chat line  ->  Chat  ->  Download or Upload  <-  Packet  <-  datagram
                                 |        |
                             Receiver   Sender          two machines: no socket, no clock

In this order: numbers that wrap, packets, the chat, the receiving machine, the sending
machine, what transfers share, a download, an upload, TCP, errands, the command line.

What it leaves out: it does one errand at a time, its sender knows no congestion control
but `fixed`, and its disk is never behind. It answers at once where sack might
wait (§11).

Only Python's standard library is used, 3.10 or later.
"""

import argparse
import enum
import errno
import hashlib
import json
import math
import os
import select
import socket
import struct
import sys
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = """\
Examples:
  second_client.py users
  second_client.py --server localhost:50000 --name guy whisper dana "are you there?"
  second_client.py download story.txt --arq go-back-n
  second_client.py download scale.wav --stop-at 50%     and again without: it goes on
  second_client.py upload notes.txt --arq stop-and-wait --pause-at 50% --pause-for 1

"""


class Failure(Exception):
    """Something that ends the errand; its text is a sentence for people."""


# --- numbers that wrap (§9, "number and sequence of each kind") ------------------------

WRAP = 1 << 32


def precedes(a, b):
    """Whether the 32-bit number `a` comes before `b` (RFC 1982)."""
    return 0 < (b - a) % WRAP < WRAP // 2


def microseconds(seconds):
    """A moment as the wire says it: microseconds modulo 2^32 (§9, "sent at")."""
    return int(seconds * 1_000_000) % WRAP


# --- packets (§9) ----------------------------------------------------------------------


class Kind(enum.IntEnum):
    """The ten kinds of packet."""

    SYN = 1
    SYN_ACK = 2
    ACK = 3
    NACK = 4
    DATA = 5
    FIN = 6
    FIN_ACK = 7
    RST = 8
    PATH_CHALLENGE = 9
    PATH_RESPONSE = 10


HEADER = struct.Struct(">BBBB16sIII")
CHECKSUM = struct.Struct(">I")
BODY_OFFSET = HEADER.size + CHECKSUM.size
VERSION = 1
PROBE = WRAP - 1
"""`number` of DATA without bytes (§11, "a closed window")."""
WHY_ENDED = {1: "cancelled", 2: "the file changed", 3: "disk trouble", 4: "other terms"}
"""The byte in RST."""


class Damaged(Exception):
    """A datagram that carries the token and yet cannot be read."""


@dataclass(frozen=True)
class Packet:
    """One datagram without its token and checksum."""

    kind: Kind
    number: int
    attempt: int
    sequence: int
    sent_at: int
    body: bytes = b""

    def encode(self, token):
        """The bytes that travel."""
        attempt = (self.attempt - 1) % 255 + 1  # After 255 comes 1.
        names = self.number, self.sequence, self.sent_at
        header = HEADER.pack(VERSION, self.kind, attempt, 0, token, *names)
        return header + CHECKSUM.pack(checksum(header, self.body)) + self.body

    @classmethod
    def decode(cls, datagram, token):
        """Reads a datagram. `None` without the token; `Damaged` if it has no meaning."""
        if datagram[4:20] != token:
            return None
        if len(datagram) < BODY_OFFSET:
            raise Damaged
        header, body = datagram[: HEADER.size], datagram[BODY_OFFSET:]
        (told,) = CHECKSUM.unpack_from(datagram, HEADER.size)
        version, kind, attempt, _, _, number, sequence, sent_at = HEADER.unpack(header)
        if told != checksum(header, body) or version != VERSION:
            raise Damaged
        if kind not in set(Kind) or not body_fits(kind, body):
            raise Damaged
        return cls(Kind(kind), number, attempt, sequence, sent_at, body)


def checksum(header, body):
    """CRC-32 of the datagram without the checksum itself."""
    return zlib.crc32(body, zlib.crc32(header))


def body_fits(kind, body):
    """Whether the body is as long as its kind allows, and its values are in the lists."""
    match kind:
        case Kind.SYN | Kind.SYN_ACK:
            is_long_enough = len(body) >= Terms.LAYOUT.size
            return is_long_enough and len(body) == Terms.decode(body).length
        case Kind.ACK | Kind.NACK:
            ranges = len(body) - Receipt.LAYOUT.size
            return ranges >= 0 and ranges % 8 == 0 and ranges // 8 <= Receipt.MOST_RANGES
        case Kind.FIN:
            return len(body) == 32
        case Kind.FIN_ACK:
            return body in (b"\x01", b"\x02")
        case Kind.RST:
            return len(body) == 1 and body[0] in WHY_ENDED
        case Kind.PATH_CHALLENGE | Kind.PATH_RESPONSE:
            return len(body) == 8
        case _:
            return True


@dataclass(frozen=True)
class Terms:
    """The body of SYN and SYN-ACK: what both sides must agree on, padded (§9)."""

    size: int
    window: int
    echo: int
    segment_bytes: int

    LAYOUT = struct.Struct(">QIIH")

    @property
    def length(self):
        """As long as a full segment, so that the opening tries the path out."""
        return max(self.LAYOUT.size, self.segment_bytes)

    def encode(self):
        """The body's bytes, zeros included."""
        terms = self.LAYOUT.pack(self.size, self.window, self.echo, self.segment_bytes)
        return terms.ljust(self.length, b"\0")

    @classmethod
    def decode(cls, body):
        """Reads a body that is long enough."""
        return cls(*cls.LAYOUT.unpack_from(body))


@dataclass(frozen=True)
class Receipt:
    """The body of ACK and NACK (§9). A range is (start, end), `end` not included."""

    echo: int
    window: int
    received: int
    ranges: tuple = ()

    LAYOUT = struct.Struct(">III")
    RANGE = struct.Struct(">II")
    MOST_RANGES = 32

    def encode(self):
        """The body's bytes."""
        body = self.LAYOUT.pack(self.echo, self.window, self.received % WRAP)
        return body + b"".join(self.RANGE.pack(*each) for each in self.ranges)

    @classmethod
    def decode(cls, body):
        """Reads a body whose length `body_fits` has checked."""
        ranges = tuple(cls.RANGE.iter_unpack(body[cls.LAYOUT.size :]))
        return cls(*cls.LAYOUT.unpack_from(body), ranges)


# --- the chat connection (§1 to §7) ----------------------------------------------------

USUAL_PORT = 50_000
LONGEST_LINE = 16_384
PATIENCE = 30.0
"""Seconds of silence after which an errand is given up, here and in a transfer (§13)."""


class Chat:
    """The chat connection: lines of JSON, one message each (§1)."""

    def __init__(self, server, name):
        began = time.monotonic()
        self.socket = socket.create_connection(server, timeout=PATIENCE)
        self.round_trip = time.monotonic() - began
        self.unread = b""
        self.say("join", name=name)

    def say(self, keyword, **fields):
        """Sends one message; a field that is `None` is left out (§2)."""
        given = {field: value for field, value in fields.items() if value is not None}
        message = {keyword: given} if given else keyword
        line = json.dumps(message, ensure_ascii=False).encode()
        if len(line) > LONGEST_LINE:
            raise Failure(f"This {keyword} is longer than {LONGEST_LINE} bytes.")
        self.socket.sendall(line + b"\n")

    def hear(self):
        """Waits for the next message, as (keyword, fields)."""
        while (message := self.next_line()) is None:
            self.read()
        return message

    def read(self):
        """Takes what has arrived; lines may come in any pieces."""
        try:
            piece = self.socket.recv(65_536)
        except TimeoutError:
            raise Failure(f"The server said nothing for {PATIENCE:.0f} s.") from None
        if not piece:
            raise Failure("The server closed the chat connection.")
        self.unread += piece

    def next_line(self):
        """The next whole line that is here already, or `None`."""
        line, end, rest = self.unread.partition(b"\n")
        if not end:
            if len(line) > LONGEST_LINE + 1:
                raise Failure("The server sent a line that is too long.")
            return None
        self.unread = rest
        try:
            message = json.loads(line)
            if isinstance(message, str):
                return message, {}
            ((keyword, fields),) = message.items()
        except (ValueError, AttributeError):
            raise Failure("The server sent a line that is no message.") from None
        return keyword, fields

    def wait_for(self, *keywords, where=lambda fields: True):
        """Passes over all but these keywords; what refuses us ends the errand (§4)."""
        while True:
            keyword, fields = self.hear()
            if keyword in ("refused", "error"):
                raise Failure(f"{fields['sentence']} ({fields['code']})")
            if keyword in keywords and where(fields):
                return fields

    def list(self, keyword, field):
        """Asks for a list, which may come in several lines (§3)."""
        self.say(keyword)
        everything, more = [], True
        while more:
            fields = self.wait_for(keyword)
            everything += fields[field]
            more = fields.get("more", False)
        return everything


# --- the receiving machine (§11) -------------------------------------------------------


class Receiver:
    """What a receiver owes a sender: segments in, the kind of answer out.

    Segments are named by their index. Time comes as an argument, in seconds.
    """

    ACK_DELAY = 0.010
    DAMAGE_PAUSE = 0.020

    def __init__(self, arq, count, window):
        self.arq, self.count, self.window = arq, count, window
        self.expected = 0
        """The next segment wanted in order."""
        self.early = {}
        """Selective repeat and sack: what arrived out of order."""
        self.acknowledged = None
        """Selective repeat: the segment that the next ACK acknowledges."""
        self.furthest = -1
        self.promised = window
        """One past the last segment for which some ACK had room."""
        self.received = 0
        self.paused = False
        self.in_order = []
        self.newest = None
        """`sent at` of the newest DATA, and when it arrived."""
        self.untold = 0
        self.ack_due = None
        self.nack_said_for = None
        self.damage_told = float("-inf")
        self.acks_every = max(1, min(64, window // 8)) if arq == "sack" else 1

    @property
    def is_complete(self):
        """Whether every segment is here."""
        return self.expected == self.count

    def on_data(self, index, segment, sent_at, now):
        """A segment of the file arrived. Returns ACK or NACK where one is due at once."""
        self.received += 1
        self.newest = sent_at, now
        self.acknowledged = index if index < self.promised else None
        if index >= self.promised or index < self.expected or index in self.early:
            return Kind.ACK
        if self.arq in ("selective-repeat", "sack"):
            answer = self.keep(index, segment, now)
            return answer if self.arq == "sack" else Kind.ACK
        if index == self.expected:
            self.take(segment)
            return Kind.ACK
        if self.nack_said_for == self.expected:
            return Kind.ACK
        self.nack_said_for = self.expected
        return Kind.NACK

    def keep(self, index, segment, now):
        """Selective repeat and sack: what is early waits for what is missing."""
        fills_a_gap, leaves_a_gap = index < self.furthest, index > self.furthest + 1
        self.furthest = max(self.furthest, index)
        self.early[index] = segment
        while (following := self.early.pop(self.expected, None)) is not None:
            self.take(following)
        if leaves_a_gap:
            return Kind.NACK
        self.untold += 1
        if fills_a_gap or self.is_complete or self.untold >= self.acks_every:
            return Kind.ACK
        if self.ack_due is None:
            self.ack_due = now + self.ACK_DELAY
        return None

    def take(self, segment):
        """The expected segment is here."""
        self.in_order.append(segment)
        self.expected += 1

    def on_damage(self, now):
        """A damaged datagram arrived, with the token. Returns NACK where that is due."""
        if self.received == 0 or now < self.damage_told + self.DAMAGE_PAUSE:
            return None
        self.damage_told = now
        return Kind.NACK

    def on_probe(self, sent_at, now):
        """The sender asks whether the window is still closed."""
        self.newest = sent_at, now
        return Kind.ACK

    def receipt(self, first, now):
        """The body of an answer; with it everything has been told."""
        self.untold, self.ack_due = 0, None
        room = 0 if self.paused else self.window
        self.promised = max(self.promised, self.expected + room)
        echo = 0
        if self.newest:
            sent_at, arrived = self.newest
            echo = (sent_at + microseconds(now - arrived)) % WRAP
        runs = self.runs() if self.arq == "sack" else []
        if self.arq == "selective-repeat" and self.acknowledged is not None:
            runs = [(self.acknowledged, self.acknowledged + 1)]
        self.acknowledged = None
        ranges = ((first + start, first + end) for start, end in runs)
        wrapped = tuple((start % WRAP, end % WRAP) for start, end in ranges)
        return Receipt(echo, room, self.received, wrapped)

    def runs(self):
        """What came early, as runs, highest first."""
        runs = []
        for index in sorted(self.early, reverse=True):
            if runs and runs[-1][0] == index + 1:
                runs[-1] = index, runs[-1][1]
            else:
                runs.append((index, index + 1))
        return runs[: Receipt.MOST_RANGES]


# --- the sending machine (§11, §12) ----------------------------------------------------


class RoundTrip:
    """The estimate of the round trip and the timeout that follows from it (§12)."""

    LONGEST_TIMEOUT = 4.0

    def __init__(self):
        self.smoothed = self.variation = self.newest = None
        self.doublings = 0

    def sample(self, seconds):
        """One more measurement."""
        self.newest = seconds
        if self.smoothed is None:
            self.smoothed, self.variation = seconds, seconds / 2
            return
        self.variation += (abs(self.smoothed - seconds) - self.variation) / 4
        self.smoothed += (seconds - self.smoothed) / 8

    def timeout(self):
        """RTO, in seconds."""
        if self.smoothed is None:
            rto = 1.0
        else:
            rto = max(0.020, self.smoothed + max(0.001, 4 * self.variation))
        return min(self.LONGEST_TIMEOUT, rto * 2**self.doublings)


@dataclass
class Flight:
    """One sending of a segment: how many packets had left before, which try, and when."""

    order: int
    attempt: int
    left: float


class Sender:
    """The sender's half: receipts in, the next segment to send out.

    Source: §11 ("what the sender does with them", "a closed window") and §12.
    """

    ACK_DELAY = 0.010
    PACKET_THRESHOLD = 3

    def __init__(self, arq, count, window, began):
        self.arq, self.count, self.window, self.began = arq, count, window, began
        self.round_trip = RoundTrip()
        self.base = self.next = self.sent_end = 0
        self.limit = window
        """One past the last segment for which the receiver has room."""
        self.closed = self.paused = False
        self.newest_receipt = None
        self.flights = {}
        self.lost = set()
        self.acknowledged = set()
        """Selective repeat: what is acknowledged beyond `base`."""
        self.attempts = {}
        self.sent_packets = self.newest_arrived = 0
        self.timer_began = began
        self.look_again = None

    @property
    def is_complete(self):
        """Whether every segment is acknowledged."""
        return self.base == self.count

    @property
    def must_probe(self):
        """Whether DATA may not be sent now, so that probes go instead."""
        return (self.closed or self.paused) and not self.is_complete

    def next_segment(self, now):
        """The next segment to send, as (index, attempt), or `None`."""
        if self.must_probe:
            return None
        if self.lost:
            index = min(self.lost)
            self.lost.remove(index)
        elif self.next < min(self.count, self.limit, self.base + self.window):
            index, self.next = self.next, self.next + 1
        else:
            return None
        if not self.flights:
            self.timer_began = now
        self.sent_end = max(self.sent_end, self.next)
        self.sent_packets += 1
        attempt = self.attempts.get(index, 0) + 1
        self.attempts[index] = attempt
        self.flights[index] = Flight(self.sent_packets, attempt, now)
        return index, attempt

    def on_receipt(self, kind, index, receipt, ranges, sent_at, now):
        """An ACK or NACK of `index` arrived; `ranges` are indexes too."""
        individual = self.arq == "selective-repeat"
        if index > self.sent_end or not self.are_possible(index, ranges):
            return
        self.measure(receipt.echo, now)
        if self.newest_receipt is None or not precedes(sent_at, self.newest_receipt):
            self.newest_receipt = sent_at
            self.open_window(index, receipt.window, now)
        if individual:
            self.on_individual(ranges, receipt.echo)
            return
        arrived = [
            each
            for each in self.flights
            if each < index or any(start <= each < end for start, end in ranges)
        ]
        if index > self.base or arrived:
            self.timer_began = now
            self.round_trip.doublings = 0
        for each in range(self.base, index):
            self.attempts.pop(each, None)
        self.lost = {each for each in self.lost if each >= index}
        self.base = max(self.base, index)
        self.next = max(self.next, self.base)
        for each in arrived:
            self.mark_arrived(self.flights.pop(each), receipt.echo)
        if self.arq == "sack":
            self.find_losses(now)

    def on_individual(self, ranges, echo):
        """Selective repeat: an ACK acknowledges the one segment in its range."""
        for index in (start for start, _ in ranges if start >= self.base):
            self.acknowledged.add(index)
            self.lost.discard(index)
            self.flights.pop(index, None)
            self.round_trip.doublings = 0
        while self.base in self.acknowledged:
            self.acknowledged.remove(self.base)
            self.attempts.pop(self.base, None)
            self.base += 1

    def are_possible(self, index, ranges):
        """Whether ranges can be true: not empty, beyond `index`, sent at all."""
        if self.arq == "selective-repeat":
            return all(end == start + 1 <= self.sent_end for start, end in ranges)
        return all(index < start < end <= self.sent_end for start, end in ranges)

    def measure(self, echo, now):
        """A sample of the round trip, where it can be one."""
        seconds = (microseconds(now) - echo) % WRAP / 1_000_000
        if seconds <= min(now - self.began, 600):
            self.round_trip.sample(seconds)

    def open_window(self, index, window, now):
        """The newest receipt says how much room there is."""
        if self.closed and window > 0:
            self.timer_began = now
        self.closed = window == 0
        self.limit = index + min(window, self.window)

    def mark_arrived(self, flight, echo):
        """Notes the newest sending that has arrived, unless an earlier one of it did."""
        if flight.attempt > 1 and precedes(echo, microseconds(flight.left)):
            return
        self.newest_arrived = max(self.newest_arrived, flight.order)

    def find_losses(self, now):
        """Sack: by three later packets, or by 9/8 of a round trip."""
        self.look_again = None
        patience = 9 / 8 * max(self.round_trip.smoothed or 1, self.round_trip.newest or 1)
        for index, flight in list(self.flights.items()):
            if flight.order > self.newest_arrived:
                continue
            is_far_behind = flight.order + self.PACKET_THRESHOLD <= self.newest_arrived
            if is_far_behind or now >= flight.left + patience:
                del self.flights[index]
                self.lost.add(index)
            else:
                at = flight.left + patience
                self.look_again = min(at, self.look_again or at)

    def next_timeout(self):
        """When `on_time` is wanted, or `None`."""
        if self.must_probe or not self.flights:
            return None
        if self.arq == "selective-repeat":
            oldest = min(flight.left for flight in self.flights.values())
            return oldest + self.round_trip.timeout()
        if self.arq == "sack":
            expiry = self.timer_began + self.round_trip.timeout() + self.ACK_DELAY
            return min(expiry, self.look_again or expiry)
        return self.timer_began + self.round_trip.timeout()

    def on_time(self, now):
        """The timer ran out, or it is time to look for losses again."""
        due = self.next_timeout()
        if due is None or now < due:
            return
        if self.look_again is not None and now >= self.look_again:
            self.find_losses(now)
            return
        self.timer_began = now
        self.round_trip.doublings += 1
        if self.arq == "selective-repeat":
            expired = min(self.flights, key=lambda index: self.flights[index].left)
            del self.flights[expired]
            self.lost.add(expired)
        elif self.arq == "sack":
            oldest = min(self.flights)
            del self.flights[oldest]
            self.lost.add(oldest)
        else:
            self.next = self.base
            self.flights.clear()


# --- what a download and an upload share (§10, §13) ------------------------------------


class Retry:
    """When SYN, FIN and probes leave again: after waits that double, up to 2 s (§10)."""

    LONGEST_WAIT = 2.0

    def __init__(self, first_wait, now):
        self.wait, self.due = first_wait, now
        self.attempt = 0

    def is_due(self, now):
        """Whether to send; if so, the next wait has begun."""
        if now < self.due:
            return False
        self.attempt += 1
        self.due = now + self.wait
        self.wait = min(2 * self.wait, self.LONGEST_WAIT)
        return True


class Transfer:
    """One side of a transfer over UDP: the opening, the socket, and the waiting.

    A subclass says what follows: `on_open`, `on_packet`, `on_damage`, `on_ending`,
    `on_time`, `next_timeout`.
    """

    DEFAULT_SEGMENT, NARROW_SEGMENT = 1436, 1164
    SYNS_BEFORE_NARROW = 2
    ROOM_PER_PACKET = 2_304
    """Bytes that a kernel takes from a socket's room for one short datagram."""

    def __init__(self, chat, offer, pause):
        self.chat, self.offer, self.pause = chat, offer, pause
        self.transfer = offer["transfer"]
        self.token = bytes.fromhex(offer["token"])
        self.size, self.offset = offer["size"], offer.get("offset", 0)
        self.segment_bytes = offer["segment_bytes"]
        self.socket, room = open_socket(chat, offer["port"])
        holds = room // max(self.ROOM_PER_PACKET, 2 * self.segment_bytes)
        self.window = max(1, min(offer["window"], holds))
        self.first = None
        self.is_open = self.is_over = False
        self.ending = None
        """The server's last word about this transfer."""
        self.verdict = None
        """A receiver's, once it has compared."""
        self.probes = 0
        self.opening_acks = 0
        self.syn_ack = None
        """The newest SYN-ACK and when it came, while nothing else has."""
        self.ack_again_at = math.inf
        now = time.monotonic()
        self.first_wait = max(0.2, 3 * chat.round_trip)
        self.opening = Retry(self.first_wait, now)
        self.give_up = now + PATIENCE

    # The waiting: send what is due, wait for one thing, take it in, repeat.

    def run(self):
        """Carries the transfer to its end."""
        with self.socket:
            while not self.is_over:
                now = time.monotonic()
                if now >= self.give_up and self.verdict is None:
                    raise Failure(f"Nothing came for {PATIENCE:.0f} s.")
                if self.is_open:
                    if now >= self.ack_again_at:
                        self.end_opening(now)
                    self.on_time(now)
                else:
                    self.knock(now)
                if not self.is_over:
                    self.wait()

    def wait(self):
        """Waits for a datagram, a chat line or a timer, whichever is first."""
        due = self.next_timeout() if self.is_open else self.opening.due
        until = min(self.give_up, due if due is not None else self.give_up)
        until = min(until, self.ack_again_at)
        # A timer of the system may fire a little early; half a millisecond late is well.
        seconds = max(0, until - time.monotonic() + 0.0005)
        readable, _, _ = select.select([self.socket, self.chat.socket], [], [], seconds)
        if self.chat.socket in readable:
            self.chat.read()
        while not self.is_over and (message := self.chat.next_line()) is not None:
            self.on_chat(*message)
        if self.socket in readable:
            self.read_datagrams()

    def read_datagrams(self):
        """Takes every datagram that is here."""
        while not self.is_over:
            try:
                datagram = self.socket.recv(65_536)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue  # The port was closed meanwhile; the chat says why.
            now = time.monotonic()
            try:
                packet = Packet.decode(datagram, self.token)
            except Damaged:
                if self.is_open:
                    self.on_damage(now)
                continue
            if packet is not None:
                self.on_any_packet(packet, now)

    def on_any_packet(self, packet, now):
        """The opening and RST are the same for both sides; the rest is not."""
        if packet.kind is Kind.SYN_ACK:
            self.on_syn_ack(packet, now)
            return
        if not self.is_open:
            return
        self.ack_again_at = math.inf  # Our ACK has arrived.
        if packet.kind is Kind.PATH_CHALLENGE:
            self.send(Kind.PATH_RESPONSE, 0, packet.attempt, 0, packet.body)
        elif packet.kind is Kind.RST:
            if packet.sequence == self.first and not self.is_over:
                raise Failure(f"The server ended it: {WHY_ENDED[packet.body[0]]}.")
        else:
            self.on_packet(packet, now)

    def on_chat(self, keyword, fields):
        """The server's word about this transfer; its end is as good as FIN-ACK (§13)."""
        if keyword == "transfer" and fields["transfer"] == self.transfer:
            state = fields["state"]
            if state in ("failed", "unknown", "cancelled"):
                raise Failure(f"{state}: {fields.get('sentence', 'no reason given')}")
            if state in ("verified", "damaged"):
                self.ending = state
                self.on_ending()

    def send(self, kind, number, attempt, sequence, body=b""):
        """Sends one packet, stamped with the time."""
        sent_at = microseconds(time.monotonic())
        packet = Packet(kind, number, attempt, sequence % WRAP, sent_at, body)
        try:
            self.socket.send(packet.encode(self.token))
        except ConnectionRefusedError:
            pass  # As in `read_datagrams`.

    # The opening (§10).

    def knock(self, now):
        """Sends SYN where it is due, a shorter one where the path seems narrow."""
        if not self.opening.is_due(now):
            return
        may_shrink = self.offer["segment_bytes"] == self.DEFAULT_SEGMENT
        if may_shrink and self.opening.attempt > self.SYNS_BEFORE_NARROW:
            self.segment_bytes = self.NARROW_SEGMENT
        try:
            self.send_syn()
        except OSError as error:
            if error.errno != errno.EMSGSIZE or not may_shrink:
                raise
            self.segment_bytes = self.NARROW_SEGMENT
            self.send_syn()

    def send_syn(self):
        """Says the terms. The sender of a file draws `first` and says it too."""
        terms = Terms(self.size, self.window, 0, self.segment_bytes)
        first = self.first or 0
        self.send(Kind.SYN, 0, self.opening.attempt, first, terms.encode())

    def on_syn_ack(self, packet, now):
        """Compares the terms; the ACK ends the opening, again where it was lost."""
        terms = Terms.decode(packet.body)
        if not self.is_open:
            if terms.segment_bytes > self.segment_bytes:
                return
            allowed = (self.segment_bytes, self.NARROW_SEGMENT)
            if terms.size != self.size or terms.segment_bytes not in allowed:
                raise Failure("The server's terms are other ones than its offer.")
            if self.first is not None and self.first != packet.sequence:
                return
            self.first = packet.sequence
            self.segment_bytes = terms.segment_bytes
            self.window = min(self.window, terms.window)
            rest = self.size - self.offset
            self.count = -(-rest // self.segment_bytes)
            self.is_open = True
            self.on_open(terms, now)
        self.heard(now)
        self.syn_ack = (packet.sent_at, now)
        self.end_opening(now)

    def end_opening(self, now):
        """Says the ACK that ends the opening, and again until something comes."""
        sent_at, came = self.syn_ack
        echo = (sent_at + microseconds(now - came)) % WRAP
        self.opening_acks += 1
        receipt = Receipt(echo, self.window, 0)
        self.send(Kind.ACK, 0, self.opening_acks, self.first, receipt.encode())
        self.ack_again_at = now + max(0.5, 3 * self.chat.round_trip)

    def heard(self, now):
        """The other side is alive."""
        self.give_up = now + PATIENCE

    @property
    def end(self):
        """The sequence number after the file's last segment."""
        return (self.first + self.count) % WRAP

    def segment_length(self, index):
        """How long segment `index` must be."""
        rest = self.size - self.offset
        return min(self.segment_bytes, rest - index * self.segment_bytes)


def open_socket(chat, port):
    """A UDP socket from the chat's own address to the offer's port (§8), and its room."""
    endpoint = socket.socket(chat.socket.family, socket.SOCK_DGRAM)
    endpoint.bind((chat.socket.getsockname()[0], 0))
    endpoint.connect((chat.socket.getpeername()[0], port))
    endpoint.setblocking(False)
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    if sys.platform == "linux" and endpoint.family == socket.AF_INET:
        ip_mtu_discover, always = 10, 2  # <linux/in.h>: fragmentation is forbidden.
        endpoint.setsockopt(socket.IPPROTO_IP, ip_mtu_discover, always)
    return endpoint, endpoint.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


class Pause:
    """When to pause of our own accord, and for how long (§8, "pauses")."""

    def __init__(self, at, seconds):
        self.at, self.seconds = at, seconds
        self.until = None
        self.is_over = at is None

    def begins(self, done, size, now):
        """Whether now is the time to pause."""
        if self.is_over or self.until is not None or done < self.at * size:
            return False
        self.until = now + self.seconds
        return True

    def ends(self, now):
        """Whether now is the time to go on."""
        if self.until is None or self.is_over or now < self.until:
            return False
        self.is_over = True
        return True

    def next_timeout(self):
        """When the pause ends, where one is under way."""
        return None if self.is_over else self.until


def earliest(*moments):
    """The first of the moments that are not `None`."""
    return min((each for each in moments if each is not None), default=None)


# --- a download (§8, §10, §11, §13) ----------------------------------------------------


class Download(Transfer):
    """The receiver of a file over UDP."""

    LINGER = 30.0

    def __init__(self, chat, offer, pause, part, stop_at):
        super().__init__(chat, offer, pause)
        self.part, self.stop_at = part, stop_at
        self.counts = {Kind.ACK: 0, Kind.NACK: -1}
        """The newest `number` of each; NACKs are counted from 0, ACKs from 1."""
        self.early_fin = None
        self.fin_acks = 0
        self.damaged = 0
        self.last_data = None

    def on_open(self, _, now):
        """The opening is done: from here on DATA comes."""
        self.receiver = Receiver(self.offer["arq"], self.count, self.window)

    def on_packet(self, packet, now):
        """DATA, a probe or FIN; other kinds do not come from a sender (§14)."""
        if packet.kind is Kind.DATA and self.verdict is None:
            self.on_data(packet, now)
            if self.is_over:  # `--stop-at`: a FIN that came early changes nothing.
                return
            if self.early_fin is not None and self.receiver.is_complete:
                self.on_fin(self.early_fin, now)
        elif packet.kind is Kind.DATA:
            self.answer_fin()
        elif packet.kind is Kind.FIN and packet.sequence == self.end:
            self.on_fin(packet, now)

    def on_data(self, packet, now):
        """A segment is believed where number, sequence and length fit together."""
        if packet.number == PROBE and packet.sequence == self.end and not packet.body:
            self.heard(now)
            self.probes += 1
            self.answer(self.receiver.on_probe(packet.sent_at, now))
            return
        index = (packet.sequence - self.first) % WRAP
        if index >= self.count or index != packet.number:
            return
        if len(packet.body) != self.segment_length(index):
            return
        self.heard(now)
        self.last_data = now
        self.answer(self.receiver.on_data(index, packet.body, packet.sent_at, now))
        for segment in self.receiver.in_order:
            self.part.write(segment)
        self.receiver.in_order.clear()
        if self.pause.begins(self.part.length, self.size, now):
            self.receiver.paused = True
            self.chat.say("pause", transfer=self.transfer)
            self.answer(Kind.ACK)
        if self.stop_at is not None and self.part.length >= self.stop_at * self.size:
            self.is_over = True

    def on_damage(self, now):
        """A datagram with our token that nobody can read."""
        self.damaged += 1
        self.answer(self.receiver.on_damage(now))

    def on_fin(self, packet, now):
        """The sender has sent all. Every FIN is answered, the first after comparing."""
        if not self.receiver.is_complete:
            self.early_fin = packet
            return
        self.heard(now)
        if self.verdict is None:
            is_right = self.part.digest() == packet.body
            self.verdict = "verified" if is_right else "damaged"
            self.chat.say("transfer", transfer=self.transfer, state=self.verdict)
        self.linger_until = now + self.LINGER
        self.answer_fin()

    def answer_fin(self):
        """Says the verdict, as often as the sender asks."""
        self.fin_acks += 1
        body = b"\x01" if self.verdict == "verified" else b"\x02"
        self.send(Kind.FIN_ACK, 0, self.fin_acks, self.end, body)

    def on_ending(self):
        """The server knows how it ended: no need to linger."""
        self.is_over = self.verdict is not None

    def answer(self, kind):
        """Sends ACK or NACK, where one is due."""
        if kind is None:
            return
        self.counts[kind] += 1
        body = self.receiver.receipt(self.first, time.monotonic()).encode()
        sequence = self.first + self.receiver.expected
        self.send(kind, self.counts[kind], 1, sequence, body)

    @property
    def silence_due(self):
        """When DATA has been missing for so long that an ACK is said again (§11)."""
        if self.last_data is None or self.receiver.is_complete:
            return None
        has_ranges = self.offer["arq"] == "sack"
        return self.last_data + (1.0 if has_ranges else 12.0)

    def on_time(self, now):
        """ACKs held back, the end of a pause, silence, and the end of lingering."""
        if self.verdict is not None:
            self.is_over = self.is_over or now >= self.linger_until
            return
        if self.pause.ends(now):
            self.receiver.paused = False
            self.chat.say("resume", transfer=self.transfer)
            self.answer(Kind.ACK)
        if self.receiver.ack_due is not None and now >= self.receiver.ack_due:
            self.answer(Kind.ACK)
        if self.silence_due is not None and now >= self.silence_due:
            self.last_data = now
            self.answer(Kind.ACK)

    def next_timeout(self):
        """The earliest of what `on_time` looks after."""
        if self.verdict is not None:
            return self.linger_until
        pause = self.pause.next_timeout()
        return earliest(pause, self.receiver.ack_due, self.silence_due)

    def story(self):
        """What happened, in a few words."""
        received = self.receiver.received
        segments = f"{received} packets for {self.count} segments of {self.segment_bytes}"
        return f"{segments}, {self.damaged} damaged, {self.probes} probes answered"


class Part:
    """A download that grows: `NAME.part`, beside it its version, `NAME.part.json`."""

    def __init__(self, folder, name):
        harmless = Path(name.replace("\\", "/")).name or "download"
        self.path = folder / harmless
        self.part = folder / f"{harmless}.part"
        self.record = folder / f"{harmless}.part.json"
        folder.mkdir(parents=True, exist_ok=True)

    def prefix(self):
        """What to say to the server of the beginning that is here (§2)."""
        if not (self.part.exists() and self.record.exists()):
            return None
        record = json.loads(self.record.read_text())
        return {"offset": self.part.stat().st_size, **record}

    def begin(self, offer):
        """Keeps what comes before the offer's `offset`, hashes it, notes the version."""
        self.length = offer.get("offset", 0)
        self.file = open(self.part, "r+b" if self.length else "wb")
        self.file.truncate(self.length)
        self.hash = hashlib.sha256(self.file.read(self.length) if self.length else b"")
        version = {field: offer.get(field) for field in ("size", "modified", "digest")}
        known = {field: value for field, value in version.items() if value is not None}
        self.record.write_text(json.dumps(known))

    def write(self, segment):
        """The next bytes in order."""
        self.file.write(segment)
        self.hash.update(segment)
        self.length += len(segment)

    def digest(self):
        """The SHA-256 of the whole file, its beginning included."""
        return self.hash.digest()

    def keep(self):
        """The file is whole: it takes its name."""
        self.file.close()
        self.record.unlink()
        os.replace(self.part, self.path)


# --- an upload (§8, §10, §11, §13) -----------------------------------------------------


class Upload(Transfer):
    """The sender of a file over UDP."""

    FIRST_PROBE = 0.2

    def __init__(self, chat, offer, pause, content):
        super().__init__(chat, offer, pause)
        self.content = content
        self.first = int.from_bytes(os.urandom(4), "big")
        self.began = time.monotonic()
        self.fin = self.probing = None
        self.probe_attempts = 0

    def on_open(self, terms, now):
        """The opening is done: DATA may leave. It was a first sample, too (§12)."""
        arq = self.offer["arq"]
        self.sender = Sender(arq, self.count, self.window, self.began)
        self.sender.measure(terms.echo, now)

    def on_packet(self, packet, now):
        """ACK, NACK or FIN-ACK; other kinds do not come from a receiver (§14)."""
        if packet.kind in (Kind.ACK, Kind.NACK):
            self.heard(now)
            receipt = Receipt.decode(packet.body)
            index = (packet.sequence - self.first) % WRAP
            ranges = [
                ((start - self.first) % WRAP, (end - self.first) % WRAP)
                for start, end in receipt.ranges
            ]
            sent_at = packet.sent_at
            self.sender.on_receipt(packet.kind, index, receipt, ranges, sent_at, now)
        elif packet.kind is Kind.FIN_ACK and self.fin and packet.sequence == self.end:
            self.ending = "verified" if packet.body == b"\x01" else "damaged"
            self.on_ending()

    def on_damage(self, now):
        """A sender has nothing to say to that; its timer will."""

    def on_ending(self):
        """Whichever is faster, FIN-ACK or the chat: say that we know (§8)."""
        if not self.is_over:
            self.chat.say("transfer", transfer=self.transfer, state=self.ending)
        self.is_over = True

    def on_time(self, now):
        """Segments as far as the window goes; then FIN; probes while it is closed."""
        self.turn_pause(now)
        self.sender.on_time(now)
        while (due := self.sender.next_segment(now)) is not None:
            self.send_segment(*due)
        self.probe(now)
        if self.sender.is_complete:
            self.fin = self.fin or Retry(self.first_wait, now)
            if self.fin.is_due(now):
                digest = hashlib.sha256(self.content).digest()
                self.send(Kind.FIN, 0, self.fin.attempt, self.end, digest)

    def turn_pause(self, now):
        """Pauses and goes on of our own accord, and says so."""
        done = self.sender.base * self.segment_bytes
        if self.pause.begins(done, self.size, now):
            self.sender.paused = True
            self.chat.say("pause", transfer=self.transfer)
        if self.pause.ends(now):
            self.sender.paused = False
            self.sender.timer_began = now
            self.chat.say("resume", transfer=self.transfer)

    def send_segment(self, index, attempt):
        """One segment, cut from the file."""
        start = index * self.segment_bytes
        segment = self.content[start : start + self.segment_length(index)]
        self.send(Kind.DATA, index, attempt, self.first + index, segment)

    def probe(self, now):
        """DATA without bytes, to a receiver whose window is closed, and in a pause."""
        if not self.sender.must_probe:
            self.probing = None
        elif self.probing is None:
            self.probing = Retry(2 * self.FIRST_PROBE, now + self.FIRST_PROBE)
        elif self.probing.is_due(now):
            self.probes += 1
            self.send(Kind.DATA, PROBE, self.probes, self.end)

    def next_timeout(self):
        """The earliest of what `on_time` looks after."""
        fin = self.fin.due if self.fin else None
        probing = self.probing.due if self.probing else None
        pause = self.pause.next_timeout()
        return earliest(pause, self.sender.next_timeout(), fin, probing)

    def story(self):
        """What happened, in a few words."""
        sent = self.sender.sent_packets
        segments = f"{sent} packets for {self.count} segments of {self.segment_bytes}"
        return f"{segments}, {self.probes} probes sent"


# --- TCP as the transport (§16) --------------------------------------------------------


def call(chat, offer):
    """Connects to the offer's port and shows the token."""
    address = chat.socket.getpeername()[0], offer["port"]
    own = chat.socket.getsockname()[0], 0
    stream = socket.create_connection(address, timeout=PATIENCE, source_address=own)
    stream.sendall(offer["token"].encode() + b"\n")
    return stream


def read_exactly(stream, count):
    """Yields `count` bytes in pieces."""
    while count:
        piece = stream.recv(min(count, 65_536))
        if not piece:
            raise Failure("The server closed the transfer before its end.")
        count -= len(piece)
        yield piece


def download_by_tcp(chat, offer, part):
    """The file, then its SHA-256; our answer is one byte. Returns the verdict."""
    with call(chat, offer) as stream:
        for piece in read_exactly(stream, offer["size"] - part.length):
            part.write(piece)
        is_right = part.digest() == b"".join(read_exactly(stream, 32))
        stream.sendall(b"\x01" if is_right else b"\x02")
    verdict = "verified" if is_right else "damaged"
    chat.say("transfer", transfer=offer["transfer"], state=verdict)
    return verdict


def upload_by_tcp(chat, offer, content):
    """The same with the places changed."""
    with call(chat, offer) as stream:
        stream.sendall(content + hashlib.sha256(content).digest())
        (answer,) = b"".join(read_exactly(stream, 1))
    return "verified" if answer == 1 else "damaged"


# --- errands ---------------------------------------------------------------------------


def show_users(chat, _):
    """Who is here."""
    chat.wait_for("welcome")
    for name in chat.list("users", "names"):
        print(name)


def show_files(chat, _):
    """What is offered."""
    chat.wait_for("welcome")
    for file in chat.list("files", "files"):
        print(file["size"], file["digest"] or "-", file["name"])


def say(chat, asked):
    """Says a line to all and waits for its echo."""
    chat.say("say", text=asked.text)
    echo = chat.wait_for("said", where=lambda fields: fields["text"] == asked.text)
    print(f"<{echo['from']}> {echo['text']}")


def whisper(chat, asked):
    """Whispers to one person and waits for the echo."""
    chat.say("whisper", to=asked.to, text=asked.text)
    echo = chat.wait_for("whispered", where=lambda fields: fields["text"] == asked.text)
    print(f"{echo['from']} to {echo['to']}: {echo['text']}")


def options(asked):
    """The options of a transfer as the message has them (§2)."""
    return {
        "transport": asked.transport,
        "arq": asked.arq,
        "window": asked.window,
        "congestion": getattr(asked, "congestion", None),
        "segment_bytes": asked.segment,
    }


def download(chat, asked):
    """Fetches one file, from where an earlier try has ended."""
    part = Part(asked.out, asked.file)
    chat.say("download", file=asked.file, tag=1, prefix=part.prefix(), **options(asked))
    offer = chat.wait_for("offer", where=lambda fields: fields.get("tag") == 1)
    part.begin(offer)
    began_at = part.length
    if offer["transport"] == "tcp":
        verdict = download_by_tcp(chat, offer, part)
        story = "by TCP"
    else:
        pause = Pause(asked.pause_at, asked.pause_for)
        transfer = Download(chat, offer, pause, part, asked.stop_at)
        transfer.run()
        verdict = transfer.verdict
        story = f"by {offer['arq']} {offer['window']}: {transfer.story()}"
    if verdict is None:
        print(f"stopped {asked.file} at byte {part.length} of {offer['size']}")
        part.file.close()
        return
    if verdict == "damaged":
        raise Failure(f"{asked.file} arrived damaged.")
    part.keep()
    print(f"verified {asked.file}: bytes {began_at} to {part.length} {story}")
    print(f"sha256 {part.digest().hex()}")


def upload(chat, asked):
    """Gives one file to the server, and waits until all may have it."""
    content = asked.path.read_bytes()
    name, digest = asked.path.name, hashlib.sha256(content).hexdigest()
    size = len(content)
    chat.say("upload", file=name, size=size, digest=digest, tag=1, **options(asked))
    offer = chat.wait_for("offer", where=lambda fields: fields.get("tag") == 1)
    if offer["transport"] == "tcp":
        verdict, story = upload_by_tcp(chat, offer, content), "by TCP"
    else:
        pause = Pause(asked.pause_at, asked.pause_for)
        transfer = Upload(chat, offer, pause, content)
        transfer.run()
        verdict = transfer.ending
        story = f"by {offer['arq']} {offer['window']}: {transfer.story()}"
    if verdict != "verified":
        raise Failure(f"{name} arrived damaged.")
    shared = chat.wait_for("shared", where=lambda fields: fields["file"]["size"] == size)
    print(f"verified {name}, shared as {shared['file']['name']}: {size} bytes {story}")
    print(f"sha256 {digest}")


# --- the command line ------------------------------------------------------------------

PROTOCOLS = ("stop-and-wait", "go-back-n", "selective-repeat", "sack")


class Parser(argparse.ArgumentParser):
    """A parser whose help begins with examples."""

    def format_help(self):
        """What `--help` prints."""
        return EXAMPLES + super().format_help()


def address(text):
    """Reads HOST[:PORT]."""
    host, colon, port = text.rpartition(":")
    return (host.strip("[]"), int(port)) if colon else (text, USUAL_PORT)


def share(text):
    """Reads `50%` as 0.5."""
    return float(text.removesuffix("%")) / 100


def parse(arguments):
    """The command line as values."""
    parser = Parser(prog="second_client.py", description=__doc__.splitlines()[0])
    option = parser.add_argument
    option("--server", type=address, default="localhost", metavar="HOST:PORT")
    option("--name", default="second", help="one word (default: second)")
    errands = parser.add_subparsers(
        required=True, metavar="ERRAND", parser_class=argparse.ArgumentParser
    )

    def errand(name, function):
        command = errands.add_parser(name, help=function.__doc__)
        command.set_defaults(errand=function)
        return command

    errand("users", show_users)
    errand("files", show_files)
    errand("say", say).add_argument("text")
    command = errand("whisper", whisper)
    command.add_argument("to")
    command.add_argument("text")

    command = errand("download", download)
    command.add_argument("file")
    command.add_argument("--out", type=Path, default=Path("downloads"), metavar="DIR")
    option = command.add_argument
    option("--stop-at", type=share, metavar="PERCENT", help="leave it a part there (UDP)")
    command.add_argument("--congestion", help="what the server's sender is to use")
    add_options(command)
    command = errand("upload", upload)
    command.add_argument("path", type=Path)
    add_options(command)
    command.set_defaults(arq="sack")
    return parser.parse_args(arguments)


def add_options(command):
    """The options that a download and an upload have in common."""
    option = command.add_argument
    option("--transport", choices=("udp", "tcp"))
    option("--arq", choices=PROTOCOLS)
    option("--window", type=int, metavar="N", help="most packets in flight")
    option("--segment", type=int, metavar="BYTES", help="in a packet")
    option("--pause-at", type=share, metavar="PERCENT", help="wait there (UDP)")
    option("--pause-for", type=float, default=1.0, metavar="SECONDS")


def main(arguments):
    """Runs one errand; returns the exit code."""
    asked = parse(arguments)
    try:
        chat = Chat(asked.server, asked.name)
        asked.errand(chat, asked)
        chat.say("disconnect")
    except (Failure, OSError) as why:
        print(f"second_client.py: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
