//! Whatever is uploaded as a plugin, it is loaded or refused with a reason; nothing panics, and
//! what was refused has left nothing behind.

use std::cell::Cell;

use dialgraph_base::{Digest, Grants};
use dialgraph_host::{Host, HostConfig};
use dialgraph_kernel::plugin::RunResult;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

use crate::support::{grants, guest, run};

/// What every component begins with.
const HEADER: &[u8] = b"\0asm\x0d\0\x01\0";

/// A host on which one good plugin is loaded.
struct Bench {
    host: Host,
    plain: Digest,
    grants: Grants,
    refused: Cell<u32>,
}

impl Bench {
    fn new() -> Self {
        let host = Host::new(HostConfig::default()).unwrap();
        let plain = host.load("plain", guest("plain"), &Grants::default()).unwrap().digest;
        let mut grants = grants(&["clock", "log", "random"]);
        // Enough to answer, and little enough for a loop to be found out soon.
        grants.limits.wall_ms = 50;
        Self { host, plain, grants, refused: Cell::new(0) }
    }

    /// Loads and runs `bytes`, or finds them refused; then all is as it was.
    fn survives(&self, bytes: &[u8]) {
        let digest = Digest::of(bytes);
        // Nothing was changed after all.
        if digest == self.plain {
            return;
        }
        if let Ok(inspection) = self.host.inspect("uploaded", bytes) {
            assert_eq!((inspection.size, inspection.digest), (bytes.len(), digest));
        }
        match self.host.load("uploaded", bytes, &self.grants) {
            Ok(loaded) => {
                assert_eq!(loaded.digest, digest);
                drop(run(&self.host, &digest, "{}"));
                assert!(self.host.unload(&digest));
            }
            Err(error) => {
                let told = error.to_string();
                assert!(told.starts_with("plugin `uploaded` "), "{told}");
                self.refused.set(self.refused.get() + 1);
            }
        }
        assert_eq!(self.host.digests(), [self.plain], "something else is loaded");
        assert!(matches!(run(&self.host, &self.plain, "{}").result, RunResult::Done(_)));
    }
}

/// Tries `cases` of what `uploads` makes; gives how many were refused.
fn try_all(cases: u32, uploads: &impl Strategy<Value = Vec<u8>>) -> u32 {
    let bench = Bench::new();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(cases));
    let result = runner.run(uploads, |bytes| {
        bench.survives(&bytes);
        Ok(())
    });
    result.unwrap_or_else(|found| panic!("{found}"));
    bench.refused.get()
}

/// The sections of a component, each with its head.
fn sections(component: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = &component[HEADER.len()..];
    let mut sections = Vec::new();
    while !rest.is_empty() {
        // The kind in one byte, then the size, seven bits a byte, least first.
        let (mut size, mut head) = (0, 1);
        loop {
            let byte = usize::from(rest[head]);
            size |= (byte & 0x7f) << (7 * (head - 1));
            head += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (section, behind) = rest.split_at(head + size);
        sections.push(section.to_vec());
        rest = behind;
    }
    sections
}

/// What is done to the sections of a component.
#[derive(Debug, Clone)]
enum Splice {
    Drop(Index),
    Swap(Index, Index),
    Again(Index, Index),
    /// One of another component.
    Foreign(Index, Index),
    /// A section keeps its head and loses some of its end.
    CutWithin(Index, Index),
}

fn splice() -> impl Strategy<Value = Splice> {
    let at = any::<Index>;
    prop_oneof![
        at().prop_map(Splice::Drop),
        (at(), at()).prop_map(|(one, other)| Splice::Swap(one, other)),
        (at(), at()).prop_map(|(from, to)| Splice::Again(from, to)),
        (at(), at()).prop_map(|(from, to)| Splice::Foreign(from, to)),
        (at(), at()).prop_map(|(which, end)| Splice::CutWithin(which, end)),
    ]
}

fn spliced(splices: &[Splice]) -> Vec<u8> {
    let mut own = sections(guest("plain"));
    let foreign = sections(guest("probe"));
    for splice in splices {
        if own.is_empty() {
            break;
        }
        let count = own.len();
        match splice {
            Splice::Drop(at) => drop(own.remove(at.index(count))),
            Splice::Swap(one, other) => own.swap(one.index(count), other.index(count)),
            Splice::Again(from, to) => own.insert(to.index(count), from.get(&own).clone()),
            Splice::Foreign(from, to) => own.insert(to.index(count), from.get(&foreign).clone()),
            Splice::CutWithin(at, end) => {
                let section = &mut own[at.index(count)];
                section.truncate(end.index(section.len()) + 1);
            }
        }
    }
    [HEADER.to_vec(), own.concat()].concat()
}

#[test]
fn any_bytes_are_refused() {
    let bytes = || prop::collection::vec(any::<u8>(), 0..400);
    let headed = bytes().prop_map(|bytes| [HEADER, &bytes].concat());
    assert_eq!(try_all(256, &prop_oneof![bytes(), headed]), 256);
}

#[test]
fn a_component_that_is_cut_short_is_refused_or_whole_without_the_rest() {
    let good = guest("plain");
    let cut = any::<Index>().prop_map(|end| good[..end.index(good.len())].to_vec());
    assert!(try_all(96, &cut) > 0);
}

#[test]
fn a_component_with_bytes_changed_is_refused_or_safe() {
    let change = (any::<Index>(), 1..=u8::MAX);
    let flipped = prop::collection::vec(change, 1..6).prop_map(|changes| {
        let mut bytes = guest("plain").to_vec();
        for (at, bits) in changes {
            let at = at.index(bytes.len());
            bytes[at] ^= bits;
        }
        bytes
    });
    assert!(try_all(16, &flipped) > 0);
}

#[test]
fn a_component_with_its_sections_mixed_up_is_refused_or_safe() {
    let whole = [HEADER.to_vec(), sections(guest("plain")).concat()].concat();
    assert!(whole == guest("plain"), "the sections are all of it");
    let mixed = prop::collection::vec(splice(), 1..5).prop_map(|splices| spliced(&splices));
    assert!(try_all(96, &mixed) > 0);
}
