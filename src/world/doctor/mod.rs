//! Whether this machine has what kgrade needs: one file for each thing that is looked at. Nothing is changed, and nothing asked of the network.
//!
//! Each probe finds what grading would find, with the very functions that grading uses, and says how to mend what is not as it should be.

mod clock;
mod docker;
mod finding;
mod java;
mod kafka;
mod limits;
mod listener;
mod machine;
mod network;
mod own;
mod ports;
mod python;
mod sandbox;
mod storage;
mod system;
mod terminal;

pub use finding::{Finding, State, Topic};
pub use machine::{Machine, Space, Terminal};
pub use system::System;

/// What somebody wants to do on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// A Kafka of kgrade's own, so Java and Kafka's jars.
    pub kafka: bool,
    /// Python programs.
    pub python: bool,
    /// Containers; without this need, Docker is good to have.
    pub docker: Docker,
}

/// How much Docker is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Docker {
    /// Nothing works without it.
    Needed,
    /// Some things do.
    Useful,
    /// It is not looked at.
    Unused,
}

impl Needs {
    /// Any lab.
    pub const COURSE: Self = Self { kafka: true, python: true, docker: Docker::Useful };
}

/// Looks at everything that the needs ask for, in the order of a report.
pub async fn examine(machine: &Machine, needs: Needs) -> Vec<Finding> {
    let mut findings = vec![own::kgrade(machine)];
    if needs.kafka {
        findings.push(java::java(machine));
        findings.push(kafka::kafka(machine));
    }
    if needs.python {
        findings.extend(python::python(machine).await);
    }
    if needs.docker != Docker::Unused {
        findings.extend(docker::docker(machine, needs.docker == Docker::Needed).await);
    }
    findings.push(sandbox::sandbox(machine).await);
    findings.extend(ports::ports(machine).await);
    findings.extend(storage::storage(machine));
    findings.extend(limits::limits(machine));
    findings.extend(network::network(machine));
    findings.push(clock::clock(machine));
    findings.extend(terminal::terminal(machine));
    findings
}

#[cfg(test)]
mod testing;
