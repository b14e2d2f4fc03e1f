//! MessagePack and JSON forms of values.
