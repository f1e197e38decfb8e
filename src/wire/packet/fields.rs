//! The header, field by field, for programs that show its bytes.
//!
//! ```
//! use sash::wire::packet::{HEADER_BYTES, HEADER_FIELDS};
//! let bytes: usize = HEADER_FIELDS.iter().map(|(_, bytes)| bytes).sum();
//! assert_eq!(bytes, HEADER_BYTES);
//! ```

/// Each field of the header in its order: its name, and its length in bytes.
pub const HEADER_FIELDS: [(&str, usize); 9] = [
    ("version", 1),
    ("kind", 1),
    ("attempt", 1),
    ("0", 1),
    ("token", 16),
    ("number", 4),
    ("sequence", 4),
    ("sent at", 4),
    ("CRC-32", 4),
];
