use super::*;
use proptest::prelude::*;

fn packet(body: Body) -> Packet {
    Packet {
        token: Token([9; 16]),
        number: 0x0102_0304,
        attempt: 2,
        sequence: SequenceNumber(0xA0B0_C0D0),
        sent_at: 0x1122_3344,
        body,
    }
}

fn opening(segment_bytes: u16) -> HandshakeFields {
    HandshakeFields {
        size: 5_000,
        window: 16,
        echo: 77,
        segment_bytes,
    }
}

fn acknowledgement(ranges: u32) -> Acknowledgement {
    let range = |n| SequenceRange {
        start: SequenceNumber(n),
        end: SequenceNumber(n + 1),
    };
    Acknowledgement {
        echo: 5,
        window: 64,
        received: 9,
        ranges: (0..ranges).map(range).collect(),
    }
}

fn every_kind() -> Vec<Packet> {
    [
        Body::Syn(opening(1_436)),
        Body::SynAck(opening(1)),
        Body::Ack(acknowledgement(0)),
        Body::Nack(acknowledgement(32)),
        Body::Data { length: 3 },
        Body::Fin {
            digest: Digest([8; 32]),
        },
        Body::FinAck { verified: true },
        Body::FinAck { verified: false },
        Body::Rst {
            why: Reset::DiskFailed,
        },
    ]
    .map(packet)
    .to_vec()
}

fn encoded(packet: &Packet) -> Vec<u8> {
    let payload: &[u8] = if packet.body.kind() == Kind::Data {
        b"abc"
    } else {
        b""
    };
    let mut datagram = vec![0xEE; 3];
    packet.encode(&mut datagram, payload);
    datagram
}

/// Gives a changed datagram a correct checksum.
fn sealed(mut datagram: Vec<u8>) -> Vec<u8> {
    let checksum = checksum(&datagram).to_be_bytes();
    datagram.splice(CHECKSUM_OFFSET..HEADER_BYTES, checksum);
    datagram
}

#[test]
fn every_packet_kind_is_encoded_and_decoded_without_change_in_its_stated_length() {
    for sent in every_kind() {
        let datagram = encoded(&sent);
        assert_eq!(
            datagram.len(),
            sent.datagram_bytes(),
            "{}",
            sent.body.kind()
        );
        let payload: &[u8] = if sent.body.kind() == Kind::Data {
            b"abc"
        } else {
            b""
        };
        assert_eq!(Packet::decode(&datagram), Ok((sent, payload)));
    }
}

#[test]
fn the_header_has_the_byte_layout_of_the_report() {
    let datagram = encoded(&packet(Body::Data { length: 3 }));
    let mut drawn = vec![1, 5, 2, 0];
    drawn.extend([9; 16]);
    drawn.extend([1, 2, 3, 4, 0xA0, 0xB0, 0xC0, 0xD0, 0x11, 0x22, 0x33, 0x44]);
    assert_eq!(datagram[..32], drawn);
    assert_eq!(&datagram[36..], b"abc");
}

#[test]
fn a_syn_is_as_long_as_a_full_segment_and_thus_probes_the_path() {
    let syn = encoded(&packet(Body::Syn(opening(1_436))));
    let data = packet(Body::Data { length: 1_436 });
    assert_eq!(syn.len(), data.datagram_bytes());
}

#[test]
fn a_syn_shorter_or_longer_than_its_segment_size_is_refused() {
    let mut syn = encoded(&packet(Body::Syn(opening(1_436))));
    syn.truncate(1_471);
    let short = PacketError::TooShort { length: 1_471 };
    assert_eq!(Packet::decode(&sealed(syn.clone())), Err(short));
    syn.extend([0; 2]);
    let long = PacketError::TooLong { length: 1_473 };
    assert_eq!(Packet::decode(&sealed(syn)), Err(long));
}

