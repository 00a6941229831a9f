use crate::kinds::testing::{Story, assert_says};
