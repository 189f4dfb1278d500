use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// One gate per workflow id, made when either side first asks for it.
#[derive(Clone, Default)]
pub struct Gates(Arc<Mutex<HashMap<String, Arc<Semaphore>>>>);

impl Gates {
    /// Resolves when the id is released. A gate that was opened stays open.
    pub async fn passed(&self, id: &str) {
        // The permit goes back at once; an error means a closed semaphore, and none is ever closed.
        let _ = self.of(id).acquire().await;
    }

    pub fn release(&self, id: &str) {
        self.of(id).add_permits(1);
    }

    fn of(&self, id: &str) -> Arc<Semaphore> {
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(
            gates
                .entry(id.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(0))),
        )
    }
}
