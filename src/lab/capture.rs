//! A capture for Wireshark: pcapng blocks around IP packets, as bytes.
//!
//! ```text
//!   section header   who wrote it, and what in it is made up
//!   interface        IP packets without Ethernet, times in nanoseconds
//!   packet           time, bytes, which way, a comment      (as many as there are)
//!   statistics       packets written, packets missed
//! ```
//!
//! This module makes bytes and touches no file. The packets of a transfer are put into IP
//! and UDP ([`frame`]), the lines of a chat into TCP ([`conversation`]); the packets of an
//! event log are in [`recorded`].
//!
//! ```
//! use sash::lab::capture::{Capture, CaptureDirection, frame};
//! use std::time::Duration;
//! let mut capture = Capture::new("an example");
//! let [ours, theirs] = [1, 2].map(|host| ([192, 0, 2, host], 55_000).into());
//! let packet = frame::udp(ours, theirs, b"hello");
//! capture.packet(Duration::from_secs(1), CaptureDirection::Out, &packet, Some("a greeting"));
//! let bytes = capture.take();
//! assert_eq!(bytes[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
//! assert_eq!(bytes.len() % 4, 0);
//! ```
//!
//! Source: draft-ietf-opsawg-pcapng §4.1 (section), §4.2 (interface), §4.3 (packet), §4.6
//! (statistics).

pub mod conversation;
pub mod frame;
pub mod recorded;

use crate::link::Fate;
use pcap_file::pcapng::blocks::enhanced_packet::{
    EnhancedPacketBlock, EnhancedPacketOption,
};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::interface_statistics::{
    InterfaceStatisticsBlock, InterfaceStatisticsOption,
};
use pcap_file::pcapng::blocks::section_header::{
    SectionHeaderBlock, SectionHeaderOption,
};
use pcap_file::pcapng::{PcapNgBlock, PcapNgWriter};
use pcap_file::{DataLink, Endianness};
use std::time::Duration;

/// A growing capture.
pub struct Capture {
    blocks: PcapNgWriter<Vec<u8>>,
    packets: u64,
}

/// The direction of a packet, seen from the place of the capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureDirection {
    /// Incoming.
    In,
    /// Outgoing.
    Out,
}

/// The unit of time stamps: 10 to the minus ninth seconds (`if_tsresol`).
const NANOSECONDS: u8 = 9;

/// The reason why writing into memory cannot fail.
const IN_MEMORY: &str = "a block for the one interface, into memory, is always written";

impl Capture {
    /// Begins a capture; `about` describes it.
    ///
    /// # Panics
    /// Never: it writes into memory.
    #[must_use]
    pub fn new(about: &str) -> Self {
        let application = concat!("Sash ", env!("CARGO_PKG_VERSION"));
        let section = SectionHeaderBlock {
            // The same bytes on every machine.
            endianness: Endianness::Little,
            options: vec![
                SectionHeaderOption::Comment(about.to_owned().into()),
                SectionHeaderOption::UserApplication(application.into()),
            ],
            ..SectionHeaderBlock::default()
        };
        let interface = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            snaplen: 0, // There is no limit.
            options: vec![
                InterfaceDescriptionOption::IfName("sash".into()),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ],
        };
        let blocks = PcapNgWriter::with_section_header(Vec::new(), section);
        let mut capture = Self {
            blocks: blocks.expect(IN_MEMORY),
            packets: 0,
        };
        capture.write(interface);
        capture
    }

    /// Adds a packet, from the first byte of its IP header on.
    ///
    /// # Panics
    /// Never: it writes into memory.
    pub fn packet(
        &mut self,
        time: Duration,
        direction: CaptureDirection,
        packet: &[u8],
        comment: Option<&str>,
    ) {
        self.cut_packet(time, direction, packet, packet.len(), comment);
    }

    /// The same for a cut packet; `bytes`: its original length.
    ///
    /// # Panics
    /// Never: it writes into memory.
    pub fn cut_packet(
        &mut self,
        time: Duration,
        direction: CaptureDirection,
        packet: &[u8],
        bytes: usize,
        comment: Option<&str>,
    ) {
        let mut options = vec![EnhancedPacketOption::Flags(direction.flags())];
        options.extend(comment.map(|it| EnhancedPacketOption::Comment(it.into())));
        self.packets += 1;
        self.write(EnhancedPacketBlock {
            interface_id: 0,
            timestamp: time,
            original_len: u32::try_from(bytes).unwrap_or(u32::MAX),
            data: packet.into(),
            options,
        });
    }

    /// Ends the capture with the number of packets, and of `missed` ones.
    ///
    /// # Panics
    /// Never: it writes into memory.
    pub fn statistics(&mut self, time: Duration, missed: u64) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.write(InterfaceStatisticsBlock {
            interface_id: 0,
            // The format puts the upper half first, whatever the order of bytes.
            timestamp: nanoseconds.rotate_left(32),
            options: vec![
                InterfaceStatisticsOption::IsbIfRecv(self.packets + missed),
                InterfaceStatisticsOption::IsbIfDrop(missed),
            ],
        });
    }

    /// The number of packets so far.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// The complete blocks since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.blocks.get_mut())
    }

    /// The number of bytes that [`Capture::take`] would return.
    #[must_use]
    pub fn waiting_bytes(&self) -> usize {
        self.blocks.get_ref().len()
    }

    fn write<'a>(&mut self, block: impl PcapNgBlock<'a>) {
        self.blocks.write_pcapng_block(block).expect(IN_MEMORY);
    }
}

