//! A cluster that kgrade did not start: its brokers know nothing of the tap, so in their answers the addresses of the brokers become
//! ports of the tap. Only answers that name addresses are changed and written anew; records never are.
//!
//! [`answer`] is pure: it changes one answer. [`Switch`](switch::Switch) has a seat's ports, one for each broker that the cluster names.

mod allow;
mod answer;
mod switch;
mod versions;

pub use self::allow::Allow;
pub(super) use self::switch::{Cluster, Switch};
