//! Lines of text for whoever watches the emulator.
//!
//! Written piece by piece, without `core::fmt`: its machinery alone would take two of our 64 kilobytes.
use core::panic::PanicInfo;
use itoa::Buffer;
use semihosting::{
    io::{Write, stdout},
    process,
};

/// Writes a line. That nobody is there to read it does not matter.
pub(crate) fn say(pieces: &[&str]) {
    let Ok(mut out) = stdout() else { return };
    for piece in pieces {
        let _ = out.write_all(piece.as_bytes());
    }
    let _ = out.write_all(b"\n");
}

/// What cannot go on says why.
pub(crate) fn stop(why: &str) -> ! {
    say(&["sensor: ", why]);
    process::exit(1)
}

/// Where it was costs more than two kilobytes of names of files, and of digits that nobody asked for: so it is said to those who look
/// for it.
#[panic_handler]
fn on_panic(info: &PanicInfo<'_>) -> ! {
    match info.location().filter(|_| cfg!(feature = "panic-location")) {
        Some(place) => {
            say(&["sensor: panicked at ", place.file(), ", line ", Buffer::new().format(place.line())]);
        }
        None => say(&["sensor: panicked; build it with --features panic-location to see where"]),
    }
    process::exit(101)
}
