//! Whatever a call, the record of a turn, a late reply or a row holds: what is written can be read
//! again, and what cannot be read is an error of that call alone. The input is a call, a record and
//! a reply, each on its line.
#![no_main]

use std::sync::Arc;

use dialgraph_base::{CallId, Timestamp};
use dialgraph_kernel::call::Call;
use dialgraph_kernel::journal::TurnRecord;
use dialgraph_kernel::ports::HostResult;
use dialgraph_kernel::turn::Finished;
use dialgraph_runtime::Calls;
use dialgraph_store::{
    CommitToken, Expect, Key, ManualClock, MemoryStore, Op, Part, Sort, Store, describe,
};
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(ManualClock::default())));
    let calls = Calls::new(Arc::clone(&store));
    raw(&store, &calls, data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let (call, record, reply) = (lines.next(), lines.next(), lines.next());
    let call = call.and_then(|line| serde_json::from_str::<Call>(line).ok());
    let record = record.and_then(|line| serde_json::from_str::<TurnRecord>(line).ok());
    // Numbers with a point may come back as their neighbour.
    let exact = !text.contains(['.', 'e', 'E']);
    if let (Some(call), Some(record)) = (call, record) {
        // Ids are checked where calls begin.
        if call.id.0.is_empty() || call.id.0.len() > 128 {
            return;
        }
        let (id, finished) = (call.id.clone(), Finished { call, record });
        match block_on(calls.save(None, &finished, "token")) {
            Ok(_) => {
                let loaded = block_on(calls.load(&id)).expect("a call that was written").expect("a call");
                let turn = block_on(calls.turn(&id, finished.record.turn)).expect("a turn that was written");
                let turn = turn.expect("a turn");
                assert_eq!(loaded.call.id, id);
                if exact {
                    assert_eq!(loaded.call, finished.call);
                    assert_eq!(turn, finished.record);
                }
            }
            Err(error) => assert!(error.is_of_turn(), "{error}"),
        }
    }
    let reply = reply.and_then(|line| serde_json::from_str::<HostResult>(line).ok());
    if let Some(reply) = reply {
        let id = CallId("late".into());
        block_on(calls.keep_reply(&id, "key", reply, Timestamp(1))).expect("a reply is kept");
        block_on(calls.reply(&id, "key")).expect("a reply that was kept").expect("a reply");
    }
});

/// The bytes as they are, where a call and a turn should be.
fn raw(store: &Arc<dyn Store>, calls: &Calls, data: &[u8]) {
    let _ = describe(data);
    let id = CallId("raw".into());
    let part = Part::new("call/raw").expect("a name");
    for (n, sort) in [Sort::text("state"), Sort::text("turn").then_number(1)].into_iter().enumerate() {
        let key = Key::new(&part, sort.then_number(0)).expect("a key");
        let value = data[..data.len().min(60_000)].to_vec();
        let token = CommitToken::new(format!("raw {n}")).expect("a name");
        block_on(store.commit(&[Op::put(key, value, Expect::Any)], &token)).expect("a commit");
    }
    if let Err(error) = block_on(calls.load(&id)) {
        assert!(error.is_of_call(), "{error}");
    }
    if let Err(error) = block_on(calls.turn(&id, 1)) {
        assert!(error.is_of_call(), "{error}");
    }
    block_on(calls.last_seen(&id)).expect("the store is well");
}
