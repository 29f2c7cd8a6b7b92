//! Writes to the disk, in a thread of its own: a disk may take its time, and the node has none to lose.
use gossip_core::adapter::Save;
use std::{
    io,
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

#[derive(Debug)]
pub(crate) struct DiskWriter {
    saves: SyncSender<Save>,
    thread: JoinHandle<()>,
}

impl DiskWriter {
    pub(crate) fn start() -> io::Result<Self> {
        // There is never more than one on its way, and the last one.
        let (saves, to_write) = sync_channel::<Save>(2);
        let thread = thread::Builder::new().name("gossip-disk".into()).spawn(move || {
            for save in to_write {
                save.write();
            }
        })?;
        Ok(Self { saves, thread })
    }

    /// Has it written, some time.
    pub(crate) fn write(&self, save: Save) {
        // Should the thread be gone, nobody writes any more, and nobody is held up either.
        drop(self.saves.send(save));
    }

    /// Waits until all is written.
    pub(crate) fn finish(self) {
        drop(self.saves);
        drop(self.thread.join());
    }
}
