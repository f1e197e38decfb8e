//! Finds the moments at which a run can be stopped, in one pass from the sender's side.
//!
//! ```text
//!   ACK arrives | declared lost, sent, sent | timer | sent | ACK arrives | ...
//!               '- stop                     '- stop        '- stop
//! ```
//!
//! An episode begins when an event reaches the sender and ends with the next one. The
//! packets that the sender sends in between are its answer.

use super::action::Action;
use super::choices;
use super::occasion::Occasion;
use super::reason;
use super::view::{Loss, Stop, View};
use crate::lab::journal::{Entry, Heading, JournalEvent, Side};
use crate::reliable::event::{Event, FlowControlState, PacketName, Timer, Trigger};
use crate::wire::options::{Arq, LARGEST_WINDOW};
use crate::wire::packet::Kind;
use std::collections::BTreeSet;

/// All moments of a run that can be explained.
pub(super) fn find(heading: &Heading, entries: &[Entry]) -> Vec<Stop> {
    let mut watch = Watch {
        first_sequence: heading.first_sequence,
        bytes: heading.size.saturating_sub(heading.offset),
        view: View {
            arq: heading.arq,
            window: heading.window,
            segments: 0,
            base: 0,
            next: 0,
            highest: 0,
            moved: 0,
            flow_control: FlowControlState::Open,
        },
        acknowledged: BTreeSet::new(),
        episode: None,
        stops: Vec::new(),
    };
    watch.cut(heading.segment_bytes);
    for (place, entry) in entries.iter().enumerate() {
        watch.take(place, entry);
    }
    watch.stops // The last episode may be cut short, as a journal may.
}

struct Watch {
    first_sequence: u32,
    /// To be sent. Unit: bytes.
    bytes: u64,
    view: View,
    /// Selective repeat: what is acknowledged beyond `view.base`.
    acknowledged: BTreeSet<u32>,
    episode: Option<Episode>,
    stops: Vec<Stop>,
}

/// From one event at the sender up to the next one.
struct Episode {
    index: usize,
    time_us: u64,
    stimulus: Stimulus,
    /// The sender's knowledge at its beginning, including the stimulus.
    view: View,
    lost: Vec<Loss>,
    answer: Action,
    /// Whether the connection opened.
    opened: bool,
    /// After the newest packet: where in the journal, and what is known.
    sent: Option<(usize, View)>,
}

#[derive(Clone, Copy)]
enum Stimulus {
    /// `wanted`: the next expected segment; for an individual ACK, the acknowledged one.
    Answer {
        kind: Kind,
        wanted: u32,
        base_before: u32,
    },
    Expired(Timer),
    Turned(FlowControlState),
    Other,
}

impl Watch {
    fn take(&mut self, place: usize, entry: &Entry) {
        match (&entry.what, entry.side) {
            (JournalEvent::Machine(event), Side::Sender) => {
                self.take_event(place + 1, entry.time_us, event);
            }
            // The fate of a packet belongs to its transmission.
            (JournalEvent::Link(_), _) => {
                if let Some(Episode {
                    sent: Some((after, _)),
                    ..
                }) = &mut self.episode
                    && *after == place
                {
                    *after = place + 1;
                }
            }
            (JournalEvent::Machine(_), Side::Receiver | Side::Link)
            | (JournalEvent::FaultInjection(_), _) => {}
        }
    }

    fn take_event(&mut self, index: usize, time_us: u64, event: &Event) {
        match event {
            Event::PacketReceived(packet) => {
                let stimulus = self.hear(packet);
                self.begin(index, time_us, stimulus);
                if self.view.arq == Arq::SelectiveRepeat {
                    let ranges = packet.ranges(self.first_sequence);
                    self.hear_individual(index, &ranges);
                }
            }
            Event::PacketDamaged { .. } => {
                self.view.moved = 0;
                self.begin(index, time_us, Stimulus::Other);
            }
            Event::TimerExpired { timer } => {
                self.view.moved = 0;
                self.begin(index, time_us, Stimulus::Expired(*timer));
            }
            Event::DataBlockedUpdated { flow_control } => {
                self.view.flow_control = *flow_control;
                // An ACK that opened or closed the window is a question about the window.
                self.episode.take_if(|episode| episode.time_us == time_us);
                self.begin(index, time_us, Stimulus::Turned(*flow_control));
            }
            Event::PacketSent(packet) => self.send(index, packet),
            Event::PacketLost {
                number,
                attempt,
                trigger,
            } => {
                if let Some(episode) = &mut self.episode {
                    episode.lost.push(Loss {
                        number: *number,
                        attempt: *attempt,
                        trigger: *trigger,
                    });
                }
            }
            Event::StateChanged { state } => {
                if let Some(episode) = &mut self.episode {
                    episode.opened |= state == "transferring";
                }
            }
            Event::ListeningBegun { ranges, .. } => self.hear_individual(index, ranges),
            Event::MtuUpdated { segment_bytes } => self.cut(*segment_bytes),
            Event::PacketIgnored { .. }
            | Event::MetricsUpdated { .. }
            | Event::CongestionUpdated { .. }
            | Event::PathAssigned { .. }
            | Event::SegmentBuffered { .. }
            | Event::SegmentDropped { .. } => {}
        }
    }

    /// The file is cut into segments of this length.
    fn cut(&mut self, segment_bytes: u16) {
        let pieces = self.bytes.div_ceil(u64::from(segment_bytes).max(1));
        self.view.segments = u32::try_from(pieces).unwrap_or(u32::MAX);
    }

