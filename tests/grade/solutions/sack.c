/* Selective acknowledgements (RFC 2018, RFC 6675). */
#include "sash.h"

#define MOST_SEGMENTS 1000
#define MOST_RANGES 64

static int window, segments, base, next;
static double timeout;
static char is_there[MOST_SEGMENTS], is_retransmitted[MOST_SEGMENTS];

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

static int is_lost(int number) {
    int later = 0;
    for (int other = number + 1; other < next; other++)
        later += is_there[other];
    return later >= 3 && !is_there[number] && !is_retransmitted[number];
}

void sender_on_ack(int number, int ranges, const int (*range)[2]) {
    for (int i = 0; i < ranges; i++)
        for (int it = range[i][0]; it <= range[i][1] && it < MOST_SEGMENTS; it++)
            is_there[it] = 1;
    int has_moved = number > base;
    if (has_moved)
        base = number;
    for (int it = base; it < next; it++)
        if (is_lost(it)) {
            is_retransmitted[it] = 1;
            send_segment(it);
        }
    fill();
    if (base == next)
        stop_timer();
    else if (has_moved)
        start_timer(timeout);
}

void sender_on_timeout(int timer) {
    (void)timer;
    start_timer(timeout);
    for (int it = 0; it < MOST_SEGMENTS; it++)
        is_retransmitted[it] = it == base;
    send_segment(base);
}

void sender_on_corrupt(void) {}

void receiver_init(int n) { window = n; }

void receiver_on_data(int number) {
    static int range[MOST_RANGES][2];
    int ranges = 0;
    if (number >= base && number < MOST_SEGMENTS)
        is_there[number] = 1;
    while (base < MOST_SEGMENTS && is_there[base])
        deliver(base++);
    for (int it = base; it < MOST_SEGMENTS && ranges < MOST_RANGES; it++)
        if (is_there[it]) {
            range[ranges][0] = range[ranges][1] = it;
            ranges++;
        }
    acknowledge_ranges(base, ranges, (const int (*)[2])range);
}

void receiver_on_corrupt(void) {}
