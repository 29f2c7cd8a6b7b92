//! Whoever wants to know of each thing that is counted, at the moment when it is counted: metrics, a trace, a test.
use crate::{stats::Counter, time::Instant};

/// Is told of each thing that a node counts, and of nothing else: all that is shed, refused or survived is counted.
///
/// [`Stats`](crate::Stats) has the sums; this has the moment, and what led to it is the input or the command that the node is taking in
/// just then. A memory names its observer ([`Storage::Observer`](crate::Storage::Observer)); one that names none has `()`, which is
/// no code and no byte. It sees, and has no say: whatever it does, the node goes the same way.
///
/// ```
/// use gossip_core::{Config, Counter, Instant, Limits, Node, Observer, records::*, storage, table::*};
/// # use gossip_core::{Addr, Input, NodeId};
/// # struct Chance;
/// # impl rand_core::TryRng for Chance {
/// #     type Error = core::convert::Infallible;
/// #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { Ok(4) }
/// #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { Ok(4) }
/// #     fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> { bytes.fill(4); Ok(()) }
/// # }
///
/// /// Lights a lamp while what arrives cannot be read.
/// #[derive(Debug, Default)]
/// pub struct Lamp { is_lit: bool }
///
/// impl Observer for Lamp {
///     fn on_counted(&mut self, _now: Instant, counter: Counter, _by: u64) {
///         match counter {
///             Counter::RefusedTruncated | Counter::RefusedVersion | Counter::MalformedFrames => self.is_lit = true,
///             Counter::DatagramsReceived => self.is_lit = false,
///             _ => {}
///         }
///     }
/// }
///
/// storage! {
///     /// Four members, and a lamp.
///     pub Lantern {
///         Key = InlineBlob<8>;
///         Blob = InlineBlob<16>;
///         Summary = InlineBlob<80>;
///         Members = InlineTable<NodeId, Member<Blob>, 4>;
///         Seeds = InlineTable<Addr, Seed, 1>;
///         Outbox = InlineQueue<Outgoing, 8>;
///         Questions = InlineQueue<Question<Summary>, 1>;
///         Observer = Lamp;
///     }
/// }
/// let config = Config { limits: Limits::of::<Lantern>(), ..Config::sensor() };
/// let addr = Addr::new(&[1]).unwrap();
/// let mut node = Node::<Lantern>::with_storage(NodeId(1), addr, config, &mut Chance)?;
/// node.handle_input(Instant::ZERO, Input::Received { from: Addr::new(&[2]).unwrap(), bytes: &mut [0; 3] });
/// assert!(node.observer().is_lit);
/// # Ok::<(), gossip_core::ConfigError>(())
/// ```
pub trait Observer {
    /// `by` more of `counter`, at the node's time `now`: never zero.
    fn on_counted(&mut self, now: Instant, counter: Counter, by: u64);
}

/// Nobody wants to know.
impl Observer for () {
    fn on_counted(&mut self, _now: Instant, _counter: Counter, _by: u64) {}
}

/// On a heap: whoever is attached, if anybody is.
#[cfg(feature = "alloc")]
#[derive(Default)]
pub struct Attached(Option<alloc::boxed::Box<dyn Observer + Send>>);

#[cfg(feature = "alloc")]
impl Attached {
    /// From now on, this one is told, in place of any other.
    pub fn attach(&mut self, observer: impl Observer + Send + 'static) {
        self.0 = Some(alloc::boxed::Box::new(observer));
    }

    /// From now on, nobody is told.
    pub fn detach(&mut self) {
        self.0 = None;
    }
}

#[cfg(feature = "alloc")]
impl Observer for Attached {
    fn on_counted(&mut self, now: Instant, counter: Counter, by: u64) {
        if let Some(observer) = &mut self.0 {
            observer.on_counted(now, counter, by);
        }
    }
}

#[cfg(feature = "alloc")]
impl core::fmt::Debug for Attached {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Attached").field(&self.0.is_some()).finish()
    }
}
