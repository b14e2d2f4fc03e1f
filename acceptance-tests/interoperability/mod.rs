//! Where independent software decides whether what we did is right.

mod busybox;
mod moto;
