/* Write your protocol here. sash.h says what you are told and what you may do. */
#include "sash.h"

void sender_init(int window, int segments, double timeout) {
    (void)window, (void)segments, (void)timeout;
}

void sender_on_begin(void) {}

void sender_on_ack(int number, int ranges, const int (*range)[2]) {
    (void)number, (void)ranges, (void)range;
}

void sender_on_timeout(int timer) { (void)timer; }

void sender_on_corrupt(void) {}

void receiver_init(int window) { (void)window; }

void receiver_on_data(int number) { (void)number; }

void receiver_on_corrupt(void) {}
