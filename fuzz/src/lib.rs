//! The part of kgrade that reads frames, on its own: it is built again in a minute, the whole of kgrade is not.

#![allow(dead_code, missing_docs)]

#[path = "../../src/timeline"]
pub mod timeline {
    pub mod wire;

    pub mod event {
        pub type Name = std::sync::Arc<str>;
    }
}

#[path = "../../src/world"]
pub mod world {
    pub mod kafka {
        pub mod schema;
    }

    pub mod tap {
        pub mod read;
    }
}
