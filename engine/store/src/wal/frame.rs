//! Pieces of a file that each carry their length and checksum.
//!
//! | bytes | |
//! |---|---|
//! | 4 | length of the piece |
//! | 4 | the length again, with every bit turned |
//! | 8 | XXH3 of the piece |
//! | rest | the piece, never empty |

use std::io::{ErrorKind, Read};

use super::Bad;

pub(crate) const HEADER_BYTES: usize = 16;

/// No piece is longer: a group of commits closes at 8 MiB of values, a piece of a base at 64 KiB.
const MAX_PIECE: u32 = 64 * 1024 * 1024;

/// Begins a piece: the caller appends to `out` and then calls [`close`] with what this gave.
pub(crate) fn open(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[0; HEADER_BYTES]);
    out.len()
}

/// Writes length and checksum of the piece that begins at `start`.
pub(crate) fn close(out: &mut [u8], start: usize) {
    let length = (out.len() - start) as u32;
    let hash = twox_hash::XxHash3_64::oneshot(&out[start..]);
    let header = &mut out[start - HEADER_BYTES..start];
    header[..4].copy_from_slice(&length.to_be_bytes());
    header[4..8].copy_from_slice(&(!length).to_be_bytes());
    header[8..].copy_from_slice(&hash.to_be_bytes());
}

/// What reading comes upon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A piece whose checksum holds is in the buffer.
    Whole,
    /// The end of the file, or room that was never written.
    End,
    /// Something that is no piece: damaged, or never written to its end.
    Broken,
}

/// Reads the next piece into `piece`.
pub(crate) fn read(input: &mut impl Read, piece: &mut Vec<u8>) -> Result<Piece, Bad> {
    let mut header = [0; HEADER_BYTES];
    let got = fill(input, &mut header)?;
    if got == 0 || header == [0; HEADER_BYTES] {
        // Room that was reserved is all zeros to the end of the file; anything else there was
        // written.
        return Ok(if rest_is_zero(input)? { Piece::End } else { Piece::Broken });
    }
    let Some(length) = length(&header[..got]) else { return Ok(Piece::Broken) };
    piece.clear();
    let read = input.by_ref().take(length as u64).read_to_end(piece)?;
    let hash = twox_hash::XxHash3_64::oneshot(piece);
    let is_whole = read == length && header[8..] == hash.to_be_bytes();
    Ok(if is_whole { Piece::Whole } else { Piece::Broken })
}

/// How long the piece is that `bytes` begin with, if they begin like one.
pub(crate) fn length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<HEADER_BYTES>()?;
    let word = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let length = word(0);
    (length == !word(4) && length != 0 && length <= MAX_PIECE).then_some(length as usize)
}

fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Bad> {
    let mut got = 0;
    while got < buffer.len() {
        match input.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(got)
}

fn rest_is_zero(input: &mut impl Read) -> Result<bool, Bad> {
    let mut buffer = [0; 8192];
    loop {
        match fill(input, &mut buffer)? {
            0 => return Ok(true),
            got if buffer[..got].iter().any(|&byte| byte != 0) => return Ok(false),
            _ => {}
        }
    }
}
