import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

/** Reads what Sash tells, calls your handlers, and writes what they do. It is done. */
final class Sash {
    static final int NO_TIMER = -1;
    private static final StringBuilder out = new StringBuilder();

    /** Put segment `number` on the wire. */
    static void send(int number) { line("send " + number); }

    /** Start or restart the timer. */
    static void startTimer(double milliseconds) { line("timer " + milliseconds); }

    /** Start or restart the timer with this number. */
    static void startTimer(double milliseconds, int number) {
        line("timer " + milliseconds + " " + number);
    }

    /** Stop the timer. */
    static void stopTimer() { line("stop"); }

    /** Stop the timer with this number. */
    static void stopTimer(int number) { line("stop " + number); }

    /** Send ACK `number`. `ranges` is for sack: pairs of first and last. */
    static void acknowledge(int number, int[]... ranges) {
        StringBuilder ack = new StringBuilder("ack " + number);
        for (int[] range : ranges) ack.append(" ").append(range[0]).append("-").append(range[1]);
        line(ack.toString());
    }

    /** Hand segment `number` to the application. */
    static void deliver(int number) { line("deliver " + number); }

    /** Show a text beside the packets. */
    static void note(String text) { line("note " + text); }

    private static void line(String text) { out.append(text).append('\n'); }

    private static String value(String[] words, String key) {
        for (String word : words) if (word.startsWith(key + "=")) return word.substring(key.length() + 1);
        return "0";
    }

    private static int[][] ranges(String[] words) {
        int[][] ranges = new int[words.length - 3][];
        for (int i = 0; i < ranges.length; i++) {
            String[] ends = words[i + 3].split("-");
            ranges[i] = new int[] {Integer.parseInt(ends[0]), Integer.parseInt(ends[1])};
        }
        return ranges;
    }

    public static void main(String[] arguments) throws IOException {
        boolean isSender = arguments[arguments.length - 1].equals("sender");
        Protocol.Sender sender = null;
        Protocol.Receiver receiver = null;
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.trim().split("\\s+");
            if (words[0].equals("start")) {
                int window = Integer.parseInt(value(words, "window"));
                if (isSender) {
                    int segments = Integer.parseInt(value(words, "segments"));
                    double timeout = Double.parseDouble(value(words, "timeout"));
                    sender = new Protocol.Sender(window, segments, timeout);
                } else {
                    receiver = new Protocol.Receiver(window);
                }
                continue;
            }
            if (words[0].equals("end")) return;
            switch (words[0]) {
                case "begin": sender.onBegin(); break;
                case "ack": sender.onAck(Integer.parseInt(words[2]), ranges(words)); break;
                case "timeout":
                    sender.onTimeout(words.length > 2 ? Integer.parseInt(words[2]) : NO_TIMER);
                    break;
                case "data": receiver.onData(Integer.parseInt(words[2])); break;
                case "corrupt":
                    if (isSender) sender.onCorrupt(); else receiver.onCorrupt();
                    break;
                default: break;
            }
            System.out.print(out + "ok\n");
            System.out.flush();
            out.setLength(0);
        }
    }
}
