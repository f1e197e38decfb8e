//! All differences between operating systems, in one folder.
//!
//! No file outside this folder asks which system it is compiled for (`cfg(unix)`,
//! `cfg(windows)`, `cfg(target_os)`), which a test checks. Each function here is the same on
//! all systems; where a system lacks something, the function says what it does instead.
//!
//! | module | subject |
//! | --- | --- |
//! | [`disk`] | free space, and space reserved for a file |
//! | [`files`] | identity of an open file, links, permissions, paths |
//! | [`datagrams`] | many datagrams in one call: sent |
//! | [`incoming`] | many datagrams in one call: received |
//! | [`filter`] | datagrams that the kernel drops before they reach a socket |
//! | [`sockets`] | error numbers, fragments, a stream that never blocks |
//! | [`terminal`] | modes of a terminal, escape sequences in a console |
//! | [`processes`] | priority of a thread, process groups, a process that becomes another program |
//! | [`page_file`] | where the laboratory's page is |
//! | [`display`] | the sockets of an X server |
//!
//! | | Linux | macOS, BSD | Windows |
//! | --- | --- | --- | --- |
//! | space reserved | `fallocate` | | |
//! | free space | `fstatvfs` | `fstatvfs` | `GetDiskFreeSpaceW` |
//! | identity of a file | device, inode | device, inode | volume, file index |
//! | datagrams per call | many | one | one |
//! | fragments forbidden | yes | | |
//! | filter on a socket | BPF | | |
//! | terminal restored | termios | termios | console mode |
//! | keys one by one | termios | termios | line by line |
//! | process groups | yes | yes | |

pub mod datagrams;
pub mod disk;
pub mod display;
pub mod files;
pub mod filter;
pub mod incoming;
pub mod page_file;
pub mod processes;
pub mod sockets;
pub mod terminal;
#[cfg(test)]
pub(crate) mod tests;
