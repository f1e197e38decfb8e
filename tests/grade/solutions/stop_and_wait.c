/* Stop-and-wait (Kurose & Ross §3.4.1). */
#include "sash.h"

static int segments, number, expected;
static double timeout;

static void transmit(void) {
    send_segment(number);
    start_timer(timeout);
}

void sender_init(int window, int count, double milliseconds) {
    (void)window;
    segments = count;
    timeout = milliseconds;
}

void sender_on_begin(void) { transmit(); }

void sender_on_ack(int ack, int ranges, const int (*range)[2]) {
    (void)ranges, (void)range;
    if (ack != number)
        return;
    stop_timer();
    number++;
    if (number < segments)
        transmit();
}

void sender_on_timeout(int timer) {
    (void)timer;
    transmit();
}

void sender_on_corrupt(void) {}

void receiver_init(int window) { (void)window; }

void receiver_on_data(int data) {
    if (data == expected) {
        deliver(data);
        expected++;
    }
    acknowledge(expected - 1);
}

void receiver_on_corrupt(void) { acknowledge(expected - 1); }
