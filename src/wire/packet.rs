//! One datagram.
