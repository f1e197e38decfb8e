// Go-back-N (Kurose & Ross §3.4.3).
package main

// Sender has the file.
type Sender struct {
	window, segments, base, next int
	timeout                      float64
}

// NewSender waits for begin.
func NewSender(window int, segments int, timeout float64) *Sender {
	return &Sender{window: window, segments: segments, timeout: timeout}
}

func (sender *Sender) fill() {
	for sender.next < sender.base+sender.window && sender.next < sender.segments {
		Send(sender.next)
		sender.next++
	}
}

// OnBegin fills the window.
func (sender *Sender) OnBegin() {
	StartTimer(sender.timeout)
	sender.fill()
}

// OnAck slides the window.
func (sender *Sender) OnAck(number int, ranges [][2]int) {
	if number < sender.base {
		return
	}
	sender.base = number + 1
	sender.fill()
	if sender.base == sender.next {
		StopTimer()
	} else {
		StartTimer(sender.timeout)
	}
}

// OnTimeout goes back N.
func (sender *Sender) OnTimeout(timer int) {
	StartTimer(sender.timeout)
	for number := sender.base; number < sender.next; number++ {
		Send(number)
	}
}

// OnCorrupt does nothing: the timer runs.
func (sender *Sender) OnCorrupt() {}

// Receiver wants the file.
type Receiver struct{ expected int }

// NewReceiver waits for segment 0.
func NewReceiver(window int) *Receiver { return &Receiver{} }

// OnData delivers the next segment in order.
func (receiver *Receiver) OnData(number int) {
	if number == receiver.expected {
		Deliver(number)
		receiver.expected++
	}
	Acknowledge(receiver.expected - 1)
}

// OnCorrupt repeats the last ACK.
func (receiver *Receiver) OnCorrupt() { Acknowledge(receiver.expected - 1) }
