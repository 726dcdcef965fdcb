//! The shipped scenarios are whole, and every requirement and fault has its place among them.
