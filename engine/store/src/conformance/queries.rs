//! Listing a partition.

use super::subject::{Subject, key, part, same};
use super::{Behaviour, Verdict};
use crate::key::{Sort, SortRange};
use crate::store::{Expect, Op, Query, Row};

pub(super) const ALL: &[Behaviour] = &[
    Behaviour::new("rows_are_listed_in_byte_order_both_ways", |s| Box::pin(order(s))),
    Behaviour::new("a_listing_holds_one_partition_only", |s| Box::pin(own_partition(s))),
    Behaviour::new("a_prefix_lists_what_begins_with_it", |s| Box::pin(prefix(s))),
    Behaviour::new("a_range_has_its_first_key_and_not_its_last", |s| Box::pin(between(s))),
    Behaviour::new("an_empty_or_reversed_range_lists_nothing", |s| Box::pin(empty_range(s))),
    Behaviour::new("pages_join_to_the_whole_without_gaps", |s| Box::pin(pages(s))),
    Behaviour::new("a_cursor_survives_its_row", |s| Box::pin(cursor_survives(s))),
    Behaviour::new("rows_that_come_and_go_between_pages_disturb_no_other", |s| Box::pin(moving(s))),
    Behaviour::new("many_large_rows_are_all_listed", |s| Box::pin(large(s))),
    Behaviour::new("a_listing_sees_the_commit_before_it", |s| Box::pin(fresh(s))),
];

/// Sort keys that show whether bytes are compared as bytes.
fn tricky() -> Vec<Vec<u8>> {
    let mut sorts: Vec<Vec<u8>> = [
        &b"\0"[..],
        b"\0\0",
        b"\0\xff",
        b"\x01",
        b"A",
        b"B",
        b"a",
        b"a\0",
        b"a\0b",
        b"a\x01",
        b"aa",
        b"ab",
        b"b",
        b"\x7f",
        b"\x80",
        b"\xc3\xa9",
        b"\xff",
        b"\xff\0",
        b"\xff\xff",
        b"9",
        b"10",
    ]
    .map(<[u8]>::to_vec)
    .into();
    sorts.extend([0u64, 1, 255, 256, 1 << 40, u64::MAX].map(|n| n.to_be_bytes().to_vec()));
    sorts
}

async fn fill(s: &Subject, name: &str, sorts: &[Vec<u8>]) -> Verdict {
    for sort in sorts {
        let key = key(name, Sort::raw(sort.clone()))?;
        s.commit(&[Op::put(key, sort.clone(), Expect::Absent)]).await?;
    }
    Ok(())
}

fn sorts(rows: &[Row]) -> Vec<Vec<u8>> {
    rows.iter().map(|row| row.key.sort().as_bytes().to_vec()).collect()
}

async fn order(s: &Subject) -> Verdict {
    let mut wanted = tricky();
    fill(s, "p", &wanted).await?;
    wanted.sort();
    let query = Query::new(part("p")?);
    let rows = s.all(query.clone()).await?;
    same("the order", &sorts(&rows), &wanted)?;
    for row in &rows {
        same("the value of a listed row", &&row.value[..], &row.key.sort().as_bytes())?;
    }
    wanted.reverse();
    same("the order downwards", &sorts(&s.all(query.descending()).await?), &wanted)
}

async fn own_partition(s: &Subject) -> Verdict {
    let names = ["b", "a", "ab", "b\u{0}", "ba", "c", "B", "bb", "한"];
    for name in names {
        fill(s, name, &[vec![0], b"x".to_vec(), vec![0xff, 0xff]]).await?;
    }
    for name in names {
        for query in [Query::new(part(name)?), Query::new(part(name)?).descending()] {
            let rows = s.all(query).await?;
            same("the number of rows", &rows.len(), &3)?;
            let strangers = rows.iter().find(|row| row.key.part().as_str() != name);
            same("a row of another partition", &strangers, &None)?;
        }
    }
    same(
        "rows of a partition that is not there",
        &s.all(Query::new(part("none")?)).await?,
        &Vec::new(),
    )
}

async fn prefix(s: &Subject) -> Verdict {
    let mut all = tricky();
    fill(s, "p", &all).await?;
    all.sort();
    for prefix in [&b"a"[..], b"a\0", b"\xff", b"\xff\xff", b"\0", b"nothing"] {
        let wanted: Vec<_> = all.iter().filter(|sort| sort.starts_with(prefix)).cloned().collect();
        let range = SortRange::prefix(&Sort::raw(prefix.to_vec()));
        let query = Query::new(part("p")?).range(range).limit(2);
        same("the prefix listing", &sorts(&s.all(query.clone()).await?), &wanted)?;
        let mut downwards = sorts(&s.all(query.descending()).await?);
        downwards.reverse();
        same("the prefix listing downwards", &downwards, &wanted)?;
    }
    Ok(())
}

