//! Lists of stored rows, past those that can no longer be read: one damaged row hides no other from
//! whoever looks.

use std::ops::{Deref, DerefMut};

use dialgraph_store::{Page, Schema, StoreError, Unreadable, decode};

/// What of a list could be read, and what could not.
#[derive(Debug, Clone)]
pub struct Found<T> {
    items: Vec<T>,
    /// Each row that is damaged or gone, and why.
    pub unreadable: Vec<String>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { items: Vec::new(), unreadable: Vec::new() }
    }
}

impl<T> Found<T> {
    /// Adds what was read, or the name of what is lost; any other error is the list's.
    pub(crate) fn add(
        &mut self,
        what: impl FnOnce() -> String,
        read: Result<Option<T>, StoreError>,
    ) -> Result<(), StoreError> {
        match read {
            Ok(Some(item)) => self.items.push(item),
            Ok(None) => self.unreadable.push(format!("{} is missing", what())),
            Err(error) if error.is_damage() => {
                self.unreadable.push(format!("{} cannot be read: {error}", what()));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Adds a page of rows.
    pub(crate) fn add_page(
        &mut self,
        (page, lost): &(Page, Vec<Unreadable>),
    ) -> Result<(), StoreError>
    where
        T: Schema,
    {
        for row in &page.rows {
            self.add(|| format!("{:?}", row.key), decode(&row.value).map(Some))?;
        }
        for Unreadable { key, error } in lost {
            self.unreadable.push(format!("{key:?} cannot be read: {error}"));
        }
        Ok(())
    }

    /// What could be read, and what could not.
    pub fn into_parts(self) -> (Vec<T>, Vec<String>) {
        (self.items, self.unreadable)
    }

    /// The same list, each item as another.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Found<U> {
        Found { items: self.items.into_iter().map(f).collect(), unreadable: self.unreadable }
    }
}

impl<T> Deref for Found<T> {
    type Target = Vec<T>;

    fn deref(&self) -> &Vec<T> {
        &self.items
    }
}

impl<T> DerefMut for Found<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.items
    }
}

impl<T> IntoIterator for Found<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Found<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
