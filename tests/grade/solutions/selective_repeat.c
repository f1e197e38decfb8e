/* Selective repeat (Kurose & Ross §3.4.4). */
#include "sash.h"

#define MOST_SEGMENTS 1000

static int window, segments, base, next;
static double timeout;
static char is_there[MOST_SEGMENTS]; /* of the sender: acknowledged; of the receiver: buffered */

static void transmit(int number) {
    send_segment(number);
    start_timer_of(number, timeout);
}

static void fill(void) {
    while (next < base + window && next < segments)
        transmit(next++);
}

void sender_init(int n, int count, double milliseconds) {
    window = n;
    segments = count;
    timeout = milliseconds;
}

void sender_on_begin(void) { fill(); }

void sender_on_ack(int number, int ranges, const int (*range)[2]) {
    (void)ranges, (void)range;
    if (number < base || number >= next)
        return;
    stop_timer_of(number);
    is_there[number] = 1;
    while (base < next && is_there[base])
        base++;
    fill();
}

void sender_on_timeout(int timer) { transmit(timer); }

void sender_on_corrupt(void) {}

void receiver_init(int n) { window = n; }

void receiver_on_data(int number) {
    if (number >= base + window || number >= MOST_SEGMENTS)
        return;
    acknowledge(number);
    if (number >= base)
        is_there[number] = 1;
    while (base < MOST_SEGMENTS && is_there[base])
        deliver(base++);
}

void receiver_on_corrupt(void) {}
