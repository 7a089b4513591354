//! WAV files around the samples that Polly sends bare.
//!
//! A RIFF file with the chunks `fmt `, `fact` where the samples are compressed, and `data`; all
//! numbers little-endian (Microsoft, *New Multimedia Data Types and Data Techniques*, 1994).

use bytes::{BufMut as _, Bytes, BytesMut};

use super::speech::Format;

const PCM: u16 = 1;
const MULAW: u16 = 7;

/// The file of the audio that was sent.
pub(super) fn contained(format: Format, audio: Bytes) -> Bytes {
    match (format, format.sample_rate()) {
        (Format::Pcm, Some(rate)) => wav(PCM, 16, rate, &audio),
        (Format::Mulaw, Some(rate)) => wav(MULAW, 8, rate, &audio),
        _ => audio,
    }
}

/// One channel of samples.
fn wav(tag: u16, bits: u16, rate: u32, samples: &[u8]) -> Bytes {
    let bytes_per_sample = bits / 8;
    // Audio is bounded far below what the numbers of a header can say.
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    let padded = length % 2;
    let mut file = BytesMut::with_capacity(samples.len() + 64);
    let compressed = tag != PCM;
    let format_bytes: u32 = if compressed { 18 } else { 16 };
    let fact_bytes: u32 = if compressed { 12 } else { 0 };
    file.put_slice(b"RIFF");
    file.put_u32_le(4 + 8 + format_bytes + fact_bytes + 8 + length + padded);
    file.put_slice(b"WAVEfmt ");
    file.put_u32_le(format_bytes);
    file.put_u16_le(tag);
    file.put_u16_le(1);
    file.put_u32_le(rate);
    file.put_u32_le(rate * u32::from(bytes_per_sample));
    file.put_u16_le(bytes_per_sample);
    file.put_u16_le(bits);
    if compressed {
        file.put_u16_le(0);
        file.put_slice(b"fact");
        file.put_u32_le(4);
        file.put_u32_le(length / u32::from(bytes_per_sample));
    }
    file.put_slice(b"data");
    file.put_u32_le(length);
    file.put_slice(samples);
    if padded == 1 {
        file.put_u8(0);
    }
    file.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn u32_at(file: &[u8], at: usize) -> usize {
        u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize
    }

    /// Chunks of a RIFF file, read as a player does.
    fn chunks(file: &[u8]) -> Vec<(&str, &[u8])> {
        assert_eq!((&file[..4], &file[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
        assert_eq!(u32_at(file, 4), file.len() - 8);
        let (mut at, mut found) = (12, Vec::new());
        while at < file.len() {
            let length = u32_at(file, at + 4);
            let name = std::str::from_utf8(&file[at..at + 4]).unwrap();
            found.push((name, &file[at + 8..at + 8 + length]));
            at += 8 + length + length % 2;
        }
        assert_eq!(at, file.len());
        found
    }

    #[test]
    fn mulaw_is_one_channel_of_8000_bytes_a_second() {
        let file = contained(Format::Mulaw, Bytes::from_static(b"abc"));
        let found = chunks(&file);
        let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["fmt ", "fact", "data"]);
        assert_eq!(found[0].1, [7, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0, 1, 0, 8, 0, 0, 0]);
        assert_eq!((found[1].1, found[2].1), (&[3, 0, 0, 0][..], &b"abc"[..]));
    }

    #[test]
    fn pcm_is_one_channel_of_16_bits_at_16_kilohertz() {
        let file = contained(Format::Pcm, Bytes::from_static(&[1, 0, 2, 0]));
        let found = chunks(&file);
        assert_eq!(found[0].1, [1, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0]);
        assert_eq!(found[1], ("data", &[1, 0, 2, 0][..]));
        assert_eq!(contained(Format::Mp3, Bytes::from_static(b"mp3")), "mp3");
    }
}
