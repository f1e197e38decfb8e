//! Processes the datagrams of a receiver's socket: address, fate in the link, content.
//!
//! ```text
//!   datagram --from there?--> link --whole? the right MAC?--> machine, bytes
//!                                    v no, but our token
//!                                 corrupt: recorded    forged: ignored
//! ```
//!
//! Source: report chapters `wire/packet` and `link`.

use super::ReceiverDriver;
use crate::link::{Direction, Label};
use crate::reliable::Machine;
use crate::reliable::event::PacketName;
use crate::reliable::moment::Moment;
use crate::reliable::path::Heard;
use crate::transfer::Report;
use crate::wire::packet::{Body, Packet, PacketError, PathPacket};
use std::net::SocketAddr;

impl<R: FnMut(Report)> ReceiverDriver<R> {
    /// Whether this comes from the sender. A client accepts packets only from the server.
    /// A server accepts packets with the token from the client's address, with any port;
    /// once the connection is open, a new port is challenged.
    pub(super) fn knows(&mut self, from: SocketAddr, datagram: &[u8]) -> bool {
        if PathPacket::is_one(datagram) {
            self.on_path_packet(from, datagram);
            return false;
        }
        let Some(asker) = self.asker else {
            return true;
        };
        if from.ip() != asker || !Packet::has_token(datagram, self.job.token) {
            return false;
        }
        let is_open = self.connection.parameters().is_some();
        if is_open && self.packet_output.expects(from, datagram) {
            return true;
        }
        let packet = match Packet::decode_keyed(datagram, self.key.as_ref()) {
            Ok((packet, _)) => packet,
            Err(error) => {
                let is_told = self.packet_output.leads_to(from);
                return is_told || {
                    self.note_forgery(&error, datagram);
                    false
                };
            }
        };
        if is_open {
            let heard = Heard {
                from,
                sent_at: packet.sent_at,
                bytes: datagram.len(),
            };
            self.packet_output.hear(heard, self.clock.now());
            return true;
        }
        if !matches!(packet.body, Body::Syn(_)) {
            return true; // Before it is open, only a SYN shows the sender's address.
        }
        if self.packet_output.follow(from, packet.sent_at) {
            self.connection.on_moved();
        }
        self.packet_output.leads_to(from) // Otherwise its answer would be sent to another address.
    }

    fn on_path_packet(&mut self, from: SocketAddr, datagram: &[u8]) {
        let is_client = self.asker.is_none();
        let now = self.clock.now();
        let moved = self
            .packet_output
            .on_path_packet(datagram, from, is_client, now);
        match moved {
            Ok(true) => {
                let number = self.job.number;
                log::info!("transfer {number}: the sender's address changed to {from}");
            }
            Ok(false) => {}
            Err(error) => self.on_send_error(error),
        }
    }

    /// A datagram arrived from the socket: it passes the link.
    pub(super) fn arrive(&mut self, datagram: &[u8], from: SocketAddr, now: Moment) {
        let Some(link) = &mut self.incoming else {
            self.packet_output.came(from, datagram, None);
            return self.receive(datagram, false, now);
        };
        if let Ok((packet, _)) = Packet::decode_keyed(datagram, self.key.as_ref()) {
            let label = Label::from(PacketName::from(&packet));
            let entered = link.enter(datagram.to_vec(), label, datagram.len(), now);
            self.watch.carried(&packet, Direction::Data, entered, now);
            self.packet_output.came(from, datagram, Some(entered));
        } else {
            self.packet_output.came(from, datagram, None);
            self.receive(datagram, false, now); // Corrupted before it arrived here, or forged.
        }
    }

    /// `is_damaged_here`: this side's link has corrupted it.
    pub(super) fn receive(
        &mut self,
        datagram: &[u8],
        is_damaged_here: bool,
        now: Moment,
    ) {
        let read = Packet::decode_keyed(datagram, self.key.as_ref());
        let (packet, payload) = match read {
            Ok(read) => {
                self.packet_output.last_error().forget();
                read
            }
            Err(_) if !Packet::has_token(datagram, self.job.token) => return,
            Err(_) if is_damaged_here => return self.connection.on_damage(&[], now),
            Err(error) if self.note_forgery(&error, datagram) => return,
            Err(_) => return self.connection.on_damage(datagram, now),
        };
        let is_client = self.asker.is_none();
        if is_client
            && self.connection.parameters().is_none()
            && matches!(packet.body, Body::Data { .. })
            && packet.token == self.job.token
        {
            return self.keep_early(datagram, now);
        }
        if self.connection.is_wanted(&packet)
            && let Some(parameters) = self.connection.parameters()
        {
            let place = parameters.bytes_before(packet.sequence);
            self.bytes.keep(place, payload, &self.disk);
        }
        self.connection.on_packet(&packet, now);
        self.bytes.advance(self.connection.bytes_in_order());
        self.release_early();
    }

    /// Whether this is a forged packet of this transfer.
    fn note_forgery(&mut self, error: &PacketError, datagram: &[u8]) -> bool {
        let Some(packet) = PacketName::of_forged(error) else {
            return false;
        };
        self.forgeries.note(self.job.number, packet);
        self.connection.on_forgery(packet, datagram);
        true
    }
}
