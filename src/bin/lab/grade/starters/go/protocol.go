// Write your protocol here. main.go says what you may do.
package main

// Sender has the file.
type Sender struct{}

// NewSender: window is N; segments is how many there are, from 0; timeout is in milliseconds.
func NewSender(window int, segments int, timeout float64) *Sender { return &Sender{} }

// OnBegin: the application has all its segments ready.
func (sender *Sender) OnBegin() {}

// OnAck: ACK number arrived intact. The ranges are for sack.
func (sender *Sender) OnAck(number int, ranges [][2]int) {}

// OnTimeout: the timer expired; timer is its number, or NoTimer.
func (sender *Sender) OnTimeout(timer int) {}

// OnCorrupt: a packet arrived corrupt, and nobody knows which.
func (sender *Sender) OnCorrupt() {}

// Receiver wants the file.
type Receiver struct{}

// NewReceiver waits for segment 0.
func NewReceiver(window int) *Receiver { return &Receiver{} }

// OnData: segment number arrived intact.
func (receiver *Receiver) OnData(number int) {}

// OnCorrupt: a packet arrived corrupt, and nobody knows which.
func (receiver *Receiver) OnCorrupt() {}
