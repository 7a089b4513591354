//! Rows that end by themselves.

use super::subject::{Subject, ensure, key, same, some_key};
use super::{Behaviour, Verdict};
use crate::key::Sort;
use crate::store::{Expect, Op, Query};

pub(super) const ALL: &[Behaviour] = &[
    Behaviour::new("a_row_is_gone_from_its_expiry_on", |s| Box::pin(gone(s))),
    Behaviour::new("an_expired_row_counts_as_absent_for_expectations", |s| Box::pin(absent(s))),
    Behaviour::new("a_row_written_as_expired_was_never_there", |s| Box::pin(born_expired(s))),
    Behaviour::new("writing_again_replaces_the_expiry", |s| Box::pin(replaced(s))),
    Behaviour::new("a_row_made_again_outlives_the_old_expiry", |s| Box::pin(second_life(s))),
    Behaviour::new("a_listing_passes_over_expired_rows", |s| Box::pin(listing(s))),
];

async fn gone(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    s.commit(&[Op::put_until(key.clone(), "x", Expect::Any, s.now().plus(1000))]).await?;
    let query = Query::new(key.part().clone());
    s.advance(999);
    ensure(s.get(&key).await?.is_some(), "the row is gone before its expiry")?;
    same("rows before the expiry", &s.all(query.clone()).await?.len(), &1)?;
    s.advance(1);
    same("the row at its expiry", &s.get(&key).await?, &None)?;
    same("the listing at its expiry", &s.all(query).await?, &Vec::new())
}

async fn absent(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    s.commit(&[Op::put_until(key.clone(), "x", Expect::Any, s.now().plus(10))]).await?;
    s.advance(10);
    let conflict = s.conflict(&[Op::put(key.clone(), "y", Expect::Version(1))]).await?;
    same("the row in the conflict", &conflict.current, &None)?;
    s.conflict(&[Op::check(key.clone(), Expect::Version(1))]).await?;
    s.conflict(&[Op::delete(key.clone(), Expect::Version(1))]).await?;
    s.commit(&[Op::check(key.clone(), Expect::Absent)]).await?;
    s.commit(&[Op::put(key.clone(), "y", Expect::Absent)]).await?;
    let row = s.get(&key).await?.ok_or("the new row is missing")?;
    same("the version of the new row", &row.version, &1)?;
    same("the expiry of the new row", &row.expires_at, &None)
}

async fn born_expired(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    s.commit(&[Op::put_until(key.clone(), "x", Expect::Absent, s.now())]).await?;
    same("the row", &s.get(&key).await?, &None)?;
    s.commit(&[Op::put(key.clone(), "y", Expect::Absent)]).await?;
    ensure(s.get(&key).await?.is_some(), "the live row is missing")
}

async fn replaced(s: &Subject) -> Verdict {
    let (longer, forever, shorter) =
        (some_key("longer")?, some_key("forever")?, some_key("shorter")?);
    let until = |key: &crate::Key, millis| {
        Op::put_until(key.clone(), "x", Expect::Any, s.now().plus(millis))
    };
    s.commit(&[until(&longer, 10), until(&forever, 10), until(&shorter, 100)]).await?;
    s.commit(&[
        until(&longer, 50),
        Op::put(forever.clone(), "x", Expect::Any),
        until(&shorter, 10),
    ])
    .await?;
    for (millis, there) in [(10, [true, true, false]), (40, [false, true, false])] {
        s.advance(millis);
        // A commit is an occasion to clean up by an index of expiries that is out of date.
        s.put(&some_key("other")?, "x").await?;
        let found = [s.get(&longer).await?, s.get(&forever).await?, s.get(&shorter).await?];
        same("which rows are left", &found.map(|row| row.is_some()), &there)?;
    }
    Ok(())
}

async fn second_life(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    s.commit(&[Op::put_until(key.clone(), "first", Expect::Any, s.now().plus(10))]).await?;
    s.commit(&[Op::delete(key.clone(), Expect::Any)]).await?;
    s.commit(&[Op::put(key.clone(), "second", Expect::Absent)]).await?;
    s.advance(20);
    s.put(&some_key("other")?, "x").await?;
    same("the value", &s.value(&key).await?.as_deref(), &Some(&b"second"[..]))
}

async fn listing(s: &Subject) -> Verdict {
    for n in 0..20 {
        let key = key("list", Sort::number(n))?;
        let op = if n % 4 == 3 {
            Op::put(key, "stays", Expect::Any)
        } else {
            Op::put_until(key, "goes", Expect::Any, s.now().plus(10))
        };
        s.commit(&[op]).await?;
    }
    s.advance(10);
    let part = key("list", Sort::number(0))?.part().clone();
    for limit in [1, 2, 100] {
        let rows = s.all(Query::new(part.clone()).limit(limit)).await?;
        let values: Vec<_> = rows.iter().map(|row| &row.value[..]).collect();
        same("the values listed", &values, &vec![&b"stays"[..]; 5])?;
    }
    Ok(())
}