    /// A packet has reached the sender.
    fn hear(&mut self, packet: &PacketName) -> Stimulus {
        let view = &mut self.view;
        view.moved = 0;
        let wanted = packet.sequence.0.wrapping_sub(self.first_sequence);
        let kind = packet.kind;
        if !matches!(kind, Kind::Ack | Kind::Nack) || wanted > view.highest {
            return Stimulus::Other;
        }
        let base_before = view.base;
        // The range of an individual ACK contains its meaning.
        if view.arq != Arq::SelectiveRepeat {
            view.moved = wanted.saturating_sub(view.base);
            view.base = view.base.max(wanted);
            view.next = view.next.max(view.base);
        }
        Stimulus::Answer {
            kind,
            wanted,
            base_before,
        }
    }

    /// The segments that the newest ACK acknowledges: for an individual ACK the only
    /// segment; at the beginning of a late log, all that were acknowledged before.
    fn hear_individual(&mut self, index: usize, ranges: &[[u32; 2]]) {
        let view = &mut self.view;
        let (base_before, highest) = (view.base, view.highest);
        for &[first, last] in ranges {
            let numbers = first.max(base_before)..last.saturating_add(1).min(highest);
            self.acknowledged
                .extend(numbers.take(LARGEST_WINDOW as usize));
        }
        while self.acknowledged.remove(&view.base) {
            view.base += 1;
        }
        view.moved = view.base - base_before;
        if let Some(episode) = &mut self.episode
            && let Stimulus::Answer { wanted, .. } = &mut episode.stimulus
            && let [[number, _]] = ranges
        {
            *wanted = *number;
            (episode.index, episode.view) = (index, *view);
        }
    }

    fn send(&mut self, index: usize, packet: &PacketName) {
        let view = &mut self.view;
        let is_retransmission = packet.number < view.highest;
        if packet.is_of_the_file() {
            if packet.number > view.highest || packet.number >= view.segments {
                return; // Not of this file: a journal may be damaged.
            }
            let after = packet.number.saturating_add(1);
            view.highest = view.highest.max(after);
            view.next = view.highest;
        }
        if let Some(episode) = &mut self.episode {
            episode.answer.push(packet, is_retransmission);
            episode.sent = Some((index, self.view));
        }
    }

    fn begin(&mut self, index: usize, time_us: u64, stimulus: Stimulus) {
        let episode = self.episode.replace(Episode {
            index,
            time_us,
            stimulus,
            view: self.view,
            lost: Vec::new(),
            answer: Action::WAITS,
            opened: false,
            sent: None,
        });
        if let Some(episode) = episode {
            let stops = [episode.stop(), episode.full()];
            let askable = stops.into_iter().flatten().filter(choices::is_askable);
            self.stops.extend(askable);
        }
    }
}

impl Episode {
    /// The reaction to the stimulus.
    fn stop(&self) -> Option<Stop> {
        let occasion = self.occasion()?;
        let reason = reason::explain(occasion, self.view, &self.lost, &self.answer)?;
        Some(Stop {
            index: self.index,
            occasion,
            view: self.view,
            answer: self.answer.clone(),
            reason,
        })
    }

    /// The packet that filled the window, where one did.
    fn full(&self) -> Option<Stop> {
        let (index, view) = self.sent?;
        let View {
            base, next, window, ..
        } = view;
        if !self.answer.is_data() || next - base != window || next >= view.segments {
            return None;
        }
        let (occasion, answer) = (Occasion::WindowFull, Action::WAITS);
        let reason = reason::explain(occasion, view, &[], &answer)?;
        Some(Stop {
            index,
            occasion,
            view,
            answer,
            reason,
        })
    }

    fn occasion(&self) -> Option<Occasion> {
        let fin = |is_retransmission| self.answer == Action::fin(is_retransmission);
        if self.opened {
            return Some(Occasion::Opening);
        }
        match self.stimulus {
            Stimulus::Answer { .. } if fin(false) => Some(Occasion::Finished),
            Stimulus::Answer {
                kind,
                wanted,
                base_before,
            } => {
                if self.view.flow_control != FlowControlState::Open {
                    return (self.view.moved > 0).then_some(Occasion::Held);
                }
                Some(self.loss().unwrap_or(match (kind, self.view.moved) {
                    (Kind::Nack, _) => Occasion::Nack,
                    (_, 0) if wanted < base_before => Occasion::OldAck,
                    (_, 0) => Occasion::DuplicateAck,
                    (_, 1) => Occasion::Slide,
                    (_, _) => Occasion::Jump,
                }))
            }
            Stimulus::Expired(Timer::Retransmission | Timer::LossDetection) => {
                self.loss()
            }
            Stimulus::Expired(Timer::Probe) => Some(Occasion::Probe),
            Stimulus::Expired(Timer::Closing) => Some(Occasion::FinUnanswered),
            Stimulus::Turned(FlowControlState::Open) => Some(Occasion::GoesOn),
            Stimulus::Turned(FlowControlState::Paused) => Some(Occasion::Paused),
            Stimulus::Turned(FlowControlState::WindowClosed) => {
                Some(Occasion::WindowClosed)
            }
            Stimulus::Expired(
                Timer::Handshake
                | Timer::AcknowledgementDelay
                | Timer::Idle
                | Timer::Silence,
            )
            | Stimulus::Other => None,
        }
    }

    /// The kind of loss that was found out, where one was.
    fn loss(&self) -> Option<Occasion> {
        let first = self.lost.first()?;
        if first.attempt > 1 {
            return Some(Occasion::LostAgain);
        }
        Some(match first.trigger {
            Trigger::PacketThreshold => Occasion::PacketThreshold,
            Trigger::TimeThreshold => Occasion::TimeThreshold,
            Trigger::Timeout => Occasion::Timeout,
        })
    }
}
