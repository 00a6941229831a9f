//! kgrade grades Kafka labs: it runs the learner's own programs against a real Apache Kafka, watches what they do,
//! and says what is right, what is wrong, how it knows, and what to try next.
//!
//! The folders are the flow:
//!
//! ```text
//! checks/lab-02/lab.yaml ─lab─▶ Lab ─plan─▶ Plan ─run─▶ Timeline ─kinds judge─▶ Outcome ─report─▶ terminal, JSON, JUnit
//!                     (parse, lint)  (graph, select) │ ▲
//!                                                    ▼ │ act, observe
//!                                      world: cluster · kafka · sink · program
//! ```
//!
//! The [`course`] stands before all: its weeks and criteria, and what a lab begins with.
//!
//! A [`cohort`] is many submissions, each graded in a process of its own.
//!
//! A module may use the modules to its left. [`world`] is used only by [`run`] and by the `act` and `observe` halves of
//! [`kinds`]; what happened reaches the judges through the [`timeline`] alone, so a saved run can be judged again.

pub mod cli;
pub mod cohort;
pub mod course;
pub mod exit;
pub mod kinds;
pub mod lab;
pub mod outcome;
pub mod plan;
pub mod report;
pub mod run;
pub mod timeline;
pub mod world;
