//! Values that nodes share, by their type.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// At most one value of each type, made when it is first used.
#[derive(Default)]
pub(super) struct Shared(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Shared {
    /// The value of type `T`; made by `make` unless there is one.
    pub(super) fn get<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = values.get(&TypeId::of::<T>())
            && let Ok(value) = value.clone().downcast()
        {
            return value;
        }
        let new = Arc::new(make());
        values.insert(TypeId::of::<T>(), new.clone());
        new
    }
}
