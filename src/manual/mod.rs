//! What the code cannot say by itself: the shape of the program, and why it has that shape.
//!
//! Pages of prose, compiled as documentation so that their links are checked.

pub mod architecture;
pub mod aws_errors;
pub mod decisions;
pub mod differences;
pub mod faults;
pub mod hostile;
pub mod messages;
pub mod prices;
pub mod promises;
