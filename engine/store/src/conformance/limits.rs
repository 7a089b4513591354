//! What every backend refuses.

use super::subject::{Subject, ensure, key, part, same, some_key};
use super::{Behaviour, Verdict};
use crate::error::StoreError;
use crate::key::{MAX_PART_BYTES, MAX_SORT_BYTES, Sort};
use crate::store::{CommitToken, Expect, MAX_OPS, MAX_PAGE_ROWS, MAX_TOKEN_BYTES, Op, Query};

pub(super) const ALL: &[Behaviour] = &[
    Behaviour::new("the_largest_value_fits_and_one_byte_more_does_not", |s| {
        Box::pin(value_size(s))
    }),
    Behaviour::new("the_longest_names_fit", |s| Box::pin(longest_names(s))),
    Behaviour::new("a_full_commit_fits_and_one_more_operation_does_not", |s| Box::pin(op_count(s))),
    Behaviour::new("a_commit_names_no_row_twice", |s| Box::pin(twice(s))),
    Behaviour::new("a_check_expects_something", |s| Box::pin(idle_check(s))),
    Behaviour::new("a_page_has_a_sensible_limit", |s| Box::pin(page_limit(s))),
];

async fn value_size(s: &Subject) -> Verdict {
    let limit = s.store().max_value_bytes();
    ensure(limit >= 60 * 1024, "the largest value is below 60 KiB")?;
    let (largest, larger) = (some_key("largest")?, some_key("larger")?);
    s.commit(&[Op::put(largest.clone(), vec![7; limit], Expect::Any)]).await?;
    let length = s.value(&largest).await?.map(|value| value.len());
    same("the length read", &length, &Some(limit))?;
    let error = s
        .refused(&[
            Op::put(some_key("companion")?, "x", Expect::Any),
            Op::put(larger.clone(), vec![7; limit + 1], Expect::Any),
        ])
        .await?;
    let StoreError::ValueTooLarge { key, length, limit: named } = &error else {
        return Err(format!("the refusal is {error:?}"));
    };
    same("the refused key", key, &larger)?;
    same("the refused length and the limit", &(*length, *named), &(limit + 1, limit))?;
    same("the companion of the refused value", &s.get(&some_key("companion")?).await?, &None)
}

async fn longest_names(s: &Subject) -> Verdict {
    let name = "p".repeat(MAX_PART_BYTES);
    let key = key(&name, Sort::raw(vec![0xff; MAX_SORT_BYTES]))?;
    let token = CommitToken::new("t".repeat(MAX_TOKEN_BYTES)).map_err(super::subject::text)?;
    let op = Op::put(key.clone(), "x", Expect::Absent);
    s.store().commit(&[op], &token).await.map_err(super::subject::text)?;
    ensure(s.get(&key).await?.is_some(), "the row is missing")?;
    same("the rows listed", &s.all(Query::new(part(&name)?)).await?.len(), &1)
}

async fn op_count(s: &Subject) -> Verdict {
    let ops = |count: usize, name: &str| {
        (0..count)
            .map(|n| Ok(Op::put(key(name, Sort::number(n as u64))?, "x", Expect::Absent)))
            .collect::<Result<Vec<_>, String>>()
    };
    s.commit(&ops(MAX_OPS, "full")?).await?;
    same("the rows written", &s.all(Query::new(part("full")?)).await?.len(), &MAX_OPS)?;
    for count in [0, MAX_OPS + 1] {
        let error = s.refused(&ops(count, "refused")?).await?;
        let right = matches!(&error, StoreError::BadOpCount { count: named } if *named == count);
        ensure(right, &format!("the refusal of {count} operations is {error:?}"))?;
    }
    same("the rows refused", &s.all(Query::new(part("refused")?)).await?, &Vec::new())
}

async fn twice(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    let error = s
        .refused(&[
            Op::check(key.clone(), Expect::Absent),
            Op::put(some_key("b")?, "x", Expect::Any),
            Op::put(key.clone(), "x", Expect::Absent),
        ])
        .await?;
    let right = matches!(&error, StoreError::DuplicateKey { key: named } if *named == key);
    ensure(right, &format!("the refusal is {error:?}"))?;
    same("the row", &s.get(&key).await?, &None)
}

async fn idle_check(s: &Subject) -> Verdict {
    let error = s.refused(&[Op::check(some_key("a")?, Expect::Any)]).await?;
    ensure(matches!(error, StoreError::IdleCheck { .. }), &format!("the refusal is {error:?}"))
}

async fn page_limit(s: &Subject) -> Verdict {
    for limit in [0, MAX_PAGE_ROWS + 1] {
        let error = s.store().query(&Query::new(part("p")?).limit(limit)).await.err();
        let right =
            matches!(&error, Some(StoreError::BadLimit { limit: named, .. }) if *named == limit);
        ensure(right, &format!("a limit of {limit} gave {error:?}"))?;
    }
    Ok(())
}
