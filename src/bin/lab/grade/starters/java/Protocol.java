/** Write your protocol here. Sash.java says what you may do. */
final class Protocol {
    static final class Sender {
        /** window: N; segments: how many there are, from 0; timeout: in milliseconds. */
        Sender(int window, int segments, double timeout) {}

        /** The application has all its segments ready. */
        void onBegin() {}

        /** ACK `number` arrived intact. `ranges` is for sack. */
        void onAck(int number, int[][] ranges) {}

        /** The timer expired; `timer` is its number, or Sash.NO_TIMER. */
        void onTimeout(int timer) {}

        /** A packet arrived corrupt: nobody knows which. */
        void onCorrupt() {}
    }

    static final class Receiver {
        Receiver(int window) {}

        /** Segment `number` arrived intact. */
        void onData(int number) {}

        /** A packet arrived corrupt: nobody knows which. */
        void onCorrupt() {}
    }
}
