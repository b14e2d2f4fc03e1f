//! A registry that asks to slow down is asked less at once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::content::Destination;
use crate::net::transport::{Request, Response, Transport, TransportError};
use crate::task::monotonic;

/// Takes a tenth of a second for everything, and counts what begins at the same time.
#[derive(Clone, Debug)]
struct Slow {
    memory: Memory,
    begun: Arc<Mutex<BTreeMap<tokio::time::Instant, usize>>>,
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        *self.begun.lock().unwrap().entry(monotonic()).or_default() += 1;
        let answer = Context::new().pause(Duration::from_millis(100)).await;
        answer.unwrap();
        self.memory.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_refuses_gets_half_as_much_at_once_and_then_slowly_more() {
    let mut refusals = 16;
    let slow = Slow {
        memory: Memory::new(move |_| {
            if refusals == 0 {
                return Reply::status(404);
            }
            refusals -= 1;
            Reply::status(429).header("retry-after", "1")
        }),
        begun: Arc::default(),
    };
    let client = Client::over(Arc::new(slow.clone()));
    let endpoint = Endpoint::new("registry.example");
    let registry = handle(&client, &endpoint, Login::anonymous());
    let blobs: Vec<_> = (0..40_u8).map(|number| blob(&[number])).collect();
    let found = registry.present_blobs(&Context::new(), &blobs).await;
    assert_eq!(found.unwrap().len(), 0);
    let begun: Vec<usize> = slow.begun.lock().unwrap().values().copied().collect();
    assert_eq!(begun, [16, 8, 9, 10, 11, 2]);
}
