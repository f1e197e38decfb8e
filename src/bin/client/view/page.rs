//! Which page of the main window is shown.

/// A page of the room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Page {
    /// The selected conversation.
    #[default]
    Chat,
    /// The transfers.
    Transfers,
    /// The sliding window at work; it needs no server.
    Laboratory,
}
