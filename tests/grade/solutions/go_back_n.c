/* Go-back-N (Kurose & Ross §3.4.3). */
#include "sash.h"

static int window, segments, base, next, expected;
static double timeout;

static void fill(void) {
    while (next < base + window && next < segments)
        send_segment(next++);
}

void sender_init(int n, int count, double milliseconds) {
    window = n;
    segments = count;
    timeout = milliseconds;
}

void sender_on_begin(void) {
    start_timer(timeout);
    fill();
}

void sender_on_ack(int number, int ranges, const int (*range)[2]) {
    (void)ranges, (void)range;
    if (number < base)
        return;
    base = number + 1;
    fill();
    if (base == next)
        stop_timer();
    else
        start_timer(timeout);
}

void sender_on_timeout(int timer) {
    (void)timer;
    start_timer(timeout);
    for (int number = base; number < next; number++)
        send_segment(number);
}

void sender_on_corrupt(void) {}

void receiver_init(int n) { (void)n; }

void receiver_on_data(int number) {
    if (number == expected) {
        deliver(number);
        expected++;
    }
    acknowledge(expected - 1);
}

void receiver_on_corrupt(void) { acknowledge(expected - 1); }
