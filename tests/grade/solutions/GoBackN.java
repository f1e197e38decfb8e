/** Go-back-N (Kurose & Ross §3.4.3). */
final class Protocol {
    static final class Sender {
        private final int window, segments;
        private final double timeout;
        private int base, next;

        Sender(int window, int segments, double timeout) {
            this.window = window;
            this.segments = segments;
            this.timeout = timeout;
        }

        private void fill() {
            while (next < base + window && next < segments) Sash.send(next++);
        }

        void onBegin() {
            Sash.startTimer(timeout);
            fill();
        }

        void onAck(int number, int[][] ranges) {
            if (number < base) return;
            base = number + 1;
            fill();
            if (base == next) Sash.stopTimer(); else Sash.startTimer(timeout);
        }

        void onTimeout(int timer) {
            Sash.startTimer(timeout);
            for (int number = base; number < next; number++) Sash.send(number);
        }

        void onCorrupt() {}
    }

    static final class Receiver {
        private int expected;

        Receiver(int window) {}

        void onData(int number) {
            if (number == expected) {
                Sash.deliver(number);
                expected++;
            }
            Sash.acknowledge(expected - 1);
        }

        void onCorrupt() {
            Sash.acknowledge(expected - 1);
        }
    }
}
