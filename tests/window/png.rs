//! Reads a PNG file pixel by pixel and finds it in a window.

use std::ops::Range;

/// A picture: three bytes for each pixel, row by row.
pub(crate) struct Png {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pixels: Vec<u8>,
}

impl Png {
    /// Reads a file of eight bits a colour.
    pub(crate) fn read(file: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(frame.color_type, png::ColorType::Rgb);
        assert_eq!(frame.bit_depth, png::BitDepth::Eight);
        Self {
            width: usize::try_from(frame.width).unwrap(),
            height: usize::try_from(frame.height).unwrap(),
            pixels,
        }
    }

    /// The number of its pixels with this colour.
    pub(crate) fn count(&self, colour: [u8; 3]) -> usize {
        let pixels = self.pixels.chunks_exact(3);
        pixels.filter(|it| **it == colour).count()
    }

    /// The place of this picture in a window of this width, if it is there: its left and
    /// top edge. The outermost pixels do not count, because the frame of the focus may be
    /// there.
    pub(crate) fn place_in(
        &self,
        window: &[u8],
        window_width: usize,
    ) -> Option<(usize, usize)> {
        let window_height = window.len() / 3 / window_width;
        let room = |outer: usize, inner: usize| 0..(outer + 1).saturating_sub(inner);
        let mut tops = room(window_height, self.height);
        tops.find_map(|top| {
            let mut lefts = room(window_width, self.width);
            let left = lefts.find(|&left| {
                let row = |y: usize| {
                    let columns = left + 1..left + self.width - 1;
                    columns_of(window, window_width, top + y, columns)
                };
                let ours = |y| columns_of(&self.pixels, self.width, y, 1..self.width - 1);
                (1..self.height - 1).all(|y| row(y) == ours(y))
            })?;
            Some((left, top))
        })
    }
}

/// The pixels of a row in these columns.
fn columns_of(pixels: &[u8], width: usize, y: usize, columns: Range<usize>) -> &[u8] {
    let row = &pixels[y * width * 3..(y + 1) * width * 3];
    &row[columns.start * 3..columns.end * 3]
}
