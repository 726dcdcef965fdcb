//! What mail programs are answered, whatever a stranger publishes.

mod exchange;
mod hostile;
