/* Reads what Sash tells, calls your handlers, and writes what they do. It is done. */
#include "sash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_RANGES 64

void send_segment(int number) { printf("send %d\n", number); }
void start_timer(double ms) { printf("timer %.6f\n", ms); }
void start_timer_of(int number, double ms) { printf("timer %.6f %d\n", ms, number); }
void stop_timer(void) { printf("stop\n"); }
void stop_timer_of(int number) { printf("stop %d\n", number); }
void acknowledge(int number) { printf("ack %d\n", number); }
void deliver(int number) { printf("deliver %d\n", number); }
void note(const char *text) { printf("note %s\n", text); }

void acknowledge_ranges(int number, int ranges, const int (*range)[2]) {
    printf("ack %d", number);
    for (int i = 0; i < ranges; i++)
        printf(" %d-%d", range[i][0], range[i][1]);
    printf("\n");
}

static double value(const char *line, const char *key) {
    const char *found = strstr(line, key);
    return found ? atof(found + strlen(key)) : 0;
}

static void on_ack(const char *line) {
    int number = 0, read = 0, ranges = 0;
    static int range[MOST_RANGES][2];
    sscanf(line, "ack %*s %d%n", &number, &read);
    for (line += read; ranges < MOST_RANGES; line += read, ranges++)
        if (sscanf(line, " %d-%d%n", &range[ranges][0], &range[ranges][1], &read) != 2)
            break;
    sender_on_ack(number, ranges, (const int (*)[2])range);
}

int main(int count, char **arguments) {
    int is_sender = strcmp(arguments[count - 1], "sender") == 0;
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        int number = 0;
        if (strncmp(line, "start", 5) == 0) {
            int window = (int)value(line, " window=");
            if (is_sender)
                sender_init(window, (int)value(line, " segments="), value(line, " timeout="));
            else
                receiver_init(window);
            continue;
        }
        if (strncmp(line, "end", 3) == 0)
            break;
        if (strncmp(line, "begin", 5) == 0)
            sender_on_begin();
        else if (strncmp(line, "ack", 3) == 0)
            on_ack(line);
        else if (strncmp(line, "timeout", 7) == 0)
            sender_on_timeout(sscanf(line, "timeout %*s %d", &number) == 1 ? number : NO_TIMER);
        else if (sscanf(line, "data %*s %d", &number) == 1)
            receiver_on_data(number);
        else if (strncmp(line, "corrupt", 7) == 0 && is_sender)
            sender_on_corrupt();
        else if (strncmp(line, "corrupt", 7) == 0)
            receiver_on_corrupt();
        printf("ok\n");
        fflush(stdout);
    }
    return 0;
}
