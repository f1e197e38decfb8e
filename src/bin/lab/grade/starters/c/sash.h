/* What Sash tells a protocol, and what the protocol may do. */
#ifndef SASH_H
#define SASH_H

#define NO_TIMER (-1)

/* You write these, in protocol.c. Times are in milliseconds. */
void sender_init(int window, int segments, double timeout);
void sender_on_begin(void);
void sender_on_ack(int number, int ranges, const int (*range)[2]); /* ranges: sack only */
void sender_on_timeout(int timer); /* its number, or NO_TIMER */
void sender_on_corrupt(void);

void receiver_init(int window);
void receiver_on_data(int number);
void receiver_on_corrupt(void);

/* You call these. */
void send_segment(int number);
void start_timer(double milliseconds);
void start_timer_of(int number, double milliseconds);
void stop_timer(void);
void stop_timer_of(int number);
void acknowledge(int number);
void acknowledge_ranges(int number, int ranges, const int (*range)[2]); /* sack only */
void deliver(int number);
void note(const char *text);

#endif
