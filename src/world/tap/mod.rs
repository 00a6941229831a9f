//! The tap: a Kafka proxy between a program and the brokers. It sees what the program really asks, and breaks things on purpose.

pub mod read;
