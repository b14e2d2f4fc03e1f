//! Telling those who watch how many bytes of a blob have gone by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;

use crate::content::ByteStream;
use crate::task::Context;

/// The bytes of one attempt to bring a blob.
pub(super) struct Passed {
    cx: Context,
    bytes: Arc<AtomicU64>,
}

impl Passed {
    pub(super) fn new(cx: &Context) -> Self {
        Self {
            cx: cx.clone(),
            bytes: Arc::default(),
        }
    }

    /// The same bytes, counted as they go by.
    pub(super) fn count(&self, bytes: ByteStream) -> ByteStream {
        let (cx, passed) = (self.cx.clone(), Arc::clone(&self.bytes));
        Box::pin(bytes.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                let length = chunk.len() as u64;
                passed.fetch_add(length, Ordering::Relaxed);
                cx.note_moved(length);
            }
        }))
    }

    /// The attempt failed: whatever went by will do so again, if anything does.
    pub(super) fn was_in_vain(&self) {
        self.cx.note_lost(self.bytes.swap(0, Ordering::Relaxed));
    }
}
