//! Many commits in flight at once.

use futures::future::join_all;

use super::subject::{Subject, key, part, same, some_key, text};
use super::{Behaviour, Verdict};
use crate::error::CommitError;
use crate::key::Sort;
use crate::store::{Committed, Expect, Op, Query};

pub(super) const ALL: &[Behaviour] = &[
    Behaviour::new("of_many_who_create_a_row_one_succeeds", |s| Box::pin(one_creator(s))),
    Behaviour::new("no_increment_of_a_counter_is_lost", |s| Box::pin(counter(s))),
    Behaviour::new("of_many_with_one_token_one_writes", |s| Box::pin(one_token(s))),
    Behaviour::new("commits_on_other_rows_do_not_hinder_each_other", |s| Box::pin(independent(s))),
    Behaviour::new("crossing_commits_leave_no_mixture", |s| Box::pin(crossing(s))),
];

async fn one_creator(s: &Subject) -> Verdict {
    let key = some_key("a")?;
    let tries = join_all((0..40u32).map(|n| {
        let op = Op::put(key.clone(), n.to_string(), Expect::Absent);
        async move { s.try_commit(&[op]).await }
    }))
    .await;
    let mut winners = Vec::new();
    for (n, outcome) in tries.into_iter().enumerate() {
        match outcome? {
            Ok(Committed::Applied) => winners.push(n.to_string()),
            Err(CommitError::Conflict(conflict)) => {
                super::subject::ensure(conflict.current.is_some(), "a conflict shows no row")?;
            }
            other => return Err(format!("a contender got {other:?}")),
        }
    }
    same("the number of winners", &winners.len(), &1)?;
    let value = s.value(&key).await?.unwrap_or_default();
    same("the value", &String::from_utf8_lossy(&value).into_owned(), &winners[0])
}

async fn counter(s: &Subject) -> Verdict {
    let key = some_key("counter")?;
    let increment = async || -> Verdict {
        loop {
            let row = s.get(&key).await?;
            let count: u32 = match &row {
                Some(row) => {
                    std::str::from_utf8(&row.value).map_err(text)?.parse().map_err(text)?
                }
                None => 0,
            };
            let expect = Expect::unchanged(row.as_ref());
            let op = Op::put(key.clone(), (count + 1).to_string(), expect);
            match s.try_commit(&[op]).await? {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict(_)) => {}
                Err(CommitError::Failed(error)) => return Err(text(error)),
            }
        }
    };
    for verdict in join_all((0..20).map(|_| increment())).await {
        verdict?;
    }
    let row = s.get(&key).await?.ok_or("the counter is missing")?;
    same("the counter", &&row.value[..], &&b"20"[..])?;
    same("its version", &row.version, &20)
}

async fn one_token(s: &Subject) -> Verdict {
    let token = s.fresh_token()?;
    let key = some_key("a")?;
    let tries = join_all((0..20u32).map(|n| {
        let (op, token) = (Op::put(key.clone(), n.to_string(), Expect::Any), token.clone());
        async move { s.store().commit(&[op], &token).await.map_err(text) }
    }))
    .await;
    let outcomes = tries.into_iter().collect::<Result<Vec<_>, _>>()?;
    let applied = outcomes.iter().filter(|outcome| **outcome == Committed::Applied).count();
    same("how often it was applied", &applied, &1)?;
    same("the version", &s.get(&key).await?.map(|row| row.version), &Some(1))
}

async fn independent(s: &Subject) -> Verdict {
    let tries = join_all((0..150u64).map(|n| async move {
        s.commit(&[Op::put(key("many", Sort::number(n))?, "x", Expect::Absent)]).await
    }))
    .await;
    for verdict in tries {
        verdict?;
    }
    same("the rows", &s.all(Query::new(part("many")?)).await?.len(), &150)
}

/// Everybody writes their own name into the same three rows; whoever comes last must own all three.
async fn crossing(s: &Subject) -> Verdict {
    let keys = [key("x", Sort::text("1"))?, key("y", Sort::text("2"))?, key("z", Sort::text("3"))?];
    let tries = join_all((0..30usize).map(|n| {
        let mut ops = keys.clone().map(|key| Op::put(key, n.to_string(), Expect::Any));
        ops.rotate_left(n % 3);
        async move { s.commit(&ops).await }
    }))
    .await;
    for verdict in tries {
        verdict?;
    }
    let mut owners = Vec::new();
    for key in &keys {
        owners.push(s.value(key).await?);
        same("the version", &s.get(key).await?.map(|row| row.version), &Some(30))?;
    }
    super::subject::ensure(
        owners.windows(2).all(|two| two[0] == two[1]),
        "the rows belong to different commits",
    )
}
