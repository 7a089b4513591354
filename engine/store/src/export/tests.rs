//! An export moves a store to another backend and back unchanged, goes on after any cut, and is
//! refused before anything is written if it is damaged.

use std::path::Path;
use std::sync::Arc;

use futures::executor::block_on;

use super::*;
use crate::{
    Backend, Blobs, CommitToken, Expect, KeyId, Keyring, ManualClock, MemoryStore, Op, Part,
    Sealed, SledOptions, SledStore, Sort, Store,
};

/// Where rows and content of one installation are.
struct Place {
    backend: Arc<dyn Backend>,
    blobs: Blobs,
    clock: Arc<ManualClock>,
    _folder: tempfile::TempDir,
}

impl Place {
    fn new(make: impl FnOnce(&Path, Arc<ManualClock>) -> Arc<dyn Backend>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let backend = make(folder.path(), clock.clone());
        let blobs = Blobs::open(folder.path().join("content")).unwrap();
        Self { backend, blobs, clock, _folder: folder }
    }

    fn memory() -> Self {
        Self::new(|_, clock| Arc::new(MemoryStore::new(clock)))
    }

    fn sled() -> Self {
        Self::new(|folder, clock| {
            Arc::new(SledStore::open(folder, clock, &SledOptions::default()).unwrap())
        })
    }

    /// 60 rows, six of which expire soon, one long value, two blobs.
    fn filled(self) -> Self {
        for n in 0..60u64 {
            let op = if n % 10 == 0 {
                Op::put_until(key(n), "soon gone", Expect::Absent, UnixMillis(1000 + n))
            } else {
                Op::put(key(n), vec![n as u8; 50], Expect::Absent)
            };
            self.put(op);
        }
        self.put(Op::put(key(61), "말 ".repeat(5_000), Expect::Absent));
        self.blobs.put(b"\0asm").unwrap();
        self.blobs.put(&vec![7; 100_000]).unwrap();
        self
    }

    fn put(&self, op: Op) {
        let token = CommitToken::new(Digest::of(format!("{op:?}").as_bytes()).hex()).unwrap();
        block_on(self.backend.commit(&[op], &token)).unwrap();
    }

    fn export(&self) -> (Vec<u8>, Exported) {
        self.go_on(Vec::new(), Position::default())
    }

    fn go_on(&self, mut file: Vec<u8>, from: Position) -> (Vec<u8>, Exported) {
        let exported =
            block_on(export(&*self.backend, &self.blobs, &mut file, from, &mut |_| {})).unwrap();
        (file, exported)
    }

    fn import(&self, file: &[u8]) -> Result<Imported, StoreError> {
        self.import_through(&self.backend, &[], file)
    }

    fn import_through(
        &self,
        store: &dyn Store,
        keys: &[KeyId],
        file: &[u8],
    ) -> Result<Imported, StoreError> {
        let now = crate::Clock::now(&*self.clock);
        let target = Target { backend: &*self.backend, store, keys, blobs: &self.blobs, now };
        block_on(import(&target, || Ok(file), &mut |_| {}))
    }

    fn row_count(&self) -> usize {
        block_on(self.backend.walk(None, 1000)).unwrap().rows.len()
    }
}

fn key(n: u64) -> Key {
    Key::new(&Part::new(format!("part/{}", n % 3)).unwrap(), Sort::number(n)).unwrap()
}

#[test]
fn what_went_from_one_backend_to_another_and_back_is_the_same() {
    let (first, between, last) = (Place::sled().filled(), Place::memory(), Place::sled());
    for place in [&first, &between, &last] {
        place.clock.set(UnixMillis(1025));
    }
    let (file, exported) = first.export();
    assert_eq!((exported.rows, exported.blobs), (58, 2));
    let imported = between.import(&file).unwrap();
    assert_eq!((imported.written, imported.present, imported.blobs_written), (58, 0, 2));
    let (file, again) = between.export();
    assert_eq!(again, exported);
    last.import(&file).unwrap();
    assert_eq!(last.export().1, exported);
    let rows = |place: &Place| block_on(place.backend.walk(None, 1000)).unwrap().rows;
    let told = |place: &Place| -> Vec<(Key, bytes::Bytes, Option<UnixMillis>)> {
        rows(place).into_iter().map(|row| (row.key, row.value, row.expires_at)).collect()
    };
    assert_eq!(told(&last), told(&first));
}

