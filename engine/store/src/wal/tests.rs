//! Every flipped bit and every cut of a commit log is found, only its last record may be torn, and
//! a watermark is read from a slot that is whole. No file with records is begun anew.

use proptest::prelude::*;

use super::change::{self, Change, Changes};
use super::log::{AppendError, Appender, Draft, Next, Reader, segment_path};
use super::watermark::{self, Mark, Watermark};
use super::*;
use crate::plan::Slot;

fn stamp(number: u64) -> Stamp {
    Stamp { number, at: UnixMillis(1000 + number), sum: Sum(u128::from(number) << 70) }
}

const HISTORY: HistoryId = HistoryId([7; 16]);
const STORE: identity::StoreId = identity::StoreId([9; 16]);

fn append(log: &mut Appender, number: u64) {
    let mut draft = Draft::default();
    change::no_row(draft.changes(), &number.to_be_bytes());
    log.append(&stamp(number), &mut draft).unwrap();
}

/// Numbers of the records in a file, and whether its end is as it should be.
fn read(path: &Path) -> (Vec<u64>, bool) {
    let mut reader = Reader::open(path).unwrap();
    let mut numbers = Vec::new();
    loop {
        match reader.next() {
            Next::Record(record) => {
                assert_eq!(record.stamp, stamp(record.stamp.number));
                numbers.push(record.stamp.number);
            }
            Next::End => return (numbers, true),
            Next::Broken(_) => return (numbers, false),
        }
    }
}

proptest! {
    #[test]
    fn changes_survive_their_encoding(
        key in prop::collection::vec(any::<u8>(), 0..40),
        value in prop::collection::vec(any::<u8>(), 0..400),
        version in any::<u64>(),
        expiry in prop::option::of(0..u64::MAX),
    ) {
        let slot = Slot { value: value.into(), version, expires_at: expiry.map(UnixMillis) };
        let mut bytes = Vec::new();
        let of_row = change::row(&mut bytes, &key, &slot);
        change::no_row(&mut bytes, &key);
        let of_token = change::token(&mut bytes, &key, UnixMillis(version));
        change::no_token(&mut bytes, &key);
        let mut changes = Changes::new(&bytes);
        let (read, encoded) = changes.next().unwrap().unwrap();
        prop_assert_eq!(read, Change::Row { key: &key, slot });
        prop_assert_eq!(change::checksum(encoded), of_row);
        prop_assert_eq!(changes.next().unwrap().unwrap().0, Change::NoRow { key: &key });
        let (read, encoded) = changes.next().unwrap().unwrap();
        prop_assert_eq!(read, Change::Token { name: &key, forgotten: UnixMillis(version) });
        prop_assert_eq!(change::checksum(encoded), of_token);
        prop_assert_eq!(changes.next().unwrap().unwrap().0, Change::NoToken { name: &key });
        prop_assert_eq!(changes.next().unwrap(), None);
    }

    #[test]
    fn garbage_is_no_change_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let mut changes = Changes::new(&bytes);
        while let Ok(Some(_)) = changes.next() {}
    }
}

#[test]
fn every_flipped_bit_and_every_cut_of_a_log_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Appender::begin(folder.path(), STORE, HISTORY, stamp(4)).unwrap();
    (5..8).for_each(|number| append(&mut log, number));
    let path = segment_path(folder.path(), 5);
    // Room is written ahead, and is no record.
    assert_eq!(read(&path), (vec![5, 6, 7], true));
    log.close().unwrap();
    let whole = std::fs::read(&path).unwrap();
    assert_eq!(read(&path), (vec![5, 6, 7], true));
    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &bytes).unwrap();
        let found = Reader::open(&path).is_err() || read(&path) != (vec![5, 6, 7], true);
        assert!(found, "bit {bit}");
    }
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let lost = Reader::open(&path).is_err() || read(&path).0 != [5, 6, 7];
        assert!(lost, "cut to {length}");
    }
}

#[test]
fn a_file_that_takes_nothing_more_refuses_the_record_and_keeps_those_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Appender::begin(folder.path(), STORE, HISTORY, stamp(0)).unwrap();
    append(&mut log, 1);
    // A folder that is gone cannot take the next file.
    std::fs::rename(folder.path(), folder.path().with_extension("away")).unwrap();
    log.rotate().unwrap_err();
    std::fs::rename(folder.path().with_extension("away"), folder.path()).unwrap();
    append(&mut log, 2);
    assert_eq!(read(&segment_path(folder.path(), 1)), (vec![1, 2], true));
    let mut draft = Draft::default();
    log.append(&stamp(3), &mut draft)
        .map_err(|error| match error {
            AppendError::Refused(error) | AppendError::Broken(error) => error,
        })
        .unwrap();
}

#[test]
fn a_watermark_is_read_from_whichever_slot_is_whole_and_newest() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(watermark::read(folder.path()).unwrap(), None);
    let mark = |number| Mark {
        store: Some(STORE),
        history: HISTORY,
        promised: stamp(number),
        settled: number / 2,
    };
    let mut water = Watermark::open(folder.path(), &mark(1)).unwrap();
    water.write(&mark(2)).unwrap();
    water.write(&mark(3)).unwrap();
    assert_eq!(watermark::read(folder.path()).unwrap(), Some(mark(3)));
    let path = folder.path().join(watermark::FILE);
    let whole = std::fs::read(&path).unwrap();
    let slots: Vec<usize> = (0..whole.len()).filter(|&at| whole[at] != 0).collect();
    for at in slots {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let read = watermark::read(folder.path()).unwrap().unwrap();
        assert!(read == mark(3) || read == mark(2), "{read:?}");
        assert!(watermark::is_torn(folder.path()));
    }
    std::fs::write(&path, &whole[..70]).unwrap();
    watermark::read(folder.path()).unwrap_err();
}

#[test]
fn a_record_that_others_follow_is_damaged_and_only_the_last_may_be_torn() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Appender::begin(folder.path(), STORE, HISTORY, stamp(4)).unwrap();
    (5..8).for_each(|number| append(&mut log, number));
    log.close().unwrap();
    let path = segment_path(folder.path(), 5);
    let whole = std::fs::read(&path).unwrap();
    let header = 72;
    let record = (whole.len() - header) / 3;
    for at in header..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x21;
        std::fs::write(&path, &bytes).unwrap();
        let mut archive = archive::Archive::default();
        archive.add(folder.path()).unwrap();
        let is_last = at >= header + 2 * record;
        assert_eq!((archive.torn.is_some(), archive.broken.is_empty()), (is_last, is_last), "{at}");
        let trace = archive.last_trace(HISTORY);
        assert_eq!(trace, Some(stamp(if is_last { 6 } else { 7 })), "{at}");
    }
}

#[test]
fn a_file_with_records_is_never_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Appender::begin(folder.path(), STORE, HISTORY, stamp(4)).unwrap();
    drop(Appender::begin(folder.path(), STORE, HISTORY, stamp(4)).unwrap());
    append(&mut log, 5);
    let error = Appender::begin(folder.path(), STORE, HISTORY, stamp(4)).unwrap_err();
    assert!(error.to_string().contains("holds commits already"), "{error}");
    assert_eq!(read(&segment_path(folder.path(), 5)), (vec![5], true));
}
