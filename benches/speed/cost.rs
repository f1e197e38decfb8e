//! What a piece of work takes of the machine: processor time and memory of this process.
//!
//! Linux and its relatives tell it; elsewhere a figure is left out.

/// What was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Cost {
    /// Of all threads, in the program and in the kernel for it.
    pub(crate) processor_seconds: Option<f64>,
    /// The most memory at a time, above what was taken at the beginning. Unit: bytes.
    pub(crate) peak_bytes: Option<u64>,
}

/// Counts from its start on.
#[derive(Debug)]
pub(crate) struct Meter {
    processor_seconds: Option<f64>,
    memory_bytes: Option<u64>,
}

impl Meter {
    /// Starts to count.
    #[must_use]
    pub(crate) fn start() -> Self {
        forget_the_peak();
        Self {
            processor_seconds: processor_seconds(),
            memory_bytes: memory("VmRSS:"),
        }
    }

    /// What was taken since.
    #[must_use]
    pub(crate) fn read(&self) -> Cost {
        let now = processor_seconds();
        let peak = memory("VmHWM:");
        Cost {
            processor_seconds: now
                .zip(self.processor_seconds)
                .map(|(now, then)| now - then),
            peak_bytes: peak
                .zip(self.memory_bytes)
                .map(|(peak, then)| peak.saturating_sub(then)),
        }
    }
}

#[cfg(unix)]
#[expect(clippy::cast_precision_loss, reason = "seconds for people")]
fn processor_seconds() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike as _;
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let spent = usage.user_time() + usage.system_time();
    Some(spent.num_microseconds() as f64 / 1e6)
}

#[cfg(not(unix))]
fn processor_seconds() -> Option<f64> {
    None
}

/// From here on the kernel counts the peak anew. Where it does not, figures of later work
/// are too high, never too low.
fn forget_the_peak() {
    const PEAK: &str = "5";
    let _ = std::fs::write("/proc/self/clear_refs", PEAK);
}

/// A line of the kernel's status of this process. Unit: bytes.
fn memory(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_and_peak_memory_are_measured_from_the_start() {
        // Other tests of this process may make the kernel forget the peak meanwhile.
        let mut costs = (0..20).map(|_| {
            let meter = Meter::start();
            let large = vec![1_u8; 64 << 20];
            let sum: u64 = large.iter().map(|&byte| u64::from(byte)).sum();
            assert_eq!(sum, 64 << 20);
            drop(large);
            meter.read()
        });
        let is_counted = |cost: Cost| {
            cost.processor_seconds.is_some_and(|seconds| seconds > 0.0)
                && cost.peak_bytes.is_some_and(|bytes| bytes >= 60 << 20)
        };
        assert!(costs.any(is_counted));
    }
}
