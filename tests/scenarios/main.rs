//! The shipped scenarios, one named test a file.

fn main() {}
