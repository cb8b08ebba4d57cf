// The example with the line of the README that adds the operator commands.
include!(concat!(env!("OUT_DIR"), "/with_commands.rs"));
