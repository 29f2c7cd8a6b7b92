//! The emulated board (`lm3s6965evb`): a clock, a serial line, and sleep in between.
#![expect(unsafe_code, reason = "one register block has to be named by its address")]

use arm_pl011_uart::{DataBits, LineConfig, PL011Registers, Parity, StopBits, Uart, UniqueMmioPointer};
use core::{
    ptr::NonNull,
    sync::atomic::{AtomicU32, Ordering},
};
use cortex_m::peripheral::{SYST, syst::SystClkSource};
use cortex_m_rt::exception;

/// The core clock that QEMU's `lm3s6965evb` leaves reset with. The rig checks it against its own clock.
const CORE_HZ: u32 = 12_500_000;
const TICKS_PER_SECOND: u32 = 1_000;
const BAUD: u32 = 115_200;
const UART0: *mut PL011Registers = 0x4000_C000 as *mut PL011Registers;

/// Milliseconds since start. It wraps after 49 days, longer than any emulated run.
static MILLIS: AtomicU32 = AtomicU32::new(0);

/// The devices of the board.
pub(crate) struct Board {
    uart: Uart<'static>,
}

impl Board {
    /// Starts the clock and opens the serial line. `None` when it was taken before.
    pub(crate) fn take() -> Option<Self> {
        let mut core = cortex_m::Peripherals::take()?;
        start_clock(&mut core.SYST);
        let base = NonNull::new(UART0)?;
        // SAFETY: a PL011 register block lies at this address for as long as the chip has power, and since
        // `Peripherals::take` succeeds only once, this is the only pointer to it.
        let registers = unsafe { UniqueMmioPointer::new(base) };
        let mut uart = Uart::new(registers);
        let line = LineConfig { data_bits: DataBits::Bits8, parity: Parity::None, stop_bits: StopBits::One };
        uart.enable(line, BAUD, CORE_HZ).ok()?;
        Some(Self { uart })
    }

    /// Time since start, in microseconds.
    pub(crate) fn micros(&self) -> u64 {
        u64::from(MILLIS.load(Ordering::Relaxed)) * 1_000
    }

    /// The next byte on the serial line, if one has come. A damaged one counts as none: the frame's
    /// decoding fails, and the protocol repairs the loss.
    pub(crate) fn read(&mut self) -> Option<u8> {
        self.uart.read_word().ok().flatten()
    }

    /// Sends all of `bytes`.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while self.uart.is_tx_fifo_full() {}
            self.uart.write_word(byte);
        }
    }

    /// Sleeps until the next millisecond.
    pub(crate) fn sleep(&self) {
        cortex_m::asm::wfi();
    }
}

fn start_clock(clock: &mut SYST) {
    clock.set_clock_source(SystClkSource::Core);
    clock.set_reload(CORE_HZ / TICKS_PER_SECOND - 1);
    clock.clear_current();
    clock.enable_counter();
    clock.enable_interrupt();
}

#[exception]
fn SysTick() {
    // One core, one writer: a plain read and write cannot be torn apart by anything that writes.
    MILLIS.store(MILLIS.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}
