//! Single commits: versions, expectations, atomicity, tokens.

use super::subject::{Subject, ensure, key, same, some_key, text};
use super::{Behaviour, Verdict};
use crate::key::Sort;
use crate::store::{CommitToken, Committed, Expect, Op, Query, TOKEN_RETENTION_MILLIS};

pub(super) const ALL: &[Behaviour] = &[
    Behaviour::new("an_absent_row_reads_as_none", |s| Box::pin(absent(s))),
    Behaviour::new("a_row_reads_back_as_it_was_written", |s| Box::pin(reads_back(s))),
    Behaviour::new("every_byte_string_is_a_value", |s| Box::pin(any_bytes(s))),
    Behaviour::new("versions_count_the_writes_of_a_row", |s| Box::pin(versions(s))),
    Behaviour::new("the_same_value_written_again_is_a_new_version", |s| Box::pin(same_value(s))),
    Behaviour::new("expecting_absence_conflicts_with_a_row", |s| Box::pin(expect_absent(s))),
    Behaviour::new("expecting_a_version_conflicts_with_any_other", |s| Box::pin(expect_version(s))),
    Behaviour::new("a_conflict_names_the_first_operation_and_its_row", |s| {
        Box::pin(first_conflict(s))
    }),
    Behaviour::new("a_conflict_writes_nothing_of_the_commit", |s| Box::pin(nothing_written(s))),
    Behaviour::new("a_commit_writes_all_its_partitions", |s| Box::pin(all_partitions(s))),
    Behaviour::new("a_check_guards_and_changes_nothing", |s| Box::pin(check(s))),
    Behaviour::new("deleting_needs_what_it_expects", |s| Box::pin(delete(s))),
    Behaviour::new("a_row_made_again_counts_from_one", |s| Box::pin(made_again(s))),
    Behaviour::new("keys_that_look_alike_joined_are_different_rows", |s| Box::pin(lookalikes(s))),
    Behaviour::new("a_repeated_token_writes_nothing", |s| Box::pin(repeated(s))),
    Behaviour::new("a_repeated_token_succeeds_where_it_would_conflict", |s| {
        Box::pin(repeated_conflict(s))
    }),
    Behaviour::new("a_conflict_leaves_its_token_unused", |s| Box::pin(token_unused(s))),
    Behaviour::new("a_token_is_remembered_for_its_whole_retention", |s| {
        Box::pin(token_retention(s))
    }),
    Behaviour::new("tokens_do_not_appear_among_rows", |s| Box::pin(tokens_hidden(s))),
];

async fn absent(s: &Subject) -> Verdict {
    same("the row", &s.get(&some_key("a")?).await?, &None)?;
    same("the listing", &s.all(Query::new(some_key("a")?.part().clone())).await?, &Vec::new())
}

async fn reads_back(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    let expires_at = s.now().plus(60_000);
    s.commit(&[Op::put_until(key.clone(), "value", Expect::Any, expires_at)]).await?;
    let row = s.get(&key).await?.ok_or("the row is missing")?;
    same("the key", &row.key, &key)?;
    same("the value", &&row.value[..], &&b"value"[..])?;
    same("the version", &row.version, &1)?;
    same("the expiry", &row.expires_at, &Some(expires_at))?;
    let listed = s.all(Query::new(key.part().clone())).await?;
    same("the listing", &listed, &vec![row])
}

async fn any_bytes(s: &Subject) -> Verdict {
    let every: Vec<u8> = (0..=255).collect();
    for (n, value) in
        [Vec::new(), every, vec![0], vec![0xff; 3], vec![0xe1]].into_iter().enumerate()
    {
        // Also as a sort key, where it may not be empty.
        let key = key("some", Sort::raw([&[n as u8], &value[..]].concat()))?;
        s.commit(&[Op::put(key.clone(), value.clone(), Expect::Absent)]).await?;
        same("the value", &s.value(&key).await?.as_deref(), &Some(&value[..]))?;
    }
    Ok(())
}

async fn versions(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    let put = |expect| [Op::put(key.clone(), "x", expect)];
    for (expect, version) in [
        (Expect::Absent, 1),
        (Expect::Version(1), 2),
        (Expect::Any, 3),
        (Expect::Any, 4),
        (Expect::Version(4), 5),
    ] {
        s.commit(&put(expect)).await?;
        let found = s.get(&key).await?.map(|row| row.version);
        same(&format!("the version after {expect:?}"), &found, &Some(version))?;
    }
    Ok(())
}

