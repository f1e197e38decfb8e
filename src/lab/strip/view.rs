//! The common parts of text and drawing: the shown part of a long file, and its bins.

use super::{ReceiverState, SenderState, Strip};
use crate::lab::journal::Heading;
use std::ops::Range;

/// One bin at both ends: the number of segments in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bin {
    sender: [u32; 5],
    receiver: [u32; 3],
}

/// The segments that are shown one by one: around the window.
pub(super) fn shown(strip: &Strip, most: u32) -> Range<u32> {
    let segments = strip.segments();
    let before = most / 6;
    let here = if strip.hears_sender() {
        strip.base()
    } else {
        strip.next_expected()
    };
    let first = here
        .saturating_sub(before)
        .min(segments.saturating_sub(most));
    first..segments.min(first.saturating_add(most))
}

/// The number of segments per bin, for this number of bins.
pub(super) fn segments_per_bin(strip: &Strip, most_bins: u32) -> u32 {
    strip.segments().div_ceil(most_bins).max(1)
}

/// The whole file in bins of this many segments.
pub(super) fn bins(strip: &Strip, per_bin: u32) -> Vec<Bin> {
    let firsts = (0..strip.segments()).step_by(per_bin as usize);
    firsts
        .map(|first| {
            let last = strip.segments().min(first.saturating_add(per_bin));
            Bin::of(strip, first..last)
        })
        .collect()
}

impl Bin {
    fn of(strip: &Strip, range: Range<u32>) -> Self {
        let (mut sender, mut receiver) = ([0; 5], [0; 3]);
        // Segments that were never named need no lookup, because a heading may contain
        // any number.
        let named = range.start..range.end.min(strip.named());
        let unnamed = (range.end - range.start) - len(&named);
        sender[SenderState::Unsent as usize] = unnamed;
        receiver[ReceiverState::Missing as usize] = unnamed;
        for number in named {
            sender[strip.sender(number) as usize] += 1;
            receiver[strip.receiver(number) as usize] += 1;
        }
        Self { sender, receiver }
    }

    /// The most important state at the sender, so that one lost segment among many is
    /// visible.
    pub(super) fn sender_says(&self) -> SenderState {
        let there = SenderState::ALL
            .into_iter()
            .filter(|&state| self.sender[state as usize] > 0);
        there
            .max_by_key(|state| state.weight())
            .unwrap_or(SenderState::Unsent)
    }

    /// The most important state at the receiver.
    pub(super) fn receiver_says(&self) -> ReceiverState {
        let there = ReceiverState::ALL
            .into_iter()
            .filter(|&state| self.receiver[state as usize] > 0);
        there
            .max_by_key(|state| state.weight())
            .unwrap_or(ReceiverState::Missing)
    }
}

const fn len(range: &Range<u32>) -> u32 {
    range.end.saturating_sub(range.start)
}

/// The protocol and its window: `go-back-n, window 4`.
pub(in crate::lab) fn title(heading: &Heading) -> String {
    let Heading {
        arq,
        window,
        congestion,
        ..
    } = heading;
    if *congestion == crate::wire::options::Congestion::Fixed {
        format!("{arq}, window {window}")
    } else {
        format!("{arq}, window {window}, {congestion}")
    }
}

/// The file and the link: `700 bytes in segments of 100; link: delay=50ms`.
pub(in crate::lab) fn subtitle(heading: &Heading) -> String {
    let Heading {
        size,
        segment_bytes,
        scenario,
        ..
    } = heading;
    format!("{size} bytes in segments of {segment_bytes}; link: {scenario}")
}