impl CaptureDirection {
    /// `epb_flags`: bits 0 and 1.
    const fn flags(self) -> u32 {
        match self {
            Self::In => 1,
            Self::Out => 2,
        }
    }
}

/// The comment about a packet with this fate on the link; none if it arrives unchanged.
#[must_use]
pub fn comment(fate: Fate, scenario: &str) -> Option<String> {
    let what = match fate {
        Fate::Delivered => return None,
        Fate::Lost => "dropped by the link: lost",
        Fate::QueueFull => "dropped by the link: the queue was full",
        Fate::TooLong => "dropped by the link: longer than the mtu",
        Fate::Corrupted => "corrupted by the link: one bit flipped",
        Fate::Reordered => "held back by the link: later packets overtake it",
        Fate::Duplicated => "duplicated by the link: it arrives twice",
    };
    Some(format!("{what} ({scenario})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks of a capture: type and body, both lengths compared.
    fn blocks(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
        let word = |bytes: &[u8], at: usize| {
            u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
        };
        let mut blocks = Vec::new();
        while !bytes.is_empty() {
            let length = word(bytes, 4) as usize;
            let (block, rest) = bytes.split_at(length);
            assert_eq!(word(block, length - 4) as usize, length);
            blocks.push((word(block, 0), block[8..length - 4].to_vec()));
            bytes = rest;
        }
        blocks
    }

    #[test]
    fn a_packet_block_has_the_layout_of_the_pcapng_draft() {
        let mut capture = Capture::new("x");
        capture.take();
        let time = Duration::from_nanos(0x0000_0001_0000_0002);
        capture.packet(time, CaptureDirection::Out, b"12345", Some("why"));
        let bytes = capture.take();
        let expected = [
            &[6, 0, 0, 0, 60, 0, 0, 0][..], // enhanced packet, 60 bytes
            &[0, 0, 0, 0],                  // interface 0
            &[1, 0, 0, 0, 2, 0, 0, 0],      // upper half first
            &[5, 0, 0, 0, 5, 0, 0, 0],      // captured, original
            b"12345\0\0\0",                 // up to four bytes
            &[2, 0, 4, 0, 2, 0, 0, 0],      // epb_flags: outbound
            &[1, 0, 3, 0, b'w', b'h', b'y', 0], // opt_comment
            &[0, 0, 0, 0],                  // end of options
            &[60, 0, 0, 0],                 // 60 bytes, for reading backwards
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn a_capture_consists_of_a_section_an_interface_packets_and_statistics() {
        let mut capture = Capture::new("what it is");
        capture.packet(Duration::ZERO, CaptureDirection::In, &[], None);
        capture.statistics(Duration::from_nanos(0x0000_0001_0000_0002), 3);
        assert!(capture.waiting_bytes() > 0);
        let blocks = blocks(&capture.take());
        assert_eq!(capture.waiting_bytes(), 0);
        let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [0x0a0d_0d0a, 1, 6, 5]);
        let (_, section) = &blocks[0];
        assert_eq!(section[..4], 0x1a2b_3c4d_u32.to_le_bytes());
        assert!(section.windows(10).any(|it| it == b"what it is"));
        assert_eq!(blocks[1].1[..8], [101, 0, 0, 0, 0, 0, 0, 0]); // LINKTYPE_RAW
        let (_, statistics) = &blocks[3];
        assert_eq!(statistics[4..12], [1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(statistics[12..24], [4, 0, 8, 0, 4, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(statistics[24..36], [5, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn only_packets_that_the_link_changed_or_dropped_have_a_comment() {
        let said = comment(Fate::Lost, "seed=7;loss=10%").unwrap();
        assert_eq!(said, "dropped by the link: lost (seed=7;loss=10%)");
        assert_eq!(comment(Fate::Delivered, ""), None);
    }
}
