//! The `kgrade` command.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // These are not commands for people: they never reach the command line parser.
    match std::env::args().nth(1).as_deref() {
        Some(kgrade::world::guard::COMMAND) => {
            kgrade::world::guard::watch(std::io::stdin());
            return ExitCode::SUCCESS;
        }
        Some(kgrade::world::sandbox::COMMAND) => return kgrade::world::sandbox::run(std::env::args_os().nth(2).as_deref().map(Path::new)),
        _ => {}
    }
    ExitCode::from(kgrade::cli::main())
}
