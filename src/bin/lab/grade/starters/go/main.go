// Reads what Sash tells, calls your handlers, and writes what they do. It is done.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// NoTimer is the number of the timer that has none.
const NoTimer = -1

var out = bufio.NewWriter(os.Stdout)

// Send puts segment number on the wire.
func Send(number int) { fmt.Fprintln(out, "send", number) }

// StartTimer starts or restarts the timer.
func StartTimer(milliseconds float64) { fmt.Fprintln(out, "timer", milliseconds) }

// StartTimerOf starts or restarts the timer with this number.
func StartTimerOf(number int, milliseconds float64) {
	fmt.Fprintln(out, "timer", milliseconds, number)
}

// StopTimer stops the timer.
func StopTimer() { fmt.Fprintln(out, "stop") }

// StopTimerOf stops the timer with this number.
func StopTimerOf(number int) { fmt.Fprintln(out, "stop", number) }

// Acknowledge sends ACK number. The ranges are for sack: first and last of each.
func Acknowledge(number int, ranges ...[2]int) {
	fmt.Fprint(out, "ack ", number)
	for _, it := range ranges {
		fmt.Fprintf(out, " %d-%d", it[0], it[1])
	}
	fmt.Fprintln(out)
}

// Deliver hands segment number to the application.
func Deliver(number int) { fmt.Fprintln(out, "deliver", number) }

// Note shows a text beside the packets.
func Note(text string) { fmt.Fprintln(out, "note", text) }

func value(words []string, key string) float64 {
	for _, word := range words {
		if rest, found := strings.CutPrefix(word, key+"="); found {
			number, _ := strconv.ParseFloat(rest, 64)
			return number
		}
	}
	return 0
}

func number(words []string, place int, otherwise int) int {
	if place >= len(words) {
		return otherwise
	}
	found, err := strconv.Atoi(words[place])
	if err != nil {
		return otherwise
	}
	return found
}

func ranges(words []string) [][2]int {
	var all [][2]int
	for _, word := range words {
		first, last, _ := strings.Cut(word, "-")
		a, _ := strconv.Atoi(first)
		b, _ := strconv.Atoi(last)
		all = append(all, [2]int{a, b})
	}
	return all
}

func main() {
	isSender := os.Args[len(os.Args)-1] == "sender"
	var sender *Sender
	var receiver *Receiver
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		words := strings.Fields(in.Text())
		switch words[0] {
		case "start":
			window := int(value(words, "window"))
			if isSender {
				segments := int(value(words, "segments"))
				sender = NewSender(window, segments, value(words, "timeout"))
			} else {
				receiver = NewReceiver(window)
			}
			continue
		case "end":
			return
		case "begin":
			sender.OnBegin()
		case "ack":
			sender.OnAck(number(words, 2, -1), ranges(words[3:]))
		case "timeout":
			sender.OnTimeout(number(words, 2, NoTimer))
		case "data":
			receiver.OnData(number(words, 2, 0))
		case "corrupt":
			if isSender {
				sender.OnCorrupt()
			} else {
				receiver.OnCorrupt()
			}
		}
		fmt.Fprintln(out, "ok")
		out.Flush()
	}
}
