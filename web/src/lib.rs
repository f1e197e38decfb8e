//! Sash's laboratory in a browser: the page sends a request as JSON and is answered with
//! JSON, pictures in it as SVG. The page only shows what it is given and reports what a
//! person does; every state is kept here, in the same Rust code that the window uses.
//!
//! ```text
//!   page.js --{"do": [...], "draw": {...}}--> call() --> Desk --> sash::lab::page
//!           <--{"state": {...}, "strip": "<svg", "main": "<svg"}--'
//! ```
//!
//! | module | is |
//! | --- | --- |
//! | [`abi`] | bytes in and out of WebAssembly's memory: the only `unsafe` |
//! | [`class`] | a question of the teacher's, and its outcome |
//! | [`desk`] | one page: what is asked of it, what it answers |
//! | [`request`] | what the page may ask |
//! | [`state`] | what the page is told |
//!
//! ```
//! let mut desk = sash_web::desk::Desk::default();
//! let answer = desk.call(r#"{"do": [{"card": "lose-one-packet"}, "step"]}"#);
//! let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
//! assert_eq!(answer["state"]["notice"]["words"], "The receiver sends SYN.");
//! ```

pub mod abi;
pub mod class;
pub mod desk;
pub mod request;
pub mod state;