async fn same_value(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    s.put(&key, "x").await?;
    s.put(&key, "x").await?;
    same("the version", &s.get(&key).await?.map(|row| row.version), &Some(2))
}

async fn expect_absent(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    s.put(&key, "first").await?;
    let row = s.get(&key).await?.map(Box::new);
    for op in [
        Op::put(key.clone(), "second", Expect::Absent),
        Op::delete(key.clone(), Expect::Absent),
        Op::check(key.clone(), Expect::Absent),
    ] {
        let conflict = s.conflict(&[op]).await?;
        same("the row in the conflict", &conflict.current, &row)?;
    }
    same("the value", &s.value(&key).await?.as_deref(), &Some(&b"first"[..]))
}

async fn expect_version(s: &Subject) -> Verdict {
    let (there, missing) = (some_key("a")?, some_key("b")?);
    s.put(&there, "1").await?;
    s.put(&there, "2").await?;
    let row = s.get(&there).await?.map(Box::new);
    for version in [0, 1, 3, u64::MAX] {
        let expect = Expect::Version(version);
        for op in [
            Op::put(there.clone(), "x", expect),
            Op::delete(there.clone(), expect),
            Op::check(there.clone(), expect),
        ] {
            same("the row in the conflict", &s.conflict(&[op]).await?.current, &row)?;
        }
        let conflict = s.conflict(&[Op::put(missing.clone(), "x", expect)]).await?;
        same("the row in the conflict", &conflict.current, &None)?;
    }
    same("the row", &s.get(&there).await?.map(Box::new), &row)?;
    same("the row that never was", &s.get(&missing).await?, &None)
}

async fn first_conflict(s: &Subject) -> Verdict {
    let (a, b, c) = (some_key("a")?, some_key("b")?, some_key("c")?);
    s.put(&b, "in the way").await?;
    let conflict = s
        .conflict(&[
            Op::put(a, "x", Expect::Absent),
            Op::put(b.clone(), "x", Expect::Absent),
            Op::put(c, "x", Expect::Version(9)),
        ])
        .await?;
    same("the index", &conflict.index, &1)?;
    same("the row", &conflict.current, &s.get(&b).await?.map(Box::new))
}

async fn nothing_written(s: &Subject) -> Verdict {
    let keys = [key("one", Sort::text("a"))?, key("two", Sort::text("a"))?, some_key("last")?];
    let kept = some_key("kept")?;
    s.put(&kept, "kept").await?;
    s.conflict(&[
        Op::put(keys[0].clone(), "x", Expect::Any),
        Op::delete(kept.clone(), Expect::Any),
        Op::put(keys[1].clone(), "x", Expect::Absent),
        Op::check(keys[2].clone(), Expect::Version(1)),
    ])
    .await?;
    for key in &keys {
        same("a row of the failed commit", &s.get(key).await?, &None)?;
    }
    same("the row it would delete", &s.get(&kept).await?.map(|row| row.version), &Some(1))
}

async fn all_partitions(s: &Subject) -> Verdict {
    let keys = ["call/1", "outbox/17", "day/2027-03-02"].map(|name| key(name, Sort::text("row")));
    let keys = keys.into_iter().collect::<Result<Vec<_>, _>>()?;
    let ops: Vec<Op> = keys.iter().map(|k| Op::put(k.clone(), "x", Expect::Absent)).collect();
    s.commit(&ops).await?;
    for key in &keys {
        ensure(s.get(key).await?.is_some(), "a row of the commit is missing")?;
    }
    Ok(())
}

async fn check(s: &Subject) -> Verdict {
    let (guard, target) = (some_key("guard")?, some_key("target")?);
    let write =
        |expect| [Op::check(guard.clone(), expect), Op::put(target.clone(), "x", Expect::Any)];
    s.commit(&write(Expect::Absent)).await?;
    s.put(&guard, "g").await?;
    s.commit(&write(Expect::Version(1))).await?;
    same("the conflict's index", &s.conflict(&write(Expect::Version(2))).await?.index, &0)?;
    s.conflict(&write(Expect::Absent)).await?;
    same("the guard's version", &s.get(&guard).await?.map(|row| row.version), &Some(1))?;
    same("the target's version", &s.get(&target).await?.map(|row| row.version), &Some(2))
}