#[test]
fn an_export_that_was_cut_anywhere_goes_on_to_the_same_file() {
    let place = Place::sled().filled();
    let (whole, exported) = place.export();
    // Every place near the beginning and the end, and some between.
    let near = (0..120).chain(whole.len() - 250..whole.len());
    for cut in near.chain((120..whole.len()).step_by(4999)) {
        let Examined::Cut(position) = examine(&whole[..cut]).unwrap() else {
            panic!("{cut} of {} bytes were taken for all", whole.len());
        };
        let good = usize::try_from(position.offset).unwrap();
        assert!(good <= cut && cut - good < 80_000, "{good} of {cut}");
        let (file, again) = place.go_on(whole[..good].to_vec(), position);
        assert!(file == whole && again == exported, "cut at {cut}");
    }
    assert!(matches!(examine(&whole[..]).unwrap(), Examined::Whole(found) if found == exported));
}

#[test]
fn what_a_power_cut_leaves_at_the_end_is_cut_off() {
    let place = Place::memory().filled();
    let (whole, _) = place.export();
    let cut = whole.len() / 2;
    for rubbish in [&[0; 4096][..], b"{\"part\":\"x\"}\n"] {
        let torn = [&whole[..cut], rubbish].concat();
        let Examined::Cut(position) = examine(&torn[..]).unwrap() else { panic!("it is cut") };
        let good = usize::try_from(position.offset).unwrap();
        assert_eq!(place.go_on(whole[..good].to_vec(), position).0, whole);
    }
}

