//! No memory is left: the mail comes again.

use super::letter::Letter;
use super::world::World;

/// From so many kB of address space on, in so many steps, until a delivery has enough. How much the program itself takes
/// differs from build to build.
const FROM: usize = 8_000;
const STEP: usize = 400;
const STEPS: usize = 1_000;

#[test]
fn seen_a_process_without_memory_died_by_a_signal() {
    let body = "a line of a letter, long enough to be one of many\n".repeat(6_000);
    for command in ["deliver", "gate", "filter"] {
        let message = Letter::from("bob@example.net").body(&body).bytes();
        let (mut later, mut enough) = (0, false);
        for step in 0..STEPS {
            let world = World::new();
            let limit = FROM + step * STEP;
            // The shell says 128 and more for a signal, and 127 where the system's loader found no room for the program.
            let outcome =
                world.shell(&format!("ulimit -v {limit}; $P {command} 2>/dev/null >/dev/null"), message.clone());
            match outcome.code {
                Some(75) => later += 1,
                Some(0) => {
                    enough = true;
                    break;
                }
                code => {
                    outcome.check(
                        "it ends by no signal",
                        code.is_some_and(|code| (126..=127).contains(&code) || later == 0),
                    );
                }
            }
        }
        assert!(enough, "{command}: {STEPS} steps are too few");
        assert!(later > 0, "{command}: no step left too little memory");
    }
}