async fn delete(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    s.commit(&[Op::delete(key.clone(), Expect::Any)]).await?;
    s.commit(&[Op::delete(key.clone(), Expect::Absent)]).await?;
    let conflict = s.conflict(&[Op::delete(key.clone(), Expect::Version(1))]).await?;
    same("the row in the conflict", &conflict.current, &None)?;
    s.put(&key, "x").await?;
    s.commit(&[Op::delete(key.clone(), Expect::Version(1))]).await?;
    same("the deleted row", &s.get(&key).await?, &None)?;
    same("the listing", &s.all(Query::new(key.part().clone())).await?, &Vec::new())
}

async fn made_again(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    s.put(&key, "1").await?;
    s.put(&key, "2").await?;
    s.commit(&[Op::delete(key.clone(), Expect::Any)]).await?;
    s.commit(&[Op::put(key.clone(), "3", Expect::Absent)]).await?;
    same("the version", &s.get(&key).await?.map(|row| row.version), &Some(1))
}

async fn lookalikes(s: &Subject) -> Verdict {
    let pairs = [("ab", "c"), ("a", "bc"), ("abc", "\u{0}"), ("a\u{0}", "bc"), ("\u{0}a", "bc")];
    for (name, sort) in pairs {
        let key = key(name, Sort::raw(sort.as_bytes().to_vec()))?;
        s.commit(&[Op::put(key, format!("{name}|{sort}"), Expect::Absent)]).await?;
    }
    for (name, sort) in pairs {
        let found = s.value(&key(name, Sort::raw(sort.as_bytes().to_vec()))?).await?;
        same("the value", &found, &Some(format!("{name}|{sort}").into()))?;
    }
    Ok(())
}

async fn repeated(s: &Subject) -> Verdict {
    let (a, b) = (some_key("a")?, some_key("b")?);
    let token = s.fresh_token()?;
    let first = [Op::put(a.clone(), "first", Expect::Any)];
    same(
        "the first outcome",
        &s.store().commit(&first, &token).await.map_err(text)?,
        &Committed::Applied,
    )?;
    let other = [Op::put(b.clone(), "other", Expect::Any), Op::delete(a.clone(), Expect::Any)];
    for ops in [&first[..], &other] {
        let outcome = s.store().commit(ops, &token).await.map_err(text)?;
        same("the outcome of the repetition", &outcome, &Committed::Repeated)?;
    }
    same("the version", &s.get(&a).await?.map(|row| row.version), &Some(1))?;
    same("the row of the repetition", &s.get(&b).await?, &None)
}

async fn repeated_conflict(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    let token = s.fresh_token()?;
    let ops = [Op::put(key.clone(), "turn 1", Expect::Absent)];
    s.store().commit(&ops, &token).await.map_err(text)?;
    s.put(&key, "turn 2").await?;
    let outcome = s.store().commit(&ops, &token).await.map_err(text)?;
    same("the outcome", &outcome, &Committed::Repeated)?;
    same("the value", &s.value(&key).await?.as_deref(), &Some(&b"turn 2"[..]))
}

async fn token_unused(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    let token = s.fresh_token()?;
    let early = [Op::put(key.clone(), "x", Expect::Version(1))];
    ensure(s.store().commit(&early, &token).await.is_err(), "a commit on no row applied")?;
    s.put(&key, "now there").await?;
    let outcome = s.store().commit(&early, &token).await.map_err(text)?;
    same("the outcome", &outcome, &Committed::Applied)
}

async fn token_retention(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    let token = CommitToken::new("long lived").map_err(text)?;
    let ops = [Op::put(key.clone(), "x", Expect::Any)];
    s.store().commit(&ops, &token).await.map_err(text)?;
    // Other commits in between give a backend occasion to clean up too early.
    s.advance(TOKEN_RETENTION_MILLIS - 1);
    s.put(&some_key("b")?, "x").await?;
    let outcome = s.store().commit(&ops, &token).await.map_err(text)?;
    same("the outcome just before the end", &outcome, &Committed::Repeated)?;
    s.advance(1);
    let outcome = s.store().commit(&ops, &token).await.map_err(text)?;
    same("the outcome at the end", &outcome, &Committed::Applied)?;
    s.advance(1);
    let outcome = s.store().commit(&ops, &token).await.map_err(text)?;
    same("the outcome of the second life", &outcome, &Committed::Repeated)
}

async fn tokens_hidden(s: &Subject) -> Verdict {
    let key = key("token", Sort::text("a"))?;
    for n in 0..3 {
        let token = CommitToken::new(format!("token{n}")).map_err(text)?;
        let op = Op::put(key.clone(), "x", Expect::Any);
        s.store().commit(&[op], &token).await.map_err(text)?;
    }
    same("the number of rows", &s.all(Query::new(key.part().clone())).await?.len(), &1)
}