#[test]
fn every_single_flipped_bit_is_detected() {
    for sent in every_kind() {
        let datagram = encoded(&sent);
        for bit in 0..datagram.len().min(120) * 8 {
            let mut damaged = datagram.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Packet::decode(&damaged).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_datagram_cut_anywhere_is_refused() {
    for sent in every_kind() {
        let datagram = encoded(&sent);
        for length in 0..datagram.len() {
            assert!(Packet::decode(&datagram[..length]).is_err(), "{length}");
        }
    }
}

#[test]
fn a_valid_checksum_does_not_excuse_an_invalid_packet() {
    let mut unknown_kind = encoded(&packet(Body::FinAck { verified: true }));
    unknown_kind[1] = 9;
    assert_eq!(
        Packet::decode(&sealed(unknown_kind)),
        Err(PacketError::Kind(9))
    );

    let mut bad_verdict = encoded(&packet(Body::FinAck { verified: true }));
    bad_verdict[36] = 7;
    assert_eq!(
        Packet::decode(&sealed(bad_verdict)),
        Err(PacketError::Value(7))
    );

    let mut too_long = encoded(&packet(Body::Fin {
        digest: Digest([0; 32]),
    }));
    too_long.push(0);
    assert_eq!(
        Packet::decode(&sealed(too_long)),
        Err(PacketError::TooLong { length: 69 })
    );
}

#[test]
fn data_without_payload_is_a_valid_packet() {
    let probe = packet(Body::Data { length: 0 });
    let mut datagram = Vec::new();
    probe.encode(&mut datagram, &[]);
    assert_eq!(Packet::decode(&datagram), Ok((probe, &[][..])));
}

const KEY: TrafficKey = TrafficKey([3; 32]);

fn keyed(packet: &Packet, key: &TrafficKey) -> Vec<u8> {
    let is_data = packet.body.kind() == Kind::Data;
    let payload: &[u8] = if is_data { b"abc" } else { b"" };
    let mut datagram = vec![0xEE; 3];
    packet.encode_keyed(&mut datagram, Some(key), payload);
    datagram
}

fn is_forged(result: &Result<(Packet, &[u8]), PacketError>) -> bool {
    matches!(result, Err(PacketError::Forged { .. }))
}

#[test]
fn with_a_key_every_packet_kind_is_encoded_and_decoded_without_change() {
    for sent in every_kind() {
        let kind = sent.body.kind();
        let datagram = keyed(&sent, &KEY);
        assert_eq!(datagram.len(), sent.keyed_bytes(true), "{kind}");
        assert_eq!(datagram == encoded(&sent), !kind.has_mac(), "{kind}");
        let (came, _) = Packet::decode_keyed(&datagram, Some(&KEY)).unwrap();
        assert_eq!(came, sent);
    }
}

#[test]
fn a_mac_replaces_padding_so_that_a_syn_does_not_become_longer() {
    for (segment_bytes, bytes) in [(1_436, 1_472), (34, 70), (33, 70), (1, 70)] {
        let syn = packet(Body::Syn(opening(segment_bytes)));
        assert_eq!(keyed(&syn, &KEY).len(), bytes, "{segment_bytes}");
    }
}

#[test]
fn a_missing_mac_a_wrong_key_and_a_changed_byte_all_count_as_forged() {
    for sent in every_kind() {
        let kind = sent.body.kind();
        let bare = encoded(&sent);
        let bare = Packet::decode_keyed(&bare, Some(&KEY));
        assert_eq!(is_forged(&bare), kind.has_mac(), "{kind}");
        let anothers = keyed(&sent, &TrafficKey([4; 32]));
        let anothers = Packet::decode_keyed(&anothers, Some(&KEY));
        assert_eq!(is_forged(&anothers), kind.has_mac(), "{kind}");
        if !kind.has_mac() {
            continue;
        }
        let whole = keyed(&sent, &KEY);
        // Each byte but version, kind and CRC-32, with a correct checksum.
        let bytes = (2..whole.len()).filter(|at| !(32..36).contains(at));
        for at in bytes {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            let changed = sealed(changed);
            assert!(
                is_forged(&Packet::decode_keyed(&changed, Some(&KEY))),
                "{kind} {at}"
            );
        }
    }
}

#[test]
fn the_mac_covers_the_packet_kind() {
    let mut fin_ack = keyed(&packet(Body::FinAck { verified: true }), &KEY);
    fin_ack[1] = Kind::Rst.code();
    assert!(is_forged(&Packet::decode_keyed(
        &sealed(fin_ack),
        Some(&KEY)
    )));
}

#[test]
fn a_corrupted_packet_with_a_mac_is_reported_as_corrupt() {
    let mut datagram = keyed(&packet(Body::FinAck { verified: true }), &KEY);
    datagram[40] ^= 1;
    let result = Packet::decode_keyed(&datagram, Some(&KEY));
    assert!(matches!(result, Err(PacketError::Corrupt { .. })));
}

#[test]
fn a_packet_with_a_mac_is_too_long_for_a_connection_without_keys() {
    for why in [Reset::Cancelled, Reset::BadParameters] {
        let datagram = keyed(&packet(Body::Rst { why }), &KEY);
        let too_long = PacketError::TooLong { length: 53 };
        assert_eq!(Packet::decode(&datagram), Err(too_long));
    }
}

#[test]
fn a_forged_packet_is_identified_in_the_error() {
    let reset = encoded(&packet(Body::Rst {
        why: Reset::Cancelled,
    }));
    let why = Packet::decode_keyed(&reset, Some(&KEY)).unwrap_err();
    assert_eq!(
        why.to_string(),
        "packet refused: RST 16909060.2 without a valid MAC"
    );
}

#[test]
fn a_corrupted_packet_belongs_to_the_transfer_only_if_its_token_matches() {
    let mut datagram = encoded(&packet(Body::Data { length: 3 }));
    datagram[38] ^= 1;
    assert!(Packet::has_token(&datagram, Token([9; 16])));
    assert!(!Packet::has_token(&datagram, Token([8; 16])));
    assert!(!Packet::has_token(&datagram[..10], Token([9; 16])));
}

proptest! {
    #[test]
    fn random_bytes_cause_no_panic(datagram in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Packet::decode(&datagram);
        let _ = Packet::decode_keyed(&datagram, Some(&KEY));
    }

    #[test]
    fn random_bodies_with_a_valid_checksum_cause_no_panic(
        kind in 0_u8..12,
        body in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut datagram = vec![VERSION, kind, 1, 0];
        datagram.resize(HEADER_BYTES, 0);
        datagram.extend(body);
        let datagram = sealed(datagram);
        let _ = Packet::decode(&datagram);
        let _ = Packet::decode_keyed(&datagram, Some(&KEY));
    }
}