async fn between(s: &Subject) -> Verdict {
    fill(s, "p", &(0..10u8).map(|n| vec![n]).collect::<Vec<_>>()).await?;
    let at = |n: u8| Sort::raw(vec![n]);
    for (range, wanted) in [
        (SortRange::between(at(3), at(6)), 3..6),
        (SortRange::starting_at(at(7)), 7..10),
        (SortRange::between(at(0), at(1)), 0..1),
        (SortRange::between(at(8), at(200)), 8..10),
    ] {
        let wanted: Vec<_> = wanted.map(|n| vec![n]).collect();
        let query = Query::new(part("p")?).range(range);
        same("the range", &sorts(&s.all(query.clone()).await?), &wanted)?;
        let mut downwards = sorts(&s.all(query.descending().limit(1)).await?);
        downwards.reverse();
        same("the range downwards", &downwards, &wanted)?;
    }
    Ok(())
}

async fn empty_range(s: &Subject) -> Verdict {
    fill(s, "p", &[vec![1], vec![2], vec![3]]).await?;
    for (from, until) in [(2u8, 2u8), (3, 1), (9, 10)] {
        let range = SortRange::between(Sort::raw(vec![from]), Sort::raw(vec![until]));
        let query = Query::new(part("p")?).range(range);
        same("the listing", &s.all(query.clone()).await?, &Vec::new())?;
        same("the listing downwards", &s.all(query.descending()).await?, &Vec::new())?;
    }
    Ok(())
}

async fn pages(s: &Subject) -> Verdict {
    let wanted: Vec<_> = (0..23u64).map(|n| n.to_be_bytes().to_vec()).collect();
    fill(s, "p", &wanted).await?;
    for limit in [1, 2, 5, 22, 23, 24, 1000] {
        let query = Query::new(part("p")?).limit(limit);
        same("the pages", &sorts(&s.all(query.clone()).await?), &wanted)?;
        let mut downwards = sorts(&s.all(query.descending()).await?);
        downwards.reverse();
        same("the pages downwards", &downwards, &wanted)?;
    }
    Ok(())
}

async fn cursor_survives(s: &Subject) -> Verdict {
    fill(s, "p", &(0..6u8).map(|n| vec![n]).collect::<Vec<_>>()).await?;
    let query = Query::new(part("p")?).limit(2);
    let first = s.query(&query).await?;
    same("the first page", &sorts(&first.rows), &vec![vec![0], vec![1]])?;
    s.commit(&[Op::delete(key("p", Sort::raw(vec![1]))?, Expect::Any)]).await?;
    let cursor = first.next.ok_or("there is no cursor though there is more")?;
    // Through text, as it goes through a URL.
    let cursor = cursor.to_string().parse().map_err(super::subject::text)?;
    let second = s.query(&query.after(Some(cursor))).await?;
    same("the second page", &sorts(&second.rows), &vec![vec![2], vec![3]])
}

async fn moving(s: &Subject) -> Verdict {
    fill(s, "p", &[10u8, 20, 30, 40, 50].map(|n| vec![n])).await?;
    let query = Query::new(part("p")?).limit(2);
    let first = s.query(&query).await?;
    fill(s, "p", &[5u8, 15, 25].map(|n| vec![n])).await?;
    s.commit(&[Op::delete(key("p", Sort::raw(vec![40]))?, Expect::Any)]).await?;
    let rest = s.all(query.after(first.next)).await?;
    same("the first page", &sorts(&first.rows), &vec![vec![10], vec![20]])?;
    same("the pages behind it", &sorts(&rest), &vec![vec![25], vec![30], vec![50]])
}

async fn large(s: &Subject) -> Verdict {
    let size = s.store().max_value_bytes();
    for n in 0..30u8 {
        let key = key("large", Sort::raw(vec![n]))?;
        s.commit(&[Op::put(key, vec![n; size], Expect::Absent)]).await?;
    }
    let rows = s.all(Query::new(part("large")?).limit(1000)).await?;
    same("the rows", &sorts(&rows), &(0..30u8).map(|n| vec![n]).collect())?;
    let whole = rows.iter().all(|row| row.value.len() == size);
    super::subject::ensure(whole, "a large value is not whole")
}

async fn fresh(s: &Subject) -> Verdict {
    let key = key("p", Sort::text("a"))?;
    for n in 1..=20 {
        s.put(&key, "x").await?;
        let rows = s.all(Query::new(part("p")?)).await?;
        same("the version listed", &rows.first().map(|row| row.version), &Some(n))?;
    }
    Ok(())
}
