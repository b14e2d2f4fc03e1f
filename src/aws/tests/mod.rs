//! Tests of the whole module against services on loopback.