#[test]
fn a_damaged_or_cut_export_is_refused_before_anything_is_written() {
    let place = Place::memory().filled();
    let (file, _) = place.export();
    let text = String::from_utf8(file).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let without_end = lines[..lines.len() - 1].concat();
    let without_a_row = [&lines[..5], &lines[6..]].concat().concat();
    let two_changed_places = [&lines[..5], &[lines[6], lines[5]], &lines[7..]].concat().concat();
    let changed = text.replacen("soon gone", "soon_gone", 1);
    let followed = text.clone() + lines[0];
    let other_form = text.replacen("{\"dialgraph_export\":2", "{\"dialgraph_export\":1", 1);
    let messages = [
        &without_end[..],
        &text[..text.len() - 1],
        &without_a_row,
        &two_changed_places,
        &changed,
        &followed,
        &other_form,
        "",
        "{}\n",
    ]
    .map(|damaged| {
        let target = Place::memory();
        let error = target.import(damaged.as_bytes()).unwrap_err();
        assert_eq!(target.row_count(), 0, "something was written");
        assert!(target.blobs.list().unwrap().is_empty(), "something was written");
        error.to_string().replace("the export cannot be used: ", "")
    });
    insta::assert_snapshot!(messages.join("\n"), @r"
    its end is missing: it was cut short; go on with `store export --resume`
    its end is missing: it was cut short; go on with `store export --resume`
    line 6 is damaged, or a line before it is missing: its checksum does not match; use another copy of the file, or export anew
    line 6 is damaged, or a line before it is missing: its checksum does not match; use another copy of the file, or export anew
    line 2 is damaged, or a line before it is missing: its checksum does not match; use another copy of the file, or export anew
    something follows its last line
    it has format 1, and this program reads format 2; use the program that wrote it
    its end is missing: it was cut short; go on with `store export --resume`
    it does not begin like a Dialgraph export
    ");
}

#[test]
fn an_import_can_be_repeated_and_puts_back_what_is_missing() {
    let (place, target) = (Place::memory().filled(), Place::sled());
    let (file, _) = place.export();
    target.import(&file).unwrap();
    let again = target.import(&file).unwrap();
    assert_eq!((again.written, again.present, again.blobs_written), (0, 61, 0));
    target.put(Op::delete(key(7), Expect::Any));
    target.blobs.remove(&target.blobs.list().unwrap()[0]).unwrap();
    let again = target.import(&file).unwrap();
    assert_eq!((again.written, again.present, again.blobs_written), (1, 60, 1));
    target.clock.set(UnixMillis(2000));
    let later = target.import(&file).unwrap();
    assert_eq!((later.written, later.present, later.expired), (0, 55, 6));
}

#[test]
fn a_row_that_is_there_and_differs_is_named_and_left_as_it_is() {
    let (place, target) = (Place::memory().filled(), Place::sled());
    let (file, _) = place.export();
    target.put(Op::put(key(7), "mine", Expect::Any));
    let error = target.import(&file).unwrap_err().to_string();
    insta::assert_snapshot!(error, @r"the export cannot be used: part/1 › \x00\x00\x00\x00\x00\x00\x00\x07 is in the store already and differs; nothing is overwritten: import into an empty store");
    assert_eq!(block_on(target.backend.get(&key(7))).unwrap().unwrap().value, "mine");
}

#[test]
fn sealed_rows_stay_sealed_and_go_only_where_their_key_is() {
    let ring = |digits: &str| Keyring::parse(&digits.repeat(32), "test").unwrap();
    let place = Place::memory();
    let sealed = block_on(Sealed::open(place.backend.clone(), ring("5a"))).unwrap();
    let op = Op::put(key(1), "what the caller said", Expect::Absent);
    block_on(sealed.commit(&[op], &CommitToken::new("t").unwrap())).unwrap();
    let (file, exported) = place.export();
    assert_eq!(exported.rows, 1, "the proof is not among them");
    assert!(!String::from_utf8(file.clone()).unwrap().contains("what the caller said"));

    let id = ring("5a").active();
    let target = Place::sled();
    let clear = target.import(&file).unwrap_err().to_string();
    let other = ring("77").active();
    let wrong = target.import_through(&target.backend, &[other], &file).unwrap_err().to_string();
    insta::assert_snapshot!(format!("{clear}\n{wrong}"), @r"
    the export is encrypted with key e179e6f4fe6f3690, but no key is available; add key e179e6f4fe6f3690 to DIALGRAPH_STORE_KEY or to the file named by DIALGRAPH_STORE_KEY_FILE (the first key there is for writing, all others are for reading)
    the export is encrypted with key e179e6f4fe6f3690, but the only available key is f2e2d8ada0c10070; add key e179e6f4fe6f3690 to DIALGRAPH_STORE_KEY or to the file named by DIALGRAPH_STORE_KEY_FILE (the first key there is for writing, all others are for reading)
    ");
    assert_eq!(target.row_count(), 0);

    let opened = block_on(Sealed::open(target.backend.clone(), ring("5a"))).unwrap();
    target.import_through(&opened, &[id], &file).unwrap();
    let read = block_on(opened.get(&key(1))).unwrap().unwrap();
    assert_eq!(read.value, "what the caller said");
    assert_eq!(target.export().1, exported);
}

#[test]
fn rows_in_the_clear_are_sealed_on_their_way_into_a_sealed_store() {
    let ring = Keyring::parse(&"5a".repeat(32), "test").unwrap();
    let keys = ring.ids();
    let (place, target) = (Place::memory().filled(), Place::sled());
    let (file, _) = place.export();
    let sealed = block_on(Sealed::open(target.backend.clone(), ring)).unwrap();
    for written in [61, 0] {
        let imported = target.import_through(&sealed, &keys, &file).unwrap();
        assert_eq!(imported.written, written);
    }
    let raw = block_on(target.backend.get(&key(61))).unwrap().unwrap();
    let read = block_on(sealed.get(&key(61))).unwrap().unwrap();
    assert!(raw.value.len() > read.value.len() && read.value.starts_with("말".as_bytes()));
}

#[test]
fn content_goes_from_a_folder_into_rows_and_back_whatever_is_at_hand_on_this_machine() {
    let (first, shared, last) = (Place::sled().filled(), Place::memory(), Place::sled());
    let (file, exported) = first.export();
    // The folder that spares fetching has all of it already, and the rows have nothing.
    let near = first._folder.path().join("content");
    let rows: Arc<dyn Store> = Arc::new(shared.backend.clone());
    let shared = Place { blobs: Blobs::in_rows(rows.clone(), near).unwrap(), ..shared };
    assert_eq!(shared.import(&file).unwrap().blobs_written, 2);

    let elsewhere = tempfile::tempdir().unwrap();
    let shared = Place { blobs: Blobs::in_rows(rows, elsewhere.path()).unwrap(), ..shared };
    let (file, again) = shared.export();
    assert_eq!(again, exported, "rows of content are no rows of the export");
    last.import(&file).unwrap();
    assert_eq!(last.export().1, exported);
}
