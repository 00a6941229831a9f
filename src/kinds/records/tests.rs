//! What the judge of records says, with near misses.
