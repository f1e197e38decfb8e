//! Bytes in and out of WebAssembly's memory: three functions, and the only `unsafe`.
//!
//! ```text
//!   at = sash_alloc(n); the page writes n bytes of JSON at `at`
//!   answer = sash_call(at, n)    takes those bytes; gives [length: u32][length bytes]
//!   the page reads them; sash_free(answer, 4 + length)
//! ```
//!
//! The names are exported from WebAssembly alone: elsewhere they are plain functions.
//! Every block has an alignment of 1 and exactly the size that its owner names.

use crate::desk::Desk;
use std::cell::RefCell;

thread_local! {
    /// A page has one thread.
    static DESK: RefCell<Desk> = RefCell::default();
}

/// Room for so many bytes, to be given to [`sash_call`].
#[must_use]
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn sash_alloc(length: usize) -> *mut u8 {
    let block = vec![0_u8; length].into_boxed_slice();
    Box::into_raw(block).cast()
}

/// Answers the request of so many bytes that is written here, and frees it.
///
/// # Safety
/// `request` is from [`sash_alloc`] with the same `length`, and is used for nothing else
/// afterwards.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub unsafe extern "C" fn sash_call(request: *mut u8, length: usize) -> *mut u8 {
    // SAFETY: the caller gives back the block that `sash_alloc` made, whole.
    let request = unsafe { owned(request, length) };
    let request = String::from_utf8_lossy(&request);
    let answer = DESK.with_borrow_mut(|desk| desk.call(&request));
    let size = u32::try_from(answer.len()).unwrap_or(u32::MAX);
    let mut block = Vec::with_capacity(4 + answer.len());
    block.extend_from_slice(&size.to_le_bytes());
    block.extend_from_slice(answer.as_bytes());
    Box::into_raw(block.into_boxed_slice()).cast()
}

/// Frees an answer of [`sash_call`]: its length and the four bytes that say it.
///
/// # Safety
/// `answer` is from [`sash_call`], `length` is its whole size, and it is used for nothing else
/// afterwards.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub unsafe extern "C" fn sash_free(answer: *mut u8, length: usize) {
    // SAFETY: the caller gives back the block that `sash_call` made, whole.
    drop(unsafe { owned(answer, length) });
}

/// # Safety
/// `block` was made of a boxed slice of `length` bytes, and has no other owner.
unsafe fn owned(block: *mut u8, length: usize) -> Box<[u8]> {
    // SAFETY: see above.
    unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(block, length)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_through_memory() {
        let request = br#"{"do": []}"#;
        let at = sash_alloc(request.len());
        // SAFETY: as the page does it: written whole, given once, read whole, freed once.
        let answer = unsafe {
            std::ptr::copy_nonoverlapping(request.as_ptr(), at, request.len());
            let answer = sash_call(at, request.len());
            let size = std::ptr::read_unaligned(answer.cast::<u32>());
            let size = usize::try_from(u32::from_le(size)).unwrap();
            let text = std::slice::from_raw_parts(answer.add(4), size).to_vec();
            sash_free(answer, 4 + size);
            String::from_utf8(text).unwrap()
        };
        assert!(answer.starts_with(r#"{"state":"#), "{answer}");
    }
}
