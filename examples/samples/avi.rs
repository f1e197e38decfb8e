//! A film as an AVI file: Motion JPEG, which every player opens.
//!
//! ```text
//! RIFF 'AVI '
//!   LIST 'hdrl'   avih: the film          LIST 'strl'   strh, strf: its one stream
//!   LIST 'movi'   00dc: one JPEG picture, 00dc, 00dc, ...
//!   idx1          where each 00dc begins
//! ```
//!
//! A chunk is a name of four letters, a length and that many bytes, rounded up to an even
//! number; a list is a chunk whose bytes begin with a second name and go on with chunks.
//! All integers little-endian.
//!
//! Source: Microsoft, "AVI RIFF File Reference"; "Multimedia Programming Interface and
//! Data Specifications 1.0" (1991).

/// What a player must know of a film.
pub(crate) struct Film {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) frames_per_second: u32,
    /// Each a JPEG picture.
    pub(crate) frames: Vec<Vec<u8>>,
}

impl Film {
    /// The whole file.
    pub(crate) fn to_avi(&self) -> Vec<u8> {
        let mut movie = Vec::new();
        let mut index = Vec::new();
        for frame in &self.frames {
            // Counted from the name 'movi', which stands four bytes before the first.
            let offset = size(&movie) + 4;
            index.extend(b"00dc");
            index.extend(words(&[KEY_FRAME, offset, size(frame)]));
            movie.extend(chunk(*b"00dc", frame));
        }
        let stream = [
            chunk(*b"strh", &self.stream()),
            chunk(*b"strf", &self.format()),
        ];
        let headers = [
            chunk(*b"avih", &self.header()),
            list(*b"strl", &stream.concat()),
        ];
        let body = [
            list(*b"hdrl", &headers.concat()),
            list(*b"movi", &movie),
            chunk(*b"idx1", &index),
        ];
        chunk(*b"RIFF", &[b"AVI ".as_slice(), &body.concat()].concat())
    }

    fn header(&self) -> Vec<u8> {
        words(&[
            1_000_000 / self.frames_per_second,
            self.largest() * self.frames_per_second,
            0,
            HAS_INDEX,
            size(&self.frames),
            0,
            1,
            self.largest(),
            self.width.into(),
            self.height.into(),
            0,
            0,
            0,
            0,
        ])
    }

    fn stream(&self) -> Vec<u8> {
        let numbers = [
            0,
            0,
            0,
            1,
            self.frames_per_second,
            0,
            size(&self.frames),
            self.largest(),
            DEFAULT_QUALITY,
            0,
            0,
        ];
        let corner = [0, 0, self.width, self.height].map(u16::to_le_bytes);
        [b"vidsMJPG".as_slice(), &words(&numbers), &corner.concat()].concat()
    }

    fn format(&self) -> Vec<u8> {
        let (width, height) = (u32::from(self.width), u32::from(self.height));
        let planes_and_bits = 1 | 24 << 16;
        let front = words(&[40, width, height, planes_and_bits]);
        let back = words(&[width * height * 3, 0, 0, 0, 0]);
        [front.as_slice(), b"MJPG", &back].concat()
    }

    fn largest(&self) -> u32 {
        self.frames
            .iter()
            .map(|frame| size(frame))
            .max()
            .unwrap_or(0)
    }
}

fn chunk(name: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    let mut chunk = [name.as_slice(), &size(bytes).to_le_bytes(), bytes].concat();
    if bytes.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

fn list(name: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    chunk(*b"LIST", &[name.as_slice(), bytes].concat())
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

fn size<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).expect("a sample is small")
}

/// Each picture can be shown without those before it.
const KEY_FRAME: u32 = 0x10;

/// The file ends with an `idx1`.
const HAS_INDEX: u32 = 0x10;

/// What a stream says that leaves the quality to its encoder.
const DEFAULT_QUALITY: u32 = u32::MAX;
