//! Sizes of files, as a command line has them.

/// `1500`, `10KiB`, `256MiB`, `1GiB`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("", 0)];
    let parse = |(unit, shift): (&str, u32)| {
        let number: u64 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
        number.checked_mul(1 << shift)
    };
    units
        .into_iter()
        .find_map(parse)
        .ok_or_else(|| "write a size, such as 1500, 10KiB, 256MiB or 1GiB".to_owned())
}
