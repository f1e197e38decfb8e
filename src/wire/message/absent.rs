//! Values that a message leaves out, because they are the default.
//!
//! Source: report page `wire`.

/// Whether the field is left out.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(super) const fn is_false(value: &bool) -> bool {
    !*value
}

/// Whether the field is left out.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(super) const fn is_zero(value: &u64) -> bool {
    *value == 0
}
