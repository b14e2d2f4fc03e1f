//! How long to wait before the next try: a pure function of the number of tries and chance.

use std::time::Duration;

/// Exponential backoff with full jitter: the n-th wait is drawn evenly from zero up to
/// `base` · 2ⁿ⁻¹, at most `cap`.
///
/// Full jitter spreads two hundred clients that were refused in the same second over the whole
/// interval, where a fixed delay would bring them back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    /// The longest first wait.
    pub(crate) base: Duration,
    /// The longest wait at all.
    pub(crate) cap: Duration,
}

impl Backoff {
    /// The longest wait after this many failed tries, counted from 1.
    pub(crate) fn ceiling(self, failed: u32) -> Duration {
        let factor = 2_u32
            .checked_pow(failed.saturating_sub(1))
            .unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// The wait after this many failed tries; `chance` is from 0 to 1.
    pub(crate) fn delay(self, failed: u32, chance: f64) -> Duration {
        self.ceiling(failed).mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        base: Duration::from_millis(500),
        cap: Duration::from_secs(30),
    };

    #[test]
    fn ceilings_double_up_to_the_cap() {
        let ceilings: Vec<u64> = (1..=9)
            .map(|failed| u64::try_from(BACKOFF.ceiling(failed).as_millis()).unwrap())
            .collect();
        assert_eq!(
            ceilings,
            [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]
        );
    }

    #[test]
    fn a_delay_never_leaves_its_interval() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..10_000 {
            let failed = random.u32(..);
            let chance = random.f64() * 3.0 - 1.0;
            let delay = BACKOFF.delay(failed, chance);
            assert!(delay <= BACKOFF.ceiling(failed), "{failed} {chance}");
            assert!(delay <= BACKOFF.cap);
        }
    }

    #[test]
    fn chance_spreads_over_the_whole_interval() {
        assert_eq!(BACKOFF.delay(3, 0.0), Duration::ZERO);
        assert_eq!(BACKOFF.delay(3, 0.5), Duration::from_secs(1));
        assert_eq!(BACKOFF.delay(3, 1.0), Duration::from_secs(2));
    }
}
